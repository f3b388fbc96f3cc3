"""The memory of a worker: looked at now and then, and where it becomes short the caches give theirs back.

Nothing of it is on the path of a request. What is kept only to be quick is cut by half at each look, for as
long as four fifths of what this worker may have are in use; that is said once, and once when it is over.
Workers are not ended for it: that would cut their streams off.
"""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from gateway.cache import Holding
from gateway.journal import Journal
from gateway.settings import ServerSettings

# The share of the limit from which on memory is short, and the one below which it no longer is.
SHORT: Final = 0.8
WELL: Final = 0.7
MEGABYTE: Final = 1_000_000
# Where the kernel tells of itself, and of the groups that it limits (cgroups(7)).
PROCESS: Final = Path("/proc/self")
GROUPS: Final = Path("/sys/fs/cgroup")
# The first version of groups has a number for "no limit": all that an address can reach, in whole pages.
NO_LIMIT: Final = 2**62


def resident() -> int:
    """How many bytes of memory this process has in use; 0 where that is not told."""
    try:
        pages = int((PROCESS / "statm").read_bytes().split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def limit_for(server: ServerSettings, process: Path = PROCESS, groups: Path = GROUPS) -> int:
    """How many bytes each worker may have: its part of what is set, else of the container's; 0 is any."""
    allowed = _container(process, groups) if server.memory is None else server.memory
    return allowed // server.workers


def _container(process: Path, groups: Path) -> int:
    """The least that a group sets which this process is in; 0 where none does."""
    limits: list[int] = []
    with suppress(OSError):
        for line in (process / "cgroup").read_text(encoding="utf-8").splitlines():
            limits += _limits(line, groups)
    return min(limits, default=0)


def _limits(line: str, groups: Path) -> Iterator[int]:
    """Those of one group and of all above it. `line` is a line of /proc/self/cgroup."""
    _, controllers, path = line.split(":", 2)
    if controllers == "":
        root, name = groups, "memory.max"
    elif "memory" in controllers.split(","):
        root, name = groups / "memory", "memory.limit_in_bytes"
    else:
        return
    own = root / path.lstrip("/")
    for folder in (own, *own.parents):
        with suppress(OSError, ValueError):  # a container sees its own group as the root; "max" is no limit
            limit = int((folder / name).read_bytes())
            if limit < NO_LIMIT:
                yield limit
        if folder == root:
            return


class Memory:
    """Of one worker. `limit` and `used` are in bytes; `let_go` counts entries by the cache that had them.

    Tests move `read`.
    """

    __slots__ = ("_journal", "let_go", "limit", "read", "short", "used")

    def __init__(self, limit: int, journal: Journal, read: Callable[[], int] = resident) -> None:
        self._journal = journal
        self.read = read
        self.limit = limit
        self.used = 0
        self.short = False
        self.let_go: dict[str, int] = {}

    def look(self, caches: Mapping[str, Holding]) -> None:
        """Look at what is in use; where it is too much, half of each cache goes."""
        self.used = self.read()
        if self.used < self.limit * (WELL if self.short else SHORT):
            if self.short:
                self.short = False
                self._journal.say("info", f"memory: {self._told()}, which is well again")
            return
        began, self.short = not self.short, True
        count = sum(self._halve(name, cache) for name, cache in caches.items())
        if began:
            words = f"memory: {self._told()}: caches are cut by half, {count} entries, until there is less"
            self._journal.say("error", words)
        if count:
            _give_back()

    def _halve(self, name: str, cache: Holding) -> int:
        count = cache.halve()
        if count:
            self.let_go[name] = self.let_go.get(name, 0) + count
        return count

    def _told(self) -> str:
        return (
            f"{self.used // MEGABYTE} MB of the {self.limit // MEGABYTE} MB this worker may have are in use"
        )


def _give_back() -> None:
    """What was freed goes back to the system, where its allocator keeps it otherwise (glibc)."""
    if sys.platform != "linux":
        return
    import ctypes  # noqa: PLC0415  # only where memory is short

    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
