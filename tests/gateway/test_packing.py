"""Whether a whole reply leaves compressed, and what its head says then."""

import threading
import zlib
from typing import Any

import pytest

from gateway.codings_encode import ENCODE
from gateway.packing import AT_ONCE, LEAST, PackingSend, packed, packs
from gateway.state import Message, Pair
from tests.gateway.loops import in_loop
from tests.upstream.codings import DECODE

BODY = b'{"text":"%b"}' % (b"said again; " * 200)
JSON: Pair = (b"content-type", b"application/json")
HERE = ("127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", "")
THERE = ("10.0.0.7", "172.17.0.1", "2001:db8::1", "::ffff:10.0.0.7", "1.127.0.0")


@pytest.mark.parametrize("address", [*HERE, *THERE])
def test_who_gets_it(address: str) -> None:
    """By default clients on other machines; "always" is everybody, "never" nobody."""
    scope = {"client": (address, 50000)}
    assert packs("remote", scope) is (address in THERE)
    assert packs("always", scope)
    assert not packs("never", scope)


def test_a_client_without_an_address_is_here() -> None:
    """Who came over no network, by a socket of the file system, is on this machine."""
    assert not packs("remote", {"client": None})
    assert not packs("remote", {})


@in_loop
async def test_the_head_says_what_the_body_is() -> None:
    """Coding and vary are added to the fields there are; a length that stood there is made right."""
    found = await packed([JSON, (b"x-other", b"1")], BODY, b"br, gzip;q=0.5")
    assert found is not None
    assert found[0] == [JSON, (b"x-other", b"1"), (b"content-encoding", b"br"), (b"vary", b"accept-encoding")]
    assert DECODE["br"](found[1]) == BODY
    found = await packed([(b"content-length", b"2412"), JSON], BODY, b"gzip")
    assert found is not None
    assert dict(found[0])[b"content-length"] == b"%d" % len(found[1])


@pytest.mark.parametrize(
    "fields",
    [
        [],
        [(b"content-type", b"text/event-stream; charset=utf-8")],
        [(b"content-type", b"image/png")],
        [(b"content-type", b"application/octet-stream")],
        [JSON, (b"content-encoding", b"gzip")],
        [JSON, (b"etag", b'"1"')],
        [JSON, (b"content-digest", b"sha-256=:abc=:")],
        [JSON, (b"cache-control", b"private, No-Transform")],
    ],
    ids=str,
)
@in_loop
async def test_what_is_left_as_it_is(fields: list[Pair]) -> None:
    """What is no text, is a stream, has a coding, or is vouched for byte by byte."""
    assert await packed(fields, BODY, b"gzip") is None


@pytest.mark.parametrize(
    "media", [b"application/json", b"text/html; charset=utf-8", b"text/plain", b"image/svg+xml"]
)
@in_loop
async def test_what_is_text(media: bytes) -> None:
    """JSON, pages and whatever else is read as text."""
    assert await packed([(b"content-type", media)], BODY, b"gzip") is not None


@in_loop
async def test_what_gets_no_smaller_stays() -> None:
    """Noise is not sent in a coding that only adds to it."""
    noise = zlib.compress(bytes(number * number * 7 % 251 for number in range(4000)), 9)
    assert await packed([JSON], noise, b"gzip") is None


@pytest.mark.parametrize(("size", "elsewhere"), [(AT_ONCE, False), (AT_ONCE + 1, True)])
@in_loop
async def test_a_large_body_keeps_nobody_waiting(
    size: int, *, elsewhere: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is large is compressed beside the loop."""
    seen = []

    def watched(body: bytes) -> bytes:
        seen.append(threading.current_thread() is not threading.main_thread())
        return body[:9]

    monkeypatch.setitem(ENCODE, b"gzip", watched)
    assert await packed([JSON], b"x" * size, b"gzip") is not None
    assert seen == [elsewhere]


def start(*fields: Pair) -> Message:
    """The head of a reply."""
    return {"type": "http.response.start", "status": 200, "headers": fields}


def piece(body: bytes, **more: Any) -> Message:
    """A piece of a body, as one that ends it says nothing of more."""
    return {"type": "http.response.body", "body": body, **more}


async def sent(*messages: Message, offered: bytes = b"GZIP") -> list[Message]:
    """What is sent on of what the edge says."""
    heard: list[Message] = []

    async def send(message: Message) -> None:
        heard.append(message)

    edge = PackingSend({"headers": [(b"accept-encoding", offered)]}, send)
    for message in messages:
        await edge(message)
    return heard


@in_loop
async def test_the_edges_whole_replies_are_compressed() -> None:
    """Head and body in one piece leave in the coding that is asked for."""
    head, body = await sent(start(JSON, (b"content-length", b"%d" % len(BODY))), piece(BODY))
    assert DECODE["gzip"](body["body"]) == BODY
    said = dict(head["headers"])
    assert (said[b"content-encoding"], said[b"content-length"]) == (b"gzip", b"%d" % len(body["body"]))


@in_loop
async def test_the_edges_other_replies_are_not() -> None:
    """Pieces, small bodies, and those for clients that offer nothing, are sent on as they are."""
    small = b"x" * (LEAST - 1)
    for messages in (
        (start(JSON), piece(BODY, more_body=True), piece(BODY)),
        (start(JSON), piece(small)),
        (start(JSON, (b"content-encoding", b"br")), piece(BODY)),
    ):
        assert await sent(*messages) == list(messages)
    plain = [start(JSON), piece(BODY)]
    assert await sent(*plain, offered=b"") == plain


def test_every_coding_is_one_a_client_may_name() -> None:
    """The table holds the codings of feature B2, in the order of preference."""
    assert list(ENCODE) == [b"zstd", b"br", b"gzip"]
