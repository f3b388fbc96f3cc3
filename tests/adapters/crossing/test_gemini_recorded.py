"""What real agents sent, taken from gemini to others and to gemini from others: nothing said is missing."""

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from anthropic.types import message_create_params
from google.genai import types
from openai.types.chat import completion_create_params
from pydantic import TypeAdapter

from adapters.conversation import PLAIN, ChatRequest
from adapters.conversation_settings import BILLING
from adapters.conversation_tools import PLACEHOLDER
from adapters.dialect import Dialect
from adapters.dialects import anthropic_messages, gemini, openai_chat
from adapters.seal import sealed
from tests.adapters.crossing.crossings import Body
from tests.upstream.tee import split_requests

FIXTURES = Path(__file__).parents[2] / "fixtures"
ARCHIVE = FIXTURES / "recorded" / "gemini" / "requests.tar.xz"
TO_CHAT: TypeAdapter[Any] = TypeAdapter(completion_create_params.CompletionCreateParams)
TO_ANTHROPIC: TypeAdapter[Any] = TypeAdapter(message_create_params.MessageCreateParams)
TARGETS = {"anthropic-messages": anthropic_messages.DIALECT, "openai-chat": openai_chat.DIALECT}
ADAPTERS = {"anthropic-messages": TO_ANTHROPIC, "openai-chat": TO_CHAT}


def recorded() -> Iterator[tuple[str, str, bytes]]:
    """Every recorded request of gemini: its name, its path, its body."""
    with tarfile.open(ARCHIVE) as members:
        for member in members:
            file = members.extractfile(member)
            assert file is not None
            request = next(split_requests(file.read()))
            yield member.name, request.path, request.body


RECORDED = {name: (path, body) for name, path, body in recorded()}
AGENTS = {path.stem: path.read_bytes() for path in sorted((FIXTURES / "agents" / "claude").glob("*.body"))}
each_recording = pytest.mark.parametrize(("path", "body"), RECORDED.values(), ids=RECORDED)
each_target = pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)


def read(path: str, body: bytes) -> ChatRequest:
    """A recorded request as the middle has it."""
    return gemini.DIALECT.read_request(body, path)


def crossed(path: str, body: bytes, target: Dialect) -> Body:
    """What another dialect gets of it."""
    written: Body = json.loads(target.write_request(read(path, body), PLAIN).body)
    return written


def strings(value: object) -> Iterator[str]:
    """Every string inside a value, and the values of JSON inside strings."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)
    elif isinstance(value, str):
        yield value
        if value.startswith("{"):
            yield from strings(json.loads(value))


def said_in(body: Body) -> Iterator[str]:
    """The words, calls, arguments, results and functions of a request of gemini."""
    for content in [body.get("systemInstruction", {"parts": []}), *body["contents"]]:
        for part in content["parts"]:
            yield from [part["text"]] if "text" in part else []
            yield from strings(part.get("functionCall", {}).get("args", {}))
            response = part.get("functionResponse", {}).get("response", {})
            yield from [inner for key, inner in response.items() if key != "name"]
    for tool in body.get("tools", []):
        for function in tool["functionDeclarations"]:
            yield from (function["name"], function["description"])
            yield from strings(
                function.get("parametersJsonSchema", function.get("parameters", {})).get("properties", {})
            )


@each_recording
def test_a_peek_is_right(path: str, body: bytes) -> None:
    """Model, stream and thinking are what the agent asked for; the weight is a share of the bytes."""
    seen = gemini.DIALECT.peek(body, path)
    whole = json.loads(body)
    assert f"/v1beta/models/{seen.model}:" in path
    assert seen.stream is ("streamGenerateContent" in path)
    assert seen.thinking is ("thinkingConfig" in whole["generationConfig"])
    assert len(body) / 10 < gemini.DIALECT.estimate(body) < len(body) / 2
    assert gemini.DIALECT.rename(body, "other") == body
    assert gemini.DIALECT.read_prompt(body, path).text


@each_target
@each_recording
def test_nothing_an_agent_said_is_lost(path: str, body: bytes, target: Dialect) -> None:
    """Every text, argument, result and function is found in what the other side gets."""
    everything = "\0".join(strings(crossed(path, body, target)))
    assert [text for text in said_in(json.loads(body)) if text.strip() and text not in everything] == []


@each_target
@each_recording
def test_the_official_sdk_knows_every_field(path: str, body: bytes, target: Dialect) -> None:
    """What is written is a request by the types of the other side's SDK."""
    written = crossed(path, body, target)
    adapter = ADAPTERS[target.name]
    kept = json.loads(adapter.dump_json(adapter.validate_python(written), warnings=False))
    # Its newest version for Anthropic has no word for `top_p` any more, which the API goes on to take.
    assert written.keys() - kept.keys() <= {"top_p"}


@each_recording
def test_calls_are_answered_and_signed_for_their_maker(path: str, body: bytes) -> None:
    """Each call is followed by its result; nobody else gets Google's signatures (client cases 9, 59)."""
    messages = crossed(path, body, anthropic_messages.DIALECT)["messages"]
    blocks = [
        block for message in messages if isinstance(message["content"], list) for block in message["content"]
    ]
    made = [block["id"] for block in blocks if block["type"] == "tool_use"]
    assert [block["tool_use_id"] for block in blocks if block["type"] == "tool_result"] == made
    assert not any(block["type"] == "thinking" for block in blocks)
    messages = crossed(path, body, openai_chat.DIALECT)["messages"]
    made = [call["id"] for message in messages for call in message.get("tool_calls", [])]
    assert [message["tool_call_id"] for message in messages if message["role"] == "tool"] == made


@each_recording
def test_a_recorded_request_survives_its_own_dialect(path: str, body: bytes) -> None:
    """Contents come out as they went in, but for ids that were missing."""
    ours, whole = crossed(path, body, gemini.DIALECT), json.loads(body)
    given = [part for content in whole["contents"] for part in content["parts"]]
    told = [part for content in ours["contents"] for part in content["parts"]]
    for before, after in zip(given, told, strict=True):
        for key in {"functionCall", "functionResponse"} & before.keys():
            after[key] = {name: inner for name, inner in after[key].items() if name in before[key]}
    assert ours["contents"] == whole["contents"]
    assert ours.keys() == whole.keys()


def test_schemas_in_capitals_reach_others_in_small_letters() -> None:
    """The router of Gemini CLI asks for a shape in Google's words (client case 60)."""
    path, body = RECORDED["gemini-cli/print-shell/0001.http"]
    shape = crossed(path, body, openai_chat.DIALECT)["response_format"]["json_schema"]["schema"]
    assert shape["type"] == "object"
    assert shape["properties"]["complexity_score"]["type"] == "integer"
    assert "OBJECT" not in json.dumps(shape)


# --- from Claude Code ---------------------------------------------------------------------------------


def to_gemini(body: bytes) -> Body:
    """What Gemini gets of a request of Claude Code's."""
    request = anthropic_messages.DIALECT.read_request(body, "")
    told: Body = json.loads(gemini.DIALECT.write_request(request, PLAIN).body)
    return told


def said_by_claude(body: Body) -> Iterator[str]:
    """The texts, calls and results of a request of Anthropic's."""
    yield from [block["text"] for block in body.get("system", [])]
    for message in body["messages"]:
        yield from said_in_blocks(message["content"])
    for tool in body.get("tools", []):
        if not tool.get("defer_loading") and "input_schema" in tool:
            yield from (tool["name"], tool["description"])


def said_in_blocks(content: Any) -> Iterator[str]:
    """What the blocks of a turn hold."""
    if isinstance(content, str):
        yield content
        return
    for block in content:
        yield from [block["text"]] if block["type"] == "text" else []
        yield from strings(block["input"]) if block["type"] == "tool_use" else ()
        yield from [block["source"]["data"]] if block["type"] in ("image", "document") else []
        yield from said_in_blocks(block.get("content", "")) if block["type"] == "tool_result" else ()


@pytest.mark.parametrize("body", AGENTS.values(), ids=AGENTS)
def test_nothing_claude_code_said_is_lost(body: bytes) -> None:
    """Words, calls, results, images and tools arrive, and the SDK's types know every part."""
    whole, written = json.loads(body), to_gemini(body)
    everything = "\0".join(strings(written))
    said = (text for text in said_by_claude(whole) if text.strip() and not text.startswith(BILLING))
    assert [text for text in said if text != PLACEHOLDER and text not in everything] == []
    for content in written["contents"]:
        types.Content.model_validate(content)
    for tool in written.get("tools", []):
        types.Tool.model_validate(tool)
    types.GenerationConfig.model_validate(written.get("generationConfig", {}))


@pytest.mark.parametrize("body", AGENTS.values(), ids=AGENTS)
def test_every_call_of_claude_code_is_answered_at_once(body: bytes) -> None:
    """The responses of a turn follow it, in the order of the calls and by name."""
    contents = to_gemini(body)["contents"]
    for index, content in enumerate(contents):
        made = [part["functionCall"] for part in content["parts"] if "functionCall" in part]
        if not made:
            continue
        answers = [part["functionResponse"] for part in contents[index + 1]["parts"]]
        assert [(one["id"], one["name"]) for one in answers] == [(one["id"], one["name"]) for one in made]


def test_a_signature_goes_to_claude_code_and_back() -> None:
    """What was sealed on the way to the client is on the call again."""
    thought = {"type": "thinking", "thinking": "", "signature": sealed("gemini", "c2ln")}
    call = {"type": "tool_use", "id": "1", "name": "f", "input": {}}
    result = {"type": "tool_result", "tool_use_id": "1", "content": "ok"}
    body = {
        "model": "gemini-3-pro",
        "messages": [
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": [thought, call]},
            {"role": "user", "content": [result]},
        ],
    }
    (part,) = to_gemini(json.dumps(body).encode())["contents"][1]["parts"]
    assert part["thoughtSignature"] == "c2ln"
