"""Arguments of calls: objects on the wire, text in the middle."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from adapters.dialects.ollama.arguments import as_object, as_text

OBJECTS = {
    "an object": ('{"a": [1, 2.50]}', '{"a": [1, 2.50]}'),
    "none": ("", "{}"),
    "blank": (" \n", "{}"),
    "on several lines": ('{\n  "a": 1\r\n}', '{   "a": 1  }'),
    "broken": ('{"a', '{"__raw":"{\\"a"}'),
    "a list": ("[1]", '{"__raw":"[1]"}'),
    "words": ("*** Begin\npatch", '{"__raw":"*** Begin\\npatch"}'),
    "a deep one": ('{"a":' + "[" * 5000, '{"__raw":"{\\"a\\":' + "[" * 5000 + '"}'),
}


@pytest.mark.parametrize(("text", "written"), OBJECTS.values(), ids=OBJECTS)
def test_arguments_are_always_an_object_on_one_line(text: str, written: str) -> None:
    """An object crosses as it is, but for its line ends; anything else stands under one key."""
    assert bytes(as_object(text)).decode() == written


TEXTS = {
    "an object": ('{"a": 1}', '{"a": 1}'),
    "null": ("null", "{}"),
    "wrapped": ('{"__raw":"[1]"}', "[1]"),
    "a client's own key": ('{"__raw":"x","a":"y"}', '{"__raw":"x","a":"y"}'),
    "a client's own key of another type": ('{"__raw":1}', '{"__raw":1}'),
}


@pytest.mark.parametrize(("raw", "text"), TEXTS.values(), ids=TEXTS)
def test_what_was_wrapped_is_unwrapped_and_nothing_else(raw: str, text: str) -> None:
    """The text a model wrote comes back, and a client's own objects are left alone."""
    assert as_text(msgspec.Raw(raw.encode())) == text


@given(some.text() | some.dictionaries(some.text(), some.integers() | some.text()).map(json.dumps))
def test_any_text_survives_the_wire(text: str) -> None:
    """It is on one line there, and the same afterwards but for the spaces of an object."""
    written = as_object(text)
    assert isinstance(json.loads(bytes(written)), dict)
    assert b"\n" not in bytes(written)
    back = as_text(written)
    assert back == text or json.loads(back) == json.loads(text.strip() or "{}")
