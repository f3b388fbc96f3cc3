"""Which path leads where: tidied, refused in the dialect it was meant in; and the lifespan."""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from adapters.table import DIALECTS
from gateway import version
from gateway.app import App, build
from gateway.house import House
from gateway.paths import tidy
from gateway.settings import LEAVING, RENEWAL
from tests.gateway.indoors import MESSAGE, Client, open_house, settings
from tests.gateway.loops import in_loop

CHAT = "/v1/chat/completions"
PATHS = sorted(endpoint.path for dialect in DIALECTS.values() for endpoint in dialect.endpoints)


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("/v1/messages", "/v1/messages"),
        ("/v1/messages/", "/v1/messages"),
        ("/v1/messages///", "/v1/messages"),
        ("//v1//messages", "/v1/messages"),
        ("/v1/v1/messages", "/v1/messages"),
        ("/v1/v1/v1/messages/", "/v1/messages"),
        ("/v1//v1/messages", "/v1/messages"),
        ("/v1/v1", "/v1/v1"),
        ("/v1", "/v1"),
        ("/v12/v1/messages", "/v12/v1/messages"),
        ("/", "/"),
        ("//", "/"),
        ("", ""),
    ],
)
def test_a_path_is_read_as_it_was_meant(path: str, meant: str) -> None:
    """A base URL with `/v1` and slashes anywhere are no reason for a 404."""
    assert tidy(path) == meant


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("spelling", ["{}", "{}/", "/v1{}", "/{}"])
@in_loop
async def test_every_endpoint_is_answered(path: str, spelling: str) -> None:
    """Each path of each dialect, in each spelling, is answered to a POST and told apart from a 404."""
    async with open_house(settings()) as house:
        assert (await Client(spelling.format(path.replace("{model}", "demo"))).ask(house)).status == 200


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "x" * 10_000])
@in_loop
async def test_other_methods_are_405(path: str, method: str) -> None:
    """In the dialect of the path, naming what is allowed, at a bounded length."""
    async with open_house(settings()) as house:
        client = await Client(path.replace("{model}", "demo"), b"", method=method).ask(house)
        assert (client.status, client.header(b"allow")) == (405, b"POST")
        assert len(client.body) < 1000
        assert ("type" in client.json()) == path.startswith("/v1/messages")


@pytest.mark.parametrize(
    ("path", "headers", "anthropic"),
    [
        ("/nowhere", [], False),
        ("/nowhere", [(b"anthropic-version", b"2023-06-01")], True),
        ("/v1/messages/nowhere", [], True),
        ("/v1/responses/resp_1", [], False),
        ("/v1/models/nobody", [], False),
        ("/" + "x" * 7000, [], False),
    ],
)
@in_loop
async def test_an_unknown_path_is_404(path: str, headers: list[Any], anthropic: bool) -> None:
    """In the dialect it was probably meant in, naming the paths there are."""
    async with open_house(settings()) as house:
        client = await Client(path, b"", method="GET", headers=headers).ask(house)
        assert client.status == 404
        assert (client.json().get("type") == "error") == anthropic
        assert len(client.body) < 1000


@in_loop
async def test_an_upgrade_is_426() -> None:
    """An agent that tries a WebSocket first is told to use HTTP, in so many words."""
    async with open_house(settings()) as house:
        headers = [(b"upgrade", b"websocket"), (b"connection", b"Upgrade")]
        client = await Client("/v1/responses", b"", method="GET", headers=headers).ask(house)
        assert (client.status, client.header(b"upgrade")) == (426, b"HTTP/1.1")


@pytest.mark.parametrize("path", ["/", "//", "/api/hello", "/healthz", "/healthz/", "/readyz/"])
@in_loop
async def test_small_answers(path: str) -> None:
    """Greeting and health are answered, to HEAD without a body but with its length."""
    async with open_house(settings()) as house:
        full = await Client(path, b"", method="GET").ask(house)
        assert full.status == 200
        assert full.header(b"content-length") == b"%d" % len(full.body)
        if path in ("/", "//", "/api/hello"):
            assert full.json() == {"name": "penstock", "version": version()}
            head = await Client(path, b"", method="HEAD").ask(house)
            assert (head.body, head.header(b"content-length")) == (b"", full.header(b"content-length"))


@in_loop
async def test_a_house_is_opened_and_closed_with_the_worker() -> None:
    """The lifespan opens the house, waits, closes it, and says so both times."""
    app = build(settings())
    messages: asyncio.Queue[Any] = asyncio.Queue()
    said: list[Any] = []

    async def send(message: Any) -> None:
        said.append(message["type"])

    messages.put_nowait({"type": "lifespan.startup"})
    running = asyncio.ensure_future(app({"type": "lifespan"}, messages.get, send))
    while not said:  # noqa: ASYNC110  # it says so by a message
        await asyncio.sleep(0)
    assert said == ["lifespan.startup.complete"]
    assert not app.house.admission.closing
    messages.put_nowait({"type": "lifespan.shutdown"})
    await running
    assert said == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert app.house.admission.closing


@in_loop
async def test_other_scopes_are_left_alone() -> None:
    """What is neither HTTP, a WebSocket nor the lifespan gets no answer."""
    said: list[Any] = []

    async def send(message: Any) -> None:
        said.append(message)

    await App(House(settings()))({"type": "webtransport", "path": "/v1/responses"}, _never, send)
    assert said == []


async def _never() -> Any:
    raise AssertionError(MESSAGE)


class Asked:
    """Stands where a worker follows its configuration."""

    def __init__(self, told: Callable[[], None]) -> None:
        self.ask = told

    async def start(self) -> None:
        """Nothing to watch."""

    async def close(self) -> None:
        """Nothing to end."""


@pytest.fixture(params=[RENEWAL, LEAVING], ids=["read again", "leave"])
def held_back(request: pytest.FixtureRequest) -> Iterator[signal.Signals]:
    """A signal of the server's to its workers, held back as it is where they are made."""
    told: signal.Signals = request.param
    signal.pthread_sigmask(signal.SIG_BLOCK, {told})
    yield told
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {told})


def test_a_signal_waits_until_the_worker_serves(
    held_back: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sent while a worker starts: it neither ends of it nor misses it."""

    @in_loop
    async def start() -> None:
        heard = asyncio.Event()
        house = House(settings())
        house.reload = Asked(heard.set)  # type: ignore[assignment]  # all that is asked of it here
        monkeypatch.setattr(App, "_leave", lambda _: heard.set())
        # To this thread: others of the tests do not hold it back, and would end everything.
        signal.pthread_kill(threading.get_ident(), held_back)
        sent: list[str] = []
        messages = iter(("lifespan.startup", "lifespan.shutdown"))

        async def receive() -> dict[str, Any]:
            kind = next(messages)
            if kind == "lifespan.shutdown":
                await asyncio.wait_for(heard.wait(), 10)
            return {"type": kind}

        async def send(message: Any) -> None:
            sent.append(message["type"])

        await App(house)({"type": "lifespan"}, receive, send)
        assert sent[-1] == "lifespan.shutdown.complete"

    start()
