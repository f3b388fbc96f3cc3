"""Wrong keys by address: how many, whose they are, and that the answer tells nothing of the key."""

from hashlib import sha256
from typing import Any

import pytest

from gateway.guesses import MOST_KEPT, Guesses, subscriber
from gateway.settings import KeySettings, Settings
from tests.gateway.indoors import DEMO, SILENT, Client, open_house, settings
from tests.gateway.loops import Clock, in_loop

KEY = b"pst_aaaaaaaaaaaa_" + b"b" * 43


def guarded(most: int = 20) -> Settings:
    """A house that asks for a key, and bears so many wrong ones."""
    plain = settings(keys_required=True, guesses=most)
    return Settings(
        server=plain.server, providers=(DEMO,), keys=(KeySettings("me", sha256(KEY).digest()),), log=SILENT
    )


def trying(key: bytes, address: str = "192.0.2.1", path: str = "/v1/messages", **scope: Any) -> Client:
    """A request with a key, from an address."""
    return Client(path, headers=[(b"x-api-key", key)], client=(address, 50000), **scope)


@in_loop
async def test_so_many_guesses_a_minute_and_then_nobody() -> None:
    """The next is a 429 that says truly when to come back, whether its key is wrong or right."""
    clock = Clock()
    async with open_house(guarded(), clock) as house:
        statuses = [(await trying(b"guess-%d" % number).ask(house)).status for number in range(25)]
        assert statuses == [401] * 20 + [429] * 5
        clock.move(20.0)
        refused = await trying(KEY).ask(house)
        assert (refused.status, refused.header(b"retry-after")) == (429, b"40")
        assert refused.json()["error"]["type"] == "rate_limit_error"
        clock.move(39.0)
        assert (await trying(KEY).ask(house)).status == 429
        clock.move(1.0)
        assert (await trying(KEY).ask(house)).status == 200
        assert house.guesses.turned_away == 7


@in_loop
async def test_another_address_is_another_matter() -> None:
    """And right keys count for nothing."""
    async with open_house(guarded(2), Clock()) as house:
        for _ in range(5):
            assert (await trying(KEY).ask(house)).status == 200
        assert [(await trying(b"x" * 20).ask(house)).status for _ in range(3)] == [401, 401, 429]
        assert (await trying(KEY, "192.0.2.2").ask(house)).status == 200


@in_loop
async def test_all_doors_count() -> None:
    """Keys tried at the metrics and several in one request are guesses like others."""
    async with open_house(guarded(4), Clock()) as house:
        assert (await trying(b"wrong-wrong-wrong", path="/metrics", method="GET").ask(house)).status == 401
        two = Client(headers=[(b"x-api-key", b"one"), (b"api-key", b"two")], client=("192.0.2.1", 1))
        assert (await two.ask(house)).status == 401
        assert (await trying(KEY, path="/metrics", method="GET").ask(house)).status == 200
        assert (await trying(b"wrong-wrong-wrong").ask(house)).status == 401
        assert (await trying(KEY, path="/metrics", method="GET").ask(house)).status == 401
        assert (await trying(KEY).ask(house)).status == 429


@in_loop
async def test_zero_is_any_number() -> None:
    """With `guesses = 0` nobody is turned away."""
    async with open_house(guarded(0), Clock()) as house:
        assert {(await trying(b"g%d" % number).ask(house)).status for number in range(30)} == {401}


@pytest.mark.parametrize(
    ("address", "whose"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2"),
        ("2001:db8:1:2::9", "2001:db8:1:2"),
        ("2001:db8::1", "2001:db8:0:0"),
        ("::1", ":0:0:0"),
        ("", ""),
    ],
)
def test_whose_an_address_is(address: str, whose: str) -> None:
    """Of IPv6 the network of a subscriber: who has one has more addresses than anybody can count."""
    assert subscriber(address) == whose


def test_what_is_kept_is_bounded() -> None:
    """The address seen longest ago is forgotten."""
    guesses = Guesses(1)
    for number in range(MOST_KEPT + 1):
        guesses.wrong(f"host-{number}", 0.0)
    assert (guesses.wait("host-0", 0.0), guesses.wait("host-1", 0.0)) == (0.0, 60.0)
