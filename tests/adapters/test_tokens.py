"""Weighing without a tokenizer."""

import pytest

from adapters.tokens import IMAGE, estimate_with, weigh_base64, weigh_content, weigh_json, weigh_text

TEXTS = {
    "nothing": ("", 0, 0),
    "English": ("The quick brown fox jumps over the lazy dog, and nobody minds. " * 10, 140, 170),
    "Chinese": ("今天天气很好我们去公园散步吧" * 10, 80, 140),
    "Japanese": ("こんにちは、元気ですか。" * 10, 70, 120),
    "Korean": ("안녕하세요반갑습니다" * 10, 60, 100),
    "signs": ("🙂" * 30, 15, 40),
    "German": ("Über den Wolken muß die Freiheit wohl grenzenlos sein. " * 10, 120, 170),
    "Russian": ("Съешь же ещё этих мягких французских булок. " * 10, 150, 260),
}


@pytest.mark.parametrize(("text", "low", "high"), TEXTS.values(), ids=TEXTS)
def test_text_weighs_about_what_tokenizers_say(text: str, low: int, high: int) -> None:
    """Prose of each script is within the range the tokenizers of the day give."""
    assert low <= weigh_text(text) <= high


def test_half_a_surrogate_is_still_text() -> None:
    """Text that cannot be written in UTF-8 has a weight."""
    assert weigh_text("a\ud800é") > 0


def test_json_weighs_more_than_prose_of_its_length() -> None:
    """Structure takes more tokens a byte than prose does."""
    schema = {"type": "object", "properties": {"path": {"type": "string"}}}
    assert weigh_json(schema) > weigh_text(str(schema)) > 0
    assert weigh_json(None) == 0


def test_a_document_weighs_by_its_size_not_as_text() -> None:
    """A megabyte in base64 is some tens of thousands of tokens, not a quarter of a million."""
    assert 20_000 < weigh_base64("A" * 1_000_000) < 60_000


BLOCKS = {
    "a string": ("abcd" * 10, 10),
    "no block": ([], 0),
    "a known block": ([{"type": "image", "source": "x" * 10_000}], IMAGE),
    "two known blocks": ([{"type": "image"}, {"type": "image"}], 2 * IMAGE),
    "a string in a list": (["abcd" * 10], 10),
    "nothing": (None, 0),
}


@pytest.mark.parametrize(("content", "weight"), BLOCKS.values(), ids=BLOCKS)
def test_content_weighs_by_its_kinds(content: object, weight: float) -> None:
    """A block weighs what the dialect's table says of its kind."""
    assert weigh_content(content, {"image": lambda _: IMAGE}) == weight


@pytest.mark.parametrize(
    "block",
    [{"type": "new", "x": "y" * 330}, {"type": 5, "x": "y" * 330}, {"x": "y" * 330}, 7 * 10**9, [[1, [2]]]],
)
def test_what_is_not_known_weighs_by_the_length_of_its_json(block: object) -> None:
    """An unknown or odd block is counted, never an error."""
    assert weigh_content([block], {}) == pytest.approx(weigh_json(block))


@pytest.mark.parametrize("body", [b"", b"not JSON" * 10, b"[1]", b"[" * 100_000, b'{"a":"\xff"}'])
def test_a_body_that_cannot_be_read_weighs_by_its_length(body: bytes) -> None:
    """Nothing raises, and nothing weighs less than one token."""
    assert estimate_with(lambda _: 0.0, body) == max(1, round(len(body) / 3.3))


def test_nesting_too_deep_for_the_weigher_is_no_error() -> None:
    """A function that runs out of depth leaves the length to count."""

    def deep(document: dict[str, object]) -> float:
        return deep(document)

    assert estimate_with(deep, b'{"a":"bcdefghij"}') == 5
