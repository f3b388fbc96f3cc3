"""Schemas for providers that take less of them."""

import json

import msgspec
import pytest

from adapters.fault import Malformed
from adapters.schema_trim import closed, fits_strict, trimmed


def raw(schema: object) -> msgspec.Raw:
    """A schema as it stands in a request."""
    return msgspec.Raw(json.dumps(schema).encode())


REFUSED = frozenset({"format", "pattern", "$schema"})
TRIMMED: dict[str, tuple[object, object]] = {
    "nothing to remove": ({"type": "string"}, {"type": "string"}),
    "a keyword": ({"type": "string", "format": "uri"}, {"type": "string", "description": '(format: "uri")'}),
    "beside words": (
        {"description": "An address.", "format": "uri", "pattern": "^h"},
        {"description": 'An address. (format: "uri", pattern: "^h")'},
    ),
    "a keyword that says nothing": ({"$schema": "x", "type": "object"}, {"type": "object"}),
    "deep inside": (
        {"items": {"anyOf": [{"format": "date"}, True]}},
        {"items": {"anyOf": [{"description": '(format: "date")'}, True]}},
    ),
    "a property of that name": (
        {"properties": {"format": {"format": "a"}}},
        {"properties": {"format": {"description": '(format: "a")'}}},
    ),
    "a definition of that name": (
        {"$defs": {"format": {"type": "null"}}},
        {"$defs": {"format": {"type": "null"}}},
    ),
    "data of that name": (
        {"const": {"format": 1}, "required": ["format"]},
        {"const": {"format": 1}, "required": ["format"]},
    ),
    "no schema": (True, True),
}


@pytest.mark.parametrize(("schema", "expected"), TRIMMED.values(), ids=TRIMMED)
def test_refused_keywords_become_words(schema: object, expected: object) -> None:
    """A keyword goes, what it said stays in the description, and names and data are no keywords."""
    assert json.loads(bytes(trimmed(raw(schema), REFUSED))) == expected


def test_nothing_refused_is_nothing_touched() -> None:
    """The very bytes come back."""
    schema = msgspec.Raw(b'{ "type" : "object" }')
    assert trimmed(schema, frozenset()) is schema


CLOSED: dict[str, object] = {
    "type": "object",
    "properties": {"a": {"type": "string"}},
    "required": ["a"],
    "additionalProperties": False,
}
STRICT: dict[str, tuple[object, bool]] = {
    "closed": (CLOSED, True),
    "open": ({**CLOSED, "additionalProperties": True}, False),
    "silent about more": ({key: CLOSED[key] for key in ("type", "properties", "required")}, False),
    "with a choice": ({**CLOSED, "required": []}, False),
    "with no word on what is required": ({**CLOSED, "required": None}, False),
    "requiring a list": ({**CLOSED, "required": [["a"]]}, False),
    "requiring at large": ({**CLOSED, "required": True}, False),
    "empty": ({"type": "object", "additionalProperties": False}, True),
    "no object": ({"type": "string"}, True),
    "open inside": ({**CLOSED, "properties": {"a": {"type": "object"}}}, False),
    "open in a list": ({"anyOf": [CLOSED, {"type": "object"}]}, False),
    "properties without a type": ({"properties": {"a": {}}}, False),
    "data like an object": ({"const": {"type": "object"}}, True),
}


@pytest.mark.parametrize(("schema", "fits"), STRICT.values(), ids=STRICT)
def test_strict_mode_wants_closed_objects(schema: object, fits: bool) -> None:
    """Every object must forbid more and require all it has."""
    assert fits_strict(raw(schema)) is fits


OPEN: dict[str, tuple[object, object]] = {
    "an object": ({"type": "object"}, {"type": "object", "additionalProperties": False}),
    "properties alone": (
        {"properties": {"type": {"type": "string"}}},
        {"properties": {"type": {"type": "string"}}, "additionalProperties": False},
    ),
    "objects inside": (
        {"$defs": {"a": {"type": "object"}}, "anyOf": [{"type": "object"}]},
        {
            "$defs": {"a": {"type": "object", "additionalProperties": False}},
            "anyOf": [{"type": "object", "additionalProperties": False}],
        },
    ),
    "said to be open": (
        {"type": "object", "additionalProperties": True},
        {"type": "object", "additionalProperties": True},
    ),
    "data": ({"const": {"type": "object"}}, {"const": {"type": "object"}}),
    "no object": ({"type": "string"}, {"type": "string"}),
}


@pytest.mark.parametrize(("schema", "expected"), OPEN.values(), ids=OPEN)
def test_objects_that_say_nothing_are_closed(schema: object, expected: object) -> None:
    """An object that does not say what else it may hold holds nothing else."""
    assert json.loads(bytes(closed(raw(schema)))) == expected


def test_a_closed_schema_keeps_its_bytes() -> None:
    """What needs nothing is not written anew."""
    schema = raw(CLOSED)
    assert closed(schema) is schema


def test_a_schema_that_cannot_be_read_is_told() -> None:
    """A number beyond all bounds passes as raw JSON and is found when the schema is read."""
    with pytest.raises(Malformed):
        fits_strict(msgspec.Raw(b'{"maximum": 1e999}'))
