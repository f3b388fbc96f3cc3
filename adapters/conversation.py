"""A request as the middle knows it: what one dialect's reader makes and every dialect's writer takes.

Parts stand in the order the client gave them; writers repair the order where their dialect wants another
(`conversation_order`). What only one dialect knows crosses as raw JSON: a part as `Opaque`, a setting in
`extras`. A writer of that dialect writes it again; any other refuses the part and drops the setting by name.
"""

from typing import Literal

import msgspec

Role = Literal["system", "user", "assistant"]
Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]


def given(raw: msgspec.Raw) -> msgspec.Raw | None:
    """Return raw JSON, or None where it is null or the wire's mark of an absent field."""
    return None if bytes(raw) == b"null" else raw


class Text(msgspec.Struct, frozen=True, gc=False):
    """Text; `cache` and `citations` are Anthropic's marks, as they came."""

    text: str
    cache: msgspec.Raw | None = None
    citations: msgspec.Raw | None = None


class Media(msgspec.Struct, frozen=True, kw_only=True):
    """An image, a document or a sound, by exactly one of `data` (base64), `url`, `file` (an id) and `text`.

    `place` is where the client wrote it, as it is named when it cannot be carried; `context` is what the
    client says of a document beside it, `citations` whether it may be cited.
    """

    kind: Literal["image", "document", "audio"]
    place: str
    media_type: str = ""
    data: str | None = None
    url: str | None = None
    file: str | None = None
    text: str | None = None
    name: str | None = None
    context: str | None = None
    detail: str | None = None
    cache: msgspec.Raw | None = None
    citations: msgspec.Raw | None = None


class Thinking(msgspec.Struct, frozen=True, gc=False):
    """What a model thought; `signature` binds it to its maker, `redacted` is hidden thought.

    `maker` is the dialect it was made in: nobody else may get the signature. A signature that belongs to no
    thought, as Gemini's on a call, is a thinking part without text right before the part it belongs to.
    """

    text: str
    signature: str = ""
    redacted: str | None = None
    maker: str = ""


class Refusal(msgspec.Struct, frozen=True, gc=False):
    """What a model said instead of an answer."""

    text: str


class ToolCall(msgspec.Struct, frozen=True, gc=False):
    """A call of a client's tool; `arguments` is what the model wrote: JSON, broken JSON, or free text.

    `namespace` is where the client keeps the tool of that name.
    """

    id: str
    name: str
    arguments: str
    freeform: bool = False
    cache: msgspec.Raw | None = None
    namespace: str = ""


class ToolReference(msgspec.Struct, frozen=True, gc=False):
    """A tool that a search has found: from here on it may be called."""

    name: str
    namespace: str = ""


class Opaque(msgspec.Struct, frozen=True):
    """A part that only `dialect` knows, as it came; `words` says the same in text, where that can be."""

    dialect: str
    kind: str
    place: str
    raw: msgspec.Raw
    words: str | None = None


class ToolResult(msgspec.Struct, frozen=True, kw_only=True):
    """What the call `id` brought."""

    id: str
    parts: tuple[Text | Media | ToolReference | Opaque, ...]
    place: str
    is_error: bool = False
    cache: msgspec.Raw | None = None


Part = Text | Media | Thinking | Refusal | ToolCall | ToolResult | ToolReference | Opaque


class Turn(msgspec.Struct, frozen=True):
    """What one side says in one go; a tool's results are the user's."""

    role: Role
    parts: tuple[Part, ...]


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    """A tool the client runs. `schema` is absent from a freeform tool, whose `grammar` may say what fits.

    A `deferred` tool is not to be called before a reference names it. `namespace` is where the client keeps
    it: two tools may have one name in two of them.
    """

    name: str
    namespace: str = ""
    description: str | None = None
    schema: msgspec.Raw | None = None
    strict: bool | None = None
    deferred: bool = False
    freeform: bool = False
    grammar: msgspec.Raw | None = None
    cache: msgspec.Raw | None = None


class ServerTool(msgspec.Struct, frozen=True):
    """A tool that the provider runs, or knows the schema of: nobody but `dialect` can be asked for it."""

    dialect: str
    kind: str
    name: str
    raw: msgspec.Raw


class Choice(msgspec.Struct, frozen=True, gc=False):
    """Which tools may or must be called; `name` is the one of mode `one`, `namespace` where it is kept."""

    mode: Literal["auto", "any", "one", "none"]
    name: str = ""
    namespace: str = ""


class Reasoning(msgspec.Struct, frozen=True, gc=False):
    """How much to think: an effort, a budget in tokens, or as much as the model likes (neither).

    `thinks` is false where only an effort was asked for.
    """

    effort: Effort | None = None
    budget: int | None = None
    thinks: bool = True
    display: str | None = None


class Format(msgspec.Struct, frozen=True):
    """The shape the answer must have; without a schema any JSON object."""

    schema: msgspec.Raw | None = None
    name: str = "response"
    description: str | None = None
    strict: bool | None = None


class Sampling(msgspec.Struct, frozen=True, gc=False):
    """How tokens are drawn; what is None was not asked for."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    seed: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None


class ChatRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One request, whole.

    `dialect` is the client's; `extras` are its settings nobody else knows, as they came; `unread` names those
    that have no place here at all. `include_usage` says that the client wants to see the usage of a stream;
    upstream it is always asked for. `compaction` says that the reply is to be the conversation in short, as
    the one item a client of openai-responses asked for. `cache_key` names the conversation, for providers
    that look for its beginning in their prompt cache by a name. `cited`: parts say what was cited or may be,
    which only their own dialect can. `continues` is the setting that leads to the turns before these, where
    the client has left them with its provider: no other one knows them.
    """

    dialect: str
    model: str
    system: tuple[Text, ...] = ()
    turns: tuple[Turn, ...] = ()
    tools: tuple[Tool | ServerTool, ...] = ()
    choice: Choice | None = None
    parallel: bool | None = None
    max_tokens: int | None = None
    sampling: Sampling = Sampling()
    stop: tuple[str, ...] = ()
    reasoning: Reasoning | None = None
    format: Format | None = None
    user: str | None = None
    service_tier: str | None = None
    answers: int = 1
    stream: bool = False
    include_usage: bool = False
    compaction: bool = False
    cache_key: str | None = None
    extras: dict[str, msgspec.Raw] = {}
    unread: tuple[str, ...] = ()
    cited: bool = False
    continues: str = ""


class Quirks(msgspec.Struct, frozen=True, kw_only=True):
    """How a provider or a model strays from its dialect; the defaults are the dialect's maker's own ways.

    `refuses` are top-level fields not to be sent, `refused_keywords` keywords of schemas. `system_turns` says
    whether a system message may stand among the turns (None: as the dialect's maker has it). `efforts` are
    those understood, from low to high. `thinking` is how Anthropic's models are asked to think (`always`: by
    no budget, and never told not to), `reasoning` how those of openai-chat are (its module of that name has
    the ways); thoughts go back in `reasoning_field`, with `reasoning_kept` in every turn of the assistant.
    Without `thinks_when_forced` a forced tool is one without thoughts before it. `choices` are the modes of
    `Choice` understood, `formats` what can be said of the answer's shape: a schema, that it is an object, or
    nothing but words. `most_tokens`, `most_stops` and `hottest` are the highest a setting may be; `short_ids`
    wants ids of calls of nine letters and digits. `freeform_tools` says whether a tool may take text (None:
    in openai-responses, and not in openai-chat, which few others speak whole). `cache_key` says that the
    provider finds a conversation in its prompt cache by a name, `cache_marks` that marks of it are set by
    choice where the client has set none; `shared_settings` that it takes what OpenAI's two APIs have in
    common (`conversation_writing` has the names), whichever of them was asked.
    """

    output_limit: Literal["max_completion_tokens", "max_tokens"] = "max_completion_tokens"
    default_max_tokens: int = 32_000
    most_tokens: int | None = None
    most_stops: int = 4
    hottest: float = 2.0
    system_role: Literal["system", "developer"] = "system"
    system_turns: bool | None = None
    reasoning: Literal["effort", "object", "switch", "type"] = "effort"
    reasoning_field: str | None = None
    reasoning_kept: bool = False
    unsigned_thinking: bool = False
    thinking: Literal["adaptive", "always", "budget", "none"] = "adaptive"
    efforts: tuple[Effort, ...] = ("low", "medium", "high")
    sampling_beside_thinking: bool = True
    thinks_when_forced: bool = True
    top_k: bool = False
    stream_usage: bool = True
    strict: bool = True
    choices: frozenset[str] = frozenset(("auto", "any", "one", "none"))
    formats: Literal["schema", "object", "words"] = "schema"
    short_ids: bool = False
    freeform_tools: bool | None = None
    cache_key: bool = False
    cache_marks: bool = False
    shared_settings: bool = False
    refuses: frozenset[str] = frozenset()
    refused_keywords: frozenset[str] = frozenset()


# A provider that strays in nothing.
PLAIN = Quirks()


class ClientTool(msgspec.Struct, frozen=True, gc=False):
    """A tool as the client knows it; a `freeform` one was sent as a function with one string, `input`."""

    name: str
    namespace: str = ""
    freeform: bool = False


class Written(msgspec.Struct, frozen=True):
    """A request in another dialect, and what its reply must be read with.

    `dropped` are the settings that could not be carried, in order, each once. `tools` maps a tool's name as
    sent to the client's tool, where they differ in anything.
    """

    body: bytes
    dropped: tuple[str, ...] = ()
    tools: dict[str, ClientTool] = {}
