"""The log: one line a request, for people or as JSON, never a body and never a key (feature O4).

Lines are gathered and written together, at most a tenth of a second later, so that a busy gateway
makes few system calls. A reader that stalls must not stall the gateway: nothing is written to a pipe
that has no room, and when too much has gathered the newest lines are dropped and counted.
"""

import asyncio
import os
import select
from contextlib import suppress
from datetime import UTC, datetime
from time import time_ns
from typing import Final

import msgspec

from gateway.redaction import redact
from gateway.settings import LogSettings

LEVELS: Final = {"debug": 10, "info": 20, "error": 40, "off": 100}
WAIT: Final = 0.1  # seconds that a line may be held back
MOST_HELD: Final = 1024 * 1024  # bytes
PIECE: Final = 4096  # a pipe that is writable takes this much without blocking (POSIX: PIPE_BUF)


class Line(msgspec.Struct, omit_defaults=True):
    """One line: what is known of one exchange when it is closed. Times in milliseconds."""

    time: str
    level: str
    message: str
    id: str = ""
    caller: str = ""
    dialect: str = ""
    operation: str = ""
    model: str = ""
    provider: str = ""
    target: str = ""
    route: str = ""
    body: str = ""
    dropped: str = ""
    left_out: str = ""
    relay: str = ""
    cache: str = ""
    status: int = 0
    outcome: str = ""
    error: str = ""
    attempts: int = 0
    failed: str = ""
    credential: int = 0
    leaving: str = ""
    bytes_in: int = 0
    bytes_out: int = 0
    input: int = 0
    cache_read: int = 0
    cache_write: int = 0
    output: int = 0
    reasoning: int = 0
    cost: str = ""
    first_byte_ms: float = 0.0
    total_ms: float = 0.0
    own_ms: float = 0.0
    upstream_id: str = ""
    session: str = ""
    agent: str = ""


class Journal:
    """Gathers lines and writes them to a file descriptor."""

    __slots__ = (
        "_descriptor",
        "_encode",
        "_format",
        "_held",
        "_poll",
        "_size",
        "_threshold",
        "_timer",
        "dropped",
        "level",
    )

    def __init__(self, settings: LogSettings, descriptor: int = 2) -> None:
        self._descriptor = descriptor
        self._format = settings.format
        self._encode = msgspec.json.Encoder().encode
        self._held: list[bytes] = []
        self._size = 0
        self._timer: asyncio.TimerHandle | None = None
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLOUT)
        self.dropped = 0
        self.level = settings.level
        self._threshold = LEVELS[settings.level]

    def settle(self, settings: LogSettings) -> None:
        """Write as these settings say from now on."""
        self._format = settings.format
        self.set_level(settings.level)

    def set_level(self, level: str) -> None:
        """Change the level while running. Raises KeyError for a level that does not exist."""
        self._threshold = LEVELS[level]
        self.level = level

    def wants(self, level: str) -> bool:
        """Whether lines of this level are written."""
        return LEVELS[level] >= self._threshold

    def write(self, line: Line) -> None:
        """Take one line, to be written soon."""
        text = self._encode(line) if self._format == "json" else _for_people(line)
        if self._size > MOST_HELD:
            self.dropped += 1
            return
        self._held.append(text)
        self._size += len(text) + 1
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(WAIT, self._due)

    def say(self, level: str, message: str) -> None:
        """A line that is about no exchange, or about one that went wrong in a way nobody foresaw."""
        if self.wants(level):
            self.write(Line(now(), level, redact(message)))

    def _due(self) -> None:
        self._timer = None
        self.flush()
        if self._held:
            self._timer = asyncio.get_running_loop().call_later(WAIT, self._due)

    def flush(self) -> None:
        """Write what is held, as far as it is taken without waiting."""
        if not self._held:
            return
        data = b"\n".join(self._held) + b"\n"
        sent = 0
        with suppress(OSError):  # a reader that has gone is no reason to stop serving
            while sent < len(data) and self._poll.poll(0):
                sent += os.write(self._descriptor, data[sent : sent + PIECE])
        # Without its last line break, which comes back with the next flush, even when nothing else is left.
        self._held = [data[sent:-1]] if sent < len(data) else []
        self._size = len(data) - sent


class _Now:
    """The time as text. All but the milliseconds is spelled once a second."""

    __slots__ = ("_second", "_spelled")

    def __init__(self) -> None:
        self._second = -1
        self._spelled = ""

    def __call__(self) -> str:
        """The time in UTC, RFC 3339, to the millisecond."""
        second, nanosecond = divmod(time_ns(), 1_000_000_000)
        if second != self._second:
            self._second = second
            self._spelled = f"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%M:%S}"
        return f"{self._spelled}.{nanosecond // 1_000_000:03d}Z"


now: Final = _Now()


def _for_people(line: Line) -> bytes:
    if not line.id:
        return f"{line.time} {line.level:5} {_printable(line.message)}".encode()
    where = f"{line.provider}/{_printable(line.target)}" if line.provider else "-"
    tokens = f" in={line.input + line.cache_read + line.cache_write} out={line.output}" if line.output else ""
    cached = f" cached={line.cache_read}" if line.cache_read else ""
    cost = f" cost=${line.cost}" if line.cost else ""
    error = f" error={line.error!r}" if line.error else ""
    credential = f" credential={line.credential}" if line.credential else ""
    leaving = f" leaving=[{line.leaving}]" if line.leaving else ""
    failed = f" failed=[{_printable(line.failed)}]" if line.failed else ""
    first = f"first={line.first_byte_ms:.1f}ms " if line.first_byte_ms else ""
    model = _printable(line.model) or "-"
    return (
        f"{line.time} {line.level:5} {line.status} {line.outcome} {line.dialect} {line.operation} "
        f"{model} -> {where}{tokens}{cached}{cost} "
        f"{first}total={line.total_ms:.1f}ms own={line.own_ms:.2f}ms "
        f"caller={line.caller or '-'} id={line.id}{credential}{leaving}{failed}{error}"
    ).encode()


def _printable(text: str) -> str:
    """A client's word as it may stand in a line: nothing in it can end the line or speak to a terminal."""
    return text if text.isprintable() else text.encode("unicode_escape").decode()
