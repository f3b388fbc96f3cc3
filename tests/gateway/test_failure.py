"""What a failed try means and what comes after it: every row of the table in `gateway/failure.py`."""

import itertools

import msgspec
import pytest

from adapters.fault import Fault, FaultKind, Malformed
from adapters.overflow import Overflow
from gateway.errors import Cause, Phase, Refused, UpstreamError
from gateway.failure import KINDS, Failure, Standing, next_step, of_error, of_fault, of_reply, pause
from gateway.judgement import own_key_refused
from gateway.settings import FailureSettings

LIMITS = FailureSettings()
FRESH = Standing(tries=1, here=1, only=False, left=1, late=False)


def yes() -> bool:
    """A budget that has a try left."""
    return True


def no() -> bool:
    """A budget that has none."""
    return False


def unread(cause: Cause = "closed") -> Failure:
    """A connection that was closed before a byte of a reply came."""
    error = UpstreamError("head", cause, "closed")
    error.unread = True
    return of_error(error)


@pytest.mark.parametrize(
    ("status", "kind", "weight", "step"),
    [
        (400, "request", 0.0, "stop"),
        (401, "credential", None, "next"),
        (402, "credential", None, "next"),
        (403, "credential", None, "next"),
        (404, "request", 0.0, "next"),
        (408, "upstream", 1.0, "again"),
        (409, "request", 0.0, "stop"),
        (413, "request", 0.0, "stop"),
        (422, "request", 0.0, "stop"),
        (429, "throttled", 0.5, "next"),
        (500, "upstream", 1.0, "again"),
        (502, "upstream", 1.0, "again"),
        (503, "upstream", 1.0, "again"),
        (504, "upstream", 1.0, "again"),
        (529, "upstream", 1.0, "again"),
    ],
)
def test_each_status(status: int, kind: str, weight: float | None, step: str) -> None:
    """Its kind, what the breaker hears, and what comes next while another target is left."""
    failure = of_reply(status, None)
    assert (failure.kind, failure.weight, failure.cause) == (kind, weight, str(status))
    assert next_step(failure, FRESH, LIMITS, yes) == step


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_fault(kind: FaultKind) -> None:
    """What was read in an answer counts for more than its status: it is the same in every dialect."""
    failure = of_reply(418, Fault(kind, 418, "words"))
    assert failure.kind == KINDS[kind]


def test_a_conversation_that_is_too_long_may_fit_elsewhere() -> None:
    """The one wrong request that another target may take; it is no failure of the first."""
    fault = Fault("invalid_request", 400, "prompt is too long", overflow=Overflow())
    failure = of_fault(fault)
    assert (failure.kind, failure.weight) == ("request", 0.0)
    assert next_step(failure, FRESH, LIMITS, yes) == "next"


def test_our_own_key_refused_is_a_dead_credential() -> None:
    """What a client hears of as a 502 sends the request to another target at once."""
    failure = of_error(own_key_refused("ant", 401))
    assert (failure.kind, failure.weight) == ("credential", None)
    assert next_step(failure, FRESH, LIMITS, yes) == "next"


def test_a_request_that_cannot_be_written_is_no_failure_of_the_target() -> None:
    """Another target may take it as it is."""
    failure = of_error(Malformed("messages.0: no place"))
    assert (failure.kind, failure.weight) == ("unfit", None)
    assert next_step(failure, FRESH, LIMITS, yes) == "next"


@pytest.mark.parametrize("phase", ["connect", "head", "body"])
@pytest.mark.parametrize("cause", ["refused", "unresolved", "tls", "closed", "reset", "truncated", "garbage"])
def test_the_network_is_tried_again(phase: Phase, cause: Cause) -> None:
    """Whatever broke, wherever it broke: once more, then on."""
    failure = of_error(UpstreamError(phase, cause, "broke"))
    assert (failure.kind, failure.weight, failure.cause) == ("upstream", 1.0, f"{phase} {cause}")
    assert next_step(failure, FRESH, LIMITS, yes) == "again"
    assert next_step(failure, msgspec.structs.replace(FRESH, here=2), LIMITS, yes) == "next"


@pytest.mark.parametrize("phase", ["connect", "head", "body"])
def test_a_silence_is_not_waited_for_twice(phase: Phase) -> None:
    """A target that was silent for its time is left at once, and its breaker takes it harder."""
    failure = of_error(UpstreamError(phase, "timeout", "silent"))
    assert (failure.kind, failure.weight) == ("upstream", 1.5)
    assert next_step(failure, FRESH, LIMITS, yes) == "next"


def test_a_try_at_the_same_target_is_paid_for() -> None:
    """Without budget the next target is asked at once; going there costs none."""
    assert next_step(of_reply(500, None), FRESH, LIMITS, no) == "next"
    alone = msgspec.structs.replace(FRESH, left=0)
    assert next_step(of_reply(500, None), alone, LIMITS, no) == "stop"
    assert next_step(of_reply(500, None), alone, LIMITS, yes) == "again"


@pytest.mark.parametrize(("left", "step"), [(1, "again"), (2, "again"), (3, "next"), (9, "next")])
def test_a_further_try_takes_no_place_of_a_target(left: int, step: str) -> None:
    """With four tries and three targets left the second is the next target's: each is asked first."""
    standing = msgspec.structs.replace(FRESH, left=left)
    assert next_step(of_reply(500, None), standing, LIMITS, yes) == step


@pytest.mark.parametrize(
    "standing",
    [
        msgspec.structs.replace(FRESH, tries=4),
        msgspec.structs.replace(FRESH, late=True),
        msgspec.structs.replace(FRESH, here=2, left=0),
    ],
    ids=["tries", "late", "nothing left"],
)
def test_there_is_an_end(standing: Standing) -> None:
    """Four tries in all, a deadline, or no target left: the answer is told."""
    assert next_step(of_reply(500, None), standing, LIMITS, yes) == "stop"


def test_the_limits_are_options() -> None:
    """More tries, or fewer, of a request and of a target."""
    third = Standing(tries=3, here=3, only=False, left=0, late=False)
    assert next_step(of_reply(500, None), third, FailureSettings(tries_per_target=4), yes) == "again"
    assert next_step(of_reply(500, None), third, FailureSettings(tries=3, tries_per_target=4), yes) == "stop"
    assert next_step(of_reply(500, None), FRESH, FailureSettings(tries_per_target=1), yes) == "next"


@pytest.mark.parametrize("status", [400, 401, 404, 408, 429, 500, 503, 529])
def test_with_one_target_every_answer_is_told(status: int) -> None:
    """Clients have tries of their own: theirs are not multiplied."""
    only = msgspec.structs.replace(FRESH, only=True, left=0)
    assert next_step(of_reply(status, None), only, LIMITS, yes) == "stop"


def test_with_one_target_what_was_not_read_is_tried_once_more() -> None:
    """Closed before a byte came: once, if there is budget; any other break of the network is told."""
    only = msgspec.structs.replace(FRESH, only=True, left=0)
    assert next_step(unread(), only, LIMITS, yes) == "again"
    assert next_step(unread("reset"), only, LIMITS, no) == "stop"
    twice = msgspec.structs.replace(only, here=2)
    assert next_step(unread(), twice, FailureSettings(tries_per_target=9), yes) == "stop"
    assert next_step(unread(), only, FailureSettings(tries_per_target=1), yes) == "stop"
    assert next_step(of_error(UpstreamError("head", "garbage", "?")), only, LIMITS, yes) == "stop"


def test_which_answer_is_worth_most() -> None:
    """Too long, which a client can mend; then the usual; then what only an operator can mend."""
    too_long = of_fault(Fault("invalid_request", 400, "too long", overflow=Overflow()))
    usual = [of_reply(status, None) for status in (400, 429, 500, 529)]
    setting_up = [of_reply(status, None) for status in (401, 402, 403, 404)]
    setting_up += [of_error(Malformed("no")), of_error(own_key_refused("ant", 401))]
    assert {each.worth for each in usual} == {1}
    assert {each.worth for each in setting_up} == {0}
    assert too_long.worth == 2


def test_what_passes_can_be_told() -> None:
    """An answer has a fault to be told by, read or made, when it cannot pass as it came any more."""
    assert of_reply(529, None).fault == Fault("overloaded", 529, "the provider answered 529")
    fault = Fault("rate_limited", 429, "slow down")
    assert of_reply(429, fault).fault is fault
    assert of_error(Refused(fault)).fault is fault


def test_the_pause_is_drawn_from_a_growing_range() -> None:
    """Full jitter: from nothing up to 100 ms, doubled with every further try at the target."""
    drawn = [pause(LIMITS, here, chance) for here, chance in itertools.product((1, 2, 3), (0.0, 0.5, 1.0))]
    assert drawn == pytest.approx([0.0, 0.05, 0.1, 0.0, 0.1, 0.2, 0.0, 0.2, 0.4])
    assert pause(FailureSettings(pause=2.0), 1, 0.5) == 1.0
