"""The wire of replies of ollama as Structs, as they are read; text stays the literal it came in.

A whole reply and a line of a stream are alike. Those of /api/generate have no message: what is in one stands
beside it.
"""

import msgspec

from adapters.dialects.ollama.wire import CountsIn
from adapters.reader import NULL


class FunctionIn(msgspec.Struct):
    """The function of a call; some servers send the arguments as text."""

    name: str = ""
    arguments: msgspec.Raw = NULL


class CallIn(msgspec.Struct):
    """A call, whole; older servers give no ids."""

    id: str | None = None
    function: FunctionIn | None = None


class MessageIn(msgspec.Struct):
    """What a message says, or a line adds to it."""

    content: msgspec.Raw = NULL
    thinking: msgspec.Raw = NULL
    tool_calls: list[CallIn] | None = None
    images: msgspec.Raw = NULL


class HeadIn(msgspec.Struct):
    """What stands in every line, and is read of one."""

    model: str | None = None
    created_at: str | None = None


class BodyIn(CountsIn):
    """A whole reply, or a line of one."""

    message: MessageIn | None = None
    response: msgspec.Raw = NULL
    thinking: msgspec.Raw = NULL
    tool_calls: list[CallIn] | None = None
    image: msgspec.Raw = NULL
    logprobs: msgspec.Raw = NULL
    done: bool = False
    done_reason: str | None = None
    error: msgspec.Raw = NULL
