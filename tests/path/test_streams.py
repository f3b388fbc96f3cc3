"""Streams: every byte as it came, in time, and an end that says what it is."""

import pytest

from tests.path.client import Reply
from tests.path.dialects import CHAT, MESSAGES, RESPONSES, Dialect, each_dialect, failure_in
from tests.path.house import House
from tests.upstream.replies import fixture
from tests.upstream.scripts import (
    EVENT_STREAM,
    begun,
    chunk,
    close_delimited,
    cut,
    head,
    raw,
    stream,
    whole,
)
from tests.upstream.steps import Close, Gate, Pause, Reset, Script, Send

LAST_CHUNK = Send(b"0\r\n\r\n")


@pytest.mark.parametrize("name", ["plain.sse", "tool.sse"])
@each_dialect
def test_stream_is_verbatim(house: House, dialect: Dialect, name: str) -> None:
    """A stream reaches the client byte for byte."""
    data = fixture(dialect.name, name)
    reply = house.ask_stream(dialect, stream([data])).reply
    assert reply.status == 200
    assert (reply.header("content-type") or "").startswith("text/event-stream")
    assert reply.body == data
    assert reply.complete


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 1000])
@each_dialect
def test_stream_cut_anywhere(house: House, dialect: Dialect, size: int) -> None:
    """However the transport cuts a stream, its bytes are the same."""
    data = b"".join(dialect.events)
    assert house.ask_stream(dialect, stream(cut(data, size))).reply.body == data


@each_dialect
def test_stream_written_byte_by_byte(house: House, dialect: Dialect) -> None:
    """A stream whose bytes come one a packet, some inside a code point, is the same."""
    data = b"".join(dialect.events)
    drip = [step for byte in cut(data, 1) for step in (Send(byte), Pause(0))]
    script = (*raw(head(200, EVENT_STREAM)), *drip, Close())
    assert house.ask_stream(dialect, script).reply.body == data


@pytest.mark.parametrize("ending", [b"\r\n", b"\r"], ids=["CRLF", "CR"])
@each_dialect
def test_other_line_ends(house: House, dialect: Dialect, ending: bytes) -> None:
    """A stream with CRLF or CR line ends crosses as it is, and counts as ended."""
    data = b"".join(dialect.events).replace(b"\n", ending)
    reply = house.ask_stream(dialect, stream([data])).reply
    assert (reply.body, reply.complete) == (data, True)


@each_dialect
def test_odd_frames_cross(house: House, dialect: Dialect) -> None:
    """Comments, unknown events, ids, retry lines and several data lines cross as they are."""
    odd = [
        b": keep-alive\n\n",
        b'event: x_unknown\ndata: {"type":"x_unknown"}\n\n',
        b"id: 7\nretry: 100\n\n",
        b"\n\n\n",
        b'event: ping\ndata:{"type":\ndata:"ping"}\n\n',
    ]
    events = [dialect.events[0], *odd, *dialect.events[1:]]
    assert house.ask_stream(dialect, stream(events)).reply.body == b"".join(events)


@each_dialect
def test_terminal_event_without_a_last_newline(house: House, dialect: Dialect) -> None:
    """A terminal event whose empty line is missing is still an end, not a cut."""
    data = b"".join(dialect.events).rstrip(b"\n")
    reply = house.ask_stream(dialect, stream([data])).reply
    assert reply.body.startswith(data)
    assert dialect.broken not in reply.body


@each_dialect
def test_close_delimited_stream(house: House, dialect: Dialect) -> None:
    """A stream without chunking that ends with its connection crosses whole."""
    data = b"".join(dialect.events)
    assert house.ask_stream(dialect, close_delimited(data, EVENT_STREAM)).reply.body == data


@each_dialect
def test_large_event(house: House, dialect: Dialect) -> None:
    """An event of 4 MiB crosses byte for byte."""
    data = b"".join(dialect.events).replace(b"Under", b"U" * (4 * 1024 * 1024 - 1024), 1)
    assert house.ask_stream(dialect, stream([data])).reply.body == data


@each_dialect
def test_events_arrive_one_by_one(house: House, dialect: Dialect) -> None:
    """Each event reaches the client before the upstream sends the next one: nothing is held back."""
    opening = raw(head(200, {**EVENT_STREAM, "transfer-encoding": "chunked"}))
    gated = [step for event in dialect.events for step in (Send(chunk(event)), Gate())]
    exchange = house.replay.plays((*opening, *gated, LAST_CHUNK))
    with house.open(dialect, exchange, dialect.body(stream=True)) as wire:
        wire.read_head()
        for event in dialect.events:
            assert wire.read_until(event[-20:]) == event
            exchange.release()
        assert wire.read_body() == (b"", True)


# Ways to break off after some events.
CUTS: dict[str, Script] = {
    "end of file": (Close(),),
    "reset": (Reset(),),
    "clean end": (LAST_CHUNK,),
    "bad chunk": (Send(b"zz\r\n"), Close()),
    "half an event": (Send(chunk(b'event: content_block_delta\ndata: {"type":"con')), Close()),
    "half an event, clean end": (Send(chunk(b'data: {"choices":[{"ind')), LAST_CHUNK),
    "half a code point": (Send(chunk(b'data: {"x":"\xe6\x97')), Close()),
}


@pytest.mark.parametrize("way", CUTS)
@each_dialect
def test_cut_stream_ends_in_an_error(house: House, dialect: Dialect, way: str) -> None:
    """A stream that breaks off ends with an error event in the dialect, and never looks complete."""
    sent = dialect.events[:4]
    exchange = house.replay.plays((*begun(sent), Gate(), *CUTS[way]))
    with house.open(dialect, exchange, dialect.body(stream=True)) as wire:
        assert wire.read_head().status == 200
        begun_with = wire.read_until(sent[-1])
        exchange.release()
        rest, complete = wire.read_body()
    assert begun_with.startswith(b"".join(sent))
    failure_in(dialect, begun_with + rest)
    assert complete


@pytest.mark.parametrize("way", CUTS)
@each_dialect
def test_stream_and_its_cut_arrive_together(house: House, dialect: Dialect, way: str) -> None:
    """A stream whose events and whose break come in one packet is a 502 or ends in an error, never well."""
    steps = (*begun(dialect.events[:4]), *CUTS[way])
    together = b"".join(step.data for step in steps if isinstance(step, Send))
    closing = [step for step in steps if not isinstance(step, Send)]
    _broken(dialect, house.ask_stream(dialect, (Send(together), *closing)).reply)


@pytest.mark.parametrize("kept", [0, 1, 2, -3])
@each_dialect
def test_clean_end_without_terminal_event(house: House, dialect: Dialect, kept: int) -> None:
    """However many events came, an end without the terminal one is no end: a 502 or an in-band error."""
    _broken(dialect, house.ask_stream(dialect, stream(dialect.events[:kept])).reply)


def test_message_without_message_stop(house: House) -> None:
    """A message whose message_stop is missing was cut, though its stop reason came."""
    reply = house.ask_stream(MESSAGES, stream(MESSAGES.events[:-1])).reply
    failure_in(MESSAGES, reply.body)


def test_completion_without_done(house: House) -> None:
    """A completion that gave its finish reason is complete: some providers never say [DONE]."""
    events = CHAT.events[:-1]
    assert house.ask_stream(CHAT, stream(events)).reply.body == b"".join(events)


@each_dialect
def test_close_delimited_cut(house: House, dialect: Dialect) -> None:
    """A stream framed by its connection that stops early is told from one that ended."""
    reply = house.ask_stream(dialect, close_delimited(b"".join(dialect.events[:4]), EVENT_STREAM)).reply
    failure_in(dialect, reply.body)


IN_BAND = {
    MESSAGES: b'event: error\ndata: {"type": "error", "error":{"type":"api_error","message":"Busy"}}\n\n',
    CHAT: b'data: {"error":{"message":"Busy","type":"server_error","param":null,"code":null, "x":1}}\n\n',
    RESPONSES: b'event: error\ndata: {"type":"error","code":"server_error", "message":"Busy"}\n\n',
}


@pytest.mark.parametrize("ending", [(LAST_CHUNK,), (Close(),)], ids=["clean", "closed"])
@each_dialect
def test_upstreams_own_error_passes(house: House, dialect: Dialect, ending: Script) -> None:
    """An in-band error of the upstream's own passes as it is, and no second one is added."""
    data = b"".join(dialect.events[:3]) + IN_BAND[dialect]
    reply = house.ask_stream(dialect, (*begun([data]), *ending)).reply
    assert reply.body == data


@each_dialect
def test_bytes_after_the_end(house: House, dialect: Dialect) -> None:
    """A stream that was complete stays complete, even when its connection is cut before the last chunk."""
    data = b"".join(dialect.events)
    reply = house.ask_stream(dialect, (*begun([data]), Close())).reply
    assert reply.body == data
    assert reply.complete


@pytest.mark.parametrize("body", [b"<html>hello</html>", b'{"error": "no stream here"}', b"\x00\x01\x02"])
@each_dialect
def test_no_stream_under_a_streams_name(house: House, dialect: Dialect, body: bytes) -> None:
    """A body that is no event stream under an event-stream content type is an error, never a clean end."""
    _broken(dialect, house.ask_stream(dialect, stream([body])).reply)


@each_dialect
def test_a_whole_reply_in_the_place_of_a_stream_is_told_as_one(house: House, dialect: Dialect) -> None:
    """A box that speaks the client's API and knows no streams answers a client that asked for one."""
    reply = house.ask_stream(dialect, whole(dialect.whole)).reply
    assert (reply.status, reply.complete) == (200, True)
    assert reply.header("content-type") == "text/event-stream; charset=utf-8"
    assert dialect.terminal in reply.body
    assert b'"usage":{' not in reply.body or dialect is not CHAT


def _broken(dialect: Dialect, reply: Reply) -> None:
    """A reply that says it failed: by status where nothing was shown, an in-band error after that.

    What is an error of its dialect is told as what it says, and a 502 is anything else.
    """
    if reply.status == 200:
        failure_in(dialect, reply.body)
        return
    assert reply.status == (500 if b"no stream here" in reply.body else 502)
    dialect.error(reply)


def test_slow_client_slows_the_upstream(house: House) -> None:
    """A client that does not read stops the upstream: 64 MB are not buffered, and then arrive whole."""
    opening, closing = MESSAGES.events[:1], MESSAGES.events[-2:]
    event = b": " + b"x" * 65_000 + b"\n\n"
    exchange = house.replay.plays(stream([*opening, *[event] * 1000, *closing]))
    with house.open(MESSAGES, exchange, MESSAGES.body(stream=True)) as wire:
        wire.read_head()
        assert not exchange.finished.wait(1.0)
        body, complete = wire.read_body()
    assert complete
    assert len(body) == len(event) * 1000 + len(b"".join([*opening, *closing]))
