"""The plan of a request: the targets to try, in order."""

import msgspec

from adapters.conversation import PLAIN, Quirks
from adapters.dialect import Dialect
from gateway.provider import Provider


class Target(msgspec.Struct, frozen=True):
    """One provider, the model's name there, and the dialect it is spoken to in.

    `headers` is what every reply from it says of where it came from. Where `dialect` is the client's, request
    and reply pass byte for byte; else they are translated, by the model's `quirks`.
    """

    provider: Provider
    model: str
    headers: tuple[tuple[bytes, bytes], ...]
    dialect: Dialect
    quirks: Quirks = PLAIN
