"""Schemas both ways: Google's own kind (`"type": "OBJECT"`, `nullable`) and JSON Schema.

The middle knows JSON Schema alone, and that is what is written: the API takes it beside its own kind.
References are written out, for the API follows few of them; one that leads into itself is cut, and the
description says so.
"""

from collections.abc import Callable, Mapping

import msgspec

from adapters.dialects.gemini.spelling import snake
from adapters.fault import Malformed
from adapters.request import decode_part

Schema = dict[str, object]

DEEPEST = 3  # times a reference is followed into itself
_MOST = 5_000  # schemas written out: references to references could double at every step
CUT = "(Goes on in the same way.)"

_DECODE = msgspec.json.Decoder().decode
_ENCODE = msgspec.json.Encoder().encode
_TYPES = ("string", "number", "integer", "boolean", "array", "object", "null")
_NAMES = {name.upper(): name for name in _TYPES}
_COUNTS = ("minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties")
_FIELDS = (*_COUNTS, "anyOf", "additionalProperties", "propertyOrdering", "prefixItems")
_KEYS = {snake(name): name for name in _FIELDS} | {"defs": "$defs", "ref": "$ref"}
# Keywords whose values are schemas by name, where a name is no keyword; and those whose values are data.
_BY_NAME = ("properties", "$defs", "definitions", "patternProperties", "dependentSchemas")
_DATA = ("const", "default", "enum", "example", "examples", "required", "propertyOrdering")
_HOMES = ("$defs", "definitions")
_IDENTITY = ("$schema", "$id")


# --- Google's kind -> JSON Schema ---------------------------------------------------------------------


def lowered(raw: msgspec.Raw, place: str) -> msgspec.Raw:
    """Return a schema of either kind as JSON Schema; one that is that already keeps its bytes."""
    schema = decode_part(_DECODE, raw, place)
    return _written(raw, schema, _lower, place)


def _written(raw: msgspec.Raw, schema: object, change: Callable[[object], object], place: str) -> msgspec.Raw:
    try:
        plain = change(schema)
        return raw if plain == schema else msgspec.Raw(_ENCODE(plain))
    except RecursionError as error:
        raise Malformed(f"`{place}` is nested too deeply.", param=place) from error


def _lower(schema: object) -> object:
    if isinstance(schema, list):
        return [_lower(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    plain: Schema = {}
    for name, value in schema.items():
        key = str(_KEYS.get(name, name))
        plain[key] = _lower_value(key, value)
    _name_type(plain)
    if plain.pop("nullable", False) is True:
        _allow_null(plain)
    return plain


def _lower_value(key: str, value: object) -> object:
    if key in _BY_NAME and isinstance(value, dict):
        return {name: _lower(inner) for name, inner in value.items()}
    if key == "$ref" and isinstance(value, str):
        return value.replace("#/defs/", "#/$defs/", 1)
    # 64-bit integers are strings in Google's JSON.
    if key in _COUNTS and isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    return value if key in _DATA else _lower(value)


def _name_type(plain: Schema) -> None:
    kind = plain.get("type")
    if isinstance(kind, str):
        plain["type"] = _NAMES.get(kind, kind)
        if kind == "TYPE_UNSPECIFIED":
            del plain["type"]
    # It only repeats that there is an enum, and is no format of JSON Schema.
    if plain.get("format") == "enum":
        del plain["format"]


def _allow_null(plain: Schema) -> None:
    if isinstance(plain.get("type"), str):
        plain["type"] = [plain["type"], "null"]
    options = plain.get("anyOf")
    if isinstance(options, list):
        plain["anyOf"] = [*options, {"type": "null"}]
    values = plain.get("enum")
    if isinstance(values, list):
        plain["enum"] = [*values, None]


# --- JSON Schema as the API takes it ------------------------------------------------------------------


def inlined(raw: msgspec.Raw, place: str) -> msgspec.Raw:
    """Return a JSON schema without references and names of its own; as it came when it has none."""
    schema = decode_part(_DECODE, raw, place)
    if not isinstance(schema, dict):
        return raw
    inlining = _Inlining(schema)
    return _written(raw, schema, lambda whole: inlining.of(whole, {}), place)


def takes_nothing(raw: msgspec.Raw) -> bool:
    """Whether a schema is of an object without properties: such a tool is declared without one."""
    schema = _DECODE(raw)
    known = {"type", "properties", "additionalProperties", "required"}
    if not isinstance(schema, dict) or not schema.keys() <= known:
        return False
    return not any((schema.get("properties"), schema.get("required"), schema.get("additionalProperties")))


class _Inlining:
    """One schema being written out: where its references point, and how many may still be."""

    __slots__ = ("_left", "_root")

    def __init__(self, root: Schema) -> None:
        self._root = root
        self._left = _MOST

    def of(self, schema: object, passed: Mapping[str, int]) -> object:
        self._left -= 1
        if isinstance(schema, list):
            return [self.of(item, passed) for item in schema]
        if not isinstance(schema, dict):
            return schema
        reference = schema.get("$ref")
        if isinstance(reference, str):
            return self._followed(schema, reference, passed)
        kept = {key: value for key, value in schema.items() if key not in (*_HOMES, *_IDENTITY)}
        return {key: self._value(key, value, passed) for key, value in kept.items()}

    def _value(self, key: str, value: object, passed: Mapping[str, int]) -> object:
        if key in _BY_NAME and isinstance(value, dict):
            return {name: self.of(inner, passed) for name, inner in value.items()}
        return value if key in _DATA else self.of(value, passed)

    def _followed(self, schema: Schema, reference: str, passed: Mapping[str, int]) -> object:
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        times = passed.get(reference, 0)
        target = self._target(reference)
        if target is None or times >= DEEPEST or self._left < 0:
            said = " ".join(filter(None, (str(beside.get("description", "")), CUT if target else reference)))
            kind = {"type": target["type"]} if target and "type" in target else {}
            return {**kind, "description": said}
        return self.of({**target, **beside}, {**passed, reference: times + 1})

    def _target(self, reference: str) -> Schema | None:
        """The schema a reference points to; None where it is not in this one."""
        if not reference.startswith("#"):
            return None
        place: object = self._root
        for step in reference[1:].split("/")[1:]:
            key = step.replace("~1", "/").replace("~0", "~")
            place = place.get(key) if isinstance(place, dict) else None
        return place if isinstance(place, dict) else None
