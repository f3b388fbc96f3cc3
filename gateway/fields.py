"""Header fields written out, for the head of a request to an upstream."""

from collections.abc import Sequence
from typing import Final

from adapters.fault import Fault
from gateway.errors import Refused

FIELD_LINE: Final = b"%b: %b\r\n".__mod__


def fields_of(pairs: Sequence[tuple[bytes, bytes]]) -> bytes:
    """Header fields as they stand in a head. Raises Refused (400): a value with a line break would be two."""
    fields = b"".join(map(FIELD_LINE, pairs))
    if fields.count(b"\n") != len(pairs) or fields.count(b"\r") != len(pairs):
        raise Refused(Fault("invalid_request", 400, "a header field of the request contains a line break"))
    return fields
