"""The smallest value that fits a JSON schema: what the demo provider calls a tool with.

Covers what tools of real agents use: types and lists of types, required properties, enums, constants,
bounds, alternatives and references into the same schema. What cannot be met (a pattern, an endless
recursion) is answered with the plainest value of its type.
"""

from collections.abc import Callable
from typing import cast

Schema = dict[str, object]

_DEEPEST = 12
_MOST = 2000  # values made: a schema that requires itself twice would double at every depth
_ORDER = ("string", "integer", "number", "boolean", "array", "object", "null")
_FORMATS = {
    "date": "2026-01-01",
    "date-time": "2026-01-01T00:00:00Z",
    "time": "00:00:00Z",
    "email": "demo@example.com",
    "uri": "https://example.com",
    "url": "https://example.com",
    "uuid": "00000000-0000-0000-0000-000000000000",
    "ipv4": "127.0.0.1",
}


def smallest(schema: object) -> object:
    """Return the smallest value that fits the schema."""
    root = schema if isinstance(schema, dict) else {}
    return _Search(root).find(root, 0)


class _Search:
    """One search: the schema that references point into, and how many values it may still make."""

    __slots__ = ("_left", "_root")

    def __init__(self, root: Schema) -> None:
        self._root = root
        self._left = _MOST

    def find(self, schema: object, depth: int) -> object:
        self._left -= 1
        if not isinstance(schema, dict) or depth > _DEEPEST or self._left < 0:
            return None
        schema = self._resolve(schema, depth)
        if "const" in schema:
            return schema["const"]
        if enum := _items(schema.get("enum")):
            return enum[0]
        for name in ("anyOf", "oneOf"):
            if options := _items(schema.get(name)):
                return self.find({**schema, name: None, **_as_schema(options[0])}, depth + 1)
        return self._of_type(schema, depth)

    def _of_type(self, schema: Schema, depth: int) -> object:
        kind = _kind(schema)
        if kind == "object":
            return self._object(schema, depth)
        if kind == "array":
            return [self.find(schema.get("items"), depth + 1) for _ in range(_count(schema, "minItems"))]
        return _SCALARS[kind](schema)

    def _object(self, schema: Schema, depth: int) -> object:
        properties = _as_schema(schema.get("properties"))
        names = [name for name in _items(schema.get("required")) if isinstance(name, str)]
        return {name: self.find(properties.get(name), depth + 1) for name in names}

    def _resolve(self, schema: Schema, depth: int) -> Schema:
        """Follow references and fold what must hold together into one schema."""
        for _ in range(_DEEPEST):
            if not isinstance(schema.get("$ref"), str):
                break
            rest = {key: value for key, value in schema.items() if key != "$ref"}
            schema = {**self._point(cast("str", schema["$ref"])), **rest}
        self._left -= 1
        if depth > _DEEPEST or self._left < 0:
            return schema
        for part in _items(schema.get("allOf")):
            schema = _merge(schema, self._resolve(_as_schema(part), depth + 1))
        return schema

    def _point(self, reference: str) -> Schema:
        place: object = self._root
        for step in reference.removeprefix("#").split("/")[1:]:
            place = _as_schema(place).get(step.replace("~1", "/").replace("~0", "~"))
        return _as_schema(place)


def _merge(left: Schema, right: Schema) -> Schema:
    merged = {**right, **left}
    if "properties" in left and "properties" in right:
        merged["properties"] = {**_as_schema(right["properties"]), **_as_schema(left["properties"])}
    required = [*_items(left.get("required")), *_items(right.get("required"))]
    return {**merged, "required": required} if required else merged


def _kind(schema: Schema) -> str:
    declared = schema.get("type")
    kinds = declared if isinstance(declared, list) else [declared]
    known = [kind for kind in kinds if kind in _ORDER]
    if known:
        return cast("str", known[0])
    return "array" if "items" in schema and "properties" not in schema else "object"


def _as_schema(value: object) -> Schema:
    return value if isinstance(value, dict) else {}


def _items(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _count(schema: Schema, name: str) -> int:
    wanted = schema.get(name)
    # A schema may ask for a million; a demonstration does not owe them.
    return min(wanted, 100) if isinstance(wanted, int) else 0


def _string(schema: Schema) -> object:
    known = _FORMATS.get(str(schema.get("format")), "")
    return known.ljust(_count(schema, "minLength"), "x")


def _number(schema: Schema) -> object:
    low, above = schema.get("minimum"), schema.get("exclusiveMinimum")
    high, below = schema.get("maximum"), schema.get("exclusiveMaximum")
    floors = [low] if isinstance(low, int | float) else []
    floors += [above + 1] if isinstance(above, int | float) and not isinstance(above, bool) else []
    ceilings = [high] if isinstance(high, int | float) else []
    ceilings += [below - 1] if isinstance(below, int | float) and not isinstance(below, bool) else []
    return min([max([0, *floors]), *ceilings])


_SCALARS: dict[str, Callable[[Schema], object]] = {
    "string": _string,
    "integer": _number,
    "number": _number,
    "boolean": lambda _: False,
    "null": lambda _: None,
}
