"""One good conversation a dialect, a turn of two calls with its results: what the strict providers must take.

Tests of what they refuse change one thing in a copy of it.
"""

import copy
from typing import Any

from tests.upstream.memory import Memory
from tests.upstream.plan import Json

THOUGHT = "Two files at once."
ARGUMENTS = {"path": "a.txt"}
SCHEMA = {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def messages(memory: Memory) -> Json:
    """anthropic-messages."""
    thought = {"type": "thinking", "thinking": THOUGHT, "signature": memory.sign(THOUGHT)}
    uses = [{"type": "tool_use", "id": f"toolu_{n}", "name": "read", "input": ARGUMENTS} for n in (1, 2)]
    source = {"type": "base64", "media_type": "image/png", "data": PIXEL}
    results: list[Json] = [
        {"type": "tool_result", "tool_use_id": "toolu_2", "content": [{"type": "image", "source": source}]},
        {"type": "tool_result", "tool_use_id": "toolu_1", "content": "one", "is_error": True},
    ]
    return {
        "model": "claude-replay",
        "max_tokens": 4096,
        "stream": True,
        "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
        "thinking": {"type": "enabled", "budget_tokens": 1024},
        "messages": [
            {"role": "user", "content": "Read both."},
            {"role": "assistant", "content": [thought, {"type": "text", "text": "Reading."}, *uses]},
            {"role": "user", "content": [*results, {"type": "text", "text": "Go on."}]},
        ],
        "tools": [{"name": "read", "description": "Reads.", "input_schema": SCHEMA}],
    }


def chat(memory: Memory) -> Json:
    """openai-chat."""
    del memory
    function = {"name": "read", "arguments": '{"path":"a.txt"}'}
    calls = [{"id": f"call_{n}", "type": "function", "function": function} for n in (1, 2)]
    results = [{"role": "tool", "tool_call_id": f"call_{n}", "content": "one"} for n in (2, 1)]
    image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}
    return {
        "model": "gpt-replay",
        "stream": True,
        "stream_options": {"include_usage": True},
        "messages": [
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "content": "Read both."},
            {"role": "assistant", "content": None, "reasoning_content": THOUGHT, "tool_calls": calls},
            *results,
            {"role": "user", "content": [{"type": "text", "text": "Go on."}, image]},
        ],
        "tools": [{"type": "function", "function": {"name": "read", "parameters": SCHEMA}}],
    }


def responses(memory: Memory) -> Json:
    """openai-responses."""
    called = {"name": "read", "arguments": '{"path":"a.txt"}'}
    calls = [{"type": "function_call", "id": f"fc_{n}", "call_id": f"call_{n}", **called} for n in (1, 2)]
    image = {"type": "input_image", "image_url": f"data:image/png;base64,{PIXEL}"}
    outputs: list[tuple[str, Any]] = [("call_2", [image]), ("call_1", "one")]
    thought = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": memory.sign(THOUGHT)}
    words = [{"type": "input_text", "text": "Read both."}]
    return {
        "model": "gpt-replay",
        "stream": True,
        "store": False,
        "include": ["reasoning.encrypted_content"],
        "reasoning": {"effort": "low", "summary": "auto"},
        "input": [
            {"type": "message", "id": "msg_1", "role": "developer", "content": "Be brief."},
            {"type": "message", "role": "user", "content": words},
            thought,
            *calls,
            *({"type": "function_call_output", "call_id": call, "output": what} for call, what in outputs),
        ],
        "tools": [{"type": "function", "name": "read", "parameters": SCHEMA}],
    }


def gemini(memory: Memory) -> Json:
    """gemini."""
    call = {"functionCall": {"id": "call-1", "name": "read", "args": ARGUMENTS}}
    signature = {"thoughtSignature": memory.sign('{"path":"a.txt"}')}
    picture = {"inlineData": {"mimeType": "image/png", "data": PIXEL}}
    response = {"name": "read", "response": {"output": "one"}}
    return {
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "generationConfig": {"maxOutputTokens": 64, "thinkingConfig": {"includeThoughts": True}},
        "contents": [
            {"role": "user", "parts": [{"text": "Read both."}, picture]},
            {"role": "model", "parts": [{"text": "Reading."}, {**call, **signature}, copy.deepcopy(call)]},
            {
                "role": "user",
                "parts": [
                    {"functionResponse": response},
                    {"functionResponse": {**response, "parts": [picture]}},
                ],
            },
        ],
        "tools": [{"functionDeclarations": [{"name": "read", "parametersJsonSchema": SCHEMA}]}],
    }


def ollama(memory: Memory) -> Json:
    """ollama."""
    del memory
    call = {"function": {"name": "read", "arguments": ARGUMENTS}}
    return {
        "model": "replay",
        "think": True,
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Read both.", "images": [PIXEL]},
            {"role": "assistant", "content": "", "thinking": THOUGHT, "tool_calls": [call, call]},
            {"role": "tool", "tool_name": "read", "content": "one"},
            {"role": "tool", "tool_name": "read", "content": "two"},
        ],
        "tools": [{"type": "function", "function": {"name": "read", "parameters": SCHEMA}}],
    }


PATHS = {
    "anthropic-messages": "/v1/messages",
    "openai-chat": "/v1/chat/completions",
    "openai-responses": "/v1/responses",
    "gemini": "/v1beta/models/gemini-3-replay:streamGenerateContent",
    "ollama": "/api/chat",
}
CONVERSATIONS = {
    "anthropic-messages": messages,
    "openai-chat": chat,
    "openai-responses": responses,
    "gemini": gemini,
    "ollama": ollama,
}
