"""What the writers of all dialects share: which of their methods writes which event."""

import abc
from typing import Final

from adapters.events import (
    BlockClosed,
    BlockOpened,
    Event,
    Failed,
    Reply,
    Started,
    Stopped,
    TextAdded,
    ThinkingAdded,
    ToolInputAdded,
    UsageCounted,
    replay,
)

METHODS: Final[dict[type[Event], str]] = {
    Started: "_start",
    BlockOpened: "_open",
    TextAdded: "_add_text",
    ThinkingAdded: "_add_thinking",
    ToolInputAdded: "_add_input",
    BlockClosed: "_close",
    UsageCounted: "_count",
    Stopped: "_end",
    Failed: "_fail",
}


class Writer(abc.ABC):
    """Events in, frames out: each method writes one kind of event as frames, none where it has no place."""

    __slots__ = ()

    def write(self, event: Event) -> list[bytes]:
        """Write one event."""
        frames: list[bytes] = getattr(self, METHODS[type(event)])(event)
        return frames

    def sign_of_life(self) -> bytes:
        """Leave it to the dialect, unless a stream has one of its own."""
        return b""

    def write_all(self, reply: Reply) -> list[bytes]:
        """Write a whole reply as a stream, one frame an item."""
        return [frame for event in replay(reply) for frame in self.write(event)]

    @abc.abstractmethod
    def _start(self, event: Started) -> list[bytes]:
        """The reply begins."""

    @abc.abstractmethod
    def _open(self, event: BlockOpened) -> list[bytes]:
        """A block begins."""

    @abc.abstractmethod
    def _add_text(self, event: TextAdded) -> list[bytes]:
        """Text comes."""

    @abc.abstractmethod
    def _add_thinking(self, event: ThinkingAdded) -> list[bytes]:
        """Thinking comes."""

    @abc.abstractmethod
    def _add_input(self, event: ToolInputAdded) -> list[bytes]:
        """A tool's arguments come."""

    @abc.abstractmethod
    def _close(self, event: BlockClosed) -> list[bytes]:
        """The block is complete."""

    @abc.abstractmethod
    def _count(self, event: UsageCounted) -> list[bytes]:
        """What was used is known."""

    @abc.abstractmethod
    def _end(self, event: Stopped) -> list[bytes]:
        """The reply is complete."""

    @abc.abstractmethod
    def _fail(self, event: Failed) -> list[bytes]:
        """The reply broke off."""
