"""Connections to upstreams: kept, mended once, verified, led through a proxy where one is set."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.path.conftest import Start
from tests.path.dialects import MESSAGES, Dialect, each_dialect
from tests.path.house import ENVIRONMENT, House
from tests.upstream.certificates import Authority
from tests.upstream.proxy import Proxy
from tests.upstream.replies import events, ordinary
from tests.upstream.scripts import JSON, stream, whole
from tests.upstream.server import Upstream
from tests.upstream.steps import Close, CloseOnNext, Reset, Script


@each_dialect
def test_connection_is_used_again(house: House, dialect: Dialect) -> None:
    """Requests one after the other, whole and streamed, share one upstream connection."""
    connections = set()
    for streamed in (False, True, False, True):
        script = stream(events(dialect.name)) if streamed else whole(dialect.whole)
        asked = house.ask(dialect, script, body=dialect.body(stream=streamed))
        connections.add(asked.exchange.request.connection)
    assert len(connections) == 1


@each_dialect
def test_errors_keep_the_connection(house: House, dialect: Dialect) -> None:
    """An error status that was read to its end does not cost the connection."""
    first = house.ask(dialect, whole(dialect.upstream_error("no"), 429)).exchange.request
    second = house.ask(dialect, whole(dialect.whole)).exchange.request
    assert first.connection == second.connection


STALE: dict[str, Script] = {"closed at once": (Close(),), "closed by the next request": (CloseOnNext(),)}


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("way", STALE)
@each_dialect
def test_stale_connection_is_mended(house: House, dialect: Dialect, way: str, *, streamed: bool) -> None:
    """A kept connection that turns out to be closed costs the client nothing: another one is tried, once."""
    dying = house.replay.plays((*whole(dialect.whole), *STALE[way]))
    assert house.post(dialect, dialect.body(), [dying.header]).status == 200
    script = stream(events(dialect.name)) if streamed else whole(dialect.whole)
    reply = house.ask(dialect, script, body=dialect.body(stream=streamed)).reply
    assert reply.status == 200
    assert reply.header("x-penstock-attempts") == "1"


@each_dialect
def test_fresh_connection_is_tried_once_more(house: House, dialect: Dialect) -> None:
    """A fresh connection that is reset before a byte came costs the client nothing; two are an error."""
    closing = whole(dialect.whole, headers=[*JSON.items(), ("connection", "close")])
    exchange = house.replay.plays((Reset(),), closing, (Reset(),))
    assert house.post(dialect, dialect.body(), [exchange.header]).status == 200
    assert len(exchange.requests) == 2
    assert house.post(dialect, dialect.body(), [exchange.header]).status == 502


@each_dialect
def test_connection_close_is_obeyed(house: House, dialect: Dialect) -> None:
    """After `connection: close` the connection is not used again."""
    closing = whole(dialect.whole, headers=[*JSON.items(), ("connection", "close")])
    first = house.ask(dialect, closing).exchange.request
    second = house.ask(dialect, whole(dialect.whole)).exchange.request
    assert first.connection != second.connection


@each_dialect
def test_broken_replies_cost_the_connection(house: House, dialect: Dialect) -> None:
    """A reply with bytes after its end never leaks into the next exchange."""
    extra = whole(dialect.whole)
    exchange = house.replay.plays((*extra, *whole(b'{"smuggled":true}')))
    assert house.post(dialect, dialect.body(), [exchange.header]).body == dialect.whole
    assert house.ask(dialect, whole(dialect.whole)).reply.body == dialect.whole


@each_dialect
def test_many_at_once(house: House, dialect: Dialect) -> None:
    """Fifty clients at once each get their own answer."""

    def ask(number: int) -> bool:
        body = dialect.whole.replace(b"Replay", b"Replay%d" % number)
        return house.ask(dialect, whole(body)).reply.body == body

    with ThreadPoolExecutor(50) as pool:
        assert all(pool.map(ask, range(200)))


def test_counting_at_once(house: House) -> None:
    """Twenty-eight count_tokens at once are all answered."""

    def count(_: int) -> int:
        return house.post(MESSAGES, MESSAGES.body(), path="/v1/messages/count_tokens?beta=true").status

    with ThreadPoolExecutor(28) as pool:
        assert set(pool.map(count, range(28))) == {200}


SECURE = """
[server]
discover = false
[providers.trusted]
dialect = "anthropic-messages"
base_url = "{tls}"
api_key = "${{MESSAGES_KEY}}"
ca_file = "{ca}"
[providers.stranger]
dialect = "anthropic-messages"
base_url = "{tls}"
api_key = "${{MESSAGES_KEY}}"
[providers.other-name]
dialect = "anthropic-messages"
base_url = "{other}"
api_key = "${{MESSAGES_KEY}}"
ca_file = "{ca}"
[providers.tunnelled]
dialect = "anthropic-messages"
base_url = "{tls}"
api_key = "${{MESSAGES_KEY}}"
ca_file = "{ca}"
proxy = "{proxy}"
[providers.carried]
dialect = "anthropic-messages"
base_url = "http://provider.test:{port}"
api_key = "${{MESSAGES_KEY}}"
proxy = "{proxy}"
[providers.by-environment]
dialect = "anthropic-messages"
base_url = "http://provider.test:{port}"
api_key = "${{MESSAGES_KEY}}"
[providers.not-proxied]
dialect = "anthropic-messages"
base_url = "{plain}"
api_key = "${{MESSAGES_KEY}}"
[models]
{models}
"""
NAMES = ["trusted", "stranger", "other-name", "tunnelled", "carried", "by-environment", "not-proxied"]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A CA that only providers with its ca_file trust."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def secure(authority: Authority) -> Iterator[Upstream]:
    """A replay upstream behind TLS, for the name localhost."""
    upstream = Upstream(ordinary, authority.server_context("localhost"))
    upstream.start()
    yield upstream
    upstream.stop()


@pytest.fixture(scope="module")
def proxy() -> Iterator[Proxy]:
    """A recording HTTP proxy."""
    running = Proxy()
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def travelling(
    gateway: Start, replay: Upstream, secure: Upstream, authority: Authority, proxy: Proxy
) -> House:
    """A gateway whose providers are reached by TLS, by a proxy, or both."""
    text = SECURE.format(
        tls=secure.address,
        other=secure.address.replace("localhost", "127.0.0.1"),
        ca=authority.file,
        proxy=proxy.address,
        port=replay.port,
        plain=replay.address,
        models="\n".join(f'{name} = "{name}/claude-opus-5-5"' for name in NAMES),
    )
    environment = {**ENVIRONMENT, "HTTP_PROXY": proxy.address, "http_proxy": proxy.address}
    return House(gateway(text, {**environment, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}), replay)


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
def test_tls_with_the_configured_authority(travelling: House, *, streamed: bool) -> None:
    """A provider whose certificate comes from the configured authority is reached."""
    reply = travelling.post(MESSAGES, MESSAGES.body("trusted", stream=streamed))
    assert reply.status == 200
    assert reply.body == (b"".join(MESSAGES.events) if streamed else MESSAGES.whole)


@pytest.mark.parametrize("name", ["stranger", "other-name"])
def test_tls_is_always_verified(travelling: House, secure: Upstream, name: str) -> None:
    """A certificate of an unknown authority or for another name is a 502, and nothing was sent."""
    before = len(secure.requests)
    reply = travelling.post(MESSAGES, MESSAGES.body(name))
    assert reply.status == 502
    assert name in MESSAGES.error(reply)["message"]
    assert len(secure.requests) == before


def test_proxy_carries_http(travelling: House, proxy: Proxy) -> None:
    """A plain address goes through the configured proxy in absolute form."""
    reply = travelling.post(MESSAGES, MESSAGES.body("carried"))
    assert reply.status == 200
    assert proxy.heads[-1].target == f"http://provider.test:{travelling.replay.port}/v1/messages"
    assert proxy.heads[-1].all("host") == [f"provider.test:{travelling.replay.port}"]


def test_proxy_tunnels_https(travelling: House, secure: Upstream, proxy: Proxy) -> None:
    """A TLS address goes through a CONNECT tunnel, and the proxy never sees the key."""
    reply = travelling.post(MESSAGES, MESSAGES.body("tunnelled"))
    assert reply.status == 200
    assert (proxy.heads[-1].method, proxy.heads[-1].target) == ("CONNECT", f"localhost:{secure.port}")
    assert ENVIRONMENT["MESSAGES_KEY"].encode() not in proxy.heads[-1].head


def test_proxy_of_the_environment(travelling: House, proxy: Proxy) -> None:
    """Without a proxy of its own a provider uses the environment's."""
    before = len(proxy.heads)
    assert travelling.post(MESSAGES, MESSAGES.body("by-environment")).status == 200
    assert len(proxy.heads) == before + 1


def test_no_proxy_is_heeded(travelling: House, proxy: Proxy) -> None:
    """A host that NO_PROXY names is called directly."""
    before = len(proxy.heads)
    assert travelling.post(MESSAGES, MESSAGES.body("not-proxied")).status == 200
    assert len(proxy.heads) == before
