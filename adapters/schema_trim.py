"""JSON schemas for providers that take fewer keywords, and what the strict modes want of one.

What a removed keyword said stays readable: it is added to the description of the schema it stood in.
"""

import msgspec

from adapters.request import decode_part

_DECODE = msgspec.json.Decoder().decode
_ENCODE = msgspec.json.Encoder().encode
# Keywords whose values are schemas by name, where a name is no keyword.
_BY_NAME = frozenset(("properties", "$defs", "definitions", "patternProperties", "dependentSchemas"))
# Keywords whose values are data.
_DATA = frozenset(("const", "default", "enum", "example", "examples", "required"))


def trimmed(schema: msgspec.Raw, refused: frozenset[str]) -> msgspec.Raw:
    """Return the schema without the refused keywords, at any depth; as it came when nothing is refused."""
    return msgspec.Raw(_ENCODE(_trim(decode_part(_DECODE, schema, "tools"), refused))) if refused else schema


def _trim(schema: object, refused: frozenset[str]) -> object:
    if isinstance(schema, list):
        return [_trim(item, refused) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: _trim_value(key, value, refused) for key, value in schema.items() if key not in refused}
    said = [f"{key}: {_ENCODE(value).decode()}" for key, value in schema.items() if key in refused]
    # Keywords that only name the schema itself say nothing to a model.
    said = [line for line in said if not line.startswith("$")]
    if said:
        kept["description"] = " ".join(
            filter(None, (str(kept.get("description", "")), f"({', '.join(said)})"))
        )
    return kept


def _trim_value(key: str, value: object, refused: frozenset[str]) -> object:
    if key in _DATA:
        return value
    if key in _BY_NAME and isinstance(value, dict):
        return {name: _trim(inner, refused) for name, inner in value.items()}
    return _trim(value, refused)


def fits_strict(schema: msgspec.Raw) -> bool:
    """Whether every object in the schema is closed and requires all it has, as OpenAI's strict mode wants."""
    return _is_closed(decode_part(_DECODE, schema, "tools"))


def _is_closed(schema: object) -> bool:
    if isinstance(schema, list):
        return all(map(_is_closed, schema))
    if not isinstance(schema, dict):
        return True
    properties = schema.get("properties")
    if schema.get("type") == "object" or isinstance(properties, dict):
        names = sorted(properties) if isinstance(properties, dict) else []
        if schema.get("additionalProperties") is not False or names != _required(schema):
            return False
    return all(
        _is_closed(list(value.values()) if key in _BY_NAME and isinstance(value, dict) else value)
        for key, value in schema.items()
        if key not in _DATA
    )


def _required(schema: dict[str, object]) -> list[str]:
    required = schema.get("required")
    return sorted({name for name in required if isinstance(name, str)}) if isinstance(required, list) else []


def closed(schema: msgspec.Raw) -> msgspec.Raw:
    """Return the schema with every object closed that does not say whether it is; unchanged if none is so."""
    whole = decode_part(_DECODE, schema, "response_format")
    shut = _close(whole)
    return schema if shut == whole else msgspec.Raw(_ENCODE(shut))


def _close(schema: object) -> object:
    if isinstance(schema, list):
        return [_close(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: value if key in _DATA else _close_value(key, value) for key, value in schema.items()}
    if schema.get("type") == "object" or isinstance(schema.get("properties"), dict):
        inner.setdefault("additionalProperties", False)
    return inner


def _close_value(key: str, value: object) -> object:
    if key in _BY_NAME and isinstance(value, dict):
        return {name: _close(schema) for name, schema in value.items()}
    return _close(value)
