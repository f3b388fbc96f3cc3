"""Requests that a model refuses for a setting: sent again without it, at once and from then on."""

import msgspec
import pytest

from gateway.house import House
from gateway.settings import FailureSettings
from gateway.state import Pair
from tests.gateway.failing import GOOD, GOOD_CHAT, MESSAGES, TWO, failing, no, tried
from tests.gateway.indoors import Client, open_house, tiers
from tests.gateway.loops import Clock, in_loop
from tests.upstream.exchange import Exchange
from tests.upstream.replies import fixture
from tests.upstream.scripts import JSON, whole
from tests.upstream.server import Upstream
from tests.upstream.steps import Script

ONE = tiers("one/x")
ON_CHAT = tiers("chat/x")
BETAS = "effort-2025-11-24,context-management-2025-06-27"
REFUSAL = "context_management: Extra inputs are not permitted"
# Spaced as nobody would write it anew: what is cut out of it is seen.
BODY = (
    b'{"model": "m", "max_tokens": 9,  "context_management": {"edits": [{"type": "x"}]} ,'
    b' "messages": [{"role": "user", "content": "hi"}], "temperature":0.50}'
)
CUT = b'{"model": "x", "max_tokens": 9 , "messages": [{"role": "user", "content": "hi"}], "temperature":0.50}'


async def ask(house: House, exchange: Exchange, body: bytes = BODY, betas: str = BETAS) -> Client:
    """What comes of a request with a setting that may be refused."""
    headers: list[Pair] = [(b"baggage", exchange.name.encode())]
    headers += [(b"anthropic-beta", betas.encode())] if betas else []
    return await Client(body=body, headers=headers).ask(house)


def betas_of(exchange: Exchange) -> list[str | None]:
    """The betas of each request that reached the upstream."""
    return [dict(request.headers).get("anthropic-beta") for request in exchange.requests]


@in_loop
async def test_a_refused_setting_is_left_out(alone: Upstream) -> None:
    """The request is sent once more without it and its beta; the client sees the good answer."""
    async with open_house(failing(alone, ONE)) as house:
        exchange = alone.plays(no(400, REFUSAL), GOOD)
        client = await ask(house, exchange)
        assert (client.status, client.body) == (200, fixture(MESSAGES, "plain.json"))
        assert client.header(b"x-penstock-attempts") == b"2"
        assert client.header(b"x-penstock-body") == b"rewritten(lesson)"
        assert client.header(b"x-penstock-dropped") == b"context_management, context-management-2025-06-27"
        assert [request.body for request in exchange.requests] == [BODY.replace(b'"m"', b'"x"'), CUT]
        assert betas_of(exchange) == [BETAS, "effort-2025-11-24"]


@in_loop
async def test_later_requests_go_without_it(alone: Upstream) -> None:
    """What was learned once is left out from the start, until its time is over, and of this model only."""
    clock = Clock()
    models = failing(alone, ONE)
    models = msgspec.structs.replace(models, models={**models.models, "n": "one/y"})
    async with open_house(models, clock) as house:
        await ask(house, alone.plays(no(400, REFUSAL), GOOD))
        later = alone.plays(GOOD, GOOD, GOOD)
        assert (await ask(house, later)).header(b"x-penstock-attempts") == b"1"
        assert (await ask(house, later, BODY.replace(b'"m"', b'"n"'))).header(b"x-penstock-dropped") is None
        clock.move(86400)
        house.lessons.expire(clock())
        assert (await ask(house, later)).header(b"x-penstock-body") == b"model-span"
        assert [b"context_management" in request.body for request in later.requests] == [False, True, True]


@in_loop
async def test_a_refused_beta_goes_with_its_field(alone: Upstream) -> None:
    """The other way round: the header is what is refused."""
    words = "Unexpected value(s) `context-management-2025-06-27` for the `anthropic-beta` header."
    async with open_house(failing(alone, ONE)) as house:
        exchange = alone.plays(no(400, words), GOOD)
        assert (await ask(house, exchange)).status == 200
        assert exchange.requests[1].body == CUT
        assert betas_of(exchange)[1] == "effort-2025-11-24"


@in_loop
async def test_a_beta_alone(alone: Upstream) -> None:
    """The body passes as it came, and a header that holds nothing more is not sent."""
    words = "Unexpected value(s) `made-up-2027` for the `anthropic-beta` header."
    async with open_house(failing(alone, tiers("one"))) as house:
        exchange = alone.plays(no(400, words), GOOD)
        client = await ask(house, exchange, betas="made-up-2027")
        assert client.header(b"x-penstock-body") == b"verbatim"
        assert client.header(b"x-penstock-dropped") == b"made-up-2027"
        assert betas_of(exchange) == ["made-up-2027", None]


@pytest.mark.parametrize(
    "words",
    [
        'messages.1.role: Unexpected role "system".',
        "messages.1.output_config: Extra inputs are not permitted",
        "messages.3.content.0: Invalid `signature` in `thinking` block",
        "prompt is too long: 213104 tokens > 200000 maximum",
        "tools.0.custom.defer_loading: Extra inputs are not permitted",
        "metadata: Extra inputs are not permitted",
        "Unexpected value(s) `oauth-2025-04-20` for the `anthropic-beta` header.",
    ],
)
@in_loop
async def test_other_refusals_pass_in_their_own_words(alone: Upstream, words: str) -> None:
    """What is content, or is not in the request at all, is asked once; clients have ladders of their own."""
    async with open_house(failing(alone, ONE)) as house:
        exchange = alone.plays(no(400, words), GOOD)
        client = await ask(house, exchange, betas="oauth-2025-04-20")
        assert (client.status, client.json()["error"]["message"], len(exchange.requests)) == (400, words, 1)
        assert [lesson for lesson in house.lessons.of("one", "x") if lesson.spared is not None] == []


@in_loop
async def test_a_lesson_that_does_not_help_is_forgotten(alone: Upstream) -> None:
    """The same words again: the client hears them, and the next request has all of its fields."""
    async with open_house(failing(alone, ONE)) as house:
        exchange = alone.plays(no(400, REFUSAL), no(400, REFUSAL), GOOD)
        client = await ask(house, exchange)
        assert (client.status, client.json()["error"]["message"]) == (400, REFUSAL)
        assert (len(exchange.requests), house.lessons.any) == (2, False)
        assert (await ask(house, exchange)).status == 200
        assert exchange.requests[2].body == exchange.requests[0].body


@in_loop
async def test_one_lesson_after_another(alone: Upstream) -> None:
    """A strict upstream names one field at a time: each is left out, as long as there are tries."""
    again = no(400, "`temperature` is deprecated for this model.")
    async with open_house(failing(alone, ONE)) as house:
        exchange = alone.plays(no(400, REFUSAL), again, GOOD)
        client = await ask(house, exchange)
        assert (client.status, client.header(b"x-penstock-attempts")) == (200, b"3")
        assert msgspec.json.decode(exchange.requests[2].body).keys() == {"model", "max_tokens", "messages"}


@in_loop
async def test_a_lesson_costs_a_try(alone: Upstream) -> None:
    """Where there is none left the refusal is told; it is a lesson for the next request all the same."""
    async with open_house(failing(alone, ONE, FailureSettings(tries=1))) as house:
        exchange = alone.plays(no(400, REFUSAL), GOOD)
        assert (await ask(house, exchange)).status == 400
        assert (await ask(house, exchange)).status == 200
        assert exchange.requests[1].body == CUT


@in_loop
async def test_a_lesson_takes_from_the_budget(alone: Upstream) -> None:
    """An upstream that refuses everything is not asked twice as much."""
    async with open_house(failing(alone, ONE)) as house:
        while house.retries.take():
            pass
        exchange = alone.plays(no(400, REFUSAL), GOOD)
        assert (await ask(house, exchange)).status == 400
        assert len(exchange.requests) == 1


@in_loop
async def test_learning_can_be_turned_off(alone: Upstream) -> None:
    """Every refusal passes as it came, and nothing is kept."""
    async with open_house(failing(alone, ONE, FailureSettings(learn=False))) as house:
        exchange = alone.plays(no(400, REFUSAL), GOOD)
        assert (await ask(house, exchange)).status == 400
        assert (len(exchange.requests), house.lessons.any) == (1, False)


@in_loop
async def test_a_translated_request_is_heeded_too(alone: Upstream) -> None:
    """What was written for another API has the field of that API, and loses it."""
    async with open_house(failing(alone, ON_CHAT)) as house:
        exchange = alone.plays(
            refused("Unrecognized request argument supplied: temperature"), GOOD_CHAT, GOOD_CHAT
        )
        client = await ask(house, exchange)
        assert client.status == 200
        assert client.header(b"x-penstock-body") == b"rewritten(translation)"
        assert b"temperature" in (client.header(b"x-penstock-dropped") or b"")
        assert (await ask(house, exchange)).status == 200
        assert [b"temperature" in request.body for request in exchange.requests] == [True, False, False]


@in_loop
async def test_a_limit_goes_by_its_other_name(alone: Upstream) -> None:
    """A limit is not lost: it goes by the name this model knows."""
    words = "Unsupported parameter: 'max_completion_tokens' is not supported with this model."
    async with open_house(failing(alone, ON_CHAT)) as house:
        exchange = alone.plays(refused(words), GOOD_CHAT)
        body = b'{"model":"m","max_completion_tokens":9,"messages":[]}'
        client = await Client(
            "/v1/chat/completions", body, headers=[(b"baggage", exchange.name.encode())]
        ).ask(house)
        assert client.status == 200
        assert exchange.requests[1].body == b'{"model":"x","max_tokens":9,"messages":[]}'


@in_loop
async def test_what_a_model_cannot_do_leads_on(alone: Upstream) -> None:
    """The next target may be able; with none left the words are told."""
    async with open_house(failing(alone, TWO)) as house:
        exchange = alone.plays(no(400, '"x" does not support tools'), GOOD)
        assert (await ask(house, exchange)).status == 200
        assert tried(exchange) == ["one", "two"]
        assert [lesson.ability for lesson in house.lessons.of("one", "x")] == ["tools"]
        exchange = alone.plays(no(400, '"x" does not support tools'), no(400, '"y" does not support tools'))
        client = await ask(house, exchange)
        assert client.json()["error"]["message"] == '"y" does not support tools'


@in_loop
async def test_a_field_that_holds_more_stays_with_its_beta(alone: Upstream) -> None:
    """An `output_config` with a format is content: neither it nor the beta goes."""
    words = "output_config: Extra inputs are not permitted"
    simple = b'{"model":"m","output_config":{"effort":"low"},"messages":[]}'
    mixed = b'{"model":"m","output_config":{"effort":"low","format":{}},"messages":[]}'
    async with open_house(failing(alone, ONE)) as house:
        exchange = alone.plays(no(400, words), GOOD, no(400, words))
        assert (await ask(house, exchange, simple)).status == 200
        assert exchange.requests[1].body == b'{"model":"x","messages":[]}'
        assert (await ask(house, exchange, mixed)).status == 400
        assert exchange.requests[2].body == mixed.replace(b'"m"', b'"x"')
        assert betas_of(exchange)[1:] == ["context-management-2025-06-27", BETAS]


def refused(words: str) -> Script:
    """A 400 as OpenAI's API writes it."""
    body = {"error": {"message": words, "type": "invalid_request_error", "param": None, "code": None}}
    return whole(msgspec.json.encode(body), 400, JSON)
