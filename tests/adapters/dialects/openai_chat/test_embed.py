"""Embeddings of openai-chat, with the official SDK on either side."""

import base64
import json
import struct
from typing import Any

import httpx2
import openai
import pytest

from adapters.dialects.openai_chat.embed import EMBEDDING, PATH, read_reply, read_request, write_request
from adapters.embeddings import EmbeddingReply, EmbeddingRequest, Vector
from adapters.fault import Malformed
from tests.adapters.sdks import read_by_openai

VECTORS: tuple[Vector, ...] = ((0.5, -0.25), (0.0, 2.0))


def sent_by_sdk(**fields: Any) -> tuple[bytes, str]:
    """The body and the path of the SDK's request."""
    seen: list[httpx2.Request] = []

    def answer(made: httpx2.Request) -> httpx2.Response:
        seen.append(made)
        return httpx2.Response(200, content=answered("base64"))

    http = httpx2.Client(transport=httpx2.MockTransport(answer))
    client = openai.OpenAI(api_key="x", http_client=http, base_url="http://gateway.test/v1")
    client.embeddings.create(model="m", **{"input": ["a", "b"], **fields})
    return seen[0].content, seen[0].url.path


def asked(encoding: str = "float") -> EmbeddingRequest:
    """A request for two vectors."""
    body = {"model": "m", "input": ["a", "b"], "encoding_format": encoding}
    return read_request(json.dumps(body).encode())


def answered(encoding: str) -> bytes:
    """A reply with two vectors, from a provider that gives numbers."""
    return EMBEDDING.write_reply(EmbeddingReply(VECTORS, "up-1", 7), asked(encoding))


@pytest.mark.parametrize(
    ("fields", "inputs", "single"),
    [
        ({"input": "a"}, ("a",), True),
        ({"input": ["a", "b"]}, ("a", "b"), False),
        ({"input": [1, 2]}, ((1, 2),), True),
        ({"input": [[1, 2], [3]]}, ((1, 2), (3,)), False),
    ],
)
def test_the_sdks_requests_are_read_and_written_again(
    fields: dict[str, Any], inputs: tuple[object, ...], single: bool
) -> None:
    """Texts and tokens, one or several; the SDK asks for base64 unless it is told otherwise."""
    body, path = sent_by_sdk(**fields, dimensions=2, user="u", extra_body={"input_type": "query"})
    request = read_request(body, path)
    assert (request.inputs, request.single, request.path) == (inputs, single, PATH)
    assert (request.dimensions, request.encoding, request.user) == (2, "base64", "u")
    assert json.loads(write_request(request).body) == json.loads(body)


def test_what_is_not_said_stays_unsaid() -> None:
    """A request of the model and the input alone is written as it came."""
    body = b'{"model":"m","input":"a"}'
    written = write_request(read_request(body))
    assert (written.path, written.body, written.dropped) == (PATH, body, ())


@pytest.mark.parametrize("encoding", ["float", "base64"])
def test_the_sdk_reads_vectors(encoding: str) -> None:
    """In either encoding they are the same numbers, in order, with what was used."""
    client = read_by_openai(answered(encoding))
    response = client.embeddings.create(model="m", input=["a", "b"])
    assert [tuple(one.embedding) for one in response.data] == list(VECTORS)
    assert [one.index for one in response.data] == [0, 1]
    assert (response.model, response.usage.prompt_tokens, response.usage.total_tokens) == ("m", 7, 7)


def test_base64_is_written_where_it_was_asked_for() -> None:
    """Numbers become floats of four bytes, the smallest byte first."""
    told = json.loads(answered("base64"))["data"][0]["embedding"]
    assert base64.b64decode(told) == struct.pack("<2f", 0.5, -0.25)


def test_a_reply_is_written_in_openais_order() -> None:
    """Every field, as the reference lists them."""
    whole = {
        "object": "list",
        "data": [
            {"object": "embedding", "index": 0, "embedding": [0.5, -0.25]},
            {"object": "embedding", "index": 1, "embedding": [0.0, 2.0]},
        ],
        "model": "m",
        "usage": {"prompt_tokens": 7, "total_tokens": 7},
    }
    assert json.dumps(json.loads(answered("float"))) == json.dumps(whole)


REPLIES: list[tuple[dict[str, Any], EmbeddingReply]] = [
    ({}, EmbeddingReply(())),
    ({"model": "up-1", "usage": {"prompt_tokens": 3, "total_tokens": 4}}, EmbeddingReply((), "up-1", 3)),
    ({"usage": {"total_tokens": 4}}, EmbeddingReply((), "", 4)),
    ({"data": [{"embedding": "AAAAPw==", "index": 0}]}, EmbeddingReply(("AAAAPw==",))),
    (
        {"data": [{"embedding": [2], "index": 1}, {"embedding": [1.5], "index": 0}]},
        EmbeddingReply(((1.5,), (2.0,))),
    ),
    ({"data": [{"embedding": [1]}, {"embedding": [2]}]}, EmbeddingReply(((1.0,), (2.0,)))),
]


@pytest.mark.parametrize(("fields", "reply"), REPLIES)
def test_replies_are_read(fields: dict[str, Any], reply: EmbeddingReply) -> None:
    """Vectors in the order of their indexes, as they came, and what was used."""
    assert read_reply(json.dumps({"data": [], **fields}).encode()) == reply


def test_base64_crosses_as_it_came() -> None:
    """It is not decoded on its way to a client that asked for it."""
    reply = read_reply(b'{"data":[{"embedding":"AAAAPw=="},{"embedding":"AAAAPw==","index":1}]}')
    assert EMBEDDING.write_reply(reply, asked("base64")).count(b'"AAAAPw=="') == 2
    assert EMBEDDING.write_reply(reply, asked()).count(b"[0.5]") == 2


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"input":"a"}', "`model` is required."),
        (b'{"model":"m"}', "missing required field `input`"),
        (b'{"model":"m","input":[]}', "`input` must not be empty."),
        (b'{"model":"m","input":[1.5]}', "input"),
        (b'{"model":"m","input":"a","encoding_format":"int8"}', "int8"),
    ],
)
def test_what_is_wrong_is_named(body: bytes, reason: str) -> None:
    """The field is told."""
    with pytest.raises(Malformed) as caught:
        read_request(body)
    assert reason in str(caught.value)
