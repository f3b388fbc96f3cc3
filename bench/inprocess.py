"""Drives an ASGI application in this process: no socket, no server, an upstream faked at the transport.

The client side plays granian: a body arrives as two messages, the last one empty, and a further
`receive()` waits until the reply is over. The upstream side is a transport: what is written to it
is answered with canned pieces, one turn of the event loop or more apart, so that a piece of a
stream is always passed on before the next one comes. The null application does nothing but move
the same messages; what it costs is the harness's own cost.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from hashlib import sha256
from importlib import import_module
from itertools import repeat
from typing import Any, Self

from msgspec.structs import replace

from bench.workloads import CHAT_MODEL, CROSSED_MODEL, KEY, MESSAGES_MODEL, RECROSSED_MODEL, Workload
from gateway.settings import (
    Budget,
    KeySettings,
    LimitSettings,
    LogSettings,
    Price,
    ProviderSettings,
    ServerSettings,
    Settings,
    StoreSettings,
)

Message = dict[str, Any]
Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
Dial = Callable[[asyncio.Protocol], Awaitable["Upstream"]]
Build = Callable[[Settings, Dial], Application]

ENOUGH = 10**9
HOURS = 7200.0
TURNS_BETWEEN_PIECES = 2
IDLE = Workload("idle", "GET", "/healthz")
EMPTY: Message = {"type": "http.request", "body": b"", "more_body": False}
START: Message = {"type": "http.response.start", "status": 200, "headers": []}
PART: Message = {"type": "http.response.body", "body": b"x", "more_body": True}
END: Message = {"type": "http.response.body", "body": b"", "more_body": False}


def settings(house: str = "usual") -> Settings:
    """One provider a dialect, a key that clients must show, no log, and what a house has beside."""
    usual = Settings(
        server=ServerSettings(keys_required=True),
        providers=(_provider("bench-chat", "openai-chat"), _provider("bench-messages", "anthropic-messages")),
        models={
            CHAT_MODEL: "bench-chat",
            MESSAGES_MODEL: "bench-messages",
            CROSSED_MODEL: "bench-chat",
            RECROSSED_MODEL: "bench-messages",
        },
        keys=(KeySettings(name="bench", digest=sha256(KEY.encode()).digest()),),
        log=LogSettings(level="off"),
    )
    return HOUSES[house](usual)


def _limited(usual: Settings) -> Settings:
    """Limits over everybody and over the key, of requests and of tokens; nobody meets them."""
    limits = LimitSettings(requests_per_minute=10**6, tokens_per_minute=ENOUGH, concurrent=1000)
    keys = tuple(KeySettings(key.name, key.digest, limits=limits) for key in usual.keys)
    return replace(usual, keys=keys, limits=limits)


def _keeping(usual: Settings) -> Settings:
    """A ledger, and the prices that its rows ask for."""
    price = Price(input=3_000_000, output=15_000_000, cache_read=300_000, cache_write=3_750_000)
    return replace(usual, store=StoreSettings(path=":memory:"), prices={"*/*": price})


def _team(usual: Settings) -> Settings:
    """What a team has: limits, a budget, and a ledger that they are charged with."""
    limited = _limited(_keeping(usual))
    budget = (Budget(dollars=ENOUGH, window="day"),)
    keys = tuple(KeySettings(key.name, key.digest, limits=key.limits, budgets=budget) for key in limited.keys)
    return replace(limited, keys=keys)


# What the houses of the workloads have that the usual one has not, by name.
HOUSES: dict[str, Callable[[Settings], Settings]] = {
    "usual": lambda usual: usual,
    "limited": _limited,
    "keeping": _keeping,
    "team": _team,
}


def _provider(name: str, dialect: str) -> ProviderSettings:
    return ProviderSettings(
        name=name,
        row=None,
        base_urls={dialect: "http://127.0.0.1:9/v1"},
        credential="key",
        api_key="sk-upstream-0000",
    )


class Upstream(asyncio.Transport):
    """A connection to an upstream that answers each whole request with the pieces laid ready."""

    def __init__(self, loop: asyncio.AbstractEventLoop, workload: Workload) -> None:
        super().__init__()
        self.workload = workload
        self._loop = loop
        self._step = self._advance  # bound once: a bound method is an allocation
        self._protocol: asyncio.Protocol | None = None
        self._piece = 0
        self._turns = 0
        self._closed = False

    def connect(self, protocol: asyncio.Protocol) -> None:
        """Hand `protocol` this transport, as an event loop does when a connection stands."""
        self._protocol = protocol
        protocol.connection_made(self)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Take bytes; the ones that end the request's body set the answer going."""
        # A translated body is another one: it comes with its head, and in one write.
        if bytes(data).endswith((self.workload.body, b"}")):
            self._piece = 0
            self._turns = 0
            self._loop.call_soon(self._step)

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        """Take the parts as one."""
        self.write(b"".join(list_of_data))

    def _advance(self) -> None:
        if self._turns:
            self._turns -= 1
            self._loop.call_soon(self._step)
            return
        pieces = self.workload.pieces
        piece = pieces[self._piece]
        self._piece += 1
        if self._protocol is not None and not self._closed:
            self._protocol.data_received(piece)
        if self._piece < len(pieces):
            self._turns = TURNS_BETWEEN_PIECES
            self._loop.call_soon(self._step)

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ARG002  # the base class's signature
        """Know nothing: there is no socket."""
        return default

    def is_closing(self) -> bool:
        """Say whether somebody closed the connection."""
        return self._closed

    def close(self) -> None:
        """Close, and tell the protocol as a loop would."""
        if not self._closed and self._protocol is not None:
            self._loop.call_soon(self._protocol.connection_lost, None)
        self._closed = True

    abort = close

    def pause_reading(self) -> None:
        """Go on: the pieces are small and few."""

    def resume_reading(self) -> None:
        """Go on: nothing was held."""

    def get_write_buffer_size(self) -> int:
        """Never hold anything."""
        return 0


class Client:
    """One request as a server hands it to an application, and the reply as the server sees it."""

    __slots__ = ("_asked", "_departure", "_first", "_loop", "body", "sends", "status")

    def __init__(self, loop: asyncio.AbstractEventLoop, workload: Workload) -> None:
        self._loop = loop
        self._asked = 0
        self._first: Message = {"type": "http.request", "body": workload.body, "more_body": True}
        self._departure: asyncio.Future[Message] | None = None
        self.status = 0
        self.body = b""
        self.sends = 0

    async def receive(self) -> Message:
        """The body, then its empty end, then a wait for the end of the exchange."""
        self._asked += 1
        if self._asked == 1:
            return self._first
        if self._asked == 2:  # noqa: PLR2004  # the second message
            return EMPTY
        self._departure = self._loop.create_future()
        return await self._departure

    async def send(self, message: Message) -> None:
        """Take the reply."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            return
        body = message.get("body")
        if body:
            self.sends += 1
            self.body += body

    def leave(self) -> None:
        """Let go a `receive()` that still waits."""
        if self._departure is not None and not self._departure.done():
            self._departure.set_result({"type": "http.disconnect"})


def scope_of(workload: Workload) -> Scope:
    """The ASGI scope of `workload`."""
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": workload.method,
        "scheme": "http",
        "path": workload.path,
        "raw_path": workload.path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [
            (b"host", b"127.0.0.1:4747"),
            (b"authorization", b"Bearer " + KEY.encode()),
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(workload.body)),
        ],
        "client": ("127.0.0.1", 40000),
        "server": ("127.0.0.1", 4747),
        "extensions": {},
        "state": {},
    }


class Bench:
    """An application started once and asked many times. Use as a context manager."""

    def __init__(
        self, build: Build, new_loop: Callable[[], asyncio.AbstractEventLoop], house: str = "usual"
    ) -> None:
        self._build = build
        self._settings = settings(house)
        self._loop = new_loop()
        self._upstreams: list[Upstream] = []
        self._workload = IDLE
        self._to_application: asyncio.Queue[Message] = asyncio.Queue()
        self._from_application: asyncio.Queue[Message] = asyncio.Queue()

    def __enter__(self) -> Self:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._start())
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.run_until_complete(self._stop())
        asyncio.set_event_loop(None)
        self._loop.close()

    def run(self, workload: Workload, count: int) -> None:
        """Ask for `workload` `count` times, one after the other."""
        self._lay(workload)
        self._loop.run_until_complete(self._repeat(workload, count))

    def ask(self, workload: Workload) -> Client:
        """Ask once and return what came back."""
        self._lay(workload)
        return self._loop.run_until_complete(self._once(workload))

    async def dial(self, protocol: asyncio.Protocol) -> Upstream:
        """Stand in for the gateway's own way to open a connection."""
        upstream = Upstream(self._loop, self._workload)
        self._upstreams.append(upstream)
        upstream.connect(protocol)
        return upstream

    def _lay(self, workload: Workload) -> None:
        self._workload = workload
        for upstream in self._upstreams:
            upstream.workload = workload

    async def _start(self) -> None:
        self._application = self._build(self._settings, self.dial)
        scope: Scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
        self._lifespan = asyncio.ensure_future(
            self._application(scope, self._to_application.get, self._from_application.put)
        )
        await self._tell("lifespan.startup")

    async def _stop(self) -> None:
        await self._tell("lifespan.shutdown")
        await self._lifespan

    async def _tell(self, what: str) -> None:
        await self._to_application.put({"type": what})
        answer = await asyncio.wait_for(self._from_application.get(), 10)
        if answer["type"] != f"{what}.complete":
            message = f"{what}: {answer}"
            raise RuntimeError(message)

    async def _repeat(self, workload: Workload, count: int) -> None:
        # A server makes each scope anew; here one is copied, so that the harness weighs little.
        scope = scope_of(workload)
        for _ in repeat(None, count):  # a range would make its larger numbers anew
            client = Client(self._loop, workload)
            await self._application(scope.copy(), client.receive, client.send)
            client.leave()

    async def _once(self, workload: Workload) -> Client:
        client = Client(self._loop, workload)
        await self._application(scope_of(workload), client.receive, client.send)
        client.leave()
        return client


class Waiting(asyncio.Protocol):
    """Wakes the null application when the last piece of an answer has come."""

    def __init__(self) -> None:
        self.left = 0
        self.done: asyncio.Future[None] | None = None

    def data_received(self, _data: bytes) -> None:
        """Count a piece."""
        self.left -= 1
        if not self.left and self.done is not None:
            self.done.set_result(None)


class Null:
    """Moves the messages of a workload, waits once for the upstream, and does nothing else.

    The messages it sends are made beforehand: making them is an application's work.
    """

    def __init__(self, _settings: Settings, dial: Dial) -> None:
        self._dial = dial
        self._protocol = Waiting()
        self._upstream: Upstream | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body, write it upstream, wait for the answer, pass as many messages on."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        await receive()
        await receive()
        if self._upstream is None:
            self._upstream = await self._dial(self._protocol)
        workload = self._upstream.workload
        if workload.body:
            self._protocol.left = len(workload.pieces)
            self._protocol.done = asyncio.get_running_loop().create_future()
            self._upstream.write(workload.body)
            await self._protocol.done
        await send(START)
        for _ in range(workload.sends):
            await send(PART)
        await send(END)

    async def _live(self, receive: Receive, send: Send) -> None:
        for _ in range(2):
            message = await receive()
            await send({"type": f"{message['type']}.complete"})


def penstock(settings: Settings, dial: Dial) -> Application:
    """Build the gateway with its upstream connections faked: only the opening of a socket is replaced."""

    async def connect(wire: asyncio.Protocol) -> None:
        await dial(wire)

    application: Any = import_module("gateway.app").build(settings)
    if settings.store.path:
        _hold_the_ledger(application.house)
    for provider in application.house.providers.values():
        for door in provider.doors.values():
            door.pool.dial = connect
    built: Application = application
    return built


def _hold_the_ledger(house: Any) -> None:
    """Let rows be left and not be written: what the ledger's thread does, it does while nobody waits."""
    keeping, writer = import_module("gateway.keeping"), import_module("store.writer")
    pace = writer.Pace(batch=ENOUGH, wait=HOURS, most_queued=ENOUGH)
    house.keeping = keeping.Keeping(house.settings.store, house.journal, pace)
