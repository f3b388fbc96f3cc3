"""How a WebSocket is opened and how it ends: who is let in, who leaves, and what becomes of the upstream."""

import os
import signal
from collections.abc import Callable

import pytest

from tests.path.client import now
from tests.path.conftest import Start
from tests.path.dialects import RESPONSES
from tests.path.house import ENVIRONMENT, House, configuration
from tests.path.process import Gateway
from tests.path.responses import frames, response
from tests.path.sockets import Socket
from tests.path.test_departure import BOUND
from tests.path.test_keys import CARRIERS, KEY
from tests.path.test_socket import MODEL, id_of, open_socket
from tests.path.test_socket_errors import HELD, error_in
from tests.upstream.scripts import begun
from tests.upstream.server import Upstream
from tests.upstream.steps import Hang, Script

RESTART = 1012
Ending = Callable[[Gateway], None]


@pytest.fixture(scope="module")
def locked(gateway: Start, replay: Upstream) -> House:
    """A gateway that asks for a key of ours."""
    text = (
        configuration(replay, 'keys = "required"') + '\n[keys]\ntest = { secret = "${PENSTOCK_TEST_KEY}" }\n'
    )
    return House(gateway(text, {**ENVIRONMENT, "PENSTOCK_TEST_KEY": KEY}), replay)


@pytest.fixture
def leaving(gateway: Start, replay: Upstream) -> House:
    """A gateway of a test's own, to be ended."""
    return House(gateway(configuration(replay)), replay)


@pytest.mark.parametrize("path", ["/v1/v1/responses", "/v1/responses/", "//v1/responses?beta=true"])
def test_the_path_is_read_as_it_was_meant(house: House, path: str) -> None:
    """Doubled and trailing slashes open the same socket."""
    exchange = house.replay.plays(response("a"))
    with Socket(house.address, [exchange.header], path) as client:
        assert id_of(client.ask(model=MODEL, input="é")) == "resp_a"


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/chat/completions", "/", "/v1/models", "/healthz"])
def test_no_socket_elsewhere(house: House, path: str) -> None:
    """On any other path the handshake is a 404 that says where a socket is."""
    refused = Socket(house.address, (), path).handshake
    assert refused.status == 404
    assert b"/v1/responses" in refused.body


def test_sockets_can_be_turned_off(gateway: Start, replay: Upstream) -> None:
    """With `server.websockets = false` the handshake is a 426, so that Codex goes on over HTTP."""
    house = House(gateway(configuration(replay, "websockets = false")), replay)
    refused = Socket(house.address).handshake
    assert refused.status == 426
    assert RESPONSES.error(refused)["code"] == "upgrade_required"


def test_no_page_in_a_browser(house: House, locked: House) -> None:
    """A handshake with an origin is a 403 where no key is asked for: a page of anybody's could read along."""
    origin = ("origin", "https://example.com")
    refused = Socket(house.address, [origin]).handshake
    assert refused.status == 403
    assert RESPONSES.error(refused)["code"] == "origin_not_allowed"
    with Socket(locked.address, [origin, ("x-api-key", KEY)]) as client:
        assert client.handshake.status == 101


@pytest.mark.parametrize("headers", [[], [("authorization", "Bearer pst_wrong")]], ids=["none", "wrong"])
def test_a_stranger_gets_no_socket(locked: House, headers: list[tuple[str, str]]) -> None:
    """Without a right key the handshake is a 401 in the client's shape, and is logged as one."""
    refused = Socket(locked.address, headers).handshake
    assert refused.status == 401
    assert RESPONSES.error(refused)["message"]
    name = refused.header("x-request-id") or "no id was said"
    assert name in locked.gateway.wait_for_output(name)


@pytest.mark.parametrize("carrier", CARRIERS, ids=lambda carrier: carrier[0])
def test_the_key_of_the_handshake_holds_for_all_turns(locked: House, carrier: tuple[str, str]) -> None:
    """A key carried by the handshake opens every turn, and reaches no upstream."""
    exchange = locked.replay.plays(response("a"), response("b"))
    with open_socket(locked, exchange, carrier) as client:
        for _ in range(2):
            id_of(client.ask(model=MODEL, input="é"))
    assert not any(KEY.encode() in request.head for request in exchange.requests)


def test_the_key_may_stand_in_the_query(locked: House) -> None:
    """A key in `?key=` opens a socket, too, and the rest of the query goes on."""
    exchange = locked.replay.plays(response("a"))
    with Socket(locked.address, [exchange.header], f"/v1/responses?beta=true&key={KEY}") as client:
        id_of(client.ask(model=MODEL, input="é"))
    assert exchange.request.target == "/v1/responses?beta=true"


@pytest.mark.parametrize("way", ["hang_up", "reset", "close"])
@pytest.mark.parametrize("script", [(Hang(),), (*begun(frames("a")[:3]), Hang())], ids=["early", "streaming"])
def test_leaving_in_a_turn(house: House, way: str, script: Script) -> None:
    """A client that leaves in the middle of a turn closes the upstream connection."""
    exchange = house.replay.plays(script)
    with open_socket(house, exchange) as client:
        client.create(model=MODEL, input="é")
        exchange.wait_for_requests(1)
        if len(script) > 1:
            assert client.event()["type"] == "response.created"
        left = now()
        getattr(client, way)()
        assert exchange.wait_until_left() - left < BOUND


def test_leaving_between_turns(house: House) -> None:
    """A client that says farewell between turns gets its farewell back, and nothing is left behind."""
    exchange = house.replay.plays(response("a"))
    with open_socket(house, exchange) as client:
        id_of(client.ask(model=MODEL, input="é"))
        client.close()
        assert client.closing() == 1000


def by_an_operator(gateway: Gateway) -> None:
    """End it with SIGTERM."""
    gateway.terminate()


def at_a_terminal(gateway: Gateway) -> None:
    """End it as Ctrl-C does, which reaches the whole group."""
    os.killpg(gateway.process.pid, signal.SIGINT)


@pytest.mark.parametrize("ends", [by_an_operator, at_a_terminal], ids=["SIGTERM", "Ctrl-C"])
def test_a_turn_goes_on_to_its_end(leaving: House, ends: Ending) -> None:
    """When the gateway is told to stop, a running turn is finished, what waits is a 503, sockets close."""
    exchange = leaving.replay.plays(HELD)
    with open_socket(leaving, exchange) as client:
        client.create(model=MODEL, input="é")
        assert client.event()["type"] == "response.created"
        client.create(model=MODEL, input="another")
        with Socket(leaving.address) as idle:
            ends(leaving.gateway)
            assert idle.closing() == RESTART
        exchange.release()
        assert id_of(client.events()) == "resp_a"
        error = error_in(client.events())
        assert (error["status"], error["error"]["code"]) == (503, "shutting_down")
        assert error["headers"]["retry-after"] == "1"
        assert client.closing() == RESTART
    assert leaving.gateway.wait() == 0
    assert not {"Traceback", "Unexpected"} & set(leaving.gateway.output.split())


def test_a_gateway_that_is_leaving_opens_no_socket(leaving: House) -> None:
    """While a turn is being finished, a handshake is a 503, and so is a warm-up on an open socket."""
    exchange = leaving.replay.plays(HELD)
    with open_socket(leaving, exchange) as client:
        client.create(model=MODEL, input="é")
        assert client.event()["type"] == "response.created"
        client.create(model=MODEL, input="é", generate=False)
        with Socket(leaving.address) as idle:
            leaving.gateway.terminate()
            assert idle.closing() == RESTART
        assert Socket(leaving.address).handshake.status == 503
        exchange.release()
        client.events()
        assert error_in(client.events())["status"] == 503
        assert client.closing() == RESTART
    assert leaving.gateway.wait() == 0


def test_a_turn_past_the_time_to_drain(gateway: Start, replay: Upstream) -> None:
    """A turn that outlives the time to drain ends in `response.failed`, and the process ends."""
    house = House(gateway(configuration(replay, 'drain = "300ms"')), replay)
    exchange = replay.plays((*begun(frames("a")[:3]), Hang()))
    with open_socket(house, exchange) as client:
        client.create(model=MODEL, input="é")
        assert client.event()["type"] == "response.created"
        house.gateway.terminate()
        assert client.events()[-1]["type"] == "response.failed"
        assert client.closing() == RESTART
    assert house.gateway.wait() == 0


def test_a_client_that_reads_no_farewell(leaving: House) -> None:
    """A socket whose client is silent does not hold the process back."""
    with Socket(leaving.address):
        leaving.gateway.process.send_signal(signal.SIGTERM)
        assert leaving.gateway.wait() == 0
