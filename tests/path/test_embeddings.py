"""Embeddings: every client's API at every provider that has them, passed on or translated."""

import base64
import json
import struct
from typing import Any

import msgspec
import pytest

from tests.path.house import Asked, House
from tests.upstream.scripts import JSON, whole

VECTORS = [[0.5, -0.25], [1.0, 0.0]]
# What each provider answers to two inputs.
REPLIES: dict[str, Any] = {
    "chat": {
        "object": "list",
        "model": "there",
        "data": [{"object": "embedding", "index": at, "embedding": one} for at, one in enumerate(VECTORS)],
        "usage": {"prompt_tokens": 7, "total_tokens": 7},
    },
    "gemini": {"embeddings": [{"values": one} for one in VECTORS], "usageMetadata": {"promptTokenCount": 7}},
    "ollama": {"model": "there", "embeddings": VECTORS, "prompt_eval_count": 7},
}
BOXES = {"chat": "only-chat", "gemini": "only-gemini", "ollama": "only-ollama"}


def ask(house: House, path: str, body: dict[str, Any], there: str) -> Asked:
    """Ask for embeddings that the upstream answers in its own way."""
    exchange = house.replay.plays(whole(json.dumps(REPLIES[there]).encode()))
    reply = house.call("POST", path, [*JSON.items(), exchange.header], json.dumps(body).encode())
    return Asked(reply, exchange)


def sent(asked: Asked) -> dict[str, Any]:
    """The body that reached the upstream."""
    body: dict[str, Any] = msgspec.json.decode(asked.exchange.request.body)
    return body


def texts_in(there: str, body: dict[str, Any]) -> list[str]:
    """The texts a provider was asked for."""
    if there == "gemini":
        return [one["content"]["parts"][0]["text"] for one in body["requests"]]
    return list(body["input"])


each_provider = pytest.mark.parametrize("there", BOXES)


@each_provider
def test_a_client_of_openai(house: House, there: str) -> None:
    """It gets its vectors in order, its own model's name, and what they cost, whoever made them."""
    body = {"model": f"{BOXES[there]}/m", "input": ["a", "é"]}
    asked = ask(house, "/v1/embeddings", body, there)
    assert texts_in(there, sent(asked)) == ["a", "é"]
    told = asked.reply.json()
    assert [one["embedding"] for one in told["data"]] == VECTORS
    assert told["usage"] == {"prompt_tokens": 7, "total_tokens": 7}
    assert told["model"] == body["model"]


@each_provider
def test_vectors_come_as_bytes_where_the_client_wants_them_so(house: House, there: str) -> None:
    """OpenAI's SDK asks for base64; a provider that only knows numbers is asked for numbers."""
    body = {"model": f"{BOXES[there]}/m", "input": ["a", "b"], "encoding_format": "base64"}
    told = ask(house, "/v1/embeddings", body, there).reply.json()
    read = [struct.unpack("<2f", base64.b64decode(one["embedding"])) for one in told["data"]]
    assert [list(one) for one in read] == VECTORS


@each_provider
def test_a_client_of_gemini(house: House, there: str) -> None:
    """A batch is one request, and comes back as one."""
    one = {"model": "models/m", "content": {"parts": [{"text": "a"}]}}
    asked = ask(house, f"/v1beta/models/{BOXES[there]}/m:batchEmbedContents", {"requests": [one, one]}, there)
    assert texts_in(there, sent(asked)) == ["a", "a"]
    assert [each["values"] for each in asked.reply.json()["embeddings"]] == VECTORS


@each_provider
def test_a_client_of_ollama(house: House, there: str) -> None:
    """Vectors and the count of tokens come in Ollama's fields."""
    asked = ask(house, "/api/embed", {"model": f"{BOXES[there]}/m", "input": ["a", "b"]}, there)
    told = asked.reply.json()
    assert told["embeddings"] == VECTORS
    assert told["prompt_eval_count"] == 7


def test_the_body_passes_where_nothing_has_to_change(house: House) -> None:
    """The same dialect and the same name: byte for byte, fields nobody knows included."""
    body = b'{ "model":"text-embedding-3-small", "input" : "a","x_unknown":1.50}'
    exchange = house.replay.plays(whole(json.dumps(REPLIES["chat"]).encode()))
    reply = house.call("POST", "/v1/embeddings", [*JSON.items(), exchange.header], body)
    assert reply.status == 404  # no family of models leads there
    named = body.replace(b"text-embedding-3-small", b"gpt-embedding")
    reply = house.call("POST", "/v1/embeddings", [*JSON.items(), exchange.header], named)
    assert exchange.request.body == named
    assert reply.header("x-penstock-body") == "verbatim"
    assert reply.body == json.dumps(REPLIES["chat"]).encode()


def test_tokens_cannot_go_to_who_takes_text_only(house: House) -> None:
    """A clear 400 in the client's words."""
    asked = house.call(
        "POST",
        "/v1/embeddings",
        JSON.items(),
        json.dumps({"model": "only-ollama/m", "input": [[1, 2]]}).encode(),
    )
    assert asked.status == 400
    assert "`input`" in asked.json()["error"]["message"]


def test_a_provider_without_embeddings_is_a_clear_400(house: House) -> None:
    """It names the provider."""
    body = json.dumps({"model": "claude-opus-5-5", "input": "a"}).encode()
    reply = house.call("POST", "/v1/embeddings", JSON.items(), body)
    assert (reply.status, reply.json()["error"]["code"]) == (400, "no_embeddings")


@pytest.mark.parametrize(("status", "said"), [(429, "slow down"), (400, "no such model"), (500, "broken")])
def test_a_providers_error_is_told_as_the_client_knows_errors(house: House, status: int, said: str) -> None:
    """Status and words are kept, the shape is the client's."""
    error = {"error": {"code": status, "message": said, "status": "X"}}
    exchange = house.replay.plays(whole(json.dumps(error).encode(), status))
    body = json.dumps({"model": "only-gemini/m", "input": "a"}).encode()
    reply = house.call("POST", "/v1/embeddings", [*JSON.items(), exchange.header], body)
    assert (reply.status, reply.json()["error"]["message"]) == (status, said)
