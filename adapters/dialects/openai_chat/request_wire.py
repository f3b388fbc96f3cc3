"""The wire of a request of openai-chat, only what the middle reads; the rest crosses as raw JSON.

What is read may be null. `reasoning` and `reasoning_content` are not OpenAI's: providers that show their
thoughts read them again. Source: the API reference of Chat Completions and the types of the official SDK
(3.52, November 2026).
"""

import msgspec

from adapters.dialects.openai_chat.wire import NULL


class FunctionCallIn(msgspec.Struct):
    """A function's name and its arguments as JSON text."""

    name: str
    arguments: str | None = None


class CustomCallIn(msgspec.Struct):
    """A freeform tool's name and what was written to it."""

    name: str
    input: str = ""


class GoogleIn(msgspec.Struct):
    """See `ExtraIn`."""

    thought_signature: str | None = None


class ExtraIn(msgspec.Struct):
    """What a call carries besides, in the place that Google's API of this dialect has for signatures."""

    google: GoogleIn | None = None


class ToolCallIn(msgspec.Struct):
    """A call of either kind."""

    id: str
    function: FunctionCallIn | None = None
    custom: CustomCallIn | None = None
    extra_content: msgspec.Raw = NULL


class MessageIn(msgspec.Struct):
    """A message of any role; what a role does not have is absent."""

    role: str
    content: str | list[msgspec.Raw] | None = None
    name: str | None = None
    tool_calls: list[ToolCallIn] | None = None
    tool_call_id: str | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    function_call: FunctionCallIn | None = None
    audio: msgspec.Raw = NULL


class ImageIn(msgspec.Struct):
    """An image by its address, often a data URI."""

    url: str
    detail: str | None = None


class AudioIn(msgspec.Struct):
    """A sound in base64."""

    data: str
    format: str


class FileIn(msgspec.Struct):
    """A file by its id, or as a data URI."""

    file_id: str | None = None
    file_data: str | None = None
    filename: str | None = None


class PartIn(msgspec.Struct):
    """A part of any kind that is read."""

    type: str
    text: str = ""
    refusal: str = ""
    image_url: ImageIn | str | None = None
    input_audio: AudioIn | None = None
    file: FileIn | None = None


class KindIn(msgspec.Struct):
    """All that is sure of a part."""

    type: str


class FunctionIn(msgspec.Struct):
    """A function that may be called."""

    name: str
    description: str | None = None
    parameters: msgspec.Raw = NULL
    strict: bool | None = None


class CustomIn(msgspec.Struct):
    """A freeform tool that may be called."""

    name: str
    description: str | None = None
    format: msgspec.Raw = NULL


class ToolIn(msgspec.Struct):
    """A tool of either kind."""

    type: str = "function"
    function: FunctionIn | None = None
    custom: CustomIn | None = None


class NamedIn(msgspec.Struct):
    """Something by its name."""

    name: str


class ToolNameIn(msgspec.Struct):
    """A tool by its name."""

    function: NamedIn | None = None
    custom: NamedIn | None = None


class AllowedIn(msgspec.Struct):
    """Tools of the list that may be called now."""

    mode: str
    tools: list[ToolNameIn]


class ChoiceIn(ToolNameIn):
    """The tool that must be called, or those that may be."""

    allowed_tools: AllowedIn | None = None


class SchemaIn(msgspec.Struct):
    """A named schema."""

    name: str = "response"
    description: str | None = None
    schema: msgspec.Raw = NULL
    strict: bool | None = None


class FormatIn(msgspec.Struct):
    """The shape of the answer."""

    type: str
    json_schema: SchemaIn | None = None


class StreamOptionsIn(msgspec.Struct):
    """What a stream ends with."""

    include_usage: bool | None = None


class RequestIn(msgspec.Struct):
    """A request; what is not here is an extra."""

    messages: list[MessageIn]
    model: str | msgspec.UnsetType = msgspec.UNSET
    tools: list[msgspec.Raw] | None = None
    functions: list[FunctionIn] | None = None
    tool_choice: str | ChoiceIn | None = None
    function_call: str | NamedIn | None = None
    parallel_tool_calls: bool | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    seed: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    stop: str | list[str] | None = None
    reasoning_effort: str | None = None
    response_format: FormatIn | None = None
    user: str | None = None
    service_tier: str | None = None
    n: int | None = None
    stream: bool | None = None
    stream_options: StreamOptionsIn | None = None


KNOWN = frozenset(RequestIn.__struct_fields__)
