"""openai-responses, strict: what OpenAI's API refuses, in its words."""

from collections.abc import Iterator
from typing import Any

from openai.types.responses import response_input_item_param, tool_param
from openai.types.responses.response_create_params import ResponseCreateParamsBase

from tests.upstream.kinds import kinds_of
from tests.upstream.memory import Memory
from tests.upstream.plan import Heard, Json, Offered
from tests.upstream.refusal import Asked, Refused, places
from tests.upstream.strict.chat import check_image, check_length, check_name, check_schema, empty, invalid

# The last is Codex's, which OpenAI takes and its SDK does not know.
FIELDS = {*ResponseCreateParamsBase.__annotations__, "stream", "client_metadata"}
ITEMS = kinds_of(response_input_item_param.ResponseInputItemParam)
TOOLS = kinds_of(tool_param.ToolParam)
ROLES = ("assistant", "system", "developer", "user")
SAID = ("input_text", "input_image", "input_file")
ANSWERED = ("output_text", "refusal")
# A call, and what answers it.
CALLS = {
    "function_call": "function_call_output",
    "custom_tool_call": "custom_tool_call_output",
    "tool_search_call": "tool_search_output",
    "local_shell_call": "local_shell_call_output",
}
OUTPUTS = {output: call for call, output in CALLS.items()}
# How an id of OpenAI's own begins, by the kind of its item.
IDS = {"message": "msg", "function_call": "fc", "custom_tool_call": "ctc", "reasoning": "rs"}
LONGEST_CALL_ID = 64
SMALLEST_LIMIT = 16


def hear(asked: Asked) -> Heard:
    """What a request says to who leads it."""
    body = asked.body
    shape = (body.get("text") or {}).get("format") or {}
    return Heard(
        model=body["model"],
        stream=bool(body.get("stream")),
        turn=_turns(body["input"]),
        tools=tuple(_offered(body)),
        thinks=bool((body.get("reasoning") or {}).get("summary")),
        signs="reasoning.encrypted_content" in (body.get("include") or []),
        shape=shape.get("schema"),
    )


def check(asked: Asked, memory: Memory) -> None:
    """Refuse what OpenAI refuses."""
    body = asked.body
    _settings(body)
    _tools("tools", body.get("tools") or [])
    if isinstance(body["input"], str):
        return
    if not body["input"]:
        raise empty("input")
    for place, item in places(body["input"], "input[{}]"):
        _item(place, dict(item), memory)
    _pairs(body["input"])
    _thoughts_lead(body["input"])


def _turns(items: Any) -> int:
    """Calls that no result stands between are of one turn."""
    if isinstance(items, str):
        return 0
    kinds = [item.get("type") for item in items if item.get("type") in {*CALLS, *OUTPUTS}]
    before = [None, *kinds]
    return sum(kind in CALLS and earlier not in CALLS for kind, earlier in zip(kinds, before, strict=False))


def _offered(body: Json) -> Iterator[Offered]:
    lists = [body.get("tools") or []]
    if isinstance(body["input"], list):
        lists += [item.get("tools") or [] for item in body["input"]]
    for tools in lists:
        for tool in tools:
            yield from _named(tool)


def _named(tool: Json, namespace: str = "") -> Iterator[Offered]:
    if tool["type"] == "namespace":
        for inside in tool["tools"]:
            yield from _named(inside, tool["name"])
    elif tool["type"] == "function":
        yield Offered(tool["name"], tool.get("parameters") or {}, namespace)
    elif tool["type"] == "custom":
        yield Offered(tool["name"], None, namespace)


def _settings(body: Json) -> None:
    for field in ("model", "input"):
        if field not in body:
            raise Refused(f"Missing required parameter: '{field}'.", param=field)
    for field in body:
        if field not in FIELDS:
            raise Refused(f"Unknown parameter: '{field}'.", param=field, code="unknown_parameter")
    limit = body.get("max_output_tokens")
    if limit is not None and limit < SMALLEST_LIMIT:
        words = f"Expected a value >= {SMALLEST_LIMIT}, but got {limit} instead."
        raise Refused(
            f"Invalid 'max_output_tokens': integer below minimum value. {words}", param="max_output_tokens"
        )
    if "stream_options" in body and not body.get("stream"):
        raise Refused("The 'stream_options' parameter is only allowed when 'stream' is enabled.")


def _tools(path: str, tools: list[Json]) -> None:
    for place, tool in places(tools, f"{path}[{{}}]"):
        kind = tool.get("type")
        if kind not in TOOLS:
            raise invalid(f"{place}.type", kind, sorted(TOOLS))
        if kind == "namespace":
            _tools(f"{place}.tools", tool["tools"])
        if kind in ("function", "custom", "namespace"):
            check_name(f"{place}.name", tool.get("name"))
        if kind == "function":
            strict = tool.get("strict") is True
            check_schema(f"{place}.parameters", tool["name"], tool.get("parameters"), strict=strict)


def _item(place: str, item: Json, memory: Memory) -> None:
    kind = item.get("type") or "message"
    if kind not in ITEMS | {"item_reference"}:
        raise invalid(f"{place}.type", kind, sorted(ITEMS))
    _identity(place, kind, item)
    if kind == "message":
        _message(place, item)
    elif kind in CALLS:
        _call(place, kind, item)
    elif kind in OUTPUTS:
        _output(f"{place}.output", item.get("output"), kind)
    elif kind == "reasoning":
        _reasoning(place, item, memory)


def _identity(place: str, kind: str, item: Json) -> None:
    identity, start = item.get("id"), IDS.get(kind, "")
    if identity is not None and not identity.startswith(start):
        words = f"Expected an ID that begins with '{start}'."
        raise Refused(
            f"Invalid '{place}.id': '{identity}'. {words}", param=f"{place}.id", code="invalid_value"
        )
    if identity is not None:
        check_length(f"{place}.id", identity, LONGEST_CALL_ID)


def _message(place: str, item: Json) -> None:
    role, content = item.get("role"), item.get("content")
    if role not in ROLES:
        raise invalid(f"{place}.role", role, ROLES)
    if content is None:
        raise Refused(f"Missing required parameter: '{place}.content'.", param=f"{place}.content")
    if not isinstance(content, str):
        _parts(f"{place}.content", content, ANSWERED if role == "assistant" else SAID)


def _parts(path: str, parts: list[Json], known: tuple[str, ...]) -> None:
    for place, part in places(parts, f"{path}[{{}}]"):
        if part.get("type") not in known:
            raise invalid(f"{place}.type", part.get("type"), known)
        if part["type"] == "input_image" and part.get("file_id") is None:
            check_image(f"{place}.image_url", part.get("image_url"))
        if part["type"] in ("input_text", "output_text") and not isinstance(part.get("text"), str):
            raise Refused(f"Missing required parameter: '{place}.text'.", param=f"{place}.text")


def _call(place: str, kind: str, item: Json) -> None:
    if not isinstance(item.get("call_id"), str):
        raise Refused(f"Missing required parameter: '{place}.call_id'.", param=f"{place}.call_id")
    check_length(f"{place}.call_id", item["call_id"], LONGEST_CALL_ID)
    written = {"function_call": "arguments", "custom_tool_call": "input"}.get(kind)
    if written is None:
        return
    check_name(f"{place}.name", item.get("name"))
    if not isinstance(item.get(written), str):
        words = f"expected a string, but got an {type(item.get(written)).__name__} instead."
        raise Refused(f"Invalid type for '{place}.{written}': {words}", param=f"{place}.{written}")


def _output(place: str, output: Any, kind: str) -> None:
    if kind == "tool_search_output":
        return
    if output is None:
        raise Refused(f"Missing required parameter: '{place}'.", param=place)
    if not isinstance(output, str):
        _parts(place, output, SAID)


def _reasoning(place: str, item: Json, memory: Memory) -> None:
    if not isinstance(item.get("summary"), list):
        raise Refused(f"Missing required parameter: '{place}.summary'.", param=f"{place}.summary")
    if not item.get("encrypted_content"):
        words = "not found. Items are not persisted when `store` is set to false."
        raise Refused(f"Item with id '{item.get('id')}' {words}", status=404, param="input")
    if memory.signed(item["encrypted_content"]) is None:
        words = "could not be verified. Reason: Encrypted content could not be decrypted or parsed."
        begun = item["encrypted_content"][:8]
        raise Refused(f"The encrypted content {begun}... {words}", code="invalid_encrypted_content")


def _pairs(items: list[Json]) -> None:
    """Each call has its output somewhere behind it, and each output its call before it."""
    open_calls: dict[str, str] = {}
    for item in items:
        kind = item.get("type") or "message"
        if kind in CALLS:
            open_calls[item["call_id"]] = kind
        elif kind in OUTPUTS and open_calls.pop(item["call_id"], None) != OUTPUTS[kind]:
            called = OUTPUTS[kind].replace("_", " ")
            words = f"No tool call found for {called} output with call_id {item['call_id']}."
            raise Refused(words, param="input")
    for identity, kind in open_calls.items():
        raise Refused(f"No tool output found for {kind.replace('_', ' ')} {identity}.", param="input")


def _thoughts_lead(items: list[Json]) -> None:
    """A thought is taken only with what it led to, which is nothing a user says."""
    for item, following in zip(items, [*items[1:], {"role": "user"}], strict=True):
        led = (
            following.get("type") in {*CALLS, "reasoning", "compaction"}
            or following.get("role") == "assistant"
        )
        if item.get("type") == "reasoning" and not led:
            words = "was provided without its required following item."
            raise Refused(f"Item '{item.get('id')}' of type 'reasoning' {words}", param="input")
