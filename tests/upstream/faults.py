"""What can go wrong with a reply: a status instead of it, or a break after some of its events.

A fault makes a script of what the reply would have been.
"""

from collections.abc import Callable

import msgspec

from tests.upstream.scripts import JSON, LAST_CHUNK, begun, chunk, head
from tests.upstream.steps import Close, Hang, Pause, Script, Send, Step
from tests.upstream.voices.frames import NONE, Details


class Spoken(msgspec.Struct, frozen=True):
    """A reply ready to be sent: its head's content type, its pieces, and how its dialect says what broke."""

    media: str
    pieces: list[bytes]
    failure: Callable[[str], bytes]
    error: Callable[[int, str, Details], bytes]

    def begun(self, count: int | None = None) -> Script:
        """Send so many pieces, all by default, and leave the reply open."""
        return begun(self.pieces[:count], headers={"content-type": self.media})

    def whole(self) -> Script:
        """Send it all."""
        return (*self.begun(), Send(LAST_CHUNK))


class Fault(msgspec.Struct, frozen=True):
    """Something that goes wrong."""

    def script(self, spoken: Spoken) -> Script:
        """Do it to a reply."""
        raise NotImplementedError


class Status(Fault, frozen=True):
    """An error instead of the reply; headers or details may say when to come back."""

    status: int
    words: str = "The provider said no."
    headers: tuple[tuple[str, str], ...] = ()
    details: Details = NONE

    def script(self, spoken: Spoken) -> Script:
        """Send the error."""
        body = spoken.error(self.status, self.words, self.details)
        length = ("content-length", str(len(body)))
        return (Send(head(self.status, [*JSON.items(), *self.headers, length]) + body),)


class Cut(Fault, frozen=True):
    """A break after so many pieces, by the step given."""

    after: int
    by: Step = Close()

    def script(self, spoken: Spoken) -> Script:
        """Send so much, then break."""
        return (*spoken.begun(self.after), self.by)


class CleanEnd(Fault, frozen=True):
    """An end of the body after so many pieces, as if that were all."""

    after: int

    def script(self, spoken: Spoken) -> Script:
        """Send so much, then the last chunk."""
        return (*spoken.begun(self.after), Send(LAST_CHUNK))


class ErrorEvent(Fault, frozen=True):
    """An error in the stream after so many pieces."""

    after: int
    words: str = "The provider is overloaded."

    def script(self, spoken: Spoken) -> Script:
        """Send so much, then the error, then the end."""
        return (*spoken.begun(self.after), Send(chunk(spoken.failure(self.words))), Send(LAST_CHUNK))


class Silence(Fault, frozen=True):
    """Silence after so many pieces: some seconds, then the rest; or, with none, for ever."""

    after: int
    seconds: float | None = None

    def script(self, spoken: Spoken) -> Script:
        """Send so much, then be silent."""
        if self.seconds is None:
            return (*spoken.begun(self.after), Hang())
        rest = tuple(Send(chunk(piece)) for piece in spoken.pieces[self.after :])
        return (*spoken.begun(self.after), Pause(self.seconds), *rest, Send(LAST_CHUNK))
