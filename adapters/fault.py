"""What went wrong, as data: the one shape every dialect writes its errors from and reads them into.

A fault knows no dialect and no HTTP library. `status` is the status the client gets when nothing
was sent yet; in the middle of a stream only `kind` and `message` reach it.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

from adapters.overflow import CODE, Overflow, found

FaultKind = Literal[
    "invalid_request",  # the request itself is wrong: 400, 405, 415, 422, 426
    "authentication",  # the client's own key: 401
    "billing",  # 402
    "permission",  # 403
    "not_found",  # 404: path or model
    "too_large",  # 413, 414, 431
    "rate_limited",  # 429
    "overloaded",  # 503, 529: come back later
    "upstream",  # 502: the provider answered badly or not at all
    "timeout",  # 408, 504
    "internal",  # 500: ours
]


class Fault(msgspec.Struct, frozen=True, gc=False):
    """One failure as the client may see it.

    `code` and `param` are said where the dialect has a place for them (openai-chat);
    `retry_after` is in whole seconds; `overflow` says that the conversation was too long.
    """

    kind: FaultKind
    status: int
    message: str
    code: str | None = None
    param: str | None = None
    retry_after: int | None = None
    overflow: Overflow | None = None


class Malformed(ValueError):
    """A request body that cannot be read as its dialect: the message says what is wrong and where."""

    def __init__(
        self, message: str, *, param: str | None = None, status: int = 400, code: str | None = None
    ) -> None:
        super().__init__(message)
        self.param = param
        self.status = status
        self.code = code


_KINDS: dict[int, FaultKind] = {
    401: "authentication",
    402: "billing",
    403: "permission",
    404: "not_found",
    408: "timeout",
    413: "too_large",
    414: "too_large",
    429: "rate_limited",
    431: "too_large",
    500: "internal",
    502: "upstream",
    503: "overloaded",
    504: "timeout",
    529: "overloaded",
}


def kind_of(status: int) -> FaultKind:
    """Return the kind of fault an HTTP status stands for."""
    if status >= 500:  # noqa: PLR2004 - the class of statuses
        return _KINDS.get(status, "upstream")
    return _KINDS.get(status, "invalid_request")


# A conversation that is too long is told as a wrong request, as one too large, or as a failure of the box.
_MAY_OVERFLOW: tuple[FaultKind, ...] = ("invalid_request", "too_large", "internal", "upstream")


def recognised(fault: Fault, details: Mapping[str, object] | None = None) -> Fault:
    """Return a provider's fault, made one of a conversation that is too long where its words say so."""
    overflow = found(fault.message, fault.code, details) if fault.kind in _MAY_OVERFLOW else None
    if overflow is None:
        return fault
    return msgspec.structs.replace(fault, kind="invalid_request", status=400, code=CODE, overflow=overflow)


# Kind -> the status clients recover from, and those of dialects that have one of their own: Claude Code waits
# for a 529 and gives up at a 402, clients of OpenAI know `insufficient_quota` by its 429.
_CLIENT_STATUSES: dict[FaultKind, tuple[int, dict[str, int]]] = {
    "overloaded": (503, {"anthropic-messages": 529}),
    "billing": (402, {"openai-chat": 429, "openai-responses": 429}),
}


def client_status(dialect: str, fault: Fault) -> int:
    """Return the status for clients of a dialect, for the fault of a provider that speaks another."""
    usual, own = _CLIENT_STATUSES.get(fault.kind, (fault.status, {}))
    return own.get(dialect, usual)
