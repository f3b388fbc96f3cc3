"""Replies taken from Ollama to the SDKs of other clients, and from other providers to Ollama's SDK."""

import json

import ollama as sdk
import pytest

from adapters.dialect import Dialect
from adapters.dialects import anthropic_messages, ollama, openai_chat
from adapters.events import Reply, TextBlock, ThinkingBlock, ToolBlock, collect
from adapters.fault import Fault
from adapters.translation import Shown, StreamTranslation, translate_reply
from tests.adapters.cuts import FIXTURES, cuts, recorded_streams
from tests.adapters.dialects.ollama.lines import STREAMS, WHOLES, said
from tests.adapters.dialects.ollama.sdk import in_front_of
from tests.adapters.frames import call, delta
from tests.adapters.oracles import (
    gathered_by_anthropic,
    gathered_by_openai,
    must_be_completion,
    must_be_message,
)
from tests.adapters.reading import read

OLLAMA, MESSAGES, CHAT = ollama.DIALECT, anthropic_messages.DIALECT, openai_chat.DIALECT
ASKED = [{"role": "user", "content": "x"}]
SHOWN = Shown("asked-for", "spare", 1_700_000_000)
SOURCES = {MESSAGES.name: MESSAGES, CHAT.name: CHAT}
WHOLE_REPLIES = [
    (name, path.stem, path.read_bytes())
    for name in SOURCES
    for path in sorted((FIXTURES / "replies" / name).glob("*.json"))
    if path.stem != "count"
]
STREAMED = [
    (name, stem, stream)
    for name in SOURCES
    for stem, stream in recorded_streams(name).items()
    if stem != "cut-after-text"
]


def translated(chunks: list[bytes], source: Dialect, target: Dialect) -> tuple[bytes, StreamTranslation]:
    """A stream in another dialect, and what translated it."""
    usage_asked = True
    crossing = StreamTranslation(source.stream_reader(), target.stream_writer(usage_asked), SHOWN)
    return b"".join([*map(crossing.feed, chunks), crossing.finish()]), crossing


def told(stream: bytes, source: Dialect) -> Reply:
    """What a stream tells, as it is shown to the client."""
    return SHOWN.reply(collect(read(source.stream_reader(), [stream])))


@pytest.mark.parametrize("name", STREAMS)
def test_the_anthropic_sdk_gathers_what_ollama_streams(name: str) -> None:
    """Text, thinking, calls, counts and the reason; the client's model and an id."""
    stream, crossing = translated([STREAMS[name]], OLLAMA, MESSAGES)
    must_be_message(gathered_by_anthropic(stream), told(STREAMS[name], OLLAMA))
    assert (crossing.ended, crossing.fault, crossing.garbled) == (True, None, False)


@pytest.mark.parametrize("name", [name for name in STREAMS if name != "cut-short"])
def test_the_openai_sdk_gathers_what_ollama_streams(name: str) -> None:
    """Text, reasoning, calls, counts and the reason; one that was cut short it raises."""
    stream, _ = translated([STREAMS[name]], OLLAMA, CHAT)
    must_be_completion(gathered_by_openai(stream), told(STREAMS[name], OLLAMA))


@pytest.mark.parametrize("target", [MESSAGES, CHAT], ids=lambda target: target.name)
@pytest.mark.parametrize("name", ["tools", "thinking"])
def test_a_stream_crosses_alike_however_it_is_cut(name: str, target: Dialect) -> None:
    """At every byte and byte by byte, the same bytes leave."""
    whole, _ = translated([STREAMS[name]], OLLAMA, target)
    for chunks in cuts(STREAMS[name]):
        assert translated(chunks, OLLAMA, target)[0] == whole


@pytest.mark.parametrize("target", [MESSAGES, CHAT], ids=lambda target: target.name)
@pytest.mark.parametrize("name", WHOLES)
def test_a_whole_reply_crosses(name: str, target: Dialect) -> None:
    """What is shown of it is what a reader of the client's dialect finds."""
    body, reply = translate_reply(WHOLES[name], OLLAMA.read_reply, target.write_reply, SHOWN)
    back = target.read_reply(body)
    expected = SHOWN.reply(reply)
    assert (back.blocks, back.stop, back.usage) == (expected.blocks, reply.stop, reply.usage)
    assert back.model == "asked-for"


@pytest.mark.parametrize(("source", "name", "stream"), STREAMED)
def test_ollamas_sdk_gathers_what_others_stream(source: str, name: str, stream: bytes) -> None:
    """Of recorded streams of other providers: text, thinking and calls, whole and in order."""
    out, _ = translated([stream], SOURCES[source], OLLAMA)
    parts = list(in_front_of(out).chat("m", ASKED, stream=True))
    reply = told(stream, SOURCES[source])
    assert name
    text = "".join(part.message.content or "" for part in parts)
    assert text == "".join(block.text for block in reply.blocks if isinstance(block, TextBlock))
    thought = "".join(part.message.thinking or "" for part in parts)
    assert thought == "".join(block.text for block in reply.blocks if isinstance(block, ThinkingBlock))
    calls = [one.function for part in parts for one in part.message.tool_calls or ()]
    assert [(one.name, one.arguments) for one in calls] == [
        (one.name, json.loads(one.arguments or "{}")) for one in reply.blocks if isinstance(one, ToolBlock)
    ]
    assert (parts[-1].done, parts[-1].eval_count, parts[-1].model) == (True, reply.usage.output, "asked-for")


@pytest.mark.parametrize(("source", "name", "body"), WHOLE_REPLIES)
def test_ollamas_sdk_reads_what_others_answer(source: str, name: str, body: bytes) -> None:
    """Whole replies of other providers."""
    read_reply = SOURCES[source].read_reply
    out, reply = translate_reply(body, read_reply, OLLAMA.write_reply, SHOWN)
    response = in_front_of(out).chat("m", ASKED)
    assert name
    text = "".join(block.text for block in reply.blocks if isinstance(block, TextBlock))
    assert response.message.content == text
    assert len(response.message.tool_calls or ()) == sum(
        isinstance(block, ToolBlock) for block in reply.blocks
    )
    assert (response.model, response.done) == ("asked-for", True)


def test_interleaved_calls_reach_ollamas_clients_whole() -> None:
    """Each call is one line, in the order they began."""
    stream = b"".join(
        [
            call(0, id="1", name="f"),
            call(1, id="2", name="g"),
            call(1, '{"b":'),
            call(0, '{"a":1}'),
            call(1, "2}"),
            delta("tool_calls"),
        ]
    )
    out, _ = translated([stream + b"data: [DONE]\n\n"], CHAT, OLLAMA)
    lines = [json.loads(line)["message"].get("tool_calls") for line in out.splitlines()]
    assert [one[0]["function"] for one in lines if one] == [
        {"index": 0, "name": "f", "arguments": {"a": 1}},
        {"index": 1, "name": "g", "arguments": {"b": 2}},
    ]


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_of_ollamas_that_is_cut_is_no_answer(name: str) -> None:
    """No client is told that it ended, wherever it was cut."""
    stream = STREAMS[name]
    for end in range(0, len(stream) - 1, 7):
        out, crossing = translated([stream[:end]], OLLAMA, MESSAGES)
        assert b"message_stop" not in out
        assert crossing.fault is not None
        assert b"[DONE]" not in translated([stream[:end]], OLLAMA, CHAT)[0]


def test_an_error_of_ollamas_is_told_in_the_clients_words() -> None:
    """In the middle of a stream, with its message."""
    stream = said("a") + b'{"error":"server busy, please try again."}\n'
    out, crossing = translated([stream], OLLAMA, MESSAGES)
    assert crossing.fault is not None
    assert crossing.fault.kind == "overloaded"
    assert b"event: error" in out
    assert b"overloaded_error" in out


def test_a_failure_reaches_ollamas_clients_as_an_error() -> None:
    """The SDK raises it with its words."""
    out, _ = translated([delta(content="a")], CHAT, OLLAMA)
    parts = in_front_of(out).chat("m", ASKED, stream=True)
    assert next(parts).message.content == "a"
    with pytest.raises(sdk.ResponseError, match="before the reply was complete"):
        next(parts)


def test_a_conversation_too_long_for_ollama_is_told_in_every_dialect() -> None:
    """A client of Anthropic's hears the words it makes its conversation shorter for."""
    fault = OLLAMA.read_error(400, b'{"error":"the input length exceeds the context length"}')
    assert isinstance(fault, Fault)
    assert b"prompt is too long" in MESSAGES.write_error(fault, "req_1")
    assert b"context_length_exceeded" in CHAT.write_error(fault, "req_1")
