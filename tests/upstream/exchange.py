"""One scripted exchange as a test holds it: what arrived, how far the script went, when the gateway left."""

import asyncio
import threading

from tests.upstream.steps import Script
from tests.upstream.wire import Request

PATIENCE = 20.0


class Exchange:
    """A name, its scripts, and what happened to them. Filled by the upstream's thread, read by the test's."""

    def __init__(self, name: str, scripts: tuple[Script, ...], loop: asyncio.AbstractEventLoop) -> None:
        self.name = name
        self.requests: list[Request] = []
        self.early = False
        self.left_at = 0.0
        self.left = threading.Event()
        self.finished = threading.Event()
        self._scripts = list(scripts)
        self.gate = asyncio.Semaphore(0)
        self._loop = loop
        self._changed = threading.Condition()

    @property
    def header(self) -> tuple[str, str]:
        """The header a request carries to be answered by this exchange."""
        return ("baggage", self.name)

    @property
    def request(self) -> Request:
        """The one request that came; fails when there was none or more."""
        self.wait_for_requests(1)
        assert len(self.requests) == 1, f"{len(self.requests)} requests reached the upstream"
        return self.requests[0]

    def wait_for_requests(self, count: int) -> list[Request]:
        """Wait until so many requests have come."""
        with self._changed:
            came = self._changed.wait_for(lambda: len(self.requests) >= count, PATIENCE)
        assert came, f"{len(self.requests)} of {count} requests reached the upstream"
        return self.requests

    def release(self, times: int = 1) -> None:
        """Open so many gates, of those that wait and of those still to come."""
        for _ in range(times):
            self._loop.call_soon_threadsafe(self.gate.release)

    def wait_until_left(self) -> float:
        """Wait until the gateway closed the connection under the script; when, on the monotonic clock."""
        assert self.left.wait(PATIENCE), "the gateway kept the upstream connection open"
        return self.left_at

    def record(self, request: Request) -> None:
        """Keep a request."""
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()

    def next_script(self) -> Script:
        """Take the script for the next request; the last one stays."""
        return self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]

    def mark_left(self, moment: float) -> None:
        """Keep when the gateway left."""
        self.left_at = moment
        self.left.set()
