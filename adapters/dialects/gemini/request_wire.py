"""The wire of a request of gemini, only what the middle reads; the rest crosses as raw JSON.

Parts are read one by one: a part this file does not know keeps its bytes. Source: the API reference of the
Gemini API (v1beta) and the types of the official SDK (google-genai 3.4, November 2026).
"""

import msgspec

from adapters.dialects.gemini.wire import NULL


class BlobIn(msgspec.Struct, rename="camel"):
    """Bytes in base64."""

    mime_type: str = ""
    data: str = ""
    display_name: str | None = None


class FileIn(msgspec.Struct, rename="camel"):
    """A file by its address."""

    file_uri: str = ""
    mime_type: str = ""
    display_name: str | None = None


class CallIn(msgspec.Struct):
    """A call of a function."""

    name: str = ""
    id: str | None = None
    args: msgspec.Raw = NULL


class ResponseIn(msgspec.Struct):
    """What a function answered."""

    name: str = ""
    id: str | None = None
    response: msgspec.Raw = NULL
    parts: list[msgspec.Raw] | None = None


class CodeIn(msgspec.Struct):
    """Code that the model wrote for Google to run."""

    language: str = ""
    code: str = ""


class RunIn(msgspec.Struct):
    """What running it brought."""

    outcome: str = ""
    output: str = ""


class PartIn(msgspec.Struct, rename="camel"):
    """A part of any kind that is read; what a kind does not have is absent."""

    text: str | None = None
    thought: bool | None = None
    thought_signature: str | None = None
    inline_data: BlobIn | None = None
    file_data: FileIn | None = None
    function_call: CallIn | None = None
    function_response: ResponseIn | None = None
    media_resolution: msgspec.Raw = NULL
    executable_code: CodeIn | None = None
    code_execution_result: RunIn | None = None


# What the middle has a place for; a part that holds anything else keeps its bytes.
PART_KEYS = frozenset(
    (
        "text",
        "thought",
        "thoughtSignature",
        "inlineData",
        "fileData",
        "functionCall",
        "functionResponse",
        "mediaResolution",
    )
)


class ContentIn(msgspec.Struct):
    """A turn; without a role it is the user's."""

    role: str | None = None
    parts: list[msgspec.Raw] | None = None


class FunctionIn(msgspec.Struct, rename="camel"):
    """A function the client runs; its schema is in Google's words or a JSON schema."""

    name: str = ""
    description: str | None = None
    parameters: msgspec.Raw = NULL
    parameters_json_schema: msgspec.Raw = NULL
    response: msgspec.Raw = NULL
    response_json_schema: msgspec.Raw = NULL


class CallingIn(msgspec.Struct, rename="camel"):
    """Which functions may be called."""

    mode: str | None = None
    allowed_function_names: list[str] | None = None


class ToolConfigIn(msgspec.Struct, rename="camel"):
    """How tools may be used."""

    function_calling_config: CallingIn | None = None


class ThinkingIn(msgspec.Struct, rename="camel"):
    """How to think."""

    thinking_budget: int | None = None
    thinking_level: str | None = None
    include_thoughts: bool | None = None


class GenerationIn(msgspec.Struct, rename="camel"):
    """The settings that the middle knows; what is not here is an extra."""

    max_output_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    # The SDK sends a whole number as a decimal one.
    top_k: float | None = None
    stop_sequences: list[str] | None = None
    seed: int | None = None
    candidate_count: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    response_logprobs: bool | None = None
    logprobs: int | None = None
    response_mime_type: str | None = None
    response_schema: msgspec.Raw = NULL
    response_json_schema: msgspec.Raw = NULL
    thinking_config: ThinkingIn | None = None


class RequestIn(msgspec.Struct, rename="camel"):
    """A request; what is not here is an extra."""

    contents: list[msgspec.Raw] | ContentIn | str | None = None
    system_instruction: ContentIn | str | None = None
    tools: list[dict[str, msgspec.Raw]] | None = None
    tool_config: msgspec.Raw = NULL
    generation_config: msgspec.Raw = NULL
    cached_content: msgspec.Raw = NULL
    service_tier: str | None = None
    model: str | msgspec.UnsetType = msgspec.UNSET


KNOWN = frozenset(RequestIn.__struct_encode_fields__)
GENERATION_KNOWN = frozenset(GenerationIn.__struct_encode_fields__)
TOOL_CONFIG_KNOWN = frozenset(ToolConfigIn.__struct_encode_fields__)
# A count may hold the request it counts.
INSIDE = "generateContentRequest"
