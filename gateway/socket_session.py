"""One open socket, from its acceptance to its end: a conversation, one turn at a time.

One task listens all the time, for only so is a departure heard; what is asked is answered by another, in
order. One request may wait for the turn before it, a further one is refused. A socket on which nothing
happens costs a timer and is closed when it has come.
"""

import asyncio
import time
from collections import deque
from contextlib import suppress
from typing import Final, NamedTuple

from adapters.events import Reply, Usage
from adapters.fault import Fault
from gateway import paths
from gateway.admission import CLOSING
from gateway.errors import Refused
from gateway.exchange import run
from gateway.house import House
from gateway.ingress import new_request_id
from gateway.socket_memory import Memory, lasting
from gateway.socket_messages import (
    BUSY,
    DIALECT,
    NO_TEXT,
    Ask,
    idle_too_long,
    read,
    tell_fault,
    unknown_previous,
)
from gateway.socket_turn import Turn
from gateway.state import Exchange, Message, Pair, Receive, Scope, Send

PATH: Final = paths.RESPONSES
# The turn that runs and the one that waits.
AT_ONCE: Final = 2
NORMAL, TOO_BIG, RESTART = 1000, 1009, 1012  # RFC 6455, 7.4.1, and its registry
# How long a client may take to take our farewell, in seconds.
FAREWELL: Final = 5.0
# Fields of the handshake that are not of the requests made under it; a request has an id of its own.
OF_THE_HANDSHAKE: Final = frozenset(
    (b"upgrade", b"accept", b"accept-encoding", b"content-type", b"content-length", b"x-request-id")
)
HANDSHAKE_PREFIX: Final = b"sec-websocket-"
BETA: Final = b"openai-beta"
SOCKET_BETA: Final = b"responses_websockets="
OF_A_REQUEST: Final = [(b"content-type", b"application/json"), (b"accept", b"text/event-stream")]


class Ends(NamedTuple):
    """A connection as the server hands it over."""

    scope: Scope
    receive: Receive
    send: Send


class Session:
    """See the head of this file. `idle` is in seconds."""

    __slots__ = (
        "_asked",
        "_ending",
        "_gone",
        "_idle",
        "_memory",
        "_receive",
        "_running",
        "_scope",
        "_send",
        "_wake",
        "house",
    )

    def __init__(self, house: House, ends: Ends, idle: float) -> None:
        self.house = house
        self._scope = {**ends.scope, "type": "http", "method": "POST", "path": PATH}
        self._scope["headers"] = request_headers(ends.scope["headers"])
        self._receive, self._send = ends.receive, ends.send
        self._idle = idle
        self._memory = Memory(house.settings.server.max_body)
        self._asked: deque[Ask] = deque()
        self._running = False
        self._wake = asyncio.Event()
        self._gone = asyncio.Event()
        self._ending: tuple[int, str] | None = None

    async def talk(self) -> None:
        """Converse until the client leaves or is told that it is over."""
        listening = asyncio.get_running_loop().create_task(self._listen())
        try:
            await self._converse()
        finally:
            left = self._gone.is_set()
            # The server closes nothing while it is being listened to.
            listening.cancel()
            (error,) = await asyncio.gather(listening, return_exceptions=True)
        if isinstance(error, Exception):
            raise error
        if not left:
            await self._take_leave()

    def end(self, code: int, reason: str) -> None:
        """Say farewell after what has been asked so far."""
        self._ending = self._ending or (code, reason)
        self._wake.set()

    def leave(self) -> None:
        """The house is closing: what runs goes on to its end, and nothing new begins."""
        self.end(RESTART, "this gateway is shutting down; connect again")

    # Listen.

    async def _listen(self) -> None:
        try:
            while (message := await self._heard())["type"] == "websocket.receive":
                await self._take(message)
        finally:
            self._depart()

    async def _heard(self) -> Message:
        try:
            return await self._receive()
        except (RuntimeError, OSError):
            return {"type": "websocket.disconnect"}  # the server says so of a connection that is closed

    def _depart(self) -> None:
        self._gone.set()
        self._wake.set()

    async def _take(self, message: Message) -> None:
        """A message has come: it is asked something, or told why not."""
        text, limit = message.get("text"), self.house.settings.server.max_body
        if text is None:
            await self._tell_fault(NO_TEXT)
            return
        data = text.encode(errors="replace")
        if len(data) > limit:
            await self._tell_fault(Fault("too_large", 413, f"the message is larger than {limit} bytes"))
            self.end(TOO_BIG, "the message is too large")
            return
        try:
            found = read(data)
        except Refused as refused:
            await self._tell_fault(refused.fault)
            return
        if isinstance(found, Ask):
            await self._enqueue(found)
        elif found:
            await self._tell(found)

    async def _enqueue(self, ask: Ask) -> None:
        if len(self._asked) + self._running >= AT_ONCE:
            await self._tell_fault(BUSY)
            return
        self._asked.append(ask)
        self._wake.set()

    # Answer.

    async def _converse(self) -> None:
        try:
            while (ask := await self._next()) is not None:
                await self._answer(ask)
        except TimeoutError:
            await self._tell_fault(idle_too_long(self._idle))
            self.end(NORMAL, "nothing happened for too long")

    async def _next(self) -> Ask | None:
        """The next request; None when there will be no more. Raises TimeoutError."""
        self._running = False
        async with asyncio.timeout(self._idle):
            while not (self._asked or self._gone.is_set() or self._ending):
                self._wake.clear()
                await self._wake.wait()
        if self._gone.is_set() or not self._asked:
            return None
        self._running = True
        return self._asked.popleft()

    async def _answer(self, ask: Ask) -> None:
        before = b""
        if ask.previous is not None:
            found = self._memory.up_to(ask.previous)
            if found is None:
                await self._tell_fault(unknown_previous(ask.previous, self._memory.cap(ask.previous)))
                return
            before = found
        turn = Turn(ask.body(before), self._tell, self._gone)
        if ask.generate:
            await self._exchange(turn)
        else:
            await self._warm_up(ask, turn)
        if turn.response:
            pieces = [ask.items, *lasting(turn.output, stored=ask.stored)]
            self._memory.keep(turn.response, ask.previous, pieces)

    async def _exchange(self, turn: Turn) -> None:
        house = self.house
        ends = (self._scope, turn.receive, turn.send)
        profile: str = self._scope.get("profile", "")
        await run(Exchange(house, DIALECT, "generate", PATH, *ends, house.clock(), profile=profile))

    async def _warm_up(self, ask: Ask, turn: Turn) -> None:
        """Nothing is asked of anybody: what the next request needs is remembered, under an id."""
        if self.house.admission.closing:
            await self._tell_fault(CLOSING)
            return
        name = new_request_id().decode()
        reply = Reply(name, ask.model, (), "end", Usage(), int(time.time()))
        frames = DIALECT.write_stream(reply, False)  # noqa: FBT003 - the shape of all dialects
        await turn.send({"type": "http.response.start", "status": 200, "headers": []})
        await turn.send({"type": "http.response.body", "body": b"".join(frames)})

    # Tell.

    async def _tell(self, event: bytes) -> None:
        if self._gone.is_set():
            return
        try:
            await self._send({"type": "websocket.send", "text": event.decode(errors="replace")})
        except (RuntimeError, OSError):
            self._depart()

    async def _tell_fault(self, fault: Fault) -> None:
        await self._tell(tell_fault(fault))

    async def _take_leave(self) -> None:
        code, reason = self._ending or (NORMAL, "")
        with suppress(RuntimeError, OSError, TimeoutError):
            async with asyncio.timeout(FAREWELL):
                await self._send({"type": "websocket.close", "code": code, "reason": reason})


def request_headers(handshake: list[Pair]) -> list[Pair]:
    """The header fields of every request made under a handshake."""
    kept = [pair for pair in map(_without_beta, handshake) if pair[1] and _is_kept(pair[0])]
    return [*kept, *OF_A_REQUEST]


def _is_kept(name: bytes) -> bool:
    return name not in OF_THE_HANDSHAKE and not name.startswith(HANDSHAKE_PREFIX)


def _without_beta(pair: Pair) -> Pair:
    """The field without the word that asks for a WebSocket, which the provider is not asked for."""
    name, value = pair
    if name != BETA:
        return pair
    words = [word.strip() for word in value.split(b",")]
    return name, b", ".join(word for word in words if not word.startswith(SOCKET_BETA))
