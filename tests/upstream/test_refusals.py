"""The strict providers take what the real APIs take, and refuse what they refuse, each in its API's words."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.agents.recordings import Recording, recordings
from tests.upstream.conversations import CONVERSATIONS, PATHS, PIXEL, SCHEMA
from tests.upstream.memory import Memory, Trusting
from tests.upstream.plan import Json
from tests.upstream.refusal import Asked, Refused
from tests.upstream.strict.gemini_order import WAIVERS
from tests.upstream.voice import VOICES, voice_of

CHECKS = {voice.name: voice.check for voice in VOICES}
HEARS = {voice.name: voice.hear for voice in VOICES}
GENERATED = [each for each in recordings() if voice_of(each.request)]
# What opencode really asks of Anthropic when it wants a title.
TRULY_REFUSED = ("budget_tokens",)
Change = Callable[[Any], object]


@pytest.mark.parametrize("dialect", CONVERSATIONS)
def test_a_good_conversation_is_taken(dialect: str) -> None:
    """Nothing is refused of a conversation the real API takes, and the provider knows how far it is."""
    memory = Memory()
    asked = Asked(CONVERSATIONS[dialect](memory), PATHS[dialect])
    CHECKS[dialect](asked, memory)
    heard = HEARS[dialect](asked)
    assert (heard.turn, heard.stream, heard.thinks) == (1, True, True)
    assert [(tool.name, tool.schema) for tool in heard.tools] == [("read", SCHEMA)]


@pytest.mark.parametrize("recording", GENERATED, ids=lambda recording: recording.name)
def test_what_agents_sent_is_taken(recording: Recording) -> None:
    """Requests recorded of real agents are taken, but for those the real API would not have taken either."""
    voice = voice_of(recording.request)
    assert voice is not None
    body: Json = json.loads(recording.request.body)
    asked = Asked(body, recording.request.path, recording.request.header("anthropic-beta") or "")
    try:
        voice.check(asked, Trusting())
    except Refused as refused:
        if not any(words in refused.words for words in TRULY_REFUSED):
            raise
    assert voice.hear(asked).model


def _refusal(dialect: str, change: Change) -> str:
    memory = Memory()
    body = CONVERSATIONS[dialect](memory)
    change(body)
    with pytest.raises(Refused) as caught:
        CHECKS[dialect](Asked(body, PATHS[dialect]), memory)
    return caught.value.words


def _said(number: int) -> Callable[[Any], Any]:
    return lambda body: body["messages"][number]["content"]


MESSAGES: list[tuple[Change, str]] = [
    (lambda body: body.pop("max_tokens"), "max_tokens: Field required"),
    (lambda body: body.update(reasoning_effort="low"), "reasoning_effort: Extra inputs are not permitted"),
    (lambda body: body.update(context_management={}), "context_management: Extra inputs are not permitted"),
    (lambda body: body.update(messages=[]), "at least one message is required"),
    (lambda body: body["messages"].pop(0), 'first message must use the "user" role'),
    (lambda body: body["messages"][0].update(role="tool"), "messages.0.role: Input should be"),
    (
        lambda body: body["messages"].insert(1, {"role": "system", "content": "x"}),
        'messages.1.role: Unexpected role "system"',
    ),
    (lambda body: body["messages"][0].update(content=""), "messages.0: all messages must have non-empty"),
    (lambda body: body["messages"].pop(), "`tool_use` ids were found without `tool_result` blocks"),
    (
        lambda body: _said(2)(body).pop(0),
        "messages.2: `tool_use` ids were found without `tool_result` blocks",
    ),
    (lambda body: _said(2)(body).insert(0, _said(2)(body).pop()), "immediately after: toolu_1"),
    (lambda body: _said(2)(body)[0].update(tool_use_id="toolu_9"), "unexpected `tool_use_id` found"),
    (lambda body: _said(1)(body)[3].update(id="toolu_1"), "`tool_use` ids must be unique"),
    (lambda body: _said(1)(body)[2].update(id="call.1"), "tool_use.id: String should match pattern"),
    (lambda body: _said(1)(body)[2].update(input="{}"), "tool_use.input: Input should be a valid dictionary"),
    (lambda body: _said(1)(body).pop(0), "Expected `thinking` or `redacted_thinking`, but found `text`"),
    (lambda body: _said(1)(body)[0].update(signature="stranger"), "Invalid `signature` in `thinking` block"),
    (lambda body: _said(1)(body)[0].update(thinking="Changed."), "cannot be modified"),
    (lambda body: _said(1)(body)[1].update(type="output_text"), "Input tag 'output_text' found using 'type'"),
    (lambda body: _said(1)(body)[1].update(text=""), "text content blocks must be non-empty"),
    (
        lambda body: _said(2)(body)[0].update(content=[{"type": "tool_use"}]),
        "tool_result.content.0: Input tag 'tool_use'",
    ),
    (
        lambda body: _said(2)(body)[0]["content"][0]["source"].update(data=f"data:image/png;base64,{PIXEL}"),
        "invalid base64 data",
    ),
    (lambda body: _said(2)(body)[0]["content"][0]["source"].update(media_type="png"), "media_type"),
    (lambda body: body["tools"][0].pop("input_schema"), "tools.0.custom.input_schema: Field required"),
    (lambda body: body["tools"][0].update(input_schema={"type": "string"}), "Input should be 'object'"),
    (lambda body: body["tools"][0].update(name="mcp.read"), "tools.0.custom.name: String should match"),
    (lambda body: body["tools"].append(body["tools"][0]), "Tool names must be unique"),
    (lambda body: body.update(tool_choice={"type": "any"}), "Thinking may not be enabled"),
    (
        lambda body: body["thinking"].update(budget_tokens=4096),
        "must be greater than `thinking.budget_tokens`",
    ),
    (lambda body: body.update(temperature=0.5), "`temperature` may only be set to 1"),
    (lambda body: body.update(system=body["system"] * 5), "A maximum of 4 blocks with cache_control"),
]
CHAT: list[tuple[Change, str]] = [
    (lambda body: body.update(top_k=4), "Unrecognized request argument supplied: top_k"),
    (lambda body: body.update(messages=[]), "Invalid 'messages': empty array"),
    (lambda body: body.update(tools=[]), "Invalid 'tools': empty array"),
    (lambda body: body.pop("stream"), "only allowed when 'stream' is enabled"),
    (lambda body: [body.pop("tools"), body.update(tool_choice="auto")], "'tool_choice' is only allowed"),
    (lambda body: body.update(max_tokens=1, max_completion_tokens=1), "at the same time"),
    (lambda body: body["messages"][0].update(role="model"), "Invalid value: 'model'"),
    (lambda body: body["messages"][1].update(content=None), "expected a string, got null"),
    (lambda body: body["messages"][1].update(thoughts="x"), "Unknown parameter: 'messages[1].thoughts'"),
    (lambda body: body["messages"].pop(3), "did not have response messages: call_2"),
    (lambda body: body["messages"].insert(4, {"role": "user", "content": "x"}), "did not have response"),
    (lambda body: body["messages"][3].update(tool_call_id="x"), "must be a response to a preceeding message"),
    (
        lambda body: body["messages"][3].update(content=body["messages"][5]["content"]),
        "Image URLs are only allowed for messages with role 'user'",
    ),
    (lambda body: body["messages"][5]["content"][0].update(type="input_text"), "Invalid value: 'input_text'"),
    (
        lambda body: body["messages"][5]["content"][1].update(image_url={"url": PIXEL}),
        "Expected a valid URL",
    ),
    (lambda body: body["messages"][2]["tool_calls"][0].update(id="c" * 41), "maximum length 40"),
    (
        lambda body: body["messages"][2]["tool_calls"][0].update(
            function={"name": "read", "arguments": {"path": "a"}}
        ),
        "Invalid type for 'messages[2].tool_calls[0].function.arguments'",
    ),
    (lambda body: body["tools"][0]["function"].update(name="a.b"), "does not match pattern"),
    (lambda body: body["tools"][0]["function"].update(name="a" * 65), "maximum length 64"),
    (lambda body: body["tools"][0].update(type="web_search"), "Invalid value: 'web_search'"),
    (lambda body: body["tools"][0]["function"].update(parameters={}), "schema must be a JSON Schema"),
    (lambda body: body["tools"][0]["function"].update(strict=True), "'additionalProperties' is required"),
    (lambda body: body.update(stop=["a"] * 5), "Invalid 'stop': array too long"),
]
RESPONSES: list[tuple[Change, str]] = [
    (lambda body: body.update(messages=[]), "Unknown parameter: 'messages'"),
    (lambda body: body.update(input=[]), "Invalid 'input': empty array"),
    (lambda body: body.update(max_output_tokens=1), "integer below minimum value"),
    (lambda body: body["input"][1].update(type="user_message"), "Invalid value: 'user_message'"),
    (lambda body: body["input"][1].update(role="tool"), "Invalid value: 'tool'"),
    (lambda body: body["input"][1]["content"][0].update(type="output_text"), "Invalid value: 'output_text'"),
    (lambda body: body["input"][0].update(id="item_1"), "Expected an ID that begins with 'msg'"),
    (lambda body: body["input"][2].update(encrypted_content="x"), "could not be verified"),
    (lambda body: body["input"][2].pop("encrypted_content"), "Items are not persisted"),
    (lambda body: body["input"].insert(2, body["input"].pop(1)), "without its required following item"),
    (lambda body: body["input"].pop(), "No tool output found for function call call_1"),
    (lambda body: body["input"].pop(3), "No tool call found for function call output with call_id call_1"),
    (lambda body: body["input"][3].update(arguments={}), "Invalid type for 'input[3].arguments'"),
    (lambda body: body["input"][3].update(call_id="c" * 65), "maximum length 64"),
    (lambda body: body["input"][5].update(output=None), "Missing required parameter: 'input[5].output'"),
    (lambda body: body["tools"][0].update(type="bash"), "Invalid value: 'bash'"),
    (lambda body: body["tools"][0].update(name="a b"), "does not match pattern"),
    (lambda body: body["tools"][0].update(parameters={"type": "array"}), "got 'type: \"array\"'"),
]
GEMINI: list[tuple[Change, str]] = [
    (lambda body: body.update(messages=[]), 'Unknown name "messages": Cannot find field.'),
    (lambda body: body.update(contents=[]), "contents is not specified"),
    (lambda body: body["contents"][0].update(role="assistant"), "Please use a valid role: user, model."),
    (lambda body: body["contents"][0].update(parts=[]), "contents.parts must not be empty"),
    (lambda body: body["contents"][0].update(name="x"), "Unknown name \"name\" at 'contents[0]'"),
    (lambda body: body["contents"][0]["parts"][0].update(type="text"), 'Unknown name "type"'),
    (lambda body: body["contents"][0]["parts"][0].pop("text"), "must have one initialized field"),
    (lambda body: body["contents"][0]["parts"][1]["inlineData"].update(data="é"), "Base64 decoding failed"),
    (lambda body: body["generationConfig"].update(max_tokens=1), "at 'generation_config'"),
    (lambda body: body["contents"].pop(), "followed by a function response turn"),
    (lambda body: body["contents"].pop(1), "comes immediately after a function call turn"),
    (lambda body: body["contents"][2]["parts"].pop(), "number of function response parts is equal"),
    (
        lambda body: body["contents"].insert(1, {"role": "model", "parts": [{"text": "x"}]}),
        "function call turn comes immediately after a user turn",
    ),
    (lambda body: body["contents"][1]["parts"][1].pop("thoughtSignature"), "missing a thought_signature"),
    (lambda body: body["contents"][1]["parts"][1].update(thoughtSignature="AAAA"), "Corrupted thought"),
    (
        lambda body: body["contents"][1]["parts"][1]["functionCall"].update(args={"path": "b"}),
        "Thought signature is not valid",
    ),
    (
        lambda body: body["contents"][2]["parts"][0]["functionResponse"].pop("name"),
        "Name cannot be empty",
    ),
    (
        lambda body: body["contents"][2]["parts"][0]["functionResponse"].update(response="one"),
        "google.protobuf.Struct",
    ),
    (
        lambda body: body["tools"][0]["functionDeclarations"][0].update(name="9 lives"),
        "Invalid function name",
    ),
    (
        lambda body: body["tools"][0]["functionDeclarations"][0].update(parameters={}),
        "only one of parameters and parameters_json_schema",
    ),
    (
        lambda body: body["tools"][0].update(
            functionDeclarations=[{"name": "a", "parameters": {"type": "object", "$schema": "x"}}]
        ),
        'Unknown name "$schema"',
    ),
    (lambda body: body["tools"].append(body["tools"][0]), "Duplicate function declaration found: read"),
]
OLLAMA: list[tuple[Change, str]] = [
    (lambda body: body.pop("model"), "model is required"),
    (lambda body: body.update(think="lots"), "invalid think value"),
    (
        lambda body: body["messages"][1].update(content=[{"type": "text"}]),
        "cannot unmarshal array into Go struct field ChatRequest.messages.content of type string",
    ),
    (
        lambda body: body["messages"][2]["tool_calls"][0]["function"].update(arguments="{}"),
        "cannot unmarshal string into Go struct field",
    ),
    (lambda body: body["messages"][1].update(images=["data:image/png;base64,AAAA"]), "illegal base64"),
]
CASES = {
    "anthropic-messages": MESSAGES,
    "openai-chat": CHAT,
    "openai-responses": RESPONSES,
    "gemini": GEMINI,
    "ollama": OLLAMA,
}


@pytest.mark.parametrize(
    ("dialect", "change", "words"),
    [(dialect, change, words) for dialect, cases in CASES.items() for change, words in cases],
    ids=[f"{dialect}-{words[:40]}" for dialect, cases in CASES.items() for _, words in cases],
)
def test_what_the_real_api_refuses_is_refused(dialect: str, change: Change, words: str) -> None:
    """One thing wrong in a good conversation is refused, in the words of that API."""
    assert words in _refusal(dialect, change)


@pytest.mark.parametrize("waiver", WAIVERS)
def test_a_waived_signature_is_taken(waiver: str) -> None:
    """Calls another model made may say so instead of a signature."""
    memory = Memory()
    body = CONVERSATIONS["gemini"](memory)
    body["contents"][1]["parts"][1]["thoughtSignature"] = waiver
    CHECKS["gemini"](Asked(body, PATHS["gemini"]), memory)


def test_claude_code_may_speak_as_the_system_among_messages() -> None:
    """A system turn behind the first message is taken with the betas of Claude Code."""
    memory = Memory()
    body = CONVERSATIONS["anthropic-messages"](memory)
    body["messages"].insert(1, {"role": "system", "content": "x"})
    CHECKS["anthropic-messages"](Asked(body, "", "claude-code-20250219"), memory)
