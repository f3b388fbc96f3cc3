"""What a failed try means, and what comes after it. Pure: decides, and does nothing (features F1, F2, F9).

    kind        what it was                                 the same target     another     its breaker
    credential  401 402 403; a client's login is missing    no                  yes         says nothing
    throttled   429                                         no                  yes         0.5
    upstream    408 5xx 529, network, a stream cut short    yes                 yes         1
                it was silent for too long                  no                  yes         1.5
    request     any other 4xx                               no                  no          is well
                a conversation too long, an unknown model   no                  yes         is well
    unfit       it cannot be written for this target        no                  yes         says nothing

With one target the client hears every answer at once, for it has tries of its own; only a connection that
was closed before a byte of a reply came is tried once more.
"""

from collections.abc import Callable
from typing import Final, Literal

import msgspec

from adapters.fault import Fault, FaultKind, Malformed, kind_of
from gateway.errors import Refused, UpstreamError
from gateway.settings import FailureSettings

Kind = Literal["credential", "throttled", "upstream", "request", "unfit"]
Step = Literal["again", "next", "stop"]

KINDS: Final[dict[FaultKind, Kind]] = {
    "authentication": "credential",
    "billing": "credential",
    "permission": "credential",
    "rate_limited": "throttled",
    "overloaded": "upstream",
    "upstream": "upstream",
    "timeout": "upstream",
    "internal": "upstream",
    "not_found": "request",
    "too_large": "request",
    "invalid_request": "request",
}
WEIGHTS: Final[dict[Kind, float]] = {"throttled": 0.5, "upstream": 1.0, "request": 0.0}
TIMEOUT_WEIGHT: Final = 1.5
# Says that a provider refuses our own key, which no client hears of as a 401.
OWN_KEY: Final = "upstream_credentials_exhausted"
# Says that a request got no turn at a provider in time.
BUSY: Final = "provider_busy"
# Which of several answers is told: the last of those that are worth most. A client that hears of how the
# gateway is set up gives up where waiting would have helped; one that has said too much can say less.
SETTING_UP: Final = 0
USUAL: Final = 1
TOO_LONG: Final = 2
# With one target: the try, and one more when it was closed unread.
UNREAD_TRIES: Final = 2


class Failure(msgspec.Struct, frozen=True):
    """One failed try. `cause` is for the log; `weight` for the breaker, None where it says nothing.

    `fault` is what an answer that passes as it came would be told as.
    """

    kind: Kind
    cause: str
    weight: float | None
    again: bool = False
    elsewhere: bool = True
    unread: bool = False
    worth: int = USUAL
    fault: Fault | None = None

    def replaced(self, *, elsewhere: bool) -> "Failure":
        """The same, but that another target may do better."""
        return msgspec.structs.replace(self, elsewhere=elsewhere)


class Standing(msgspec.Struct, frozen=True):
    """Where a request stands: its tries in all and at this target, and how many other targets are left.

    `taught`: the target has said what to leave out.
    """

    tries: int
    here: int
    only: bool
    left: int
    late: bool
    taught: bool = False


def of_error(error: UpstreamError | Refused | Malformed) -> Failure:
    """What was raised in a try."""
    if isinstance(error, UpstreamError):
        return _of_network(error)
    if isinstance(error, Refused):
        return of_fault(error.fault)
    return Failure("unfit", "unfit", None, worth=SETTING_UP)


def of_reply(status: int, fault: Fault | None) -> Failure:
    """An answer with an error status; `fault` is what its dialect reads in it."""
    words = f"the provider answered {status}"
    return of_fault(fault or Fault(kind_of(status), status, words), str(status))


def of_fault(fault: Fault, cause: str = "") -> Failure:
    """A fault, told by its kind: in another dialect its status may be another."""
    kind = "credential" if fault.code == OWN_KEY else KINDS[fault.kind]
    unknown, too_long = fault.kind == "not_found", fault.overflow is not None
    return Failure(
        kind,
        cause or f"{fault.status} {fault.kind}",
        WEIGHTS.get(kind),
        again=kind == "upstream" and fault.code != BUSY,
        elsewhere=kind != "request" or unknown or too_long,
        worth=TOO_LONG if too_long else SETTING_UP if unknown or kind == "credential" else USUAL,
        fault=fault,
    )


def _of_network(error: UpstreamError) -> Failure:
    if error.cause == "busy":
        # There are only so many connections to it, by the configuration: that is not held against it.
        return Failure("upstream", "busy", None)
    if error.cause == "timeout":
        # It was waited for long enough: the same target is not waited for once more.
        return Failure("upstream", f"{error.phase} timeout", TIMEOUT_WEIGHT)
    return Failure("upstream", f"{error.phase} {error.cause}", 1.0, again=True, unread=error.unread)


def next_step(
    failure: Failure, standing: Standing, limits: FailureSettings, take: Callable[[], bool]
) -> Step:
    """What comes next. `take` takes a further try at the same target from the budget, if there is one."""
    if standing.late or standing.tries >= limits.tries:
        return "stop"
    if standing.taught and take():
        return "again"
    if standing.only:
        again = failure.unread and standing.here < min(UNREAD_TRIES, limits.tries_per_target)
        return "again" if again and take() else "stop"
    # Where tries are short, a target that has failed does not use up those of targets not asked yet.
    spare = standing.tries + standing.left < limits.tries
    if failure.again and spare and standing.here < limits.tries_per_target and take():
        return "again"
    return "next" if failure.elsewhere and standing.left else "stop"


def pause(limits: FailureSettings, here: int, chance: float) -> float:
    """Seconds before a further try at a target, after so many: full jitter. `chance` is from 0 to 1."""
    return chance * limits.pause * 2.0 ** (here - 1)
