"""Limits at every level above a key: all must have room, a refusal counts nowhere, a change keeps counts."""

import pytest

from adapters.dialect import Peek
from gateway.caller import Caller, Scope
from gateway.errors import Refused
from gateway.house import House
from gateway.limits import ACCOUNTS_KEPT, SMALL, Limits
from gateway.settings import LimitSettings
from gateway.state import Exchange
from tests.gateway.indoors import MESSAGE, Client, exchange_of, settings
from tests.gateway.loops import Clock


class Door:
    """Limits by themselves, and exchanges to enter them with."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.limits = Limits(self.clock, Clock(1_700_000_000.0))
        self.house = House(settings(), self.clock)

    def enter(self, caller: Caller, body: bytes = MESSAGE, most: int | None = 9) -> Exchange:
        """One request that gets in. Raises Refused."""
        exchange = exchange_of(self.house, Client())
        exchange.caller, exchange.body, exchange.peek = caller, body, Peek("demo", max_tokens=most)
        self.limits.enter(exchange)
        return exchange

    def refused(self, caller: Caller) -> Refused:
        """One that does not."""
        with pytest.raises(Refused) as caught:
            self.enter(caller)
        return caught.value


def caller(*scopes: tuple[str, dict[str, int]]) -> Caller:
    """Somebody with these limits over them."""
    return Caller(name="ann", scopes=tuple(Scope(name, LimitSettings(**limits)) for name, limits in scopes))


@pytest.fixture
def door() -> Door:
    """Where nobody has come in yet."""
    return Door()


def test_every_level_must_have_room(door: Door) -> None:
    """Two keys of one team have what the team has, and each what it has itself; a refusal counts nowhere."""
    team = ("team:7", {"requests_per_minute": 3})
    one, two = caller(team, ("key:1", {"requests_per_minute": 2})), caller(team, ("key:2", {}))
    door.enter(one)
    door.enter(one)
    assert "this key" in str(door.refused(one))
    door.enter(two)
    assert "your team" in str(door.refused(two))
    assert door.limits.refused == {"requests": 2}
    left = {name: meter.windows[0].left(door.clock(), 3) for name, meter in door.limits.meters.items()}
    assert left == {"team:7": 0, "key:1": 1}


def test_a_refusal_at_the_last_level_gives_nothing_to_the_first(door: Door) -> None:
    """However often it is refused: neither requests, nor tokens, nor who is inside."""
    someone = caller(
        ("everybody", {"requests_per_minute": 100, "tokens_per_minute": 10_000, "concurrent": 5}),
        ("team:7", {"output_tokens_per_minute": 1000}),
        ("key:1", {"concurrent": 1}),
    )
    first = door.enter(someone)
    before = _counted(door)
    for _ in range(50):
        door.refused(someone)
    assert _counted(door) == before
    door.limits.leave(first)
    door.enter(someone)


def _counted(door: Door) -> list[object]:
    now = door.clock()
    return [
        (name, meter.inside, [window.left(now, 10_000) for window in meter.windows.values()])
        for name, meter in door.limits.meters.items()
    ]


def test_the_longest_wait_is_told(door: Door) -> None:
    """Who waits as long as it is told is not sent away by another limit then, and one second earlier is."""
    someone = caller(("team:7", {"requests_per_minute": 1}), ("key:1", {"output_tokens_per_minute": 1000}))
    door.limits.leave(door.enter(someone))
    door.clock.move(20.0)
    door.enter(caller(("key:1", {"output_tokens_per_minute": 1000})), most=1000)
    told = door.refused(someone).fault.retry_after
    assert told == 60
    door.clock.move(told - 1.0)
    door.refused(someone)
    door.clock.move(1.0)
    door.enter(someone)


def test_a_limit_that_changes_keeps_what_was_counted(door: Door) -> None:
    """The caller is another object with every change; who is inside is mended by what they entered with."""
    before = caller(("key:1", {"tokens_per_minute": 1000}))
    inside = door.enter(before, most=600)
    after = caller(("key:1", {"tokens_per_minute": 2000, "requests_per_minute": 9}))
    window = door.limits.account(after).gauges[1].window
    assert window.left(door.clock(), 2000) == 2000 - 600 - (len(MESSAGE) // 4 + 1)
    door.limits.leave(inside)
    assert window.left(door.clock(), 2000) == 2000


def test_a_large_body_is_weighed_and_a_small_one_measured(door: Door) -> None:
    """An image in base64 is no text: what is large counts as the dialect weighs it."""
    image = b'{"type":"image","source":{"type":"base64","data":"%b"}}' % (b"A" * SMALL)
    body = b'{"model":"demo","messages":[{"role":"user","content":[%b]}]}' % image
    someone = caller(("key:1", {"input_tokens_per_minute": 100_000}))
    weighed = door.enter(someone, body).ticket
    small = door.enter(someone, MESSAGE).ticket
    assert weighed is not None
    assert small is not None
    assert 1000 < weighed.input < 2500 < len(body) // 4
    assert small.input == len(MESSAGE) // 4 + 1


def test_who_is_not_limited_pays_for_no_ticket(door: Door) -> None:
    """And nothing is kept of them but that."""
    assert door.enter(caller()).ticket is None
    assert door.limits.meters == {}


def test_what_nobody_needs_is_forgotten(door: Door) -> None:
    """A meter goes when its minute is empty and nobody is inside; accounts are no more than so many."""
    inside = door.enter(caller(("key:1", {"concurrent": 1})))
    door.limits.leave(door.enter(caller(("key:2", {"requests_per_minute": 5}))))
    door.clock.move(30.0)
    door.limits.expire()
    assert set(door.limits.meters) == {"key:1", "key:2"}
    door.clock.move(30.0)
    door.limits.expire()
    assert set(door.limits.meters) == {"key:1"}
    door.refused(caller(("key:1", {"concurrent": 1})))
    door.limits.leave(inside)
    door.limits.expire()
    assert door.limits.meters == {}
    for number in range(ACCOUNTS_KEPT + 5):
        door.limits.account(caller((f"key:{number}", {"concurrent": 1})))
    assert len(door.limits._accounts) <= ACCOUNTS_KEPT  # noqa: SLF001  # its bound is seen nowhere else
