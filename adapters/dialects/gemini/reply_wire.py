"""The wire of replies of gemini as Structs, as they are read; text stays the literal it came in.

Unknown fields are skipped, and what is read may be absent or null.
"""

import msgspec

from adapters.reader import NULL


class CallIn(msgspec.Struct):
    """A call of a function, always whole."""

    name: str | None = None
    id: str | None = None
    args: msgspec.Raw = NULL


class BlobIn(msgspec.Struct, rename="camel"):
    """Bytes that the model made: of what type."""

    mime_type: str | None = None


class PartIn(msgspec.Struct, rename="camel"):
    """A part of any kind; those below the signature have no place in the middle."""

    text: msgspec.Raw = NULL
    thought: bool | None = None
    function_call: CallIn | None = None
    thought_signature: str | None = None
    inline_data: BlobIn | None = None
    file_data: msgspec.Raw = NULL
    executable_code: msgspec.Raw = NULL
    code_execution_result: msgspec.Raw = NULL
    tool_call: msgspec.Raw = NULL
    tool_response: msgspec.Raw = NULL


class ContentIn(msgspec.Struct):
    """What a candidate says."""

    parts: list[PartIn] | None = None


class CandidateIn(msgspec.Struct, rename="camel"):
    """One of the replies; those fields that end in metadata or result have no place in the middle."""

    index: int | None = None
    content: ContentIn | None = None
    finish_reason: str | None = None
    finish_message: str | None = None
    citation_metadata: msgspec.Raw = NULL
    grounding_metadata: msgspec.Raw = NULL
    url_context_metadata: msgspec.Raw = NULL
    logprobs_result: msgspec.Raw = NULL


class FeedbackIn(msgspec.Struct, rename="camel"):
    """What was thought of the prompt."""

    block_reason: str | None = None


class ResponseIn(msgspec.Struct, rename="camel"):
    """A whole reply, or one chunk of a stream; what few of them have is read apart."""

    candidates: list[CandidateIn] | None = None
    prompt_feedback: FeedbackIn | None = None
    usage_metadata: msgspec.Raw = NULL
    error: msgspec.Raw = NULL


class HeadIn(msgspec.Struct, rename="camel"):
    """Whose reply it is."""

    response_id: str | None = None
    model_version: str | None = None
    create_time: str | None = None


class UsageHolderIn(msgspec.Struct, rename="camel"):
    """What a tap reads, and who looks for the usage of a whole reply."""

    candidates: "list[EndIn] | None" = None
    prompt_feedback: FeedbackIn | None = None
    usage_metadata: msgspec.Raw = NULL
    error: msgspec.Raw = NULL


class EndIn(msgspec.Struct, rename="camel"):
    """What a tap reads of a candidate."""

    index: int | None = None
    finish_reason: str | None = None
