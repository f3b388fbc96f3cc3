"""How the admin API says no: one shape for every error, and the word that stands for each status."""

from typing import Final

import msgspec

from gateway.redaction import redact

# What each status means here. The document tells these and no other.
WORDS: Final = {
    400: ("invalid_request", "Something in the request is wrong; `field` names it."),
    401: ("authentication", "There is no credential, or it is not known."),
    403: ("permission", "The credential does not allow this, or a web page or a foreign name asked."),
    404: ("not_found", "What is asked for is not there."),
    405: ("method_not_allowed", "The path answers other methods."),
    409: ("conflict", "It does not agree with what is kept or configured now."),
    413: ("too_large", "The body is larger than 1 MiB."),
    415: ("unsupported_media_type", "The body is not `application/json`."),
    429: ("rate_limited", "Too many wrong credentials came from this address; `Retry-After` says when."),
    500: ("internal", "penstock failed on it; its log says why."),
    502: ("upstream", "The provider that was asked did not answer well."),
    503: ("unavailable", "The database cannot be used now; the same call may succeed later."),
}
# A message may quote what was sent, and that may be a megabyte.
LONGEST: Final = 1000


class Refusal(Exception):
    """A no, with the status it is told by and the field it is about, if it is about one."""

    def __init__(self, status: int, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.field = field
        self.headers: dict[str, str] = {}


class ErrorTold(msgspec.Struct, frozen=True):
    """What went wrong. `field` is the place in the body or the parameter that it is about."""

    type: str
    message: str
    field: str | None


class ErrorReply(msgspec.Struct, frozen=True):
    """Every reply that is no success."""

    error: ErrorTold


def reply_of(refusal: Refusal) -> ErrorReply:
    """A refusal as it is sent: without anything that looks like a key, and at a length one can read."""
    field = None if refusal.field is None else redact(refusal.field)[:LONGEST]
    return ErrorReply(ErrorTold(WORDS[refusal.status][0], redact(refusal.message)[:LONGEST], field))
