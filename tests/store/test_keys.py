"""Keys and those above them: what can be done with them, who did it, and what cannot be done."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from store import audit, keys, principals
from store.audit import Wanted, changing
from store.connect import MEMORY, Database
from store.errors import Conflict, StoreError, Unfit, Unknown
from store.paging import after
from store.rows import Audit, Key, Principal
from tests.store import files

HOSTILE = ["'; DROP TABLE keys; --", "\x00", "../../etc/passwd", "x" * 1_000_000, '"', "\u202e", "%", "é\n"]


@pytest.fixture
def database() -> Iterator[Database]:
    """An empty database."""
    made = Database(MEMORY)
    yield made
    made.close()


def key(name: str, **fields: Any) -> Key:
    """A key of that id, with a secret of its own."""
    return Key(id=name, digest=f"digest of {name}".encode(), name=name, **fields)


def created(database: Database, *made: Key) -> None:
    """Keep some keys."""
    with changing(database, "admin", 1) as change:
        for one in made:
            keys.create(change, one)


def trail(database: Database, **wanted: str) -> list[Audit]:
    """What the audit tells, the latest first."""
    with database.reading() as connection:
        return audit.page(connection, Wanted(**wanted)).rows


def listed(database: Database, limit: int, owner: str = "") -> list[str]:
    """The ids of all keys, read page by page."""
    names, cursor = [], ""
    while True:
        with database.reading() as connection:
            page = keys.page(connection, owner, cursor, limit)
        assert len(page.rows) <= limit
        names += [one.id for one in page.rows]
        if not page.cursor:
            return names
        cursor = page.cursor


def found(database: Database, digest: bytes, now: int) -> str | None:
    """The id of the key that a secret opens."""
    with database.reading() as connection:
        one = keys.by_digest(connection, digest, now)
    return None if one is None else one.id


def test_a_key_is_kept_as_it_was_made(database: Database) -> None:
    """All fields of a key come back."""
    made = key("k", role="admin", created=5, expires=9, settings='{"models": ["claude-*"]}')
    created(database, made)
    with database.reading() as connection:
        assert keys.of(connection, "k") == made
    assert found(database, made.digest, 0) == "k"
    assert found(database, b"other", 0) is None


def test_a_key_or_a_secret_is_taken_once(database: Database) -> None:
    """A second key of the same id, or with the same secret, is refused, and nothing of it is written down."""
    created(database, key("k"))
    for second in (key("k"), msgspec.structs.replace(key("k"), id="other")):
        with pytest.raises(Conflict):
            created(database, second)
    assert len(trail(database)) == 1


@pytest.mark.parametrize(
    ("done", "state"), [(keys.block, "blocked"), (keys.unblock, "active"), (keys.revoke, "revoked")]
)
def test_states_are_set(database: Database, done: Any, state: str) -> None:
    """Blocking, unblocking and revoking set the state, and the audit says so."""
    created(database, key("k"))
    with changing(database, "ann", 7) as change:
        assert done(change, "k").state == state
    with database.reading() as connection:
        assert keys.of(connection, "k").state == state
    assert (trail(database)[0].actor, trail(database)[0].at) == ("ann", 7)


def test_what_is_revoked_stays_revoked(database: Database) -> None:
    """A revoked key cannot be unblocked, rotated or changed."""
    created(database, key("k", state="revoked"))
    with changing(database, "ann", 0) as change:
        with pytest.raises(Conflict, match="for ever"):
            keys.unblock(change, "k")
        with pytest.raises(Conflict, match="for ever"):
            keys.rotate(change, "k", b"new", 0)
        with pytest.raises(Conflict, match="for ever"):
            keys.update(change, "k", {"name": "n"})


def test_a_rotation_overlaps(database: Database) -> None:
    """The new secret opens at once, the former one until the time that was said, and both the same key."""
    created(database, key("k"))
    with changing(database, "admin", 1) as change:
        keys.rotate(change, "k", b"new", 100)
    assert [found(database, b"new", at) for at in (0, 200)] == ["k", "k"]
    assert [found(database, b"digest of k", at) for at in (99, 100)] == ["k", None]


def test_expiry_is_a_state_that_nobody_sets() -> None:
    """An active key has expired when its time has come; a blocked one stays blocked."""
    assert [keys.standing(key("k", expires=10), now) for now in (9, 10)] == ["active", "expired"]
    assert keys.standing(key("k"), 10**15) == "active"
    assert keys.standing(key("k", expires=10, state="blocked"), 20) == "blocked"


def test_everything_is_everything(database: Database) -> None:
    """Blocked, revoked and expired keys are told of like others: whoever holds one is told why it is shut."""
    gone = [key("b", state="blocked"), key("r", state="revoked"), key("e", expires=10)]
    created(database, key("k"), key("later", expires=11), *gone)
    with database.reading() as connection:
        assert {one.id for one in keys.everything(connection)} == {"k", "later", "b", "r", "e"}
        assert list(principals.everything(connection)) == []


def test_the_audit_is_the_feed_of_changes(database: Database) -> None:
    """What was changed since a number is told in order, that number's own change first, and the last."""
    with database.reading() as connection:
        assert (audit.last(connection).number, audit.since(connection, 0, 9)) == (0, [])
    created(database, key("k"), key("l"))
    with database.reading() as connection:
        first = audit.since(connection, 0, 1)[0]
        assert (first.kind, first.subject) == ("key", "k")
        assert [one.subject for one in audit.since(connection, first.number, 9)] == ["k", "l"]
        assert audit.last(connection) == audit.since(connection, first.number, 9)[-1]


def test_last_use_only_grows(database: Database) -> None:
    """The latest use counts, in whatever order they are told, and it is no change for the audit."""
    created(database, key("k"))
    for at in (5, 9, 7):
        with database.writing() as connection:
            keys.touch(connection, [("k", at), ("nobody", at)])
    with database.reading() as connection:
        assert keys.of(connection, "k").last_used == 9
    assert len(trail(database)) == 1


def test_a_change_sets_what_may_be_set(database: Database) -> None:
    """Name, role, expiry and settings are set; the id, the secret and the state are not."""
    created(database, key("k"))
    with changing(database, "admin", 1) as change:
        keys.update(change, "k", {"name": "new", "expires": 5})
    with database.reading() as connection:
        assert (keys.of(connection, "k").name, keys.of(connection, "k").expires) == ("new", 5)
    for field in ("id", "digest", "state", "created"):
        with pytest.raises(Conflict, match=field), changing(database, "admin", 1) as change:
            keys.update(change, "k", {field: "x"})
    with pytest.raises(Unknown), changing(database, "admin", 1) as change:
        keys.update(change, "nobody", {"name": "x"})


def test_the_audit_tells_before_and_after_without_secrets(database: Database) -> None:
    """Each change has its row, with the fields before and after, and no hash of a secret."""
    created(database, key("k", settings='{"a": 1}'))
    with changing(database, "ann", 2) as change:
        keys.update(change, "k", {"settings": '{"a": 2}'})
        keys.rotate(change, "k", b"new", 9)
    told = trail(database, kind="key", subject="k")
    assert [row.action for row in told] == ["key.rotate", "key.update", "key.create"]
    before, after_ = (msgspec.json.decode(text or "") for text in (told[1].before, told[1].after))
    assert (before["settings"], after_["settings"]) == ({"a": 1}, {"a": 2})
    assert not [row for row in told if "digest" in f"{row.before}{row.after}"]


def test_a_change_that_fails_is_not_in_the_audit(database: Database) -> None:
    """The change and its audit are one transaction."""
    with pytest.raises(Conflict):
        created(database, key("k"), key("k"))
    assert (trail(database), listed(database, 10)) == ([], [])


def test_the_audit_is_filtered_and_paged(database: Database) -> None:
    """By kind, subject and actor, in pages."""
    created(database, *(key(f"k{number}") for number in range(5)))
    with changing(database, "ann", 2) as change:
        keys.block(change, "k3")
    assert [row.subject for row in trail(database, actor="ann")] == ["k3"]
    assert len(trail(database, subject="k3")) == 2
    assert trail(database, kind="team") == []
    with database.reading() as connection:
        first = audit.page(connection, Wanted(), limit=4)
        assert len(audit.page(connection, Wanted(), first.cursor, 4).rows) == 2


@given(some.lists(some.integers(0, 3), max_size=12), some.integers(1, 5))
def test_pages_hold_every_key_once(ages: list[int], limit: int) -> None:
    """Whatever the size of the page and however many keys are of one age, all are listed in order."""
    database = Database(MEMORY)
    made = [key(f"k{number:02}", created=age) for number, age in enumerate(ages)]
    created(database, *made)
    assert listed(database, limit) == [one.id for one in sorted(made, key=lambda one: (one.created, one.id))]
    database.close()


@pytest.mark.parametrize(
    "cursor", ["x", "!!!", "é", "bnVsbA", "WzFd", "WyJhIiwgMV0", "WzFlOTksICJhIl0", "A" * 9999]
)
def test_a_cursor_that_nobody_gave_out_is_refused(cursor: str) -> None:
    """Anything but a cursor of ours is an error of its own."""
    with pytest.raises(Unfit):
        after(cursor, (0, ""))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_are_only_words(database: Database, text: str) -> None:
    """Whatever stands in a text field is kept as it is, and found by it."""
    created(database, Key(id=text, digest=b"d", name=text))
    with changing(database, text, 0) as change:
        keys.block(change, text)
    with database.reading() as connection:
        assert keys.of(connection, text).name == text
        assert keys.page(connection, text).rows == []
    assert len(trail(database, subject=text)) == 2


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "\ud800"},
        {"expires": 2**63},
        {"settings": "{"},
        {"state": "gone"},
        {"owner": "nobody"},
        {"id": ""},
    ],
)
def test_what_cannot_be_kept_is_refused(database: Database, fields: dict[str, Any]) -> None:
    """Text that is no Unicode, numbers too large, settings that are no JSON, owners who are not there."""
    with pytest.raises(StoreError):
        created(database, msgspec.structs.replace(key("k"), **fields))
    assert listed(database, 10) == []


def grown(database: Database) -> None:
    """A tree of four."""
    with changing(database, "admin", 1) as change:
        principals.create(change, Principal("o", "organisation", None, "O"))
        principals.create(change, Principal("t", "team", "o", "T"))
        principals.create(change, Principal("p", "project", "t", "P"))
        principals.create(change, Principal("u", "user", "p", "U", role="viewer"))


def test_the_line_goes_up_to_the_top(database: Database) -> None:
    """For one who stands below all others are told in order, and for a stranger none."""
    grown(database)
    with database.reading() as connection:
        assert [one.id for one in principals.line(connection, "u")] == ["u", "p", "t", "o"]
        assert principals.line(connection, "u")[0] == Principal("u", "user", "p", "U", role="viewer")
        assert principals.line(connection, "x") == []
        assert [one.id for one in principals.page(connection, "t").rows] == ["p"]
        assert [one.id for one in principals.page(connection).rows] == ["o", "p", "t", "u"]


@pytest.mark.parametrize(
    ("row", "error"),
    [
        (Principal("x", "organisation", "o", "X"), Conflict),
        (Principal("x", "team", "p", "X"), Conflict),
        (Principal("x", "team", "t", "X"), Conflict),
        (Principal("x", "team", "nobody", "X"), Unknown),
        (Principal("o", "organisation", None, "X"), Conflict),
    ],
)
def test_nobody_stands_where_they_may_not(
    database: Database, row: Principal, error: type[StoreError]
) -> None:
    """Under one's own kind, under a lower one or under nobody known there is no place."""
    grown(database)
    with pytest.raises(error), changing(database, "admin", 1) as change:
        principals.create(change, row)


def test_who_is_needed_stays(database: Database) -> None:
    """One with others or keys below cannot be removed; then it can, and the audit tells of it."""
    grown(database)
    created(database, key("k", owner="u"))
    for name in ("t", "u"):
        with pytest.raises(Conflict), changing(database, "admin", 1) as change:
            principals.delete(change, name)
    assert listed(database, 10, "u") == ["k"]
    with changing(database, "admin", 1) as change:
        keys.update(change, "k", {"owner": None})
        principals.delete(change, "u")
    assert trail(database, kind="user")[0].after is None


def test_a_principal_is_changed(database: Database) -> None:
    """Name, role, state and settings are set, its place is not."""
    grown(database)
    with changing(database, "admin", 1) as change:
        principals.update(change, "t", {"name": "new", "state": "blocked"})
        with pytest.raises(Conflict):
            principals.update(change, "t", {"parent": None})
    with database.reading() as connection:
        assert principals.of(connection, "t").state == "blocked"


def test_no_secret_is_in_the_file(tmp_path: Path) -> None:
    """Neither the database nor its log holds more of a secret than its hash."""
    path = tmp_path / "penstock.db"
    database = Database(path)
    created(database, key("k"))
    database.close()
    assert files.sound(path)
    assert b"digest of k" in path.read_bytes()
