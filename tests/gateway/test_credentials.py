"""The keys of a provider, told the time: whose turn it is, how long one rests, how a dead one comes back."""

import pytest

from gateway.credentials import LONGEST_REST, LONGEST_SAID, NEVER, NONE, Credentials

NOW = 1000.0


def taken(keys: Credentials, times: int, now: float = NOW) -> list[int]:
    """The keys of so many tries."""
    return [keys.pick(now) for _ in range(times)]


def test_keys_are_taken_in_turn() -> None:
    """One after another, and the first again."""
    assert taken(Credentials(3), 4) == [0, 1, 2, 0]


def test_the_key_wanted_is_taken_while_it_is_well_and_takes_no_turn() -> None:
    """A conversation keeps its key; the turn of the others goes on as if it had not been there."""
    keys = Credentials(3)
    assert [keys.pick(NOW), keys.pick(NOW, wanted=2), keys.pick(NOW)] == [0, 2, 1]
    keys.throttle(2, NOW, 5)
    assert keys.pick(NOW, wanted=2) == 0


def test_what_was_tried_is_not_taken_again() -> None:
    """A request asks with each key once; when all were tried there is none."""
    keys = Credentials(2)
    assert keys.pick(NOW, frozenset((0,))) == 1
    assert keys.pick(NOW, frozenset((0, 1))) == NONE


@pytest.mark.parametrize(("said", "rest"), [(7.0, 7.0), (None, 30.0), (1e9, LONGEST_SAID), (0.0, 0.0)])
def test_a_throttled_key_rests_as_long_as_is_said(said: float | None, rest: float) -> None:
    """The provider's word is taken, up to a day; without one it is thirty seconds."""
    keys = Credentials(2)
    keys.throttle(0, NOW, said)
    assert keys.all[0].rests_until == NOW + rest
    assert keys.states(NOW) == ["resting" if rest else "well", "well"]
    assert keys.states(NOW + rest) == ["well", "well"]


def test_the_rest_doubles_until_a_try_goes_well() -> None:
    """30, 60, 120 seconds, ten minutes at most; one good try, and it is thirty again."""
    keys, now, rests = Credentials(1), NOW, []
    for _ in range(7):
        keys.throttle(0, now, None)
        rests.append(keys.all[0].rests_until - now)
        now = keys.all[0].rests_until
    assert rests == [30, 60, 120, 240, 480, LONGEST_REST, LONGEST_REST]
    keys.good(0, now)
    keys.throttle(0, now, None)
    assert keys.all[0].rests_until == now + 30


def test_requests_throttled_together_are_one() -> None:
    """Ten 429 that were under way at once make no rest of hours, and the longest word holds."""
    keys = Credentials(1)
    for _ in range(10):
        keys.throttle(0, NOW, None)
    assert keys.all[0].rests_until == NOW + 30
    keys.throttle(0, NOW, 40)
    keys.throttle(0, NOW, 5)
    assert keys.all[0].rests_until == NOW + 40


def test_a_reply_that_began_before_wakes_nobody() -> None:
    """A good try of a key that was throttled meanwhile shortens nothing."""
    keys = Credentials(1)
    keys.throttle(0, NOW, None)
    keys.good(0, NOW + 1)
    assert keys.pick(NOW + 1) == NONE


def test_a_refused_key_is_probed_by_one_request_when_it_has_rested() -> None:
    """Until then nobody asks with it; then one does, and the others wait for what comes of that."""
    keys = Credentials(1, rest=300.0)
    keys.refuse(0, NOW)
    assert (keys.states(NOW), keys.back_at()) == (["dead"], NEVER)
    assert keys.pick(NOW + 299) == NONE
    assert taken(keys, 2, NOW + 300) == [0, NONE]
    keys.good(0, NOW + 301)
    assert (keys.states(NOW + 301), keys.pick(NOW + 301)) == (["well"], 0)


@pytest.mark.parametrize("outcome", ["refuse", "throttle", "free"])
def test_any_outcome_of_a_probe_frees_it(outcome: str) -> None:
    """Refused again, throttled, or ended without an answer: a later request may probe."""
    keys = Credentials(1, rest=300.0)
    keys.refuse(0, NOW)
    now = NOW + 300
    assert keys.pick(now) == 0
    if outcome == "refuse":
        keys.refuse(0, now)
    elif outcome == "throttle":
        keys.throttle(0, now, 10)
    else:
        keys.free(0)
    assert keys.states(now) == ["resting" if outcome == "throttle" else "dead"]
    assert keys.pick(now + 300) == 0


def test_the_first_to_be_back_is_told() -> None:
    """Of those that only rest: a dead one is waited for by nobody."""
    keys = Credentials(3)
    keys.refuse(0, NOW)
    keys.throttle(1, NOW, 40)
    keys.throttle(2, NOW, 20)
    assert keys.back_at() == NOW + 20
