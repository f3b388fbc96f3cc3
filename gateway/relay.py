"""The reply on its way to the client: whole, or piece by piece as it comes.

A stream leaves in whole events: a piece that ends inside one waits for the rest of it, so that an
error or a sign of life can follow any time and no client ever reads half an event. Everything that
arrived together leaves together, in one send.
"""

from collections.abc import Awaitable
from typing import Final

from adapters.dialect import Tap
from adapters.sse import EventTooLarge
from gateway import client
from gateway.errors import UpstreamError
from gateway.silence import attend, hear
from gateway.state import Exchange, Pair

BOUNDARIES: Final = (b"\n\n", b"\r\n\r\n", b"\r\r", b"\n\r\n", b"\r\n\n")
# An upstream that has said its last event but does not end its reply is waited for this long, in seconds.
LINGER: Final = 5.0


def pump(exchange: Exchange) -> Awaitable[None]:
    """Say the reply to the client until its last byte. Raises UpstreamError, or what interrupted it."""
    if exchange.relay == "stream":
        return _pump_stream(exchange)
    return _say_whole(exchange) if exchange.relay == "whole" else _pass_as_it_is(exchange)


async def _pass_as_it_is(exchange: Exchange) -> None:
    """A reply to what nobody here knows: every byte as it comes, and no word of our own between them."""
    head, source, target = exchange.head, exchange.source, exchange.target
    assert head is not None
    assert source is not None
    assert target is not None
    headers = head.headers
    if head.media:
        headers.append((b"content-type", head.media))
    if head.coding:
        headers.append((b"content-encoding", head.coding))
    if head.status >= 400:
        exchange.outcome = "error"
    exchange.first_byte_at = exchange.house.clock()
    if source.complete():
        body = source.pull() or b""
        plain = body if head.status < 400 or head.coding else target.provider.redact(body)
        await client.say_whole(exchange, head.status, headers, plain)
        return
    await client.open_stream(exchange, headers, head.status)
    while piece := await hear(exchange):
        await client.say(exchange, piece)
    await client.end_stream(exchange)


def _say_whole(exchange: Exchange) -> Awaitable[None]:
    head = exchange.head
    assert head is not None
    if exchange.interrupted is not None:
        raise exchange.interrupted
    headers = head.headers
    if head.media:
        headers.append((b"content-type", head.media))
    if exchange.coded:
        headers.append((b"content-encoding", head.coding))
    if exchange.retry_after:
        headers = [pair for pair in headers if pair[0] not in (b"retry-after", b"retry-after-ms")]
        headers.append((b"retry-after", b"%d" % exchange.retry_after))
    if head.status >= 400:
        exchange.outcome = "error"
    exchange.first_byte_at = exchange.house.clock()
    return client.say_whole(exchange, head.status, headers, exchange.first)


async def _pump_stream(exchange: Exchange) -> None:
    tap = exchange.tap
    assert tap is not None
    if not exchange.head_sent:
        await client.open_stream(exchange, _stream_headers(exchange))
    exchange.first_byte_at = exchange.house.clock()
    exchange.usage = tap.usage
    await _pass_on_to_end(exchange, tap)
    rest = tap.finish()
    if not tap.ended and tap.fault is None:
        raise UpstreamError("body", "truncated", "it ended its stream without its last event")
    if tap.fault is not None:
        exchange.outcome, exchange.error = "error", tap.fault.message
    end = b"".join(exchange.held)
    await client.end_stream(exchange, end + rest if rest else end)


def _stream_headers(exchange: Exchange) -> list[Pair]:
    """The upstream's fields. The stream goes on decoded, and as an event stream whatever it was called."""
    head = exchange.head
    assert head is not None
    named = b"event-stream" in head.media or b"ndjson" in head.media
    head.headers.append((b"content-type", head.media if named else exchange.dialect.stream_media))
    return head.headers


async def _pass_on_to_end(exchange: Exchange, tap: Tap) -> None:
    try:
        await _pass_on(exchange, tap)
    except EventTooLarge as error:
        raise UpstreamError("body", "garbage", str(error)) from error
    except UpstreamError:
        # What matters has been said: how the connection ends after it is nobody's concern.
        if not tap.ended and tap.fault is None:
            raise


async def _pass_on(exchange: Exchange, tap: Tap) -> None:
    """Say everything but the last piece, which is held: it leaves together with the end.

    The hot loop of a stream. It waits on bare futures and sends one message over and over (the server
    reads it when it is sent): a coroutine and a dictionary a piece would be a third of its allocations.
    """
    source, send, clock = exchange.source, exchange.send, exchange.house.clock
    assert source is not None
    message = {"type": "http.response.body", "body": b"", "more_body": True}
    piece: bytes | None = exchange.first
    while piece:
        if tap.ended or tap.fault is not None or tap.garbled:
            piece = _notable(exchange, tap, piece)
        if exchange.held or not tap.aligned:
            piece = _whole_events(exchange.held, piece, aligned=tap.aligned)
        if tap.ended and not exchange.held and source.at_end():
            exchange.held.append(piece)
            return
        if piece:
            exchange.bytes_out += len(piece)
            message["body"] = piece
            await send(message)
        while (piece := source.pull()) is None:
            if await source.wait():
                await attend(exchange)
        exchange.heard_at = clock()
        tap.feed(piece)


def _notable(exchange: Exchange, tap: Tap, piece: bytes) -> bytes:
    """The end, or an error in band: words in which an upstream may quote the key it was given."""
    if tap.garbled:
        raise UpstreamError("body", "garbage", "it sent what is no event stream")
    if tap.ended:
        exchange.limit = LINGER
        exchange.wake_at = exchange.heard_at + LINGER
    if tap.fault is None or exchange.target is None:
        return piece
    return exchange.target.provider.redact(piece)


def _whole_events(held: list[bytes], piece: bytes, *, aligned: bool) -> bytes:
    """What can be sent of what was held and came now; what is left waits for the rest of its event.

    Only a piece with a line end can end an event: an event that drips in byte by byte is joined once.
    """
    held.append(piece)
    if not aligned and b"\n" not in piece and b"\r" not in piece:
        return b""
    data = b"".join(held)
    held.clear()
    if aligned:
        return data
    cut = 0
    for boundary in BOUNDARIES:
        place = data.rfind(boundary)
        if place >= 0:
            cut = max(cut, place + len(boundary))
    held.append(data[cut:])
    return data[:cut]
