"""Ways out and rivals over real sockets: the client hears one answer, in its own API."""

import pytest

from tests.path.conftest import Start
from tests.path.dialects import CHAT, MESSAGES, Dialect
from tests.path.house import House, configuration
from tests.upstream.scripts import begun, stream, whole
from tests.upstream.server import Upstream
from tests.upstream.steps import Hang

MODELS = """
[models.slow-claude]
strategy = "in_order"
targets = ["ant/claude-opus-5-5", "only-messages/claude-haiku-4-5"]
hedge = "200ms"
[models.slow-gpt]
strategy = "in_order"
targets = ["box/gpt-5.1", "only-chat/gpt-5.1-mini"]
hedge = "200ms"
[models.long-claude]
targets = ["ant/claude-opus-5-5"]
too_long = "only-chat/gpt-5.1"
[models.long-gpt]
targets = ["box/gpt-5.1"]
too_long = "only-messages/claude-opus-5-5"
"""
TOO_LONG = {
    MESSAGES.name: "prompt is too long: 210000 tokens > 200000 maximum",
    CHAT.name: "maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.",
}
each_dialect = pytest.mark.parametrize("dialect", [MESSAGES, CHAT], ids=lambda dialect: dialect.name)


@pytest.fixture(scope="module")
def roomy(gateway: Start, replay: Upstream) -> House:
    """A gateway whose models have rivals and ways out."""
    return House(gateway(configuration(replay) + MODELS), replay)


def model(dialect: Dialect, plan: str) -> str:
    """The name of a plan for clients of a dialect."""
    return f"{plan}-{'claude' if dialect is MESSAGES else 'gpt'}"


@each_dialect
def test_a_slow_stream_is_overtaken(roomy: House, dialect: Dialect) -> None:
    """The client sees the other's stream alone, byte for byte; the slow one's connection is closed."""
    exchange = roomy.replay.plays((*begun(dialect.events[:1]), Hang()), stream(dialect.events))
    reply = roomy.post(dialect, dialect.body(model(dialect, "slow"), stream=True), [exchange.header])
    assert (reply.status, reply.body) == (200, b"".join(dialect.events))
    assert reply.header("x-penstock-attempts") == "2"
    assert reply.header("x-penstock-provider") in {"only-messages", "only-chat"}
    exchange.wait_until_left()


@each_dialect
def test_a_conversation_too_long_goes_elsewhere(roomy: House, dialect: Dialect) -> None:
    """To a provider of another API, whose answer the client reads in its own."""
    there = CHAT if dialect is MESSAGES else MESSAGES
    no = whole(dialect.upstream_error(TOO_LONG[dialect.name]), 400)
    exchange = roomy.replay.plays(no, whole(there.whole))
    reply = roomy.post(dialect, dialect.body(model(dialect, "long")), [exchange.header])
    assert (reply.status, reply.header("x-penstock-body")) == (200, "rewritten(translation)")
    assert exchange.requests[1].target.startswith(there.path)
