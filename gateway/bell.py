"""An event that a signal handler may set in the thread that waits for it.

`threading.Event` keeps a lock while it begins to wait. A handler that runs just then, in the same thread,
would wait for that lock for ever: a server told to stop in the moment it is ready would never stop.
"""

import queue
import time
from contextlib import suppress
from typing import Final

# A signal that comes between the last look and the wait does not end the wait: it is looked for now and then.
GLANCE: Final = 0.1


class Bell:
    """What granian uses of `threading.Event`, for one thread that waits."""

    __slots__ = ("_rung", "_strokes")

    def __init__(self) -> None:
        self._rung = False
        # Its `put` may interrupt its `get`, also in the same thread.
        self._strokes: queue.SimpleQueue[None] = queue.SimpleQueue()

    def set(self) -> None:
        """Wake who waits, and who will."""
        self._rung = True
        self._strokes.put(None)

    def is_set(self) -> bool:
        """Whether it was set since it was cleared."""
        return self._rung

    def clear(self) -> None:
        """Have the next wait."""
        while not self._strokes.empty():
            self._strokes.get_nowait()
        self._rung = False

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is set, for so many seconds at most; whether it is."""
        ends_at = None if timeout is None else time.monotonic() + timeout
        while not self._rung:
            left = GLANCE if ends_at is None else min(ends_at - time.monotonic(), GLANCE)
            if left <= 0:
                break
            with suppress(queue.Empty):
                self._strokes.get(timeout=left)
        return self._rung
