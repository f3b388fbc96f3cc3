"""One connection to an upstream, over real sockets: framing, interim replies, cuts, flow control, reuse."""

import asyncio
import itertools

import pytest

from gateway.errors import UpstreamError
from gateway.upstream import Wire
from tests.gateway.loops import cancelled_at, in_loop, until
from tests.gateway.wires import answered, failure, head_of, piece_of, pool_to, pull, seen, send, wire_to
from tests.upstream.scripts import begun, chunked, close_delimited, head, raw, stream, whole
from tests.upstream.server import Upstream
from tests.upstream.steps import Close, Gate, Hang, Reset, Script, Send

BODY = b'{"id":"1","text":"\xc3\xa9"}'
FRAMINGS: dict[str, Script] = {
    "content-length": whole(BODY),
    "content-length in two writes": raw(head(200, {"content-length": str(len(BODY))}), BODY),
    "chunked": chunked([BODY[:3], BODY[3:]]),
    "chunked, a byte a chunk": chunked([bytes([byte]) for byte in BODY]),
    "chunked with extensions and trailers": raw(
        head(200, {"transfer-encoding": "chunked"}),
        b"%x;a=b\r\n%b\r\n0\r\nx-trailer: 1\r\n\r\n" % (len(BODY), BODY),
    ),
    "a byte a write": raw(*(bytes([byte]) for byte in head(200, {"content-length": str(len(BODY))}) + BODY)),
    "after 100": (Send(head(100)), *whole(BODY)),
    "after 102": (Send(head(102)), *whole(BODY)),
    "after two times 103": (Send(head(103, {"link": "</a>"}) * 2), *chunked([BODY])),
    "after 100 in the same write": raw(
        head(100) + head(103) + head(200, {"content-length": str(len(BODY))}) + BODY
    ),
}
CLOSING: dict[str, Script] = {
    "close-delimited": close_delimited(BODY),
    "connection: close": (*whole(BODY, headers={"connection": "close"}), Close()),
    "HTTP/1.0": (*raw(b"HTTP/1.0 200 OK\r\ncontent-length: %d\r\n\r\n" % len(BODY), BODY), Close()),
}


@pytest.mark.parametrize("framing", FRAMINGS)
@in_loop
async def test_every_framing_is_read_and_the_wire_used_again(replay: Upstream, framing: str) -> None:
    """However a reply is framed and cut, all of it is read, twice over the same connection."""
    async with wire_to(replay) as wire:
        for _ in range(2):
            found, body = await answered(wire, replay, FRAMINGS[framing])
            assert (found.status, body) == (200, BODY)
            assert wire.at_end()
            assert wire.reusable()


@pytest.mark.parametrize("framing", CLOSING)
@in_loop
async def test_a_reply_that_closes_is_read_whole_and_the_wire_not_used_again(
    replay: Upstream, framing: str
) -> None:
    """A reply that ends with its connection is whole, and no other request follows on it."""
    async with wire_to(replay) as wire:
        found, body = await answered(wire, replay, CLOSING[framing])
        assert (found.status, body) == (200, BODY)
        assert not wire.reusable()


@pytest.mark.parametrize("status", [204, 304])
@in_loop
async def test_a_status_without_a_body_has_none(replay: Upstream, status: int) -> None:
    """204 and 304 end with their head, whatever length they announce."""
    async with wire_to(replay) as wire:
        for headers in ({}, {"content-length": "7"} if status == 304 else {}):
            found, body = await answered(wire, replay, raw(head(status, headers)))
            assert (found.status, body) == (status, b"")
            assert wire.reusable()


@in_loop
async def test_an_empty_body_is_none(replay: Upstream) -> None:
    """A length of nothing and a chunked body of nothing end at once."""
    async with wire_to(replay) as wire:
        for script in (whole(b""), chunked([])):
            assert (await answered(wire, replay, script))[1] == b""
            assert wire.reusable()


@in_loop
async def test_101_is_an_answer_and_ends_the_wire(replay: Upstream) -> None:
    """Switching protocols is no interim reply: it is returned, and the connection is not HTTP any more."""
    script = raw(head(101, {"connection": "upgrade", "upgrade": "websocket"}))
    async with wire_to(replay) as wire:
        send(wire, replay.plays(script))
        assert (await head_of(wire)).status == 101
        assert not wire.reusable()


@in_loop
async def test_headers_come_as_they_were_sent(replay: Upstream) -> None:
    """Names keep their case, repeated fields both their values, in order."""
    fields = [("X-One", "1"), ("x-one", "2"), ("X-Bytes", "\xe9"), ("content-length", "0")]
    async with wire_to(replay) as wire:
        found, _ = await answered(wire, replay, raw(head(200, fields)))
        assert found.headers == tuple((name.encode(), value.encode("latin-1")) for name, value in fields)


@pytest.mark.parametrize(
    "fields",
    [{"x-large": "x" * 60_000}, {f"x-{number}": "v" for number in range(400)}],
    ids=["one of 60 KB", "400 fields"],
)
@in_loop
async def test_huge_headers_are_borne(replay: Upstream, fields: dict[str, str]) -> None:
    """A provider behind a chatty edge may send a field of 60 KB, or 400 of them."""
    async with wire_to(replay) as wire:
        found, body = await answered(wire, replay, whole(BODY, headers=fields))
        assert len(found.headers) == len(fields) + 1
        assert body == BODY


GARBAGE = {
    "one field of 70 KB": raw(head(200, {"x-large": "x" * 70_000})),
    "600 fields": raw(head(200, {f"x-{number}": "v" for number in range(600)})),
    "no HTTP": raw(b"\x16\x03\x01 not HTTP at all\r\n\r\n"),
    "a page without a head": raw(b"<html>hello</html>\r\n\r\n"),
    "a wrong version": raw(b"HTTP/7.3 200 OK\r\n\r\n"),
    "two lengths": raw(head(200, [("content-length", "1"), ("content-length", "2")]) + b"xx"),
    "a length that is no number": raw(head(200, {"content-length": "ten"})),
    "a field without a name": raw(b"HTTP/1.1 200 OK\r\n: x\r\n\r\n"),
}


@pytest.mark.parametrize("kind", GARBAGE)
@in_loop
async def test_what_is_not_http_is_an_error(replay: Upstream, kind: str) -> None:
    """Garbage and heads past all bounds are told as garbage, and end the connection."""
    async with wire_to(replay) as wire:
        heard, what = await failure(wire, replay, GARBAGE[kind])
        assert (heard, what) == (b"", ("head", "garbage"))
        assert not wire.reusable()


HALF = head(200, {"content-length": "100"})
CUTS: dict[str, tuple[Script, bytes, tuple[str, str]]] = {
    "nothing": ((Close(),), b"", ("head", "closed")),
    "reset": ((Reset(),), b"", ("head", "reset")),
    "half a head": ((Send(HALF[:20]), Close()), b"", ("head", "closed")),
    "only 100": ((Send(head(100)), Close()), b"", ("head", "closed")),
    "no body": ((Send(HALF), Close()), b"", ("body", "truncated")),
    "half a body": ((Send(HALF + b"half"), Close()), b"half", ("body", "truncated")),
    "half a chunk": ((*begun([b"one"]), Send(b"5\r\ntw"), Close()), b"onetw", ("body", "truncated")),
    "no last chunk": ((*begun([b"one"]), Close()), b"one", ("body", "truncated")),
    "half a last chunk": ((*begun([b"one"]), Send(b"0\r\n"), Close()), b"one", ("body", "truncated")),
}


@pytest.mark.parametrize("cut", CUTS)
@in_loop
async def test_a_cut_is_told_by_phase_and_cause(replay: Upstream, cut: str) -> None:
    """Wherever a reply is cut, what came before is delivered first, then the phase and the cause."""
    script, heard, what = CUTS[cut]
    async with wire_to(replay) as wire:
        assert await failure(wire, replay, script) == (heard, what)
        assert not wire.reusable()


@in_loop
async def test_a_reset_in_the_middle_is_told_after_what_came_before(replay: Upstream) -> None:
    """Bytes that have arrived are read, then the reset is an error of the body."""
    exchange = replay.plays((*begun([b"one"]), Gate(), Reset()))
    async with wire_to(replay) as wire:
        send(wire, exchange)
        await head_of(wire)
        assert await piece_of(wire) == b"one"
        exchange.release()
        with pytest.raises(UpstreamError) as caught:
            await piece_of(wire)
        assert (caught.value.phase, caught.value.cause) == ("body", "reset")


@in_loop
async def test_what_arrived_before_a_cut_is_not_lost_by_reading_late(alone: Upstream) -> None:
    """A reply that was cut before anybody read it is still read as far as it came."""
    exchange = alone.plays((*begun([b"one", b"two"]), Close()))
    async with wire_to(alone) as wire:
        send(wire, exchange)
        await seen(alone, 0)
        await until(lambda: not wire.reusable() and exchange.finished.is_set())
        await head_of(wire)
        assert await piece_of(wire) == b"onetwo"
        with pytest.raises(UpstreamError, match="before all of it was sent"):
            await piece_of(wire)


@pytest.mark.parametrize("when", ["with the first", "while idle", "half of one while idle"])
@in_loop
async def test_a_reply_nobody_asked_for_spoils_the_wire(replay: Upstream, when: str) -> None:
    """Bytes beyond the reply never become the answer to somebody else's request."""
    (reply,) = whole(BODY)
    assert isinstance(reply, Send)
    extra = Send(reply.data[:20] if when.startswith("half") else reply.data)
    exchange = replay.plays(raw(reply.data * 2) if when == "with the first" else (reply, Gate(), extra))
    async with wire_to(replay) as wire:
        send(wire, exchange)
        assert (await pull(wire))[1] == BODY
        exchange.release()
        await until(lambda: not wire.reusable())


@in_loop
async def test_garbage_while_idle_ends_the_wire(replay: Upstream) -> None:
    """An idle connection on which no HTTP arrives is closed."""
    exchange = replay.plays((*whole(BODY), Gate(), Send(b"\x00\x01\x02\r\n\r\n"), Hang()))
    async with wire_to(replay) as wire:
        send(wire, exchange)
        await pull(wire)
        exchange.release()
        await asyncio.to_thread(exchange.wait_until_left)
        assert not wire.reusable()


@in_loop
async def test_an_unread_reply_pauses_the_upstream(replay: Upstream) -> None:
    """A reply of 64 MB that nobody reads stops the upstream's writes; read, it arrives whole."""
    piece = b"x" * 65536
    exchange = replay.plays(chunked([piece] * 1024))
    transports: list[asyncio.BaseTransport] = []

    class Watched(Wire):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            transports.append(transport)
            super().connection_made(transport)

    wire = Watched(asyncio.get_running_loop())
    await asyncio.get_running_loop().create_connection(lambda: wire, "127.0.0.1", replay.port)
    (transport,) = transports
    assert isinstance(transport, asyncio.ReadTransport)
    try:
        send(wire, exchange)
        await until(lambda: not transport.is_reading())
        assert not exchange.finished.is_set()
        _, body = await pull(wire)
        assert len(body) == 64 * 1024 * 1024
        assert transport.is_reading()
        assert wire.reusable()
    finally:
        wire.abort()


@in_loop
async def test_a_large_request_arrives_whole(replay: Upstream) -> None:
    """A body of several MB, above the size up to which head and body are joined, crosses byte for byte."""
    body = bytes(range(256)) * 20_000
    exchange = replay.plays(whole(BODY))
    async with wire_to(replay) as wire:
        send(wire, exchange, body)
        await pull(wire)
    assert exchange.request.body == body


@in_loop
async def test_a_nudge_wakes_without_data(replay: Upstream) -> None:
    """Whoever waits for the head or for the body is woken with None, and may wait on."""
    exchange = replay.plays((Gate(), *begun([b"one"]), Gate(), *chunked([])[1:]))
    loop = asyncio.get_running_loop()
    async with wire_to(replay) as wire:
        send(wire, exchange)
        loop.call_soon(wire.nudge)
        assert await wire.wait()
        assert wire.head() is None
        exchange.release()
        assert (await head_of(wire)).status == 200
        assert await piece_of(wire) == b"one"
        loop.call_soon(wire.nudge)
        assert await wire.wait()
        assert wire.pull() is None
        exchange.release()
        assert await piece_of(wire) == b""


@in_loop
async def test_a_nudge_before_the_wait_is_not_lost(replay: Upstream) -> None:
    """Who is nudged while it does something else wakes at once when it waits next, and only once."""
    exchange = replay.plays((Gate(), *whole(BODY)))
    async with wire_to(replay) as wire:
        send(wire, exchange)
        wire.nudge()
        wire.nudge()
        assert await wire.wait()
        exchange.release()
        assert not await wire.wait()
        assert (await pull(wire))[1] == BODY


@in_loop
async def test_a_nudge_of_an_idle_wire_is_forgotten(replay: Upstream) -> None:
    """A nudge meant for the last exchange does not wake the next one."""
    exchange = replay.plays(whole(BODY), (Gate(), *whole(BODY)))
    async with wire_to(replay) as wire:
        send(wire, exchange)
        await pull(wire)
        wire.nudge()
        send(wire, exchange)
        exchange.release()
        assert not await wire.wait()


@in_loop
async def test_a_wire_lost_before_the_request_says_so(alone: Upstream) -> None:
    """A request sent on a connection that has gone is told as closed, not left waiting."""
    async with wire_to(alone) as wire:
        wire.abort()
        await seen(alone, 0)
        assert (await failure(wire, alone, whole(BODY)))[1][0] == "head"


@in_loop
async def test_cancelling_at_every_await_leaves_nothing(alone: Upstream) -> None:
    """Wherever an exchange over a wire is cancelled, dropping the wire is all there is to do."""

    async def one_exchange() -> None:
        wire = await pool.open()
        try:
            await answered(wire, alone, stream([b"one", b"two"]))
        finally:
            pool.give_back(wire, 0.0)

    async with pool_to(alone) as pool:
        for suspension in itertools.count(1):
            if not await cancelled_at(suspension, one_exchange()):
                break
            pool.expire(1e9)
            assert pool.counts() == (0, 0)
            await seen(alone, 0)
        assert suspension > 2
