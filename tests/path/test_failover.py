"""Several targets over real sockets: the client hears one answer in its own API, whoever failed before."""

import re

import pytest

from tests.path.client import now
from tests.path.conftest import Start
from tests.path.dialects import CHAT, MESSAGES, Dialect, each_dialect
from tests.path.house import House, configuration
from tests.path.test_departure import BOUND
from tests.upstream.scripts import JSON, begun, stream, whole
from tests.upstream.server import Upstream
from tests.upstream.steps import Close, Hang, Script

# The first of each plan is away, sick or late; the second of `crossed` speaks another API than the client.
MODELS = """
away-claude = ["ant-closed/claude-opus-5-5", "ant/claude-opus-5-5"]
away-gpt = ["box-closed/gpt-5.1", "box/gpt-5.1"]
sick-claude = ["ant/claude-opus-5-5", "only-messages/claude-opus-5-5"]
sick-gpt = ["box/gpt-5.1", "box-hasty/gpt-5.1-mini"]
late-claude = ["ant-hasty/claude-opus-5-5", "ant/claude-opus-5-5"]
late-gpt = ["box-hasty/gpt-5.1", "box/gpt-5.1"]
crossed-claude = ["ant/claude-opus-5-5", "only-chat/gpt-5.1"]
crossed-gpt = ["box/gpt-5.1", "only-messages/claude-opus-5-5"]

[models.turns]
strategy = "round_robin"
affinity = false
targets = ["ant/claude-opus-5-5", "only-messages/claude-haiku-4-5"]
"""
each_form = pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])


@pytest.fixture(scope="module")
def several(gateway: Start, replay: Upstream) -> House:
    """A gateway whose models have several targets, each tried once, and whose log is for programs.

    No target is left alone for any time: what one test breaks is no other's concern.
    """
    text = (
        configuration(replay) + MODELS + '[failure]\ntries_per_target = 1\nrest = 0\n[log]\nformat = "json"\n'
    )
    return House(gateway(text), replay)


def model(dialect: Dialect, plan: str) -> str:
    """The name of a plan for clients of a dialect."""
    return f"{plan}-{'claude' if dialect is MESSAGES else 'gpt'}"


def good(dialect: Dialect, *, streamed: bool) -> Script:
    """A reply."""
    return stream(dialect.events) if streamed else whole(dialect.whole)


def full(dialect: Dialect, *, streamed: bool) -> bytes:
    """What the client gets of it, where it passes."""
    return b"".join(dialect.events) if streamed else dialect.whole


@each_form
@each_dialect
def test_an_address_nobody_listens_on(several: House, dialect: Dialect, *, streamed: bool) -> None:
    """A refused connection leads on; the client gets the reply byte for byte, and how many tries it took."""
    body = dialect.body(model(dialect, "away"), stream=streamed)
    asked = several.ask(dialect, good(dialect, streamed=streamed), body=body)
    assert (asked.reply.status, asked.reply.body) == (200, full(dialect, streamed=streamed))
    assert asked.reply.header("x-penstock-attempts") == "2"
    assert len(asked.exchange.requests) == 1


@pytest.mark.parametrize("status", [401, 403, 408, 429, 500, 503, 529])
@each_form
@each_dialect
def test_a_status_is_not_seen(several: House, dialect: Dialect, status: int, *, streamed: bool) -> None:
    """A refused key, a throttled or a sick target: the client hears of none of it."""
    no = whole(dialect.upstream_error("no"), status)
    exchange = several.replay.plays(no, good(dialect, streamed=streamed))
    reply = several.post(dialect, dialect.body(model(dialect, "sick"), stream=streamed), [exchange.header])
    assert (reply.status, reply.body) == (200, full(dialect, streamed=streamed))
    assert (reply.header("x-penstock-attempts"), len(exchange.requests)) == ("2", 2)


@each_dialect
def test_a_silent_target_is_left(several: House, dialect: Dialect) -> None:
    """One that says nothing for its time is closed, and the next answers."""
    exchange = several.replay.plays((Hang(),), whole(dialect.whole))
    reply = several.post(dialect, dialect.body(model(dialect, "late")), [exchange.header])
    assert (reply.status, reply.body) == (200, dialect.whole)
    exchange.wait_until_left()


@each_dialect
def test_a_stream_cut_before_it_said_anything(several: House, dialect: Dialect) -> None:
    """Its first event is held while another target is left: the client sees the other's stream alone."""
    cut = (*begun(dialect.events[:1]), Close())
    exchange = several.replay.plays(cut, stream(dialect.events))
    reply = several.post(dialect, dialect.body(model(dialect, "sick"), stream=True), [exchange.header])
    assert (reply.status, reply.body) == (200, b"".join(dialect.events))
    assert len(exchange.requests) == 2


@each_form
@each_dialect
def test_from_passthrough_to_translation(several: House, dialect: Dialect, *, streamed: bool) -> None:
    """The next target speaks another API: the client reads its own all the same."""
    there = CHAT if dialect is MESSAGES else MESSAGES
    no = whole(dialect.upstream_error("busy"), 429)
    exchange = several.replay.plays(no, good(there, streamed=streamed))
    reply = several.post(dialect, dialect.body(model(dialect, "crossed"), stream=streamed), [exchange.header])
    assert reply.status == 200
    assert reply.header("x-penstock-body") == "rewritten(translation)"
    assert [request.target for request in exchange.requests][1].startswith(there.path)
    if streamed:
        assert dialect.terminal in reply.body


@each_dialect
def test_all_fail(several: House, dialect: Dialect) -> None:
    """The last answer is told as it came, in the client's API."""
    no = whole(dialect.upstream_error("the last"), 429, [*JSON.items(), ("retry-after", "7")])
    first = whole(dialect.upstream_error("the first"), 529)
    exchange = several.replay.plays(first, no)
    reply = several.post(dialect, dialect.body(model(dialect, "sick")), [exchange.header])
    assert (reply.status, reply.body) == (429, dialect.upstream_error("the last"))
    assert (reply.header("retry-after"), reply.header("x-penstock-attempts")) == ("7", "2")


def test_turns_are_taken(several: House) -> None:
    """Round robin over real requests: one, the other, and the one again."""
    served = []
    for _ in range(3):
        reply = several.ask(MESSAGES, whole(MESSAGES.whole), body=MESSAGES.body("turns")).reply
        served.append(reply.header("x-penstock-provider"))
    assert served[0] == served[2] != served[1]


@each_form
@each_dialect
def test_leaving_the_second_target(several: House, dialect: Dialect, *, streamed: bool) -> None:
    """A client that leaves while the second target is silent ends that, too."""
    exchange = several.replay.plays(whole(dialect.upstream_error("no"), 429), (Hang(),))
    wire = several.open(dialect, exchange, dialect.body(model(dialect, "sick"), stream=streamed))
    exchange.wait_for_requests(2)
    left = now()
    wire.close()
    assert exchange.wait_until_left() - left < BOUND


@each_dialect
def test_leaving_a_held_opening(several: House, dialect: Dialect) -> None:
    """A client that has seen nothing yet and leaves ends the call; nobody else is asked."""
    exchange = several.replay.plays((*begun(dialect.events[:1]), Hang()))
    wire = several.open(dialect, exchange, dialect.body(model(dialect, "sick"), stream=True))
    exchange.wait_for_requests(1)
    left = now()
    wire.close()
    assert exchange.wait_until_left() - left < BOUND
    assert len(exchange.requests) == 1


def test_what_failed_is_in_the_log_and_the_metrics(several: House) -> None:
    """The line names each try that failed, and /metrics counts who was left and shows the breakers."""
    exchange = several.replay.plays(whole(MESSAGES.upstream_error("no"), 429), whole(MESSAGES.whole))
    headers = [exchange.header, ("x-request-id", "failed-over")]
    assert several.post(MESSAGES, MESSAGES.body("sick-claude"), headers).status == 200
    line = re.escape('"id":"failed-over"') + r'.*"attempts":2,"failed":"ant/claude-opus-5-5 429"'
    several.gateway.wait_for_output("failed-over")
    assert re.search(line, several.gateway.output)
    metrics = several.call("GET", "/metrics").body.decode()
    assert re.search(r'penstock_failovers_total\{kind="throttled",provider="ant"\} [1-9]', metrics)
    assert re.search(r'penstock_breaker_state\{model="claude-opus-5-5",provider="ant"\} [0-2]', metrics)
