"""Every table as JSON Lines and back, for those who want to read or move what is kept (feature S5).

A line is one row, its columns by their names; bytes (the hash of a secret) are in hexadecimal.
Lines of an older version are taken in as well, as long as every column they name still exists.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import apsw
import msgspec

from store.connect import Database
from store.errors import Conflict, Unfit
from store.rows import places
from store.sums import COUNTED

# In an order in which no row names one that comes later.
TABLES: Final = (
    "principals",
    "keys",
    "audit",
    "documents",
    "prices",
    "lessons",
    "estimates",
    "budgets",
    "ledger",
    "usage_hours",
    "usage_days",
    "usage_sessions",
    "marks",
)
CHUNK: Final = 1000


def exported(connection: apsw.Connection, table: str) -> Iterator[bytes]:
    """The lines of one table. Tables that belong together are read in one `Database.reading`."""
    names, _ = _columns(connection, table)
    order = "parent IS NOT NULL, kind, id" if table == "principals" else ", ".join(names[:2])
    for row in connection.execute(f"SELECT {', '.join(names)} FROM {table} ORDER BY {order}"):
        fields = {
            name.strip('"'): value.hex() if isinstance(value, bytes) else value
            for name, value in zip(names, row, strict=True)
        }
        yield msgspec.json.encode(fields) + b"\n"


def imported(database: Database, tables: Iterable[tuple[str, Iterable[bytes]]]) -> int:
    """Take the lines of tables into a database that is empty, all or none. Returns how many rows those were.

    Raises Conflict when a table has rows already, and Unfit with the number of a line that is no row.
    """
    count = 0
    with database.writing() as connection:
        connection.execute("PRAGMA defer_foreign_keys = on")
        for table, lines in tables:
            count += _table(connection, table, lines)
        connection.execute(_NUMBERS)
        connection.execute(_HOURS)
    return count


# The ledger goes on numbering behind the last row that is in the sums, even when none of its rows came along.
_NUMBERS: Final = (
    "INSERT INTO sqlite_sequence (name, seq) SELECT 'ledger', number FROM marks WHERE name = 'rolled' "
    "AND NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'ledger')"
)

# Which rows are of which hour is not exported: it is seen from the rows.
_HOURS: Final = (
    f"INSERT INTO ledger_hours SELECT {COUNTED['hour']}, min(number), max(number) FROM ledger "
    "WHERE number <= (SELECT number FROM marks WHERE name = 'rolled') GROUP BY 1"
)


def _table(connection: apsw.Connection, table: str, lines: Iterable[bytes]) -> int:
    names, binary = _columns(connection, table)
    if table == "marks":
        connection.execute("DELETE FROM marks")
    if connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchall():
        raise Conflict(f"{table} has rows already: import into an empty database")
    count = 0
    for count, line in enumerate(lines, 1):
        row = _row(table, count, line)
        fields = [f'"{name}"' for name in row]
        if not row or set(fields) - set(names):
            raise Unfit(f"{table}, line {count}: no columns of this table")
        values = [_value(value, binary=name in binary) for name, value in row.items()]
        connection.execute(
            f"INSERT INTO {table} ({', '.join(fields)}) VALUES ({places(len(fields))})", values
        )
    return count


def _row(table: str, number: int, line: bytes) -> dict[str, Any]:
    try:
        row = msgspec.json.decode(line, type=dict[str, str | int | float | None])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unfit(f"{table}, line {number}: {error}") from error
    return dict(row)


def _value(value: Any, *, binary: bool) -> Any:
    if not binary or value is None:
        return value
    try:
        return bytes.fromhex(value)
    except (TypeError, ValueError) as error:
        raise Unfit("a hash is not in hexadecimal") from error


def _columns(connection: apsw.Connection, table: str) -> tuple[list[str], set[str]]:
    """The columns of a table, as they are spelled in a statement, and which of them hold bytes."""
    if table not in TABLES:
        raise Unfit(f"there is no table {table}")
    found = connection.execute("SELECT name, type FROM pragma_table_info(?)", (table,)).fetchall()
    return [f'"{name}"' for name, _ in found], {str(name) for name, kind in found if kind == "BLOB"}
