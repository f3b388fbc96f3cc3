"""Opening connections: TLS always verified, proxies and who is called without one, failures told by cause."""

import asyncio
import base64
import itertools
import socket
from collections.abc import Iterator

import pytest
from yarl import URL

from gateway.errors import UpstreamError
from gateway.upstream import Wire
from gateway.upstream_dial import DNS_TTL, Dialler, proxy_for
from gateway.upstream_pool import Pool
from tests.gateway.loops import Clock, cancelled_at, in_loop
from tests.gateway.wires import answered, dialler, seen
from tests.upstream.certificates import Authority
from tests.upstream.proxy import Proxy
from tests.upstream.replies import ordinary
from tests.upstream.scripts import raw, whole
from tests.upstream.server import Upstream
from tests.upstream.steps import Hang, Script
from tests.upstream.wire import Request

VARIABLES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "all_proxy")


Addresses = list[tuple[int, int, int, str, tuple[object, ...]]]


def address(family: int, host: str, port: int) -> tuple[int, int, int, str, tuple[object, ...]]:
    """An address as a resolver tells it."""
    where = (host, port) if family == socket.AF_INET else (host, port, 0, 0)
    return (family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", where)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A CA nobody trusts who was not told."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def secure(authority: Authority) -> Iterator[Upstream]:
    """A replay upstream behind TLS, for the name localhost."""
    upstream = Upstream(ordinary, authority.server_context("localhost"))
    upstream.start()
    yield upstream
    upstream.stop()


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    """A recording proxy."""
    running = Proxy()
    running.start()
    yield running
    running.stop()


async def asked(found: Dialler, upstream: Upstream) -> bytes:
    """A reply over a connection of this dialler's, which is closed again."""
    pool = Pool(found.dial)
    try:
        return (await answered(await pool.open(), upstream, whole(b"{}")))[1]
    finally:
        pool.close()
        await found.close()


async def refusal(found: Dialler) -> UpstreamError:
    """Why no connection could be opened."""
    try:
        with pytest.raises(UpstreamError) as caught:
            await found.dial(Wire(asyncio.get_running_loop()))
    finally:
        await found.close()
    assert caught.value.phase == "connect"
    return caught.value


@in_loop
async def test_tls_with_a_known_authority(secure: Upstream, authority: Authority) -> None:
    """A certificate of the authority in `ca_file`, for the right name, is accepted."""
    assert await asked(dialler(secure.address, ca_file=str(authority.file)), secure) == b"{}"


@in_loop
async def test_tls_is_verified(secure: Upstream, authority: Authority) -> None:
    """A wrong name and an unknown authority are refused, as TLS and nothing else."""
    elsewhere = secure.address.replace("localhost", "127.0.0.1")
    assert (await refusal(dialler(elsewhere, ca_file=str(authority.file)))).cause == "tls"
    assert (await refusal(dialler(secure.address))).cause == "tls"


@in_loop
async def test_tls_with_who_speaks_none() -> None:
    """A handshake with a server that answers in plain HTTP fails as TLS."""

    async def answer_plainly(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(answer_plainly, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        assert (await refusal(dialler(f"https://127.0.0.1:{port}"))).cause == "tls"


@in_loop
async def test_refused_and_unresolved_are_told_apart() -> None:
    """A port nobody listens on and a name nobody has are two causes."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        assert (await refusal(dialler(f"http://127.0.0.1:{bound.getsockname()[1]}"))).cause == "refused"
    assert (await refusal(dialler("http://nowhere.invalid"))).cause == "unresolved"


@in_loop
async def test_a_name_is_resolved_once_in_five_minutes(
    replay: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Connections after the first ask nobody for the address, until it is as old as that."""
    clock, asked_for, loop = Clock(), [], asyncio.get_running_loop()
    monkeypatch.setattr("aiohttp.connector.monotonic", clock)

    async def resolve(host: str, port: int, **_: object) -> Addresses:
        asked_for.append(host)
        return [address(socket.AF_INET, "127.0.0.1", port)]

    monkeypatch.setattr(loop, "getaddrinfo", resolve)
    found = dialler(f"http://provider.test:{replay.port}")
    for seconds, times in ((0, 1), (DNS_TTL - 1, 1), (2, 2)):
        clock.move(seconds)
        wire = Wire(loop)
        await found.dial(wire)
        wire.abort()
        assert asked_for == ["provider.test"] * times
    await found.close()


@in_loop
async def test_both_address_families_are_raced(replay: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where IPv6 leads nowhere, IPv4 is tried beside it and taken."""
    loop = asyncio.get_running_loop()
    connect, tried = loop.sock_connect, []

    async def resolve(host: str, port: int, **_: object) -> Addresses:
        assert host == "provider.test"
        return [address(socket.AF_INET6, "::1", port), address(socket.AF_INET, "127.0.0.1", port)]

    async def connect_by_one(one: socket.socket, where: tuple[str, int]) -> None:
        tried.append(one.family)
        if one.family == socket.AF_INET6:
            await loop.create_future()
        await connect(one, where)

    monkeypatch.setattr("gateway.upstream_dial.RACE_AFTER", 0.001)
    monkeypatch.setattr(loop, "getaddrinfo", resolve)
    monkeypatch.setattr(loop, "sock_connect", connect_by_one)
    found = dialler(f"http://provider.test:{replay.port}")
    wire = Wire(loop)
    await found.dial(wire)
    assert tried == [socket.AF_INET6, socket.AF_INET]
    wire.abort()
    await found.close()


@in_loop
async def test_a_handshake_that_never_ends_is_given_up() -> None:
    """The limit on connecting covers the TLS handshake."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        url = URL(f"https://127.0.0.1:{listening.getsockname()[1]}")
        error = await refusal(Dialler(url, proxy=None, ca_file=None, connect=0.05))
    assert error.cause == "timeout"


@in_loop
async def test_a_plain_proxy_carries_the_whole_address(replay: Upstream, proxy: Proxy) -> None:
    """Through a proxy a plain request names its origin, and the proxy's credential travels in it."""
    through = proxy.address.replace("http://", "http://ann:p%40ss@")
    found = dialler(f"http://provider.test:{replay.port}/v1", proxy=through)
    assert found.target_prefix() == f"http://provider.test:{replay.port}"
    assert found.proxy_authorization() == b"Basic " + base64.b64encode(b"ann:p@ss")
    exchange = replay.plays(whole(b"{}"))
    pool = Pool(found.dial)
    wire = await pool.open()
    target = f"POST {found.target_prefix()}/v1/x HTTP/1.1\r\nbaggage: {exchange.name}\r\n\r\n"
    wire.send(target.encode(), b"")
    while wire.head() is None:
        await wire.wait()
    pool.close()
    await found.close()
    assert proxy.heads[-1].target == f"http://provider.test:{replay.port}/v1/x"


@in_loop
async def test_a_tunnel_carries_tls(secure: Upstream, authority: Authority, proxy: Proxy) -> None:
    """To a TLS address a proxy is asked for a tunnel, with its own credential and with nothing else."""
    through = proxy.address.replace("http://", "http://ann:p%40ss@")
    found = dialler(secure.address, proxy=through, ca_file=str(authority.file))
    assert (found.target_prefix(), found.proxy_authorization()) == ("", None)
    assert await asked(found, secure) == b"{}"
    (head,) = proxy.heads
    assert (head.method, head.target) == ("CONNECT", f"localhost:{secure.port}")
    assert head.header("proxy-authorization") == "Basic " + base64.b64encode(b"ann:p@ss").decode()
    assert secure.requests[-1].header("proxy-authorization") is None


@in_loop
async def test_a_tunnel_verifies_as_well(secure: Upstream, proxy: Proxy) -> None:
    """The certificate behind a tunnel is verified like any other."""
    assert (await refusal(dialler(secure.address, proxy=proxy.address))).cause == "tls"


@pytest.mark.parametrize("script", [whole(b"", 407), whole(b"no", 403), raw(b"HTTP/1.1 502 x\r\n\r\n")])
@in_loop
async def test_a_proxy_that_refuses_is_told(script: Script) -> None:
    """A proxy that opens no tunnel is the cause, and its words are not the upstream's."""
    refusing = Upstream(lambda _: script)
    refusing.start()
    try:
        assert (await refusal(dialler("https://localhost:1", proxy=refusing.address))).cause == "proxy"
    finally:
        refusing.stop()


@in_loop
async def test_a_proxy_that_cannot_be_reached_is_told() -> None:
    """A proxy nobody runs is told from an upstream nobody runs."""
    for address in ("https://localhost:1", "http://localhost:1"):
        assert (await refusal(dialler(address, proxy="http://127.0.0.1:1"))).cause == "proxy"


@in_loop
async def test_cancelling_a_tunnel_leaves_nothing(secure: Upstream, authority: Authority) -> None:
    """Wherever opening a tunnel is cancelled, neither a connection nor a task stays behind."""
    waiting: list[Request] = []

    def hang(request: Request) -> Script:
        waiting.append(request)
        return (Hang(),)

    proxy = Upstream(hang)
    proxy.start()
    found = Dialler(URL(secure.address), proxy=URL(proxy.address), ca_file=str(authority.file), connect=0.3)

    async def dial() -> None:
        with pytest.raises(UpstreamError):
            await found.dial(Wire(asyncio.get_running_loop()))

    for suspension in itertools.count(1):
        if not await cancelled_at(suspension, dial()):
            break
        await seen(proxy, 0)
    await seen(proxy, 0)
    assert waiting
    assert suspension > 1
    await found.close()
    proxy.stop()


@pytest.mark.parametrize(
    ("url", "environment", "expected"),
    [
        ("http://a.test", {}, None),
        ("http://a.test", {"http_proxy": "http://p:1"}, "http://p:1"),
        ("https://a.test", {"http_proxy": "http://p:1"}, None),
        ("https://a.test", {"HTTPS_PROXY": "http://p:1"}, "http://p:1"),
        ("http://a.test", {"http_proxy": "p.test:3128"}, "http://p.test:3128"),
        ("http://a.test", {"http_proxy": "http://p:1", "no_proxy": "a.test"}, None),
        ("http://b.a.test", {"http_proxy": "http://p:1", "no_proxy": "a.test"}, None),
        ("http://b.a.test", {"http_proxy": "http://p:1", "no_proxy": ".a.test"}, None),
        ("http://ba.test", {"http_proxy": "http://p:1", "no_proxy": "a.test"}, "http://p:1"),
        ("http://a.test:81", {"http_proxy": "http://p:1", "no_proxy": "a.test:81"}, None),
        ("http://a.test:82", {"http_proxy": "http://p:1", "no_proxy": "a.test:81"}, "http://p:1"),
        ("http://127.0.0.1:9", {"http_proxy": "http://p:1", "NO_PROXY": "127.0.0.1"}, None),
        ("http://a.test", {"http_proxy": "http://p:1", "no_proxy": "*"}, None),
        ("http://a.test", {"http_proxy": "http://p:1", "no_proxy": "c.test, a.test"}, None),
        ("http://a.test", {"http_proxy": ""}, None),
    ],
)
def test_the_environments_proxy(
    monkeypatch: pytest.MonkeyPatch, url: str, environment: dict[str, str], expected: str | None
) -> None:
    """Without a proxy of its own an address has the environment's, unless NO_PROXY names it."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    found = proxy_for(URL(url), None)
    assert found == (None if expected is None else URL(expected))


def test_a_configured_proxy_is_the_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of its own stands above the environment and NO_PROXY; an empty one means none at all."""
    monkeypatch.setenv("http_proxy", "http://p:1")
    monkeypatch.setenv("no_proxy", "a.test")
    assert proxy_for(URL("http://a.test"), "http://own:2") == URL("http://own:2")
    monkeypatch.setenv("no_proxy", "")
    assert proxy_for(URL("http://a.test"), "") is None
