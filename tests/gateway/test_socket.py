"""Sockets in this process: what no real server does on demand, and what would take an hour."""

import asyncio
from typing import Any

import msgspec
import pytest

from gateway.app import App
from gateway.house import House
from gateway.socket import Sockets
from gateway.socket_session import request_headers
from gateway.state import Message, Scope
from tests.gateway.indoors import open_house, settings
from tests.gateway.loops import in_loop, until

DEMO = {"type": "response.create", "model": "demo", "input": "hi"}


class Visitor:
    """One connection as a server hands it over, and what was said on it."""

    def __init__(self, **scope: Any) -> None:
        self.scope: Scope = {
            "type": "websocket",
            "path": "/v1/responses",
            "query_string": b"",
            "headers": [],
            "extensions": {"websocket.http.response": {}},
            **scope,
        }
        self.said: list[Message] = []
        self.broken: Exception | None = None
        self._arrived: asyncio.Queue[Message | Exception] = asyncio.Queue()
        self.arrive({"type": "websocket.connect"})

    def arrive(self, message: Message | Exception) -> None:
        """Something comes from the client, or from the server itself."""
        self._arrived.put_nowait(message)

    def say(self, fields: object) -> None:
        """The client says something."""
        self.arrive({"type": "websocket.receive", "text": msgspec.json.encode(fields).decode()})

    def leave(self) -> None:
        """The client leaves."""
        self.arrive({"type": "websocket.disconnect", "code": 1000})

    async def receive(self) -> Message:
        """What the server hands over."""
        message = await self._arrived.get()
        if isinstance(message, Exception):
            raise message
        return message

    async def send(self, message: Message) -> None:
        """Keep what was said."""
        if self.broken is not None:
            raise self.broken
        self.said.append(message)

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events that were told."""
        return [msgspec.json.decode(one["text"]) for one in self.said if one["type"] == "websocket.send"]

    @property
    def types(self) -> list[str]:
        """The kinds of the events."""
        return [event["type"] for event in self.events]

    def closed_with(self) -> int:
        """The code the connection was closed with, by its last message."""
        assert self.said[-1]["type"] == "websocket.close", self.said[-1]
        return int(self.said[-1]["code"])


def visiting(house: House, visitor: Visitor, idle: float = 1000.0) -> "asyncio.Task[None]":
    """A connection that is being served."""
    serving = Sockets(house, idle).serve(visitor.scope, visitor.receive, visitor.send)
    return asyncio.get_running_loop().create_task(serving)


@in_loop
async def test_a_turn_indoors() -> None:
    """The demo provider answers on a socket, a departure ends it, and nothing is said to who left."""
    async with open_house(settings()) as house:
        visitor = Visitor()
        visitor.say(DEMO)
        serving = asyncio.ensure_future(App(house)(visitor.scope, visitor.receive, visitor.send))
        await until(lambda: visitor.types[-1:] == ["response.completed"])
        visitor.leave()
        await serving
        assert visitor.said[0] == {"type": "websocket.accept"}
        assert visitor.said[-1]["type"] == "websocket.send"


@in_loop
async def test_a_socket_on_which_nothing_happens() -> None:
    """After its time it is told what makes clients connect again, and is closed."""
    async with open_house(settings()) as house:
        visitor = Visitor()
        await visiting(house, visitor, 0.0)
        (event,) = visitor.events
        assert event["error"]["code"] == "websocket_connection_limit_reached"
        assert visitor.closed_with() == 1000


@in_loop
async def test_requests_that_come_at_once() -> None:
    """Two that arrive before the first is begun are both answered, a third is not."""
    async with open_house(settings()) as house:
        visitor = Visitor()
        for _ in range(3):
            visitor.say(DEMO)
        serving = visiting(house, visitor)
        await until(lambda: visitor.types.count("response.completed") == 2)
        assert visitor.types.count("error") == 1
        visitor.leave()
        await serving


@in_loop
async def test_a_client_that_never_came() -> None:
    """A connection that is gone before its handshake is left alone."""
    async with open_house(settings()) as house:
        visitor = Visitor()
        await visitor.receive()
        visitor.leave()
        await visiting(house, visitor)
        assert visitor.said == []


@pytest.mark.parametrize("error", [RuntimeError("transport closed"), OSError("reset")], ids=["told", "reset"])
@in_loop
async def test_a_connection_that_breaks_under_a_word(error: Exception) -> None:
    """A server that cannot send any more means that the client is gone: nothing is raised."""
    async with open_house(settings()) as house:
        visitor = Visitor()
        serving = visiting(house, visitor)
        await until(lambda: visitor.said)
        visitor.broken = error
        visitor.say(DEMO)
        visitor.say(DEMO)
        await serving


@pytest.mark.parametrize("error", [RuntimeError("transport closed"), OSError("reset")], ids=["told", "reset"])
@in_loop
async def test_a_connection_that_breaks_while_it_is_listened_to(error: Exception) -> None:
    """A server that cannot receive any more means the same."""
    async with open_house(settings()) as house:
        visitor = Visitor()
        visitor.arrive(error)
        await visiting(house, visitor)
        assert visitor.said == [{"type": "websocket.accept"}]


@in_loop
async def test_what_nobody_foresaw_is_not_swallowed() -> None:
    """An error of our own while listening ends the socket and is raised to the server, which logs it."""
    async with open_house(settings()) as house:
        visitor = Visitor()
        visitor.arrive(LookupError("unforeseen"))
        with pytest.raises(LookupError, match="unforeseen"):
            await visiting(house, visitor)


@in_loop
async def test_a_farewell_that_fails() -> None:
    """A client that leaves while it is told farewell is no error."""
    async with open_house(settings()) as house:
        visitor = Visitor()
        sockets = Sockets(house)
        serving = asyncio.ensure_future(sockets.serve(visitor.scope, visitor.receive, visitor.send))
        await until(lambda: visitor.said)
        visitor.broken = RuntimeError("transport closed")
        sockets.leave(lambda: None)
        await serving


@in_loop
async def test_leaving_is_told_once_and_at_its_end() -> None:
    """What is to be done after the sockets is done when the last one has ended, and only once."""
    async with open_house(settings()) as house:
        visitors, ended = [Visitor(), Visitor()], []
        sockets = Sockets(house)
        serving = [asyncio.ensure_future(sockets.serve(one.scope, one.receive, one.send)) for one in visitors]
        await until(lambda: all(visitor.said for visitor in visitors))
        for _ in range(2):
            sockets.leave(lambda: ended.append(len([task for task in serving if not task.done()])))
        assert ended == []
        await asyncio.gather(*serving)
        assert [visitor.closed_with() for visitor in visitors] == [1012, 1012]
        assert len(ended) == 1
        sockets.leave(lambda: ended.append(-1))
        assert len(ended) == 1


@in_loop
async def test_leaving_without_sockets() -> None:
    """Where no socket is open there is nothing to wait for."""
    async with open_house(settings()) as house:
        ended: list[bool] = []
        Sockets(house).leave(lambda: ended.append(True))
        assert ended == [True]


@in_loop
async def test_leaving_waits_no_longer_than_the_time_to_drain() -> None:
    """A socket that does not end is not waited for for ever."""
    async with open_house(settings(drain=-1.0)) as house:
        visitor, ended = Visitor(), []
        sockets = Sockets(house)
        serving = asyncio.ensure_future(sockets.serve(visitor.scope, visitor.receive, visitor.send))
        await until(lambda: visitor.said)
        visitor.said.clear()
        blocked = asyncio.Event()

        async def send(message: Message) -> None:
            visitor.said.append(message)
            await blocked.wait()

        visitor.send = send  # type: ignore[method-assign]
        sockets.leave(lambda: ended.append(True))
        await until(lambda: ended)
        blocked.set()
        visitor.leave()
        await serving


@pytest.mark.parametrize("extended", [True, False], ids=["status", "code"])
@in_loop
async def test_a_refusal_by_any_server(extended: bool) -> None:
    """A handshake is refused with a status where the server can say one, and by closing elsewhere."""
    async with open_house(settings(websockets=False)) as house:
        visitor = Visitor(**({} if extended else {"extensions": {}}))
        await visiting(house, visitor)
        if extended:
            assert visitor.said[0]["type"] == "websocket.http.response.start"
            assert visitor.said[0]["status"] == 426
            names = [name for name, _ in visitor.said[0]["headers"]]
            assert len(names) == len(set(names))
            assert visitor.said[1]["type"] == "websocket.http.response.body"
            assert b"upgrade_required" in visitor.said[1]["body"]
        else:
            assert visitor.said == [{"type": "websocket.close", "code": 1008, "reason": ""}]


def test_the_fields_of_a_request() -> None:
    """What concerns the handshake stays there; the rest is said with every request under it."""
    handshake = [
        (b"host", b"x"),
        (b"connection", b"Upgrade"),
        (b"upgrade", b"websocket"),
        (b"sec-websocket-key", b"k"),
        (b"accept-encoding", b"gzip"),
        (b"x-request-id", b"one"),
        (b"openai-beta", b"responses_websockets=2026-02-06"),
        (b"session-id", b"s"),
    ]
    kept = request_headers([*handshake, (b"openai-beta", b"responses_websockets=1,a=2 , b=3")])
    assert kept == [
        (b"host", b"x"),
        (b"connection", b"Upgrade"),
        (b"session-id", b"s"),
        (b"openai-beta", b"a=2, b=3"),
        (b"content-type", b"application/json"),
        (b"accept", b"text/event-stream"),
    ]
