"""Writing a request of gemini out of the middle: its turns, its tools, its settings.

The model and whether the reply is a stream are said in the path, not here. What the parts of a turn become
is written in `content`, what a model takes is said in `families`.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby

import msgspec

from adapters.conversation import (
    PLAIN,
    ChatRequest,
    ClientTool,
    Opaque,
    Quirks,
    ServerTool,
    Tool,
    Turn,
    Written,
)
from adapters.conversation_order import arranged
from adapters.conversation_settings import said_to_all
from adapters.conversation_tools import FREEFORM_SCHEMA, Names, described, fitted
from adapters.conversation_writing import CLAMPED, Writing
from adapters.dialects.gemini.content import CACHED, Contents
from adapters.dialects.gemini.families import as_given, family_of, thinking_config
from adapters.dialects.gemini.media_read import NAME
from adapters.dialects.gemini.request_read import GENERATION
from adapters.dialects.gemini.schema import inlined, takes_nothing
from adapters.fault import Malformed
from adapters.schema_trim import trimmed

Json = dict[str, object]

LONGEST_NAME = 64
STOPS = 5
# The first turn must be the user's: what stands before a model that speaks first.
OPENING = "(The model begins.)"

_ENCODE = msgspec.json.Encoder().encode
_DECODE_KEYS = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_MODES = {"auto": "AUTO", "any": "ANY", "one": "ANY", "none": "NONE"}
_TIERS = {"default": "standard", "standard_only": "standard", "flex": "flex", "priority": "priority"}
_SAMPLING = {
    "temperature": "temperature",
    "top_p": "topP",
    "top_k": "topK",
    "seed": "seed",
    "frequency_penalty": "frequencyPenalty",
    "presence_penalty": "presencePenalty",
    "logprobs": "responseLogprobs",
    "top_logprobs": "logprobs",
}
# A reply has no place for what these ask for.
_OWN_SAMPLING = ("logprobs", "top_logprobs")
_USER = {"anthropic-messages": "metadata.user_id"}


def write_request(request: ChatRequest, quirks: Quirks = PLAIN) -> Written:
    """Write a request; raise `Malformed` naming the block that cannot be carried, or `n`."""
    if request.answers > 1 and request.dialect != NAME:
        raise Malformed("`n` must be 1: this model's provider gives one answer a request.", param="n")
    return _Writing(request, quirks).written()


class _ToolNames(Names):
    """Names that begin with a letter or `_`, as the API has it."""

    __slots__ = ()

    def sent(self, name: str, namespace: str = "") -> str:
        """Return the name to send for a client's."""
        known = super().sent(name, namespace)
        if known[0].isalpha() or known[0] == "_":
            return known
        begun = fitted(f"_{known} ", LONGEST_NAME)
        self.changed.setdefault(begun, self.changed.pop(known, ClientTool(name, namespace)))
        return begun


class _Writing(Writing):
    """One request being written."""

    __slots__ = ("_family",)

    def __init__(self, request: ChatRequest, quirks: Quirks) -> None:
        super().__init__(request, quirks, NAME, _ToolNames(LONGEST_NAME))
        self._family = family_of(request.model)

    def written(self) -> Written:
        request = self._request
        tools = self._offered(NAME)
        body: Json = dict(self._conversation())
        body.update(self._tool_settings(tools))
        generation = dict(self._generation(tools))
        body.update(self._service_tier())
        if self._own:
            generation.update(_of_generation(request.extras))
            body.update((key, raw) for key, raw in request.extras.items() if not key.startswith(GENERATION))
        else:
            self._drop(request.extras)
        self._refuse(generation)
        if generation:
            body["generationConfig"] = generation
        self._refuse(body)
        self._names.bridge(tools)
        return self._finished(body)

    # --- turns

    def _conversation(self) -> Iterator[tuple[str, object]]:
        """A request of nothing but a system asks with it: there must be a content."""
        system, turns = self._request.system, self._request.turns
        system = tuple(said_to_all(system))
        if not turns:
            system, turns = (), (Turn("user", system),)
        ordered = arranged(turns)
        contents = list(
            Contents(self._names, self._family, own=self._own).of(ordered if self._own else _merged(ordered))
        )
        if contents and contents[0]["role"] == "model" and not self._own:
            contents.insert(0, {"role": "user", "parts": [{"text": OPENING}]})
        yield "contents", contents
        if system:
            yield "systemInstruction", {"parts": [{"text": text.text} for text in system]}
        yield from ((CACHED, raw) for raw in _cached(turns))

    # --- tools

    def _tool_settings(self, tools: Sequence[Tool | ServerTool]) -> Iterator[tuple[str, object]]:
        functions = [self._tool(tool) for tool in tools if isinstance(tool, Tool)]
        declared: list[object] = [{"functionDeclarations": functions}] if functions else []
        declared += [tool.raw for tool in tools if isinstance(tool, ServerTool)]
        if declared:
            yield "tools", declared
        choice = self._request.choice
        if functions and choice is not None:
            calling: Json = {"mode": _MODES[choice.mode]}
            if choice.mode == "one":
                calling["allowedFunctionNames"] = [self._names.sent(choice.name, choice.namespace)]
            yield "toolConfig", {"functionCallingConfig": calling}
        if functions and self._request.parallel is False:
            self._drop(["parallel_tool_calls"])

    def _tool(self, tool: Tool) -> Json:
        function: Json = {"name": self._names.sent(tool.name, tool.namespace)}
        words = described(tool)
        if words is not None:
            function["description"] = words
        schema = self._schema(FREEFORM_SCHEMA if tool.freeform else tool.schema, "tools")
        if schema is not None and (self._own or not takes_nothing(schema)):
            function["parametersJsonSchema"] = schema if self._own else _of_object(schema)
        if tool.strict:
            self._drop(["tools.strict"])
        return function

    def _schema(self, schema: msgspec.Raw | None, place: str) -> msgspec.Raw | None:
        """Clients of this dialect know what their provider takes."""
        if schema is None:
            return None
        return trimmed(schema if self._own else inlined(schema, place), self._quirks.refused_keywords)

    # --- settings

    def _generation(self, tools: Sequence[Tool | ServerTool]) -> Iterator[tuple[str, object]]:
        request = self._request
        if request.max_tokens is not None:
            limit = min(request.max_tokens, self._quirks.most_tokens or request.max_tokens)
            self._drop([CLAMPED] if limit < request.max_tokens else ())
            yield "maxOutputTokens", limit
        yield from self._sampling()
        if request.stop:
            yield "stopSequences", list(request.stop[:STOPS])
            self._drop(["stop"] if len(request.stop) > STOPS else ())
        if request.answers > 1:
            yield "candidateCount", request.answers
        yield from self._thinking()
        yield from self._format(tools)
        if request.user is not None:
            self._drop([_USER.get(request.dialect, "user")])

    def _sampling(self) -> Iterator[tuple[str, object]]:
        for name, value in msgspec.structs.asdict(self._request.sampling).items():
            if value is None:
                continue
            if name in _OWN_SAMPLING and not self._own:
                self._drop([name] if value is not False else ())
            else:
                yield (
                    _SAMPLING[name],
                    min(max(value, 0.0), self._quirks.hottest) if name == "temperature" else value,
                )

    def _thinking(self) -> Iterator[tuple[str, object]]:
        reasoning = self._request.reasoning
        if reasoning is None:
            return
        # A level is refused where there are budgets; all else is taken as the client of this dialect says it.
        exact = self._own and (self._family.budget is None or reasoning.effort in (None, "none"))
        config = as_given(reasoning) if exact else thinking_config(reasoning, self._family, self._quirks)
        if config:
            yield "thinkingConfig", config
        elif reasoning.effort != "none" and not self._own:
            self._drop(["thinking" if self._request.dialect == "anthropic-messages" else "reasoning_effort"])

    def _format(self, tools: Sequence[Tool | ServerTool]) -> Iterator[tuple[str, object]]:
        shape = self._request.format
        if shape is None:
            return
        # Models before 3 refuse a shape beside functions.
        beside = bool(tools) and not self._own and not self._family.formats
        if beside or self._quirks.formats == "words":
            self._drop(["response_format"])
            return
        yield "responseMimeType", "application/json"
        schema = self._schema(shape.schema, "response_format")
        if schema is not None and self._quirks.formats == "object":
            self._drop(["response_format.json_schema"])
        elif schema is not None:
            yield "responseJsonSchema", schema

    def _service_tier(self) -> Iterator[tuple[str, object]]:
        tier = self._request.service_tier
        known = tier if self._own else _TIERS.get(tier or "")
        if known is not None:
            yield "serviceTier", known
        elif tier not in (None, "auto"):
            self._drop(["service_tier"])


def _merged(turns: Sequence[Turn]) -> Iterator[Turn]:
    """The model's turns that follow each other as one: a call must come right after a turn of the user's."""
    for role, run in groupby(turns, key=lambda turn: turn.role):
        if role == "assistant":
            yield Turn(role, tuple(part for turn in run for part in turn.parts))
        else:
            yield from run


def _cached(turns: Sequence[Turn]) -> Iterator[msgspec.Raw]:
    parts = (part for turn in turns for part in turn.parts if isinstance(part, Opaque))
    return (part.raw for part in parts if (part.dialect, part.kind) == (NAME, CACHED))


def _of_generation(extras: dict[str, msgspec.Raw]) -> Iterator[tuple[str, msgspec.Raw]]:
    return ((key.removeprefix(GENERATION), raw) for key, raw in extras.items() if key.startswith(GENERATION))


def _of_object(schema: msgspec.Raw) -> msgspec.Raw:
    """A schema that says it is an object's."""
    fields = _DECODE_KEYS(schema)
    return schema if "type" in fields else msgspec.Raw(_ENCODE({"type": "object", **fields}))
