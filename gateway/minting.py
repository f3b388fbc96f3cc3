"""A new key of ours: `pst_<12 public>_<43 secret>` (feature G2).

The public part is the key's id and may be shown anywhere, the secret is 256 bits. What is kept of a key is
the SHA-256 digest of all of it: a secret this long needs no salt and no slow hash.
"""

import re
from hashlib import sha256
from typing import Final, NamedTuple

PREFIX: Final = "pst_"
SHAPE: Final = re.compile(rb"pst_([A-Za-z0-9]{12})_[A-Za-z0-9_-]{43}")


class Minted(NamedTuple):
    """A key as it is shown once, and what is kept of it."""

    key: str
    id: str
    digest: bytes

    def __repr__(self) -> str:
        return f"Minted(id={self.id!r})"


def mint(identity: str = "") -> Minted:
    """A new key; or, with the id of one that is there, a new secret for that."""
    # Every start reads this file for the shape of keys, and few make one.
    import secrets  # noqa: PLC0415

    public = identity or secrets.token_hex(6)
    key = f"{PREFIX}{public}_{secrets.token_urlsafe(32)}"
    return Minted(key, public, digest_of(key.encode()))


def digest_of(key: bytes) -> bytes:
    """What is kept of a key."""
    return sha256(key).digest()


def public_part(key: bytes) -> str:
    """The id that a key says it has; "" for what has not the shape of a key of ours."""
    found = SHAPE.fullmatch(key)
    return found[1].decode() if found else ""
