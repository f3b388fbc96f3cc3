"""The ledger: rows found by whom they are of wherever they stand, and deleted by when they began."""

import random
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from store import ledger, rollups
from store.connect import MEMORY, Database
from store.export import exported, imported
from store.ledger import Filter
from store.migrate import migrate
from store.retention import Retention, delete_step
from store.rows import Attempt, places
from store.sums import DAY, HOUR, SPAN
from tests.store import files
from tests.store.ledgers import NOON, row

MANY = 400
SPANS = (
    "SELECT day, key_id, session, first_row, last_row FROM usage_sessions "
    "UNION ALL SELECT hour, '', '', first_row, last_row FROM ledger_hours"
)


@pytest.fixture
def database() -> Iterator[Database]:
    """An empty database."""
    made = Database(MEMORY)
    yield made
    made.close()


def scattered(seed: int = 3) -> list[Attempt]:
    """Rows of some keys and sessions over a week, some late; one key and session are rare."""
    chance = random.Random(seed)  # noqa: S311  # the same in every run
    rows = []
    for number in range(MANY):
        late = chance.randint(0, 3) * DAY if number % 20 == 0 else 0
        key, session = chance.choice("kl"), chance.choice(["", "s", "t"])
        began = NOON + number * 7 * DAY // MANY - late
        rare = number in {30, 31, 250}
        rows.append(row(number, began=began, key_id="r" if rare else key, session="r" if rare else session))
    return rows


def filled(database: Database, rows: list[Attempt], rolled: int) -> None:
    """Keep rows, and take so many of them into the sums, in several steps."""
    with database.writing() as connection:
        ledger.insert(connection, rows)
        for _ in range(rolled // 50):
            rollups.roll(connection, 50)


def every(database: Database, by: Filter, value: str, limit: int) -> list[Attempt]:
    """All pages of what is found."""
    found, cursor = [], ""
    with database.reading() as connection:
        while True:
            page = ledger.page(connection, by, value, cursor, limit)
            found += [one.attempt for one in page.rows]
            cursor = page.cursor
            if not cursor:
                return found


@pytest.mark.parametrize("rolled", [0, 150, MANY])
@pytest.mark.parametrize("limit", [1, 7, 1000])
@pytest.mark.parametrize(
    ("by", "value"), [("session", "s"), ("session", "r"), ("key_id", "k"), ("key_id", "r"), ("key_id", "x")]
)
def test_rows_are_found_wherever_they_stand(
    database: Database, by: Filter, value: str, limit: int, rolled: int
) -> None:
    """Those of a session or a key are all there, the latest first, in the sums or not, late or in time."""
    rows = scattered()
    filled(database, rows, rolled)
    assert every(database, by, value, limit) == [one for one in reversed(rows) if getattr(one, by) == value]


@pytest.mark.parametrize("rolled", [0, 50, 100])
def test_sessions_are_found_by_how_they_begin(database: Database, rolled: int) -> None:
    """Each once and in order, in the sums or not; no more than were asked for, and none without a name."""
    names = ["", "ab", "ab%", "abc", "b", "a"]
    filled(database, [row(number, session=names[number % 6]) for number in range(100)], rolled)
    with database.reading() as connection:
        assert ledger.sessions_like(connection, "ab") == ["ab", "ab%", "abc"]
        assert ledger.sessions_like(connection, "", 2) == ["a", "ab"]
        assert ledger.sessions_like(connection, "x") == []


def test_rows_outlive_the_sums_they_are_found_by(database: Database) -> None:
    """Where sums are kept for less long than rows, rows of a key are found without them."""
    rows = scattered()
    filled(database, rows, MANY)
    kept_for = Retention(raw=1000, sums=2)
    with database.writing() as connection:
        while delete_step(connection, NOON + 7 * DAY, kept_for):
            pass
    assert every(database, "key_id", "r", 10) == [one for one in reversed(rows) if one.key_id == "r"]


@pytest.mark.parametrize("most", [1, 3, 1000])
def test_late_rows_go_with_those_of_their_time(database: Database, most: int) -> None:
    """What began before the days that are kept is deleted wherever it stands, and nothing else."""
    rows = scattered()
    filled(database, rows, MANY)
    now = NOON + 5 * DAY
    with database.writing() as connection:
        while delete_step(connection, now, Retention(raw=3), most):
            pass
    with database.reading() as connection:
        left = [one.attempt for one in ledger.page(connection, limit=MANY).rows]
    assert left[::-1] == [one for one in rows if one.began // HOUR >= (now - 3 * DAY) // HOUR]
    assert 0 < len(left) < MANY
    assert every(database, "key_id", "k", 9) == [one for one in left if one.key_id == "k"]
    assert every(database, "session", "s", 9) == [one for one in left if one.session == "s"]


def test_a_step_deletes_no_more_than_it_was_told(database: Database) -> None:
    """Many rows of one hour go in as many steps as it takes."""
    filled(database, [row(number) for number in range(100)], 100)
    left = []
    with database.writing() as connection:
        while delete_step(connection, NOON + DAY, Retention(raw=0, sums=1000), 30):
            left += connection.execute("SELECT count(*) FROM ledger").fetchall()
    assert left[:4] == [(70,), (40,), (10,), (0,)]


def test_rows_of_an_older_version_are_found_and_deleted(tmp_path: Path) -> None:
    """A database that was filled before rows were found by their numbers goes on as any other."""
    rows, path = scattered(), tmp_path / "penstock.db"
    new = Database(tmp_path / "new.db")
    filled(new, rows, 150)
    with new.reading() as connection:
        told = {table: list(exported(connection, table)) for table in ("ledger", "usage_sessions", "marks")}
        expected = connection.execute(SPANS).fetchall()
    old = files.raw(path)
    migrate(old, 5)
    old.execute("DELETE FROM marks")
    for table, lines in told.items():
        for line in lines:
            fields = {name: value for name, value in msgspec.json.decode(line).items() if name not in SPAN}
            names = ", ".join(f'"{name}"' for name in fields)
            old.execute(
                f"INSERT INTO {table} ({names}) VALUES ({places(len(fields))})", tuple(fields.values())
            )
    old.close()
    database = Database(path)
    with database.reading() as connection:
        assert connection.execute(SPANS).fetchall() == expected
    assert every(database, "key_id", "r", 2) == [one for one in reversed(rows) if one.key_id == "r"]
    with database.writing() as connection:
        while rollups.roll(connection) or delete_step(connection, NOON + 99 * DAY, Retention()):
            pass
        assert connection.execute("SELECT count(*) FROM ledger").fetchall() == [(0,)]
    database.close()
    new.close()


def test_rows_of_an_older_export_are_found_and_deleted(database: Database) -> None:
    """Lines that do not say between which numbers rows are lead to them all the same."""
    rows = scattered()
    filled(database, rows, 150)
    with database.reading() as connection:
        told = {table: list(exported(connection, table)) for table in ("ledger", "usage_sessions", "marks")}
    old = [line.split(b',"first_row"')[0] + b"}\n" for line in told["usage_sessions"]]
    assert old != told["usage_sessions"]
    other = Database(MEMORY)
    imported(other, {**told, "usage_sessions": old}.items())
    assert every(other, "session", "r", 2) == [one for one in reversed(rows) if one.session == "r"]
    assert every(other, "key_id", "r", 2) == [one for one in reversed(rows) if one.key_id == "r"]
    with other.writing() as connection:
        while rollups.roll(connection) or delete_step(connection, NOON + 99 * DAY, Retention()):
            pass
        assert connection.execute("SELECT count(*) FROM ledger").fetchall() == [(0,)]
    other.close()


def test_rows_that_are_put_together_are_each_kept_once(database: Database) -> None:
    """One that is kept already, anywhere among many, keeps no other away; nor does one that comes twice."""
    rows = [row(number) for number in range(2 * ledger.TOGETHER + 20)]
    known = rows[ledger.TOGETHER // 2]
    with database.writing() as connection:
        ledger.insert(connection, [known])
    with database.writing() as connection:
        new = ledger.insert(connection, [*rows, rows[7]])
    assert list(new) == [one for one in rows if one is not known]
    with database.reading() as connection:
        ((count, different),) = connection.execute("SELECT count(*), count(DISTINCT id) FROM ledger")
    assert count == different == len(rows)
