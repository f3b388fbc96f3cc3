"""penstock with its server set otherwise: `python -m bench.tuned '{"runtime_threads": 2}' serve …`.

What it is set to is no option of penstock's: it was chosen by measuring, and this is how.
"""

import sys

import msgspec

from gateway import serve
from gateway.cli import main

if __name__ == "__main__":
    serve.TUNING = msgspec.json.decode(sys.argv.pop(1), type=serve.Tuning)
    main(prog_name="penstock")
