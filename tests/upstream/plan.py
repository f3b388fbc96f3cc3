"""What a provider that leads an agent is going to say, whatever dialect it says it in.

A plan is a tuple of turns; the turn to play is known from the conversation itself. After the last turn comes
the closing text.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

Json = dict[str, Any]
CLOSING = "All done: é日本🙂."


class Call(msgspec.Struct, frozen=True):
    """One tool call; `text` instead of arguments for a tool that takes text as it is."""

    tool: str
    arguments: Mapping[str, Any] = {}
    text: str | None = None


class Turn(msgspec.Struct, frozen=True):
    """What is said in one go: a thought, words, and calls that are made side by side."""

    calls: tuple[Call, ...] = ()
    text: str = ""
    thinking: str = ""


class Offered(msgspec.Struct, frozen=True):
    """A tool as a request offers it: its name, its namespace, and its schema unless it takes text."""

    name: str
    schema: Mapping[str, Any] | None
    namespace: str = ""


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider makes of a request. `turn` counts the assistant's turns that called a tool.

    `thinks` says that thoughts may be told, `shows` with their words, `signs` with a signature; `shape` is
    the schema the answer must fit.
    """

    model: str
    stream: bool
    turn: int
    tools: tuple[Offered, ...] = ()
    thinks: bool = True
    shows: bool = True
    signs: bool = True
    counts: bool = True
    shape: Mapping[str, Any] | None = None


class Made(msgspec.Struct, frozen=True):
    """A call as it is said to this client: its id, and its arguments or its text, never both."""

    id: str
    tool: Offered
    arguments: Mapping[str, Any] = {}
    text: str | None = None


class Said(msgspec.Struct, frozen=True):
    """One reply, ready to be spelled in a dialect; `number` is its place among the replies of a provider."""

    number: int
    model: str
    text: str
    thinking: str = ""
    calls: tuple[Made, ...] = ()


def said(turn: Turn, heard: Heard, number: int) -> Said:
    """Fit a turn to what the request offers; a tool it does not offer is a `LookupError`."""
    offered = {tool.name: tool for tool in heard.tools}
    missing = [call.tool for call in turn.calls if call.tool not in offered]
    if missing:
        raise LookupError(f"no such tool was offered: {missing}; there are {sorted(offered)}")
    made = tuple(
        _made(call, offered[call.tool], f"{number}_{place}") for place, call in enumerate(turn.calls)
    )
    return Said(number, heard.model, turn.text, turn.thinking, made)


def _made(call: Call, tool: Offered, identity: str) -> Made:
    if call.text is None:
        return Made(identity, tool, call.arguments)
    if tool.schema is None:
        return Made(identity, tool, text=call.text)
    # Offered as a function instead: the text is its one argument.
    (argument,) = tool.schema["properties"]
    return Made(identity, tool, {argument: call.text})


def fitting(schema: Any) -> Any:
    """The smallest value that fits a JSON schema, for clients that ask for an answer of a shape."""
    if not isinstance(schema, Mapping):
        return "fits"
    if "enum" in schema:
        return schema["enum"][0]
    if str(schema.get("type")).lower() == "object":
        properties = schema.get("properties", {})
        return {name: fitting(properties.get(name)) for name in schema.get("required", properties)}
    values: Json = {"integer": 1, "number": 1, "boolean": True, "array": []}
    return values.get(str(schema.get("type")).lower(), "fits")


def pieces(text: str) -> list[str]:
    """Cut a text the way a model streams it: a few characters at a time, never none."""
    size = max(1, len(text) // 4)
    return [text[start : start + size] for start in range(0, len(text), size)] or [""]
