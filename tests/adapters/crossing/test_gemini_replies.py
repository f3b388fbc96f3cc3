"""Replies between gemini and others, as the SDKs of the clients read them (client cases by number)."""

import json
from typing import Any

import anthropic
import pytest
from google.genai import errors, types

from adapters.conversation import PLAIN, ClientTool, Thinking
from adapters.dialect import Dialect
from adapters.dialects import anthropic_messages, gemini, openai_chat
from adapters.events import Reply, TextBlock, ThinkingBlock, ToolBlock, Usage, collect
from adapters.translation import Shown, StreamTranslation, translate_reply
from tests.adapters.cuts import cuts, recorded_streams
from tests.adapters.dialects.gemini.frames import STOP, call, parts, text, thought
from tests.adapters.dialects.gemini.sdk import (
    answering,
    chunks_of,
    gathered,
    parts_of,
    said_by,
    streaming,
    whole_of,
)
from tests.adapters.frames import block, message_end, message_start
from tests.adapters.frames import text as anthropic_text
from tests.adapters.frames import thinking as anthropic_thinking
from tests.adapters.frames import tool as anthropic_tool
from tests.adapters.oracles import (
    gathered_by_anthropic,
    gathered_by_openai,
    must_be_completion,
    must_be_message,
)
from tests.adapters.reading import read
from tests.adapters.replies import REPLIES

GEMINI, MESSAGES, CHAT = gemini.DIALECT, anthropic_messages.DIALECT, openai_chat.DIALECT


def shown(maker: Dialect) -> Shown:
    """What the client is to see of a reply made in a dialect."""
    return Shown("asked-for", "spare", 7, {"short": ClientTool("the_long_name")}, maker=maker.name)


def translation(source: Dialect, target: Dialect) -> StreamTranslation:
    """A stream on its way from one dialect to another."""
    flag = True
    return StreamTranslation(source.stream_reader(), target.stream_writer(flag), shown(source))


def translated(stream: bytes, source: Dialect, target: Dialect) -> bytes:
    """A stream in another dialect: the same however it is cut."""
    whole, *others = (_translated(chunks, source, target) for chunks in cuts(stream))
    assert set(others) <= {whole}
    return whole


def _translated(chunks: list[bytes], source: Dialect, target: Dialect) -> bytes:
    crossing = translation(source, target)
    return b"".join([*map(crossing.feed, chunks), crossing.finish()])


def reply_in(stream: bytes, dialect: Dialect) -> Reply:
    """The reply that a stream tells."""
    return collect(read(dialect.stream_reader(), [stream]))


STREAMS = {
    "text": parts(text("Hi, ")) + parts(text("é日本🙂"), finish="STOP"),
    "thinking": parts(thought("hm")) + parts(text("a")) + STOP,
    "calls": parts(text("a"), call("short", {"a": 1}), call("g", {}, None)) + STOP,
    "a signed call": parts(call("short", {"a": "é"}, thoughtSignature="c2ln"), finish="STOP"),
    "filtered": parts(text("a"), finish="SAFETY"),
    **recorded_streams("gemini"),
}


@pytest.mark.parametrize("stream", STREAMS.values(), ids=STREAMS)
def test_the_sdks_gather_what_gemini_streamed(stream: bytes) -> None:
    """Blocks, reasons and counts arrive at clients of both, with the names they know."""
    told = reply_in(stream, GEMINI)
    for dialect in (MESSAGES, CHAT):
        left = translated(stream, GEMINI, dialect)
        reply = shown(GEMINI).reply(told)
        if dialect is MESSAGES:
            must_be_message(gathered_by_anthropic(left), reply)
        else:
            must_be_completion(gathered_by_openai(left), reply)


@pytest.mark.parametrize("name", REPLIES)
def test_a_whole_reply_crosses_both_ways(name: str) -> None:
    """To gemini and from it, all that both have a place for is there."""
    reply = REPLIES[name]
    for other in (MESSAGES, CHAT):
        there, _ = translate_reply(
            other.write_reply(reply), other.read_reply, GEMINI.write_reply, shown(other)
        )
        response = whole_of(there)
        assert gathered(parts_of(response)) == said_by(reply)
        assert (response.response_id, response.model_version) == ("0a1b", "asked-for")
        back, _ = translate_reply(there, GEMINI.read_reply, other.write_reply, shown(GEMINI))
        again = other.read_reply(back)
        assert said_by(again) == said_by(reply)
        assert (again.stop, again.usage.output) == (reply.stop, reply.usage.output)


ANTHROPIC = {
    "text": message_start() + anthropic_text(0, "Hi, ", "é日本🙂") + message_end(),
    "thinking": message_start()
    + anthropic_thinking(0, "c2ln", "hm", "m")
    + anthropic_text(1, "a")
    + message_end(),
    "calls": message_start()
    + anthropic_tool(0, "1", "short", '{"a"', ":1}")
    + anthropic_tool(1, "2", "g")
    + message_end("tool_use"),
    "broken arguments": message_start() + anthropic_tool(0, "1", "g", '{"a"') + message_end("tool_use"),
    "too long": message_start() + anthropic_text(0, "a") + message_end("max_tokens"),
    "a refusal": message_start() + anthropic_text(0, "a") + message_end("refusal"),
}
FINISHES = {"too long": "MAX_TOKENS", "a refusal": "SAFETY"}


@pytest.mark.parametrize("name", ANTHROPIC)
def test_googles_sdk_gathers_what_anthropic_streamed(name: str) -> None:
    """One reason, in the last chunk; calls whole; broken arguments as they are (client cases 19, 58)."""
    left = translated(ANTHROPIC[name], MESSAGES, GEMINI)
    chunks = chunks_of(left)
    reply = reply_in(ANTHROPIC[name], MESSAGES)
    told = gathered([part for chunk in chunks for part in parts_of(chunk)])
    if name == "broken arguments":
        assert told["calls"] == [("1", "g", {"__raw": '{"a"'})]
    else:
        assert told == said_by(shown(MESSAGES).reply(reply))
    last = chunks[-1]
    assert last.candidates
    assert last.candidates[0].finish_reason == FINISHES.get(name, "STOP")
    assert b"\n:" not in left
    assert b"event:" not in left


def test_a_hidden_thought_goes_to_a_client_of_gemini_and_back() -> None:
    """It is sealed on the part after it, through the SDK's own history (client cases 17, 58)."""
    hidden = block(0, {"type": "redacted_thinking", "data": "x?>"})
    stream = message_start() + hidden + anthropic_tool(1, "1", "f", "{}") + message_end("tool_use")
    thinking, used = returned(translated(stream, MESSAGES, GEMINI))
    assert thinking == {"type": "redacted_thinking", "data": "x?>"}
    assert (used["id"], used["name"]) == ("1", "f")


def test_a_signature_goes_to_a_client_of_gemini_and_back() -> None:
    """Thought and signature are Anthropic's again, byte for byte."""
    stream = (
        message_start()
        + anthropic_thinking(0, "s?>s??>>", "hm")
        + anthropic_tool(1, "1", "f", "{}")
        + message_end("tool_use")
    )
    thinking, _ = returned(translated(stream, MESSAGES, GEMINI))
    assert thinking == {"type": "thinking", "thinking": "hm", "signature": "s?>s??>>"}


def returned(stream: bytes) -> list[dict[str, Any]]:
    """What Anthropic gets back of a reply that a client of gemini keeps in its history."""
    client, _ = streaming(stream)
    history = [
        part
        for told in client.models.generate_content_stream(model="m", contents="x")
        for part in parts_of(told)
    ]
    answer = types.Part.from_function_response(name="f", response={"output": "ok"})
    contents: list[Any] = [
        types.UserContent("x"),
        types.ModelContent(parts=[part for part in history if part.text != "" or part.thought_signature]),
        types.UserContent(answer),
    ]
    asking, seen = answering(GEMINI.write_count(1))
    asking.models.count_tokens(model="m", contents=contents)
    request = GEMINI.read_request(seen[0].content, seen[0].url.path)
    assert any(isinstance(part, Thinking) and part.maker == MESSAGES.name for part in request.turns[1].parts)
    written = json.loads(MESSAGES.write_request(request, PLAIN).body)
    blocks: list[dict[str, Any]] = written["messages"][1]["content"]
    return blocks


def test_an_error_in_band_is_the_clients_error() -> None:
    """Anthropic's clients raise it with its words (client case 32)."""
    error = b'data: {"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}\n\n'
    left = translated(parts(text("a")) + error, GEMINI, MESSAGES)
    with pytest.raises(anthropic.APIStatusError, match="model is overloaded"):
        gathered_by_anthropic(left)
    assert b"message_stop" not in left


@pytest.mark.parametrize("end", [b"", parts(finish="MALFORMED_FUNCTION_CALL")])
def test_a_stream_without_an_end_is_an_error(end: bytes) -> None:
    """A clean end of the bytes is no end of the reply (client cases 30, 31)."""
    left = translated(parts(text("a")) + end, GEMINI, MESSAGES)
    assert b"event: error" in left
    assert b"message_stop" not in left
    assert b"[DONE]" not in translated(parts(text("a")) + end, GEMINI, CHAT)


def test_googles_sdk_raises_what_broke_off_elsewhere() -> None:
    """A stream of Anthropic's that was cut is an error, and has no reason to stop."""
    left = translated(message_start() + anthropic_text(0, "a"), MESSAGES, GEMINI)
    client, _ = streaming(left)
    with pytest.raises(errors.ServerError):
        list(client.models.generate_content_stream(model="m", contents="x"))
    assert b"finishReason" not in left


def test_what_has_no_place_is_named() -> None:
    """The gateway says it in a header."""
    crossing = translation(GEMINI, MESSAGES)
    crossing.feed(parts({"inlineData": {"mimeType": "image/png", "data": "QUJD"}}, text("a"), finish="STOP"))
    crossing.finish()
    assert crossing.dropped == ("images",)


def test_a_reply_of_everything_is_the_same_streamed_and_whole() -> None:
    """The two ways of the dialect tell one reply."""
    blocks = (ThinkingBlock("hm"), TextBlock("a"), ThinkingBlock("", "c2ln"), ToolBlock("1", "f", '{"a":1}'))
    reply = Reply("1", "m", blocks, "tool_use", Usage(input=2, cache_read=1, output=3, reasoning=1))
    flag = True
    assert GEMINI.read_reply(GEMINI.write_reply(reply)) == reply
    assert reply_in(b"".join(GEMINI.write_stream(reply, flag)), GEMINI) == reply
