"""Keys in the console: made, bounded, blocked, rotated, revoked, and each secret on one page only."""

import hashlib
import re
from typing import Any

import pytest

from gateway.grants import grants_of
from store import audit, keys
from store.audit import Wanted
from store.rows import Key
from tests.console.visits import HERE, Visitor, visiting
from tests.gateway.loops import in_loop

SECRET = re.compile(r"pst_([0-9a-f]{12})_[A-Za-z0-9_-]{43}")


def kept(visitor: Visitor) -> list[Key]:
    """The keys in the store."""
    with visitor.database.reading() as connection:
        return keys.page(connection).rows


async def made(visitor: Visitor, **fields: str) -> tuple[str, str]:
    """A key that the form made: its id and its secret."""
    answer = await visitor.post("/console/keys", origin=HERE, **{"name": "laptop", **fields})
    assert answer.status == 200, answer.body
    found = SECRET.search(answer.body.decode())
    assert found
    return found[1], found[0]


@in_loop
async def test_a_key_is_shown_once() -> None:
    """The page that answers its making has the secret, no other page does, and the store has its hash."""
    async with visiting() as visitor:
        identity, secret = await made(visitor)
        for place in ("/console/keys", f"/console/keys/{identity}"):
            text = await visitor.text(place)
            assert "laptop" in text
            assert secret not in text
        (key,) = kept(visitor)
        assert key.digest == hashlib.sha256(secret.encode()).digest()


@in_loop
async def test_keys_that_nobody_is_asked_for_are_said_to_be_so() -> None:
    """Where callers need none, the page does not have it look as if a key's limits held."""
    async with visiting() as visitor:
        await made(visitor)
        said = "Nobody is asked for a key here" in await visitor.text("/console/keys")
        assert said is not visitor.house.settings.server.keys_required


@in_loop
async def test_a_key_may_what_was_filled_in() -> None:
    """Models, limits and the budget of the form are what is granted; it expires when it says."""
    async with visiting() as visitor:
        await made(
            visitor,
            models="claude-*, fast",
            providers="anthropic",
            requests_per_minute="60",
            dollars="2.50",
            window="hour",
            days="30",
            role="service",
        )
        (key,) = kept(visitor)
        grants = grants_of(key.settings)
        assert (grants.models, grants.providers) == (("claude-*", "fast"), ("anthropic",))
        assert grants.limits.requests_per_minute == 60
        assert [(one.dollars, one.window) for one in grants.budgets] == [(2_500_000, "hour")]
        assert (key.role, key.expires - key.created) == ("service", 30 * 86_400_000)


@in_loop
async def test_a_budget_of_nothing_is_one_and_stays_one() -> None:
    """0 dollars let nothing be spent; an empty field is no budget, and ends one."""
    async with visiting() as visitor:
        await made(visitor, dollars="0", window="hour")
        (key,) = kept(visitor)
        for said, expected in (("0", [0]), ("", [])):
            await visitor.post(f"/console/keys/{key.id}/bound", dollars=said, window="hour")
            (key,) = kept(visitor)
            assert [one.dollars for one in grants_of(key.settings).budgets] == expected


@in_loop
async def test_every_verb_changes_the_key_at_once() -> None:
    """Blocked it opens nothing, unblocked and rotated both secrets open, revoked neither does for ever."""
    async with visiting() as visitor:
        identity, secret = await made(visitor)
        callers, place = visitor.house.callers, f"/console/keys/{identity}"
        await visitor.post(f"{place}/block")
        assert kept(visitor)[0].state == "blocked"
        await visitor.post(f"{place}/unblock")
        text = (await visitor.post(f"{place}/rotate")).body.decode()
        found = SECRET.search(text)
        assert found
        assert found[0] != secret
        assert callers.caller_of(found[0].encode()) is not None
        assert callers.caller_of(secret.encode()) is not None
        await visitor.post(f"{place}/bound", models="fast", concurrent="2")
        assert grants_of(kept(visitor)[0].settings).limits.concurrent == 2
        await visitor.post(f"{place}/revoke")
        assert kept(visitor)[0].state == "revoked"
        assert (await visitor.post(f"{place}/unblock")).status == 400
        with visitor.database.reading() as connection:
            changes = audit.page(connection, Wanted()).rows
        assert {change.actor for change in changes} == {"console"}
        assert len(changes) == 6


@in_loop
@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": ""}, "a key has a name"),
        ({"name": "x" * 101}, "a key has a name"),
        ({"role": "king"}, "no such role"),
        ({"owner": "nobody"}, "there is nobody of this id"),
        ({"requests_per_minute": "-1"}, "expected a whole number"),
        ({"concurrent": "1e9"}, "expected a whole number"),
        ({"dollars": "0.0000001"}, "less than a millionth"),
        ({"tokens_per_minute": "9" * 10}, "expected a whole number"),
        ({"tokens_per_minute": "9" * 30}, "expected a whole number"),
        ({"dollars": "much"}, "expected dollars"),
        ({"dollars": "1", "window": "year"}, "no such window"),
        ({"models": "x" * 300}, "length"),
        ({"days": "soon"}, "expected a whole number"),
        ({"days": "999999999"}, "expires too late"),
    ],
)
async def test_what_cannot_be_is_said_and_nothing_made(fields: dict[str, Any], words: str) -> None:
    """A wrong form comes back with what is wrong and what was filled in; no key is made."""
    async with visiting() as visitor:
        answer = await visitor.post("/console/keys", **{"name": "a", **fields})
        assert answer.status == 400
        assert words in answer.body.decode()
        assert kept(visitor) == []


@in_loop
async def test_a_key_that_is_not_there_is_said_so() -> None:
    """An unknown key and an unknown verb are a 404, hostile ones too."""
    async with visiting() as visitor:
        identity, _ = await made(visitor)
        assert (await visitor.get("/console/keys/nobody")).status == 404
        assert (await visitor.post("/console/keys/nobody/block")).status == 404
        assert (await visitor.post(f"/console/keys/{identity}/explode")).status == 404
        assert (await visitor.get("/console/keys/'%20OR%201=1--")).status == 404


@in_loop
async def test_names_are_no_markup() -> None:
    """What people call their keys is shown as they wrote it, and never run."""
    async with visiting() as visitor:
        name = "<script>alert(1)</script>"
        answer = await visitor.post("/console/keys", name=name)
        assert name not in answer.body.decode()
        assert "&lt;script&gt;" in await visitor.text("/console/keys")


@in_loop
async def test_without_a_store_there_is_a_hint_and_no_key() -> None:
    """The page says what to configure, and the form makes nothing."""
    async with visiting(stored=False) as visitor:
        assert "[store]" in await visitor.text("/console/keys")
        assert (await visitor.post("/console/keys", name="a")).status == 400
