"""The items of a request of openai-responses, read into the turns of the middle.

What a model says in one go are several items here: what it thought, its message, its calls. They become one
turn, with one message at most, so that they can be told apart again. Messages of developers before the first
turn are the system. What a search has found may be called from there on.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar

import msgspec

from adapters.conversation import (
    Opaque,
    Part,
    Refusal,
    Role,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Turn,
)
from adapters.conversation_tools import JOINT
from adapters.dialects.openai_responses.hosted import words_of
from adapters.dialects.openai_responses.marks import (
    NAME,
    SEARCH,
    is_packed,
    opened_summary,
    packed,
    plain_home,
)
from adapters.dialects.openai_responses.request_parts import parts_of
from adapters.dialects.openai_responses.request_tools import AnyTool, read_tools
from adapters.dialects.openai_responses.request_wire import (
    CallIn,
    CompactionIn,
    KindIn,
    MessageIn,
    OutputIn,
    ReasoningIn,
)
from adapters.dialects.openai_responses.wire import NULL
from adapters.fault import Malformed
from adapters.literal import text_of
from adapters.request import decode_part
from adapters.seal import unsealed

# What stands before a summary that a model wrote for itself.
SUMMARY_OPENING = "The conversation up to here, in short. Go on from it.\n\n"
SUMMARY_REQUEST = (
    "Stop here and write down this conversation in short. Whoever goes on with it will have nothing but what"
    " you write: say what was asked for and why, what has been done and found, what was decided, which files,"
    " names, commands and values matter, word for word, what went wrong, and what is to be done next. Call no"
    " tool, and answer with the summary alone."
)

_ROLES: dict[str, Role] = {
    "user": "user",
    "assistant": "assistant",
    "system": "system",
    "developer": "system",
}
_DECODE_KIND = msgspec.json.Decoder(KindIn).decode
_DECODE_MESSAGE = msgspec.json.Decoder(MessageIn).decode
_DECODE_REASONING = msgspec.json.Decoder(ReasoningIn).decode
_DECODE_CALL = msgspec.json.Decoder(CallIn).decode
_DECODE_OUTPUT = msgspec.json.Decoder(OutputIn).decode
_DECODE_COMPACTION = msgspec.json.Decoder(CompactionIn).decode
_BLANK = "\n\n"


class OwnThinking(Thinking, frozen=True, gc=False, kw_only=True):
    """A thought whose item is as OpenAI made it."""

    raw: msgspec.Raw


class Items:
    """The items read so far: the system, the turns, the tools a search has found."""

    __slots__ = ("_kept", "_last", "_turns", "compaction", "found", "system")

    def __init__(self, *, kept: bool = True) -> None:
        self._kept = kept  # whether the provider may know an item by its id
        self.system: list[Text] = []
        self.found: list[AnyTool] = []
        self.compaction = False
        self._turns: list[tuple[Role, list[Part]]] = []
        self._last = ""  # the kind of item the open turn has a message of

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The turns, complete."""
        return tuple(Turn(role, tuple(parts)) for role, parts in self._turns)

    def read(self, items: str | list[msgspec.Raw]) -> None:
        """Read an input; raise `Malformed` with the place of what is wrong."""
        if isinstance(items, str):
            self._add("user", [Text(items)])
            return
        for index, raw in enumerate(items):
            place = f"input[{index}]"
            if self.compaction:
                raise Malformed(f"`{place}`: nothing may follow a `compaction_trigger`.", param=place)
            kind = decode_part(_DECODE_KIND, raw, place)
            name = kind.type or ("message" if kind.role else "")
            if not name:
                raise Malformed(f"`{place}.type` is required.", param=f"{place}.type")
            read = self._ITEMS.get(name)
            if read is None:
                self._opaque(name, raw, place)
            else:
                read(self, raw, place)

    def _add(self, role: Role, parts: Iterable[Part], *, message: bool = False) -> None:
        """Add parts to the open turn of the model, or begin a turn; a turn has one message."""
        given = list(parts)
        if not given:
            return
        joins = role == "assistant" and self._turns and self._turns[-1][0] == role
        if joins and not (message and self._last == "message"):
            self._turns[-1][1].extend(given)
            self._last = "message" if message else self._last
        else:
            self._turns.append((role, given))
            self._last = "message" if message else ""

    # --- what is said

    def _message(self, raw: msgspec.Raw, place: str) -> None:
        message = decode_part(_DECODE_MESSAGE, raw, place)
        role = _ROLES.get(message.role)
        if role is None:
            raise Malformed(f"`{place}.role` {message.role!r} is not known.", param=f"{place}.role")
        parts = parts_of(message.content, f"{place}.content")
        if role != "system":
            self._add(role, parts, message=True)
            return
        texts = list(_only_texts(parts, place))
        if self._turns:
            self._add(role, texts)
        else:
            self.system += texts

    def _reasoning(self, raw: msgspec.Raw, place: str) -> None:
        item = decode_part(_DECODE_REASONING, raw, place)
        shown = item.summary or item.content or ()
        text = _BLANK.join(part.text for part in shown if part.text)
        seal = unsealed(item.encrypted_content or "", NAME)
        bare = not seal.signature and not self._kept
        if seal.maker != NAME or is_packed(seal.signature) or bare:
            self._think(Thinking(text, seal.signature, seal.redacted, seal.maker))
        else:
            self._think(OwnThinking(text, packed(item.id or "", seal.signature), maker=NAME, raw=raw))

    def _think(self, thought: Thinking) -> None:
        if thought.text or thought.signature or thought.redacted is not None:
            self._add("assistant", [thought])

    # --- what is called

    def _call(self, raw: msgspec.Raw, place: str) -> None:
        call = decode_part(_DECODE_CALL, raw, place)
        home = call.namespace or plain_home(call.name)
        arguments = _arguments(call.arguments, f"{place}.arguments")
        self._add("assistant", [ToolCall(_id_of(call, place), call.name, arguments, namespace=home)])

    def _custom_call(self, raw: msgspec.Raw, place: str) -> None:
        call = decode_part(_DECODE_CALL, raw, place)
        home, text = call.namespace or plain_home(call.name), call.input or ""
        self._add(
            "assistant", [ToolCall(_id_of(call, place), call.name, text, freeform=True, namespace=home)]
        )

    def _search_call(self, raw: msgspec.Raw, place: str) -> None:
        call = decode_part(_DECODE_CALL, raw, place)
        if call.execution == "server" or not call.call_id:
            self._opaque("tool_search_call", raw, place)
            return
        arguments = _arguments(call.arguments, f"{place}.arguments")
        self._add("assistant", [ToolCall(call.call_id, SEARCH, arguments)])

    # --- what it brought

    def _output(self, raw: msgspec.Raw, place: str) -> None:
        item = decode_part(_DECODE_OUTPUT, raw, place)
        parts = parts_of(item.output, f"{place}.output")
        kept = tuple(Text(part.text) if isinstance(part, Refusal) else part for part in parts)
        self._add("user", [ToolResult(id=_id_of(item, place), parts=kept, place=place)])

    def _search_output(self, raw: msgspec.Raw, place: str) -> None:
        item = decode_part(_DECODE_OUTPUT, raw, place)
        tools = self._find(item, place)
        if not item.call_id:
            self._opaque("tool_search_output", raw, place)
            return
        said = Opaque(NAME, "tool_search_output", place, raw, _loaded(tools))
        self._add("user", [ToolResult(id=item.call_id, parts=(said,), place=place)])

    def _additional_tools(self, raw: msgspec.Raw, place: str) -> None:
        tools = self._find(decode_part(_DECODE_OUTPUT, raw, place), place)
        self._add("system", [Opaque(NAME, "additional_tools", place, raw, _loaded(tools))])

    def _find(self, item: OutputIn, place: str) -> list[AnyTool]:
        tools = list(read_tools(item.tools or (), f"{place}.tools"))
        self.found += tools
        return tools

    # --- what stands for the rest of the conversation

    def _compaction(self, raw: msgspec.Raw, place: str) -> None:
        summary = opened_summary(decode_part(_DECODE_COMPACTION, raw, place).encrypted_content)
        if summary is None:
            self._add("user", [Opaque(NAME, "compaction", place, raw)])
        elif summary:
            self._add("user", [Text(SUMMARY_OPENING + summary)])
        else:
            raise Malformed(f"`{place}`: the compaction was changed and cannot be read.", param=place)

    def _trigger(self, raw: msgspec.Raw, place: str) -> None:  # noqa: ARG002 - one shape for all items
        self.compaction = True
        self._add("user", [Text(SUMMARY_REQUEST)])

    def _reference(self, raw: msgspec.Raw, place: str) -> None:  # noqa: ARG002 - one shape for all items
        raise Malformed(
            f"`{place}`: an `item_reference` points to what a provider keeps, and this request may go to"
            " another one. Send the item itself, as SDKs do with `store` set to false.",
            param=place,
        )

    def _opaque(self, kind: str, raw: msgspec.Raw, place: str) -> None:
        role: Role = "user" if kind.endswith(("_output", "_response")) else "assistant"
        self._add(role, [Opaque(NAME, kind, place, raw, words_of(kind, raw, place))])

    _ITEMS: ClassVar[dict[str, Callable[[Any, msgspec.Raw, str], None]]] = {
        "message": _message,
        "reasoning": _reasoning,
        "function_call": _call,
        "function_call_output": _output,
        "custom_tool_call": _custom_call,
        "custom_tool_call_output": _output,
        "tool_search_call": _search_call,
        "tool_search_output": _search_output,
        "additional_tools": _additional_tools,
        "compaction": _compaction,
        "compaction_trigger": _trigger,
        "item_reference": _reference,
    }


def _only_texts(parts: Iterable[Part], place: str) -> Iterator[Text]:
    for index, part in enumerate(parts):
        if not isinstance(part, Text):
            where = f"{place}.content[{index}]"
            raise Malformed(f"`{where}`: only text can stand in a message of the system's.", param=where)
        yield part


def _id_of(item: CallIn | OutputIn, place: str) -> str:
    if not item.call_id:
        raise Malformed(f"`{place}.call_id` is required.", param=f"{place}.call_id")
    return item.call_id


def _arguments(raw: msgspec.Raw, place: str) -> str:
    """The arguments as text: a search, and some clients, have them as an object."""
    if raw == NULL:
        return ""
    return decode_part(_as_text, raw, place)


def _as_text(raw: bytes | msgspec.Raw) -> str:
    data = bytes(raw)
    return text_of(msgspec.Raw(data)) if data.startswith(b'"') else data.decode()


def _loaded(tools: list[AnyTool]) -> str:
    """What a search has found, by the names under which other dialects have it."""
    names = [f"{home}{JOINT}{tool.name}" if (home := _home(tool)) else tool.name for tool in tools]
    return f"Loaded, and to be called from now on: {', '.join(names)}." if names else "No tool was found."


def _home(tool: AnyTool) -> str:
    return getattr(tool, "namespace", "")
