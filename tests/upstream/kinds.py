"""What the official SDKs' types say may stand on the wire: kinds of parts, names of settings."""

import typing
from typing import Any, Literal


def kinds_of(union: Any) -> set[str]:
    """The values of `type` in a union of typed dicts."""
    members = typing.get_args(union)
    return {kind for member in members for kind in _kinds(member)}


def _kinds(member: Any) -> set[str]:
    if typing.get_origin(member) is not None:
        return kinds_of(member)
    # A member may be a model of replies, whose annotations are for pydantic alone; `typing.is_typeddict` does
    # not know the typed dicts of `typing_extensions`.
    hints = typing.get_type_hints(member) if hasattr(member, "__total__") else {}
    return _literals(hints.get("type"))


def _literals(hint: Any) -> set[str]:
    if typing.get_origin(hint) is Literal:
        return {value for value in typing.get_args(hint) if isinstance(value, str)}
    return {value for argument in typing.get_args(hint) for value in _literals(argument)}


def fields_of(model: Any) -> set[str]:
    """The names on the wire of a pydantic model's fields."""
    return {field.alias or name for name, field in model.model_fields.items()}
