"""YAML changed in place: what it says afterwards, what stays as it was, and what is refused."""

from typing import Any

import pytest

from gateway.cli.jsonc import Broken
from gateway.cli.yaml_text import decoded, placed, removed, value_at

TEXT = """# mine
provider: openai # the good one
providers:
  anthropic:
    enabled: true   # x

  other: {a: 1, b: [1, 2]}
extensions:
  - name: x
    text: |
      a
empty:
# the end
"""


@pytest.mark.parametrize(
    "text", [TEXT, TEXT.replace("\n", "\r\n"), TEXT.rstrip("\n"), "", "# no more\n", "{a: 1}"]
)
@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("provider",), "penstock"),
        (("providers", "penstock"), {"enabled": True, "model": "x/y: z"}),
        (("providers", "other", "c"), 3),
        (("providers", "anthropic", "deep", "deeper"), "é"),
        (("empty", "deep"), ["1"]),
        (("new",), "#1"),
    ],
)
def test_there_and_back_again(text: str, path: tuple[str, ...], value: Any) -> None:
    """A value is where it was put, all else says what it said, and without it each line is there again."""
    changed = placed(text, path, value)
    assert value_at(changed, path) == (True, value)
    assert set(text.splitlines()) - set(changed.splitlines()) <= {
        "provider: openai # the good one",
        "  other: {a: 1, b: [1, 2]}",
        "empty:",
        "{a: 1}",
    }
    had, previous = value_at(text, path)
    back = placed(changed, path, previous) if had else removed(changed, path)
    assert value_at(back, path) == (had, previous)
    assert value_at(back, ("extensions",)) == value_at(text, ("extensions",))


def test_a_comment_behind_a_value_stays() -> None:
    """Only the value itself is another."""
    assert placed(TEXT, ("provider",), "us") == TEXT.replace("openai", "us")
    assert placed(TEXT, ("provider",), "yes, no") == TEXT.replace("openai", '"yes, no"')
    assert placed(TEXT, ("provider",), "null") == TEXT.replace("openai", '"null"')


def test_a_line_that_was_put_in_goes_as_it_came() -> None:
    """A value at the top and one in a table are taken out without a trace."""
    for path in (("new",), ("providers", "new"), ("providers", "other", "c")):
        assert removed(placed(TEXT, path, {"a": 1}), path) == TEXT


def test_what_is_not_there_is_not_removed() -> None:
    """The text is the same where there is nothing to take out."""
    assert removed(TEXT, ("providers", "nobody")) == TEXT


@pytest.mark.parametrize(
    ("text", "path", "said"),
    [
        ("a: [", ("b",), "no YAML"),
        ("- a\n", ("b",), "expected a table at the top"),
        ("a: 1\n", ("a", "b"), "a is no table"),
        ("a: &x {b: 1}\nc: *x\n", ("c", "b"), "cannot be changed"),
    ],
)
def test_what_cannot_be_changed_is_refused(text: str, path: tuple[str, ...], said: str) -> None:
    """It is said why, and nothing is made of it."""
    with pytest.raises(Broken, match=said):
        placed(text, path, 2)


def test_nothing_says_an_empty_table() -> None:
    """A file of comments is an empty table."""
    assert decoded("# nothing\n") == {}


def test_a_value_that_is_merged_in_is_not_cut() -> None:
    """What another table lends is not written where it is set, and is left."""
    with pytest.raises(Broken, match="not written where it is set"):
        removed("a: &x\n  b: 1\nc:\n  <<: *x\n", ("c", "b"))
