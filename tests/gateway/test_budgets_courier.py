"""Who wants to know of budgets is told: by POST, again where it failed, and never with anybody waiting."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from gateway.budgets import Passed
from gateway.budgets_courier import MOST_HELD, Courier
from gateway.errors import UpstreamError
from gateway.journal import Journal
from gateway.settings import LogSettings
from tests.gateway.loops import in_loop, until

PASSED = Passed(
    id="key:ann/day/1/0.75",
    scope="key:ann",
    window="day",
    rolling=False,
    share=0.75,
    spent="7.510000",
    budget="10.000000",
    resets_at="2026-11-22T00:00:00Z",
    at="2026-11-21T15:20:30Z",
)
URL = "http://chat.example/s3cret"


class Webhook:
    """What is posted, and what is answered: a status, or nothing at all."""

    def __init__(self, *answers: int | None) -> None:
        self.answers = list(answers)
        self.heard: list[Passed] = []

    async def post(self, url: str, body: bytes) -> int:
        """As the client does it."""
        assert url == URL
        self.heard.append(msgspec.json.decode(body, type=Passed))
        answer = self.answers.pop(0)
        if answer is None:
            raise UpstreamError("connect", "refused", "ClientConnectorError")
        return answer


class Log(Journal):
    """A journal that keeps what it is told."""

    __slots__ = ("lines",)

    def __init__(self) -> None:
        super().__init__(LogSettings())
        self.lines: list[str] = []

    def say(self, level: str, message: str) -> None:
        """Keep it."""
        self.lines.append(f"{level} {message}")


def courier(webhook: Webhook, url: str = URL) -> tuple[Courier, Log]:
    """One that waits for nothing."""
    log = Log()
    found = Courier(url, log, webhook.post)
    found.pauses = (0.0, 0.0)
    return found, log


@in_loop
async def test_a_notice_is_tried_until_it_is_taken() -> None:
    """A failure and a 5xx are tried again; what came first is said first."""
    webhook = Webhook(None, 503, 204, 200)
    found, log = courier(webhook)
    found.tell(PASSED)
    found.tell(msgspec.structs.replace(PASSED, share=1.0))
    await until(lambda: found.counts["delivered"] == 2)
    assert [one.share for one in webhook.heard] == [0.75, 0.75, 0.75, 1.0]
    assert webhook.heard[0] == PASSED
    assert log.lines[0] == "info budget: key:ann: $7.510000 of $10.000000 spent, 75 % of the day's budget"
    assert log.lines[1].startswith("error budget: key:ann")
    await found.close()


@in_loop
async def test_a_refusal_and_the_last_failure_are_given_up() -> None:
    """The log says so, and not the address."""
    webhook = Webhook(404, None, 500, None)
    found, log = courier(webhook)
    for _ in range(2):
        found.tell(PASSED)
    await until(lambda: found.counts["failed"] == 2)
    assert len(webhook.heard) == 4
    assert "it answered 404" in log.lines[2]
    assert "ClientConnectorError" in log.lines[3]
    assert "s3cret" not in str(log.lines)
    await found.close()


@in_loop
async def test_without_a_webhook_the_log_alone_says_it() -> None:
    """And one that is taken away is told nothing more."""
    found, log = courier(Webhook(), "")
    found.tell(PASSED)
    assert len(log.lines) == 1
    assert found.counts == {"delivered": 0, "failed": 0}
    await found.close()


@in_loop
async def test_what_is_too_much_is_let_go() -> None:
    """A webhook that never answers costs a bounded memory, and the end of a worker a moment."""
    forever = asyncio.Event()
    found, _ = courier(Webhook())

    async def hang(_url: str, _body: bytes) -> int:
        await forever.wait()
        return 200

    found = Courier(URL, Log(), hang)
    for _ in range(MOST_HELD + 7):
        found.tell(PASSED)
    assert found.counts["failed"] == 7
    found.last_words = 0.0
    await found.close()


@asynccontextmanager
async def listening(answer: bytes, heard: list[bytes]) -> AsyncIterator[str]:
    """A server that reads one request a connection, and gives that answer."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        heard.append(head + await reader.readexactly(length))
        writer.write(answer)
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook?key=s3cret"


@in_loop
async def test_over_a_real_socket() -> None:
    """A POST of JSON to the whole address; it is not sent on to where a redirect points."""
    heard: list[bytes] = []
    async with listening(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n", heard) as url:
        found = Courier(url, Log())
        found.tell(PASSED)
        await until(lambda: found.counts["delivered"])
        await found.close()
    head, _, body = heard[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /hook?key=s3cret HTTP/1.1\r\n")
    assert b"application/json" in head
    assert msgspec.json.decode(body)["type"] == "budget.passed"
    moved = (
        b"HTTP/1.1 307 Go\r\nlocation: http://127.0.0.1:9/\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
    )
    async with listening(moved, heard) as url:
        found = Courier(url, log := Log())
        found.tell(PASSED)
        await until(lambda: found.counts["failed"])
        await found.close()
    assert "it answered 307" in log.lines[-1]


@in_loop
async def test_nobody_at_the_address() -> None:
    """It is a failure like others, and the address is in no word of it."""
    found = Courier("http://127.0.0.1:9/s3cret", log := Log())
    found.pauses = ()
    found.tell(PASSED)
    await until(lambda: found.counts["failed"])
    assert "s3cret" not in str(log.lines)
    await found.close()
