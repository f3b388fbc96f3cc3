"""Embeddings of ollama, with the official SDK on either side."""

import json
from typing import Any

import msgspec
import pytest

from adapters.dialects.ollama.embed import EMBEDDING, OLD_PATH, PATH, read_reply, read_request, write_request
from adapters.embeddings import EmbeddingReply, EmbeddingRequest, Vector
from adapters.fault import Malformed
from tests.adapters.dialects.ollama.sdk import in_front_of, sent_by

VECTORS: tuple[Vector, ...] = ((0.5, -0.25), (0.0, 2.0))


@pytest.mark.parametrize(
    ("given", "inputs", "single"), [("a", ("a",), True), (["a", "b"], ("a", "b"), False)]
)
def test_the_sdks_requests_are_read_and_written_again(
    given: str | list[str], inputs: tuple[str, ...], single: bool
) -> None:
    """One text or several, and what only Ollama knows."""
    body, path = sent_by(
        lambda client: client.embed("m", given, dimensions=2, truncate=True, options={"num_ctx": 9})
    )
    request = read_request(body, path)
    assert (request.inputs, request.single, request.dimensions, request.path) == (inputs, single, 2, PATH)
    assert request.extras.keys() == {"truncate", "options"}
    written = write_request(request)
    assert (written.path, json.loads(written.body), written.dropped) == (PATH, json.loads(body), ())


def test_the_old_path_is_read() -> None:
    """It has one prompt, and is asked of a provider as the new one."""
    body, path = sent_by(lambda client: client.embeddings("m", "a", keep_alive="1m"))
    request = read_request(body, path)
    assert (request.inputs, request.single, request.path) == (("a",), True, OLD_PATH)
    assert json.loads(write_request(request).body) == {"model": "m", "input": "a", "keep_alive": "1m"}


def test_no_input_of_another_dialect_is_cut() -> None:
    """Ollama cuts what is too long unless it is told not to."""
    foreign = EmbeddingRequest(
        dialect="x", model="m", inputs=("a",), user="u", extras={"odd": msgspec.Raw(b"1")}
    )
    written = write_request(foreign)
    assert json.loads(written.body) == {"model": "m", "input": ["a"], "truncate": False}
    assert written.dropped == ("odd", "user")


def reply_to(path: str, count: int) -> bytes:
    """What a client is answered."""
    asked = EmbeddingRequest(dialect="ollama", model="m", inputs=("a",) * count, path=path, single=count == 1)
    return EMBEDDING.write_reply(EmbeddingReply(VECTORS[:count], "up-1", 7), asked)


@pytest.mark.parametrize("count", [1, 2])
def test_the_sdk_reads_vectors(count: int) -> None:
    """Always a list of them, with what was used."""
    response = in_front_of(reply_to(PATH, count)).embed("m", "a")
    assert [tuple(vector) for vector in response.embeddings] == list(VECTORS[:count])
    assert (response.model, response.prompt_eval_count) == ("m", 7)


def test_the_sdk_reads_the_vector_of_the_old_path() -> None:
    """There is one, and nothing else."""
    assert tuple(in_front_of(reply_to(OLD_PATH, 1)).embeddings("m", "a").embedding) == VECTORS[0]
    assert json.loads(reply_to(OLD_PATH, 1)) == {"embedding": [0.5, -0.25]}


def test_a_reply_has_ollamas_fields_in_order() -> None:
    """Durations are there, for who takes them for granted."""
    told = json.loads(reply_to(PATH, 1))
    assert list(told) == ["model", "embeddings", "total_duration", "load_duration", "prompt_eval_count"]


REPLIES: list[tuple[dict[str, Any], EmbeddingReply]] = [
    (
        {"model": "up-1", "embeddings": [[0.5], [1]], "prompt_eval_count": 3},
        EmbeddingReply(((0.5,), (1.0,)), "up-1", 3),
    ),
    ({"embeddings": []}, EmbeddingReply(())),
    ({"embedding": [0.5]}, EmbeddingReply(((0.5,),))),
]


@pytest.mark.parametrize(("fields", "reply"), REPLIES)
def test_replies_are_read(fields: dict[str, Any], reply: EmbeddingReply) -> None:
    """Of both paths."""
    assert read_reply(json.dumps(fields).encode()) == reply


@pytest.mark.parametrize(
    ("body", "path", "reason"),
    [
        (b'{"input":"a"}', PATH, "`model` is required."),
        (b'{"model":"m"}', PATH, "`input` is required."),
        (b'{"model":"m","input":"a"}', OLD_PATH, "`prompt` is required."),
        (b'{"model":"m","input":[]}', PATH, "`input` must not be empty."),
        (b'{"model":"m","input":[[1]]}', PATH, "`input[0]` must be a string, not an array."),
    ],
)
def test_what_is_wrong_is_named(body: bytes, path: str, reason: str) -> None:
    """The field is told."""
    with pytest.raises(Malformed) as caught:
        read_request(body, path)
    assert str(caught.value) == reason
