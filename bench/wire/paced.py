"""The client with a clock of its own: it asks when a request is due, whatever became of those before.

`python -m bench.wire.paced` reads one JSON object (`Pace`) and prints one. A client that waits
for its answers slows down with the server and so hides what a user would feel; this one counts from
the moment a request was due.
"""

import asyncio
import random
import re
import sys
import time
from collections import deque
from typing import cast

import msgspec
import uvloop

END_OF_HEAD = b"\r\n\r\n"
LENGTH = b"content-length:"
OWN = re.compile(rb"\bown;dur=([\d.]+)")
PATIENCE = 30.0


class Call(msgspec.Struct, frozen=True):
    """One request that may be made; it is drawn as often as its weight says."""

    path: str
    body: str
    weight: float = 1.0


class Pace(msgspec.Struct, frozen=True):
    """What to ask, how often and how long; each time `burst` at once, at most `most` not answered yet.

    Of several calls one is drawn for each request, in every run the same. `opened` connections are there
    from the start; they are used in turn, and more are opened when all are busy.
    """

    port: int
    calls: list[Call]
    headers: dict[str, str]
    per_second: float
    seconds: float
    burst: int = 1
    most: int = 200
    opened: int = 0


class Paced(msgspec.Struct, frozen=True):
    """What came of it; times in seconds, counted from when a request was due.

    `skipped` were not made, for too many were under way. `own` is what the gateway says it took itself,
    where it says so: the same percentiles.
    """

    requests: int
    failed: int
    seconds: float
    p50: float
    p95: float
    p99: float
    own: tuple[float, float, float] = (0.0, 0.0, 0.0)
    skipped: int = 0


class Asking(asyncio.Protocol):
    """One connection: a request out, its whole answer in."""

    def __init__(self) -> None:
        self._transport: asyncio.WriteTransport | None = None
        self._received = b""
        self._answered: asyncio.Future[bool] | None = None
        self.own: float | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.WriteTransport", transport)  # uvloop's are no subclass

    def data_received(self, data: bytes) -> None:
        """Say so when the answer is whole."""
        self._received += data
        head, found, body = self._received.partition(END_OF_HEAD)
        if found and _whole(head.lower(), body):
            told = OWN.search(head)
            self.own = float(told[1]) / 1000 if told else None
            self._finish(good=head.startswith(b"HTTP/1.1 200"))

    def connection_lost(self, _error: Exception | None) -> None:
        """Give up what is not answered."""
        self._transport = None
        self._finish(good=False)

    async def ask(self, request: bytes) -> bool:
        """Send a request and wait for its answer: whether it was a 200."""
        if self._transport is None:
            return False
        self._received = b""
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answered

    @property
    def open(self) -> bool:
        """Whether it can be asked."""
        return self._transport is not None

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()

    def _finish(self, *, good: bool) -> None:
        if self._answered is not None and not self._answered.done():
            self._answered.set_result(good)


class Walk:
    """One run: its free connections and what was found so far."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._free: deque[Asking] = deque()
        self._choice = random.Random(7)  # noqa: S311  # the same requests in every run
        self._requests = [_request(pace, call) for call in pace.calls]
        self._weights = [call.weight for call in pace.calls]
        self.took: list[float] = []
        self.own: list[float] = []
        self.failed = 0
        self.skipped = 0

    async def open(self) -> None:
        """Open the connections that are there from the start."""
        for _ in range(self._pace.opened):
            self._free.append(await self._connect())

    async def one(self, due: float) -> None:
        """Ask once, for a request that was due at a certain time."""
        connection = self._free.popleft() if self._free else await self._connect()
        good = await connection.ask(self.draw())
        self.took.append(time.monotonic() - due)
        self.failed += not good
        if connection.own is not None:
            self.own.append(connection.own)
        if connection.open:
            self._free.append(connection)

    def draw(self) -> bytes:
        """The next request."""
        return self._choice.choices(self._requests, self._weights)[0]

    def close(self) -> None:
        """Hang up every connection."""
        for connection in self._free:
            connection.close()

    async def _connect(self) -> Asking:
        loop = asyncio.get_running_loop()
        _transport, connection = await loop.create_connection(Asking, "127.0.0.1", self._pace.port)
        return connection


async def walk(pace: Pace) -> Paced:
    """Ask at the pace wanted; what came of it."""
    going = Walk(pace)
    await going.open()
    begun = time.monotonic()
    tasks: set[asyncio.Task[None]] = set()
    for number in range(int(pace.per_second * pace.seconds / pace.burst)):
        due = begun + number * pace.burst / pace.per_second
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        room = min(pace.burst, pace.most - len(tasks))
        going.skipped += pace.burst - room
        for _ in range(room):
            task = asyncio.ensure_future(going.one(due))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
    if tasks:
        _done, late = await asyncio.wait(tasks, timeout=PATIENCE)
        going.failed += len(late)
    going.close()
    lasted = time.monotonic() - begun
    took, own = percentiles(going.took), percentiles(going.own)
    return Paced(len(going.took), going.failed, lasted, *took, own, going.skipped)


def percentiles(values: list[float]) -> tuple[float, float, float]:
    """The 50th, the 95th and the 99th, each the value at its share of the way through all in order."""
    ordered = sorted(values) or [0.0]
    middle, high, higher = (ordered[int(len(ordered) * share)] for share in (0.5, 0.95, 0.99))
    return middle, high, higher


def _whole(head: bytes, body: bytes) -> bool:
    _, found, rest = head.partition(LENGTH)
    if found:
        return len(body) >= int(rest.partition(b"\r\n")[0])
    return body.endswith(b"0\r\n\r\n")


def _request(pace: Pace, call: Call) -> bytes:
    body = call.body.encode()
    lines = "".join(f"{name}: {value}\r\n" for name, value in pace.headers.items())
    head = f"POST {call.path} HTTP/1.1\r\nhost: 127.0.0.1\r\n{lines}content-length: {len(body)}\r\n\r\n"
    return head.encode() + body


if __name__ == "__main__":
    walked = uvloop.run(walk(msgspec.json.decode(sys.stdin.buffer.read(), type=Pace)))
    sys.stdout.write(msgspec.json.encode(walked).decode())
