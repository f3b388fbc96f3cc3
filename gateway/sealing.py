"""The secret of this start, by which the gateway knows again what it has given out. It is kept nowhere.

Made when the parent of the workers imports it: they are forked from it, and so share it.
"""

import os
from typing import Final

SECRET: Final = os.urandom(32)
