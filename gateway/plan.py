"""The plan of a request: the targets to try, in order."""

import msgspec

from gateway.provider import Provider


class Target(msgspec.Struct, frozen=True):
    """One provider and the model's name there.

    `headers` is what every reply from it says of where it came from.
    """

    provider: Provider
    model: str
    headers: tuple[tuple[bytes, bytes], ...]
