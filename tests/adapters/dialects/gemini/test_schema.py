"""Schemas of Google's kind as JSON Schema, and JSON Schema as Google takes it."""

import json
from typing import Any

import msgspec
import pytest

from adapters.dialects.gemini.schema import CUT, DEEPEST, inlined, lowered, takes_nothing
from adapters.fault import Malformed

Schema = dict[str, Any]


def raw(schema: object) -> msgspec.Raw:
    """A schema as it stands in a body."""
    return msgspec.Raw(json.dumps(schema).encode())


def low(schema: object) -> Any:
    """A schema of Google's as JSON Schema."""
    return json.loads(bytes(lowered(raw(schema), "tools")))


def flat(schema: object) -> Any:
    """A JSON schema with its references written out."""
    return json.loads(bytes(inlined(raw(schema), "tools")))


LOWERED: dict[str, tuple[Schema, Schema]] = {
    "types": (
        {"type": "OBJECT", "properties": {"a": {"type": "ARRAY", "items": {"type": "INTEGER"}}}},
        {"type": "object", "properties": {"a": {"type": "array", "items": {"type": "integer"}}}},
    ),
    "no type": ({"type": "TYPE_UNSPECIFIED", "description": "d"}, {"description": "d"}),
    "a type nobody knows": ({"type": "THING"}, {"type": "THING"}),
    "null allowed": ({"type": "STRING", "nullable": True}, {"type": ["string", "null"]}),
    "null not allowed": ({"type": "STRING", "nullable": False}, {"type": "string"}),
    "null among values": (
        {"type": "STRING", "format": "enum", "enum": ["A", "OBJECT"], "nullable": True},
        {"type": ["string", "null"], "enum": ["A", "OBJECT", None]},
    ),
    "null among options": (
        {"anyOf": [{"type": "STRING"}], "nullable": True},
        {"anyOf": [{"type": "string"}, {"type": "null"}]},
    ),
    "a format": ({"type": "NUMBER", "format": "double"}, {"type": "number", "format": "double"}),
    "counts in strings": (
        {"type": "ARRAY", "minItems": "1", "max_items": "20"},
        {"type": "array", "minItems": 1, "maxItems": 20},
    ),
    "the other spelling": (
        {"any_of": [{"type": "BOOLEAN"}], "property_ordering": ["a"], "min_length": 2},
        {"anyOf": [{"type": "boolean"}], "propertyOrdering": ["a"], "minLength": 2},
    ),
    "references": (
        {"ref": "#/defs/A", "defs": {"A": {"type": "NULL"}}},
        {"$ref": "#/$defs/A", "$defs": {"A": {"type": "null"}}},
    ),
    "properties with names of keywords": (
        {"properties": {"nullable": {"type": "STRING"}, "type": {"type": "STRING"}, "any_of": {}}},
        {"properties": {"nullable": {"type": "string"}, "type": {"type": "string"}, "any_of": {}}},
    ),
    "data": (
        {"type": "OBJECT", "example": {"type": "OBJECT"}, "default": {"nullable": True}},
        {"type": "object", "example": {"type": "OBJECT"}, "default": {"nullable": True}},
    ),
    "a list of types": ({"type": ["STRING", "null"]}, {"type": ["STRING", "null"]}),
}


@pytest.mark.parametrize(("schema", "plain"), LOWERED.values(), ids=LOWERED)
def test_googles_kind_becomes_json_schema(schema: Schema, plain: Schema) -> None:
    """Words in capitals, null as a mark, and the names of its own."""
    assert low(schema) == plain


def test_a_json_schema_keeps_its_bytes() -> None:
    """Nothing is written anew that need not be."""
    schema = msgspec.Raw(b'{ "type": "object", "properties": {"a": {"type": "string", "minimum": 1.0}} }')
    assert lowered(schema, "tools") is schema
    assert inlined(schema, "tools") is schema


PET: Schema = {"type": "object", "properties": {"name": {"type": "string"}}}
INLINED: dict[str, tuple[object, object]] = {
    "a reference": (
        {"properties": {"pet": {"$ref": "#/$defs/Pet"}}, "$defs": {"Pet": PET}},
        {"properties": {"pet": PET}},
    ),
    "words beside it": (
        {"items": {"$ref": "#/definitions/Pet", "description": "d"}, "definitions": {"Pet": PET}},
        {"items": {**PET, "description": "d"}},
    ),
    "a reference to a reference": (
        {"anyOf": [{"$ref": "#/$defs/A"}], "$defs": {"A": {"$ref": "#/$defs/B"}, "B": {"type": "null"}}},
        {"anyOf": [{"type": "null"}]},
    ),
    "an escaped name": ({"not": {"$ref": "#/$defs/a~1b~0"}, "$defs": {"a/b~": {}}}, {"not": {}}),
    "one that leads nowhere": (
        {"items": {"$ref": "#/$defs/Gone", "description": "d"}},
        {"items": {"description": "d #/$defs/Gone"}},
    ),
    "one that leads elsewhere": (
        {"items": {"$ref": "https://example.com/schema"}},
        {"items": {"description": "https://example.com/schema"}},
    ),
    "one that leads to no schema": (
        {"items": {"$ref": "#/type"}, "type": "array"},
        {"items": {"description": "#/type"}, "type": "array"},
    ),
    "its own names": ({"$schema": "x", "$id": "y", "type": "object"}, {"type": "object"}),
    "data that looks like a reference": ({"default": {"$ref": "#"}}, {"default": {"$ref": "#"}}),
    "a property of that name": (
        {"properties": {"$ref": {"type": "string"}, "$id": {"type": "string"}}},
        {"properties": {"$ref": {"type": "string"}, "$id": {"type": "string"}}},
    ),
    "no schema": ([1], [1]),
}


@pytest.mark.parametrize(("schema", "plain"), INLINED.values(), ids=INLINED)
def test_references_are_written_out(schema: object, plain: object) -> None:
    """What they point to stands in their place; what cannot be followed says where it led."""
    assert flat(schema) == plain


def test_a_schema_in_itself_is_cut_and_says_so() -> None:
    """It goes a few times into itself, and no further."""
    tree: Schema = {"type": "object", "properties": {"next": {"$ref": "#/$defs/Tree"}}}
    place = flat({"$ref": "#/$defs/Tree", "$defs": {"Tree": tree}})
    for _ in range(DEEPEST):
        place = place["properties"]["next"]
    assert place == {"type": "object", "description": CUT}


def test_references_that_double_end() -> None:
    """A hostile schema costs no more than its bound."""
    homes = {f"A{n}": {"anyOf": [{"$ref": f"#/$defs/A{n + 1}"}] * 2} for n in range(40)}
    plain = flat({"$ref": "#/$defs/A0", "$defs": {**homes, "A40": {"type": "string"}}})
    assert len(json.dumps(plain)) < 2_000_000


@pytest.mark.parametrize("change", [lowered, inlined])
def test_a_schema_that_is_too_deep_is_malformed(change: Any) -> None:
    """It is told like every other thing that is wrong."""
    deep = msgspec.Raw(b'{"items":' * 300 + b"{}" + b"}" * 300)
    assert change(deep, "tools") is not None
    for depth in (900, 5000):
        with pytest.raises(Malformed):
            change(msgspec.Raw(b'{"items":' * depth + b"{}" + b"}" * depth), "tools")


NOTHING: dict[str, tuple[object, bool]] = {
    "an empty object": ({"type": "object", "properties": {}}, True),
    "a closed one": (
        {"type": "object", "properties": {}, "required": [], "additionalProperties": False},
        True,
    ),
    "nothing at all": ({}, True),
    "an open one": ({"type": "object", "additionalProperties": True}, False),
    "a property": ({"type": "object", "properties": {"a": {}}}, False),
    "other words": ({"anyOf": []}, False),
    "no schema": (True, False),
}


@pytest.mark.parametrize(("schema", "empty"), NOTHING.values(), ids=NOTHING)
def test_an_object_of_nothing_is_known(schema: object, empty: bool) -> None:
    """A function without parameters is declared without a schema."""
    assert takes_nothing(raw(schema)) is empty
