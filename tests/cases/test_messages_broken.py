"""Cases 29 to 34: replies that break, stall or are left, as Claude Code goes on from them."""

import json
from typing import Any

import msgspec
import pytest

from tests.cases import claude
from tests.cases.stage import MESSAGES, Led, Stage, There, foreign_to, over, until
from tests.path.client import Reply, Wire, now
from tests.upstream.exchange import Exchange
from tests.upstream.plan import Call, Turn
from tests.upstream.scripts import JSON, LAST_CHUNK, begun, chunk, whole
from tests.upstream.steps import Close, CloseOnNext, Gate, Hang, Reset, Script, Send, Step

COUNT, NEXT = {"command": "echo ran >> count.txt"}, {"command": "cat count.txt"}
TURN = Turn((Call("Bash", COUNT), Call("Bash", NEXT)), "First a command, then a look.", "Nothing to it.")
SEEN = b"First a"
# Far above the 100 ms that are meant, so that a busy machine does not fail the test.
BOUND = 1.0
each_form = pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])


class Broken:
    """A reply ready to be broken: its pieces as the upstream streams them, and who asks for it."""

    def __init__(self, stage: Stage, there: There) -> None:
        self.stage, self.there = stage, there
        self.led: Led = stage.lead(TURN)
        self.asked = claude.body(there)
        claude.answered(claude.ask(stage, self.led, self.asked))
        self.pieces = stage.pieces(there, self.led)

    def behind(self, text: str, nth: int = 1) -> Script:
        """The head and the pieces up to the nth that holds a text."""
        holding = [place for place, piece in enumerate(self.pieces) if text.encode() in piece]
        return self.begun(holding[nth - 1] + 1)

    def begun(self, count: int | None = None) -> Script:
        """The head and so many pieces."""
        return begun(self.pieces[:count], headers={"content-type": self.there.voice.media})

    def ask(self, *scripts: Script) -> tuple[Reply, Exchange]:
        """Ask for a stream that the upstream plays."""
        exchange = self.stage.plays(*scripts)
        return self.stage.post(claude.PATH, self.asked, *claude.HEADERS, exchange.header), exchange

    def open(self, script: Script) -> tuple[Wire, Exchange]:
        """Ask, and leave the reply to be read."""
        exchange = self.stage.plays(script)
        wire = Wire(self.stage.house.address)
        body = msgspec.json.encode(self.asked)
        wire.send("POST", claude.PATH, [*JSON.items(), *claude.HEADERS, exchange.header], body)
        return wire, exchange

    def shown(self, opening: Script, *steps: Step) -> tuple[bytes, Exchange]:
        """The whole stream of a reply that breaks when the client has seen something of it."""
        wire, exchange = self.open((*opening, Gate(), *steps))
        with wire:
            assert wire.read_head().status == 200
            seen = until(wire, SEEN)
            exchange.release()
            rest, complete = wire.read_body()
        assert complete
        return seen + rest, exchange


def inputs_closed(stream: bytes) -> list[Any]:
    """The inputs of the calls that were closed, which are those a client runs."""
    written: dict[int, str] = {}
    closed = []
    for event in claude.events(stream):
        if event["type"] == "content_block_start" and event["content_block"]["type"] == "tool_use":
            written[event["index"]] = ""
        elif event["type"] == "content_block_delta" and event["index"] in written:
            written[event["index"]] += event["delta"]["partial_json"]
        elif event["type"] == "content_block_stop" and event["index"] in written:
            closed.append(json.loads(written[event["index"]]))
    return closed


@pytest.mark.parametrize("ending", [Close(), CloseOnNext()], ids=["closed", "closed by the next"])
@each_form
@over()
def test_case_29_a_stale_connection_costs_nothing(
    stage: Stage, there: There, ending: Step, *, stream: bool
) -> None:
    """A connection that was kept and is closed is replaced: the client sees one clean answer."""
    broken = Broken(stage, there)
    first = (*broken.begun(), Send(LAST_CHUNK), ending)
    answer = (*broken.begun(), Send(LAST_CHUNK)) if stream else whole(_whole(broken))
    reply, _ = broken.ask(first)
    assert reply.status == 200
    broken.asked = claude.body(there, stream=stream)
    reply, exchange = broken.ask(answer)
    message = claude.answered(reply)
    assert [block.type for block in message.content].count("tool_use") == 2
    assert exchange.finished.wait(5)


def _whole(broken: Broken) -> bytes:
    """The same reply in one piece."""
    there, led = broken.there, broken.led
    return there.voice.whole(led.said(there), led.heard(there), led.provider.memory)


@pytest.mark.parametrize("step", [Reset(), Close()], ids=["reset", "closed"])
@each_form
@over()
def test_case_29_a_new_connection_that_breaks_is_one_clean_error(
    stage: Stage, there: There, step: Step, *, stream: bool
) -> None:
    """Nothing was sent to the client yet: a status it tries again at, and no half stream."""
    exchange = stage.plays((step,))
    asked = claude.body(there, stream=stream)
    reply = stage.post(claude.PATH, asked, *claude.HEADERS, exchange.header)
    assert reply.status == 502
    assert reply.header("content-type") == "application/json"
    assert claude.error(reply)["type"] == "api_error"
    assert reply.header("x-should-retry") is None


@pytest.mark.parametrize("step", [Close(), Reset()], ids=["closed", "reset"])
@over()
def test_case_30_a_cut_is_an_error_event(stage: Stage, there: There, step: Step) -> None:
    """In the middle of a text: the error ends the stream, which was begun once and is never whole."""
    broken = Broken(stage, there)
    stream, exchange = broken.shown(broken.behind(SEEN.decode()), step)
    assert claude.broken(stream)["type"] == "api_error"
    assert stream.count(b"event: message_start") == 1
    assert len(exchange.requests) == 1


# Where a break leaves the first of two calls complete and the second not: in its pieces, or before it.
HALF_WAY = {"gemini": "count.txt", "ollama": "count.txt"}


@over()
def test_case_30_a_tool_runs_once(stage: Stage, there: There) -> None:
    """A call that was complete before the cut is closed, once; one that was not is not, and is not run."""
    broken = Broken(stage, there)
    opening = broken.behind(HALF_WAY.get(there.dialect, "cat"))
    stream, exchange = broken.shown(opening, Close())
    claude.broken(stream)
    assert inputs_closed(stream) == [COUNT]
    assert len(exchange.requests) == 1


@over()
def test_case_31_a_clean_end_too_early_is_a_cut(stage: Stage, there: There) -> None:
    """Without a reason why it ended, an end is no end: Claude Code would take it for the answer."""
    broken = Broken(stage, there)
    stream, _ = broken.shown(broken.behind(SEEN.decode()), Send(LAST_CHUNK))
    assert claude.broken(stream)["message"]
    assert b'"stop_reason":"' not in stream


@foreign_to(MESSAGES)
def test_case_32_an_error_chunk_is_an_error_event(stage: Stage, there: There) -> None:
    """With the message of the upstream, and of a type that Claude Code knows."""
    broken = Broken(stage, there)
    words = "The engine is overloaded: é🙂."
    failure = there.voice.failure(words, broken.led.said(there))
    stream, _ = broken.shown(broken.behind(SEEN.decode()), Send(chunk(failure)), Send(LAST_CHUNK))
    found = claude.broken(stream)
    assert found["message"] == words
    assert found["type"] in ("overloaded_error", "api_error")


@foreign_to(MESSAGES)
def test_case_32_an_error_chunk_before_anything_is_a_status(stage: Stage, there: There) -> None:
    """Nothing was shown: Claude Code gets the status it waits at."""
    broken = Broken(stage, there)
    failure = there.voice.failure("The engine is overloaded.", broken.led.said(there))
    reply, _ = broken.ask((*broken.begun(0), Send(chunk(failure)), Send(LAST_CHUNK)))
    assert reply.status in (500, 529)
    assert claude.error(reply)["message"] == "The engine is overloaded."


@over()
def test_case_33_an_upstream_that_takes_its_time(stage: Stage, there: There) -> None:
    """Before its head comes the client has one, and signs of life; then all of the reply."""
    broken = Broken(stage, there)
    wire, exchange = broken.open((Gate(), *broken.begun(), Send(LAST_CHUNK)))
    with wire:
        found = wire.read_head()
        seen = until(wire, b"event: ping") + until(wire, b"event: ping")
        exchange.release()
        rest, complete = wire.read_body()
    assert found.status == 200
    assert found.header("content-type") == "text/event-stream; charset=utf-8"
    assert complete
    claude.must_be_ordered(list(claude.events(seen + rest)))


@pytest.mark.parametrize("way", ["close", "reset"])
@over()
def test_case_34_a_client_that_leaves_ends_the_call(stage: Stage, there: There, way: str) -> None:
    """The upstream is let go within a second, and the log holds what was used until then."""
    broken = Broken(stage, there)
    identity = f"left-{there.provider}-{way}"
    broken.asked = claude.body(there)
    exchange = stage.plays((*broken.behind(SEEN.decode()), Hang()))
    wire = Wire(stage.house.address)
    headers = [*JSON.items(), *claude.HEADERS, exchange.header, ("x-request-id", identity)]
    wire.send("POST", claude.PATH, headers, msgspec.json.encode(broken.asked))
    wire.read_head()
    until(wire, SEEN)
    left = now()
    getattr(wire, way)()
    assert exchange.wait_until_left() - left < BOUND
    output = stage.house.gateway.wait_for_output(identity)
    line = json.loads(next(line for line in output.split("\n") if identity in line))
    assert line["outcome"] == "client_gone"
    # Those who tell it at the end have told nothing yet.
    assert line.get("input", 0) == (11 if there.dialect in (MESSAGES, "gemini") else 0)
