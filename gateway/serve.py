"""Settings -> granian: the only file that knows the server.

The application is imported before the workers are forked, so that they share its pages: measured
with one worker 44 MB against 49 for the whole tree, with two 49 against 68. The parent waits until a
worker answers before it says so, because a line that says "listens" must be true.
"""

import gc
import multiprocessing
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from importlib.util import find_spec
from math import ceil
from pathlib import Path
from typing import Any, Literal

import msgspec
from granian.constants import HTTPModes, Interfaces, Loops, RuntimeModes, TaskImpl
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.mp import MPServer

from gateway.bell import Bell
from gateway.configuration.rereading import Origin
from gateway.scheduling import Scheduling
from gateway.settings import LEAVING, RENEWAL, ServerSettings, Settings

_GRACE_SECONDS = 2
# Until a head has come, also on a connection kept alive: longer than clients keep an idle one, so that a
# request and our closing do not cross on the way, and short enough for a client that trickles its head.
_IDLE_MILLISECONDS = 100_000
_PROBE_SECONDS = 0.02
_MOST_FILES = 65536
_YOUNG_OBJECTS = 10_000
_HANGUP: signal.Signals | None = getattr(signal, "SIGHUP", None)
_QUIET_LOG = {
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "generic"}},
    "loggers": {"_granian": {"handlers": ["console"], "propagate": False}},
}


class Tuning(msgspec.Struct, frozen=True):
    """How granian is set, whatever the configuration says: chosen by `python -m bench settings`.

    One thread of the pool that granian has for many (`mt`): there a thread that is already awake is not
    woken again, where the other mode writes to it for every receive and every send. Counted under load: 2.0
    such writes and 1.1 waits for events a request before, 0.2 and 0.4 now.

    `backpressure` is how many connections a worker holds at once: 5 000 requests under way, and as many idle
    ones kept alive. `buffer` is what may be read of one connection ahead, in bytes. `batches`: the threads of
    a busy worker do not push each other aside (scheduling.py).
    """

    runtime_mode: Literal["st", "mt"] = "mt"
    runtime_threads: int = 1
    backlog: int = 4096
    backpressure: int = 16384
    buffer: int = 8192 + 4096 * 100
    batches: bool = True


TUNING = Tuning()


def serve(settings: Settings, origin: Origin, *, ready: Callable[[], None]) -> int:
    """Serve until a signal ends it; the exit code. `ready` is called once, when a worker accepts."""
    _raise_file_limit()
    if RENEWAL is not None and LEAVING is not None:
        # Inherited by workers: they wait for a worker until that serves, which would end of one, or miss it.
        signal.pthread_sigmask(signal.SIG_BLOCK, {RENEWAL, LEAVING})
    _share_memory()
    server = _Granian(settings.server, ready)
    with _meeting(settings.server.workers) as colleagues:
        try:
            server.serve(target_loader=partial(_load, settings, origin, colleagues), wrap_loader=False)
        except SystemExit as end:
            # A worker that left a moment before it was told to is no failure when we were asked to stop.
            return 0 if server.interrupt_signal else int(end.code or 0)
    return 0


@contextmanager
def _meeting(workers: int) -> Iterator[Path | None]:
    """A folder where the workers find each other; None where there is one, or no such sockets."""
    if workers == 1 or sys.platform == "win32":
        yield None
        return
    import tempfile  # noqa: PLC0415 - one worker alone needs none

    # Only this user may enter it.
    with tempfile.TemporaryDirectory(prefix="penstock-", ignore_cleanup_errors=True) as name:
        yield Path(name)


class _Granian(MPServer):
    """granian's server of processes, quiet, and telling when it is up."""

    def __init__(self, server: ServerSettings, ready: Callable[[], None]) -> None:
        super().__init__(
            "penstock",
            address=server.host,
            port=server.port,
            interface=Interfaces.ASGI,
            workers=server.workers,
            runtime_mode=RuntimeModes(TUNING.runtime_mode),
            runtime_threads=TUNING.runtime_threads,
            loop=Loops.uvloop if find_spec("uvloop") else Loops.asyncio,
            task_impl=TaskImpl.asyncio,
            http=HTTPModes.http1,
            http1_settings=HTTP1Settings(
                header_read_timeout=_IDLE_MILLISECONDS, max_buffer_size=TUNING.buffer
            ),
            websockets=server.websockets,
            backlog=TUNING.backlog,
            backpressure=TUNING.backpressure,
            log_level=LogLevels.error,
            log_dictconfig=_QUIET_LOG,
            workers_kill_timeout=ceil(server.drain) + _GRACE_SECONDS,
            # One that crashed takes only its own requests with it. One that crashes at once ends the server.
            respawn_failed_workers=True,
        )
        self.main_loop_interrupt = Bell()  # type: ignore[assignment]  # all that is used of an event
        self._address = (server.host, server.port)
        self._ready = ready
        self._survives_hangup = signal.getsignal(_HANGUP) is signal.SIG_IGN if _HANGUP else False
        self._on_terminal = _has_terminal()

    def signal_handler_interrupt(self, *args: Any, **kwargs: Any) -> None:
        """The first signal lets streams finish; Ctrl-C again ends them."""
        if self.interrupt_signal and args[:1] == (signal.SIGINT,):
            for worker in self.wrks:
                worker.kill()  # type: ignore[no-untyped-call]
        super().signal_handler_interrupt(*args, **kwargs)  # type: ignore[no-untyped-call]

    def signal_handler_reload(self, *args: Any, **kwargs: Any) -> None:
        """Have the configuration read again.

        A terminal that closes sends the same signal, and is gone by then: that ends us like any program,
        unless we were started to survive it (nohup).
        """
        if self._on_terminal and not self._survives_hangup and not _has_terminal():
            self.signal_handler_interrupt(*args, **kwargs)
        elif RENEWAL is not None:
            self._tell_workers(RENEWAL)

    def _spawn_workers(self, spawn_target: Any, target_loader: Any) -> None:
        super()._spawn_workers(spawn_target, target_loader)  # type: ignore[no-untyped-call]
        while not self.main_loop_interrupt.wait(_PROBE_SECONDS):
            if self._answers():
                # Nobody may be reading any more (`penstock serve | head -1`): that is no reason to end.
                with suppress(OSError):
                    self._ready()
                return

    def _stop_workers(self) -> None:
        if LEAVING is not None:
            self._let_leave(LEAVING)
        super()._stop_workers()  # type: ignore[no-untyped-call]

    def _let_leave(self, leaving: signal.Signals) -> None:
        """Tell the workers, who stop by themselves: granian would cut their sockets off at once.

        A worker has ended when the time to drain is over; one that has not is stopped, and then killed.
        """
        for worker in self.wrks:
            worker.interrupt_by_parent = True  # its end is no accident
        self._tell_workers(leaving)
        patience = self.workers_kill_timeout or _GRACE_SECONDS
        deadline = time.monotonic() + patience
        for worker in self.wrks:
            worker.join(max(deadline - time.monotonic(), 0.0))  # type: ignore[no-untyped-call]
        self.workers_kill_timeout = _GRACE_SECONDS

    def _tell_workers(self, number: signal.Signals) -> None:
        for worker in self.wrks:
            with suppress(OSError):
                os.kill(worker.inner.pid, number)

    def _answers(self) -> bool:
        with suppress(OSError), socket.create_connection(self._address, timeout=1):
            return True
        return False


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True


def spare_collector() -> None:
    """Have this process look for cycles after ten thousand new objects, instead of 700.

    A request leaves none: 5 000 in a row, streams among them, set off no collection at all. What sets them
    off is that many are under way at once. Measured in process with twice 2 000 streams at once (Python
    3.11): of its time the collector took 20 % with 700 and 10 % with 10 000, and the longest pause was 53 to
    96 ms against 50. With 25 000 it was 112 to 165 ms, when the second generation came.
    """
    gc.set_threshold(_YOUNG_OBJECTS, *gc.get_threshold()[1:])


def _load(settings: Settings, origin: Origin, colleagues: Path | None) -> Any:
    spare_collector()
    from gateway.app import build  # noqa: PLC0415 - a spawned worker has not imported it yet

    app = build(settings, origin, colleagues)
    if TUNING.batches:
        app.house.timekeeper.scheduling = Scheduling()
    return app


def _share_memory() -> None:
    """Import what the workers need, once, where they are forked; elsewhere each has to do it by itself."""
    if sys.platform != "linux":
        return
    # From Python 3.14 on it would not be the default.
    multiprocessing.set_start_method("fork", force=True)
    import gateway.app  # noqa: PLC0415 - only a server that is about to fork wants it in memory
    import gateway.sealing  # noqa: F401, PLC0415 - one secret for all that are forked from here

    gc.collect()
    gc.freeze()


def _raise_file_limit() -> None:
    """Two descriptors a stream: the usual soft limit of 1 024 would end at 500 streams."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - does not exist on Windows

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    if soft in (resource.RLIM_INFINITY, wanted) or soft > wanted:
        return
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
