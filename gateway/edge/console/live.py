"""One snapshot a second, spelled once, for everybody who looks: nothing is done while nobody does.

A page listens to one stream of server-sent events. The stream ends when the worker leaves or has moved to a
new configuration; the page then opens another one by itself.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from typing import Final

import msgspec

from gateway.edge.console.snapshot import MOST_SHOWN, Sampler, Second
from gateway.house import House

PAUSE: Final = 1.0  # seconds
PAST: Final = 300  # seconds that a page shows from the start, when somebody was looking


class Live:
    """Of one worker. `viewers`: how many pages are open."""

    def __init__(self, house: House, pause: float = PAUSE) -> None:
        self._house = house
        self._pause = pause
        self._past: deque[Second] = deque(maxlen=PAST)
        self._sampler = Sampler(house)
        self._ticked = asyncio.Event()
        self._latest = b""
        self._task: asyncio.Task[None] | None = None
        self.viewers = 0

    @property
    def over(self) -> bool:
        """Whether there is another house to look at by now, or soon none."""
        reload = self._house.reload
        return self._house.admission.closing or (reload is not None and reload.house is not self._house)

    async def watch(self) -> AsyncGenerator[bytes, None]:
        """The events of one page, until it is closed or this is over."""
        self._enter()
        try:
            yield _event("past", msgspec.json.encode(list(self._past)))
            yield self._latest
            while not self.over:
                await self._ticked.wait()
                yield self._latest
        finally:
            self._leave()

    def tick(self) -> None:
        """Take a snapshot, and hand it to everybody."""
        found = self._sampler.snapshot()
        self._past.append(found.second)
        self._latest = _event("now", msgspec.json.encode(found))
        ticked, self._ticked = self._ticked, asyncio.Event()
        ticked.set()

    def _enter(self) -> None:
        self.viewers += 1
        if self._house.tallies.recent is None:
            self._house.tallies.recent = deque(maxlen=MOST_SHOWN)
        if self._task is None or self._task.done():
            self._sampler = Sampler(self._house)
            self.tick()
            self._task = asyncio.get_running_loop().create_task(self._run())

    def _leave(self) -> None:
        self.viewers -= 1

    async def _run(self) -> None:
        while self.viewers and not self.over:
            await asyncio.sleep(self._pause)
            self.tick()
        if not self.viewers:
            self._house.tallies.recent = None


def _event(name: str, data: bytes) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), data)
