"""Writing a request of openai-responses out of the middle: its turns, its tools, its settings.

The system is `instructions`: one text that stands before all else, so that a cache of prompts finds the same
beginning in every request of a conversation; every server of this dialect takes it, and not every one takes
a developer. Nothing is kept at the provider for a client of another dialect that did not ask for it, so what
is thought is asked for in a form that the client can hand back. What the parts of a turn become is written in
`content`.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

import msgspec

from adapters.conversation import (
    PLAIN,
    ChatRequest,
    Choice,
    ClientTool,
    Format,
    Quirks,
    ServerTool,
    Tool,
    Turn,
    Written,
)
from adapters.conversation_order import arranged
from adapters.conversation_settings import effort_for, said_to_all
from adapters.conversation_tools import FREEFORM_SCHEMA, Names, described, fitted
from adapters.conversation_writing import Writing
from adapters.dialects.openai_responses.content import BLANK, Item, Items, Json
from adapters.dialects.openai_responses.marks import NAME, is_search, written_home
from adapters.dialects.openai_responses.request_read import Instructions
from adapters.dialects.openai_responses.request_tools import OwnTool
from adapters.fault import Malformed
from adapters.request import decode_part
from adapters.schema_trim import fits_strict, trimmed

LONGEST_NAME = 64
SMALLEST_LIMIT = 16
ENCRYPTED = "reasoning.encrypted_content"

_ENCODE = msgspec.json.Encoder().encode
_DECODE_GRAMMAR = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_EMPTY_SCHEMA = msgspec.Raw(b'{"type":"object","properties":{}}')
_MODES = {"auto": "auto", "any": "required", "none": "none"}
_TIERS = {"standard_only": "default"}
_OWN_TIERS = ("auto", "default", "flex", "scale", "priority", "fast", "ultrafast")
_LONGEST_USER = 64
_HOTTEST = 2.0
_ONLY_ELSEWHERE = ("top_k", "seed", "frequency_penalty", "presence_penalty", "logprobs", "top_logprobs")
# Settings that stand inside others, in extras by both names.
_NESTS = ("reasoning", "text")


def write_request(request: ChatRequest, quirks: Quirks = PLAIN) -> Written:
    """Write a request; raise `Malformed` naming the block that cannot be carried, or `n`."""
    if request.answers > 1:
        raise Malformed("`n` must be 1: this model's provider gives one answer a request.", param="n")
    return _Writing(request, quirks).written()


class _Writing(Writing):
    """One request being written."""

    __slots__ = ("_items",)

    def __init__(self, request: ChatRequest, quirks: Quirks) -> None:
        super().__init__(request, quirks, NAME, Names(LONGEST_NAME))
        self._items = Items(self._names, quirks, own=self._own)

    def written(self) -> Written:
        tools = self._offered(NAME)
        body: Json = {"model": self._request.model}
        body.update(self._conversation())
        body.update(self._tool_settings(tools))
        body.update(self._settings())
        self._refuse(body)
        bridged = {
            self._sent(tool.name, tool.namespace): ClientTool(tool.name, tool.namespace, freeform=True)
            for tool in self._bridged(tools)
        }
        self._names.changed.update(bridged)
        return self._finished(body)

    # --- turns

    def _conversation(self) -> Iterator[tuple[str, object]]:
        """A request of nothing but a system asks with it: there must be an input."""
        request = self._request
        system = said_to_all(request.system)
        if not request.turns:
            yield "input", list(self._items.of([Turn("user", tuple(system))]))
            return
        # What developers say in the input of our own clients stays there, behind the instructions.
        own = [part for part in system if self._own and not isinstance(part, Instructions)]
        first = [part.text for part in system if part not in own]
        if first:
            yield "instructions", BLANK.join(first)
        turns = request.turns if self._own else arranged(request.turns)
        yield "input", [*self._items.message("developer", own), *self._items.of(turns)]

    # --- tools

    def _tool_settings(self, tools: Sequence[Tool | ServerTool]) -> Iterator[tuple[str, object]]:
        """A choice without tools is refused."""
        listed = [tool for tool in tools if not (isinstance(tool, OwnTool) and tool.found)]
        if not tools:
            return
        if listed:
            yield "tools", list(self._listed(listed))
        request, choice = self._request, self._request.choice
        if choice is not None and choice.mode == "one":
            yield "tool_choice", self._forced(choice, tools)
        elif choice is not None:
            yield "tool_choice", _MODES[choice.mode]
        if request.parallel is not None:
            yield "parallel_tool_calls", request.parallel

    def _listed(self, tools: list[Tool | ServerTool]) -> Iterator[Item]:
        for (space, home), group in groupby(tools, _home):
            written = [self._tool(tool) for tool in group]
            if space:
                yield {"type": "namespace", "name": space, "description": home, "tools": written}
            else:
                yield from written

    def _bridged(self, tools: Iterable[Tool | ServerTool]) -> list[Tool]:
        """The tools that take text, where the provider has none such: they are sent as functions."""
        if self._quirks.freeform_tools is not False:
            return []
        return [tool for tool in tools if isinstance(tool, Tool) and tool.freeform]

    def _tool(self, tool: Tool | ServerTool) -> Item:
        if isinstance(tool, Tool) and self._bridged([tool]):
            words, schema = described(tool), FREEFORM_SCHEMA
            tool = Tool(name=tool.name, namespace=tool.namespace, description=words, schema=schema)
        if isinstance(tool, ServerTool | OwnTool):
            return tool.raw
        written: Json = {"type": "custom" if tool.freeform else "function"}
        written["name"] = self._sent(tool.name, tool.namespace)
        if tool.description:
            written["description"] = tool.description
        if tool.freeform:
            return written | ({} if tool.grammar is None else {"format": _flat(tool.grammar)})
        schema = tool.schema or _EMPTY_SCHEMA
        written["parameters"] = trimmed(schema, self._quirks.refused_keywords)
        # Said either way: where it is not, the provider makes a schema strict that looks as if it could be.
        written["strict"] = tool.strict is True and fits_strict(schema)
        self._drop(["tools.strict"] if tool.strict and not written["strict"] else ())
        return written

    def _sent(self, name: str, namespace: str) -> str:
        """A name of our own clients stays in its namespace."""
        return name if self._own else self._names.sent(name, namespace)

    def _forced(self, choice: Choice, tools: Sequence[Tool | ServerTool]) -> Json:
        name = choice.name
        tool = next((tool for tool in tools if tool.name == name), None)
        if isinstance(tool, ServerTool):
            label: Json = {"server_label": name} if tool.kind == "mcp" else {}
            return {"type": tool.kind, **label}
        if self._own and is_search(name, getattr(tool, "namespace", "")):
            return {"type": name}
        freeform = tool is not None and tool.freeform and not self._bridged([tool])
        return {"type": "custom" if freeform else "function", "name": self._sent(name, choice.namespace)}

    # --- settings

    def _settings(self) -> Iterator[tuple[str, object]]:
        request = self._request
        if request.max_tokens is not None:
            limit = min(request.max_tokens, self._quirks.most_tokens or request.max_tokens)
            yield "max_output_tokens", max(limit, SMALLEST_LIMIT)
        reasoning = dict(self._reasoning())
        yield from self._sampling(thinks=reasoning.get("effort", "none") != "none")
        self._drop(["stop"] if request.stop else ())
        shape = {} if request.format is None else {"format": self._format(request.format)}
        for name, said in (("reasoning", reasoning), ("text", shape)):
            fields = {**said, **self._nested(name)}
            if fields:
                yield name, fields
        yield from self._caller()
        if request.stream:
            yield "stream", True
        if self._own:
            yield from ((key, raw) for key, raw in request.extras.items() if not _is_nested(key))
            return
        yield from self._elsewhere()
        shared = {name: raw for name, raw in self._shared().items() if name != "verbosity"}
        yield from {"store": False, **shared}.items()
        yield "include", [ENCRYPTED]

    def _sampling(self, *, thinks: bool) -> Iterator[tuple[str, object]]:
        """How to draw; beside thinking it may be refused, and a client of this dialect is told so itself."""
        sampling = self._request.sampling
        self._drop(name for name in _ONLY_ELSEWHERE if getattr(sampling, name) not in (None, False))
        drawn = {} if sampling.temperature is None else {"temperature": sampling.temperature}
        drawn |= {} if sampling.top_p is None else {"top_p": sampling.top_p}
        if thinks and not self._own and not self._quirks.sampling_beside_thinking:
            self._drop(drawn)
            return
        for name, value in drawn.items():
            yield name, min(max(value, 0.0), _HOTTEST) if name == "temperature" else value

    def _reasoning(self) -> Iterator[tuple[str, object]]:
        reasoning = self._request.reasoning
        if reasoning is None:
            return
        effort = effort_for(reasoning, self._quirks.efforts)
        if effort:
            yield "effort", effort
        elif reasoning.effort or reasoning.budget:
            self._drop(["reasoning.effort" if self._own else "thinking"])
        if not self._own and reasoning.thinks and reasoning.display != "omitted":
            yield "summary", "auto"

    def _nested(self, name: str) -> Json:
        """The settings of our own clients inside another."""
        if not self._own:
            shared = self._shared()
            return {"verbosity": shared["verbosity"]} if name == "text" and "verbosity" in shared else {}
        found = ((key.partition("."), raw) for key, raw in self._request.extras.items())
        return {inner: raw for (outer, _, inner), raw in found if outer == name and inner}

    def _format(self, shape: Format) -> Json:
        if shape.schema is None:
            return {"type": "json_object"}
        written: Json = {"type": "json_schema", "name": fitted(shape.name, LONGEST_NAME)}
        if shape.description is not None:
            written["description"] = shape.description
        written["schema"] = trimmed(shape.schema, self._quirks.refused_keywords)
        if self._own:
            return written | ({} if shape.strict is None else {"strict": shape.strict})
        return written | ({"strict": True} if shape.strict and fits_strict(shape.schema) else {})

    def _caller(self) -> Iterator[tuple[str, object]]:
        """Claude Code's `user_id` is JSON about its machine, for Anthropic alone."""
        request = self._request
        user = request.user
        if user is not None and (self._own or (len(user) <= _LONGEST_USER and user[:1] != "{")):
            yield "user", user
        elif user is not None:
            self._drop(["user"])
        tier = _TIERS.get(request.service_tier or "", request.service_tier)
        if tier is not None and (self._own or tier in _OWN_TIERS):
            yield "service_tier", tier
        elif tier is not None:
            self._drop(["service_tier"])


def _home(tool: Tool | ServerTool) -> tuple[str, str | None]:
    """The namespace a tool is listed in, and what that is for."""
    if not isinstance(tool, OwnTool):
        return "", None
    return written_home(tool.name, tool.namespace), tool.home


def _flat(grammar: msgspec.Raw) -> object:
    """What fits, as this dialect has it: the fields of a grammar beside its type."""
    fields = decode_part(_DECODE_GRAMMAR, grammar, "tools")
    inner = fields.pop("grammar", None)
    return grammar if inner is None else {**fields, **decode_part(_DECODE_GRAMMAR, inner, "tools")}


def _is_nested(key: str) -> bool:
    return key.partition(".")[0] in _NESTS
