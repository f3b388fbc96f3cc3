"""How the workers of one server ask each other: a socket each, in a folder that only their user may enter.

Nothing is said on it but when somebody looks: whoever is asked how things stand asks the others, and joins
what they say (`gateway/edge/joining.py`). A worker that does not answer at once is left out.
"""

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

# `penstock statusline` waits 200 ms for all of it.
PATIENCE: Final = 0.15
_LONGEST: Final = 4096


class Intercom:
    """Of one worker. `answer` is what it says to a question, in bytes; `name` is its own among all."""

    def __init__(self, folder: Path, answer: Callable[[bytes], bytes], name: str = "") -> None:
        self._own = folder / (name or str(os.getpid()))
        self._answer = answer
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Listen to the others."""
        self._server = await asyncio.start_unix_server(self._serve, self._own, limit=_LONGEST)

    async def close(self) -> None:
        """Be asked no more."""
        if self._server is not None:
            self._server.close()
        self._own.unlink(missing_ok=True)

    async def ask(self, question: bytes) -> list[bytes]:
        """What the others say, each that answers in time."""
        others = [place for place in self._own.parent.iterdir() if place != self._own]
        answers = await asyncio.gather(*(_asked(place, question) for place in others))
        return [answer for answer in answers if answer]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                question = await reader.readuntil(b"\n")
                writer.write(self._answer(question[:-1]))
                await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # who asks has left, or is none of us
        finally:
            writer.close()


async def _asked(place: Path, question: bytes) -> bytes:
    try:
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_unix_connection(place)
            try:
                writer.write(question + b"\n")
                return await reader.read(-1)
            finally:
                writer.close()
    except ConnectionRefusedError:
        # Its worker is dead: the next is another process.
        _forget(place)
    except (OSError, TimeoutError):
        pass
    return b""


def _forget(place: Path) -> None:
    with suppress(OSError):
        place.unlink(missing_ok=True)
