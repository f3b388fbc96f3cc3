"""Overrides in header fields, over real sockets: what each does, who may, and that none goes on."""

import pytest

from tests.path.client import now
from tests.path.conftest import Start
from tests.path.dialects import CHAT, MESSAGES, Dialect, each_dialect
from tests.path.house import ENVIRONMENT, House, configuration
from tests.path.test_keys import KEY
from tests.upstream.scripts import stream, whole
from tests.upstream.server import Upstream
from tests.upstream.steps import Hang

OTHER = "pst-of-somebody-else-0001"
ROUTES = """
both = ["ant/claude-first", "only-messages/claude-second"]
keeps = "only-messages"
way-out = { targets = ["ant/claude-first"], too_long = "only-messages/claude-long" }
[profiles.work]
models = { "claude-*" = "ant/claude-of-work" }
[profiles.keeps]
models = { "claude-*" = "ant/never" }
[[rules]]
when = { headers = { x-ruled = "*" } }
use = "ant/claude-ruled"
[failure]
pause = 0
"""
KEYS = """
[keys]
may = { secret = "${PENSTOCK_TEST_KEY}", overrides = true }
other = { secret = "${PENSTOCK_OTHER_KEY}" }
"""
Field = tuple[str, str]


def routed(value: str) -> Field:
    """The override of a route."""
    return ("x-penstock-route", value)


@pytest.fixture(scope="module")
def open_house(gateway: Start, replay: Upstream) -> House:
    """A gateway that asks for no keys."""
    return House(gateway(configuration(replay) + ROUTES, ENVIRONMENT), replay)


@pytest.fixture(scope="module")
def locked(gateway: Start, replay: Upstream) -> House:
    """A gateway with a key that may send overrides, and one that may not."""
    environment = {**ENVIRONMENT, "PENSTOCK_TEST_KEY": KEY, "PENSTOCK_OTHER_KEY": OTHER}
    return House(gateway(configuration(replay, 'keys = "required"') + ROUTES + KEYS, environment), replay)


@pytest.mark.parametrize(
    ("value", "model"),
    [
        ("both", "claude-first"),
        ("keeps", "claude-opus-5-5"),
        ("work", "claude-of-work"),
        ("ant/claude-x", "claude-x"),
        ("claude-y", "claude-y"),
    ],
)
def test_a_route_may_be_said(open_house: House, value: str, model: str) -> None:
    """An alias, which goes before a profile of its name, a profile, a provider's model: before any rule."""
    fields = [routed(value)] if value == "work" else [routed(value), ("x-ruled", "yes")]
    asked = open_house.ask(MESSAGES, whole(MESSAGES.whole), fields)
    assert asked.reply.status == 200
    assert asked.reply.header("x-penstock-model") == model
    assert b"x-penstock" not in asked.exchange.request.head.lower()


@each_dialect
def test_a_route_that_leads_nowhere_is_a_404(open_house: House, dialect: Dialect) -> None:
    """It is told by its name, in the client's API; neither an address nor a key can be said."""
    for value in ("nowhere", "http://127.0.0.1:1/v1", "work/x"):
        reply = open_house.post(dialect, dialect.body(), [routed(value)])
        assert (reply.status, f"`{value}` is not known" in reply.body.decode()) == (404, True)


def test_without_fallback_the_first_target_answers(open_house: House) -> None:
    """Its error is the client's; with `on` the next one answers, as ever."""
    failing = whole(MESSAGES.upstream_error("down"), 503)
    for value, status in (("off", 503), ("on", 200)):
        exchange = open_house.replay.plays(failing, failing, whole(MESSAGES.whole))
        fields = [exchange.header, routed("both"), ("x-penstock-fallback", value)]
        assert open_house.post(MESSAGES, MESSAGES.body(), fields).status == status


def test_without_fallback_there_is_no_way_out(open_house: House) -> None:
    """A conversation that is too long is told so."""
    long = whole(MESSAGES.upstream_error("prompt is too long: 300000 tokens > 200000 maximum"), 400)
    for value, status in (("off", 400), ("on", 200)):
        exchange = open_house.replay.plays(long, whole(MESSAGES.whole))
        fields = [exchange.header, routed("way-out"), ("x-penstock-fallback", value)]
        assert open_house.post(MESSAGES, MESSAGES.body(), fields).status == status


@pytest.mark.parametrize("streamed", [False, True])
def test_a_time_limit_of_the_callers_own(open_house: House, streamed: bool) -> None:
    """When it is over the request ends with a 504, and no other target is tried."""
    exchange = open_house.replay.plays((Hang(),))
    fields = [exchange.header, routed("both"), ("x-penstock-timeout", "300ms")]
    began = now()
    reply = open_house.post(MESSAGES, MESSAGES.body(stream=streamed), fields)
    assert reply.status == 504
    assert 0.3 <= now() - began < 5
    assert len(exchange.requests) == 1


def test_a_reply_in_time_is_not_cut(open_house: House) -> None:
    """The limit is for the beginning of a stream, and it makes no other limit longer."""
    asked = open_house.ask_stream(MESSAGES, stream(MESSAGES.events), [("x-penstock-timeout", "20s")])
    assert asked.reply.complete
    hasty = open_house.replay.plays((Hang(),))
    began = now()
    fields = [hasty.header, ("x-penstock-timeout", "1h")]
    assert open_house.post(CHAT, CHAT.body("hasty-gpt"), fields).status == 504
    assert now() - began < 10


@pytest.mark.parametrize(
    "field",
    [
        ("x-penstock-fallback", "maybe"),
        ("x-penstock-timeout", "soon"),
        ("x-penstock-timeout", "0s"),
        ("x-penstock-timeout", "-1s"),
    ],
)
def test_nonsense_is_a_400_that_names_the_field(open_house: House, field: Field) -> None:
    """And says what it may be."""
    reply = open_house.post(CHAT, CHAT.body(), [field])
    assert (reply.status, reply.json()["error"]["code"]) == (400, "invalid_override")
    assert field[0] in reply.json()["error"]["message"]


@pytest.mark.parametrize(
    "field", [routed("both"), ("x-penstock-fallback", "off"), ("X-Penstock-Timeout", "9s")]
)
def test_a_key_that_may_not_is_told_so(locked: House, field: Field) -> None:
    """A 403 that names the field, before anything is asked of anybody; the key that may is served."""
    refused = locked.post(MESSAGES, MESSAGES.body(), [("x-api-key", OTHER), field])
    assert (refused.status, f"`{field[0].lower()}`" in refused.body.decode()) == (403, True)
    asked = locked.ask(MESSAGES, whole(MESSAGES.whole), [("x-api-key", KEY), field])
    assert asked.reply.status == 200
