"""A worker whose configuration is a file of the test's: edited, looked at, read again."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from gateway.app import App
from gateway.cli.options import origin_of
from gateway.house import House
from gateway.reload import Reload, Report
from tests.gateway.indoors import MESSAGE, Client
from tests.gateway.loops import until
from tests.upstream.scripts import JSON, head, raw
from tests.upstream.steps import Script

BASE = """
[server]
discover = false
{server}
[log]
level = "{level}"
[providers.ant]
dialect = "anthropic-messages"
base_url = "{ant}"
api_key = "sk-planted-ant-0001"
{more}
[models]
known = "ant"
{models}
"""


def text(
    ant: str = "http://127.0.0.1:9", *, models: str = "", more: str = "", server: str = "", level: str = "off"
) -> str:
    """A configuration with one provider, `ant`, and what is said beside it."""
    return BASE.format(ant=ant, models=models, more=more, server=server, level=level)


def dribble() -> Script:
    """A whole reply whose second half waits at the gate."""
    body = b'{"type":"message","usage":{"input_tokens":1,"output_tokens":1}}'
    return raw(head(200, [*JSON.items(), ("content-length", str(len(body)))]) + body[:9])


class Worker:
    """One worker and its file."""

    def __init__(self, file: Path, content: str, clock: Callable[[], float]) -> None:
        self.file = file
        self.write(content)
        origin = origin_of(str(file))
        self.app = App(House(origin.first.settings, clock), origin)
        assert self.house.reload is not None
        self.reload: Reload = self.house.reload

    @property
    def house(self) -> House:
        """The house that the next request enters."""
        return self.app.house

    def write(self, content: str) -> None:
        """Write the file."""
        self.file.write_text(content)

    def remove(self) -> None:
        """Remove the file."""
        self.file.unlink()

    async def edit(self, content: str) -> Report:
        """Write the file and look at it as often as it takes until it has been read."""
        before = sum(self.reload.counts.values())
        self.write(content)
        self.reload.look()
        self.reload.look()
        await until(lambda: sum(self.reload.counts.values()) > before)
        return self.reload.last

    async def ask(self, body: bytes = MESSAGE, path: str = "/v1/messages", **scope: object) -> Client:
        """A request, from its first byte to its last."""
        client = Client(path, body, **scope)
        await self.app(client.scope, client.receive, client.send)
        return client


@asynccontextmanager
async def working(file: Path, content: str, clock: Callable[[], float]) -> AsyncIterator[Worker]:
    """A worker that is open, and holds nobody and no connection when it is closed."""
    worker = Worker(file, content, clock)
    await worker.house.open_store()
    worker.house.open()
    try:
        yield worker
        await until(lambda: worker.house.admission.inside == 0)
    finally:
        await worker.reload.close()
        await worker.house.close()
