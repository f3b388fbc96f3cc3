"""Our own keys: where a client may carry one, and what it hears without."""

import pytest

from tests.path.client import Wire
from tests.path.conftest import Start
from tests.path.dialects import MESSAGES, Dialect, each_dialect
from tests.path.house import ENVIRONMENT, House, configuration
from tests.upstream.scripts import whole
from tests.upstream.server import Upstream

KEY = "pst_testpublic12_" + "k3yOfATest" * 4 + "abc"
CARRIERS = [
    ("authorization", f"Bearer {KEY}"),
    ("authorization", f"bearer {KEY}"),
    ("x-api-key", KEY),
    ("x-goog-api-key", KEY),
    ("api-key", KEY),
]


@pytest.fixture(scope="module")
def locked(gateway: Start, replay: Upstream) -> House:
    """A gateway that asks for a key of ours."""
    text = (
        configuration(replay, 'keys = "required"') + '\n[keys]\ntest = { secret = "${PENSTOCK_TEST_KEY}" }\n'
    )
    return House(gateway(text, {**ENVIRONMENT, "PENSTOCK_TEST_KEY": KEY}), replay)


@each_dialect
def test_no_key_is_a_401(locked: House, dialect: Dialect) -> None:
    """Without a key every dialect answers 401 in its own shape, and nobody is asked."""
    exchange = locked.replay.plays(whole(dialect.whole))
    reply = locked.post(dialect, dialect.body(), [exchange.header])
    assert reply.status == 401
    assert dialect.error(reply)["type"] in {"authentication_error", "invalid_request_error"}
    assert exchange.requests == []


@pytest.mark.parametrize("carrier", CARRIERS, ids=lambda carrier: carrier[0])
@each_dialect
def test_wrong_key_is_a_401(locked: House, dialect: Dialect, carrier: tuple[str, str]) -> None:
    """A wrong key is a 401 wherever it is carried, and is not repeated in the answer."""
    name, value = carrier
    reply = locked.post(dialect, dialect.body(), [(name, value[:-3] + "xyz")])
    assert reply.status == 401
    assert KEY[:-3].encode() not in reply.body


@pytest.mark.parametrize("carrier", CARRIERS, ids=lambda carrier: carrier[0])
@each_dialect
def test_key_is_taken_from_any_header(locked: House, dialect: Dialect, carrier: tuple[str, str]) -> None:
    """A right key is taken from any of the headers, on every dialect, and does not reach the upstream."""
    asked = locked.ask(dialect, whole(dialect.whole), [carrier])
    assert asked.reply.status == 200
    assert KEY.encode() not in asked.exchange.request.head


@each_dialect
def test_key_is_taken_from_the_query(locked: House, dialect: Dialect) -> None:
    """A right key is taken from ?key= and does not reach the upstream."""
    exchange = locked.replay.plays(whole(dialect.whole))
    reply = locked.post(dialect, dialect.body(), [exchange.header], f"{dialect.path}?beta=true&key={KEY}")
    assert reply.status == 200
    assert exchange.request.target == f"{dialect.path}?beta=true"


def test_stranger_is_refused_before_the_body(locked: House) -> None:
    """A stranger gets its 401 without having sent the body it announced."""
    with Wire(locked.address) as wire:
        wire.socket.sendall(wire.head("POST", MESSAGES.path, [("content-length", "1000000")]))
        assert wire.read().status == 401


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/"])
def test_health_is_open(locked: House, path: str) -> None:
    """Health needs no key."""
    assert locked.call("GET", path).status == 200


def test_models_need_a_key(locked: House) -> None:
    """The list of models is for those who have a key."""
    assert locked.call("GET", "/v1/models").status == 401
    assert locked.call("GET", "/v1/models", [("x-api-key", KEY)]).status == 200


def test_open_house_ignores_any_key(house: House) -> None:
    """On an open gateway any key a client must carry is welcome, and goes no further."""
    asked = house.ask(MESSAGES, whole(MESSAGES.whole), [("x-api-key", "dummy-of-the-client")])
    assert asked.reply.status == 200
    assert b"dummy-of-the-client" not in asked.exchange.request.head
