"""Embeddings of gemini: `:embedContent` for one input, `:batchEmbedContents` for several in one request.

The model stands in the path, and again in the body. Fields may be spelled in either of the API's two ways.
"""

import re
from typing import Final
from urllib.parse import quote, unquote

import msgspec

from adapters.embeddings import (
    EmbeddingCodec,
    EmbeddingReply,
    EmbeddingRequest,
    WrittenEmbedding,
    checked,
)
from adapters.fault import Malformed
from adapters.request import checked_model, decode_body, decode_part

ONE: Final = "/v1beta/models/{model}:embedContent"
BATCH: Final = "/v1beta/models/{model}:batchEmbedContents"

_NAME: Final = "gemini"
_MODELS: Final = "models/"
_IN_PATH = re.compile(r"/models/(.+):(?:embedContent|batchEmbedContents)$")
_UPPER = re.compile(r"_([a-z])")


class PartIn(msgspec.Struct):
    """A part of what is to be embedded."""

    text: str | None = None


class ContentIn(msgspec.Struct):
    """What is to be embedded as one."""

    parts: list[PartIn]


class BatchIn(msgspec.Struct):
    """A request for several inputs."""

    requests: list[msgspec.Raw]


class VectorIn(msgspec.Struct):
    """A vector."""

    values: tuple[float, ...]


class UsageIn(msgspec.Struct, rename="camel"):
    """What was used, where that is told."""

    prompt_token_count: int | None = None


class ReplyIn(msgspec.Struct, rename="camel"):
    """A reply of either path."""

    embedding: VectorIn | None = None
    embeddings: list[VectorIn] | None = None
    usage_metadata: UsageIn | None = None


class VectorOut(msgspec.Struct):
    """See `VectorIn`."""

    values: tuple[float, ...] | str


_DECODE = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_DECODE_BATCH = msgspec.json.Decoder(BatchIn).decode
_DECODE_CONTENT = msgspec.json.Decoder(ContentIn | str).decode
_DECODE_DIMENSIONS = msgspec.json.Decoder(int | None).decode
_DECODE_REPLY = msgspec.json.Decoder(ReplyIn).decode
_ENCODE = msgspec.json.Encoder().encode

Fields = dict[str, msgspec.Raw]


def read_request(body: bytes, path: str) -> EmbeddingRequest:
    """Read a request; raise `Malformed`. What several inputs say beside their content must be the same."""
    match = _IN_PATH.search(path)
    model = checked_model(unquote(match[1]) if match else msgspec.UNSET)
    batch = path.endswith(":batchEmbedContents")
    places = ["requests[0]"]
    wholes = [decode_body(_DECODE, body)]
    if batch:
        raws = decode_body(_DECODE_BATCH, body).requests
        places = [f"requests[{index}]" for index in range(len(raws))]
        wholes = [decode_part(_DECODE, raw, place) for raw, place in zip(raws, places, strict=True)]
    if not wholes:
        raise Malformed("`requests` must not be empty.", param="requests")
    fields = [_camel(whole) for whole in wholes]
    settings = _settings(fields, places)
    dimensions = settings.pop("outputDimensionality", msgspec.Raw(b"null"))
    return EmbeddingRequest(
        dialect=_NAME,
        model=model.removeprefix(_MODELS),
        inputs=tuple(_text(one, place if batch else "") for one, place in zip(fields, places, strict=True)),
        path=path,
        single=not batch,
        dimensions=decode_part(_DECODE_DIMENSIONS, dimensions, "outputDimensionality"),
        extras=settings,
    )


def _camel(fields: Fields) -> Fields:
    return {_UPPER.sub(lambda match: match[1].upper(), key): raw for key, raw in fields.items()}


def _settings(fields: list[Fields], places: list[str]) -> Fields:
    """What all inputs say beside their content and the model."""
    spare = ("model", "content")
    first, *others = [{key: raw for key, raw in one.items() if key not in spare} for one in fields]
    for place, other in zip(places[1:], others, strict=True):
        if other != first:
            raise Malformed(f"`{place}` must have the same settings as the first.", param=place)
    return first


def _text(fields: Fields, place: str) -> str:
    where = f"{place}.content" if place else "content"
    if "content" not in fields:
        raise Malformed(f"`{where}` is required.", param=where)
    content = decode_part(_DECODE_CONTENT, fields["content"], where)
    if isinstance(content, str):
        return content
    texts = [part.text for part in content.parts if part.text is not None]
    if len(texts) < len(content.parts):
        raise Malformed(f"`{where}.parts`: only text can be embedded here.", param=where)
    return "\n".join(texts)


def write_request(request: EmbeddingRequest) -> WrittenEmbedding:
    """Write a request; raise `Malformed` for tokens."""
    texts = request.texts()
    model = request.model.removeprefix(_MODELS)
    extras, dropped = request.kept(_NAME)
    shared: dict[str, object] = {**extras}
    if request.dimensions is not None:
        shared["outputDimensionality"] = request.dimensions
    asked = [{"model": _MODELS + model, "content": {"parts": [{"text": text}]}, **shared} for text in texts]
    path = (BATCH if len(asked) > 1 else ONE).format(model=quote(model, safe="/:@"))
    body: object = {"requests": asked} if len(asked) > 1 else asked[0]
    unsaid = ("user",) if request.user is not None else ()
    return WrittenEmbedding(path, _ENCODE(body), (*dropped, *unsaid))


def read_reply(body: bytes) -> EmbeddingReply:
    """Read a reply of either path; raise `Malformed` when it is none."""
    try:
        reply = _DECODE_REPLY(body)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"The reply holds no embeddings: {error}.") from error
    vectors = reply.embeddings
    if vectors is None and reply.embedding is not None:
        vectors = [reply.embedding]
    if vectors is None:
        raise Malformed("The reply holds no embeddings.")
    tokens = reply.usage_metadata.prompt_token_count if reply.usage_metadata else None
    return EmbeddingReply(tuple(vector.values for vector in vectors), tokens=tokens)


def write_reply(reply: EmbeddingReply, request: EmbeddingRequest) -> bytes:
    """Write a reply; raise `Malformed` when vectors are missing."""
    vectors = [VectorOut(vector) for vector in checked(reply, request)]
    body: dict[str, object] = {"embedding": vectors[0]} if request.single else {"embeddings": vectors}
    if reply.tokens is not None:
        body["usageMetadata"] = {"promptTokenCount": reply.tokens}
    return _ENCODE(body)


EMBEDDING = EmbeddingCodec((ONE, BATCH), read_request, write_request, read_reply, write_reply)
