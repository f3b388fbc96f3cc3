"""Writing a request of anthropic-messages out of the middle: its turns, its tools, its settings.

Turns of one side that follow each other become one message, a tool's results first in it. What the parts
of a turn become is written in `content`.
"""

from collections.abc import Iterator, Sequence

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
    Turn,
    Written,
)
from adapters.conversation_order import arranged
from adapters.conversation_tools import FREEFORM_SCHEMA, Names, described
from adapters.conversation_writing import CLAMPED, Writing
from adapters.dialects.anthropic_messages.cache_marks import marked
from adapters.dialects.anthropic_messages.content import Blocks
from adapters.dialects.anthropic_messages.request_read import EFFORTS, NAME
from adapters.fault import Malformed
from adapters.schema_trim import closed, trimmed

Json = dict[str, object]

LONGEST_NAME = 128
SMALLEST_BUDGET = 1024
# The first message must be the user's: what stands before an assistant that speaks first.
OPENING = "(The assistant begins.)"

_ENCODE = msgspec.json.Encoder().encode
_DECODE_KEYS = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_MODES = {"auto": "auto", "any": "any", "one": "tool", "none": "none"}
_TIERS = {"auto": "auto", "default": "standard_only", "standard_only": "standard_only"}
BUDGETS: dict[Effort, int] = {
    "minimal": 1024,
    "low": 2048,
    "medium": 8192,
    "high": 24_576,
    "xhigh": 32_000,
    "max": 63_999,
}
_LONGEST_USER = 256
_COLDEST_TOP_P = 0.95
_ONLY_ELSEWHERE = ("seed", "frequency_penalty", "presence_penalty", "logprobs", "top_logprobs")
# Bounds are a 400 where an answer or a strict tool is held to its schema; the SDK moves the same into words.
_BOUNDS = frozenset(
    (
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minLength",
        "maxLength",
        "pattern",
        "minItems",
        "maxItems",
        "uniqueItems",
        "minProperties",
        "maxProperties",
        "propertyOrdering",
    )
)


def write_request(request: ChatRequest, quirks: Quirks = PLAIN) -> Written:
    """Write a request; raise `Malformed` naming the block that cannot be carried, or `n`."""
    if request.answers > 1:
        raise Malformed("`n` must be 1: this model's provider gives one answer a request.", param="n")
    return _Writing(request, quirks).written()


class _Writing(Writing):
    """One request being written."""

    __slots__ = ("_blocks",)

    def __init__(self, request: ChatRequest, quirks: Quirks) -> None:
        super().__init__(request, quirks, NAME, Names(LONGEST_NAME))
        self._blocks = Blocks(self._names, own=self._own, unsigned=quirks.unsigned_thinking)

    def written(self) -> Written:
        request = self._request
        tools = self._offered(NAME)
        limit = request.max_tokens or self._quirks.default_max_tokens
        limit = min(limit, self._quirks.most_tokens or limit)
        self._drop([CLAMPED] if limit < (request.max_tokens or 0) else ())
        body: Json = {"model": request.model, "max_tokens": limit}
        body.update(self._conversation())
        body.update(self._tool_settings(tools))
        body.update(self._settings(limit))
        self._refuse(body)
        self._names.bridge(tools)
        return self._finished(marked(request, body) if self._quirks.cache_marks else body)

    # --- turns

    def _conversation(self) -> Iterator[tuple[str, object]]:
        """A request of nothing but a system asks with it: there must be a message."""
        system, turns = self._request.system, self._request.turns
        if not turns:
            system, turns = (), (Turn("user", system),)
        blocks = list(self._blocks.of(system))
        if len(blocks) == 1 and blocks[0].keys() == {"type", "text"}:
            yield "system", blocks[0]["text"]
        elif blocks:
            yield "system", blocks
        yield "messages", self._messages(arranged(turns))

    def _messages(self, turns: list[Turn]) -> list[Json]:
        merged: list[tuple[str, list[Json]]] = []
        for turn in turns:
            role = "user" if turn.role == "system" and not self._system_turns else turn.role
            blocks = list(self._blocks.of(turn.parts))
            if blocks and merged and merged[-1][0] == role:
                merged[-1][1].extend(blocks)
            elif blocks:
                merged.append((role, blocks))
        if merged and merged[0][0] == "assistant":
            merged.insert(0, ("user", [{"type": "text", "text": OPENING}]))
        if merged and merged[-1][0] == "assistant":
            _trim_end(merged[-1][1][-1])
        return [{"role": role, "content": _plain(blocks)} for role, blocks in merged]

    @property
    def _system_turns(self) -> bool:
        """Clients of this dialect know where their provider takes one; of others only the quirks know."""
        return self._own if self._quirks.system_turns is None else self._quirks.system_turns

    # --- tools

    def _tool_settings(self, tools: Sequence[Tool | ServerTool]) -> Iterator[tuple[str, object]]:
        if not tools:
            return
        yield "tools", [tool.raw if isinstance(tool, ServerTool) else self._tool(tool) for tool in tools]
        request, choice = self._request, self._request.choice
        if choice is None and request.parallel is None:
            return
        chosen: Json = {"type": _MODES[choice.mode] if choice else "auto"}
        if choice and choice.mode == "one":
            chosen["name"] = self._names.sent(choice.name, choice.namespace)
        if request.parallel is not None and chosen["type"] != "none":
            chosen["disable_parallel_tool_use"] = not request.parallel
        yield "tool_choice", chosen

    def _tool(self, tool: Tool) -> Json:
        written: Json = {"name": self._names.sent(tool.name, tool.namespace)}
        words = described(tool)
        if words is not None:
            written["description"] = words
        schema = FREEFORM_SCHEMA if tool.freeform else _object_schema(tool.schema)
        written["input_schema"] = self._taken(schema) if tool.strict else self._trimmed(schema)
        if tool.strict is not None:
            written["strict"] = tool.strict
        if tool.deferred:
            written["defer_loading"] = True
        if tool.cache is not None:
            written["cache_control"] = tool.cache
        return written

    # --- settings

    def _settings(self, limit: int) -> Iterator[tuple[str, object]]:
        request = self._request
        thinking = self._thinking(limit)
        if thinking:
            yield "thinking", thinking
        yield from self._sampling(thinks=thinking.get("type") in ("adaptive", "enabled"))
        stops = [stop for stop in request.stop if stop.strip()]
        if stops:
            yield "stop_sequences", stops
        self._drop(["stop"] if len(stops) < len(request.stop) else ())
        output = dict(self._output())
        if output:
            yield "output_config", output
        yield from self._caller()
        if request.stream:
            yield "stream", True
        if self._own:
            yield from request.extras.items()
        else:
            self._drop(request.extras)

    def _thinking(self, limit: int) -> Json:
        reasoning = self._request.reasoning
        if self._forced and not self._own and not self._quirks.thinks_when_forced:
            self._drop(["reasoning_effort"] if reasoning and reasoning.effort != "none" else ())
            return {"type": "disabled"}
        if reasoning is None or not (reasoning.thinks or reasoning.effort == "none"):
            return {}
        if self._quirks.thinking == "none":
            self._drop(
                () if reasoning.effort == "none" else ["thinking" if self._own else "reasoning_effort"]
            )
            return {}
        always = self._quirks.thinking == "always" and not self._own
        if reasoning.effort == "none":
            return {} if always else {"type": "disabled"}
        display = {} if reasoning.display is None else {"display": reasoning.display}
        if not self._own and self._must_not_think():
            self._drop(["reasoning_effort"])
            return {}
        if always or (reasoning.budget is None and self._quirks.thinking != "budget"):
            return {"type": "adaptive", **display}
        budget = min(reasoning.budget or BUDGETS[reasoning.effort or "high"], limit - 1)
        if budget < SMALLEST_BUDGET:
            self._drop(["thinking" if self._own else "reasoning_effort"])
            return {}
        return {"type": "enabled", "budget_tokens": budget, **display}

    def _must_not_think(self) -> bool:
        """Thinking is refused with a forced tool, and with a budget after a call that no thought led to."""
        if self._forced:
            return True
        turns = [turn for turn in self._request.turns if turn.role == "assistant"]
        parts = turns[-1].parts if turns and self._quirks.thinking == "budget" else ()
        called = any(isinstance(part, ToolCall) for part in parts)
        thought = [part for part in parts if isinstance(part, Thinking)]
        signed = any(part.signature and part.maker == NAME for part in thought)
        return called and not (signed or (thought and self._quirks.unsigned_thinking))

    @property
    def _forced(self) -> bool:
        choice = self._request.choice
        return choice is not None and choice.mode in ("any", "one")

    def _sampling(self, *, thinks: bool) -> Iterator[tuple[str, object]]:
        """Beside thinking the provider draws as it likes; a client of this dialect is told so itself."""
        sampling = self._request.sampling
        self._drop(name for name in _ONLY_ELSEWHERE if getattr(sampling, name) not in (None, False))
        temperature, top_p, top_k = sampling.temperature, sampling.top_p, sampling.top_k
        if not self._own and thinks:
            temperature, top_k = None, None
            top_p = top_p if top_p is not None and top_p >= _COLDEST_TOP_P else None
        if not self._own and temperature is not None:
            # Newer models refuse the two together.
            top_p = None
        given = {"temperature": temperature, "top_p": top_p, "top_k": top_k}
        self._drop(
            name for name, kept in given.items() if kept is None and getattr(sampling, name) is not None
        )
        if temperature is not None:
            given["temperature"] = min(max(temperature, 0.0), 1.0)
        yield from ((name, value) for name, value in given.items() if value is not None)

    def _output(self) -> Iterator[tuple[str, object]]:
        reasoning, shape = self._request.reasoning, self._request.format
        effort = self._effort(reasoning) if reasoning else None
        if effort:
            yield "effort", EFFORTS.get(effort, "low")
        if shape is not None and shape.schema is not None:
            yield "format", {"type": "json_schema", "schema": self._taken(shape.schema)}
        elif shape is not None:
            self._drop(["response_format"])

    def _taken(self, schema: msgspec.Raw) -> msgspec.Raw:
        """A schema that is insisted on: objects closed, no bounds; a client of this dialect knows itself."""
        return self._trimmed(schema if self._own else trimmed(closed(schema), _BOUNDS))

    def _trimmed(self, schema: msgspec.Raw) -> msgspec.Raw:
        return trimmed(schema, self._quirks.refused_keywords)

    def _effort(self, reasoning: Reasoning) -> Effort | None:
        """The effort asked for, or that of a budget where the model takes none."""
        way, effort = self._quirks.thinking, reasoning.effort
        if effort is None and reasoning.budget is not None and way == "always" and not self._own:
            return next((name for name, most in BUDGETS.items() if reasoning.budget <= most), "max")
        taken = effort != "none" and (self._own or way in ("adaptive", "always"))
        return effort if taken else None

    def _caller(self) -> Iterator[tuple[str, object]]:
        request = self._request
        if request.user is not None and len(request.user) <= _LONGEST_USER:
            yield "metadata", {"user_id": request.user}
        elif request.user is not None:
            self._drop(["user"])
        if request.service_tier in _TIERS:
            yield "service_tier", _TIERS[request.service_tier]
        elif request.service_tier is not None:
            self._drop(["service_tier"])


def _object_schema(schema: msgspec.Raw | None) -> msgspec.Raw:
    """A schema that says it is an object's: without that word a tool is refused."""
    fields = {} if schema is None else _DECODE_KEYS(schema)
    if "type" in fields and schema is not None:
        return schema
    return msgspec.Raw(_ENCODE({"type": "object", "properties": {}, **fields}))


def _plain(blocks: list[Json]) -> object:
    """One text without marks is written as a string."""
    alone = len(blocks) == 1 and blocks[0].keys() == {"type", "text"}
    return blocks[0]["text"] if alone else blocks


def _trim_end(block: Json) -> None:
    """The last words of the assistant must not end in a blank."""
    if block["type"] == "text":
        block["text"] = str(block["text"]).rstrip()
