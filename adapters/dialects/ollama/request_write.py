"""Writing a request of ollama out of the middle: its messages, its tools, its settings.

No prompt is to be cut without a word: where the client is not Ollama's own, one that is too long is refused
(`truncate`), and the client makes it shorter itself. Thinking is asked for in levels only where a model is
known to have them: the others think when they can, and refuse to be asked when they cannot.
"""

import re
from collections.abc import Iterator
from typing import Final

import msgspec

from adapters.conversation import (
    PLAIN,
    ChatRequest,
    Effort,
    Quirks,
    Reasoning,
    ServerTool,
    Thinking,
    Tool,
    ToolCall,
    ToolResult,
    Turn,
    Written,
)
from adapters.conversation_order import arranged
from adapters.conversation_settings import BUDGETS, said_to_all
from adapters.conversation_tools import FREEFORM_SCHEMA, Names, described
from adapters.conversation_writing import Writing
from adapters.dialects.ollama.arguments import as_object
from adapters.dialects.ollama.content import joined, result_message, said, shown
from adapters.dialects.ollama.request_read import LEVELS, NAME, OPTION
from adapters.fault import Malformed
from adapters.schema_trim import trimmed

Json = dict[str, object]

LONGEST_NAME: Final = 64
EFFORTS: Final[dict[Effort, str]] = {
    "minimal": "low",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "max",
    "max": "max",
}
# Models that have levels, whoever serves them; for others a row says so, by naming other efforts than plain.
_LEVELLED = re.compile(r"(?:.*/)?gpt-oss\b")

_ENCODE = msgspec.json.Encoder().encode
_EMPTY_SCHEMA = msgspec.Raw(b'{"type":"object","properties":{}}')


def write_request(request: ChatRequest, quirks: Quirks = PLAIN) -> Written:
    """Write a request; raise `Malformed` naming the block that cannot be carried, or `n`."""
    if request.answers > 1:
        raise Malformed("`n` must be 1: this model's provider gives one answer a request.", param="n")
    return _Writing(request, quirks).written()


class _Writing(Writing):
    """One request being written."""

    __slots__ = ("_called",)

    def __init__(self, request: ChatRequest, quirks: Quirks) -> None:
        super().__init__(request, quirks, NAME, Names(LONGEST_NAME))
        self._called: dict[str, str] = {}  # the names of calls, as sent, by their ids

    def written(self) -> Written:
        tools = self._offered(NAME)
        body: Json = {"model": self._request.model, "messages": list(self._messages())}
        body.update(self._tool_settings(tools))
        body.update(self._settings())
        self._refuse(body)
        self._names.bridge(tools)
        return self._finished(body)

    # --- messages

    def _messages(self) -> Iterator[Json]:
        # An empty one would take the place of the model's own.
        system = said_to_all(self._request.system)
        if system:
            yield {"role": "system", "content": joined(system)}
        for turn in arranged(self._request.turns):
            if turn.role == "assistant":
                yield self._assistant(turn)
            elif turn.role == "system":
                role = "user" if self._quirks.system_turns is False else "system"
                yield {"role": role, "content": joined(turn.parts)}
            else:
                yield from self._user(turn)

    def _user(self, turn: Turn) -> Iterator[Json]:
        results = [part for part in turn.parts if isinstance(part, ToolResult)]
        for result in results:
            yield result_message(result, self._called[result.id], result.id)
        below = [part for result in results for part in shown(result, self._called[result.id])]
        rest = below if results else turn.parts
        if rest:
            yield {"role": "user", **said(rest)}

    def _assistant(self, turn: Turn) -> Json:
        rest = [part for part in turn.parts if not isinstance(part, ToolCall | Thinking | ToolResult)]
        message: Json = {"role": "assistant", **said(rest)}
        thoughts = [part.text for part in turn.parts if isinstance(part, Thinking) and part.text]
        if thoughts:
            message["thinking"] = "\n\n".join(thoughts)
        calls = [self._call(part) for part in turn.parts if isinstance(part, ToolCall)]
        if calls:
            message["tool_calls"] = calls
        return message

    def _call(self, call: ToolCall) -> Json:
        name = self._called[call.id] = self._names.sent(call.name, call.namespace)
        arguments = _ENCODE({"input": call.arguments}).decode() if call.freeform else call.arguments
        return {"id": call.id, "function": {"name": name, "arguments": as_object(arguments)}}

    # --- tools

    def _tool_settings(self, tools: list[Tool | ServerTool]) -> Iterator[tuple[str, object]]:
        """No choice among tools can be said: to let none be called, none is offered."""
        choice = self._request.choice
        if not tools or (choice is not None and choice.mode == "none"):
            return
        yield "tools", [self._tool(tool) for tool in tools if isinstance(tool, Tool)]
        if choice is not None and choice.mode != "auto":
            self._drop(["tool_choice"])
        if self._request.parallel is False:
            self._drop(["parallel_tool_calls"])

    def _tool(self, tool: Tool) -> Json:
        function: Json = {"name": self._names.sent(tool.name, tool.namespace)}
        words = described(tool)
        if words:
            function["description"] = words
        schema = FREEFORM_SCHEMA if tool.freeform else tool.schema or _EMPTY_SCHEMA
        function["parameters"] = trimmed(schema, self._quirks.refused_keywords)
        if tool.strict:
            self._drop(["tools.strict"])
        return {"type": "function", "function": function}

    # --- settings

    def _settings(self) -> Iterator[tuple[str, object]]:
        request = self._request
        if request.format is not None:
            schema = request.format.schema
            yield "format", "json" if schema is None else trimmed(schema, self._quirks.refused_keywords)
        options = dict(self._options())
        if options:
            yield "options", options
        yield from self._think()
        for name in ("logprobs", "top_logprobs"):
            value = getattr(request.sampling, name)
            if value is not None:
                yield name, value
        # Said either way: who says nothing gets a stream.
        yield "stream", request.stream
        if not self._own:
            yield "truncate", False
        yield from self._extras()
        self._drop(name for name in ("user", "service_tier") if getattr(request, name) is not None)

    def _options(self) -> Iterator[tuple[str, object]]:
        request = self._request
        if request.max_tokens is not None:
            yield "num_predict", min(request.max_tokens, self._quirks.most_tokens or request.max_tokens)
        for name, value in msgspec.structs.asdict(request.sampling).items():
            if value is not None and "logprobs" not in name:
                yield name, value
        if request.stop:
            yield "stop", list(request.stop)
        if self._own:
            for name, raw in request.extras.items():
                if name.startswith(OPTION):
                    yield name.removeprefix(OPTION), raw

    def _extras(self) -> Iterator[tuple[str, object]]:
        if self._own:
            yield from (
                (name, raw) for name, raw in self._request.extras.items() if not name.startswith(OPTION)
            )
        else:
            self._drop(self._request.extras)

    def _think(self) -> Iterator[tuple[str, object]]:
        reasoning = self._request.reasoning
        if reasoning is None:
            return
        if reasoning.effort == "none" or not (reasoning.thinks or reasoning.effort):
            yield "think", False
            return
        level = _level(reasoning)
        if level is None:
            # As much as the model likes is what a model does that can think.
            yield from [("think", True)] if self._own else []
        elif self._own or level in self._levels():
            yield "think", level
        else:
            self._drop(["thinking"])

    def _levels(self) -> tuple[str, ...]:
        efforts = self._quirks.efforts
        if efforts != PLAIN.efforts:
            return tuple(EFFORTS[effort] for effort in efforts if effort in EFFORTS)
        return tuple(LEVELS) if _LEVELLED.match(self._request.model) else ()


def _level(reasoning: Reasoning) -> str | None:
    if reasoning.budget is not None:
        return next((level for most, level in BUDGETS if reasoning.budget <= most), "high")
    return EFFORTS.get(reasoning.effort) if reasoning.effort else None
