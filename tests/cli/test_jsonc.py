"""JSON with comments, changed in place: what is not meant stays, character for character."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from gateway.cli.jsonc import Broken, decoded, placed, removed, value_at

KEPT = """{
    // what I like
    "theme": "dark", /* not light */
    "env": {
        "MINE": "1", // mine
    },
    "list": [1, 2.50, 1e3,], "flag": true
}
"""


def test_comments_and_commas_too_many_are_read() -> None:
    """Comments are no content, and a comma may stand behind the last member."""
    assert decoded(KEPT) == {"theme": "dark", "env": {"MINE": "1"}, "list": [1, 2.5, 1000.0], "flag": True}
    assert decoded(" // nothing yet\n") == {}


@pytest.mark.parametrize(
    ("before", "path", "after"),
    [
        ('{"a": 1}', ("b",), '{"a": 1, "b": "x"}'),
        ("{}\n", ("b",), '{\n  "b": "x"\n}\n'),
        ("", ("b",), '{\n  "b": "x"\n}\n'),
        ('{\n\t"a": 1\n}', ("b",), '{\n\t"a": 1,\n\t"b": "x"\n}'),
        ('{\n\t"a": 1, // one\n}', ("b",), '{\n\t"a": 1, // one\n\t"b": "x",\n}'),
        ('{\n\t"a": 1 // one\n}', ("b",), '{\n\t"a": 1, // one\n\t"b": "x"\n}'),
        ('{\r\n  "a": {}\r\n}', ("a", "b"), '{\r\n  "a": {\r\n    "b": "x"\r\n  }\r\n}'),
        ('{\n  "a": 1\n}', ("c", "b"), '{\n  "a": 1,\n  "c": {\n    "b": "x"\n  }\n}'),
        ('{ "b": /* old */ 7 }', ("b",), '{ "b": /* old */ "x" }'),
    ],
)
def test_a_value_is_placed_where_it_belongs(before: str, path: tuple[str, ...], after: str) -> None:
    """A new member follows the last, indented like it; one that is there has its value replaced."""
    assert placed(before, path, "x") == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{"a": 1, "b": 2}', '{"a": 1}'),
        ('{"b": 2, "a": 1}', '{"a": 1}'),
        ('{\n  "a": 1,\n  "b": 2\n}', '{\n  "a": 1\n}'),
        ('{\n  "a": 1, // one, two\n  "b": 2\n}', '{\n  "a": 1 // one, two\n}'),
        ('{\n  "b": 2,\n  "a": 1\n}', '{\n  "a": 1\n}'),
        ('{\n  "a": 1,\n  "b": 2,\n}', '{\n  "a": 1,\n}'),
        ('{"b": {}}', "{}"),
        ('{"a": 1}', '{"a": 1}'),
    ],
)
def test_a_member_is_removed_with_one_comma(before: str, after: str) -> None:
    """Its line goes when it has one to itself, and comments stay with those they speak of."""
    assert removed(before, ("b",)) == after


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "line 1"),
        ('{"a" 1}', "a colon is missing"),
        ('{"a": 1 "b": 2}', "a comma or a } is missing"),
        ('{\n"a": nope}', "nope is no value, at line 2"),
        ('{"a": 1} x', "nothing may follow"),
        ('{"a": "\\q"}', "not as JSON spells it"),
        ('{"a": [1}', "a comma or a ] is missing"),
        ('{"a": }', "a value is missing"),
        ("[" * 300, "too deep"),
        ("[]", "expected an object"),
        ('{"a": 1}', "a is no object, at line 1"),
    ],
)
def test_what_is_broken_is_refused(text: str, words: str) -> None:
    """Nothing is changed in a text that is not understood; the message names the line."""
    with pytest.raises(Broken, match=words):
        placed(text, ("a", "b"), 1)


names = some.sampled_from(["a", "b", "c", 'q"', "é", "//", "/*"])
leaves = some.one_of(some.none(), some.booleans(), some.integers(-(10**9), 10**9), some.text(max_size=5))
values = some.recursive(leaves, lambda inner: some.dictionaries(names, inner, max_size=3), max_leaves=8)
tables = some.dictionaries(names, values, max_size=4)
paths = some.lists(names, min_size=1, max_size=3).map(tuple)


def spelled(value: Any, indent: int | None, comments: bool) -> str:
    """A text that says a value, with comments behind every comma where asked for."""
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    return text.replace(",\n", ", // a, {b}\n") if comments and indent else text


@given(tables, paths, leaves, some.sampled_from([None, 1, 2, 4]), some.booleans())
def test_only_the_asked_for_changes(
    table: dict[str, Any], path: tuple[str, ...], value: Any, indent: int | None, comments: bool
) -> None:
    """A value that was placed is there, and gone when it is removed; all else is as it was."""
    text = spelled(table, indent, comments)
    if decoded(text) != table:
        return  # a name or a text had the look of a line's end
    there, before = value_at(text, path)
    try:
        changed = placed(text, path, value)
    except Broken:
        return  # on the way stands something that is no object
    assert value_at(changed, path) == (True, value)
    assert decoded(placed(changed, path, before) if there else changed) is not None
    if there:
        assert placed(changed, path, before) == text or decoded(placed(changed, path, before)) == table
    else:
        assert value_at(removed(changed, path), path) == (False, None)
