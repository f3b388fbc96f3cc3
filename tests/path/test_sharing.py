"""One call for several clients, over real sockets: coalescing, and a stream that is picked up again."""

import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest

from tests.path.caching import asking, cache_of
from tests.path.client import Reply, Wire
from tests.path.conftest import Start
from tests.path.dialects import MESSAGES, Dialect, each_dialect, failure_in
from tests.path.house import House, configuration
from tests.upstream.exchange import Exchange
from tests.upstream.scripts import JSON, LAST_CHUNK, begun, chunk, whole
from tests.upstream.server import Upstream
from tests.upstream.steps import Close, Gate, Hang, Script, Send

MORE = """
[cache]
coalesce = true
[log]
format = "json"
"""
each_form = pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])


@pytest.fixture(scope="module")
def sharing(gateway: Start, replay: Upstream) -> House:
    """A gateway in which equal requests share a call."""
    return House(gateway(configuration(replay) + MORE), replay)


@pytest.fixture(scope="module")
def patient(gateway: Start, replay: Upstream) -> House:
    """A gateway in which a call goes on for long when its client is cut off."""
    return House(gateway(configuration(replay) + '[failure]\nreconnect = "30s"\n'), replay)


@pytest.fixture(scope="module")
def hasty(gateway: Start, replay: Upstream) -> House:
    """A gateway in which such a call goes on for a moment."""
    return House(gateway(configuration(replay) + '[failure]\nreconnect = "50ms"\n'), replay)


def halted(dialect: Dialect, *, streamed: bool = True) -> Script:
    """A reply that stops before it said anything, and a stream in its middle as well."""
    if not streamed:
        return (Gate(), *whole(dialect.whole))
    rest = (*(Send(chunk(event)) for event in dialect.events[3:]), Send(LAST_CHUNK))
    return (Gate(), *begun(dialect.events[:3]), Gate(), *rest)


def full(dialect: Dialect, *, streamed: bool = True) -> bytes:
    """What each client gets of it."""
    return b"".join(dialect.events) if streamed else dialect.whole


def open_one(house: House, dialect: Dialect, exchange: Exchange, body: bytes, *more: tuple[str, str]) -> Wire:
    """Ask, and leave the reply to be read."""
    wire = Wire(house.address)
    wire.send("POST", dialect.path, [*JSON.items(), exchange.header, *more], body)
    return wire


def read_all(wires: list[Wire]) -> list[Reply]:
    """Read what each client gets, and leave."""
    with ThreadPoolExecutor(10) as pool:
        replies = list(pool.map(Wire.read, wires))
    for wire in wires:
        wire.close()
    return replies


def inside(house: House, count: int) -> None:
    """Wait until so many requests are under way."""
    while f"penstock_requests_inside {count}.0" not in house.call("GET", "/metrics").body.decode():
        pass


@each_form
@each_dialect
def test_a_hundred_at_once_are_one_call(sharing: House, dialect: Dialect, *, streamed: bool) -> None:
    """A hundred equal requests in flight make one call, and each client gets the whole reply."""
    exchange = sharing.replay.plays(halted(dialect, streamed=streamed))
    body = asking(dialect, f"hundred {streamed}", stream=streamed)
    wires = [open_one(sharing, dialect, exchange, body) for _ in range(100)]
    inside(sharing, 100)
    exchange.release(2)
    replies = read_all(wires)
    assert {(reply.status, reply.body) for reply in replies} == {(200, full(dialect, streamed=streamed))}
    said = [cache_of(reply) for reply in replies]
    assert (said.count("miss"), said.count("coalesced")) == (1, 99)
    assert len(exchange.requests) == 1
    assert len({reply.header("x-request-id") for reply in replies}) == 100


def test_who_comes_late_hears_it_from_the_beginning(sharing: House) -> None:
    """A client that joins in the middle of a stream gets what was said before, and then the rest."""
    exchange = sharing.replay.plays(halted(MESSAGES))
    body = asking(MESSAGES, "late", stream=True)
    exchange.release()
    with open_one(sharing, MESSAGES, exchange, body) as first:
        first.read_head()
        first.read_until(MESSAGES.events[2])
        with open_one(sharing, MESSAGES, exchange, body) as second:
            second.read_head()
            heard = second.read_until(MESSAGES.events[2])
            exchange.release()
            rest, complete = second.read_body()
    assert (heard + rest, complete) == (full(MESSAGES), True)
    assert len(exchange.requests) == 1


def test_whole_and_streamed_are_apart(sharing: House) -> None:
    """A request that wants a stream does not share the call of one that wants the reply whole."""
    exchange = sharing.replay.plays(halted(MESSAGES), halted(MESSAGES, streamed=False))
    with open_one(sharing, MESSAGES, exchange, asking(MESSAGES, "forms", stream=True)) as first:
        exchange.wait_for_requests(1)
        with open_one(sharing, MESSAGES, exchange, asking(MESSAGES, "forms")) as second:
            exchange.wait_for_requests(2)
            exchange.release(3)
            assert (first.read().body, second.read().body) == (full(MESSAGES), MESSAGES.whole)


@pytest.mark.parametrize("way", ["close", "reset"])
@pytest.mark.parametrize("leaver", [0, 1], ids=["first", "second"])
@each_dialect
def test_who_leaves_ends_nothing_for_others(sharing: House, dialect: Dialect, leaver: int, way: str) -> None:
    """The client that began the call may leave in the middle, and so may another: the rest get all of it."""
    exchange = sharing.replay.plays(halted(dialect))
    body = asking(dialect, f"leaving {leaver} {way}", stream=True)
    wires = [open_one(sharing, dialect, exchange, body)]
    exchange.wait_for_requests(1)
    wires.append(open_one(sharing, dialect, exchange, body))
    exchange.release()
    for wire in wires:
        wire.read_head()
        wire.read_until(dialect.events[2])
    getattr(wires.pop(leaver), way)()
    inside(sharing, 1)
    exchange.release()
    rest, complete = wires[0].read_body()
    assert complete
    assert rest.endswith(dialect.events[-1])
    wires[0].close()


@each_form
def test_when_all_leave_the_call_ends(sharing: House, *, streamed: bool) -> None:
    """The last client that leaves ends the call to the upstream."""
    exchange = sharing.replay.plays((*begun(MESSAGES.events[:3]), Hang()) if streamed else (Hang(),))
    body = asking(MESSAGES, f"all {streamed}", stream=streamed)
    wires = [open_one(sharing, MESSAGES, exchange, body) for _ in range(3)]
    inside(sharing, 3)
    for wire in wires:
        wire.close()
    exchange.wait_until_left()
    assert len(exchange.requests) == 1


@each_dialect
def test_an_error_is_told_to_each_in_its_own_reply(sharing: House, dialect: Dialect) -> None:
    """When the call fails before anything was said, every client gets the status, under an id of its own."""
    exchange = sharing.replay.plays((Gate(), Close()))
    body = asking(dialect, "error")
    wires = [open_one(sharing, dialect, exchange, body) for _ in range(3)]
    inside(sharing, 3)
    exchange.release(8)
    replies = read_all(wires)
    assert [reply.status for reply in replies] == [502] * 3
    assert len({reply.header("x-request-id") for reply in replies}) == 3
    assert all("provider `" in dialect.error(reply)["message"] for reply in replies)
    again = sharing.ask(dialect, whole(dialect.whole), body=body)
    assert (again.reply.status, cache_of(again.reply)) == (200, "miss")


def test_an_upstreams_own_error_passes_to_each(sharing: House) -> None:
    """A 400 of the upstream reaches every client as it was said."""
    no = MESSAGES.upstream_error("no such thing")
    exchange = sharing.replay.plays((Gate(), *whole(no, 400)))
    body = asking(MESSAGES, "refused", stream=True)
    wires = [open_one(sharing, MESSAGES, exchange, body) for _ in range(3)]
    inside(sharing, 3)
    exchange.release()
    assert [(reply.status, reply.body) for reply in read_all(wires)] == [(400, no)] * 3


@each_dialect
def test_a_stream_that_breaks_is_broken_for_all(sharing: House, dialect: Dialect) -> None:
    """When the call breaks in the middle of a stream, every client is told so in band."""
    exchange = sharing.replay.plays((Gate(), *begun(dialect.events[:3]), Gate(), Close()))
    body = asking(dialect, "broken", stream=True)
    wires = [open_one(sharing, dialect, exchange, body) for _ in range(3)]
    inside(sharing, 3)
    exchange.release(2)
    for reply in read_all(wires):
        assert (reply.status, reply.complete) == (200, True)
        assert failure_in(dialect, reply.body)["message"]


FLOOD = 3 * 1024 * 1024


def test_who_reads_slowly_is_let_go(sharing: House) -> None:
    """A client that stands still holds nobody up: the others get all, and it is told that it fell behind."""
    events = [
        MESSAGES.events[0],
        *[b": " + b"x" * 16_000 + b"\n\n"] * (FLOOD // 16_000 * 4),
        *MESSAGES.events[1:],
    ]
    rest = (*(Send(chunk(event)) for event in events[1:]), Send(LAST_CHUNK))
    exchange = sharing.replay.plays((*begun(events[:1]), Gate(), *rest))
    body = asking(MESSAGES, "slow", stream=True)
    with (
        open_one(sharing, MESSAGES, exchange, body) as slow,
        open_one(sharing, MESSAGES, exchange, body) as quick,
    ):
        quick.read_head()
        quick.read_until(events[0])
        # What the system would hold for it counts as read.
        slow.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        slow.read_head()
        slow.read_until(events[0])
        exchange.release()
        heard, complete = quick.read_body()
        assert complete
        assert heard.endswith(events[-1])
        behind, _ = slow.read_body()
    assert b"reads more slowly" in behind[-1000:]
    assert MESSAGES.terminal not in behind


def test_tokens_are_counted_once(sharing: House) -> None:
    """Each client has its line in the log; the tokens of their call are counted once."""
    exchange = sharing.replay.plays(halted(MESSAGES, streamed=False))
    body = asking(MESSAGES, "once")
    before = tokens(sharing)
    wires = [open_one(sharing, MESSAGES, exchange, body, ("x-request-id", f"once-{n}")) for n in range(4)]
    inside(sharing, 4)
    exchange.release()
    replies = read_all(wires)
    usage = replies[0].json()["usage"]
    assert tokens(sharing) - before == usage["input_tokens"] + usage["output_tokens"] + sum(
        usage.get(name) or 0 for name in ("cache_creation_input_tokens", "cache_read_input_tokens")
    )
    for number in range(4):
        sharing.gateway.wait_for_output(f'"id":"once-{number}"')
    lines = [line_of(sharing, f"once-{number}") for number in range(4)]
    assert sorted(line["cache"] for line in lines) == ["coalesced"] * 3 + ["miss"]
    assert [line["output"] for line in lines] == [usage["output_tokens"]] * 4
    assert sum(line.get("attempts", 0) for line in lines) == 1


def tokens(house: House) -> float:
    """All tokens that were counted so far."""
    lines = house.call("GET", "/metrics").body.decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith("penstock_tokens_total"))


def line_of(house: House, request_id: str) -> Any:
    """The line of a request."""
    (line,) = [line for line in house.gateway.output.splitlines() if f'"id":"{request_id}"' in line]
    return msgspec.json.decode(line)


# A stream that is picked up.

SESSION = ("x-claude-code-session-id", "one")


@each_dialect
def test_a_cut_stream_is_picked_up(patient: House, dialect: Dialect) -> None:
    """The same request of the same conversation gets its stream from the beginning, and no second call."""
    exchange = patient.replay.plays(halted(dialect))
    body = asking(dialect, "cut", stream=True)
    exchange.release()
    first = open_one(patient, dialect, exchange, body, SESSION)
    assert cache_of(first.read_head()) is None
    first.read_until(dialect.events[2])
    first.reset()
    inside(patient, 0)
    with open_one(patient, dialect, exchange, body, SESSION) as second:
        assert cache_of(second.read_head()) == "resumed"
        heard = second.read_until(dialect.events[2])
        exchange.release()
        rest, complete = second.read_body()
    assert (heard + rest, complete) == (full(dialect), True)
    assert len(exchange.requests) == 1


def test_a_reply_that_ended_meanwhile_is_picked_up(patient: House) -> None:
    """What was said to its end while nobody listened is there for the conversation, once."""
    exchange = patient.replay.plays(halted(MESSAGES, streamed=False), whole(MESSAGES.whole))
    body = asking(MESSAGES, "meanwhile")
    first = open_one(patient, MESSAGES, exchange, body, SESSION)
    exchange.wait_for_requests(1)
    inside(patient, 1)
    first.close()
    inside(patient, 0)
    exchange.release()
    assert exchange.finished.wait(10)
    with open_one(patient, MESSAGES, exchange, body, SESSION) as second:
        reply = second.read()
    assert (cache_of(reply), reply.body) == ("resumed", MESSAGES.whole)
    with open_one(patient, MESSAGES, exchange, body, SESSION) as third:
        assert cache_of(third.read()) is None
    assert len(exchange.requests) == 2


def test_another_conversation_gets_nothing_of_it(patient: House) -> None:
    """The same request of another conversation makes a call of its own, and leaves the first as it is."""
    exchange = patient.replay.plays(halted(MESSAGES), whole(MESSAGES.whole), whole(MESSAGES.whole))
    body = asking(MESSAGES, "other", stream=True)
    exchange.release()
    first = open_one(patient, MESSAGES, exchange, body, SESSION)
    first.read_head()
    first.close()
    inside(patient, 0)
    with open_one(patient, MESSAGES, exchange, body, (SESSION[0], "two")) as other:
        assert cache_of(other.read_head()) is None
    exchange.wait_for_requests(2)
    with open_one(patient, MESSAGES, exchange, body, SESSION) as second:
        assert cache_of(second.read_head()) == "resumed"
        exchange.release()
        assert second.read_body() == (full(MESSAGES), True)


def test_who_is_connected_shares_with_nobody(patient: House) -> None:
    """Without coalescing an equal request beside one that is being answered is a call of its own."""
    exchange = patient.replay.plays(halted(MESSAGES), whole(MESSAGES.whole))
    body = asking(MESSAGES, "beside")
    with open_one(patient, MESSAGES, exchange, body, SESSION) as first:
        exchange.wait_for_requests(1)
        with open_one(patient, MESSAGES, exchange, body, SESSION) as second:
            assert second.read().body == MESSAGES.whole
        exchange.release(2)
        first.read_head()


@each_form
def test_grace_is_over(hasty: House, *, streamed: bool) -> None:
    """When nobody comes back in time, the call to the upstream ends."""
    exchange = hasty.replay.plays((*begun(MESSAGES.events[:3]), Hang()) if streamed else (Hang(),))
    first = open_one(
        hasty, MESSAGES, exchange, asking(MESSAGES, f"over {streamed}", stream=streamed), SESSION
    )
    exchange.wait_for_requests(1)
    first.close()
    exchange.wait_until_left()


def test_what_is_held_is_bounded(patient: House) -> None:
    """A stream that says too much while nobody listens is ended: nobody could hear it all."""
    flood = begun([MESSAGES.events[0], *[b": " + b"x" * 16_000 + b"\n\n"] * (FLOOD // 16_000)])
    exchange = patient.replay.plays((*flood[:2], Gate(), *flood[2:], Hang()))
    first = open_one(patient, MESSAGES, exchange, asking(MESSAGES, "flood", stream=True), SESSION)
    first.read_head()
    first.close()
    inside(patient, 0)
    exchange.release()
    exchange.wait_until_left()
