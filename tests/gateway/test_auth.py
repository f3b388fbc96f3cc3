"""Who is asking: keys by their digest, wherever they are carried, and what is left of the credentials."""

from hashlib import sha256

import pytest

from gateway.auth import Callers, secret_of
from gateway.caller import LOCAL
from gateway.errors import Refused
from gateway.house import House
from gateway.settings import KeySettings, ServerSettings, Settings
from gateway.state import Exchange, Pair
from tests.gateway.indoors import Client, exchange_of, settings
from tests.gateway.loops import Clock, in_loop

ANN, BOB = b"pst_ann_0123456789", b"pst_bob_0123456789"
KEYS = (KeySettings("ann", sha256(ANN).digest()), KeySettings("bob", sha256(BOB).digest()))
LOCKED = Settings(server=ServerSettings(keys_required=True), keys=KEYS)


def name_of(callers: Callers, credential: bytes) -> str:
    """The name of who carries a key; none of a stranger."""
    caller = callers.caller_of(credential)
    return "" if caller is None else caller.name


def asking(*credentials: Pair) -> Exchange:
    """An exchange that came with these credentials."""
    exchange = exchange_of(House(settings()), Client())
    exchange.credentials = list(credentials)
    return exchange


@pytest.mark.parametrize(
    "pair",
    [
        (b"authorization", b"Bearer " + ANN),
        (b"authorization", b"bearer   " + ANN),
        (b"authorization", b"BEARER " + ANN),
        (b"authorization", ANN),
        (b"x-api-key", ANN),
        (b"x-goog-api-key", ANN),
        (b"api-key", ANN),
        (b"key", ANN),
    ],
)
@in_loop
async def test_a_key_is_known_wherever_it_is_carried(pair: Pair) -> None:
    """The caller is named, and our own key is taken out of what may go on, the second time as well."""
    callers = Callers(LOCKED)
    for _ in range(2):
        exchange = asking(pair)
        callers.identify(exchange)
        assert (exchange.caller.name, exchange.credentials) == ("ann", [])


@in_loop
async def test_another_credential_stays() -> None:
    """Beside our key a client may carry its own for a provider: that one is left to it."""
    own = (b"authorization", b"Bearer sk-ant-own")
    for pairs in ([(b"x-api-key", ANN), own], [own, (b"x-api-key", ANN)]):
        exchange = asking(*pairs)
        Callers(LOCKED).identify(exchange)
        assert (exchange.caller.name, exchange.credentials) == ("ann", [own])


@in_loop
async def test_our_key_carried_twice_is_taken_out_twice() -> None:
    """A client that says its key in two fields gives neither to a provider."""
    exchange = asking((b"x-api-key", ANN), (b"authorization", b"Bearer " + ANN))
    Callers(LOCKED).identify(exchange)
    assert exchange.credentials == []


@pytest.mark.parametrize(
    ("credentials", "code"),
    [
        ([], "missing_api_key"),
        ([(b"x-api-key", b"")], "invalid_api_key"),
        ([(b"x-api-key", ANN[:-1])], "invalid_api_key"),
        ([(b"x-api-key", ANN + b"x")], "invalid_api_key"),
        ([(b"x-api-key", ANN.upper())], "invalid_api_key"),
        ([(b"authorization", b"Basic " + ANN)], "invalid_api_key"),
        ([(b"authorization", b"Bearer")], "invalid_api_key"),
        ([(b"x-api-key", sha256(ANN).digest())], "invalid_api_key"),
        ([(b"x-api-key", sha256(ANN).hexdigest().encode())], "invalid_api_key"),
    ],
)
@in_loop
async def test_a_stranger_is_refused(credentials: list[Pair], code: str) -> None:
    """No key and a wrong one are two 401s, which say nothing of what was sent and ask for no retry."""
    callers = Callers(LOCKED)
    for _ in range(2):
        with pytest.raises(Refused) as caught:
            callers.identify(asking(*credentials))
        assert (caught.value.fault.status, caught.value.fault.code) == (401, code)
        assert (b"www-authenticate", b"Bearer") in caught.value.headers
        assert (b"x-should-retry", b"false") in caught.value.headers


@in_loop
async def test_an_open_house_knows_nobody() -> None:
    """Without keys everybody is the local caller, and keeps what it carries."""
    own = (b"authorization", b"Bearer sk-ant-own")
    exchange = asking(own)
    Callers(Settings()).identify(exchange)
    assert (exchange.caller.name, exchange.credentials) == (LOCAL, [own])


def test_what_is_kept_of_right_keys_is_bounded() -> None:
    """Strangers' keys are not kept at all, so that nobody fills the memory by guessing."""
    callers = Callers(LOCKED)
    for number in range(50_000):
        assert callers.caller_of(b"pst_guess_%d" % number) is None
    assert name_of(callers, ANN) == "ann"
    assert len(callers._known) == 1  # noqa: SLF001  # the bound itself is the fact


@pytest.mark.parametrize(
    ("headers", "opens"),
    [
        ([], False),
        ([(b"authorization", b"Bearer " + ANN)], True),
        ([(b"x-api-key", BOB)], True),
        ([(b"x-api-key", b"no")], False),
        ([(b"x-other", ANN)], False),
    ],
)
def test_a_door_that_wants_a_key(headers: list[Pair], opens: bool) -> None:
    """Doors beside the path open to the same keys, and to everybody where none are required."""
    assert Callers(LOCKED).open_to({"headers": headers}) is opens
    assert Callers(Settings(keys=KEYS)).open_to({"headers": headers})


@pytest.mark.parametrize(("value", "secret"), [(b"Bearer a", b"a"), (b"a", b"a"), (b"Bearer", b"Bearer")])
def test_the_secret_of_a_credential(value: bytes, secret: bytes) -> None:
    """A scheme before it is no part of it."""
    assert secret_of(value) == secret


def test_what_is_known_of_a_key_is_kept_for_a_while() -> None:
    """A key is looked up again after 30 seconds, one that is unknown after 5, and at once when told so."""
    clock = Clock()
    callers = Callers(LOCKED, clock)
    looked_up = []
    for wait in (0.0, 4.9, 0.2, 24.8, 0.2):
        clock.move(wait)
        assert (name_of(callers, ANN), name_of(callers, b"pst_nobody")) == ("ann", "")
        looked_up.append(callers.figures().misses)
    assert looked_up == [2, 2, 3, 4, 5]
    assert (callers.figures().entries, callers.figures().hits) == (2, 5)
    assert (callers.clear(), callers.figures().entries) == (2, 0)


def test_what_strangers_send_is_not_kept_without_bounds() -> None:
    """Neither many wrong keys nor a very long one are remembered."""
    callers = Callers(LOCKED)
    callers.caller_of(b"x" * 1000)
    assert callers.figures().entries == 0
    for number in range(10_001):
        callers.caller_of(b"%d" % number)
    assert callers.figures().entries == 1
