"""Writing a request of openai-chat out of the middle: its turns, its tools, its settings.

Thinking is left out unless the provider wants its own thoughts back. What the parts of a turn become is
written in `content`.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence

import msgspec

from adapters.conversation import (
    PLAIN,
    ChatRequest,
    Choice,
    Format,
    Quirks,
    Reasoning,
    Refusal,
    Sampling,
    ServerTool,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResult,
    Turn,
    Written,
)
from adapters.conversation_order import arranged
from adapters.conversation_settings import said_to_all
from adapters.conversation_tools import FREEFORM_SCHEMA, Names, described, fitted
from adapters.conversation_writing import CLAMPED, Writing
from adapters.dialects.openai_chat.content import LONGEST_ID, content_of, joined, result_message, shown
from adapters.dialects.openai_chat.reasoning import asked
from adapters.dialects.openai_chat.request_read import NAME
from adapters.fault import Malformed
from adapters.schema_trim import fits_strict, trimmed

Json = dict[str, object]

LONGEST_NAME = 64

_ENCODE = msgspec.json.Encoder().encode
_EMPTY_SCHEMA = msgspec.Raw(b'{"type":"object","properties":{}}')
_MODES = {"auto": "auto", "any": "required", "none": "none"}
_TIERS = {"auto": "auto", "standard_only": "default"}
_OWN_TIERS = ("auto", "default", "flex", "scale", "priority", "fast")
_LONGEST_USER = 64
# What OpenAI's models draw their tokens by only when they do not think.
_DRAWN = ("temperature", "top_p", "logprobs", "top_logprobs")
_NOT_ASKED = Sampling()
# What is said of the answer's shape where no field says it.
_SHAPE = "Answer with one JSON object and nothing else."
_SCHEMA = "It must fit this JSON schema: "
_NINE = re.compile("[a-zA-Z0-9]{9}")


def write_request(request: ChatRequest, quirks: Quirks = PLAIN) -> Written:
    """Write a request; raise `Malformed` naming the block that cannot be carried, or `n`.

    Several answers are for clients of this dialect alone: the reply of no other has a place for them.
    """
    if request.answers > 1 and request.dialect != NAME:
        raise Malformed("`n` must be 1: this model's provider gives one answer a request.", param="n")
    return _Writing(request, quirks).written()


class _Writing(Writing):
    """One request being written, into its body."""

    __slots__ = ("_body",)

    def __init__(self, request: ChatRequest, quirks: Quirks) -> None:
        super().__init__(request, quirks, NAME, Names(LONGEST_NAME))
        self._body: Json = {"model": request.model}

    def written(self) -> Written:
        tools, body = self._offered(NAME), self._body
        body["messages"] = self._messages()
        if tools:
            self._write_tools(tools)
        self._write_settings()
        self._refuse(body)
        if tools and not self._quirks.freeform_tools:
            self._names.bridge(tools)
        return self._finished(body)

    # --- messages

    def _messages(self) -> list[Json]:
        messages: list[Json] = []
        system = said_to_all(self._request.system) if self._request.system else []
        if self._request.format is not None:
            system += [Text(words) for words in self._shape_in_words()]
        if system:
            messages.append({"role": self._quirks.system_role, "content": joined(system)})
        turns = self._request.turns
        for turn in arranged([_short(turn) for turn in turns] if self._quirks.short_ids else turns):
            if turn.role == "assistant":
                messages.append(self._assistant(turn))
            elif turn.role == "system":
                messages.append(self._system(turn))
            else:
                messages += _user(turn)
        return messages

    def _system(self, turn: Turn) -> Json:
        role = "user" if self._quirks.system_turns is False else self._quirks.system_role
        return {"role": role, "content": joined(turn.parts)}

    def _assistant(self, turn: Turn) -> Json:
        said = [
            part for part in turn.parts if not isinstance(part, ToolCall | Thinking | Refusal | ToolResult)
        ]
        calls = [self._call(part) for part in turn.parts if isinstance(part, ToolCall)]
        refusals = [part.text for part in turn.parts if isinstance(part, Refusal)]
        # A turn of nothing but thoughts has no words left.
        silent = None if calls or refusals else ""
        message: Json = {"role": "assistant", "content": joined(said) if said else silent}
        thoughts = [part.text for part in turn.parts if isinstance(part, Thinking) and part.text]
        if self._quirks.reasoning_field and (thoughts or self._quirks.reasoning_kept):
            message[self._quirks.reasoning_field] = "\n\n".join(thoughts)
        if refusals:
            message["refusal"] = "\n\n".join(refusals)
        if calls:
            message["tool_calls"] = calls
        return message

    def _call(self, call: ToolCall) -> Json:
        name, identity = self._names.sent(call.name, call.namespace), fitted(call.id, LONGEST_ID)
        if not call.freeform:
            # None at all are an empty object: providers that parse them fail at an empty text.
            function = {"name": name, "arguments": call.arguments or "{}"}
            return {"id": identity, "type": "function", "function": function}
        if self._quirks.freeform_tools:
            return {"id": identity, "type": "custom", "custom": {"name": name, "input": call.arguments}}
        arguments = _ENCODE({"input": call.arguments}).decode()
        return {"id": identity, "type": "function", "function": {"name": name, "arguments": arguments}}

    # --- tools

    def _write_tools(self, tools: Sequence[Tool | ServerTool]) -> None:
        """Write tools, of which there are some: an empty list is refused, and a choice without tools."""
        request, body, choice = self._request, self._body, self._choice()
        if choice is not None and choice.mode == "none" and "none" not in self._quirks.choices:
            self._drop(["tools"])  # none may be called
            return
        body["tools"] = [tool.raw if isinstance(tool, ServerTool) else self._tool(tool) for tool in tools]
        if choice is not None and choice.mode == "one":
            forced = {"name": self._names.sent(choice.name, choice.namespace)}
            body["tool_choice"] = {"type": "function", "function": forced}
        elif choice is not None:
            body["tool_choice"] = _MODES[choice.mode]
        if request.parallel is not None:
            body["parallel_tool_calls"] = request.parallel

    def _choice(self) -> Choice | None:
        """The choice, or the nearest that the provider understands; `auto` is what nothing said means."""
        choice, known = self._request.choice, self._quirks.choices
        if choice is None or choice.mode in known or choice.mode == "none":
            return choice
        if choice.mode == "auto":
            return None
        self._drop(["tool_choice"])
        return Choice("any" if "any" in known else "auto")

    def _tool(self, tool: Tool) -> Json:
        if tool.freeform and self._quirks.freeform_tools:
            custom: Json = {
                "name": self._names.sent(tool.name, tool.namespace),
                "description": tool.description,
            }
            custom["format"] = tool.grammar
            given = {key: value for key, value in custom.items() if value is not None}
            return {"type": "custom", "custom": given}
        words = described(tool)
        schema = FREEFORM_SCHEMA if tool.freeform else tool.schema or _EMPTY_SCHEMA
        function: Json = {"name": self._names.sent(tool.name, tool.namespace)}
        if words:
            function["description"] = words
        function["parameters"] = trimmed(schema, self._quirks.refused_keywords)
        if tool.strict and self._quirks.strict and fits_strict(schema):
            function["strict"] = True
        elif tool.strict:
            self._drop(["tools.strict"])
        return {"type": "function", "function": function}

    # --- settings

    def _write_settings(self) -> None:
        request, quirks, body = self._request, self._quirks, self._body
        if request.max_tokens is not None:
            body[quirks.output_limit] = self._limit(request.max_tokens)
        thinking = self._thinking() if request.reasoning is not None or request.choice is not None else {}
        if request.sampling != _NOT_ASKED:
            self._write_sampling(thinks=thinking.get("reasoning_effort", "none") != "none")
        if request.stop:
            body["stop"] = request.stop[: quirks.most_stops]
            self._drop(["stop"] if len(request.stop) > quirks.most_stops else ())
        if thinking:
            body.update(thinking)
        if request.format is not None:
            self._write_format(request.format)
        if request.user is not None or request.service_tier is not None:
            self._write_caller()
        if request.answers > 1:
            body["n"] = request.answers
        if request.stream:
            body["stream"] = True
            body.update({"stream_options": {"include_usage": True}} if quirks.stream_usage else {})
        if request.extras or request.cache_key is not None:
            body.update(request.extras if self._own else (*self._elsewhere(), *self._shared().items()))

    def _limit(self, asked: int) -> int:
        most = self._quirks.most_tokens
        if most is None or asked <= most:
            return asked
        self._drop([CLAMPED])
        return most

    def _write_sampling(self, *, thinks: bool) -> None:
        quirks = self._quirks
        refused = set(_DRAWN if thinks and not quirks.sampling_beside_thinking else ())
        refused.update(() if quirks.top_k else ("top_k",))
        for name, value in msgspec.structs.asdict(self._request.sampling).items():
            if value is None:
                continue
            if name in refused:
                self._drop([name])
            else:
                self._body[name] = min(max(value, 0.0), quirks.hottest) if name == "temperature" else value

    def _thinking(self) -> Json:
        reasoning, choice = self._request.reasoning, self._request.choice
        silent = not self._quirks.thinks_when_forced and choice is not None and choice.mode in ("any", "one")
        quiet = Reasoning("none") if silent else reasoning
        fields, lost = ({}, False) if quiet is None else asked(quiet, self._quirks)
        if lost or (silent and reasoning is not None and reasoning.effort != "none"):
            self._drop(["reasoning_effort" if self._own else "thinking"])
        return fields

    def _write_format(self, shape: Format) -> None:
        formats = self._quirks.formats
        if formats == "words":
            self._drop(["response_format"])
            return
        if shape.schema is None or formats == "object":
            self._body["response_format"] = {"type": "json_object"}
            self._drop(() if shape.schema is None else ["response_format.json_schema"])
            return
        schema: Json = {"name": fitted(shape.name, LONGEST_NAME)}
        if shape.description is not None:
            schema["description"] = shape.description
        schema["schema"] = trimmed(shape.schema, self._quirks.refused_keywords)
        if shape.strict and fits_strict(shape.schema):
            schema["strict"] = True
        self._body["response_format"] = {"type": "json_schema", "json_schema": schema}

    def _shape_in_words(self) -> Iterator[str]:
        """What no field can say: providers that take any object want to be told of it, too."""
        shape, formats = self._request.format, self._quirks.formats
        if shape is None or formats == "schema" or (formats == "object" and shape.schema is None):
            return
        schema = "" if shape.schema is None else f" {_SCHEMA}{bytes(shape.schema).decode()}"
        yield _SHAPE + schema

    def _write_caller(self) -> None:
        """Claude Code's `user_id` is JSON about its machine, for Anthropic alone."""
        request, body = self._request, self._body
        if request.user is not None and len(request.user) <= _LONGEST_USER and request.user[:1] != "{":
            body["user"] = request.user
        elif request.user is not None:
            self._drop(["user" if self._own else "metadata.user_id"])
        tier = request.service_tier
        if tier is not None and (tier in _TIERS or tier in _OWN_TIERS):
            body["service_tier"] = _TIERS.get(tier, tier)
        elif tier is not None:
            self._drop(["service_tier"])


def _user(turn: Turn) -> list[Json]:
    if len(turn.parts) == 1 and isinstance(only := turn.parts[0], Text):
        return [{"role": "user", "content": only.text}]
    results = [part for part in turn.parts if isinstance(part, ToolResult)]
    if not results:
        return [{"role": "user", "content": content_of(turn.parts)}] if turn.parts else []
    messages = [result_message(result) for result in results]
    below = [part for result in results for part in shown(result)]
    return [*messages, {"role": "user", "content": content_of(below)}] if below else messages


def _short(turn: Turn) -> Turn:
    """Give the calls of a turn, and the results, ids of nine letters and digits, the same every time."""
    parts = (
        msgspec.structs.replace(part, id=_nine(part.id)) if isinstance(part, ToolCall | ToolResult) else part
        for part in turn.parts
    )
    return Turn(turn.role, tuple(parts))


def _nine(identity: str) -> str:
    if _NINE.fullmatch(identity):
        return identity
    return hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:9]
