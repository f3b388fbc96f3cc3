"""The text of a freeform tool, out of the one string it was wrapped in, however it is cut."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as some

from adapters.freeform import FreeformInput, unwrapped

PATCH = '*** Begin Patch\n*** Add File: a.txt\n+é日本🙂 "quoted" \\ and \\u0041\t\n*** End Patch'
SPELLINGS = {
    "as OpenAI writes it": json.dumps({"input": PATCH}),
    "as it is": json.dumps({"input": PATCH}, ensure_ascii=False),
    "with room": json.dumps({"input": PATCH}, indent=4),
    "with line ends left alone": '{"input": "' + PATCH.replace("\\", "\\\\").replace('"', '\\"') + '"}',
    "with more beside it": json.dumps({"input": PATCH, "why": "x"}),
}
AS_THEY_ARE = ["", "{}", "*** Begin Patch", '{"patch": "x"}', '{"input": 5}', "[1]", '{"patch": "' + "x" * 99]


def pieces(arguments: list[str]) -> str:
    """What comes out of arguments that come in pieces."""
    reading = FreeformInput()
    return "".join([reading.feed(piece) for piece in arguments]) + reading.finish()


@pytest.mark.parametrize("arguments", SPELLINGS.values(), ids=SPELLINGS)
def test_the_text_is_the_same_however_it_is_cut(arguments: str) -> None:
    """Whole, cut at every character, and character by character."""
    assert unwrapped(arguments) == PATCH
    assert pieces(list(arguments)) == PATCH
    for place in range(len(arguments)):
        assert pieces([arguments[:place], arguments[place:]]) == PATCH


@pytest.mark.parametrize("arguments", AS_THEY_ARE)
def test_what_is_not_wrapped_is_passed_as_it_is(arguments: str) -> None:
    """The client's tool is to say what is wrong with it."""
    assert unwrapped(arguments) == pieces(list(arguments)) == arguments


def test_what_is_read_leaves_at_once() -> None:
    """Text need not wait for the end of the call; half an escape does."""
    reading = FreeformInput()
    assert reading.feed('{"input":"ab\\') == "ab"
    assert reading.feed("nc\\ud83d") == "\nc"
    assert reading.feed("\\ude42d") == "🙂d"
    assert reading.feed('"') == ""
    assert reading.feed("} and more") == ""
    assert reading.finish() == ""


def test_a_string_that_breaks_off_keeps_what_it_said() -> None:
    """An escape that makes no sense is passed as it is."""
    assert unwrapped('{"input":"ab\\x') == "ab\\x"


@pytest.mark.parametrize("half", ["\\udc00", "\\ud83d\\u0041"])
def test_half_a_character_becomes_a_mark(half: str) -> None:
    """What is no text of its own cannot be passed on; the rest of the text is."""
    assert "\ufffd" in unwrapped(f'{{"input":"a{half}b"}}')
    assert unwrapped(f'{{"input":"a{half}b"}}').startswith("a")


@given(some.text())
def test_any_text_survives(text: str) -> None:
    """Whatever is wrapped comes out."""
    assert unwrapped(json.dumps({"input": text})) == text.encode("utf-8", "surrogatepass").decode("utf-8")


@given(some.lists(some.text()))
def test_any_arguments_can_be_fed(arguments: list[str]) -> None:
    """Nothing a model writes raises, and nothing is made up."""
    told = pieces(arguments)
    assert len(told) <= len("".join(arguments))
