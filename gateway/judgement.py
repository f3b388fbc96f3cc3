"""What an upstream's answer is worth, from its head and body alone. Pure: decides, and does nothing.

The rules are those real clients recover by: an upstream's own words pass unchanged; a provider that
refuses our key is never the client's 401; a 429 always says in whole seconds when to come back.
"""

import math
import re
from email.utils import parsedate_to_datetime
from typing import Final

import msgspec

from adapters.fault import Fault, FaultKind, Malformed, client_status
from gateway.errors import Refused
from gateway.heads import ReplyHead
from gateway.state import Pair

# Claude Code fails at once above 60 seconds, and Codex at once without the field or with a fraction in it.
RETRY_DEFAULT: Final = 5
RETRY_CAP: Final = 60
# What is always said with a time to come back: Codex asks 30 times in 24 seconds without one.
WAITS: Final = frozenset((429, 503))
SECONDS: Final = re.compile(rb"\d{1,9}(?:\.\d{1,9})?")
NO_RETRY: Final = (b"x-should-retry", b"false")

KINDS: Final[dict[int, FaultKind]] = {
    401: "authentication",
    402: "billing",
    403: "permission",
    404: "not_found",
    408: "timeout",
    413: "too_large",
    429: "rate_limited",
    503: "overloaded",
    504: "timeout",
    529: "overloaded",
}


def is_object(body: bytes) -> bool:
    """Whether a body is a JSON object."""
    try:
        _OBJECT.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


class _Anything(msgspec.Struct):
    """An object of whatever fields: decoding it only proves that it is one."""


_OBJECT: Final = msgspec.json.Decoder(_Anything)


def must_be_object(body: bytes) -> None:
    """Raise Malformed for anything else."""
    if not is_object(body):
        raise Malformed("no JSON object")


def told(dialect: str, fault: Fault, after: int) -> Refused:
    """A fault of a provider that speaks another dialect, for a client of this one.

    `after` is when the provider says to come back, in seconds, 0 where it does not.
    """
    status = client_status(dialect, fault)
    seconds = after or min(fault.retry_after or 0, RETRY_CAP)
    if status in WAITS:
        seconds = seconds or RETRY_DEFAULT
    return Refused(msgspec.structs.replace(fault, status=status, retry_after=seconds or None))


def unfit(provider: str, head: ReplyHead, now: float) -> Refused:
    """The answer to an answer that cannot be passed on: redirects, switches, errors that are no JSON."""
    status = head.status
    if 300 <= status < 400:
        words = f"provider `{provider}`: it answered {status}, a redirect, and redirects are not followed"
        return Refused(Fault("upstream", 502, words, code="upstream_redirect"))
    if status < 300:
        words = f"provider `{provider}`: it answered {status} where an ordinary reply was asked for"
        return Refused(Fault("upstream", 502, words, code="upstream_garbage"))
    words = (
        f"provider `{provider}`: it answered {status} with {shown(head.media)}, not with an error of its API"
    )
    return Refused(_fault(status, words, head.headers, now))


def shown(content_type: bytes) -> str:
    """A content type as it may be said to the client."""
    return content_type.partition(b";")[0].strip()[:60].decode("ascii", "replace") or "no content type"


def _fault(status: int, words: str, headers: list[Pair], now: float) -> Fault:
    kind = KINDS.get(status, "upstream" if status >= 500 else "invalid_request")
    after = retry_after(headers, now) if status in WAITS else None
    return Fault(kind, status, words, code=f"upstream_{status}", retry_after=after)


def own_key_refused(provider: str, status: int) -> Refused:
    """The provider refuses the key it was configured with: neither the client nor a retry can mend that."""
    words = (
        f"provider `{provider}`: it answered {status} to the key this gateway is configured with; "
        "the key must be mended there, not in your client"
    )
    return Refused(Fault("upstream", 502, words, code="upstream_credentials_exhausted"), (NO_RETRY,))


def keys_exhausted(provider: str, count: int) -> Refused:
    """The provider refused each of several keys a while ago, and is not asked."""
    words = (
        f"provider `{provider}`: it refuses all {count} keys this gateway is configured with; "
        "they must be mended there, not in your client"
    )
    return Refused(Fault("upstream", 502, words, code="upstream_credentials_exhausted"), (NO_RETRY,))


def no_such_path(provider: str) -> Fault:
    """The answer to a path of penstock's own provider that no dialect has."""
    words = f"provider `{provider}` is a part of this gateway, and has no such path"
    return Fault("not_found", 404, words, code="unknown_path")


def said_after(headers: list[Pair], now: float) -> int:
    """When the provider itself says to come back; 0 where it does not."""
    return retry_after(headers, now) if any(name.startswith(b"retry-after") for name, _ in headers) else 0


def passed_after(headers: list[Pair], fault: Fault | None, now: float) -> int:
    """When to come back after an error that passes as it is: by its head, or else by its body."""
    told_there = fault.retry_after if fault is not None else None
    return said_after(headers, now) or min(told_there or RETRY_DEFAULT, RETRY_CAP)


def retry_after(headers: list[Pair], now: float) -> int:
    """When to come back after a 429: whole seconds, 1 to 60, however it is spelled. `now`: Unix time."""
    said = said_rest(headers, now)
    return RETRY_DEFAULT if said is None else whole(said)


def said_rest(headers: list[Pair], now: float) -> float | None:
    """When the provider says to come back, in seconds from now, as it says it; None where it does not."""
    milliseconds = _value(headers, b"retry-after-ms")
    if SECONDS.fullmatch(milliseconds):
        return float(milliseconds) / 1000
    value = _value(headers, b"retry-after")
    if SECONDS.fullmatch(value):
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value.decode("latin-1")).timestamp() - now)
    except (ValueError, TypeError):
        return None


def whole(seconds: float) -> int:
    """A time to come back as every client understands it: whole seconds, 1 to 60."""
    return max(1, min(RETRY_CAP, math.ceil(seconds)))


def _value(headers: list[Pair], name: bytes) -> bytes:
    return next((value for key, value in headers if key == name), b"")
