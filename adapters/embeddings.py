"""Embeddings as the middle knows them: requests, replies, and what a dialect offers to carry both.

Inputs stand in the order the client gave them, and so do vectors. A vector is numbers, or the base64 of
little-endian floats of four bytes, as it came: it is turned into the other only where the client wants that.
"""

import base64
import binascii
import struct
from collections.abc import Callable
from typing import Literal, NoReturn

import msgspec

from adapters.fault import Malformed

Encoding = Literal["float", "base64"]
Input = str | tuple[int, ...]
Vector = tuple[float, ...] | str

_SIZE = 4  # bytes of a number


class EmbeddingRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be embedded: texts, or tokens of the model's own.

    `path` is where the client asked, and `single` says that it gave one input and no list: the shape of its
    reply hangs on them. `dialect` is the client's; `extras` are its settings nobody else knows, as they came.
    """

    dialect: str
    model: str
    inputs: tuple[Input, ...]
    path: str = ""
    single: bool = False
    dimensions: int | None = None
    encoding: Encoding = "float"
    user: str | None = None
    extras: dict[str, msgspec.Raw] = {}

    def texts(self) -> list[str]:
        """Return the inputs as texts; raise `Malformed` when they are tokens."""
        texts = [given for given in self.inputs if isinstance(given, str)]
        if len(texts) < len(self.inputs):
            raise Malformed(
                "`input`: arrays of tokens cannot be carried to this model's provider; send text.",
                param="input",
            )
        return texts

    def kept(self, dialect: str) -> tuple[dict[str, msgspec.Raw], tuple[str, ...]]:
        """Return the extras to write for a dialect, and the names of those to drop."""
        return (self.extras, ()) if self.dialect == dialect else ({}, tuple(self.extras))


class EmbeddingReply(msgspec.Struct, frozen=True):
    """The vectors, one an input; `tokens` is None where the provider does not count."""

    vectors: tuple[Vector, ...]
    model: str = ""
    tokens: int | None = None


class WrittenEmbedding(msgspec.Struct, frozen=True):
    """A request in a dialect: where to send it, and the settings that could not be carried."""

    path: str
    body: bytes
    dropped: tuple[str, ...] = ()


class EmbeddingCodec(msgspec.Struct, frozen=True):
    """How a dialect spells embeddings; `paths` are those it answers, as endpoints of a dialect are.

    `read_request` takes a body and its path. All but `write_reply` raise `Malformed` for what is not of the
    dialect or cannot be carried; `write_reply` raises it when vectors are missing.
    """

    paths: tuple[str, ...]
    read_request: Callable[[bytes, str], EmbeddingRequest]
    write_request: Callable[[EmbeddingRequest], WrittenEmbedding]
    read_reply: Callable[[bytes], EmbeddingReply]
    write_reply: Callable[[EmbeddingReply, EmbeddingRequest], bytes]


class _OpenAICount(msgspec.Struct):
    prompt_tokens: int | None = None


class _GeminiCount(msgspec.Struct, rename="camel"):
    prompt_token_count: int | None = None


class _Counted(msgspec.Struct):
    """What replies say of tokens, wherever a dialect says it; the vectors are skipped."""

    usage: _OpenAICount | None = None
    usage_metadata: _GeminiCount | None = msgspec.field(name="usageMetadata", default=None)
    prompt_eval_count: int | None = None


_DECODE_COUNT = msgspec.json.Decoder(_Counted).decode


def embedding_tokens(body: bytes) -> int:
    """Find the tokens in a reply that passes untouched, 0 where none are told; raise `Malformed`."""
    try:
        counted = _DECODE_COUNT(body)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"The reply holds no embeddings: {error}.") from error
    by_openai = counted.usage.prompt_tokens if counted.usage else None
    by_gemini = counted.usage_metadata.prompt_token_count if counted.usage_metadata else None
    return by_openai or by_gemini or counted.prompt_eval_count or 0


def checked(reply: EmbeddingReply, request: EmbeddingRequest) -> tuple[Vector, ...]:
    """Return the vectors in the encoding asked for; raise `Malformed` unless there is one for each input."""
    told, asked = len(reply.vectors), len(request.inputs)
    if told != asked:
        raise Malformed(f"The provider sent {told} embeddings for {asked} inputs.", status=502)
    return tuple(map(encoded if request.encoding == "base64" else numbers, reply.vectors))


def encoded(vector: Vector) -> str:
    """Return a vector in base64."""
    if isinstance(vector, str):
        return vector
    try:
        return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
    except OverflowError as error:
        raise Malformed(f"The provider sent a number that is too large: {error}.", status=502) from error


def numbers(vector: Vector) -> tuple[float, ...]:
    """Return a vector as numbers; raise `Malformed` when it is no base64 of any."""
    if not isinstance(vector, str):
        return vector
    try:
        packed = base64.b64decode(vector, validate=True)
        return struct.unpack(f"<{len(packed) // _SIZE}f", packed)
    except (binascii.Error, ValueError, struct.error) as error:
        raise Malformed(f"The provider sent what is no embedding: {error}.", status=502) from error


def given_inputs(inputs: str | list[str | int | list[int]]) -> tuple[tuple[Input, ...], bool]:
    """Return the inputs of a body and whether they are a single one; raise `Malformed` for none or a mix."""
    if isinstance(inputs, str):
        return (inputs,), True
    if not inputs:
        _refuse("must not be empty")
    tokens = tuple(item for item in inputs if isinstance(item, int))
    if len(tokens) == len(inputs):
        return (tokens,), True
    if tokens:
        _refuse("holds both tokens and other inputs")
    listed = (item if isinstance(item, str) else tuple(item) for item in inputs if not isinstance(item, int))
    return tuple(listed), False


def _refuse(reason: str) -> NoReturn:
    raise Malformed(f"`input` {reason}.", param="input")
