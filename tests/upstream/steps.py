"""What the replay upstream can do on a connection, one small Struct a step; a script is a tuple of them."""

import asyncio
from typing import Protocol

import msgspec


class Left(Exception):
    """The gateway closed the connection while a script was being played."""


class Ended(Exception):
    """The script itself ended the connection."""


class Stage(Protocol):
    """A connection as the steps see it."""

    gate: asyncio.Semaphore
    stale: bool

    async def send(self, data: bytes) -> None:
        """Write and wait until the socket took it; raises `Left`."""

    async def until_left(self, seconds: float | None) -> None:
        """Return after so many seconds; raises `Left` as soon as the peer closes."""

    async def until_open(self) -> None:
        """Return when the gate was released; raises `Left` as soon as the peer closes."""

    def close(self) -> None:
        """Close in order: what was written is delivered, then end of file."""

    def reset(self) -> None:
        """Close with RST."""


class Step(msgspec.Struct, frozen=True):
    """One thing done on a connection."""

    async def play(self, stage: Stage) -> None:
        """Do it."""
        raise NotImplementedError


Script = tuple[Step, ...]


class Send(Step, frozen=True):
    """Bytes, in one write."""

    data: bytes

    async def play(self, stage: Stage) -> None:
        """Write them."""
        await stage.send(self.data)


class Pause(Step, frozen=True):
    """Silence of some seconds."""

    seconds: float

    async def play(self, stage: Stage) -> None:
        """Wait, unless the peer leaves."""
        await stage.until_left(self.seconds)


class Hang(Step, frozen=True):
    """Silence until the peer leaves."""

    async def play(self, stage: Stage) -> None:
        """Wait for the peer to leave."""
        await stage.until_left(None)


class Gate(Step, frozen=True):
    """Silence until the test calls `release()`."""

    async def play(self, stage: Stage) -> None:
        """Wait for the release, unless the peer leaves first."""
        await stage.until_open()


class Close(Step, frozen=True):
    """End of file."""

    async def play(self, stage: Stage) -> None:
        """Close in order."""
        stage.close()
        raise Ended


class Reset(Step, frozen=True):
    """A reset connection."""

    async def play(self, stage: Stage) -> None:
        """Close with RST."""
        stage.reset()
        raise Ended


class CloseOnNext(Step, frozen=True):
    """The connection looks alive, and is closed exactly when the next request arrives on it."""

    async def play(self, stage: Stage) -> None:
        """Mark it."""
        stage.stale = True
