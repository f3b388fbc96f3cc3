"""The ASGI callable: the hot paths straight to the exchange, a few constant answers, the edge for the rest.

The table of paths is built from the dialects: a dialect in the table is a client API at once.
"""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import msgspec

from gateway import exchange, paths, version
from gateway.configuration.rereading import Origin
from gateway.errors import Refused
from gateway.house import House
from gateway.packing import PackingSend, packs
from gateway.reload import Reload
from gateway.settings import LEAVING, RENEWAL, Settings
from gateway.socket import Sockets
from gateway.state import Exchange, Pair, Receive, Scope, Send

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.intercom import Intercom

DEBUG: Final = ("metrics", "log", "lessons", "caches", "drift", "sessions")
EDGE: Final = frozenset(("/readyz", "/metrics", "/console", *(f"/debug/{name}" for name in DEBUG)))
ADMIN: Final = "/admin/"
BELOW: Final = ("/debug/lessons/", "/debug/caches/", "/debug/sessions/", "/console/", ADMIN)
HEALTH: Final = "/healthz"
GREETING: Final = frozenset(("/", "/api/hello"))
HEALTHY: Final = (b'{"status":"ok"}', [(b"content-type", b"application/json"), (b"content-length", b"15")])
# What clients of Ollama ask before anything else: the version of its API that is spoken here.
VERSION: Final = "/api/version"
SPOKEN: Final = b'{"version":"0.13.0"}'
SPOKEN_HEADERS: Final = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(SPOKEN))]
# How often a worker looks whether the server that started it is still there, in seconds.
PARENT_LOOK: Final = 1.0
# The loop stops once between the end of the start and the server's serving: within this many turns.
TURNS_TO_SERVING: Final = 10


class App:
    """One worker's application."""

    __slots__ = ("_admin", "_clock", "_edge", "_intercom", "_sockets", "house")

    def __init__(self, house: House, origin: Origin | None = None, colleagues: "Path | None" = None) -> None:
        self.house = house
        self._intercom = None if colleagues is None else _intercom_for(colleagues, self._tell)
        if origin is not None:
            house.reload = Reload(house, origin, self._move_in)
        self._clock = house.clock
        self._edge: Any = None
        self._admin: Any = None
        self._sockets = Sockets(house)

    def _move_in(self, house: House) -> None:
        """From now on requests enter this house; those who are inside another stay there."""
        self.house = house
        self._edge = self._admin = None
        self._sockets.move_in(house)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """One ASGI scope. Not a coroutine itself: the hot paths pay for one call less."""
        if scope["type"] != "http":
            aside = self._sockets.serve if scope["type"] == "websocket" else self._lifespan
            return aside(scope, receive, send)
        path = scope["path"]
        route = paths.ROUTES.get(path)
        if route is not None and scope["method"] == "POST":
            return exchange.run(
                Exchange(
                    self.house, route.dialect, route.operation, path, scope, receive, send, self._clock()
                )
            )
        if path == HEALTH:
            return _say(scope, send, *HEALTHY)
        return self._other(scope, receive, send, paths.tidy(path))

    def _other(self, scope: Scope, receive: Receive, send: Send, path: str) -> Awaitable[None]:
        if path.startswith(paths.PROFILES) and "profile" not in scope:
            return self._profiled(paths.of_profile(scope), receive, send)
        if path in EDGE or path.startswith(BELOW):
            return self._at_the_edge({**scope, "path": path}, receive, send)
        if scope["method"] == "OPTIONS" and (said := self._preflight(scope)) is not None:
            return _say(scope, send, b"", said)
        if path == HEALTH:
            return _say(scope, send, *HEALTHY)
        if path.startswith(paths.NAMED):
            return self._forward(scope, receive, send)
        method = scope["method"]
        if method in paths.READING:
            return self._read(scope, receive, send, path)
        route = paths.route_of(path) if method == "POST" else None
        if route is not None:
            return exchange.run(self._exchange(scope, receive, send, *route))
        if path == paths.EXPLAIN and method == "POST":
            return self._explain(scope, receive, send)
        if path in paths.SHOWS and method == "POST":
            shown = self._exchange(scope, receive, send, paths.SHOWS[path], "models", path)
            return exchange.show_model(shown)
        return self._refuse(scope, receive, send, path)

    def _forward(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """What is asked of a provider that the path names."""
        name, path = paths.named(scope)
        there = paths.tidy(path)
        route = paths.route_of(there) if scope["method"] == "POST" else None
        if route is None or not self.house.speaks(name, route.dialect.name):
            asked = self._exchange(scope, receive, send, paths.dialect_of(scope, there), "forward", path)
        else:
            asked = self._exchange(scope, receive, send, *route)
        if paths.climbs(path):
            return exchange.refuse(asked, paths.CLIMBS)
        asked.named = name
        return exchange.run(asked)

    def _explain(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        asking = self._exchange(scope, receive, send, paths.CHAT, "none", paths.EXPLAIN)
        try:
            route = paths.asked_about(scope)
        except Refused as refusal:
            return exchange.refuse(asking, refusal)
        return exchange.explain(asking, route)

    def _profiled(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        path, name, profiles = scope["path"], scope["profile"], self.house.router.profiles
        if name in profiles:
            return self._other(scope, receive, send, path)
        nobody = self._exchange(scope, receive, send, paths.dialect_of(scope, path), "none", path)
        return exchange.refuse(nobody, paths.no_profile(name, profiles))

    def _read(self, scope: Scope, receive: Receive, send: Send, path: str) -> Awaitable[None]:
        if path in GREETING:
            return _greet(scope, send)
        if path == VERSION:
            return _say(scope, send, SPOKEN, SPOKEN_HEADERS)
        listing = paths.listing_of(scope, path)
        if listing is None:
            return self._refuse(scope, receive, send, path)
        found = self._exchange(scope, receive, send, listing.dialect, "models", path)
        return exchange.list_models(found, listing.model)

    def _preflight(self, scope: Scope) -> list[Pair] | None:
        visitors = self.house.visitors
        return None if visitors is None else visitors.preflight(scope["headers"])

    def _refuse(self, scope: Scope, receive: Receive, send: Send, path: str) -> Awaitable[None]:
        route = paths.route_of(path)
        dialect = route.dialect if route is not None else paths.dialect_of(scope, path)
        nobody = self._exchange(scope, receive, send, dialect, "none", path)
        return exchange.refuse(nobody, paths.refusal(scope, path))

    def _exchange(self, scope: Scope, receive: Receive, send: Send, *what: Any) -> Exchange:
        dialect, operation, path = what
        profile: str = scope.get("profile", "")
        return Exchange(self.house, dialect, operation, path, scope, receive, send, self._clock(), profile)

    def _at_the_edge(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if packs(self.house.settings.server.compress, scope):
            send = PackingSend(scope, send)
        if scope["path"].startswith(ADMIN):
            return self._administer(scope, receive, send)
        visitors = self.house.visitors
        if visitors is not None:
            asked = self._exchange(scope, receive, send, paths.dialect_of(scope, scope["path"]), "none", "")
            try:
                visitors.check(asked)
            except Refused as refusal:
                return exchange.refuse(asked, refusal)
        if self._edge is None:
            # Starlette and what it serves are loaded when first asked for: 15 MB nobody else pays for.
            from gateway.edge.site import build_site  # noqa: PLC0415

            self._edge = build_site(self.house, self._intercom)
        answer: Awaitable[None] = self._edge(scope, receive, send)
        return answer

    def _administer(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """The admin API, where it is on; it looks after its own door."""
        if self.house.settings.admin is None:
            nobody = self._exchange(scope, receive, send, paths.CHAT, "none", scope["path"])
            return exchange.refuse(nobody, paths.NO_ADMIN)
        if self._admin is None:
            from gateway.edge.admin.site import build_admin  # noqa: PLC0415  # as above
            from gateway.probing import probe  # noqa: PLC0415  # as above

            self._admin = build_admin(self.house, probe)
        answer: Awaitable[None] = self._admin(scope, receive, send)
        return answer

    async def _lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            return
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await self.house.open_store()
                if self._intercom is not None:
                    await self._intercom.open()
                self.house.open()
                if self.house.reload is not None:
                    await self.house.reload.start()
                await send({"type": "lifespan.startup.complete"})
                self._heed_signals_after(TURNS_TO_SERVING)
            else:
                if self.house.reload is not None:
                    await self.house.reload.close()
                if self._intercom is not None:
                    await self._intercom.close()
                await self.house.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    def _tell(self, question: bytes) -> bytes:
        """What another worker is told of this one."""
        from gateway.edge.joining import told  # noqa: PLC0415  # as above

        return told(self.house, question)

    def _heed_signals_after(self, turns: int) -> None:
        """Once the server serves, a few turns of the loop from now: before, it hears of no end."""
        if turns:
            asyncio.get_running_loop().call_soon(self._heed_signals_after, turns - 1)
        else:
            self._heed_signals()

    def _heed_signals(self) -> None:
        """The server's parent says that it is about to stop its workers before it does (serve.py).

        Ctrl-C and the end of a terminal reach the workers, too, and must not be quicker than that.
        """
        if LEAVING is None or RENEWAL is None:
            return
        loop = asyncio.get_running_loop()
        with suppress(ValueError, RuntimeError):  # a loop in a thread hears no signals
            loop.add_signal_handler(LEAVING, self._leave)
            loop.add_signal_handler(signal.SIGINT, self._leave)
            loop.add_signal_handler(RENEWAL, self._reload)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {RENEWAL, LEAVING})  # serve.py has them wait until now
            loop.add_signal_handler(signal.SIGHUP, _leave_it_to_the_parent)
            self._mind_parent(os.getppid())

    def _mind_parent(self, parent: int) -> None:
        """A server that was killed has told nobody: its workers would hold the address for ever."""
        if os.getppid() == parent:
            asyncio.get_running_loop().call_later(PARENT_LOOK, self._mind_parent, parent)
        else:
            self._leave()

    def _reload(self) -> None:
        if self.house.reload is not None:
            self.house.reload.ask()

    def _leave(self) -> None:
        """The server forgets its sockets when it is stopped: so it is, when they have had their last word."""
        self.house.leave()
        self._sockets.leave(_stop)


def _stop() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def _leave_it_to_the_parent() -> None:
    pass


def build(settings: Settings, origin: Origin | None = None, colleagues: "Path | None" = None) -> App:
    """The application of one worker; with an origin it follows its configuration.

    `colleagues` is the folder where the workers of one server find each other, where there are several.
    """
    return App(House(settings), origin, colleagues)


def _intercom_for(folder: "Path", answer: Callable[[bytes], bytes]) -> "Intercom":
    # Loaded by those who have somebody to speak to.
    from gateway.intercom import Intercom  # noqa: PLC0415

    return Intercom(folder, answer)


def _greet(scope: Scope, send: Send) -> Awaitable[None]:
    body = msgspec.json.encode({"name": "penstock", "version": version()})
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    return _say(scope, send, body, headers)


async def _say(
    scope: Scope, send: Callable[[Any], Awaitable[None]], body: bytes, headers: list[Pair]
) -> None:
    """A small constant answer."""
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
