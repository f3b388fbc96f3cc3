"""The pages: on an empty store, on a full one, and without any."""

import re
import time
from html import escape
from pathlib import Path
from urllib.parse import quote

import msgspec
import pytest

from gateway.edge.console.spelling import money, share, short, span
from gateway.settings import RoutingSettings, Rule, Settings, StoreSettings, When
from store.connect import Database
from store.ledger import insert, page
from store.rows import Attempt
from tests.console.fullness import fill
from tests.console.visits import EVERY_PAGE, Visitor, visiting
from tests.gateway.indoors import open_house, provider, settings, tiers
from tests.gateway.loops import in_loop
from tests.upstream.replies import ordinary
from tests.upstream.server import Upstream


def full(folder: Path) -> Settings:
    """Settings with a store that a team has used for a month."""
    path = folder / "penstock.db"
    fill(path, int(time.time() * 1000), 400)
    return msgspec.structs.replace(settings(), store=StoreSettings(path=str(path)))


@in_loop
async def test_an_empty_store_says_what_to_do_next() -> None:
    """Every page opens where nothing was ever asked, and the empty ones say how that changes."""
    async with visiting() as visitor:
        for place in EVERY_PAGE:
            assert (await visitor.get(place)).status == 200, place
        assert "Nothing was used in the last 7 days" in await visitor.text("/console/usage")
        assert "No conversation yet" in await visitor.text("/console/conversations")
        assert "New key" in await visitor.text("/console/keys")


@in_loop
async def test_without_a_store_pages_say_which_need_one() -> None:
    """Usage, conversations and keys name what to configure; the others work."""
    async with visiting(stored=False) as visitor:
        for place in ("usage", "conversations", "conversations/s", "keys", "keys/k"):
            text = await visitor.text(f"/console/{place}")
            assert "[store]" in text, place
        for place in ("", "/routes", "/playground"):
            assert "[store]" not in await visitor.text(f"/console{place}"), place


@in_loop
async def test_usage_is_told_by_everything(tmp_path: Path) -> None:
    """Every span and every group opens, with names for ids, and the sums are those of the store."""
    async with open_house(full(tmp_path)) as house:
        visitor = Visitor(house)
        for by in ("model", "provider", "key", "user", "team", "session", "agent", "day"):
            for span_ in ("1d", "7d", "30d", "90d"):
                assert "Cost" in await visitor.text(f"/console/usage?by={by}&span={span_}"), (by, span_)
        assert "Ada&#39;s laptop" in await visitor.text("/console/usage?by=key&span=30d")
        assert "Core" in await visitor.text("/console/usage?by=team&span=30d")
        text = await visitor.text("/console/usage?span=90d")
        assert all(model in text for model in ("claude-opus-4-5", "gpt-5.1"))
        assert "came to nothing: left" in text
        # What nobody offers is what is offered first.
        assert "7 days" in await visitor.text("/console/usage?span=9999d&by='--")


@in_loop
async def test_a_conversation_is_told_in_order(tmp_path: Path) -> None:
    """Its attempts from the first on, with what each waited, read from the prompt cache and cost."""
    given = full(tmp_path)
    async with open_house(given) as house:
        visitor = Visitor(house)
        listed = await visitor.text("/console/conversations")
        session = re.findall(r"/console/conversations/([0-9a-f-]{36})", listed)[0]
        text = await visitor.text(f"/console/conversations/{session}")
        database = Database(given.store.path)
        with database.reading() as connection:
            rows = [kept.attempt for kept in page(connection, "session", session).rows]
        database.close()
        assert text.count('<th scope="row">') == len(rows)
        assert text.count('<small class="why">') == len(rows)
        assert all(escape(row.decision) in text for row in rows)
        places = [text.index(f'title="{row.exchange}"') for row in reversed(rows)]
        assert places == sorted(places)
        missing = await visitor.get("/console/conversations/nothing")
        assert (missing.status, b"Nothing is kept" in missing.body) == (404, True)


@in_loop
async def test_what_clients_call_their_conversations_leads_there() -> None:
    """A session's name with marks of markup and of addresses is shown as text, and its link finds it."""
    name = 'a?b#c"><script>x</script>'
    async with visiting() as visitor:
        with visitor.database.writing() as connection:
            began = int(time.time() * 1000)
            insert(connection, [Attempt("one", session=name, model="m", began=began, cost=5, price="p")])
        for place in ("/console/usage?by=session", "/console/conversations"):
            text = await visitor.text(place)
            assert "<script>x" not in text
            link = re.findall(r'"(/console/conversations/[^"]+)"', text)[0]
            assert "Nothing is kept" not in await visitor.text(link)


@in_loop
async def test_any_conversation_is_found_by_how_it_begins() -> None:
    """Also one that is not among the latest or the dearest, and whatever marks its name has."""
    async with visiting() as visitor:
        names = [f"{number:04}" for number in range(60)] + ["a%b", "a_b", "é1"]
        with visitor.database.writing() as connection:
            insert(connection, [Attempt(f"{n}", session=name) for n, name in enumerate(names)])
        assert '/conversations/0000"' not in await visitor.text("/console/conversations")
        for asked, found in (("0000", ["0000"]), ("000", names[9::-1]), ("a%", ["a%25b"]), ("a_", ["a_b"])):
            text = await visitor.text(f"/console/conversations?find={quote(asked)}")
            links = re.findall('"/console/conversations/([^"]+)"', text)
            assert sorted(links) == sorted(found), asked
        assert "/conversations/%C3%A91" in await visitor.text(f"/console/conversations?find={quote('é')}")
        none = await visitor.text(f"/console/conversations?find={quote('<b>x')}")
        assert "No conversation is called <code>&lt;b&gt;x</code>" in none
        assert "The 50 latest" in await visitor.text("/console/conversations")
        assert "The first 50" in await visitor.text("/console/conversations?find=00")


@in_loop
async def test_routes_are_told_in_order() -> None:
    """Names with their targets in order, rules with their conditions, providers without their keys."""
    given = settings(provider("box", "http://127.0.0.1:9"), models={"smart": tiers("box/m", "demo/demo-1")})
    rule = Rule(When(scenario="background"), "demo/demo-1", "rules[0]")
    given = msgspec.structs.replace(given, routing=RoutingSettings(rules=(rule,)))
    async with visiting(given) as visitor:
        text = await visitor.text("/console/routes")
        assert text.index("box/m") < text.index("demo/demo-1")
        assert "scenario background" in text
        assert "sk-ant-planted" not in text


@in_loop
async def test_a_provider_is_tested() -> None:
    """The button says whether it answers, in how long, and never a key."""
    replay = Upstream(ordinary)
    replay.start()
    try:
        away, here = provider("away", "http://127.0.0.1:9"), provider("here", replay.address)
        await _test(settings(away, here))
    finally:
        replay.stop()


async def _test(given: Settings) -> None:
    async with visiting(given) as visitor:
        assert b"well" in (await visitor.post("/console/routes/demo/test")).body
        assert b"failed" in (await visitor.post("/console/routes/away/test")).body
        told = (await visitor.post("/console/routes/here/test")).body
        assert b"it answered" in told
        assert b"sk-ant-planted" not in told
        assert (await visitor.post("/console/routes/nobody/test")).status == 404


@in_loop
async def test_the_playground_offers_what_there_is() -> None:
    """Every API, and every name that is no glob; the key field only where keys are asked for."""
    models = {"smart": "demo/demo-1", "claude-*": "demo"}
    async with visiting(settings(models=models)) as visitor:
        text = await visitor.text("/console/playground")
        assert 'value="smart"' in text
        assert 'value="claude-*"' not in text
        assert all(name in text for name in ("anthropic-messages", "gemini", "ollama"))
        assert 'name="key"' not in text


@pytest.mark.parametrize(
    ("spelled", "meant"),
    [
        (money(0), "$0.00"),
        (money(12_345_678), "$12.35"),
        (money(1_234), "$0.0012"),
        (money(7), "$0.000007"),
        (short(999), "999"),
        (short(1_240_000), "1.2M"),
        (short(123_456), "123k"),
        (span(240), "240 ms"),
        (span(3_200), "3.2 s"),
        (span(240_000), "4 min"),
        (share(1, 4), "25 %"),
        (share(0, 0), "\u2013"),
        (share(0, 9), "0 %"),
        (share(4, 1000), "<1 %"),
        (share(5, 1000), "0 %"),
    ],
)
def test_numbers_are_spelled_short(spelled: str, meant: str) -> None:
    """As many digits as say something."""
    assert spelled == meant
