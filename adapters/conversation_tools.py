"""Tools on their way to a dialect that is not the client's: which are offered, and under which names.

A name that is too long or holds what the target refuses is sent as a short one, made of the name and its
digest: the same name gives the same short name in every request, and two names never share one.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator

import msgspec

from adapters.conversation import (
    ChatRequest,
    Choice,
    ClientTool,
    ServerTool,
    Tool,
    ToolCall,
    ToolReference,
    ToolResult,
)
from adapters.fault import Malformed

# Claude Code keeps a place in its list with a tool of this name that nobody can call.
PLACEHOLDER = "DeferredToolPlaceholder"
# Anthropic's search among deferred tools: without it nothing would ever name them.
_SEARCH = "tool_search_tool"
_FORBIDDEN = re.compile(r"[^a-zA-Z0-9_-]")
_DIGEST = 8
# Between a namespace and a name.
JOINT = "__"
# What a freeform tool is where there are only functions.
FREEFORM_SCHEMA = msgspec.Raw(
    b'{"type":"object","properties":{"input":{"type":"string"}},'
    b'"required":["input"],"additionalProperties":false}'
)


def fitted(name: str, longest: int) -> str:
    """Return the name if it is of letters, digits, `_` and `-` and not too long, else one made from it."""
    plain = _FORBIDDEN.sub("_", name)
    if plain == name and 0 < len(name) <= longest:
        return name
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST]
    return f"{plain[: longest - _DIGEST - 1]}_{digest}"


class Names:
    """The names of one request's tools as they are sent; `changed` leads back from sent to the client's tool.

    A tool in a namespace is sent under both names, for no dialect but its own knows namespaces.
    """

    __slots__ = ("_longest", "_sent", "_taken", "changed")

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._sent: dict[tuple[str, str], str] = {}
        self._taken: set[str] = set()
        self.changed: dict[str, ClientTool] = {}

    def sent(self, name: str, namespace: str = "") -> str:
        """Return the name to send for a client's."""
        known = self._sent.get((name, namespace))
        if known is None:
            whole = f"{namespace}{JOINT}{name}" if namespace else name
            known = fitted(whole, self._longest)
            while known in self._taken:
                # A mark that no name may have: what is made of it has a digest.
                known = fitted(whole := f"{whole} ", self._longest)
            self._sent[name, namespace] = known
            self._taken.add(known)
            if known != name:
                self.changed[known] = ClientTool(name, namespace)
        return known

    def bridge(self, tools: Iterable[Tool | ServerTool]) -> None:
        """Note the freeform tools, which are sent as functions with one string."""
        for tool in tools:
            if isinstance(tool, Tool) and tool.freeform:
                sent = self.sent(tool.name, tool.namespace)
                self.changed[sent] = ClientTool(tool.name, tool.namespace, freeform=True)


def offered(request: ChatRequest, dialect: str) -> tuple[list[Tool | ServerTool], list[str]]:
    """Return the tools to send to a dialect and what was dropped; raise `Malformed` if that was forced."""
    if request.dialect == dialect:
        return list(request.tools), []
    tools = [tool for tool in request.tools if tool.name != PLACEHOLDER]
    foreign = [tool for tool in tools if isinstance(tool, ServerTool) and tool.dialect != dialect]
    searched = any(tool.kind.startswith(_SEARCH) for tool in foreign)
    loaded = None if searched else _loaded(request)
    kept = [tool for tool in tools if tool not in foreign and _is_loaded(tool, loaded)]
    _refuse_if_forced(request.choice, foreign, kept)
    return kept, [f"tools.{tool.kind}" for tool in foreign]


def described(tool: Tool) -> str | None:
    """What a function says of itself; a freeform tool that becomes one says what fits its one string."""
    if not tool.freeform:
        return tool.description
    said = "Write the whole text into `input`, as it is."
    fits = (
        ""
        if tool.grammar is None
        else f"What fits, as a grammar: {bytes(tool.grammar).decode(errors='replace')}"
    )
    return "\n\n".join(filter(None, (tool.description, said, fits)))


def _is_loaded(tool: Tool | ServerTool, loaded: set[str] | None) -> bool:
    return isinstance(tool, ServerTool) or not tool.deferred or loaded is None or tool.name in loaded


def _loaded(request: ChatRequest) -> set[str]:
    """The tools that were found, called or asked for: such a tool is no longer deferred."""
    names = set(_named(request)) if any(isinstance(t, Tool) and t.deferred for t in request.tools) else set()
    return names | ({request.choice.name} if request.choice else set())


def _named(request: ChatRequest) -> Iterator[str]:
    for part in (part for turn in request.turns for part in turn.parts):
        if isinstance(part, ToolCall | ToolReference):
            yield part.name
        elif isinstance(part, ToolResult):
            yield from (inner.name for inner in part.parts if isinstance(inner, ToolReference))


def _refuse_if_forced(
    choice: Choice | None, foreign: list[ServerTool], kept: list[Tool | ServerTool]
) -> None:
    if choice is None or not foreign:
        return
    forced = [tool for tool in foreign if choice.mode == "one" and tool.name == choice.name]
    if forced or (choice.mode == "any" and not kept):
        kind = (forced or foreign)[0].kind
        raise Malformed(
            f"`tool_choice` forces `{kind}`, which this model's provider does not have.", param="tool_choice"
        )
