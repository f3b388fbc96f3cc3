"""Embeddings of gemini, with the official SDK on either side."""

import json
from typing import Any

import httpx2
import pytest
from google import genai
from google.genai import types

from adapters.dialects.gemini.embed import BATCH, EMBEDDING, ONE, read_reply, read_request, write_request
from adapters.embeddings import EmbeddingReply, EmbeddingRequest, Vector
from adapters.fault import Malformed

VECTORS: tuple[Vector, ...] = ((0.5, -0.25), (0.0, 2.0))
HERE, THERE = ONE.format(model="m"), BATCH.format(model="m")


def asked_of_sdk(body: bytes, **fields: Any) -> tuple[types.EmbedContentResponse, httpx2.Request]:
    """What the SDK reads of an answer, and what it asked."""
    seen: list[httpx2.Request] = []

    def answer(made: httpx2.Request) -> httpx2.Response:
        seen.append(made)
        return httpx2.Response(200, content=body, headers={"content-type": "application/json"})

    http = httpx2.Client(transport=httpx2.MockTransport(answer))
    options = types.HttpOptions(base_url="http://gateway.test", httpx_client=http)
    client = genai.Client(api_key="x", vertexai=False, http_options=options)
    return client.models.embed_content(model="m", **fields), seen[0]


def content(*texts: str) -> dict[str, Any]:
    """A content of some parts."""
    return {"parts": [{"text": text} for text in texts]}


def request(body: dict[str, Any], path: str = HERE) -> EmbeddingRequest:
    """A request as it is read."""
    return read_request(json.dumps(body).encode(), path)


def test_the_sdks_requests_are_read_and_written_again() -> None:
    """Several inputs are one batch, and what only Gemini knows is kept."""
    config = types.EmbedContentConfig(task_type="RETRIEVAL_QUERY", title="t", output_dimensionality=2)
    _, made = asked_of_sdk(b'{"embeddings":[]}', contents=["a", "é"], config=config)
    read = read_request(made.content, made.url.path)
    assert (read.inputs, read.model, read.dimensions, read.single) == (("a", "é"), "m", 2, False)
    assert read.extras.keys() == {"taskType", "title"}
    written = write_request(read)
    assert written.path == THERE
    (first, second) = json.loads(written.body)["requests"]
    sent = json.loads(made.content)["requests"][0]
    assert first == {**sent, "content": content("a")}
    assert second == {**first, "content": content("é")}


@pytest.mark.parametrize("count", [1, 2])
def test_the_sdk_reads_vectors(count: int) -> None:
    """The SDK asks in batches, also for one."""
    asked = EmbeddingRequest(dialect="gemini", model="m", inputs=("a",) * count)
    body = EMBEDDING.write_reply(EmbeddingReply(VECTORS[:count], tokens=7), asked)
    response, _ = asked_of_sdk(body, contents=["a"] * count)
    assert [tuple(one.values or ()) for one in response.embeddings or ()] == list(VECTORS[:count])


def test_one_input_is_asked_and_answered_by_itself() -> None:
    """It has a path of its own, and no list around it."""
    one = request({"model": "models/m", "content": content("a")})
    assert (one.inputs, one.single, one.model) == (("a",), True, "m")
    written = write_request(one)
    assert (written.path, json.loads(written.body)) == (HERE, {"model": "models/m", "content": content("a")})
    told = EMBEDDING.write_reply(EmbeddingReply(VECTORS[:1]), one)
    assert json.loads(told) == {"embedding": {"values": [0.5, -0.25]}}
    counted = json.loads(EMBEDDING.write_reply(EmbeddingReply(VECTORS[:1], tokens=7), one))
    assert counted["usageMetadata"] == {"promptTokenCount": 7}


@pytest.mark.parametrize(
    ("path", "model"),
    [
        ("/v1beta/models/a-b:embedContent", "a-b"),
        ("/v1/models/a:embedContent", "a"),
        ("/v1beta/models/models%2Fa%20b:embedContent", "a b"),
        ("/v1beta/models/x/y:embedContent", "x/y"),
    ],
)
def test_the_model_stands_in_the_path(path: str, model: str) -> None:
    """Whatever it is called."""
    assert request({"content": content("a")}, path).model == model


def test_a_model_is_written_into_the_path() -> None:
    """What is no sign of a path is quoted, and a name that says what it is is not said twice."""
    asked = EmbeddingRequest(dialect="x", model="models/a b", inputs=("a", "b"))
    written = write_request(asked)
    assert written.path == "/v1beta/models/a%20b:batchEmbedContents"
    assert [one["model"] for one in json.loads(written.body)["requests"]] == ["models/a b"] * 2


TEXTS: list[tuple[Any, str]] = [
    (content("a", "b"), "a\nb"),
    ({"parts": [], "role": "user"}, ""),
    ("a", "a"),
]


@pytest.mark.parametrize(("given", "text"), TEXTS)
def test_the_parts_of_a_content_are_one_input(given: Any, text: str) -> None:
    """They are embedded as one text."""
    assert request({"content": given}).inputs == (text,)


def test_either_spelling_is_read() -> None:
    """The API takes names with humps and with underscores."""
    snake = request({"content": content("a"), "output_dimensionality": 3, "task_type": "X"})
    camel = request({"content": content("a"), "outputDimensionality": 3, "taskType": "X"})
    assert snake == camel
    assert (camel.dimensions, bytes(camel.extras["taskType"])) == (3, b'"X"')


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({}, HERE, "`content` is required."),
    ({"content": content("a")}, "/v1beta/models", "`model` is required."),
    ({"content": {"parts": [{"inlineData": {}}]}}, HERE, "`content.parts`: only text can be embedded here."),
    ({"content": 5}, HERE, "`content`: "),
    ({"content": content("a"), "outputDimensionality": "x"}, HERE, "`outputDimensionality`: "),
    ({"requests": []}, THERE, "`requests` must not be empty."),
    ({"requests": [5]}, THERE, "`requests[0]`: "),
    ({"requests": [{"content": content("a")}, {}]}, THERE, "`requests[1].content` is required."),
    (
        {"requests": [{"content": content("a")}, {"content": content("b"), "taskType": "X"}]},
        THERE,
        "`requests[1]` must have the same settings as the first.",
    ),
    ({"content": content("a")}, THERE, "missing required field `requests`"),
]


@pytest.mark.parametrize(("body", "path", "reason"), WRONG)
def test_what_is_wrong_is_named(body: dict[str, Any], path: str, reason: str) -> None:
    """The place is told."""
    with pytest.raises(Malformed) as caught:
        request(body, path)
    assert reason in str(caught.value)


REPLIES: list[tuple[dict[str, Any], EmbeddingReply]] = [
    ({"embedding": {"values": [0.5]}}, EmbeddingReply(((0.5,),))),
    ({"embeddings": [{"values": [0.5]}, {"values": [1]}]}, EmbeddingReply(((0.5,), (1.0,)))),
    (
        {"embeddings": [], "usageMetadata": {"promptTokenCount": 3, "totalTokenCount": 3}},
        EmbeddingReply((), tokens=3),
    ),
]


@pytest.mark.parametrize(("fields", "reply"), REPLIES)
def test_replies_are_read(fields: dict[str, Any], reply: EmbeddingReply) -> None:
    """Of one input and of a batch."""
    assert read_reply(json.dumps(fields).encode()) == reply
