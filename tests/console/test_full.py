"""The pages on a store of a million rows: what each asks of the database, counted and not timed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import msgspec
import pytest

from gateway.settings import StoreSettings
from store.connect import Database
from store.sums import TABLES
from tests.console.million import ROWS, full_copy
from tests.console.visits import Visitor
from tests.gateway.indoors import open_house, settings
from tests.gateway.loops import in_loop

GROUPS = ("model", "provider", "key", "user", "team", "session", "agent", "day")
# Steps of SQLite's machine that a page may take: 12 million are what the dearest takes, in about an eighth of
# a second (July 2026). To look at every row of the ledger would be forty million.
MOST_STEPS = 16_000_000
LISTED = ("/console/conversations", "/console/conversations?order=dearest", "/console/keys")
PLACES = (
    *LISTED,
    "/console",
    "/console/routes",
    "/console/keys/3f9a1c07be42",
    "/console/conversations?find=0000000",
    *(f"/console/usage?span={span}&by={by}" for span in ("1d", "7d", "30d", "90d") for by in GROUPS),
)


LONGEST = "/console/conversations/{}"


class Meter:
    """The steps and milliseconds of all statements of this process."""

    def __init__(self) -> None:
        self.steps = 0
        self.spent = 0.0

    def watch(self, connection: apsw.Connection) -> None:
        """Count what a connection does from now on."""
        connection.trace_v2(apsw.SQLITE_TRACE_PROFILE, self._count)

    def _count(self, told: dict[str, Any]) -> None:
        self.steps += told["stmt_status"]["SQLITE_STMTSTATUS_VM_STEP"]
        self.spent += told["nanoseconds"] / 1e6

    def take(self) -> tuple[int, float]:
        """What it was since the last time."""
        found = self.steps, self.spent
        self.steps, self.spent = 0, 0.0
        return found


@pytest.fixture
def meter() -> Iterator[Meter]:
    """A meter on every connection that is opened."""
    found = Meter()
    apsw.connection_hooks.append(found.watch)
    yield found
    apsw.connection_hooks.remove(found.watch)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A full store to be served from."""
    with full_copy(tmp_path_factory.mktemp("full")) as path:
        yield path


def test_the_full_store_is_true(copy: Path) -> None:
    """It has a million rows, and each of its sums is that of the rows."""
    database = Database(copy)
    with database.reading() as connection:
        told = connection.execute("SELECT count(*), sum(cost), sum(output) FROM ledger").fetchall()
        assert told[0][0] == ROWS
        for table in TABLES:
            summed = f"SELECT sum(attempts), sum(cost), sum(output) FROM {table}"
            assert connection.execute(summed).fetchall() == told
    database.close()


@pytest.mark.parametrize("place", [*PLACES, LONGEST])
@in_loop
async def test_no_page_looks_at_every_row(copy: Path, meter: Meter, place: str) -> None:
    """Each is made of sums, or of a part of the rows that an index leads to; `-rP` prints what it took."""
    given = msgspec.structs.replace(settings(), store=StoreSettings(path=str(copy)))
    async with open_house(given) as house:
        visitor = Visitor(house)
        where = place.format(_longest(visitor)) if place == LONGEST else place
        meter.take()
        client = await visitor.get(where)
        steps, spent = meter.take()
        print(f"{steps:,} steps in {spent:.0f} ms, {len(client.body):,} bytes")  # noqa: T201
        assert client.status == 200
        assert steps < MOST_STEPS


def _longest(visitor: Visitor) -> str:
    """The conversation that has most attempts."""
    query = "SELECT session FROM usage_sessions GROUP BY session ORDER BY sum(attempts) DESC LIMIT 1"
    with visitor.database.reading() as connection:
        ((session,),) = connection.execute(query).fetchall()
    return str(session)
