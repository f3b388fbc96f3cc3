"""What stages raise, and what each becomes for the client. One readable list; nothing else decides a status.

`Refused` already carries its fault; `UpstreamError` is told by phase and cause and becomes a 502 or
504 that names the provider and never its key; `ClientGone` is nobody's failure.
"""

from typing import Literal

from adapters.fault import Fault, Malformed, kind_of

Phase = Literal["connect", "send", "head", "body"]
Cause = Literal[
    "refused", "unresolved", "tls", "proxy", "closed", "reset", "truncated", "garbage", "timeout", "busy"
]

# Seconds after which it is worth to ask again for a connection, where there are only so many.
BUSY_FOR = 5

UNEXPECTED = Fault("internal", 500, "penstock failed on this request; its log says why under this request id")


class Refused(Exception):
    """A stage's own no, with the fault the client is to see and headers that go with it."""

    def __init__(self, fault: Fault, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
        super().__init__(fault.message)
        self.fault = fault
        self.headers = headers


class UpstreamError(Exception):
    """A provider did not answer, or not in full: in which phase, for what cause, in words without secrets.

    `unread`: the connection was closed before a byte of a reply came.
    """

    def __init__(self, phase: Phase, cause: Cause, message: str) -> None:
        super().__init__(message)
        self.phase = phase
        self.cause = cause
        self.unread = False


class ClientGone(Exception):
    """The client closed its connection; there is nobody left to answer."""


def fault_of(error: Exception) -> Fault:
    """The fault a client sees for whatever was raised."""
    if isinstance(error, Refused):
        return error.fault
    if isinstance(error, Malformed):
        return _malformed(error)
    if isinstance(error, UpstreamError):
        return _upstream(error)
    return UNEXPECTED


def _malformed(error: Malformed) -> Fault:
    return Fault(kind_of(error.status), error.status, str(error), error.code, error.param)


def _upstream(error: UpstreamError) -> Fault:
    if error.cause == "busy":
        return Fault("overloaded", 503, str(error), code="provider_busy", retry_after=BUSY_FOR)
    if error.cause == "timeout":
        return Fault("timeout", 504, str(error), code="upstream_timeout")
    return Fault("upstream", 502, str(error), code="upstream_" + error.cause)
