"""Texts as JSON literals."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.literal import EMPTY, inside, joined, literal, mended, text_of

TEXTS = ["", "plain", 'a "quoted" word', "back\\slash", "line\nend\ttab\x01", "é日本🙂", "\u2028</script>"]


@pytest.mark.parametrize("text", TEXTS)
def test_a_literal_leads_back_to_its_text(text: str) -> None:
    """What was made a literal is the same text again, and any reader of JSON agrees."""
    assert text_of(literal(text)) == text
    assert json.loads(bytes(literal(text))) == text


@given(st.lists(st.text()))
def test_insides_side_by_side_are_the_inside_of_all(texts: list[str]) -> None:
    """Literals are joined without being read."""
    insides = b"".join(inside(literal(text)) for text in texts)
    assert text_of(joined(insides)) == "".join(texts)


def test_nothing_is_the_empty_literal() -> None:
    """The literal of no text is the one that readers compare with."""
    assert literal("") == EMPTY
    assert joined(b"") == EMPTY


MENDED = {
    "half a pair": (rb'"a\ud83d"', "a\ufffd"),
    "the other half": (rb'"\ude42b"', "\ufffdb"),
    "the wrong way round": (rb'"\ude42\ud83d"', "\ufffd\ufffd"),
    "two first halves": (rb'"\ud83d\ud83d\ude42"', "\ufffd🙂"),
    "a whole pair": (rb'"\ud83d\ude42"', "🙂"),
    "in capitals": (rb'"\uD83D\uDE42\uD83D"', "🙂\ufffd"),
    "an escaped backslash": (rb'"\\ud83d"', "\\ud83d"),
    "a backslash, then half a pair": (rb'"\\\ud83d"', "\\\ufffd"),
    "another escape": (rb'"\u00e9"', "é"),
    "broken UTF-8": (b'"a\xff\xc3"', "a\ufffd\ufffd"),
    "good UTF-8": ('"é🙂"'.encode(), "é🙂"),
}


@pytest.mark.parametrize(("broken", "text"), MENDED.values(), ids=MENDED)
def test_what_is_no_text_is_replaced(broken: bytes, text: str) -> None:
    """Halves of surrogate pairs and broken UTF-8 become U+FFFD, and nothing else is touched."""
    assert msgspec.json.decode(mended(broken)) == text


@given(st.text())
def test_what_is_whole_is_left(text: str) -> None:
    """Mending changes no JSON that is text, escaped or not."""
    for document in (json.dumps(text).encode(), literal(text)):
        assert mended(bytes(document)) == bytes(document)
