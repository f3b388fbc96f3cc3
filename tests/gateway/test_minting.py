"""New keys: their shape, and what is kept of them."""

import re
from hashlib import sha256

import pytest

from gateway.minting import digest_of, mint, public_part


def test_a_new_key() -> None:
    """A key is a public part and 256 bits of secret, no two are the same, and its hash is what is kept."""
    first, second = mint(), mint()
    assert re.fullmatch(r"pst_[0-9a-f]{12}_[A-Za-z0-9_-]{43}", first.key)
    assert first.key != second.key
    assert first.digest == digest_of(first.key.encode()) == sha256(first.key.encode()).digest()
    assert first.id == public_part(first.key.encode())
    assert first.key not in repr(first)


def test_a_new_secret_for_a_key() -> None:
    """A key that is rotated keeps its public part."""
    first = mint()
    again = mint(first.id)
    assert (again.id, again.digest == first.digest) == (first.id, False)


@pytest.mark.parametrize(
    "key", [b"", b"pst_", b"sk-ant-x", b"pst_0123456789ab_" + b"s" * 42, b"pst_0123456789ab" + b"s" * 44]
)
def test_what_is_no_key_of_ours(key: bytes) -> None:
    """What has another shape has no public part."""
    assert public_part(key) == ""
