"""A console in this process, asked as a browser asks: pages, forms, a cookie."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Any
from urllib.parse import unquote, urlencode

import msgspec

from gateway.app import App
from gateway.house import House
from gateway.settings import AdminSettings, Settings, StoreSettings
from gateway.state import Pair
from store.connect import MEMORY, Database
from tests.gateway.indoors import Client, open_house, settings

ADMIN = "adm-planted-0123456789abcdef0123456789"
HOST = b"127.0.0.1:4747"
HERE = b"http://" + HOST
FORM: Pair = (b"content-type", b"application/x-www-form-urlencoded")
NOW = 1_790_000_000.0
EVERY_PAGE = (
    "/console",
    "/console/usage",
    "/console/usage?span=1d&by=session",
    "/console/conversations",
    "/console/conversations?order=dearest",
    "/console/keys",
    "/console/routes",
    "/console/playground",
)


class Visitor:
    """Somebody with a browser. `cookie` is what was given out last."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.app = App(house)
        self.cookie = b""

    @property
    def database(self) -> Database:
        """What the gateway keeps."""
        assert self.house.keeping is not None
        return self.house.keeping.database

    async def get(self, place: str, *headers: Pair, **scope: Any) -> Client:
        """One page."""
        return await self._ask("GET", place, b"", *headers, **scope)

    async def post(self, place: str, *headers: Pair, origin: bytes = HERE, **fields: str) -> Client:
        """One form."""
        body = urlencode(fields).encode()
        length = (b"content-length", b"%d" % len(body))
        return await self._ask("POST", place, body, FORM, length, (b"origin", origin), *headers)

    async def text(self, place: str, status: int = 200) -> str:
        """The text of a page, whose status must be this one."""
        client = await self.get(place)
        assert client.status == status, client.body
        return client.body.decode()

    async def _ask(self, method: str, place: str, body: bytes, *headers: Pair, **scope: Any) -> Client:
        path, _, query = place.partition("?")
        cookie = ((b"cookie", self.cookie),) if self.cookie else ()
        told: dict[str, Any] = {
            "method": method,
            "query_string": query.encode(),
            "headers": [(b"host", HOST), *cookie, *headers],
            **scope,
        }
        client = Client(unquote(path), body, **told)
        await self.app(client.scope, client.receive, client.send)
        given = client.header(b"set-cookie")
        if given is not None:
            self.cookie = given.partition(b";")[0]
        return client


@asynccontextmanager
async def visiting(
    given: Settings | None = None, *, stored: bool = True, admin: bool = False
) -> AsyncIterator[Visitor]:
    """A house with a console."""
    wanted = given or settings()
    if stored:
        wanted = msgspec.structs.replace(wanted, store=StoreSettings(path=MEMORY))
    if admin:
        digest = sha256(ADMIN.encode()).digest()
        wanted = msgspec.structs.replace(wanted, admin=AdminSettings(digest=digest))
    async with open_house(wanted) as house:
        yield Visitor(house)
