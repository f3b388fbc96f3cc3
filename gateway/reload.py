"""The configuration while running: watched, read again, checked whole, and moved into at once (feature X3).

A change of the file, SIGHUP and whoever calls `reload` come to the same thing. Where the new configuration is
wrong the old one is kept, and the log, the metrics and `/readyz` say so. Nobody on the path of a request
knows of this: a request stays in the house it entered, and the next one finds another.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from gateway.configuration.document import Routes
from gateway.configuration.problems import ConfigurationError, Problem
from gateway.configuration.rereading import Fingerprint, Origin, fingerprint
from gateway.house import House
from gateway.settings import Settings

LOOK: Final = 1.0  # seconds between two looks at the file
UNFORESEEN: Final = "penstock failed on it; the log says why"

Result = Literal["applied", "unchanged", "refused"]
Standing = Literal["current", "refused", "needs_restart"]


class Report(msgspec.Struct, frozen=True):
    """What came of reading the configuration again: every problem, and what waits for a restart."""

    result: Result
    problems: tuple[Problem, ...] = ()
    late: tuple[str, ...] = ()


class Reload:
    """Of one worker. `move_in` is told the house that the next requests enter."""

    __slots__ = (
        "_following",
        "_house",
        "_lock",
        "_move_in",
        "_origin",
        "_path",
        "_pending",
        "_seen",
        "_tasks",
        "_timer",
        "counts",
        "last",
        "loaded_at",
    )

    def __init__(self, house: House, origin: Origin, move_in: Callable[[House], None]) -> None:
        self._house = house
        self._origin = origin
        self._move_in = move_in
        self._path: Path | None = origin.first.path
        self._seen = self._pending = origin.seen
        self._lock = asyncio.Lock()
        self._following = asyncio.Lock()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self.counts: dict[Result, int] = {"applied": 0, "unchanged": 0, "refused": 0}
        self.loaded_at = time.time()
        self.last = Report("applied")

    @property
    def house(self) -> House:
        """The house that requests enter now."""
        return self._house

    @property
    def standing(self) -> Standing:
        """Whether what runs is what the file says."""
        if self.last.result == "refused":
            return "refused"
        return "needs_restart" if self.last.late else "current"

    async def start(self) -> None:
        """Begin to watch, and wait for what was set in the store where that can be read."""
        self.open()
        keeping = self._house.keeping
        if keeping is not None and self._tasks:
            await asyncio.wait(self._tasks, timeout=keeping.patience)

    def open(self) -> None:
        """Begin to watch the file and the store: needs a running loop."""
        self.look()
        if self._house.keeping is not None and not self._following.locked():
            self._begin(self.follow())
        self._timer = asyncio.get_running_loop().call_later(LOOK, self.open)

    async def close(self) -> None:
        """Watch no longer."""
        if self._timer is not None:
            self._timer.cancel()
        await asyncio.gather(*self._tasks)

    def look(self) -> None:
        """Read the file again when it has changed, and not since the last look: it may be half written."""
        if not self._house.settings.server.reload:
            return
        found, before = self._look_at_file(), self._pending
        self._pending = found
        if found == before != self._seen:
            self.ask()

    def ask(self) -> None:
        """Read the configuration again, whether or not the file has changed: for who cannot wait for it."""
        self._seen = self._pending = self._look_at_file()
        self._begin(self.reload())

    def _begin(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def reload(self) -> Report:
        """Read the configuration again and move in, where it is right. One at a time."""
        async with self._lock:
            self.last = report = await self._reload()
        self.counts[report.result] += 1
        return report

    async def _reload(self) -> Report:
        journal = self._house.journal
        try:
            # In a thread: ten thousand routes take a while to check, and streams must not wait for it.
            path, settings, late = await asyncio.to_thread(self._checked, self._routes)
            changed = _changes(self._house.settings, settings)
            if changed:
                self._swap(settings)
        except ConfigurationError as error:
            for problem in error.problems:
                words = " ".join(str(problem).split())
                journal.say("error", f"configuration refused, the old one is kept: {words}")
            return Report("refused", error.problems)
        except Exception as error:  # noqa: BLE001  # whatever it is, the old one is kept
            journal.say(
                "error", f"configuration refused, the old one is kept: {type(error).__name__}: {error}"
            )
            return Report("refused", (Problem("configuration", UNFORESEEN),))
        self._path, self.loaded_at = path, time.time()
        for name in late:
            journal.say("error", f"configuration: {name} has changed, which needs a restart")
        if changed:
            journal.say("info", f"configuration read again; changed: {', '.join(changed)}")
        return Report("applied" if changed else "unchanged", late=late)

    @property
    def _routes(self) -> Routes | None:
        """What was set while running, as far as it is known."""
        keeping = self._house.keeping
        return None if keeping is None else keeping.decrees.routes

    async def check(self, routes: Routes) -> None:
        """See whether the configuration would hold with these routes. Raises ConfigurationError."""
        await asyncio.to_thread(self._checked, routes)

    def _checked(self, routes: Routes | None) -> tuple[Path | None, Settings, tuple[str, ...]]:
        found = self._origin.read(routes)
        return found.path, *self._origin.fitted(found.settings, self._house.settings.server)

    async def follow(self) -> None:
        """Bring in what was set in the store since the last time, here or by another worker."""
        keeping = self._house.keeping
        if keeping is None:
            return
        decrees = keeping.decrees
        async with self._following:
            version = decrees.version
            await asyncio.to_thread(decrees.read)
            if decrees.version != version:
                await self.reload()

    def _swap(self, settings: Settings) -> None:
        """The new house is whole before anybody knows of it."""
        other = self._house.refurnished(settings)
        self._house.give_way(other)
        self._house = other
        self._move_in(other)

    def _look_at_file(self) -> Fingerprint | None:
        return None if self._path is None else fingerprint(self._path)


def _changes(before: Settings, after: Settings) -> list[str]:
    """What is not as it was, by the names of the tables."""
    return [name for name in Settings.__struct_fields__ if getattr(before, name) != getattr(after, name)]
