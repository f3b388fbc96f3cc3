"""A request with several targets: which are asked, in what order, and which answer the client hears."""

import asyncio

import msgspec
import pytest

from gateway.settings import FailureSettings, Route, Share, Tier
from tests.gateway.failing import (
    CHAT,
    GOOD,
    GOOD_CHAT,
    MESSAGES,
    TOO_LONG,
    ask,
    client_of,
    failing,
    left,
    no,
    tried,
)
from tests.gateway.indoors import KEY, open_house, tiers
from tests.gateway.loops import Clock, in_loop, until
from tests.upstream.replies import fixture
from tests.upstream.scripts import JSON, whole
from tests.upstream.server import Upstream
from tests.upstream.steps import Close, Hang, Reset, Script

ATTEMPTS = b"x-penstock-attempts"
FIRST: dict[str, tuple[Script, list[str], str]] = {
    "401": (no(401), ["one", "two"], "credential"),
    "402": (no(402), ["one", "two"], "credential"),
    "403": (no(403), ["one", "two"], "credential"),
    "404": (no(404), ["one", "two"], "request"),
    "408": (no(408), ["one", "one", "two"], "upstream"),
    "429": (no(429), ["one", "two"], "throttled"),
    "500": (no(500), ["one", "one", "two"], "upstream"),
    "503": (no(503), ["one", "one", "two"], "upstream"),
    "529": (no(529), ["one", "one", "two"], "upstream"),
    "too long": (no(400, TOO_LONG), ["one", "two"], "request"),
    "closed": ((Close(),), ["one", "one", "two"], "upstream"),
    "reset": ((Reset(),), ["one", "one", "two"], "upstream"),
    "garbage": (whole(b"[]"), ["one", "one", "two"], "upstream"),
    "a redirect": (whole(b"", 307), ["one", "one", "two"], "upstream"),
    "a page": (whole(b"<html>", 502, {"content-type": "text/html"}), ["one", "one", "two"], "upstream"),
}


@pytest.mark.parametrize("failure", FIRST)
@in_loop
async def test_each_failure_leads_on(alone: Upstream, failure: str) -> None:
    """The same target once more or the next at once, until one is good; the client sees only that."""
    first, expected, kind = FIRST[failure]
    async with open_house(failing(alone)) as house:
        exchange = alone.plays(*[first] * (len(expected) - 1), GOOD)
        client = await ask(house, exchange)
        assert tried(exchange) == expected
        assert (client.status, client.body) == (200, fixture(MESSAGES, "plain.json"))
        assert client.header(b"x-penstock-attempts") == b"%d" % len(expected)
        assert (client.header(b"x-penstock-provider"), client.header(b"x-penstock-model")) == (b"two", b"y")
        assert left(house) == {("one", kind): 1}


@pytest.mark.parametrize("status", [400, 409, 413, 422])
@in_loop
async def test_a_wrong_request_stops_at_once(alone: Upstream, status: int) -> None:
    """What is wrong with the request is wrong everywhere: it is told in the words it came in."""
    async with open_house(failing(alone)) as house:
        exchange = alone.plays(no(status, "wrong"), GOOD)
        client = await ask(house, exchange)
        assert (tried(exchange), client.status, client.json()["error"]["message"]) == (
            ["one"],
            status,
            "wrong",
        )
        assert left(house) == {}


@in_loop
async def test_the_same_target_may_recover(alone: Upstream) -> None:
    """What is good at the second try has left nobody."""
    async with open_house(failing(alone)) as house:
        exchange = alone.plays(no(529), GOOD)
        client = await ask(house, exchange)
        assert (tried(exchange), client.header(b"x-penstock-attempts")) == (["one", "one"], b"2")
        assert left(house) == {}


@in_loop
async def test_a_silent_target_is_left_at_once(alone: Upstream) -> None:
    """One that says nothing for its time is not waited for again, and its connection is closed."""
    clock = Clock()
    patient = FailureSettings(deadline=1000.0)
    async with open_house(failing(alone, failure=patient), clock) as house:
        exchange = alone.plays((Hang(),), GOOD)
        asking = asyncio.ensure_future(ask(house, exchange))
        await until(lambda: exchange.requests and house.timekeeper.active)
        clock.move(601)
        house.timekeeper.sweep(clock())
        assert (await asking).status == 200
        assert tried(exchange) == ["one", "two"]
        assert exchange.left.wait(5)


# Which answer is told.


@in_loop
async def test_the_last_answer_is_told(alone: Upstream) -> None:
    """With all of them failing the client hears the last, as it came, with the time to come back."""
    async with open_house(failing(alone)) as house:
        exchange = alone.plays(no(529, "first"), no(529, "first"), no(429, "second", retry_after="7"))
        client = await ask(house, exchange)
        assert (client.status, client.json()["error"]["message"]) == (429, "second")
        assert client.header(b"retry-after") == b"7"
        assert (client.header(b"x-penstock-provider"), client.header(b"x-penstock-attempts")) == (
            b"two",
            b"3",
        )


@pytest.mark.parametrize("last", [no(401), no(403), no(404)], ids=["401", "403", "404"])
@in_loop
async def test_a_faulty_setting_up_hides_no_answer(alone: Upstream, last: Script) -> None:
    """A dead key or a missing model behind a busy target does not make clients give up on that."""
    async with open_house(failing(alone)) as house:
        exchange = alone.plays(no(429, "busy", retry_after="9"), last)
        client = await ask(house, exchange)
        assert (tried(exchange), client.status) == (["one", "two"], 429)
        assert client.json()["error"]["message"] == "busy"
        assert client.header(b"retry-after") == b"9"
        assert (client.header(b"x-penstock-provider"), client.header(b"x-penstock-attempts")) == (
            b"one",
            b"2",
        )


@in_loop
async def test_a_conversation_too_long_is_told_before_all(alone: Upstream) -> None:
    """The client can mend that by itself, whatever befell the target that might have had room."""
    async with open_house(failing(alone)) as house:
        exchange = alone.plays(no(400, TOO_LONG), no(529))
        client = await ask(house, exchange)
        assert tried(exchange) == ["one", "two", "two"]
        assert (client.status, client.json()["error"]["message"]) == (400, TOO_LONG)


@in_loop
async def test_all_keys_dead_is_not_the_clients_401(alone: Upstream) -> None:
    """When every target refuses our key, that is a 502 that asks for no retry."""
    async with open_house(failing(alone)) as house:
        client = await ask(house, alone.plays(no(401)))
        assert (client.status, client.header(b"x-should-retry")) == (502, b"false")
        assert "`two`" in client.json()["error"]["message"]


# Dialects.


@in_loop
async def test_from_passthrough_to_translation(alone: Upstream) -> None:
    """A target of another API takes over: the client reads its own, whole or streamed."""
    async with open_house(failing(alone, tiers("one/x", "chat/gpt"))) as house:
        exchange = alone.plays(no(429), GOOD_CHAT)
        client = await ask(house, exchange)
        assert (tried(exchange), client.status) == (["one", "chat"], 200)
        assert exchange.requests[1].target == "/chat/v1/chat/completions"
        assert (client.json()["type"], client.json()["model"]) == ("message", "m")
        assert client.header(b"x-penstock-body") == b"rewritten(translation)"


@in_loop
async def test_from_translation_to_passthrough(alone: Upstream) -> None:
    """What was written anew for the first is forgotten: the second gets the body as it came."""
    async with open_house(failing(alone, tiers("chat/gpt", "one/x"))) as house:
        exchange = alone.plays(whole(b'{"error":{"message":"slow"}}', 429), GOOD)
        client = await ask(house, exchange)
        assert client.body == fixture(MESSAGES, "plain.json")
        assert client.header(b"x-penstock-body") == b"model-span"
        assert client.header(b"x-penstock-dropped") is None
        sent = msgspec.json.decode(exchange.requests[1].body)
        assert (sent["model"], sent["max_tokens"]) == ("x", 9)


@in_loop
async def test_the_answer_of_another_dialect_is_the_clients(alone: Upstream) -> None:
    """The last error speaks OpenAI's API, and the client reads Anthropic's."""
    async with open_house(failing(alone, tiers("one/x", "chat/gpt"))) as house:
        busy = whole(
            b'{"error":{"message":"slow down","type":"requests"}}', 429, {**JSON, "retry-after": "3"}
        )
        client = await ask(house, alone.plays(no(429), busy))
        assert client.status == 429
        assert client.json()["error"] == {"type": "rate_limit_error", "message": "slow down"}
        assert client.header(b"retry-after") == b"3"


@in_loop
async def test_what_a_target_cannot_be_asked_is_asked_of_the_next(alone: Upstream) -> None:
    """A block that one API has no place for leads on; behind a busy target it hides nothing."""
    document = {"type": "document", "source": {"type": "file", "file_id": "file_1"}}
    turn = {"role": "user", "content": [document, {"type": "text", "text": "hi"}]}
    body = msgspec.json.encode({"model": "m", "max_tokens": 9, "messages": [turn]})
    async with open_house(failing(alone, tiers("chat/gpt", "one/x"))) as house:
        exchange = alone.plays(GOOD)
        assert (await client_of(exchange, body=body).ask(house)).status == 200
        assert tried(exchange) == ["one"]
    async with open_house(failing(alone, tiers("one/x", "chat/gpt"))) as house:
        exchange = alone.plays(no(429))
        assert (await client_of(exchange, body=body).ask(house)).status == 429
        assert tried(exchange) == ["one"]


@in_loop
async def test_demo_may_be_the_last(alone: Upstream) -> None:
    """penstock itself can answer when everybody else has failed."""
    async with open_house(failing(alone, tiers("one/x", "demo"))) as house:
        client = await ask(house, alone.plays(no(429)))
        assert (client.status, client.header(b"x-penstock-provider")) == (200, b"demo")


@in_loop
async def test_a_dead_credential_is_not_tried_for_another_model(alone: Upstream) -> None:
    """Another target of the same provider has the same key: it is passed over in this request."""
    async with open_house(failing(alone, tiers("one/x", "one/z", "two/y"))) as house:
        exchange = alone.plays(no(401), GOOD)
        assert (await ask(house, exchange)).status == 200
        assert tried(exchange) == ["one", "two"]
        exchange = alone.plays(no(429), GOOD)
        await ask(house, exchange)
        assert tried(exchange) == ["one", "one"]


# Limits.


@in_loop
async def test_four_tries_are_all(alone: Upstream) -> None:
    """Each target is asked before one takes the last of the tries for itself; what is to spare is used."""
    route = tiers("one/x", "two/y", "three/z")
    for tries, expected in ((4, "one one two three"), (5, "one one two two three"), (1, "one")):
        async with open_house(failing(alone, route, FailureSettings(tries=tries, pause=0.0))) as house:
            exchange = alone.plays(no(529))
            assert (await ask(house, exchange)).status == 529
            assert tried(exchange) == expected.split()


@in_loop
async def test_tries_at_a_target_are_an_option(alone: Upstream) -> None:
    """One try each: the next target is asked at once."""
    async with open_house(failing(alone, failure=FailureSettings(tries_per_target=1))) as house:
        exchange = alone.plays(no(529), GOOD)
        await ask(house, exchange)
        assert tried(exchange) == ["one", "two"]


@in_loop
async def test_without_budget_the_next_target_is_asked(alone: Upstream) -> None:
    """A try at the same target is paid for by earlier requests; going on to another is not."""
    async with open_house(failing(alone)) as house:
        while house.retries.take():
            pass
        exchange = alone.plays(no(529), GOOD)
        assert (await ask(house, exchange)).status == 200
        assert tried(exchange) == ["one", "two"]


@in_loop
async def test_no_try_begins_after_the_deadline(alone: Upstream) -> None:
    """A target that was waited for too long is the last: its failure is told."""
    clock = Clock()
    async with open_house(failing(alone, failure=FailureSettings(deadline=600.0)), clock) as house:
        exchange = alone.plays((Hang(),), GOOD)
        asking = asyncio.ensure_future(ask(house, exchange))
        await until(lambda: exchange.requests and house.timekeeper.active)
        clock.move(601)
        house.timekeeper.sweep(clock())
        assert (await asking).status == 504
        assert tried(exchange) == ["one"]


# Which target is first.


@in_loop
async def test_a_weighted_group_begins_where_chance_says(alone: Upstream) -> None:
    """Drawn by weight for each request, and the others follow when it fails."""
    chances = iter((0.0, 0.74, 0.75))
    route = Route((Tier((Share("one/x", 3), Share("two/y")), affinity=False),))
    async with open_house(failing(alone, route), chance=chances.__next__) as house:
        exchange = alone.plays(GOOD)
        for _ in range(3):
            await ask(house, exchange)
        assert tried(exchange) == ["one", "one", "two"]


@in_loop
async def test_round_robin_takes_turns_and_counting_takes_none(alone: Upstream) -> None:
    """Each request begins at the next target; a count of tokens asks the first, and moves nobody."""
    route = Route((Tier((Share("one/x"), Share("two/y")), "round_robin", affinity=False),))
    async with open_house(failing(alone, route)) as house:
        exchange = alone.plays(GOOD)
        for _ in range(3):
            await ask(house, exchange)
            await client_of(exchange, path="/v1/messages/count_tokens").ask(house)
        assert tried(exchange) == ["one", "one", "two", "one", "one", "one"]


@in_loop
async def test_a_count_leaves_no_connection_behind(alone: Upstream) -> None:
    """Where the first target cannot count the next is asked, and no connection stays busy."""
    async with open_house(failing(alone)) as house:
        counts = whole(b'{"input_tokens":5}')
        exchange = alone.plays(no(404), counts)
        client = await client_of(exchange, path="/v1/messages/count_tokens").ask(house)
        assert (tried(exchange), client.json()) == (["one", "two"], {"input_tokens": 5})
        pools = [house.providers[name].doors[MESSAGES].pool for name in ("one", "two")]
        assert [pool.counts() for pool in pools] == [(0, 0), (1, 1)]


@in_loop
async def test_embeddings_pass_over_who_has_none(alone: Upstream) -> None:
    """A target without embeddings is not in the plan of a request for them."""
    async with open_house(failing(alone, tiers("one/x", "chat/e"))) as house:
        exchange = alone.plays(whole(b'{"object":"list","data":[],"usage":{"prompt_tokens":1}}'))
        await client_of(exchange, path="/v1/embeddings", body=b'{"model":"m","input":"hi"}').ask(house)
        assert tried(exchange) == ["chat"]
        (target,) = house.router.plan(CHAT, "m", embed=True)
        assert target.provider.name == "chat"


@in_loop
async def test_one_target_is_asked_as_ever(alone: Upstream) -> None:
    """A status passes at once, whatever it is: clients have tries of their own."""
    for status in (401, 429, 500, 529):
        async with open_house(failing(alone, tiers("one/x"))) as house:
            exchange = alone.plays(no(status))
            client = await ask(house, exchange)
            assert (client.status, tried(exchange)) == (502 if status == 401 else status, ["one"])
            assert client.header(b"x-penstock-attempts") == b"1"
            assert KEY.encode() not in client.body
