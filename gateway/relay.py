"""The reply on its way to the client: whole, or piece by piece as it comes.

A stream leaves in whole events: a piece that ends inside one waits for the rest of it, so that an
error or a sign of life can follow any time and no client ever reads half an event. Everything that
arrived together leaves together, in one send.
"""

from typing import Final, NoReturn

from adapters.dialect import Tap
from adapters.sse import EventTooLarge
from gateway import client
from gateway.errors import UpstreamError
from gateway.silence import hear
from gateway.state import Exchange, Pair

BOUNDARIES: Final = (b"\n\n", b"\r\n\r\n", b"\r\r", b"\n\r\n", b"\r\n\n")
# An upstream that has said its last event but does not end its reply is waited for this long, in seconds.
LINGER: Final = 5.0


async def pump(exchange: Exchange) -> None:
    """Say the reply to the client until its last byte. Raises UpstreamError and ClientGone."""
    if exchange.relay == "stream":
        await _pump_stream(exchange)
    else:
        await _say_whole(exchange)


async def _say_whole(exchange: Exchange) -> None:
    head = exchange.head
    assert head is not None
    if exchange.interrupted is not None:
        raise exchange.interrupted
    headers = client.relayed(exchange, head.headers)
    if not exchange.coded:
        headers = [pair for pair in headers if pair[0] != b"content-encoding"]
    if exchange.retry_after:
        headers = [pair for pair in headers if pair[0] not in (b"retry-after", b"retry-after-ms")]
        headers.append((b"retry-after", b"%d" % exchange.retry_after))
    if head.status >= 400:
        exchange.outcome = "error"
    exchange.first_byte_at = exchange.house.clock()
    await client.say_whole(exchange, head.status, headers, exchange.first)


async def _pump_stream(exchange: Exchange) -> None:
    tap = exchange.tap
    assert tap is not None
    if not exchange.head_sent:
        await client.open_stream(exchange, _stream_headers(exchange))
    exchange.first_byte_at = exchange.house.clock()
    exchange.usage = tap.usage
    last = await _pass_on(exchange, tap)
    tap.finish()
    if not tap.ended and tap.fault is None:
        raise UpstreamError("body", "truncated", "it ended its stream without its last event")
    if tap.fault is not None:
        exchange.outcome, exchange.error = "error", tap.fault.message
    await client.end_stream(exchange, last)


async def _pass_on(exchange: Exchange, tap: Tap) -> bytes:
    """Say everything but the last piece, and return that: it leaves together with the end."""
    source = exchange.source
    assert source is not None
    piece, held = _without_key(exchange, tap, exchange.first), b""
    while piece:
        if held or not tap.aligned:
            piece, held = _whole_events(held + piece, aligned=tap.aligned)
        if tap.ended and not held and source.at_end():
            return piece
        if piece:
            await client.say(exchange, piece)
        piece = await _next_piece(exchange, tap)
    return held


async def _next_piece(exchange: Exchange, tap: Tap) -> bytes:
    """The next bytes, looked into; b"" at the end of the stream."""
    if tap.ended:
        exchange.limit = LINGER
        exchange.wake_at = exchange.heard_at + LINGER
    try:
        piece = await hear(exchange)
        tap.feed(piece)
    except EventTooLarge as error:
        raise UpstreamError("body", "garbage", str(error)) from error
    except UpstreamError:
        # What matters has been said: how the connection ends after it is nobody's concern.
        if tap.ended or tap.fault is not None:
            return b""
        raise
    if tap.garbled:
        _refuse_garbage()
    return _without_key(exchange, tap, piece)


def _without_key(exchange: Exchange, tap: Tap, piece: bytes) -> bytes:
    """Errors in band are the words in which an upstream may quote the key it was given."""
    if tap.fault is None or exchange.target is None:
        return piece
    return exchange.target.provider.redact(piece)


def _refuse_garbage() -> NoReturn:
    raise UpstreamError("body", "garbage", "it sent what is no event stream")


def _stream_headers(exchange: Exchange) -> list[Pair]:
    """The upstream's fields. The stream goes on decoded, and as an event stream whatever it was called."""
    assert exchange.head is not None
    headers = [
        pair for pair in client.relayed(exchange, exchange.head.headers) if pair[0] != b"content-encoding"
    ]
    if not any(name == b"content-type" and b"event-stream" in value for name, value in headers):
        headers = [pair for pair in headers if pair[0] != b"content-type"]
        headers.append(client.EVENT_STREAM)
    return headers


def _whole_events(data: bytes, *, aligned: bool) -> tuple[bytes, bytes]:
    """What can be sent, and what waits for the rest of its event."""
    if aligned:
        return data, b""
    cut = max(_end_of_last(data, boundary) for boundary in BOUNDARIES)
    return data[:cut], data[cut:]


def _end_of_last(data: bytes, boundary: bytes) -> int:
    place = data.rfind(boundary)
    return 0 if place < 0 else place + len(boundary)
