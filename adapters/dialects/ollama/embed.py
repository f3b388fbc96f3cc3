"""Embeddings of ollama: `/api/embed`, and `/api/embeddings`, which it had before and still answers.

No input is to be cut without a word: where the client is not Ollama's own, one that is too long is refused.
"""

from typing import Final

import msgspec

from adapters.embeddings import (
    EmbeddingCodec,
    EmbeddingReply,
    EmbeddingRequest,
    WrittenEmbedding,
    checked,
    given_inputs,
)
from adapters.fault import Malformed
from adapters.request import checked_model, decode_body

PATH: Final = "/api/embed"
OLD_PATH: Final = "/api/embeddings"

_NAME: Final = "ollama"


class RequestIn(msgspec.Struct):
    """A request of either path: the old one has a prompt. What is not here is an extra."""

    model: str | msgspec.UnsetType = msgspec.UNSET
    input: str | list[str] | msgspec.UnsetType = msgspec.UNSET
    prompt: str | msgspec.UnsetType = msgspec.UNSET
    dimensions: int | None = None


class ReplyIn(msgspec.Struct):
    """A reply of either path."""

    model: str | None = None
    embeddings: list[tuple[float, ...]] | None = None
    embedding: tuple[float, ...] | None = None
    prompt_eval_count: int | None = None


class ReplyOut(msgspec.Struct, kw_only=True):
    """A reply; durations are in nanoseconds, and nobody here knows them."""

    model: str
    embeddings: tuple[tuple[float, ...] | str, ...]
    total_duration: int = 0
    load_duration: int = 0
    prompt_eval_count: int


class OldReplyOut(msgspec.Struct):
    """A reply of the old path."""

    embedding: tuple[float, ...] | str


_DECODE_KEYS = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_DECODE = msgspec.json.Decoder(RequestIn).decode
_DECODE_REPLY = msgspec.json.Decoder(ReplyIn).decode
_ENCODE = msgspec.json.Encoder().encode
_KNOWN = frozenset(RequestIn.__struct_fields__)


def read_request(body: bytes, path: str = PATH) -> EmbeddingRequest:
    """Read a request; raise `Malformed`."""
    request = decode_body(_DECODE, body)
    field = "prompt" if path == OLD_PATH else "input"
    given = request.prompt if path == OLD_PATH else request.input
    if given is msgspec.UNSET:
        raise Malformed(f"`{field}` is required.", param=field)
    inputs, single = given_inputs(given if isinstance(given, str) else [*given])
    return EmbeddingRequest(
        dialect=_NAME,
        model=checked_model(request.model),
        inputs=inputs,
        path=path,
        single=single,
        dimensions=request.dimensions,
        extras={key: raw for key, raw in decode_body(_DECODE_KEYS, body).items() if key not in _KNOWN},
    )


def write_request(request: EmbeddingRequest) -> WrittenEmbedding:
    """Write a request; raise `Malformed` for tokens."""
    texts = request.texts()
    body: dict[str, object] = {"model": request.model, "input": texts[0] if request.single else texts}
    if request.dimensions is not None:
        body["dimensions"] = request.dimensions
    if request.dialect != _NAME:
        body["truncate"] = False
    extras, dropped = request.kept(_NAME)
    unsaid = ("user",) if request.user is not None else ()
    return WrittenEmbedding(PATH, _ENCODE({**body, **extras}), (*dropped, *unsaid))


def read_reply(body: bytes) -> EmbeddingReply:
    """Read a reply; raise `Malformed` when it is none."""
    try:
        reply = _DECODE_REPLY(body)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"The reply holds no embeddings: {error}.") from error
    vectors = reply.embeddings
    if vectors is None and reply.embedding is not None:
        vectors = [reply.embedding]
    if vectors is None:
        raise Malformed("The reply holds no embeddings.")
    return EmbeddingReply(tuple(vectors), reply.model or "", reply.prompt_eval_count)


def write_reply(reply: EmbeddingReply, request: EmbeddingRequest) -> bytes:
    """Write a reply, under the model that was asked for; raise `Malformed` when vectors are missing."""
    vectors = checked(reply, request)
    if request.path == OLD_PATH:
        return _ENCODE(OldReplyOut(vectors[0]))
    tokens = reply.tokens or 0
    return _ENCODE(ReplyOut(model=request.model, embeddings=vectors, prompt_eval_count=tokens))


EMBEDDING = EmbeddingCodec((PATH, OLD_PATH), read_request, write_request, read_reply, write_reply)
