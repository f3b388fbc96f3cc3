"""anthropic-messages, strict: what Anthropic's API refuses, in its words."""

from collections.abc import Iterator
from typing import Any

from anthropic.types.beta import beta_content_block_param, beta_tool_result_block_param, beta_tool_union_param
from anthropic.types.beta.message_create_params import MessageCreateParamsBase

from tests.upstream.kinds import kinds_of
from tests.upstream.memory import Memory
from tests.upstream.plan import Heard, Json, Offered
from tests.upstream.refusal import Asked, Refused
from tests.upstream.strict import messages_blocks

BLOCKS = kinds_of(beta_content_block_param.BetaContentBlockParam)
IN_RESULTS = kinds_of(beta_tool_result_block_param.Content)
SERVER_TOOLS = kinds_of(beta_tool_union_param.BetaToolUnionParam) - {"custom"}
# A body field that only a beta knows.
BETAS = {"context_management": "context-management", "safeguards": "dangerous-tool-use"}
FIELDS = {*MessageCreateParamsBase.__annotations__, *BETAS, "stream", "temperature", "top_k", "top_p"}
# The clients whose betas let a system turn stand among the messages.
SYSTEM_TURNS = "claude-code-"
CACHE_MARKS = 4


def hear(asked: Asked) -> Heard:
    """What a request says to who leads it."""
    body = asked.body
    turns = (message for message in body["messages"] if message["role"] == "assistant")
    shape = (body.get("output_config") or {}).get("format") or {}
    thinking = body.get("thinking") or {}
    return Heard(
        model=body["model"],
        stream=bool(body.get("stream")),
        turn=sum(any(block["type"] == "tool_use" for block in blocks_of(turn)) for turn in turns),
        tools=tuple(
            Offered(tool["name"], tool.get("input_schema", {}))
            for tool in body.get("tools") or []
            if "name" in tool
        ),
        thinks=thinking.get("type") in ("enabled", "adaptive"),
        shows=thinking.get("display") != "omitted",
        shape=shape.get("schema"),
    )


def check(asked: Asked, memory: Memory) -> None:
    """Refuse what Anthropic refuses."""
    body = asked.body
    _settings(asked)
    _tools(body)
    _thinking(body)
    if not body["messages"]:
        raise Refused("messages: at least one message is required")
    for number, message in enumerate(body["messages"]):
        _role(asked, number, message)
        messages_blocks.check_message(f"messages.{number}", message, memory, BLOCKS, IN_RESULTS)
    if (body.get("thinking") or {}).get("type") == "enabled":
        messages_blocks.check_thought_leads(body["messages"])
    _ends(body["messages"])
    messages_blocks.check_pairs(body["messages"])
    marks = sum(_marks(body.get(field)) for field in ("system", "messages", "tools"))
    if marks > CACHE_MARKS:
        raise Refused(f"A maximum of 4 blocks with cache_control may be provided. Found {marks}.")


def blocks_of(message: Json) -> list[Json]:
    """The content of a message as blocks."""
    content = message["content"]
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _settings(asked: Asked) -> None:
    body = asked.body
    for field in ("model", "max_tokens", "messages"):
        if field not in body:
            raise Refused(f"{field}: Field required")
    for field in body:
        beta = BETAS.get(field, "")
        if field not in FIELDS or beta not in asked.betas:
            raise Refused(f"{field}: Extra inputs are not permitted")
    if not 0 <= body.get("temperature", 1) <= 1:
        raise Refused("temperature: range: 0..1")


def _thinking(body: Json) -> None:
    thinking = body.get("thinking") or {}
    if thinking.get("type") not in ("enabled", "adaptive"):
        return
    if thinking["type"] == "enabled":
        budget = thinking.get("budget_tokens", 0)
        if budget < 1024:
            raise Refused("thinking.enabled.budget_tokens: Input should be greater than or equal to 1024")
        if budget >= body["max_tokens"]:
            raise Refused("`max_tokens` must be greater than `thinking.budget_tokens`.")
    if body.get("temperature", 1) != 1:
        raise Refused("`temperature` may only be set to 1 when thinking is enabled.")
    if (body.get("tool_choice") or {}).get("type") in ("any", "tool"):
        raise Refused("Thinking may not be enabled when tool_choice forces tool use.")


def _tools(body: Json) -> None:
    names = set()
    for number, tool in enumerate(body.get("tools") or []):
        _tool(f"tools.{number}", tool)
        if tool.get("name") in names:
            raise Refused("tools: Tool names must be unique.")
        names.add(tool.get("name"))
    chosen = body.get("tool_choice")
    if chosen is not None and not body.get("tools"):
        raise Refused("tool_choice: tool_choice may only be specified while providing tools.")


def _tool(place: str, tool: Json) -> None:
    kind = tool.get("type") or "custom"
    if kind in SERVER_TOOLS:
        return
    if kind != "custom":
        raise Refused(
            f"{place}: Input tag '{kind}' found using 'type' does not match any of the expected tags"
        )
    schema = tool.get("input_schema")
    if schema is None:
        raise Refused(f"{place}.custom.input_schema: Field required")
    if not isinstance(schema, dict) or "type" not in schema:
        raise Refused(f"{place}.custom.input_schema.type: Field required")
    if schema["type"] != "object":
        raise Refused(f"{place}.custom.input_schema.type: Input should be 'object'")
    if not messages_blocks.NAME.fullmatch(tool.get("name", "")):
        raise Refused(f"{place}.custom.name: String should match pattern '{messages_blocks.NAME.pattern}'")


def _role(asked: Asked, number: int, message: Json) -> None:
    role = message.get("role")
    if role == "system" and number and SYSTEM_TURNS in asked.betas:
        return
    if role == "system":
        raise Refused(
            f'messages.{number}.role: Unexpected role "system". The Messages API accepts a top-level '
            '`system` parameter, not "system" as an input message role.'
        )
    if role not in ("user", "assistant"):
        raise Refused(f"messages.{number}.role: Input should be 'user' or 'assistant'")


def _ends(messages: list[Json]) -> None:
    if messages[0]["role"] != "user":
        raise Refused('messages: first message must use the "user" role')
    last = blocks_of(messages[-1])[-1] if messages[-1]["role"] == "assistant" else {}
    if last.get("type") == "text" and last["text"] != last["text"].rstrip():
        raise Refused("messages: final assistant content cannot end with trailing whitespace")


def _marks(value: Any) -> int:
    """How many blocks carry a mark for the cache, at any depth."""
    return sum(1 for _ in _marked(value))


def _marked(value: Any) -> Iterator[Json]:
    if isinstance(value, list):
        for item in value:
            yield from _marked(item)
    elif isinstance(value, dict):
        if value.get("cache_control"):
            yield value
        yield from _marked(value.get("content"))
