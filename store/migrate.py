"""The schema, brought to this program's version at every start: numbered steps, forward only (feature S1).

A step is a file `migrations/NNNN_name.sql`. Each runs in a transaction of its own, which also counts it, so a
start that is interrupted goes on where it stopped; of two that start at once one does the work and the other
finds it done. A database of a later version is refused: what it says is not known here.
"""

import functools
from pathlib import Path
from typing import Final, NamedTuple

import apsw

from store.errors import Incompatible
from store.transaction import transaction

FOLDER: Final = Path(__file__).parent / "migrations"
# "pstk", in the head of every file of ours (sqlite.org/fileformat2.html#application_id).
APPLICATION: Final = 0x7073746B


class Step(NamedTuple):
    """One migration: the version it leads to, and its statements."""

    version: int
    name: str
    statements: str


@functools.cache
def steps() -> tuple[Step, ...]:
    """Every step there is, in order."""
    files = sorted(FOLDER.glob("[0-9]*.sql"))
    return tuple(Step(int(file.stem[:4]), file.stem, file.read_text(encoding="utf-8")) for file in files)


def latest() -> int:
    """The version of the schema that this program knows."""
    return steps()[-1].version


def version_of(connection: apsw.Connection) -> int:
    """The version of the schema that a database has; 0 when it is empty."""
    return int(connection.pragma("user_version"))


def migrate(connection: apsw.Connection, until: int | None = None) -> None:
    """Bring a database to a version, the latest when none is said. Raises Incompatible."""
    wanted = latest() if until is None else until
    while _found(connection) < wanted:
        with transaction(connection, "BEGIN IMMEDIATE"):
            # Somebody may have been here while we waited.
            have = _checked(connection)
            if have < wanted:
                _take(connection, steps()[have])


def _take(connection: apsw.Connection, step: Step) -> None:
    connection.execute(step.statements)
    connection.pragma("user_version", step.version)
    connection.pragma("application_id", APPLICATION)


def _found(connection: apsw.Connection) -> int:
    """The version, read at one moment: between two reads somebody may make of an empty file one of ours."""
    with transaction(connection, "BEGIN"):
        return _checked(connection)


def _checked(connection: apsw.Connection) -> int:
    """The version of a database that is ours or empty."""
    version = version_of(connection)
    ours = connection.pragma("application_id") == APPLICATION
    if not ours and (version or connection.execute("SELECT 1 FROM sqlite_schema").fetchone()):
        raise Incompatible("this file is a database of another program; name another path for the store")
    if version > latest():
        raise Incompatible(
            f"the database is of a later version of penstock (schema {version}, this one knows {latest()}): "
            "run that version, or restore a backup made before it"
        )
    return version
