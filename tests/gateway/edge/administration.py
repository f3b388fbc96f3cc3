"""An admin API in this process: asked as a program asks it, and what is kept looked at behind its back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from gateway.app import App
from gateway.house import House
from gateway.settings import AdminSettings, Settings, StoreSettings
from gateway.state import Pair
from store.connect import MEMORY
from tests.gateway.indoors import Client, open_house, settings
from tests.gateway.loops import Clock
from tests.gateway.reloading import text, working

KEY = "adm-planted-0123456789abcdef0123456789"
HERE: Pair = (b"host", b"127.0.0.1:4747")
JSON: Pair = (b"content-type", b"application/json")
CREDENTIAL: Pair = (b"authorization", b"Bearer " + KEY.encode())
# Far ahead: what is younger than now is kept, whatever is retained.
NOW = 4_000_000_000.0


class Admin:
    """A house with an admin API, and who has its key."""

    def __init__(self, app: App) -> None:
        self.app = app
        assert app.house.keeping is not None
        self.database = app.house.keeping.database

    @property
    def house(self) -> House:
        """The house that the next request enters."""
        return self.app.house

    async def ask(
        self, method: str, path: str, body: object = None, *, headers: tuple[Pair, ...] = (CREDENTIAL,)
    ) -> Client:
        """One request; a body that is no bytes is sent as JSON."""
        sent = body if isinstance(body, bytes) else b"" if body is None else msgspec.json.encode(body)
        place, _, query = path.partition("?")
        typed = (JSON,) if body is not None else ()
        client = Client(
            "/admin/v1" + place,
            sent,
            method=method,
            query_string=query.encode(),
            headers=[HERE, *typed, *headers],
        )
        await self.app(client.scope, client.receive, client.send)
        return client

    async def told(self, method: str, path: str, body: object = None, status: int = 200) -> Any:
        """What a request is told, whose status must be this one."""
        client = await self.ask(method, path, body)
        assert client.status == status, client.body
        return client.json()

    async def refused(self, method: str, path: str, body: object = None) -> tuple[int, str, str | None]:
        """The status, the type and the field by which a request is refused."""
        client = await self.ask(method, path, body)
        error = client.json()["error"]
        assert list(error) == ["type", "message", "field"]
        return client.status, error["type"], error["field"]

    def everything(self) -> dict[str, list[tuple[Any, ...]]]:
        """All that is in the database, table by table."""
        with self.database.reading() as connection:
            names = [
                name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type='table'")
            ]
            return {str(name): connection.execute(f'SELECT * FROM "{name}"').fetchall() for name in names}


@asynccontextmanager
async def administered(given: Settings | None = None) -> AsyncIterator[Admin]:
    """A house with an admin API and a database in memory, at a time that stands."""
    wanted = given or settings()
    admin = AdminSettings(digest=sha256(KEY.encode()).digest())
    store = StoreSettings(path=MEMORY)
    async with open_house(msgspec.structs.replace(wanted, admin=admin, store=store)) as house:
        house.calendar = lambda: NOW
        yield Admin(App(house))


@asynccontextmanager
async def following(file: Path, *, more: str = "", models: str = "") -> AsyncIterator[Admin]:
    """The same with a configuration of the test's, which is followed, and a store beside it."""
    tables = f'[providers.demo]\n[admin]\nkey = "{KEY}"\nbackups = "."\n[store]\npath = "kept.db"\n{more}'
    async with working(file, text(more=tables, models=models), Clock()) as worker:
        await worker.reload.follow()
        yield Admin(worker.app)
