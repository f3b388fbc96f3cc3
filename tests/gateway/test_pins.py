"""Where conversations live, told the time: which home is best, what is warm, and what is forgotten."""

from typing import NamedTuple

import pytest

from adapters.events import Usage
from gateway import pins
from gateway.pins import IDLE, LONG, MOST_HOMES, SHORT, Pin, Pins, Where

NOW = 1000.0
X, Y = ("one", "x"), ("two", "y")


class Place(NamedTuple):
    """A target, as far as a pin asks."""

    where: Where


BOTH = (Place(X), Place(Y))


def test_it_is_home_where_it_was_answered() -> None:
    """Of those that are asked about; elsewhere it has no home."""
    pin = Pin(NOW)
    home = pin.live(X, 2, NOW)
    assert pin.best(X, NOW) is home
    assert pin.best(Y, NOW) is None
    assert pin.among(BOTH, NOW) is BOTH[0]
    assert pin.among(BOTH[1:], NOW) is None
    assert (pin.key(X, NOW), pin.key(Y, NOW)) == (2, -1)


def test_where_most_is_warm_is_home() -> None:
    """After a while elsewhere it comes back, as long as its cache holds more there."""
    pin = Pin(NOW)
    pin.live(X, 0, NOW).hear(Usage(cache_read=40_000, cache_write_5m=2_000), NOW)
    pin.live(Y, 0, NOW + 10)
    assert pin.among(BOTH, NOW + 20) is BOTH[0]
    pin.live(Y, 0, NOW + 30).hear(Usage(cache_write_5m=43_000), NOW + 30)
    assert pin.among(BOTH, NOW + 40) is BOTH[1]


def test_of_cold_ones_the_last_is_home() -> None:
    """When the cache has run out there is nothing to come back for."""
    pin = Pin(NOW)
    pin.live(X, 0, NOW).hear(Usage(cache_read=40_000), NOW)
    pin.live(Y, 0, NOW + 10)
    assert pin.among(BOTH, NOW + SHORT) is BOTH[1]


@pytest.mark.parametrize(
    ("usage", "tokens", "lifetime"),
    [
        (Usage(input=9, cache_read=5, cache_write_5m=3), 8, SHORT),
        (Usage(cache_read=5, cache_write_1h=3), 8, LONG),
        (Usage(input=50_000), 0, 0.0),
    ],
)
def test_what_is_warm_is_what_was_read_and_written(usage: Usage, tokens: int, lifetime: float) -> None:
    """For five minutes, or for the hour that was paid for; what no cache holds is not warm."""
    pin = Pin(NOW)
    pin.live(X, 0, NOW).hear(usage, NOW)
    assert pin.tokens(X, 0, NOW + lifetime - 0.1) == tokens
    assert pin.tokens(X, 0, NOW + lifetime) == 0
    assert (pin.tokens(X, 1, NOW), pin.tokens(Y, 0, NOW)) == (0, 0)


def test_a_request_beside_the_conversation_cools_nothing() -> None:
    """A title that is asked for in the same session reads little: what is known stays, until it is old."""
    pin = Pin(NOW)
    home = pin.live(X, 0, NOW)
    home.hear(Usage(cache_read=40_000), NOW)
    home.hear(Usage(cache_read=100), NOW + 10)
    assert home.tokens(NOW + 20) == 40_000
    home.hear(Usage(cache_read=100), NOW + SHORT)
    assert home.tokens(NOW + SHORT) == 100


def test_homes_are_bounded() -> None:
    """Beyond the most the one that was used longest ago is given up."""
    pin = Pin(NOW)
    for number in range(MOST_HOMES + 1):
        pin.live(X, number, NOW + number)
    assert [home.key for home in pin.homes] == list(range(1, MOST_HOMES + 1))


def test_a_pin_is_forgotten_an_hour_after_its_last_use() -> None:
    """Every use counts anew."""
    kept = Pins()
    pin = kept.of("a", NOW)
    assert kept.of("a", NOW + IDLE) is pin
    assert kept.of("a", NOW + 2 * IDLE) is pin
    assert kept.of("a", NOW + 3 * IDLE + 1) is not pin


def test_pins_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one used longest ago makes room, and so do those that are too old."""
    monkeypatch.setattr(pins, "MOST_PINS", 3)
    kept = Pins()
    first = [kept.of(name, NOW) for name in "abc"]
    kept.of("a", NOW)
    kept.of("d", NOW)
    assert len(kept) == 3
    assert kept.of("a", NOW) is first[0]
    assert kept.of("b", NOW) is not first[1]
    kept.of("e", NOW + IDLE + 1)
    assert len(kept) == 1
