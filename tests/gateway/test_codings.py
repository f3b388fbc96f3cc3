"""Content codings: what is offered on, what is accepted back, and bodies decoded however they are cut."""

import tracemalloc
import zlib

import pytest

from gateway import codings
from gateway.codings import KNOWN, MAX_DECODED, acceptable, decoder, offers, unpacked
from gateway.errors import UpstreamError
from tests.upstream.codings import CODINGS, ENCODE, ENCODE_PIECES

BODY = b'{"text":"' + bytes(range(32, 127)) * 3 + b'"}'


@pytest.mark.parametrize("coding", CODINGS)
def test_a_body_cut_at_every_byte_is_decoded(coding: str) -> None:
    """Wherever an encoded body is cut in two, both halves together say all of it."""
    encoded = ENCODE[coding](BODY)
    for place in range(len(encoded)):
        reading = decoder(coding.encode())
        assert reading.feed(encoded[:place]) + reading.feed(encoded[place:]) == BODY


@pytest.mark.parametrize("coding", CODINGS)
def test_a_body_byte_by_byte_is_decoded(coding: str) -> None:
    """One byte at a time is as good as all at once."""
    reading = decoder(coding.encode())
    assert b"".join(reading.feed(bytes([byte])) for byte in ENCODE[coding](BODY)) == BODY


@pytest.mark.parametrize("coding", CODINGS)
def test_flushed_pieces_are_decoded_when_they_come(coding: str) -> None:
    """What an upstream flushed can be read before anything else has come."""
    pieces = [b"one", b"two", b"three"]
    reading = decoder(coding.encode())
    encoded = list(ENCODE_PIECES[coding](pieces))
    assert [reading.feed(piece) for piece in encoded[:3]] == pieces


@pytest.mark.parametrize("coding", CODINGS)
def test_a_large_flushed_piece_is_decoded_whole(coding: str) -> None:
    """However large the piece was that an upstream flushed, none of it waits for the next one."""
    large = BODY * 1000
    encoded = list(ENCODE_PIECES[coding]([large, b"more"]))
    reading = decoder(coding.encode())
    assert reading.feed(encoded[0]) == large


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_members_on_end_are_one_body(coding: str) -> None:
    """Several gzip members or zstd frames, in one piece, byte by byte or one a piece, are one body."""
    one, two = ENCODE[coding](b"one"), ENCODE[coding](b"two")
    assert decoder(coding.encode()).feed(one + two) == b"onetwo"
    bytewise, piecewise = decoder(coding.encode()), decoder(coding.encode())
    assert b"".join(bytewise.feed(bytes([byte])) for byte in one + two) == b"onetwo"
    assert [piecewise.feed(one), piecewise.feed(two)] == [b"one", b"two"]


@pytest.mark.parametrize("coding", CODINGS)
def test_garbage_is_an_error(coding: str) -> None:
    """Bytes that are not of the coding are told as garbage, in words that name no library's internals."""
    with pytest.raises(UpstreamError) as caught:
        decoder(coding.encode()).feed(b"\x00\x01this is not encoded at all, and long enough to show it")
    assert (caught.value.phase, caught.value.cause) == ("body", "garbage")


@pytest.mark.parametrize("coding", CODINGS)
def test_a_bomb_is_an_error(monkeypatch: pytest.MonkeyPatch, coding: str) -> None:
    """A few bytes that say more than is borne are an error; exactly as much as is borne is not."""
    monkeypatch.setattr(codings, "MAX_DECODED", 100_000)
    assert len(decoder(coding.encode()).feed(ENCODE[coding](b"\0" * 100_000))) == 100_000
    with pytest.raises(UpstreamError, match="larger than"):
        decoder(coding.encode()).feed(ENCODE[coding](b"\0" * 100_001))


@pytest.mark.parametrize("coding", CODINGS)
def test_a_bomb_in_pieces_is_counted_together(monkeypatch: pytest.MonkeyPatch, coding: str) -> None:
    """What was said before counts as well."""
    monkeypatch.setattr(codings, "MAX_DECODED", 100_000)
    reading = decoder(coding.encode())
    first, *others = ENCODE_PIECES[coding]([b"\0" * 60_000, b"\0" * 60_000])
    reading.feed(first)
    with pytest.raises(UpstreamError, match="larger than"):
        reading.feed(b"".join(others))


@pytest.mark.parametrize("coding", CODINGS)
def test_a_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch, coding: str) -> None:
    """What is too large is given up before it takes the memory it says it is."""
    monkeypatch.setattr(codings, "MAX_DECODED", 100_000)
    bomb = ENCODE[coding](b"\0" * 50_000_000)
    reading = decoder(coding.encode())
    tracemalloc.start()
    try:
        with pytest.raises(UpstreamError, match="larger than"):
            reading.feed(bomb)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_the_limit_is_generous() -> None:
    """No ordinary reply comes near it."""
    assert MAX_DECODED >= 32 * 1024 * 1024


def test_an_unknown_coding_is_an_error() -> None:
    """A coding nobody asked for is named, and cut where it is shown."""
    with pytest.raises(UpstreamError, match="compress") as caught:
        decoder(b"compress" + b"x" * 5000)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("offered", "asked"),
    [
        (b"", b"identity"),
        (b"identity", b"identity"),
        (b"gzip", b"gzip"),
        (b"gzip, deflate, br, zstd", b"gzip, deflate, br, zstd"),
        (b"gzip,br", b"gzip, br"),
        (b"compress, gzip", b"gzip"),
        (b"compress", b"identity"),
        (b"gzip;q=0, br", b"br"),
        (b"gzip;q=0", b"identity"),
        (b"gzip; q=0.000, br;q=0.001", b"br;q=0.001"),
        (b"gzip;q=1.0, *;q=0", b"gzip;q=1.0"),
        (b"*", b"identity"),
        (b",,gzip,,", b"gzip"),
    ],
)
def test_what_is_asked_of_the_upstream(offered: bytes, asked: bytes) -> None:
    """The client's offer, as far as penstock can read it too."""
    assert acceptable(offered) == asked


@pytest.mark.parametrize(
    ("offered", "coding", "verdict"),
    [
        (b"gzip", b"gzip", True),
        (b"gzip, br", b"br", True),
        (b"gzip", b"br", False),
        (b"", b"gzip", False),
        (b"*", b"zstd", True),
        (b"*;q=0", b"gzip", False),
        (b"gzip;q=0", b"gzip", False),
        (b"gzip; q=0", b"gzip", False),
        (b"gzip;q=0.0", b"gzip", False),
        (b"gzip;q=0.001", b"gzip", True),
        (b"gzip;q=0, *", b"gzip", False),
        (b"br;q=0, *;q=0.5", b"br", False),
        (b"identity", b"gzip", False),
    ],
)
def test_what_a_client_takes(offered: bytes, coding: bytes, verdict: bool) -> None:
    """A coding is taken when it is offered and not refused; a star does not take what was refused by name."""
    assert offers(offered, coding) is verdict


@pytest.mark.parametrize("coding", sorted(KNOWN))
def test_everything_known_can_be_read(coding: bytes) -> None:
    """Each coding of the table has a decoder."""
    assert decoder(coding).feed(b"") == b""


EACH = {**ENCODE, "deflate": zlib.compress, "x-gzip": ENCODE["gzip"]}


@pytest.mark.parametrize("coding", EACH)
def test_a_whole_body_is_decoded_up_to_its_limit(coding: str) -> None:
    """A body of exactly the limit is decoded; with one byte more it is too large, however small it came."""
    packed = EACH[coding](b"a" * 100_000)
    assert unpacked(packed, coding.encode(), 100_000) == b"a" * 100_000
    assert unpacked(packed, coding.encode(), 99_999) is None


@pytest.mark.parametrize("coding", EACH)
def test_a_whole_body_must_be_whole_and_no_more(coding: str) -> None:
    """What breaks off anywhere, and what goes on after its end with something else, is not of the coding."""
    packed = EACH[coding](BODY)
    for place in range(len(packed)):
        with pytest.raises(ValueError, match=r"."):
            unpacked(packed[:place], coding.encode(), 10_000)
    with pytest.raises(ValueError, match=r"."):
        unpacked(packed + b"trailing", coding.encode(), 10_000)


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_a_whole_body_may_be_members_on_end(coding: str) -> None:
    """Parts packed one by one, as parallel packers make them, are read as one, over however many slices."""
    parts = [bytes([97 + number % 26]) * 3000 for number in range(codings.MOST_MEMBERS)]
    packed = b"".join(map(ENCODE[coding], parts))
    assert len(packed) > codings.SLICE
    assert unpacked(packed, coding.encode(), 10_000_000) == b"".join(parts)


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_a_host_of_empty_members_is_given_up(coding: str) -> None:
    """Members that say nothing cost time all the same: so many of them are not read to their end."""
    packed = ENCODE[coding](b"") * 100_000
    with pytest.raises(ValueError, match="more than 1000 parts"):
        unpacked(packed, coding.encode(), 10_000_000)
