"""The ASGI callable: the hot paths straight to the exchange, a few constant answers, the edge for the rest.

The table of paths is built from the dialects: a dialect in the table is a client API at once.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final, NamedTuple

import msgspec

from adapters.dialect import Dialect
from adapters.fault import Fault
from adapters.table import DIALECTS
from gateway import exchange, version
from gateway.errors import Refused
from gateway.house import House
from gateway.settings import LEAVING, Settings
from gateway.state import Exchange, Pair, Receive, Scope, Send, Work


class Route(NamedTuple):
    """What a path leads to."""

    dialect: Dialect
    operation: Work


ROUTES: Final = {
    endpoint.path: Route(dialect, endpoint.operation)
    for dialect in DIALECTS.values()
    for endpoint in dialect.endpoints
}
MODELS: Final = "/v1/models"
EDGE: Final = frozenset(("/readyz", "/metrics", "/debug/log"))
HEALTH: Final = "/healthz"
GREETING: Final = frozenset(("/", "/api/hello"))
HEALTHY: Final = (b'{"status":"ok"}', [(b"content-type", b"application/json"), (b"content-length", b"15")])
ANTHROPIC: Final = DIALECTS["anthropic-messages"]
CHAT: Final = DIALECTS["openai-chat"]
RESPONSES: Final = "/v1/responses"
SLASHES: Final = re.compile("/{2,}")
VERSION_TWICE: Final = re.compile("^(/v1)+(?=/v1/)")
READING: Final = frozenset(("GET", "HEAD"))

NO_WEBSOCKET: Final = Refused(
    Fault("invalid_request", 426, "no WebSocket here: send POST requests over HTTP", code="upgrade_required"),
    ((b"upgrade", b"HTTP/1.1"),),
)


class App:
    """One worker's application."""

    __slots__ = ("_clock", "_edge", "house")

    def __init__(self, house: House) -> None:
        self.house = house
        self._clock = house.clock
        self._edge: Any = None

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """One ASGI scope. Not a coroutine itself: the hot paths pay for one call less."""
        if scope["type"] != "http":
            return self._lifespan(scope, receive, send)
        path = scope["path"]
        route = ROUTES.get(path)
        if route is not None and scope["method"] == "POST":
            return exchange.run(
                Exchange(
                    self.house, route.dialect, route.operation, path, scope, receive, send, self._clock()
                )
            )
        if path == HEALTH:
            return _say(scope, send, *HEALTHY)
        return self._other(scope, receive, send, tidy(path))

    def _other(self, scope: Scope, receive: Receive, send: Send, path: str) -> Awaitable[None]:
        reading = scope["method"] in READING
        if path in EDGE:
            return self._at_the_edge({**scope, "path": path}, receive, send)
        if path == HEALTH:
            return _say(scope, send, *HEALTHY)
        if path in GREETING and reading:
            return _greet(scope, send)
        route = ROUTES.get(path)
        dialect = route.dialect if route is not None else _dialect_of(scope, path)
        if route is not None and scope["method"] == "POST":
            operation: Work = route.operation
            return exchange.run(self._exchange(scope, receive, send, dialect, operation, path))
        if (path == MODELS or path.startswith(MODELS + "/")) and reading:
            found = self._exchange(scope, receive, send, dialect, "models", path)
            return exchange.list_models(found, path[len(MODELS) + 1 :])
        nobody = self._exchange(scope, receive, send, dialect, "none", path)
        return exchange.refuse(nobody, _refusal(scope, path))

    def _exchange(self, scope: Scope, receive: Receive, send: Send, *what: Any) -> Exchange:
        dialect, operation, path = what
        return Exchange(self.house, dialect, operation, path, scope, receive, send, self._clock())

    def _at_the_edge(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if self._edge is None:
            # Starlette and what it serves are loaded when first asked for: 15 MB nobody else pays for.
            from gateway.edge.site import build_site  # noqa: PLC0415

            self._edge = build_site(self.house)
        answer: Awaitable[None] = self._edge(scope, receive, send)
        return answer

    async def _lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            return
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self.house.open()
                _heed_leaving(self.house)
                await send({"type": "lifespan.startup.complete"})
            else:
                await self.house.close()
                await send({"type": "lifespan.shutdown.complete"})
                return


def _heed_leaving(house: House) -> None:
    """The server's parent says that it is about to stop its workers before it does (serve.py)."""
    if LEAVING is None:
        return
    with suppress(ValueError, RuntimeError):  # a loop in a thread hears no signals
        asyncio.get_running_loop().add_signal_handler(LEAVING, house.leave)


def build(settings: Settings) -> App:
    """The application of one worker."""
    return App(House(settings))


def tidy(path: str) -> str:
    """A path as it was meant: clients say `/v1` in the base URL and again after it, and slashes anywhere."""
    path = SLASHES.sub("/", path)
    return VERSION_TWICE.sub("", path if path == "/" else path.rstrip("/"))


def _dialect_of(scope: Scope, path: str) -> Dialect:
    """Whose words to use on a path that is shared or unknown."""
    if path.startswith("/v1/messages"):
        return ANTHROPIC
    spoken = any(name == b"anthropic-version" for name, _ in scope["headers"])
    return ANTHROPIC if spoken else CHAT


def _refusal(scope: Scope, path: str) -> Refused:
    method = scope["method"]
    if path == RESPONSES and any(name == b"upgrade" for name, _ in scope["headers"]):
        return NO_WEBSOCKET
    if path in ROUTES or path == MODELS or path in GREETING:
        allowed = "POST" if path in ROUTES else "GET, HEAD"
        fault = Fault("invalid_request", 405, f"{method[:20]} is not answered on {path}; use {allowed}")
        return Refused(fault, ((b"allow", allowed.encode()),))
    if path.startswith(RESPONSES + "/"):
        words = f"no response is kept here: {RESPONSES} answers POST, and nothing is found under it later"
        return Refused(Fault("not_found", 404, words, code="response_not_found"))
    known = ", ".join([*ROUTES, MODELS])
    words = f"nothing answers on {path[:200]}; the paths here are {known}"
    return Refused(Fault("not_found", 404, words, code="unknown_path"))


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
