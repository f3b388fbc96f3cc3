"""Embeddings of openai-chat: `/v1/embeddings`, as OpenAI and everyone compatible with it has them."""

import msgspec

from adapters.embeddings import (
    EmbeddingCodec,
    EmbeddingReply,
    EmbeddingRequest,
    Encoding,
    Vector,
    WrittenEmbedding,
    checked,
    given_inputs,
)
from adapters.fault import Malformed
from adapters.request import checked_model, decode_body

PATH = "/v1/embeddings"

_NAME = "openai-chat"


class RequestIn(msgspec.Struct):
    """A request; what is not here is an extra."""

    input: str | list[str | int | list[int]]
    model: str | msgspec.UnsetType = msgspec.UNSET
    dimensions: int | None = None
    encoding_format: Encoding | None = None
    user: str | None = None


class EmbeddingIn(msgspec.Struct):
    """A vector, in either encoding."""

    embedding: str | tuple[float, ...]
    index: int = 0


class UsageIn(msgspec.Struct):
    """What was used; some providers say the total alone."""

    prompt_tokens: int | None = None
    total_tokens: int | None = None


class ReplyIn(msgspec.Struct):
    """A reply."""

    data: list[EmbeddingIn]
    model: str | None = None
    usage: UsageIn | None = None


class EmbeddingOut(msgspec.Struct, kw_only=True):
    """See `EmbeddingIn`."""

    object: str = "embedding"
    index: int
    embedding: Vector


class UsageOut(msgspec.Struct):
    """See `UsageIn`."""

    prompt_tokens: int
    total_tokens: int


class ReplyOut(msgspec.Struct, kw_only=True):
    """See `ReplyIn`."""

    object: str = "list"
    data: list[EmbeddingOut]
    model: str
    usage: UsageOut


_DECODE_KEYS = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_DECODE = msgspec.json.Decoder(RequestIn).decode
_DECODE_REPLY = msgspec.json.Decoder(ReplyIn).decode
_ENCODE = msgspec.json.Encoder().encode
_KNOWN = frozenset(RequestIn.__struct_fields__)


def read_request(body: bytes, path: str = PATH) -> EmbeddingRequest:
    """Read a request; raise `Malformed`."""
    request = decode_body(_DECODE, body)
    inputs, single = given_inputs(request.input)
    return EmbeddingRequest(
        dialect=_NAME,
        model=checked_model(request.model),
        inputs=inputs,
        path=path,
        single=single,
        dimensions=request.dimensions,
        encoding=request.encoding_format or "float",
        user=request.user,
        extras={key: raw for key, raw in decode_body(_DECODE_KEYS, body).items() if key not in _KNOWN},
    )


def write_request(request: EmbeddingRequest) -> WrittenEmbedding:
    """Write a request; what is not said stays unsaid."""
    inputs = request.inputs[0] if request.single else request.inputs
    body: dict[str, object] = {"model": request.model, "input": inputs}
    if request.dimensions is not None:
        body["dimensions"] = request.dimensions
    if request.encoding != "float":
        body["encoding_format"] = request.encoding
    if request.user is not None:
        body["user"] = request.user
    extras, dropped = request.kept(_NAME)
    return WrittenEmbedding(PATH, _ENCODE({**body, **extras}), dropped)


def read_reply(body: bytes) -> EmbeddingReply:
    """Read a reply; raise `Malformed` when it is none."""
    try:
        reply = _DECODE_REPLY(body)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"The reply holds no embeddings: {error}.") from error
    usage = reply.usage or UsageIn()
    tokens = usage.total_tokens if usage.prompt_tokens is None else usage.prompt_tokens
    ordered = sorted(reply.data, key=lambda one: one.index)
    return EmbeddingReply(tuple(one.embedding for one in ordered), reply.model or "", tokens)


def write_reply(reply: EmbeddingReply, request: EmbeddingRequest) -> bytes:
    """Write a reply, under the model that was asked for; raise `Malformed` when vectors are missing."""
    vectors = checked(reply, request)
    data = [EmbeddingOut(index=index, embedding=vector) for index, vector in enumerate(vectors)]
    tokens = reply.tokens or 0
    return _ENCODE(ReplyOut(data=data, model=request.model, usage=UsageOut(tokens, tokens)))


EMBEDDING = EmbeddingCodec((PATH,), read_request, write_request, read_reply, write_reply)
