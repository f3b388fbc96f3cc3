"""How the system lets this worker's threads take turns: while the worker is busy, each until it has done.

A worker is two threads above all, the server's and the loop's, that wake each other for every piece of every
request. On a core that they share the system lets who is woken push aside who woke it: two switches a request
and little done between them. Under SCHED_BATCH (Linux) who is woken waits for the end of the other's turn,
and finds more to do: a small request took 104 µs of processor time where it had taken 140 (November 2026).

That is no good where other programs want the same core: to them, too, a thread that is woken would give way,
and answer milliseconds later. So it is done while the worker itself uses a good part of a core, and ended
when it no longer does. Threads to which somebody has given another policy keep it.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

THREADS: Final = Path("/proc/self/task")
SPAN: Final = 0.1  # seconds between two looks
# Of a core's time: from the first share on a worker is busy, and below the second it no longer is. What
# batches save lies between the two, or the one would be the end of the other.
BUSY: Final = 0.4
CALM: Final = 0.2


class Scheduling:
    """Of one worker. `used` is the processor time of all its threads so far, in seconds."""

    __slots__ = ("_able", "_looked", "_next", "_used", "_used_then", "batched")

    def __init__(self, used: Callable[[], float] = time.process_time) -> None:
        self._used = used
        self._used_then = 0.0
        self._looked = 0.0
        self._next = 0.0
        self._able = hasattr(os, "SCHED_BATCH") and THREADS.is_dir()
        self.batched = False

    def look(self, now: float) -> None:
        """See how busy the worker is, where it is time to; told the time in seconds."""
        if now < self._next or not self._able:
            return
        used, span = self._used(), now - self._looked
        share = (used - self._used_then) / span
        self._used_then, self._looked, self._next = used, now, now + SPAN
        if not self.batched and share >= BUSY:
            self._turn(os.SCHED_OTHER, os.SCHED_BATCH)
        elif self.batched and share < CALM:
            self._turn(os.SCHED_BATCH, os.SCHED_OTHER)

    def _turn(self, former: int, policy: int) -> None:
        """Give every thread that has the former policy this one."""
        try:
            for thread in THREADS.iterdir():
                number = int(thread.name)
                if os.sched_getscheduler(number) == former:
                    os.sched_setscheduler(number, policy, os.sched_param(0))
        except ProcessLookupError:
            return  # it has ended meanwhile: the next look finds the others
        except OSError:
            self._able = False  # the system does not let us
            return
        self.batched = policy == os.SCHED_BATCH
