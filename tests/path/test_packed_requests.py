"""Request bodies that arrive compressed: read on every door, sent on plain, held to the usual limit."""

import gzip
import json
import zlib
from collections.abc import Callable

import httpx
import pytest

from tests.path.dialects import CHAT, MESSAGES, RESPONSES, Dialect, each_dialect
from tests.path.house import House
from tests.upstream.codings import ENCODE
from tests.upstream.scripts import JSON, whole

PACK: dict[str, Callable[[bytes], bytes]] = {**ENCODE, "deflate": zlib.compress, "x-gzip": gzip.compress}
each_coding = pytest.mark.parametrize("coding", PACK)
LIMIT = 64 * 1024  # of the restless house


def coded(coding: str) -> list[tuple[str, str]]:
    """The field that names a coding."""
    return [("content-encoding", coding)]


@each_coding
@each_dialect
def test_body_goes_on_plain(house: House, dialect: Dialect, coding: str) -> None:
    """A compressed body reaches the provider byte for byte as it was before it was compressed."""
    body = dialect.body(metadata={"user_id": "é" * 500})
    asked = house.ask(dialect, whole(dialect.whole), coded(coding), body=PACK[coding](body))
    sent = asked.exchange.request
    assert (asked.reply.status, asked.reply.body) == (200, dialect.whole)
    assert (sent.body, sent.header("content-encoding")) == (body, None)
    assert sent.all("content-length") == [str(len(body))]
    assert asked.reply.header("x-penstock-body") == "verbatim"


@each_dialect
def test_two_codings_are_taken_off(house: House, dialect: Dialect) -> None:
    """The coding that was applied last is taken off first, named in one field or in two."""
    body = dialect.body()
    packed = ENCODE["zstd"](ENCODE["gzip"](body))
    for fields in (coded("gzip, zstd"), [*coded("gzip"), *coded("ZSTD")], coded("gzip, identity, zstd")):
        asked = house.ask(dialect, whole(dialect.whole), fields, body=packed)
        assert asked.exchange.request.body == body


@each_coding
def test_body_is_read_for_routing_streaming_and_translation(house: House, coding: str) -> None:
    """An alias, a stream and a provider that speaks another API are found in a compressed body."""
    reply = house.post(MESSAGES, PACK[coding](MESSAGES.body("gpt-5.1", stream=True)), coded(coding))
    assert reply.status == 200
    assert MESSAGES.terminal in reply.body
    renamed = house.ask(
        CHAT, whole(CHAT.whole), coded(coding), body=PACK[coding](CHAT.body(CHAT.alias))
    ).exchange.request
    assert json.loads(renamed.body)["model"] == CHAT.upstream_model


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/messages/count_tokens", MESSAGES.body()),
        ("/v1/embeddings", b'{"model":"gpt-5.1","input":"hi"}'),
        ("/v1beta/models/gpt-5.1:generateContent", b'{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}'),
        ("/api/chat", b'{"model":"gpt-5.1","stream":false,"messages":[{"role":"user","content":"hi"}]}'),
        ("/p/ant/v1/messages", MESSAGES.body()),
        ("/p/box/v1/responses", RESPONSES.body()),
        ("/api/show", b'{"model":"demo"}'),
        ("/v1/explain", CHAT.body()),
    ],
)
def test_every_door_reads_it(house: House, path: str, body: bytes) -> None:
    """Wherever a body is read, a compressed one has the same answer as a plain one."""
    plain = house.call("POST", path, JSON.items(), body)
    packed = house.call("POST", path, [*JSON.items(), *coded("zstd")], ENCODE["zstd"](body))
    assert packed.status == plain.status
    if path != "/v1/explain":
        assert plain.status != 400
    assert packed.header("x-penstock-provider") == plain.header("x-penstock-provider")


def test_chunks_are_joined_before(house: House) -> None:
    """A compressed body in chunks, as httpx sends a length it does not know, is decoded as a whole."""
    body = MESSAGES.body(metadata={"user_id": "u" * 200_000})
    packed = ENCODE["zstd"](body[: len(body) // 2]) + ENCODE["zstd"](body[len(body) // 2 :])
    exchange = house.replay.plays(whole(MESSAGES.whole))
    pieces = (packed[place : place + 7] for place in range(0, len(packed), 7))
    headers = dict([exchange.header, *coded("zstd"), *JSON.items()])
    reply = httpx.post(f"{house.address}{MESSAGES.path}", content=pieces, headers=headers)
    assert reply.status_code == 200
    assert exchange.request.body == body


@each_coding
@each_dialect
def test_limit_is_that_of_plain_bodies(restless: House, dialect: Dialect, coding: str) -> None:
    """Decoded to exactly the limit a body is taken; with a byte more it is a 413 in the dialect."""
    body = dialect.body()
    taken = PACK[coding](body + b" " * (LIMIT - len(body)))
    assert restless.post(dialect, taken, coded(coding)).status == 200
    reply = restless.post(dialect, PACK[coding](body + b" " * (LIMIT + 1 - len(body))), coded(coding))
    assert reply.status == 413
    assert str(LIMIT) in dialect.error(reply)["message"]


@each_coding
def test_bomb(house: House, coding: str) -> None:
    """A few kilobytes that say 64 MiB are a 413, and so are those packed twice."""
    bomb = PACK[coding](b" " * (64 * 1024 * 1024))
    assert house.post(MESSAGES, bomb, coded(coding)).status == 413
    assert house.post(MESSAGES, gzip.compress(bomb), coded(f"{coding}, gzip")).status == 413


@each_coding
@each_dialect
def test_garbage(house: House, dialect: Dialect, coding: str) -> None:
    """A body that is not of its coding, or only half of it, is a 400 in the dialect that names the field."""
    packed = PACK[coding](dialect.body())
    for body in (dialect.body(), packed[: len(packed) // 2], packed + b"more", b"\xff" * 100_000, b""):
        reply = house.post(dialect, body, coded(coding))
        assert reply.status == 400
        assert f"content-encoding ({coding})" in dialect.error(reply)["message"]
