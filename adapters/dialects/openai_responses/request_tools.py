"""The tools of a request of openai-responses and the choice among them, read into the middle.

Tools in a namespace stand there each by itself. A search that the client runs is a tool like any other, and
what it found stands behind the tools of the request. What only this dialect knows of a tool stays beside it.
"""

from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec

from adapters.conversation import Choice, ServerTool, Tool
from adapters.dialects.openai_responses.marks import NAME, SEARCH, is_search, plain_home
from adapters.dialects.openai_responses.request_wire import ChoiceIn, GrammarIn, NamedIn, ToolIn
from adapters.dialects.openai_responses.wire import NULL
from adapters.fault import Malformed
from adapters.request import checked_schema, decode_part

AnyTool = Tool | ServerTool

_DECODE = msgspec.json.Decoder(ToolIn).decode
_DECODE_GRAMMAR = msgspec.json.Decoder(GrammarIn).decode
_ENCODE = msgspec.json.Encoder().encode
_MODES: dict[str, Literal["auto", "any", "none"]] = {"auto": "auto", "required": "any", "none": "none"}


class OwnTool(Tool, frozen=True, kw_only=True):
    """A tool as a client of this dialect defined it.

    `home` says what its namespace is for; a `found` one was brought by a search and is not in the list.
    """

    raw: msgspec.Raw
    home: str | None = None
    found: bool = False


def read_tools(raws: Iterable[msgspec.Raw], place: str) -> Iterator[AnyTool]:
    """Read a list of tools; raise `Malformed` with the place of what is wrong."""
    for index, raw in enumerate(raws):
        where = f"{place}[{index}]"
        tool = decode_part(_DECODE, raw, where)
        if tool.type == "namespace":
            yield from _in_namespace(tool, where)
        else:
            yield _tool(tool, raw, where)


def all_tools(listed: Iterable[AnyTool], found: Iterable[AnyTool]) -> list[AnyTool]:
    """Return the tools of a request, and behind them what a search has found, each once.

    A tool waits for a search only where the client runs one: a provider's own search nobody else has.
    """
    tools = {_key(tool): tool for tool in listed}
    searched = any(isinstance(tool, Tool) and is_search(tool.name, tool.namespace) for tool in tools.values())
    brought = {_key(tool): tool for tool in found}
    for key, tool in brought.items():
        tools.setdefault(key, _as_found(tool))
    return [
        msgspec.structs.replace(tool, deferred=False)
        if isinstance(tool, Tool) and tool.deferred and (not searched or key in brought)
        else tool
        for key, tool in tools.items()
    ]


def _as_found(tool: AnyTool) -> AnyTool:
    return msgspec.structs.replace(tool, found=True) if isinstance(tool, OwnTool) else tool


def _key(tool: AnyTool) -> tuple[str, str, bytes]:
    """Two tools of the provider's may have one name: what tells them apart is all they say."""
    return (tool.namespace, tool.name, b"") if isinstance(tool, Tool) else ("", tool.name, bytes(tool.raw))


def _in_namespace(space: ToolIn, place: str) -> Iterator[AnyTool]:
    for index, raw in enumerate(space.tools or ()):
        where = f"{place}.tools[{index}]"
        tool = _tool(decode_part(_DECODE, raw, where), raw, where)
        if isinstance(tool, OwnTool):
            tool = msgspec.structs.replace(tool, namespace=space.name, home=space.description)
        yield tool


def _tool(tool: ToolIn, raw: msgspec.Raw, place: str) -> AnyTool:
    if tool.type == SEARCH and tool.execution == "client":
        schema = checked_schema(tool.parameters, f"{place}.parameters")
        return OwnTool(name=SEARCH, description=tool.description, schema=schema, raw=raw)
    if tool.type not in ("function", "custom"):
        return ServerTool(NAME, tool.type, tool.server_label or tool.type, raw)
    if not tool.name:
        raise Malformed(f"`{place}.name` is required.", param=f"{place}.name")
    custom = tool.type == "custom"
    return OwnTool(
        name=tool.name,
        namespace=plain_home(tool.name),
        description=tool.description,
        schema=None if custom else checked_schema(tool.parameters, f"{place}.parameters"),
        strict=tool.strict,
        deferred=tool.defer_loading is True,
        freeform=custom,
        grammar=_grammar(tool.format, f"{place}.format") if custom else None,
        raw=raw,
    )


def _grammar(raw: msgspec.Raw, place: str) -> msgspec.Raw | None:
    """What fits, as the middle has it: a grammar stands in a field of its own, as in Chat."""
    if raw == NULL:
        return None
    fits = decode_part(_DECODE_GRAMMAR, raw, place)
    if fits.type != "grammar":
        return raw
    grammar = {"definition": fits.definition, "syntax": fits.syntax}
    return msgspec.Raw(_ENCODE({"type": "grammar", "grammar": grammar}))


# --- choice -------------------------------------------------------------------------------------------


def read_choice(
    choice: str | ChoiceIn | None, tools: list[AnyTool]
) -> tuple[Choice | None, tuple[AnyTool, ...]]:
    """Return the choice and the tools it leaves; a choice among some is kept by offering no others."""
    if choice is None:
        return None, tuple(tools)
    if isinstance(choice, str):
        return _mode(choice), tuple(tools)
    if choice.type == "allowed_tools":
        names = {_name_of(tool) for tool in choice.tools}
        return _mode(choice.mode), tuple(tool for tool in tools if tool.name in names)
    name = _name_of(choice)
    if not name:
        raise Malformed("`tool_choice` names no tool.", param="tool_choice")
    return _forced(name, tools)


def _mode(mode: str) -> Choice:
    if mode not in _MODES:
        raise Malformed(f"`tool_choice` {mode!r} is not known.", param="tool_choice")
    return Choice(_MODES[mode])


def _name_of(tool: NamedIn) -> str:
    return tool.server_label or tool.name or tool.type


def _forced(name: str, tools: list[AnyTool]) -> tuple[Choice, tuple[AnyTool, ...]]:
    """A choice names a tool without its namespace: of several in namespaces any is forced, by no others."""
    named = [tool for tool in tools if tool.name == name]
    spaces = [tool.namespace for tool in named if isinstance(tool, Tool) and tool.namespace]
    if len(spaces) < len(named) or not spaces:
        return Choice("one", name), tuple(tools)
    return (Choice("any"), tuple(named)) if len(spaces) > 1 else (Choice("one", name, *spaces), tuple(tools))
