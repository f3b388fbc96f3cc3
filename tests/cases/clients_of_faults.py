"""Replies that break when a client has seen some of them, or whose bytes are other than a plan's.

A break that comes with the first bytes is a status to a client of another dialect: these wait until the test
says that the client has read something.
"""

import threading

from tests.upstream.codings import ENCODE, ENCODE_PIECES
from tests.upstream.faults import Fault, Spoken
from tests.upstream.scripts import LAST_CHUNK, begun, chunk, whole
from tests.upstream.steps import Script, Send, Stage, Step

# How each dialect says that a reply came to an end of its own, and that it came to its limit.
ENDS = {
    "anthropic-messages": (b'"stop_reason":"end_turn"', b'"stop_reason":"max_tokens"'),
    "openai-chat": (b'"finish_reason":"stop"', b'"finish_reason":"length"'),
    "openai-responses": (b"response.completed", b"response.incomplete"),
    "gemini": (b'"finishReason":"STOP"', b'"finishReason":"MAX_TOKENS"'),
    "ollama": (b'"done_reason":"stop"', b'"done_reason":"length"'),
}
GLANCE = 0.01


class Held(Step, frozen=True):
    """Silence until the test has seen what it waits for."""

    seen: threading.Event

    async def play(self, stage: Stage) -> None:
        """Look again and again, unless the peer leaves."""
        while not self.seen.is_set():
            await stage.until_left(GLANCE)


class Late(Fault, frozen=True):
    """A break behind the piece that holds some words, when they were seen: by steps, or by an error event."""

    words: bytes
    seen: threading.Event
    by: Script = ()

    def script(self, spoken: Spoken) -> Script:
        """Send so much, wait, then break."""
        count = next(number for number, piece in enumerate(spoken.pieces, 1) if self.words in piece)
        error = (Send(chunk(spoken.failure("The provider is overloaded."))), Send(LAST_CHUNK))
        return (*spoken.begun(count), Held(self.seen), *(self.by or error))


class Instead(Fault, frozen=True):
    """Bytes that stand for others, wherever they stand; the reply must hold them."""

    old: bytes
    new: bytes

    def script(self, spoken: Spoken) -> Script:
        """Send it all, with the other bytes."""
        pieces = [piece.replace(self.old, self.new) for piece in spoken.pieces]
        assert pieces != spoken.pieces, spoken.pieces[-1]
        if spoken.media == "application/json":
            return whole(b"".join(pieces))
        return (*begun(pieces, headers={"content-type": spoken.media}), Send(LAST_CHUNK))


class Coded(Fault, frozen=True):
    """The same reply in a content coding, which nobody asked for."""

    coding: str

    def script(self, spoken: Spoken) -> Script:
        """Send it all, coded."""
        headers = {"content-type": spoken.media, "content-encoding": self.coding}
        if spoken.media == "application/json":
            return whole(ENCODE[self.coding](b"".join(spoken.pieces)), headers=headers)
        return (*begun(ENCODE_PIECES[self.coding](spoken.pieces), headers=headers), Send(LAST_CHUNK))
