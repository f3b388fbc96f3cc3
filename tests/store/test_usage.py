"""The sums: equal to the ledger in every way they can be asked for, and kept as long as was said."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from store import budgets, ledger, retention, rollups, usage
from store.connect import MEMORY, Database
from store.errors import Unfit
from store.retention import Retention, delete_step
from store.rows import Attempt, Charge
from store.sums import DAY, HOUR, SUMS
from store.usage import Question, Sum
from tests.store.ledgers import NOON, row

TABLES = ("usage_hours", "usage_days", "usage_sessions")
attempts: some.SearchStrategy[list[dict[str, Any]]] = some.lists(
    some.builds(
        dict,
        began=some.integers(0, 4 * DAY // HOUR).map(lambda hour: NOON + hour * HOUR + 7),
        key_id=some.sampled_from(["k", "l"]),
        agent=some.sampled_from(["", "a"]),
        session=some.sampled_from(["", "s", "t"]),
        model=some.sampled_from(["m", "n"]),
        cause=some.sampled_from(["useful", "retried"]),
        price=some.sampled_from(["", "p"]),
        estimated=some.booleans(),
        input=some.integers(0, 9),
        output=some.integers(0, 9),
        cost=some.integers(0, 9),
    ),
    max_size=30,
)


@pytest.fixture
def database() -> Iterator[Database]:
    """An empty database."""
    made = Database(MEMORY)
    yield made
    made.close()


def filled(database: Database, rows: list[Attempt]) -> None:
    """Keep rows in the ledger."""
    with database.writing() as connection:
        ledger.insert(connection, rows)


def rolled(database: Database, most: int = 5000) -> bool:
    """One step of the sums."""
    with database.writing() as connection:
        return rollups.roll(connection, most)


def asked(database: Database, question: Question, limit: int = 1000) -> list[Sum]:
    """The whole answer to a question, page by page."""
    rows, cursor = [], ""
    while True:
        with database.reading() as connection:
            page = usage.page(connection, question, cursor, limit)
        rows += page.rows
        if not page.cursor:
            return rows
        cursor = page.cursor


def counted(rows: list[Attempt], name: str) -> dict[Any, int]:
    """The cost by one field, as anybody would add it up."""
    sums: Counter[Any] = Counter()
    for one in rows:
        sums[getattr(one, name)] += one.cost
    return dict(sums)


@given(attempts, some.integers(1, 10), some.integers(0, 40))
def test_sums_agree_with_the_ledger(told: list[dict[str, Any]], most: int, steps: int) -> None:
    """However many rows are in the sums already, every answer is what the ledger adds up to."""
    database = Database(MEMORY)
    rows = [row(number, **fields) for number, fields in enumerate(told)]
    filled(database, rows)
    for _ in range(steps):
        rolled(database, most)
    for name in ("key_id", "model", "cause", "agent", "session"):
        found = asked(database, Question((name,)), limit=1)
        assert {one.group[0]: one.cost for one in found} == counted(rows, name)
    by_day = {one.group[0]: one.attempts for one in asked(database, Question(("day",)))}
    assert by_day == dict(Counter(one.began // DAY for one in rows))
    with database.reading() as connection:
        whole = usage.total(connection, Question(()))
    assert (whole.attempts, whole.input) == (len(rows), sum(one.input for one in rows))
    assert whole.estimated == sum(one.estimated for one in rows)
    assert whole.unpriced == sum(not one.price and one.input + one.output > 0 for one in rows)
    database.close()


@given(attempts, some.integers(0, 100), some.integers(0, 100))
def test_a_range_is_what_lies_in_it(told: list[dict[str, Any]], first: int, last: int) -> None:
    """Days, the hours around them and what is not summed yet are put together without gap or overlap."""
    database = Database(MEMORY)
    rows = [row(number, **fields) for number, fields in enumerate(told)]
    filled(database, rows)
    rolled(database, len(rows) // 2 or 1)
    since, until = NOON + first * HOUR, NOON + last * HOUR
    within = [one for one in rows if since <= one.began < until]
    with database.reading() as connection:
        assert usage.total(connection, Question((), {}, since, until)).attempts == len(within)
    hours = asked(database, Question(("hour",), {}, since, until))
    assert [one.group[0] for one in hours] == sorted({one.began // HOUR for one in within})
    database.close()


@given(attempts, some.integers(1, 5))
def test_pages_hold_every_group_once(told: list[dict[str, Any]], limit: int) -> None:
    """Groups of equal cost are told once each, the dearest first, whatever the size of the page."""
    database = Database(MEMORY)
    filled(database, [row(number, **fields) for number, fields in enumerate(told)])
    question = Question(("key_id", "model", "day"))
    found = asked(database, question, limit)
    assert found == asked(database, question)
    assert len({one.group for one in found}) == len(found)
    assert [one.cost for one in found] == sorted((one.cost for one in found), reverse=True)
    database.close()


def test_sums_are_made_once(database: Database) -> None:
    """Steps that are run again change nothing, and rows that come late with an old time are added."""
    filled(database, [row(number) for number in range(10)])
    assert [rolled(database, 4) for _ in range(5)] == [True, True, False, False, False]
    filled(database, [row(99, began=NOON - 30 * DAY)])
    rolled(database)
    with database.reading() as connection:
        for table in TABLES:
            assert connection.execute(f"SELECT sum(attempts) FROM {table}").fetchall() == [(11,)]


def test_a_question_may_be_narrowed(database: Database) -> None:
    """Only what agrees with every field is added up."""
    filled(database, [row(1, key_id="k", model="m"), row(2, key_id="k", model="n"), row(3, key_id="l")])
    for _ in range(2):
        found = asked(database, Question(("model",), {"key_id": "k"}))
        assert [one.group for one in found] == [("m",), ("n",)]
        found = asked(database, Question(("session",), {"key_id": "l"}))
        assert [one.attempts for one in found] == [1]
        rolled(database)


def test_spend_is_told_by_cause(database: Database) -> None:
    """What was useful, retried and aborted adds up to what was spent."""
    filled(
        database, [row(n, cause=cause, cost=n) for n, cause in enumerate(("useful", "retried", "aborted"))]
    )
    found = {one.group[0]: one.cost for one in asked(database, Question(("cause",)))}
    assert found == {"useful": 0, "retried": 1, "aborted": 2}


@pytest.mark.parametrize(
    "question",
    [
        Question(("session", "provider")),
        Question(("session", "hour")),
        Question(("model", "model")),
        Question(("model",), {"day": "1"}),
        msgspec.defstruct("Forged", ["by", "only", "since", "until"])(("1; DROP TABLE keys",), {}, 0, 1),
    ],
)
def test_what_the_sums_do_not_know_is_refused(database: Database, question: Question) -> None:
    """A question that would be answered wrongly is an error."""
    with pytest.raises(Unfit):
        asked(database, question)


@pytest.mark.parametrize("text", ["'; DROP TABLE usage_days; --", "\x00", "%", "x" * 100_000])
def test_hostile_words_are_only_words(database: Database, text: str) -> None:
    """A filter is compared and never run, and a hostile name is a group like any other."""
    filled(database, [row(1, agent=text), row(2)])
    rolled(database)
    assert [one.attempts for one in asked(database, Question(("model",), {"agent": text}))] == [1]
    assert {one.group[0] for one in asked(database, Question(("agent",)), 1)} == {text, ""}


def test_a_range_beyond_all_numbers_is_none(database: Database) -> None:
    """Absurd times are answered, not failed on."""
    filled(database, [row(1)])
    assert asked(database, Question(("model",), {}, -(2**70), 2**70))[0].attempts == 1


def test_the_sums_of_a_row_are_its_fields() -> None:
    """`Sum` tells the sums in the order in which they are selected."""
    assert msgspec.structs.fields(Sum)[0].name == "group"
    assert Sum.__struct_fields__[1:] == SUMS


def deleted(database: Database, now: int, kept_for: Retention, most: int = 1000) -> int:
    """Delete what is too old, and count the steps."""
    steps = 0
    more = True
    while more:
        with database.writing() as connection:
            more = delete_step(connection, now, kept_for, most)
        steps += 1
    return steps


def left(database: Database) -> list[Any]:
    """How many rows there are of the ledger, and of each table of sums."""
    with database.reading() as connection:
        counts = [
            connection.execute(f"SELECT count(*) FROM {name}").fetchall() for name in ("ledger", *TABLES)
        ]
    return [found[0][0] for found in counts]


def test_rows_are_kept_for_their_time(database: Database) -> None:
    """Rows of the ledger go after their days, the sums of them after theirs, and are told till then."""
    filled(database, [row(number, began=NOON - number * DAY) for number in range(100)])
    rolled(database)
    deleted(database, NOON, Retention(raw=30, sums=60))
    assert left(database) == [31, 61, 61, 31]
    with database.reading() as connection:
        assert usage.total(connection, Question(())).attempts == 61


def test_a_row_that_is_in_no_sum_stays(database: Database) -> None:
    """However old it is, a row of the ledger is not deleted before it has been added up."""
    filled(database, [row(1, began=0)])
    deleted(database, NOON, Retention())
    assert left(database)[0] == 1
    rolled(database)
    deleted(database, NOON, Retention(raw=30, sums=10**5))
    assert left(database) == [0, 1, 1, 0]


def test_nothing_is_deleted_at_once(database: Database) -> None:
    """A long backlog goes in steps of a bounded size."""
    filled(database, [row(number, began=HOUR * number) for number in range(100)])
    rolled(database)
    with database.writing() as connection:
        assert delete_step(connection, NOON, Retention(), 10)
    assert left(database)[0] == 90
    assert deleted(database, NOON, Retention(), 10) > 20
    assert left(database) == [0, 0, 0, 0]


def test_budgets_that_never_end_stay(database: Database) -> None:
    """Spend of periods long gone is deleted, that of a window without an end is not."""
    with database.writing() as connection:
        budgets.add(connection, [Charge("key:k", "day", DAY, 5), Charge("key:k", "total", 0, 7)])
        budgets.add(connection, [Charge("key:k", "day", NOON, 3), Charge("key:k", "total", 0, 2)])
    deleted(database, NOON, retention.Retention())
    with database.reading() as connection:
        told = {(one.window, one.period): one.spent for one in budgets.since(connection, 0)}
        assert told == {("day", NOON): 3, ("total", 0): 9}
        assert budgets.of(connection, "key:k", "day", 0) == 3
        assert budgets.of(connection, "key:other", "day", 0) == 0


def test_the_ledger_is_read_by_exchange_session_and_key(database: Database) -> None:
    """Rows come back as they were put, the latest first, in pages."""
    rows = [row(n, exchange=f"e{n % 2}", session="s" * (n % 3), key_id="k", streamed=True) for n in range(7)]
    filled(database, rows)
    with database.reading() as connection:
        first = ledger.page(connection, limit=5)
        rest = ledger.page(connection, cursor=first.cursor, limit=5)
        assert [one.attempt for one in (*first.rows, *rest.rows)] == rows[::-1]
        assert [one.attempt.id for one in ledger.page(connection, "exchange", "e1").rows] == [
            "a5",
            "a3",
            "a1",
        ]
        assert [one.attempt.id for one in ledger.page(connection, "session", "ss").rows] == ["a5", "a2"]
        assert len(ledger.page(connection, "key_id", "k").rows) == 7
        assert ledger.page(connection, "session", "").rows == []
