"""The wire of ollama as Structs: what is peeked at and metered, and what is written of replies.

Unknown fields are skipped. Source: Ollama's own types (`api/types.go`, August 2026), its API reference and
the types of the official SDK (0.6).
"""

import msgspec

from adapters.events import Usage

# What a raw field is when it is absent; `Raw | None` would take nothing but null.
NULL = msgspec.Raw(b"null")

GENERATE_PATH = "/api/generate"
CHAT_PATH = "/api/chat"
EMBED_PATH = "/api/embed"

# --- read ---------------------------------------------------------------------------------------------


class OptionsPeek(msgspec.Struct):
    """What a peek reads of the options."""

    num_predict: int | None = None


class Request(msgspec.Struct):
    """What a peek reads of a request; a stream is what a client gets that does not say."""

    model: str | msgspec.UnsetType = msgspec.UNSET
    stream: bool | None = None
    options: OptionsPeek | None = None
    think: msgspec.Raw = NULL


class CountsIn(msgspec.Struct):
    """Usage as the last line of a reply carries it; what a cache held is not told apart."""

    prompt_eval_count: int | None = None
    eval_count: int | None = None

    def add_to(self, usage: Usage) -> None:
        """Write what is present over what was counted before."""
        if self.prompt_eval_count is not None:
            usage.input = self.prompt_eval_count
        if self.eval_count is not None:
            usage.output = self.eval_count


class LastIn(CountsIn):
    """What a tap reads of the lines that concern it."""

    done: bool = False
    error: msgspec.Raw = NULL


class ReplyIn(CountsIn):
    """What is read of a whole reply for its usage alone."""

    message: msgspec.Raw = NULL
    response: msgspec.Raw = NULL


class ErrorDetail(msgspec.Struct):
    """An error as those write it who stand before Ollama."""

    message: str


class ErrorIn(msgspec.Struct):
    """An error body, or a line that ends a stream."""

    error: str | ErrorDetail


# --- written ------------------------------------------------------------------------------------------


class ErrorOut(msgspec.Struct):
    """See `ErrorIn`."""

    error: str


class FunctionOut(msgspec.Struct):
    """The function of a call; arguments are an object here."""

    index: int
    name: str
    arguments: msgspec.Raw


class ToolCallOut(msgspec.Struct):
    """A call of a tool."""

    id: str
    function: FunctionOut


class MessageOut(msgspec.Struct, kw_only=True):
    """The message of a reply, or of a line of one."""

    role: str = "assistant"
    content: str = ""
    thinking: str | msgspec.UnsetType = msgspec.UNSET
    tool_calls: list[ToolCallOut] | msgspec.UnsetType = msgspec.UNSET


class LineOut(msgspec.Struct, kw_only=True):
    """A line of a stream that is not the last one; `response` and `thinking` are /api/generate's."""

    model: str
    created_at: str
    message: MessageOut
    response: str = ""
    thinking: str | msgspec.UnsetType = msgspec.UNSET
    done: bool = False


class LastOut(LineOut, kw_only=True):
    """A whole reply, or the last line of a stream.

    Durations are in nanoseconds. Nobody here knows how long a provider took for what.
    """

    done: bool = True
    done_reason: str
    total_duration: int = 0
    load_duration: int = 0
    prompt_eval_count: int
    prompt_eval_duration: int = 0
    eval_count: int
    eval_duration: int = 0


class CountOut(msgspec.Struct):
    """A token count; Ollama has no such call, the shape is Anthropic's."""

    input_tokens: int


class DetailsOut(msgspec.Struct, kw_only=True):
    """What a model is made of."""

    parent_model: str = ""
    format: str = ""
    family: str
    families: list[str]
    parameter_size: str = ""
    quantization_level: str = ""


class ModelOut(msgspec.Struct, kw_only=True):
    """One line of /api/tags."""

    name: str
    model: str
    modified_at: str
    size: int = 0
    digest: str
    details: DetailsOut


class ModelsOut(msgspec.Struct):
    """The answer of /api/tags."""

    models: list[ModelOut]


class ShowOut(msgspec.Struct, kw_only=True):
    """The answer of /api/show."""

    modelfile: str = ""
    parameters: str = ""
    template: str = ""
    details: DetailsOut
    model_info: dict[str, str]
    capabilities: tuple[str, ...]
    modified_at: str
