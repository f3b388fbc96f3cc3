"""The smallest value that fits a schema."""

import pytest

from adapters.schema import smallest

VALUES: dict[str, tuple[object, object]] = {
    "nothing known": ({}, {}),
    "no schema": (True, {}),
    "a string": ({"type": "string"}, ""),
    "a string of some length": ({"type": "string", "minLength": 3}, "xxx"),
    "a date": ({"type": "string", "format": "date"}, "2026-01-01"),
    "an unknown format": ({"type": "string", "format": "colour"}, ""),
    "an integer": ({"type": "integer"}, 0),
    "an integer from": ({"type": "integer", "minimum": 5}, 5),
    "an integer above": ({"type": "integer", "exclusiveMinimum": 5}, 6),
    "an integer up to": ({"type": "integer", "maximum": -2}, -2),
    "an integer below": ({"type": "integer", "exclusiveMaximum": 0}, -1),
    "an old exclusive minimum": ({"type": "integer", "minimum": 1, "exclusiveMinimum": False}, 1),
    "a number": ({"type": "number", "minimum": 0.5}, 0.5),
    "a boolean": ({"type": "boolean"}, False),
    "null": ({"type": "null"}, None),
    "an array": ({"type": "array", "items": {"type": "string"}}, []),
    "an array that holds some": ({"type": "array", "items": {"type": "integer"}, "minItems": 2}, [0, 0]),
    "an array without a type": ({"items": {"type": "integer"}, "minItems": 1}, [0]),
    "an enum": ({"type": "string", "enum": ["b", "a"]}, "b"),
    "a constant": ({"const": 7}, 7),
    "a list of types": ({"type": ["string", "null"]}, ""),
    "an unknown type": ({"type": "date"}, {}),
    "any of": ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, 0),
    "one of": ({"oneOf": [{"type": "string", "const": "x"}, {"type": "null"}]}, "x"),
    "only what is required": (
        {
            "type": "object",
            "properties": {"a": {"type": "string"}, "b": {"type": "integer"}},
            "required": ["b"],
        },
        {"b": 0},
    ),
    "required but not described": ({"type": "object", "required": ["a"]}, {"a": None}),
    "nested": (
        {
            "type": "object",
            "required": ["a"],
            "properties": {
                "a": {"type": "object", "required": ["b"], "properties": {"b": {"type": "boolean"}}}
            },
        },
        {"a": {"b": False}},
    ),
    "a reference": (
        {
            "type": "object",
            "required": ["a"],
            "properties": {"a": {"$ref": "#/$defs/thing"}},
            "$defs": {"thing": {"type": "string", "enum": ["x"]}},
        },
        {"a": "x"},
    ),
    "a reference with signs in its path": ({"$ref": "#/$defs/a~1b~0c", "$defs": {"a/b~c": {"const": 1}}}, 1),
    "a reference to nothing": ({"$ref": "#/$defs/gone"}, {}),
    "all of": (
        {
            "allOf": [
                {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
                {"properties": {"b": {"type": "integer"}}, "required": ["b"]},
            ]
        },
        {"a": "", "b": 0},
    ),
}


@pytest.mark.parametrize(("schema", "value"), VALUES.values(), ids=VALUES)
def test_the_value_is_the_smallest_that_fits(schema: object, value: object) -> None:
    """Each construct tools use is met with as little as it allows."""
    assert smallest(schema) == value


def test_an_endless_schema_ends() -> None:
    """A schema that requires itself is cut off at some depth."""
    node = {"type": "object", "required": ["next"], "properties": {"next": {"$ref": "#"}}}
    assert isinstance(smallest(node), dict)


def test_a_reference_to_itself_ends() -> None:
    """A reference that points at itself, or into a ring, is given up."""
    ring = {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}
    assert smallest(ring) == {}
    assert smallest({"allOf": [{"$ref": "#"}], "type": "string"}) == ""


@pytest.mark.parametrize("names", ["ab", "abcdefghij"])
def test_a_schema_that_multiplies_ends(names: str) -> None:
    """A schema that requires itself several times over makes a bounded number of values."""
    required = list(names)
    node = {"type": "object", "required": required, "properties": {name: {"$ref": "#"} for name in required}}
    assert len(str(smallest(node))) < 100_000
    assert smallest({"allOf": [{"$ref": "#"}] * 10, "type": "string"}) == ""


def test_a_huge_wish_is_not_granted() -> None:
    """A schema that wants a million items gets a hundred."""
    assert len(str(smallest({"type": "string", "minLength": 10**9}))) == 100
