"""What the providers say is read by the official SDKs as it was meant: a thought, words, two calls."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import anthropic
import ollama
import openai
import pytest
from google import genai
from google.genai import types

from tests.upstream.conversations import SCHEMA
from tests.upstream.plan import Call, Turn
from tests.upstream.provider import Provider
from tests.upstream.server import Upstream

THOUGHT = "Two files at once: é日本🙂."
WORDS = "Reading, é日本🙂."
ARGUMENTS: list[dict[str, Any]] = [{"path": "a.txt"}, {"path": "b.txt"}]
PLAN = (Turn(tuple(Call("read", arguments) for arguments in ARGUMENTS), WORDS, THOUGHT),)
# What came: thought, words, names, arguments, how many signatures.
Came = tuple[str, str, list[str], list[Any]]


@pytest.fixture
def provider() -> Provider:
    """A provider whose one turn reads two files."""
    return Provider(PLAN)


@pytest.fixture
def address(provider: Provider) -> Iterator[str]:
    """Where it listens."""
    upstream = Upstream(provider)
    upstream.start()
    yield upstream.address
    upstream.stop()


def messages(address: str, *, stream: bool) -> Came:
    """Ask with Anthropic's SDK."""
    asked: Any = {
        "model": "claude-replay",
        "max_tokens": 4096,
        "thinking": {"type": "enabled", "budget_tokens": 1024},
        "messages": [{"role": "user", "content": "Read."}],
        "tools": [{"name": "read", "input_schema": SCHEMA}],
    }
    with anthropic.Anthropic(base_url=address, api_key="x", max_retries=0) as client:
        if stream:
            with client.messages.stream(**asked) as streamed:
                message = streamed.get_final_message()
        else:
            message = client.messages.create(**asked)
    assert message.stop_reason == "tool_use"
    thought, text, *uses = message.content
    assert thought.type == "thinking"
    assert thought.signature
    assert text.type == "text"
    calls = [use for use in uses if use.type == "tool_use"]
    return thought.thinking, text.text, [use.name for use in calls], [use.input for use in calls]


def chat(address: str, *, stream: bool) -> Came:
    """Ask with OpenAI's SDK."""
    asked: Any = {
        "model": "gpt-replay",
        "messages": [{"role": "user", "content": "Read."}],
        "tools": [{"type": "function", "function": {"name": "read", "parameters": SCHEMA}}],
    }
    with openai.OpenAI(base_url=f"{address}/v1", api_key="x", max_retries=0) as client:
        if stream:
            with client.chat.completions.stream(**asked) as streamed:
                completion: Any = streamed.get_final_completion()
        else:
            completion = client.chat.completions.create(**asked)
    (choice,) = completion.choices
    assert choice.finish_reason == "tool_calls"
    functions = [call.function for call in choice.message.tool_calls]
    arguments = [json.loads(function.arguments) for function in functions]
    thought = choice.message.reasoning_content
    return thought, choice.message.content, [function.name for function in functions], arguments


def responses(address: str, *, stream: bool) -> Came:
    """Ask with OpenAI's SDK, the newer API."""
    asked: Any = {
        "model": "gpt-replay",
        "input": "Read.",
        "reasoning": {"summary": "auto"},
        "include": ["reasoning.encrypted_content"],
        "tools": [{"type": "function", "name": "read", "parameters": SCHEMA, "strict": False}],
    }
    with openai.OpenAI(base_url=f"{address}/v1", api_key="x", max_retries=0) as client:
        if stream:
            with client.responses.stream(**asked) as streamed:
                response: Any = streamed.get_final_response()
        else:
            response = client.responses.create(**asked)
    thought, _, *calls = response.output
    assert thought.encrypted_content
    arguments = [json.loads(call.arguments) for call in calls]
    return thought.summary[0].text, response.output_text, [call.name for call in calls], arguments


def gemini(address: str, *, stream: bool) -> Came:
    """Ask with Google's SDK."""
    declaration = types.FunctionDeclaration(name="read", parameters_json_schema=SCHEMA)
    config = types.GenerateContentConfig(
        tools=[types.Tool(function_declarations=[declaration])],
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
        thinking_config=types.ThinkingConfig(include_thoughts=True),
    )
    client = genai.Client(api_key="x", http_options=types.HttpOptions(base_url=address))
    asked: Any = {"model": "gemini-replay", "contents": "Read.", "config": config}
    with client:
        if stream:
            chunks = list(client.models.generate_content_stream(**asked))
        else:
            chunks = [client.models.generate_content(**asked)]
    candidates: list[Any] = [chunk.candidates[0] for chunk in chunks if chunk.candidates]
    assert [each.finish_reason for each in candidates][-1] == types.FinishReason.STOP
    parts = [part for each in candidates for part in each.content.parts]
    calls = [part for part in parts if part.function_call]
    assert [bool(part.thought_signature) for part in calls] == [True, False]
    assert all(part.function_call.id for part in calls)
    thought = "".join(part.text for part in parts if part.thought)
    text = "".join(part.text for part in parts if part.text and not part.thought)
    functions = [part.function_call for part in calls]
    return thought, text, [call.name for call in functions], [call.args for call in functions]


def lines(address: str, *, stream: bool) -> Came:
    """Ask with Ollama's SDK."""
    tool = {"type": "function", "function": {"name": "read", "parameters": SCHEMA}}
    asked: Any = {"messages": [{"role": "user", "content": "Read."}], "tools": [tool], "think": True}
    with ollama.Client(host=address) as client:
        chunks: list[Any] = (
            list(client.chat("replay", **asked, stream=True)) if stream else [client.chat("replay", **asked)]
        )
    assert chunks[-1].done
    calls = [call.function for chunk in chunks for call in chunk.message.tool_calls or []]
    thought = "".join(chunk.message.thinking or "" for chunk in chunks)
    text = "".join(chunk.message.content or "" for chunk in chunks)
    return thought, text, [call.name for call in calls], [dict(call.arguments) for call in calls]


@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize("ask", [messages, chat, responses, gemini, lines], ids=lambda ask: ask.__name__)
def test_its_maker_s_sdk_reads_what_is_said(
    provider: Provider, address: str, ask: Callable[..., Came], *, stream: bool
) -> None:
    """A turn of the plan arrives whole, however it is asked for."""
    assert ask(address, stream=stream) == (THOUGHT, WORDS, ["read", "read"], ARGUMENTS)
    assert provider.refused == []
