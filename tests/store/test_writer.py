"""The way into the ledger: nothing is lost and nothing counted twice, whatever happens to the database."""

import stat
from pathlib import Path

import msgspec
import pytest

from store import budgets
from store.connect import MEMORY, Database
from store.rows import MOST, Attempt
from store.writer import Ledger, Pace
from tests.store import files
from tests.store.ledgers import NOON, PACE, Hands, charged, ids, kept, opened, row


def spooled(path: Path) -> list[Path]:
    """The files that wait beside a database."""
    return sorted(Path(f"{path}-spool").glob("*"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the database is."""
    return tmp_path / "penstock.db"


def test_what_is_put_is_kept(path: Path) -> None:
    """Every row that was put is in the ledger after a flush, in order and as it was."""
    database, ledger = opened(path, Hands())
    for number in range(250):
        ledger.put(row(number))
    ledger.flush()
    assert kept(database) == ids(range(250))
    assert (ledger.counts().written, ledger.counts().queued) == (250, 0)
    ledger.close()


def test_a_full_batch_is_kept_without_a_flush(path: Path) -> None:
    """A hundred rows are written at once, however long the thread would wait for more."""
    database, ledger = opened(path, Hands(), Pace(batch=100, wait=3600))
    for number in range(100):
        ledger.put(row(number))
    while not kept(database):
        pass
    assert kept(database) == ids(range(100))
    ledger.close()


def test_closing_keeps_what_waits(path: Path) -> None:
    """Rows put just before the end are in the ledger after it."""
    database, ledger = opened(path, Hands(), Pace(wait=3600))
    for number in range(50):
        ledger.put(row(number))
    ledger.close()
    ledger.close()
    assert kept(database) == ids(range(50))


def test_a_row_after_the_end_waits_in_the_spool(path: Path) -> None:
    """What comes after the end is kept for the next start."""
    database, ledger = opened(path, Hands())
    ledger.close()
    ledger.put(row(1))
    assert kept(database) == []
    again = Ledger(database, clock=Hands().clock())
    again.flush()
    # It is still the spool's of the one that has not let go of it.
    assert kept(database) == []
    ledger.close()


def test_in_memory_there_is_no_spool() -> None:
    """Without a file rows are kept in memory, and what comes after the end is counted as lost."""
    database = Database(MEMORY)
    ledger = Ledger(database, clock=Hands().clock())
    ledger.put(row(1))
    ledger.flush()
    ledger.close()
    ledger.put(row(2))
    assert kept(database) == ["a1"]
    assert ledger.counts().lost == 1


def test_a_row_that_comes_twice_is_kept_once(path: Path) -> None:
    """The id decides, in one batch and across batches, for the budgets too."""
    database, ledger = opened(path, Hands())
    for number in (1, 1, 2):
        ledger.put(charged(number))
    ledger.flush()
    ledger.put(charged(2))
    ledger.put(charged(3))
    ledger.close()
    assert kept(database) == ids(range(1, 4))
    with database.reading() as connection:
        assert budgets.of(connection, "key:k", "day", 0) == 3


@pytest.mark.parametrize("count", [1, 2, 100])
def test_a_batch_of_any_size_is_kept_in_order(path: Path, count: int) -> None:
    """All rows of a batch are kept once, though half of them come again in the next."""
    database, ledger = opened(path, Hands())
    for numbers in (range(count), range(count // 2, 2 * count)):
        for number in numbers:
            ledger.put(charged(number))
        ledger.flush()
    ledger.close()
    assert kept(database) == ids(range(2 * count))
    with database.reading() as connection:
        assert budgets.of(connection, "key:k", "day", 0) == 2 * count


def test_a_locked_database_fills_the_spool_and_then_empties_it(path: Path) -> None:
    """While somebody holds the lock rows go to disk; then each is in the ledger once, with its charge."""
    hands = Hands()
    database, ledger = opened(path, hands)
    other = files.lock(path)
    for number in range(30):
        ledger.put(charged(number))
        ledger.flush()
    assert (kept(database), ledger.counts().spooled) == ([], 30)
    assert ledger.counts().troubled
    assert "locked" in ledger.counts().trouble
    assert [stat.S_IMODE(found.stat().st_mode) for found in spooled(path)] == [0o600]
    other.close()
    hands.move(2)
    ledger.flush()
    assert sorted(kept(database)) == sorted(ids(range(30)))
    assert (ledger.counts().replayed, ledger.counts().troubled) == (30, False)
    ledger.close()
    assert not Path(f"{path}-spool").exists()
    with database.reading() as connection:
        assert budgets.of(connection, "key:k", "day", 0) == 30


def test_while_the_database_is_in_trouble_it_is_left_alone(path: Path) -> None:
    """Between two tries rows go to the spool at once, without waiting for the lock again."""
    hands = Hands()
    database, ledger = opened(path, hands)
    other = files.lock(path)
    ledger.put(row(1))
    ledger.flush()
    other.close()
    ledger.put(row(2))
    ledger.flush()
    assert (kept(database), ledger.counts().spooled) == ([], 2)
    hands.move(2)
    ledger.put(row(3))
    ledger.flush()
    assert sorted(kept(database)) == ids(range(1, 4))
    ledger.close()


def test_the_next_start_finds_the_spool(path: Path) -> None:
    """What could not be written before the end is brought in by the next process, once."""
    database, ledger = opened(path, Hands())
    other = files.lock(path)
    ledger.put(row(1))
    ledger.close()
    assert len(spooled(path)) == 1
    other.close()
    for _ in range(2):
        again = Ledger(database, clock=Hands().clock())
        again.flush()
        again.close()
    assert kept(database) == ["a1"]
    assert spooled(path) == []


def test_a_torn_line_costs_no_other_row(path: Path) -> None:
    """A file that ends in the middle of a row gives every row before it, and the tear is counted."""
    database, ledger = opened(path, Hands())
    other = files.lock(path)
    ledger.put(row(1))
    ledger.put(row(2))
    ledger.close()
    other.close()
    (left,) = spooled(path)
    left.write_bytes(left.read_bytes()[:-20])
    again = Ledger(database, clock=Hands().clock())
    again.flush()
    assert (kept(database), again.counts().torn) == (["a1"], 1)
    again.close()


def test_rows_already_in_the_ledger_may_be_in_the_spool(path: Path) -> None:
    """A process that died between the ledger and the removal of the file leaves nothing counted twice."""
    database, ledger = opened(path, Hands())
    other = files.lock(path)
    ledger.put(charged(1))
    ledger.close()
    other.close()
    (left,) = spooled(path)
    copy = left.read_bytes()
    again = Ledger(database, clock=Hands().clock())
    again.close()
    left.parent.mkdir(exist_ok=True)
    left.write_bytes(copy)
    last = Ledger(database, clock=Hands().clock())
    last.flush()
    last.close()
    assert (kept(database), spooled(path)) == (["a1"], [])
    with database.reading() as connection:
        assert budgets.of(connection, "key:k", "day", 0) == 1


def test_a_full_disk_costs_nothing(path: Path) -> None:
    """Rows that find no room in the database wait in the spool until there is some."""
    hands = Hands()
    database, ledger = opened(path, hands)
    files.fill(database)
    for number in range(200):
        ledger.put(row(number, agent="x" * 1000))
    ledger.flush()
    assert "full" in ledger.counts().trouble
    files.empty(database)
    hands.move(2)
    ledger.flush()
    assert sorted(kept(database)) == sorted(ids(range(200)))
    ledger.close()
    assert files.sound(path)


def test_a_file_that_is_removed_costs_no_later_row(path: Path) -> None:
    """When the file is gone rows wait in the spool, and the next database at that path gets them."""
    database, ledger = opened(path, Hands())
    path.unlink()
    ledger.put(row(1))
    ledger.flush()
    assert "no longer there" in ledger.counts().trouble
    ledger.close()
    database, ledger = opened(path, Hands())
    ledger.flush()
    assert kept(database) == ["a1"]
    ledger.close()


def test_without_a_spool_rows_are_held(path: Path) -> None:
    """When neither the database nor the disk takes them rows stay in memory until one does."""
    hands = Hands()
    database, ledger = opened(path, hands)
    Path(f"{path}-spool").write_text("not a folder")
    other = files.lock(path)
    ledger.put(row(1))
    ledger.flush()
    assert (ledger.counts().held, ledger.counts().spooled, ledger.counts().lost) == (1, 0, 0)
    other.close()
    hands.move(2)
    ledger.flush()
    assert (kept(database), ledger.counts().held) == (["a1"], 0)
    ledger.close()


def test_only_what_is_too_much_to_hold_is_lost(path: Path) -> None:
    """With nothing to write to, rows past the most that is held are counted as lost, the others kept."""
    hands = Hands()
    database, ledger = opened(path, hands, Pace(patience=0.01, most_held=5))
    Path(f"{path}-spool").write_text("not a folder")
    other = files.lock(path)
    for number in range(8):
        ledger.put(row(number))
    ledger.flush()
    assert (ledger.counts().held, ledger.counts().lost) == (5, 3)
    other.close()
    hands.move(2)
    ledger.flush()
    assert kept(database) == ids(range(5))
    ledger.close()


def test_a_crowd_goes_past_the_queue_into_the_spool(path: Path) -> None:
    """Rows that find the queue full are on disk when `put` returns, and in the ledger once in the end."""
    hands = Hands()
    database, ledger = opened(path, hands, Pace(batch=10, most_queued=10, patience=60))
    with database.writing():
        for number in range(50):
            ledger.put(row(number))
        assert ledger.counts().spooled >= 25
    hands.move(2)
    ledger.flush()
    hands.move(2)
    ledger.flush()
    assert sorted(kept(database)) == sorted(ids(range(50)))
    assert ledger.counts().lost == 0
    ledger.close()


@pytest.mark.parametrize(
    "text", ["'; DROP TABLE ledger; --", "\x00", "a\x00b", "\ud800", "é" * 100_000, "\u202e", '"', "\\", "\n"]
)
def test_hostile_words_are_only_words(path: Path, text: str) -> None:
    """Whatever a text field holds is kept (what is no Unicode as a question mark), beside its neighbours."""
    names = [name for name, kind in Attempt.__annotations__.items() if kind is str and name != "id"]
    database, ledger = opened(path, Hands())
    ledger.put(row(1))
    ledger.put(msgspec.convert({**dict.fromkeys(names, text), "began": NOON, "id": f"x{text}"}, Attempt))
    ledger.put(row(2))
    ledger.flush()
    shown = text.replace("\ud800", "?")
    assert sorted(kept(database)) == ["a1", "a2", f"x{shown}"]
    with database.reading() as connection:
        (found,) = connection.execute("SELECT session, model FROM ledger WHERE session <> ''").fetchall()
    assert found == (shown, shown)
    ledger.close()


def test_a_hostile_number_spoils_no_sum(path: Path) -> None:
    """Numbers beyond all bounds are cut to what can be added up, and negative ones to nothing."""
    database, ledger = opened(path, Hands())
    for number in range(20):
        ledger.put(row(number, input=2**70, cost=-1, began=2**63, status=2**64))
    ledger.flush()
    with database.reading() as connection:
        found = connection.execute("SELECT sum(input), sum(cost), count(*) FROM ledger").fetchall()
    assert found == [(20 * MOST, 0, 20)]
    ledger.close()


def test_a_hostile_row_in_the_spool_is_kept_too(path: Path) -> None:
    """What is no Unicode can wait on disk as well."""
    hands = Hands()
    database, ledger = opened(path, hands)
    other = files.lock(path)
    ledger.put(row(1, session="\ud800"))
    ledger.flush()
    other.close()
    hands.move(2)
    ledger.flush()
    assert kept(database) == ["a1"]
    ledger.close()


def test_a_row_without_an_id_gets_one(path: Path) -> None:
    """A nameless row is kept under a name of its own instead of stopping those around it."""
    database, ledger = opened(path, Hands(), PACE)
    ledger.put(row(1))
    ledger.put(Attempt(id="", began=NOON))
    ledger.flush()
    assert [name[:8] for name in kept(database)] == ["a1", "nameless"]
    ledger.close()
