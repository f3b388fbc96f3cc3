"""Which coding a client gets of those it offers, and that everybody can read it."""

import pytest

from gateway.codings import unpacked
from gateway.codings_encode import ENCODE, preferred
from tests.upstream.codings import CODINGS, DECODE

BODY = b'{"text":"' + b"what is said, said again; " * 4000 + b'"}'


@pytest.mark.parametrize("coding", CODINGS)
def test_what_is_written_can_be_read(coding: str) -> None:
    """Each coding is that of the other libraries, is smaller, and can be read back here."""
    written = ENCODE[coding.encode()](BODY)
    assert DECODE[coding](written) == BODY
    assert unpacked(written, coding.encode(), len(BODY)) == BODY
    assert len(written) < len(BODY) / 10


@pytest.mark.parametrize(
    ("offered", "taken"),
    [
        (b"", b""),
        (b"identity", b""),
        (b"deflate, lzma", b""),
        (b"gzip", b"gzip"),
        (b"x-gzip", b"gzip"),
        (b"gzip, deflate", b"gzip"),
        (b"gzip, br", b"br"),
        (b"gzip, deflate, br, zstd", b"zstd"),
        (b"gzip;q=1.0, br;q=0.9, zstd;q=0.8", b"gzip"),
        (b"gzip;q=0.5,br ; q=0.501", b"br"),
        (b"gzip;q=0", b""),
        (b"gzip;q=0.000, br;q=0.001", b"br"),
        (b"*", b"zstd"),
        (b"*;q=0", b""),
        (b"*, zstd;q=0", b"br"),
        (b"gzip;q=0.5, *;q=0.1", b"gzip"),
        (b"identity, gzip;q=0.5", b""),
        (b"identity;q=0.5, gzip", b"gzip"),
        (b"identity;q=0, gzip;q=0.1", b"gzip"),
        (b"gzip;q=2", b""),
        (b"gzip;q=nan, br;q=1e0", b""),
        (b"gzip;level=9", b""),
        (b";;,,=", b""),
    ],
)
def test_the_coding_a_client_likes_best(offered: bytes, taken: bytes) -> None:
    """The highest weight wins, zstd before br before gzip; identity may win, nonsense asks for nothing."""
    assert preferred(offered) == taken
