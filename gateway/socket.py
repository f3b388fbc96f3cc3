"""WebSockets: who may open one, and who has one open. Codex's built-in provider holds its conversations so.

A handshake is refused with a status, before anything is accepted: 426 sends Codex on over HTTP at once. What
is said on an open socket is `socket_session.py`'s work. A page in a browser may open a socket to any address,
and read it, so that one is refused wherever no key stands between it and the providers.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from adapters.fault import Fault
from gateway import exchange, paths
from gateway.admission import CLOSING
from gateway.errors import Refused
from gateway.house import House
from gateway.socket_session import PATH, Ends, Session
from gateway.state import Exchange, Message, Receive, Scope, Send

# OpenAI closes a connection after as long; here only one on which nothing happens. In seconds.
IDLE: Final = 3600.0
# How long after the time to drain the last farewell is waited for, in seconds.
LATEST: Final = 1.0
POLICY: Final = 1008
RESPONSE: Final = "websocket.http.response"


class Sockets:
    """All open sockets of a worker."""

    __slots__ = ("_afterwards", "_house", "_idle", "_leaving", "_open")

    def __init__(self, house: House, idle: float = IDLE) -> None:
        self._house = house
        self._idle = idle
        self._open: set[Session] = set()
        self._afterwards: Callable[[], None] | None = None
        self._leaving = False

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection, from its handshake to its end."""
        if (await receive())["type"] != "websocket.connect":
            return
        ends = Ends({**paths.of_profile(scope), "type": "http", "method": "GET"}, receive, send)
        try:
            self._admit(ends)
        except Refused as refusal:
            await self._refuse(ends, refusal)
            return
        session = Session(self._house, ends, self._idle)
        self._open.add(session)
        try:
            await send({"type": "websocket.accept"})
            await session.talk()
        finally:
            self._open.discard(session)
            self._look_round()

    def move_in(self, house: House) -> None:
        """The house of the next handshakes, and of the next turns on sockets that are open."""
        self._house = house
        for session in self._open:
            session.house = house

    def leave(self, afterwards: Callable[[], None]) -> None:
        """Let every socket end after the turn it is in; then, once, do what is to be done after that."""
        if self._leaving:
            return
        self._leaving, self._afterwards = True, afterwards
        for session in self._open:
            session.leave()
        patience = self._house.settings.server.drain + LATEST
        asyncio.get_running_loop().call_later(patience, self._finish)
        self._look_round()

    def _look_round(self) -> None:
        if not self._open:
            self._finish()

    def _finish(self) -> None:
        afterwards, self._afterwards = self._afterwards, None
        if afterwards is not None:
            afterwards()

    def _admit(self, ends: Ends) -> None:
        """Raises Refused."""
        server, scope = self._house.settings.server, ends.scope
        path, profiles = paths.tidy(scope["path"]), self._house.router.profiles
        if scope.get("profile", "") not in ("", *profiles):
            raise paths.no_profile(scope["profile"], profiles)
        if path != PATH:
            words = f"no WebSocket is held on {path[:200]}: there is one on {PATH}"
            raise Refused(Fault("not_found", 404, words, code="unknown_path"))
        if not server.websockets:
            raise paths.NO_WEBSOCKET
        if self._house.admission.closing:
            raise Refused(CLOSING)
        exchange.identify(self._visitor(ends, path, ends.send))

    async def _refuse(self, ends: Ends, refusal: Refused) -> None:
        path = paths.tidy(ends.scope["path"])
        await exchange.refuse(self._visitor(ends, path, _answering(ends)), refusal)

    def _visitor(self, ends: Ends, path: str, send: Send) -> Exchange:
        route = paths.route_of(path)
        dialect = route.dialect if route is not None else paths.dialect_of(ends.scope, path)
        began = self._house.clock()
        return Exchange(self._house, dialect, "none", path, ends.scope, ends.receive, send, began)


def _answering(ends: Ends) -> Send:
    """Say an HTTP reply in place of an acceptance, where the server can; elsewhere it refuses by itself."""
    can = RESPONSE in ends.scope.get("extensions", {})

    async def send(message: Message) -> None:
        if can:
            # The server takes a name once.
            fields = {"headers": list(dict(message["headers"]).items())} if "headers" in message else {}
            await ends.send({**message, **fields, "type": f"websocket.{message['type']}"})
        elif message["type"] == "http.response.start":
            await ends.send({"type": "websocket.close", "code": POLICY, "reason": ""})

    return send
