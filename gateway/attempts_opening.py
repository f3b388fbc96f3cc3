"""The opening of a stream, held while another target is left: until there is content to show (feature F5).

A provider that fails may do so with a 200, or after a few events that say nothing yet. What is held is read
as the client will read it, so that it is the same for what passes and for what is translated. Bounded in
events and bytes; while it is held, the client is told in time that the gateway is alive.
"""

from typing import Final

from adapters.dialect import Tap
from adapters.events import BlockClosed, Event, Stopped, TextAdded, ThinkingAdded, ToolInputAdded
from adapters.reader import Reader
from gateway import judgement
from gateway.attempts_recourse import REFUSAL, heeds_refusal
from gateway.errors import Refused, UpstreamError
from gateway.silence import hear, reassure
from gateway.state import Exchange

MOST_EVENTS: Final = 64
MOST_BYTES: Final = 256 * 1024
# What a client shows, or acts on. A block that is closed without a word holds a signature.
CONTENT: Final = (TextAdded, ThinkingAdded, ToolInputAdded, BlockClosed, Stopped)


async def hold(exchange: Exchange, tap: Tap) -> None:
    """Gather what is to be shown first. Raises UpstreamError, Refused, or what interrupted the exchange."""
    pieces = [exchange.first]
    opening = _Opening(exchange.dialect.stream_reader())
    while not opening.shows(pieces[-1]) and tap.fault is None:
        await reassure(exchange)
        piece = await hear(exchange)
        if not piece:
            raise UpstreamError("body", "truncated", "it ended its stream before it said anything to show")
        tap.feed(piece)
        pieces.append(piece)
    if tap.fault is not None:
        raise judgement.told(exchange.dialect.name, tap.fault, 0)
    if opening.refused and heeds_refusal(exchange):
        raise Refused(REFUSAL)
    exchange.first = b"".join(pieces)
    exchange.tap = tap


class _Opening:
    """Looks for content in what would be shown, and for the bounds of what is held."""

    __slots__ = ("_bytes", "_events", "_reader", "refused")

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._events = self._bytes = 0
        self.refused = False

    def shows(self, piece: bytes) -> bool:
        """Whether this piece is to be shown, and all before it."""
        events: list[Event] = self._reader.feed(piece)
        # What says nothing here, such as a ping, is held as well.
        self._events += max(1, len(events), piece.count(b"\n\n"))
        self._bytes += len(piece)
        if self._events >= MOST_EVENTS or self._bytes >= MOST_BYTES:
            return True
        said = [event for event in events if isinstance(event, CONTENT)]
        self.refused = bool(said) and all(
            isinstance(one, Stopped) and one.reason == "refusal" for one in said
        )
        return self._reader.ended or bool(said)
