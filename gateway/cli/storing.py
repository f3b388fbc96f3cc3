"""The database as commands reach it: the one of the configuration, or a file that is named.

A running gateway and a command may use the file at the same time; neither waits for the other for long.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from getpass import getuser
from pathlib import Path
from typing import Final

import click

from gateway.cli import Failure
from gateway.configuration.loading import load
from store.connect import MEMORY, Database
from store.errors import Incompatible, StoreError, Unavailable

store_option = click.option(
    "--store", "file", metavar="FILE", help="The database to use; else the configuration's."
)

NO_STORE: Final = (
    "nothing is kept: the configuration names no store\n"
    '    write [store] path = "penstock.db" into it, or name the file with --store'
)
IN_MEMORY: Final = (
    "the store of this configuration is in memory, where only the running gateway sees it\n"
    "    name a file as [store] path"
)


@contextmanager
def opened(config: str | None, file: str | None, *, make: bool = False) -> Iterator[Database]:
    """The database, closed at the end. Raises Failure in every way in which it cannot be used.

    With `make` a file that is not there is made, as the gateway would at its start.
    """
    path = file or path_of(config)
    if not make and not Path(path).exists():
        raise Failure(f"there is no database {path}\n    the gateway makes it when it starts")
    try:
        database = Database(path)
        try:
            yield database
        finally:
            database.close()
    except (Unavailable, Incompatible) as failure:
        raise Failure(f"{path}: {failure}") from None
    except StoreError as failure:
        raise Failure(str(failure)) from None


def path_of(config: str | None) -> str:
    """The file of the configuration. Raises Failure when there is none."""
    path = load(config, environment=os.environ).settings.store.path
    if not path:
        raise Failure(NO_STORE)
    if path == MEMORY:
        raise Failure(IN_MEMORY)
    return path


def asked_for(config: str | None, file: str | None) -> bool:
    """Whether the gateway of this configuration asks for keys; of a named file nobody knows."""
    return bool(file) or load(config, environment=os.environ).settings.server.keys_required


def now() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def actor() -> str:
    """Who makes changes by the command line, as the audit names them."""
    try:
        return f"command line: {getuser()}"
    except (KeyError, OSError):
        return "command line"
