"""A house in this process, asked over ASGI: its clock in the test's hand, its door open to any scope."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from adapters.table import DIALECTS
from gateway.app import App
from gateway.house import House
from gateway.settings import (
    FailureSettings,
    LogSettings,
    ProviderSettings,
    Route,
    ServerSettings,
    Settings,
    Share,
    Tier,
)
from gateway.state import Exchange, Message, Pair, Scope
from tests.gateway.loops import until

KEY = "sk-ant-planted-0001112223334445"
DEMO = ProviderSettings(name="demo", row="demo", base_urls={}, families=("demo", "demo-*"), pace=0.0)
SILENT = LogSettings(level="off")
AT_ONCE = FailureSettings(pause=0.0)
MESSAGE = b'{"model":"demo","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}'
STREAM = b'{"model":"demo","stream":true,"max_tokens":9,"messages":[{"role":"user","content":"hi"}]}'


def provider(name: str, address: str, dialect: str = "anthropic-messages", **more: Any) -> ProviderSettings:
    """A provider with a key, at an address."""
    base = {"row": None, "credential": "key", "api_key": KEY, **more}
    return ProviderSettings(name=name, base_urls={dialect: address}, **base)


def settings(
    *providers: ProviderSettings,
    models: Mapping[str, str | Route] | None = None,
    failure: FailureSettings = AT_ONCE,
    **server: Any,
) -> Settings:
    """Settings with these providers beside the demo; a quiet log, and no pause between tries."""
    return Settings(
        server=ServerSettings(**server),
        providers=(*providers, DEMO),
        models=dict(models or {}),
        failure=failure,
        log=SILENT,
    )


def tiers(*leads: str, affinity: bool = True) -> Route:
    """Targets to be tried in this order."""
    return Route(tuple(Tier((Share(lead),), affinity=affinity) for lead in leads))


@asynccontextmanager
async def open_house(
    given: Settings,
    clock: Callable[[], float] = time.monotonic,
    *,
    quiet: bool = True,
    chance: Callable[[], float] = random.random,
) -> AsyncIterator[House]:
    """A house that is open, and holds nobody and no connection when it is closed."""
    house = House(given, clock, chance)
    await house.open_store()
    house.open()
    try:
        yield house
        if quiet:
            await until(lambda: house.admission.inside == 0)
    finally:
        await house.close()
    doors = [door for one in house.providers.values() for door in one.doors.values()]
    assert [door.figures().open for door in doors] == [0] * len(doors)


class Client:
    """One request as the server hands it over, and what was said to it.

    The body comes in the pieces given. `leave()` is the client's departure.
    """

    def __init__(
        self, path: str = "/v1/messages", body: bytes | tuple[bytes, ...] = MESSAGE, **scope: Any
    ) -> None:
        pieces = (body,) if isinstance(body, bytes) else body
        self.scope: Scope = {
            "type": "http",
            "method": "POST",
            "path": path,
            "query_string": b"",
            "headers": [],
            "client": ("127.0.0.1", 50000),
            "http_version": "1.1",
            "scheme": "http",
            "root_path": "",
            **scope,
        }
        self.messages: list[Message] = []
        self._arrived: asyncio.Queue[Message] = asyncio.Queue()
        for number, piece in enumerate(pieces, 1):
            self.arrive(piece, more=number < len(pieces))

    def arrive(self, piece: bytes, *, more: bool) -> None:
        """A piece of the body has come."""
        self._arrived.put_nowait({"type": "http.request", "body": piece, "more_body": more})

    def leave(self) -> None:
        """Close the connection."""
        self._arrived.put_nowait({"type": "http.disconnect"})

    async def receive(self) -> Message:
        """What the server hands over."""
        return await self._arrived.get()

    async def send(self, message: Message) -> None:
        """Keep what was said: as it is now, for a stream says all of its pieces with one message."""
        self.messages.append(dict(message))

    async def ask(self, house: House) -> "Client":
        """Go through the whole of it."""
        await App(house)(self.scope, self.receive, self.send)
        return self

    @property
    def status(self) -> int:
        """The status that was said, which must be one."""
        (start,) = [one for one in self.messages if one["type"] == "http.response.start"]
        return int(start["status"])

    @property
    def headers(self) -> list[Pair]:
        """The header fields that were said."""
        return list(self.messages[0]["headers"])

    def header(self, name: bytes) -> bytes | None:
        """The value of a field that must not be there twice."""
        values = [value for key, value in self.headers if key == name]
        assert len(values) < 2, values
        return values[0] if values else None

    @property
    def pieces(self) -> list[bytes]:
        """The body in the pieces it was sent in."""
        return [one["body"] for one in self.messages if one["type"] == "http.response.body"]

    @property
    def body(self) -> bytes:
        """All of the body."""
        return b"".join(self.pieces)

    @property
    def ended(self) -> bool:
        """Whether the end of the body was said."""
        return bool(self.messages) and not self.messages[-1].get("more_body", True)

    def json(self) -> Any:
        """The body as JSON."""
        return msgspec.json.decode(self.body)


def exchange_of(house: House, client: Client, dialect: str = "anthropic-messages") -> Exchange:
    """An exchange that has just begun."""
    path = client.scope["path"]
    return Exchange(
        *(house, DIALECTS[dialect], "generate", path),
        *(client.scope, client.receive, client.send, house.clock()),
    )
