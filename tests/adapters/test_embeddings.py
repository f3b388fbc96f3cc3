"""Embeddings from dialect to dialect: every codec with every other, and what they share."""

import base64
import json
import struct
from itertools import product

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from adapters.embedding_table import EMBEDDINGS
from adapters.embeddings import (
    EmbeddingReply,
    EmbeddingRequest,
    Vector,
    embedding_tokens,
    encoded,
    given_inputs,
    numbers,
)
from adapters.fault import Malformed
from adapters.providers.demo import embed
from adapters.table import DIALECTS

NAMES = sorted(EMBEDDINGS)
PAIRS = list(product(NAMES, NAMES))
# Numbers that four bytes hold exactly.
VECTORS: tuple[Vector, ...] = ((0.5, -0.25, 1.0), (0.0, 2.0, -3.5))


def request(dialect: str = "x", **fields: object) -> EmbeddingRequest:
    """A request for two texts."""
    whole = {"dialect": dialect, "model": "m", "inputs": ("a", "é"), **fields}
    return msgspec.convert(whole, EmbeddingRequest)


def paths_of(name: str) -> list[str]:
    """The paths that a dialect answers."""
    return [path.format(model="m") for path in EMBEDDINGS[name].paths]


def test_every_codec_is_a_dialects() -> None:
    """Each goes by the name of a dialect of the table, and no two answer one path."""
    assert set(EMBEDDINGS) <= set(DIALECTS)
    paths = [path for name in NAMES for path in EMBEDDINGS[name].paths]
    assert len(paths) == len(set(paths))


@pytest.mark.parametrize(("source", "target"), PAIRS)
@pytest.mark.parametrize("inputs", [("a", "é日本🙂"), ("only",)])
def test_inputs_survive_the_way_to_any_provider(source: str, target: str, inputs: tuple[str, ...]) -> None:
    """What a client of one dialect asks, a provider of another reads: texts in order, dimensions, model."""
    ours, theirs = EMBEDDINGS[source], EMBEDDINGS[target]
    asked = request(source, inputs=inputs, dimensions=3, single=len(inputs) == 1)
    written = ours.write_request(asked)
    heard = ours.read_request(written.body, written.path)
    sent = theirs.write_request(heard)
    read = theirs.read_request(sent.body, sent.path)
    assert (read.inputs, read.model, read.dimensions) == (inputs, "m", 3)
    assert sent.path in paths_of(target)


@pytest.mark.parametrize(("source", "target"), PAIRS)
@pytest.mark.parametrize("vectors", [VECTORS, VECTORS[:1]])
def test_vectors_survive_the_way_to_any_client(source: str, target: str, vectors: tuple[Vector, ...]) -> None:
    """What a provider of one dialect answers, a client of another reads: the same numbers in order."""
    inputs = ("a", "b")[: len(vectors)]
    asked = request(source, inputs=inputs, single=len(vectors) == 1, path=paths_of(source)[0])
    answered = EMBEDDINGS[target].write_reply(
        EmbeddingReply(vectors, "up-1", 7), request(target, inputs=inputs, single=len(vectors) == 1)
    )
    told = EMBEDDINGS[source].write_reply(EMBEDDINGS[target].read_reply(answered), asked)
    read = EMBEDDINGS[source].read_reply(told)
    assert (read.vectors, read.tokens) == (vectors, 7)
    assert read.model in ("", "m")


@pytest.mark.parametrize("name", ["gemini", "ollama"])
@pytest.mark.parametrize("inputs", [((1, 2),), ("a", (3,))])
def test_tokens_are_refused_by_who_takes_only_text(name: str, inputs: tuple[object, ...]) -> None:
    """The field is named as the client wrote it."""
    with pytest.raises(Malformed, match="`input`: arrays of tokens") as caught:
        EMBEDDINGS[name].write_request(request(inputs=inputs))
    assert (caught.value.param, caught.value.status) == ("input", 400)


@pytest.mark.parametrize("name", NAMES)
def test_what_cannot_be_said_is_named(name: str) -> None:
    """Settings of another dialect are dropped; those of its own are written as they came."""
    extras = {"odd": msgspec.Raw(b"[1]")}
    own = EMBEDDINGS[name].write_request(request(name, extras=extras))
    foreign = EMBEDDINGS[name].write_request(request(extras=extras, user="u"))
    assert b'"odd":[1]' in own.body
    assert own.dropped == ()
    assert b"odd" not in foreign.body
    assert foreign.dropped == (("odd",) if name == "openai-chat" else ("odd", "user"))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("count", [0, 1, 3])
def test_missing_vectors_are_a_failure_of_the_provider(name: str, count: int) -> None:
    """There is one for each input, or the reply is none."""
    reply = EmbeddingReply((VECTORS[0],) * count)
    with pytest.raises(Malformed, match=f"{count} embeddings for 2 inputs") as caught:
        EMBEDDINGS[name].write_reply(reply, request(name))
    assert caught.value.status == 502


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"error":{"message":"m"}}',
        b'{"data":5,"embedding":5,"embeddings":5}',
        b'{"data":[{}],"embeddings":[{}]}',
        b'{"data":[{"embedding":["x"]}],"embeddings":[["x"]]}',
        b'{"data":' + b"[" * 20_000,
    ],
)
def test_what_is_no_reply_is_refused(name: str, body: bytes) -> None:
    """Nothing but `Malformed` is raised, and it says what was expected."""
    with pytest.raises(Malformed, match="holds no embeddings"):
        EMBEDDINGS[name].read_reply(body)


@pytest.mark.parametrize("name", NAMES)
@given(
    body=some.binary(max_size=40)
    | some.dictionaries(
        some.sampled_from(["model", "input", "prompt", "content", "requests", "dimensions"]),
        some.recursive(
            some.none() | some.integers(-1, 3) | some.text(max_size=3),
            lambda inner: (
                some.lists(inner, max_size=3)
                | some.dictionaries(some.sampled_from(["content", "parts", "text"]), inner, max_size=2)
            ),
            max_leaves=8,
        ),
        max_size=5,
    ).map(lambda fields: json.dumps({"model": "m", **fields}).encode())
)
def test_nothing_but_malformed_is_raised(name: str, body: bytes) -> None:
    """Whatever arrives is a request or is refused in words."""
    for path in paths_of(name):
        try:
            read = EMBEDDINGS[name].read_request(body, path)
        except Malformed:
            continue
        assert read.inputs
        assert read.path == path


# --- what they share ----------------------------------------------------------------------------------


@given(
    some.lists(some.floats(width=32, allow_nan=False, allow_infinity=False), max_size=8).map(tuple),
)
def test_numbers_survive_base64(vector: tuple[float, ...]) -> None:
    """It holds floats of four bytes, the smallest first, as OpenAI's does."""
    text = encoded(vector)
    assert base64.b64decode(text) == struct.pack(f"<{len(vector)}f", *vector)
    assert numbers(text) == vector
    assert (encoded(text), numbers(vector)) == (text, vector)


@pytest.mark.parametrize("text", ["?", "QUI=", "QUJDREU=", "é"])
def test_what_is_no_vector_is_refused(text: str) -> None:
    """Its bytes are no floats, or it is no base64."""
    with pytest.raises(Malformed, match="no embedding") as caught:
        numbers(text)
    assert caught.value.status == 502


def test_a_number_too_large_for_four_bytes_is_told() -> None:
    """It is not made another number."""
    with pytest.raises(Malformed, match="too large"):
        encoded((1e300,))


INPUTS: list[tuple[str | list[str | int | list[int]], tuple[object, ...], bool]] = [
    ("a", ("a",), True),
    ("", ("",), True),
    (["a"], ("a",), False),
    (["a", "b"], ("a", "b"), False),
    ([1, 2], ((1, 2),), True),
    ([[1, 2], [3]], ((1, 2), (3,)), False),
    (["a", [1]], ("a", (1,)), False),
]


@pytest.mark.parametrize(("given_as", "inputs", "single"), INPUTS)
def test_inputs_keep_their_form(
    given_as: str | list[str | int | list[int]], inputs: tuple[object, ...], single: bool
) -> None:
    """A list of numbers is one input, a list of anything else is several."""
    assert given_inputs(given_as) == (inputs, single)


@pytest.mark.parametrize(
    ("given_as", "reason"), [([], "must not be empty"), ([1, "a"], "both"), ([1, [2]], "both")]
)
def test_inputs_that_are_none_are_refused(given_as: str | list[str | int | list[int]], reason: str) -> None:
    """An empty list asks for nothing, and a mix for nobody knows what."""
    with pytest.raises(Malformed, match=reason) as caught:
        given_inputs(given_as)
    assert caught.value.param == "input"


@pytest.mark.parametrize(
    ("body", "tokens"),
    [
        (b'{"usage":{"prompt_tokens":7}}', 7),
        (b'{"usageMetadata":{"promptTokenCount":8}}', 8),
        (b'{"prompt_eval_count":9}', 9),
        (b'{"usage":{},"usageMetadata":{}}', 0),
        (b"{}", 0),
    ],
)
def test_what_was_used_is_found_in_any_reply(body: bytes, tokens: int) -> None:
    """Wherever a dialect tells it; a reply that tells nothing used nothing we know of."""
    assert embedding_tokens(body) == tokens


@pytest.mark.parametrize("body", [b"", b"[]", b"<html>", b'{"usage":"x"}'])
def test_what_is_no_reply_is_malformed(body: bytes) -> None:
    """A page, or anything that is no object, holds no embeddings."""
    with pytest.raises(Malformed):
        embedding_tokens(body)


def test_the_demo_embeds_the_same_text_the_same_way() -> None:
    """Vectors of length one, as many numbers as were asked for, and never without bound."""
    asked = request(inputs=("a", "b", (1, 2)), dimensions=16)
    first, again = embed(asked), embed(asked)
    assert first == again
    assert len(set(first.vectors)) == 3
    assert all(sum(float(each) ** 2 for each in one) == pytest.approx(1.0) for one in first.vectors)
    assert {len(one) for one in first.vectors} == {16}
    assert {len(one) for one in embed(request(dimensions=10**9)).vectors} == {4096}
