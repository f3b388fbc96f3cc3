"""A reply that belongs to nobody: one upstream call, and as many clients as asked for the same.

The call is an exchange of its own, in a task of its own, whose client is the shared reply; each client
listens to it at its own pace, from the first byte, as it would to a wire. Who listens last and leaves ends
the call, at once or after the grace time in which the same conversation may come back for it (feature F15).

What is held is bounded. Up to `MOST_HELD` bytes all of it is there for whoever comes late. Beyond, the call
waits for the quickest listener, and who is further behind than that is told so and let go.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from adapters.fault import Fault
from gateway.admission import CLOSING
from gateway.errors import ClientGone, Refused
from gateway.state import Exchange, Message, Pair
from gateway.timekeeper import interrupt
from gateway.upstream import Head

MOST_HELD: Final = 1024 * 1024
# Calls that go on for nobody, in each worker: whoever asks and leaves, over and over, must not cost more.
MOST_ORPHANS: Final = 100
FELL_BEHIND: Final = Fault(
    "overloaded",
    503,
    "this client reads more slowly than others that share its reply; ask again",
    code="fell_behind",
)

Ask = Callable[[Exchange], Awaitable[None]]


class SharedReply:
    """See the head of this file. `asking` is the exchange with the upstream: what it sends comes here."""

    __slots__ = (
        "_held",
        "_left",
        "_pieces",
        "_room",
        "asking",
        "base",
        "ended",
        "error",
        "headers",
        "key",
        "listeners",
        "orphaned_at",
        "sessions",
        "status",
        "streamed",
        "task",
    )

    def __init__(self, key: bytes, left: Callable[["SharedReply", bool], None]) -> None:
        self.key = key
        self._left = left
        self.asking: Exchange | None = None
        self.task: asyncio.Task[None] | None = None
        self.listeners: set[Listener] = set()
        self.sessions: set[bytes] = set()
        self.orphaned_at = 0.0
        self.status = 0  # until there is a head
        self.headers: list[Pair] = []
        self.streamed = self.ended = False
        self.error: Exception | None = None
        self.base = 0  # pieces that are held no more
        self._pieces: list[bytes] = []
        self._held = 0
        self._room: asyncio.Future[None] | None = None

    # What the exchange that asks calls.

    async def send(self, message: Message) -> None:
        """Take what the exchange says. Raises what interrupted it."""
        asking = self.asking
        assert asking is not None
        if asking.interrupted is not None:
            raise asking.interrupted
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], message["headers"]
            self.streamed = asking.relay == "stream"
        else:
            self._take(message["body"], more=message.get("more_body", False))
        self._wake()
        if self._held > MOST_HELD and not self.ended:
            await self._make_room(asking)

    def finish(self, error: Exception | None) -> None:
        """Nothing more will be said."""
        self.ended = True
        self.error = error
        self._wake()

    # What listeners ask.

    @property
    def end(self) -> int:
        """How many pieces were said."""
        return self.base + len(self._pieces)

    @property
    def joinable(self) -> bool:
        """Whether it can still be heard from the beginning, and is worth it."""
        return self.base == 0 and self.error is None

    def listen(self, session: bytes) -> "Listener":
        """Begin to listen, from the first byte."""
        listener = Listener(self)
        self.listeners.add(listener)
        self.sessions.add(session)
        return listener

    def since(self, place: int) -> bytes:
        """All that was said from a place on. Raises Refused where that is held no more."""
        if place < self.base:
            raise Refused(FELL_BEHIND)
        pieces = self._pieces if place == self.base else self._pieces[place - self.base :]
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        self._give_room()
        return data

    def dismiss(self, listener: "Listener", *, cut: bool) -> None:
        """A client is gone before it had all, or has it; a second time does nothing."""
        if listener in self.listeners:
            self.listeners.remove(listener)
            self._give_room()
            if not self.listeners:
                self._left(self, cut)

    def abandon(self) -> None:
        """Nobody will come: end the call."""
        if self.asking is not None and not self.ended:
            interrupt(self.asking, ClientGone())
            self._give_room()

    # What is held.

    def _take(self, piece: bytes, *, more: bool) -> None:
        if piece:
            self._pieces.append(piece)
            self._held += len(piece)
        self.ended = not more

    async def _make_room(self, asking: Exchange) -> None:
        """Wait for the quickest listener, and let go of what it heard. Raises what interrupted the call."""
        while max((one.place for one in self.listeners), default=0) < self.end:
            if not self.listeners:
                # It could not be heard from the beginning by who might come back.
                raise ClientGone
            self._room = asyncio.get_running_loop().create_future()
            await self._room
            if asking.interrupted is not None:
                raise asking.interrupted
        count = 0
        while self._held > MOST_HELD // 2:
            self._held -= len(self._pieces[count])
            count += 1
        del self._pieces[:count]
        self.base += count
        self._wake()

    def _give_room(self) -> None:
        if self._room is not None and not self._room.done():
            self._room.set_result(None)

    def _wake(self) -> None:
        for listener in self.listeners:
            listener.wake()


class Listener:
    """An ear: a source (`source.py`), pulled like a wire. `place` is the first piece not heard yet."""

    __slots__ = ("_nudged", "_waiter", "place", "shared")

    def __init__(self, shared: SharedReply) -> None:
        self.shared = shared
        self.place = 0
        self._nudged = False
        self._waiter: asyncio.Future[bool] | None = None

    def head(self) -> Head | None:
        """The head as it was said to all."""
        shared = self.shared
        return Head(shared.status, tuple(shared.headers)) if shared.status else None

    def pull(self) -> bytes | None:
        """All that was said since; b"" at the end; None when nothing was. Raises Refused."""
        shared = self.shared
        if self.place < shared.end:
            place, self.place = self.place, shared.end
            return shared.since(place)
        return b"" if shared.ended else None

    def wait(self) -> asyncio.Future[bool]:
        """Done when something may have come; true when it was a nudge."""
        self._waiter = waiter = asyncio.get_running_loop().create_future()
        if self._nudged:
            self._nudged = False
            waiter.set_result(True)
        return waiter

    def wake(self) -> None:
        """Something was said."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(False)

    def complete(self) -> bool:
        """Whether all of the reply has arrived, heard or not."""
        return self.shared.ended

    def at_end(self) -> bool:
        """Whether all has been heard."""
        return self.shared.ended and self.place >= self.shared.end

    def nudge(self) -> None:
        """Wake whoever waits, now or next."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(True)
        else:
            self._nudged = True

    def abort(self) -> None:
        """Stop listening."""
        self.shared.dismiss(self, cut=False)


async def _hear_nothing() -> Message:
    """Nobody ever leaves a shared call: when no one listens any more, it is interrupted."""
    never: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
    return await never


async def _say_nothing(message: Message) -> None:
    """The reply is over."""


class Sharing:
    """The replies that are shared now, by what makes requests the same. `grace` is in seconds, 0 for none."""

    __slots__ = ("_clock", "_orphans", "_replies", "_running", "grace")

    def __init__(self, clock: Callable[[], float], grace: float) -> None:
        self._clock = clock
        self.grace = grace
        self._replies: dict[bytes, SharedReply] = {}
        self._orphans: set[SharedReply] = set()
        self._running: set[asyncio.Task[None]] = set()

    def find(self, key: bytes, session: bytes, *, coalesces: bool) -> SharedReply | None:
        """A reply that may be listened to: one others listen to, or one the conversation had left."""
        found = self._replies.get(key)
        if found is None or not found.joinable:
            return None
        if found.listeners:
            return found if coalesces else None
        if session not in found.sessions and (found.ended or not coalesces):
            return None
        self._orphans.discard(found)
        return found

    def begin(self, key: bytes, exchange: Exchange, ask: Ask) -> SharedReply:
        """Ask the upstream, in a task of its own, what this exchange asks."""
        shared = SharedReply(key, self._left)
        shared.asking = msgspec.structs.replace(
            exchange,
            receive=_hear_nothing,
            send=shared.send,
            offered_codings=b"",  # clients may read different ones
            held=[],
            admitted=False,
            ticket=None,
            shared=True,
            source=None,
        )
        self._replies[key] = shared
        shared.task = task = asyncio.get_running_loop().create_task(self._run(shared, ask))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return shared

    async def close(self) -> None:
        """End every call, whoever listens."""
        for task in (running := list(self._running)):
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    @property
    def count(self) -> int:
        """How many replies are on their way, or kept for who may come back."""
        return len(self._replies)

    async def _run(self, shared: SharedReply, ask: Ask) -> None:
        assert shared.asking is not None
        error: Exception | None = Refused(CLOSING)  # where the house was closed in the middle
        try:
            await ask(shared.asking)
            error = None
        except Exception as caught:  # noqa: BLE001  # whatever it is, each client is told in its own words
            error = caught
        finally:
            if shared.asking.outcome == "client_gone":
                error = ClientGone()  # what was said is not all of it
            shared.finish(error)
            # No ring is left that only the collector of garbage would find, with a reply in it.
            shared.asking.send = _say_nothing
            if error is not None or not self.grace:
                self._forget(shared)

    def _left(self, shared: SharedReply, cut: bool) -> None:  # noqa: FBT001  # as it is called back
        """The last listener has left."""
        known = self._replies.get(shared.key) is shared
        waits = self.grace and len(self._orphans) < MOST_ORPHANS
        if known and cut and waits and shared.joinable:
            self._orphans.add(shared)
            shared.orphaned_at = now = self._clock()
            asyncio.get_running_loop().call_later(self.grace, self._grace_over, shared, now)
            return
        self._forget(shared)
        shared.abandon()

    def _grace_over(self, shared: SharedReply, since: float) -> None:
        if not shared.listeners and shared.orphaned_at == since:
            self._forget(shared)
            shared.abandon()

    def _forget(self, shared: SharedReply) -> None:
        self._orphans.discard(shared)
        if self._replies.get(shared.key) is shared:
            del self._replies[shared.key]
