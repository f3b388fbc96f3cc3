"""Brings word of budgets to who wants to know: the log always, a webhook where there is one (feature G8).

Nobody waits for it. A notice is tried some times, longer and longer apart, one after the other; what is too
much to be held is let go, and counted.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from gateway.budgets import Passed
from gateway.errors import UpstreamError
from gateway.journal import Journal

PAUSES: Final = (1.0, 5.0, 30.0, 120.0)  # seconds between two tries
MOST_HELD: Final = 1000
# How long the end of a worker is held up for what has not been said, in seconds.
LAST_WORDS: Final = 3.0
# What may be well the next time; any other refusal stays one.
PASSING: Final = frozenset((408, 425, 429))
ALL: Final = 100

Post = Callable[[str, bytes], Awaitable[int]]


class Courier:
    """Of one worker. `url` is the webhook, "" for none; `counts` are notices by what became of them."""

    __slots__ = ("_held", "_journal", "_post", "_task", "counts", "last_words", "pauses", "url")

    def __init__(self, url: str, journal: Journal, post: Post | None = None) -> None:
        self.url = url
        self.pauses: tuple[float, ...] = PAUSES
        self.last_words = LAST_WORDS
        self.counts = {"delivered": 0, "failed": 0}
        self._journal = journal
        self._post = post
        self._held: deque[Passed] = deque()
        self._task: asyncio.Task[None] | None = None

    def tell(self, passed: Passed) -> None:
        """Say that a share of a budget was passed. Returns at once."""
        level = "error" if passed.share >= 1 else "info"
        kind = f"rolling {passed.window}" if passed.rolling else passed.window
        words = f"${passed.spent} of ${passed.budget} spent, {passed.share * ALL:g} % of the {kind}'s budget"
        self._journal.say(level, f"budget: {passed.scope}: {words}")
        if not self.url:
            return
        if len(self._held) >= MOST_HELD:
            self.counts["failed"] += 1
            return
        self._held.append(passed)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._deliver())

    async def close(self) -> None:
        """Say what there is time for."""
        if self._task is not None:
            await asyncio.wait([self._task], timeout=self.last_words)
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _deliver(self) -> None:
        try:
            while self._held and self.url:
                said = await self._say(msgspec.json.encode(self._held[0]))
                self.counts["delivered" if said else "failed"] += 1
                self._held.popleft()
        finally:
            self._task = None

    async def _say(self, body: bytes) -> bool:
        trouble = ""
        for pause in (*self.pauses, None):
            try:
                status = await self._how()(self.url, body)
            except UpstreamError as error:
                trouble = str(error)
            else:
                if status < 300:  # the class of statuses
                    return True
                trouble = f"it answered {status}"
                if status < 500 and status not in PASSING:  # as above
                    break
            if pause is not None:
                await asyncio.sleep(pause)
        self._journal.say("error", f"budget: the webhook could not be told: {trouble}")
        return False

    def _how(self) -> Post:
        if self._post is None:
            # Its client is for those who have a webhook.
            from gateway.control import post_json  # noqa: PLC0415

            self._post = post_json
        return self._post
