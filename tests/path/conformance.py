"""The admin API held to its own document by schemathesis: no 500, no answer that is not documented.

`just conformance` looks longer than CI does; arguments go to schemathesis. A request that the document allows
may still be refused for what no schema says (a cursor nobody gave out, an owner who is not there): that check
is left out, every other one is made.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.path.process import Gateway

KEY = "adm-planted-0123456789abcdef0123456789"
CONFIGURATION = f"""
[server]
discover = false
guesses = 0
[providers.ant]
like = "anthropic"
base_url = "http://127.0.0.1:9"
api_key = "sk-ant-planted-0001112223334445"
[providers.demo]
[models]
"claude-*" = "ant"
[admin]
key = "{KEY}"
backups = "."
[store]
path = "penstock.db"
[log]
level = "error"
"""


@contextmanager
def administered(folder: Path) -> Iterator[Gateway]:
    """A gateway with an admin API and a store, as users start it."""
    gateway = Gateway(folder, CONFIGURATION, {})
    try:
        yield gateway
    finally:
        gateway.stop()


def held_to_its_document(gateway: Gateway, arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run schemathesis over a gateway's admin API."""
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{gateway.address}/admin/v1/openapi.json"),
        *("--header", f"Authorization: Bearer {KEY}", "--exclude-checks", "positive_data_acceptance"),
        *("--no-shrink", "--continue-on-failure", "--warnings", "off", *arguments),
    ]
    # Where it is started it leaves what it has found.
    return subprocess.run(command, cwd=gateway.folder, capture_output=True, text=True, check=False)


def main() -> None:
    """Look for long, and print what was found."""
    with tempfile.TemporaryDirectory() as folder, administered(Path(folder)) as gateway:
        run = held_to_its_document(gateway, sys.argv[1:] or ["--max-examples", "300"])
        sys.stdout.write(run.stdout + run.stderr + gateway.output)
    raise SystemExit(run.returncode)


if __name__ == "__main__":
    main()
