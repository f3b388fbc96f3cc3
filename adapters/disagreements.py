"""Where the dialects disagree, and what becomes of it on the way: shown by the writers, not told by hand.

A setting is written into each dialect, for a client of none of them: what its body holds more than it would
without the setting is the cell of that dialect, with the names of what was dropped, or the 400 that it is.
A part is carried, left out, or refused. Errors, stop reasons, frames and limits are asked of the dialects in
the same way. So a dialect that joins the table has its column, and no word here can be out of date.
"""

import json
from collections.abc import Iterator

import msgspec

from adapters.conversation import (
    PLAIN,
    ChatRequest,
    Choice,
    Format,
    Media,
    Opaque,
    Reasoning,
    Refusal,
    Sampling,
    ServerTool,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolReference,
    ToolResult,
    Turn,
    Written,
)
from adapters.dialect import Dialect
from adapters.events import Reply, StopReason, TextBlock, Usage
from adapters.fault import Fault, FaultKind, Malformed, client_status
from adapters.overflow import CODE, Overflow

REFUSED, LEFT_OUT, CARRIED, NOTHING = "400", "left out", "carried", "-"
# A model for each dialect whose models differ: one that thinks.
_MODELS = {"gemini": "gemini-3-pro", "ollama": "gpt-oss"}
# What stands in a part so that it is found again in what was written; it is base64, too.
_MARK = "TUFSSw=="

_HI = Turn("user", (Text("Hi"),))
_SAID = Turn("assistant", (Text("Hello"),))
_SCHEMA = msgspec.Raw(b'{"type":"object","properties":{},"additionalProperties":false}')
_TOOL = Tool(name="look", schema=_SCHEMA)
_GRAMMAR = msgspec.Raw(b'{"type":"grammar","syntax":"lark","definition":"start: /a/"}')


class Setting(msgspec.Struct, frozen=True):
    """One thing a client may ask for: what is set, and what is there before it is."""

    name: str
    asked: dict[str, object]
    given: dict[str, object] = {}


def _tools(name: str, **asked: object) -> Setting:
    return Setting(name, asked, {"tools": (_TOOL,)})


SETTINGS = (
    Setting("instructions", {"system": (Text("Be brief."),)}),
    Setting(
        "instructions later on",
        {"turns": (_HI, _SAID, Turn("system", (Text("Be brief."),)), _HI)},
        {"turns": (_HI, _SAID, _HI)},
    ),
    Setting("the longest reply", {"max_tokens": 100}),
    Setting("temperature", {"sampling": Sampling(temperature=0.5)}),
    Setting("a high temperature", {"sampling": Sampling(temperature=1.7)}),
    Setting("`top_p`", {"sampling": Sampling(top_p=0.5)}),
    Setting("`top_k`", {"sampling": Sampling(top_k=5)}),
    Setting("a seed", {"sampling": Sampling(seed=7)}),
    Setting("penalties", {"sampling": Sampling(frequency_penalty=0.5, presence_penalty=0.5)}),
    Setting("log probabilities", {"sampling": Sampling(logprobs=True, top_logprobs=2)}),
    Setting("stop sequences", {"stop": ("END",)}),
    Setting("six stop sequences", {"stop": tuple("abcdef")}),
    Setting("thinking, little", {"reasoning": Reasoning("low")}),
    Setting("thinking, much", {"reasoning": Reasoning("high")}),
    Setting("thinking, as much as there is", {"reasoning": Reasoning("max")}),
    Setting("thinking, within 8000 tokens", {"reasoning": Reasoning(budget=8000)}),
    Setting("thinking, as the model likes", {"reasoning": Reasoning()}),
    Setting("no thinking", {"reasoning": Reasoning("none")}),
    Setting("an answer that fits a schema", {"format": Format(schema=_SCHEMA, name="answer", strict=True)}),
    Setting("an answer that is any JSON", {"format": Format()}),
    Setting("two answers", {"answers": 2}),
    Setting("the user", {"user": "u1"}),
    Setting("a cheaper tier", {"service_tier": "flex"}),
    Setting("a stream", {"stream": True}),
    Setting("what only the client's dialect knows", {"extras": {"safeguards": msgspec.Raw(b"[]")}}),
    Setting("a tool", {"tools": (_TOOL,)}),
    _tools("a strict tool", tools=(msgspec.structs.replace(_TOOL, strict=True),)),
    _tools("a tool in a namespace", tools=(msgspec.structs.replace(_TOOL, namespace="eyes"),)),
    _tools("a tool that takes free text", tools=(Tool(name="look", freeform=True, grammar=_GRAMMAR),)),
    _tools(
        "a tool the provider runs",
        tools=(_TOOL, ServerTool("", "web_search", "web_search", msgspec.Raw(b"{}"))),
    ),
    _tools("any tool may be called", choice=Choice("auto")),
    _tools("some tool must be called", choice=Choice("any")),
    _tools("this tool must be called", choice=Choice("one", "look")),
    _tools("no tool may be called", choice=Choice("none")),
    _tools("one call at a time", parallel=False),
)


def _media(kind: str, **where: str) -> Media:
    return msgspec.convert({"kind": kind, "place": "p", **where}, Media)


def _found(shown: Text | Media | ToolReference) -> tuple[Turn, ...]:
    result = ToolResult(id="call_1", parts=(shown,), place="p")
    return (_HI, Turn("assistant", (ToolCall("call_1", "look", "{}"),)), Turn("user", (result,)))


def _opaque(words: str | None) -> Opaque:
    return Opaque("", "k", "p", msgspec.Raw(b"{}"), words)


_PICTURE = _media("image", media_type="image/png", data=_MARK)
_ADDRESS = f"https://example.com/{_MARK}"

# The parts of a conversation, each in its place.
PARTS: dict[str, tuple[Turn, ...]] = {
    "text with a mark for the cache": (Turn("user", (Text(_MARK, cache=msgspec.Raw(b"{}")),)),),
    "an image in base64": (Turn("user", (_PICTURE,)),),
    "an image by its address": (Turn("user", (_media("image", url=_ADDRESS),)),),
    "an image by the id of a file": (Turn("user", (_media("image", file=_MARK),)),),
    "a PDF in base64": (Turn("user", (_media("document", media_type="application/pdf", data=_MARK),)),),
    "a PDF by its address": (Turn("user", (_media("document", url=_ADDRESS),)),),
    "a PDF by the id of a file": (Turn("user", (_media("document", file=_MARK),)),),
    "a document of plain text": (Turn("user", (_media("document", text=_MARK),)),),
    "a sound": (Turn("user", (_media("audio", media_type="audio/wav", data=_MARK),)),),
    "a thought": (_HI, Turn("assistant", (Thinking(_MARK),)), _HI),
    "a thought's signature, of another maker": (
        _HI,
        Turn("assistant", (Thinking("", _MARK, maker="another"),)),
        _HI,
    ),
    "a refusal": (_HI, Turn("assistant", (Refusal(_MARK),)), _HI),
    "arguments that are no JSON": (_HI, Turn("assistant", (ToolCall("call_1", "look", _MARK),))),
    "a tool's result": _found(Text(_MARK)),
    "a tool's image": _found(_PICTURE),
    "a tool that a search found": _found(ToolReference(_MARK)),
    "what only the client's dialect knows": (Turn("user", (_opaque(None),)),),
    "the same, where words say it too": (Turn("user", (_opaque(_MARK),)),),
}


def setting(dialect: Dialect, point: Setting) -> str:
    """Say what becomes of a setting in a dialect: the JSON that stands for it, and what was dropped."""
    try:
        plain, written = _write(dialect, point.given), _write(dialect, {**point.given, **point.asked})
    except Malformed:
        return REFUSED
    before, after = _fields(plain), _fields(written)
    said = {name: value for name, value in after.items() if before.get(name) != value}
    cell = [_json({name: value}) for name, value in said.items()]
    cell += [f"without {name}" for name in before if name not in after]
    cell += [f"{name} dropped" for name in written.dropped if name not in plain.dropped]
    return ", ".join(cell) or NOTHING


def part(dialect: Dialect, turns: tuple[Turn, ...]) -> str:
    """Say what becomes of a part in a dialect: carried, left out, or a 400."""
    try:
        body = _write(dialect, {"turns": turns}).body
    except Malformed:
        return REFUSED
    return CARRIED if _MARK.encode() in body else LEFT_OUT


def longest_name(dialect: Dialect) -> int:
    """Return how long the name of a tool may be: longer ones are made to fit, and back."""
    written = _write(dialect, {"tools": (msgspec.structs.replace(_TOOL, name="n" * 500),)})
    return len(next(iter(written.tools), "n" * 500))


def stop(dialect: Dialect, reason: StopReason) -> str:
    """Return how the end of a reply is told: what a whole one holds that one of another end does not."""
    another: StopReason = "end" if reason == "max_tokens" else "max_tokens"
    told, other = (dict(_leaves(_reply(dialect, end), "")) for end in (reason, another))
    return ", ".join(_json(value) for path, value in told.items() if other.get(path) != value) or NOTHING


def error(dialect: Dialect, kind: FaultKind, status: int) -> str:
    """Return how a fault of a provider of another dialect is told: its status, and the words of its kind."""
    return _told(dialect, Fault(kind, status, "m"))


def overflow(dialect: Dialect) -> str:
    """Return how a conversation that is too long is told: the sentence that clients look for."""
    fault = Fault("invalid_request", 400, "m", CODE, overflow=Overflow(300, 200))
    return _told(dialect, fault)


def _told(dialect: Dialect, fault: Fault) -> str:
    body = json.loads(dialect.write_error(fault, "req"))["error"]
    words = (
        [body]
        if isinstance(body, str)
        else [body.get(name) for name in ("type", "status", "code", "message")]
    )
    said = [str(word) for word in words if word not in (None, "m", fault.status)]
    return " ".join(dict.fromkeys((str(client_status(dialect.name, fault)), *said)))


def _write(dialect: Dialect, changes: dict[str, object]) -> Written:
    request = ChatRequest(dialect="", model=_MODELS.get(dialect.name, "m"), turns=(_HI,))
    if dialect.write_request is None:
        raise Malformed("This dialect only passes through.")
    return dialect.write_request(msgspec.structs.replace(request, **changes), PLAIN)


def _fields(written: Written) -> dict[str, object]:
    body: dict[str, object] = json.loads(written.body)
    return body


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _reply(dialect: Dialect, reason: StopReason) -> object:
    reply = Reply("id", "m", (TextBlock("Hi"),), reason, Usage())
    return json.loads(dialect.write_reply(reply))


def _leaves(value: object, path: str) -> Iterator[tuple[str, object]]:
    """Every value of a document with its place."""
    if isinstance(value, dict | list):
        for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _leaves(inner, f"{path}.{name}")
    else:
        yield path, value
