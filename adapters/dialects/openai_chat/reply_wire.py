"""The wire of replies of openai-chat as Structs, as they are read; text stays the literal it came in.

Unknown fields are skipped, and what is read may be absent or null: many providers speak this dialect, and
reasoning has two names among them.
"""

import msgspec

from adapters.reader import NULL


class FunctionIn(msgspec.Struct):
    """The function of a tool call, whole or a piece; some providers send the arguments as an object."""

    name: str | None = None
    arguments: msgspec.Raw = NULL


class CallIn(msgspec.Struct):
    """A tool call, whole or a piece; some providers number no piece, or number all alike."""

    index: int | None = None
    id: str | None = None
    function: FunctionIn | None = None


class MessageIn(msgspec.Struct):
    """What a message says, or a delta adds to it. `function_call` is from before there were tool calls."""

    content: msgspec.Raw = NULL
    reasoning_content: msgspec.Raw = NULL
    reasoning: msgspec.Raw = NULL
    refusal: msgspec.Raw = NULL
    annotations: msgspec.Raw = NULL
    audio: msgspec.Raw = NULL
    images: msgspec.Raw = NULL
    tool_calls: list[CallIn] | None = None
    function_call: FunctionIn | None = None


class ChoiceIn(msgspec.Struct):
    """A choice, whole or a piece; only the first one of a reply is read."""

    index: int | None = None
    message: MessageIn | None = None
    delta: MessageIn | None = None
    finish_reason: str | None = None


class HeadIn(msgspec.Struct):
    """What stands around the choices."""

    id: str | None = None
    model: str | None = None
    created: float | None = None


class BodyIn(msgspec.Struct):
    """A whole reply, or a chunk of one; its head is read apart, once."""

    choices: list[ChoiceIn] | None = None
    usage: msgspec.Raw = NULL
    error: msgspec.Raw = NULL


class WholeIn(BodyIn):
    """A whole reply with its head."""

    id: str | None = None
    model: str | None = None
    created: float | None = None


class PartIn(msgspec.Struct):
    """A part of a content that is a list, as Mistral's reasoning models write it."""

    type: str = ""
    text: msgspec.Raw = NULL
    thinking: msgspec.Raw = NULL
