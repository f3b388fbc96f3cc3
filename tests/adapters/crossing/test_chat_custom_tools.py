"""Tools of a chat that take text, at a provider that has only functions: what the client gets back."""

import json
from typing import Any

from adapters.conversation import PLAIN
from adapters.events import Reply, ToolBlock, Usage
from adapters.table import DIALECTS
from adapters.translation import Shown, StreamTranslation, translate_reply

MESSAGES, CHAT = DIALECTS["anthropic-messages"], DIALECTS["openai-chat"]
PATCH = '*** Begin Patch\n+é "x"\n*** End Patch'
CUSTOM = {"type": "custom", "custom": {"name": "patch", "description": "d"}}
BODY = json.dumps({"model": "m", "messages": [{"role": "user", "content": "a"}], "tools": [CUSTOM]}).encode()
WRITTEN = MESSAGES.write_request(CHAT.read_request(BODY, ""), PLAIN)
SHOWN = Shown("m", "1", 1, WRITTEN.tools, "anthropic-messages")
CALLS = (
    ToolBlock("c1", "patch", json.dumps({"input": PATCH})),
    ToolBlock("c2", "plain", '{"a": 1}'),
)
REPLY = Reply("1", "m", CALLS, "tool_use", Usage())


def test_a_whole_reply_calls_it_by_its_kind() -> None:
    """The text stands in it as the client's tool takes it, and a function beside it is one."""
    told, _ = translate_reply(MESSAGES.write_reply(REPLY), MESSAGES.read_reply, CHAT.write_reply, SHOWN)
    custom, plain = json.loads(told)["choices"][0]["message"]["tool_calls"]
    assert custom == {"id": "c1", "type": "custom", "custom": {"name": "patch", "input": PATCH}}
    assert plain == {"id": "c2", "type": "function", "function": {"name": "plain", "arguments": '{"a": 1}'}}


def test_a_stream_does_the_same_piece_by_piece() -> None:
    """Each piece of text is said as the custom tool's input."""
    stream = b"".join(MESSAGES.write_stream(REPLY, True))  # noqa: FBT003 - usage is always in it
    crossing = StreamTranslation(MESSAGES.stream_reader(), CHAT.stream_writer(False), SHOWN)  # noqa: FBT003
    told = crossing.feed(stream) + crossing.finish()
    chunks: list[dict[str, Any]] = [
        json.loads(line.removeprefix(b"data: "))
        for line in told.split(b"\n\n")
        if line.startswith(b"data: {")
    ]
    pieces = [call for chunk in chunks for call in chunk["choices"][0]["delta"].get("tool_calls", ())]
    first = [piece for piece in pieces if piece["index"] == 0]
    assert first[0] == {
        "index": 0,
        "id": "c1",
        "type": "custom",
        "custom": {"name": "patch", "input": ""},
    }
    assert "".join(piece["custom"]["input"] for piece in first) == PATCH
    second = [piece for piece in pieces if piece["index"] == 1]
    assert "".join(piece["function"]["arguments"] for piece in second) == '{"a": 1}'
