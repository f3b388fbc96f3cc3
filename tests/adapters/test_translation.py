"""Replies from dialect to dialect: what goes in comes out, as the official SDKs of the clients read it."""

import json
from collections.abc import Iterator

import anthropic
import pytest

from adapters.conversation import ClientTool
from adapters.dialect import Dialect
from adapters.events import Reply, Usage, collect
from adapters.fault import Fault, Malformed
from adapters.table import DIALECTS
from adapters.translation import Shown, StreamTranslation, translate_reply
from tests.adapters.cuts import cuts, recorded_streams
from tests.adapters.frames import (
    DONE,
    call,
    chat,
    delta,
    event,
    message_end,
    message_start,
    text,
    thinking,
    tool,
    usage,
)
from tests.adapters.oracles import (
    gathered_by_anthropic,
    gathered_by_openai,
    must_be_completion,
    must_be_message,
)
from tests.adapters.reading import read
from tests.adapters.replies import ARGUMENTS, TEXT
from tests.adapters.sdks import (
    read_by_anthropic,
    read_by_openai,
)

MESSAGES, CHAT = DIALECTS["anthropic-messages"], DIALECTS["openai-chat"]
SHOWN = Shown("asked-for", "spare", 1_700_000_000, {"mcp_short": ClientTool("mcp__the_long__name")})

STOP, CALLS = delta("stop"), delta("tool_calls")
COUNTED = usage(
    prompt_tokens=10,
    completion_tokens=4,
    prompt_tokens_details={"cached_tokens": 8},
    completion_tokens_details={"reasoning_tokens": 3},
)

CHATS: dict[str, list[bytes]] = {
    "text": [
        delta(role="assistant", content=""),
        delta(content="Hi, "),
        delta(content="é日本🙂"),
        STOP,
        COUNTED,
    ],
    "reasoning": [delta(reasoning_content="h"), delta(reasoning_content="m"), delta(content=TEXT), STOP],
    "reasoning by its other name": [delta(reasoning="hm"), delta(content="a"), STOP, COUNTED],
    "a call": [delta(content="a"), call(0, id="1", name="mcp_short"), call(0, ARGUMENTS), CALLS, COUNTED],
    "calls side by side": [
        call(0, id="1", name="f"),
        call(1, id="2", name="g"),
        call(1, '{"b"'),
        call(0, '{"a":'),
        call(1, ":2}"),
        call(0, "1}"),
        CALLS,
        COUNTED,
    ],
    "a call without arguments": [call(0, id="1", name="f"), CALLS],
    "a refusal": [delta(refusal="No."), STOP],
    "filtered": [delta(content="a"), delta("content_filter")],
    "nothing": [delta(role="assistant"), STOP],
}
MESSAGE_STREAMS: dict[str, bytes] = {
    "text": message_start(cache_read_input_tokens=8) + text(0, "Hi, ", "é日本🙂") + message_end(),
    "thinking and a call": message_start()
    + thinking(0, "c2ln", "h", "m")
    + text(1, TEXT)
    + tool(2, "1", "mcp_short", ARGUMENTS[:9], ARGUMENTS[9:])
    + message_end("tool_use"),
    "calls": message_start() + tool(0, "1", "f", '{"a":1}') + tool(1, "2", "g") + message_end("tool_use"),
    "a stop sequence": message_start() + text(0, "a") + message_end("stop_sequence", "END"),
    "a refusal": message_start() + text(0, "No.") + message_end("refusal"),
    "nothing": message_start() + message_end(),
}
STREAMS: dict[str, dict[str, bytes]] = {
    "openai-chat": {
        **{name: b"".join([*frames, DONE]) for name, frames in CHATS.items()},
        **{f"recorded {name}": stream for name, stream in recorded_streams("openai-chat").items()},
    },
    "anthropic-messages": {
        **MESSAGE_STREAMS,
        **{f"recorded {name}": stream for name, stream in recorded_streams("anthropic-messages").items()},
    },
}
BROKEN = "recorded cut-after-text"


def crossings() -> Iterator[tuple[str, str, str]]:
    """Every stream with every dialect it may leave in."""
    for source, streams in STREAMS.items():
        for name in streams:
            for target in ("anthropic-messages", "openai-chat"):
                yield source, name, target


CROSSINGS = {f"{source}, {name}, to {target}": (source, name, target) for source, name, target in crossings()}
whole_crossings = pytest.mark.parametrize(
    ("source", "name", "target"),
    [crossing for crossing in CROSSINGS.values() if crossing[1] != BROKEN],
    ids=[crossing for crossing, (_, name, _) in CROSSINGS.items() if name != BROKEN],
)


def translation(source: Dialect, target: Dialect, *, include_usage: bool = True) -> StreamTranslation:
    """A stream on its way from one dialect to another."""
    return StreamTranslation(source.stream_reader(), target.stream_writer(include_usage), SHOWN)


def translated(source: str, target: str, chunks: list[bytes]) -> bytes:
    """What leaves of chunks, the end included."""
    crossing = translation(DIALECTS[source], DIALECTS[target])
    return b"".join([*(crossing.feed(chunk) for chunk in chunks), crossing.finish()])


def told(source: str, stream: bytes) -> Reply:
    """The reply a provider's stream tells, as the client is to see it."""
    reader = DIALECTS[source].stream_reader
    return SHOWN.reply(collect(read(reader(), [stream])))


@whole_crossings
def test_the_sdk_gathers_what_the_provider_said(source: str, name: str, target: str) -> None:
    """Text, thinking, calls, usage and the reason why it stopped, for every stream in every dialect."""
    stream = STREAMS[source][name]
    left = translated(source, target, [stream])
    if target == "anthropic-messages":
        must_be_message(gathered_by_anthropic(left), told(source, stream))
    else:
        must_be_completion(gathered_by_openai(left), told(source, stream))


@pytest.mark.parametrize(("source", "name", "target"), CROSSINGS.values(), ids=CROSSINGS)
def test_what_leaves_is_the_same_however_it_came(source: str, name: str, target: str) -> None:
    """Whole, cut at every byte and byte by byte a stream leaves as the same bytes."""
    stream = STREAMS[source][name]
    left = translated(source, target, [stream])
    # The long ones are cut where it matters: at their start, at their end, and through a sign of four bytes.
    for place, chunks in enumerate(cuts(stream)):
        if len(stream) < 2500 or place % 7 == 0 or len(chunks) > 2:
            assert translated(source, target, chunks) == left


@whole_crossings
def test_a_whole_reply_crosses_like_a_stream(source: str, name: str, target: str) -> None:
    """Made whole in the provider's dialect and translated, it is the same reply to the SDK."""
    reply = told(source, STREAMS[source][name])
    read_whole = DIALECTS[source].read_reply
    whole = DIALECTS[source].write_reply(reply)
    left, _ = translate_reply(whole, read_whole, DIALECTS[target].write_reply, SHOWN)
    expected = SHOWN.reply(read_whole(whole))
    if target == "anthropic-messages":
        client = read_by_anthropic(left)
        message = client.messages.create(model="m", max_tokens=5, messages=[{"role": "user", "content": "x"}])
        must_be_message(message, expected)
    else:
        completion = read_by_openai(left).chat.completions.create(
            model="m", messages=[{"role": "user", "content": "x"}]
        )
        must_be_completion(completion, expected)


def names_of(stream: bytes) -> list[str]:
    """The names of the events of a message stream, deltas once each."""
    names = [line[7:].decode() for line in stream.split(b"\n") if line.startswith(b"event: ")]
    return [name for place, name in enumerate(names) if names[place - 1 : place] != [name]]


def test_a_message_stream_has_its_events_in_order() -> None:
    """Start, each block between its start and its stop, then the reason, then the end (case 21)."""
    left = translated("openai-chat", "anthropic-messages", [STREAMS["openai-chat"]["calls side by side"]])
    one_block = ["content_block_start", "content_block_delta", "content_block_stop"]
    names = [name for name in names_of(left) if name != "ping"]
    assert names == ["message_start", *one_block, *one_block, "message_delta", "message_stop"]


def test_a_chat_stream_has_its_chunks_in_order() -> None:
    """The role first, a reason, usage, `[DONE]` (case 55)."""
    left = translated("anthropic-messages", "openai-chat", [MESSAGE_STREAMS["thinking and a call"]])
    *frames, done, rest = left.split(b"\n\n")
    documents = [json.loads(frame.removeprefix(b"data: ")) for frame in frames]
    assert (done, rest) == (b"data: [DONE]", b"")
    assert documents[0]["choices"][0]["delta"]["role"] == "assistant"
    assert documents[-2]["choices"][0]["finish_reason"] == "tool_calls"
    assert (documents[-1]["choices"], documents[-1]["usage"]["completion_tokens"]) == ([], 9)


def test_usage_is_shown_only_if_asked_for() -> None:
    """It is counted all the same."""
    crossing = translation(MESSAGES, CHAT, include_usage=False)
    left = crossing.feed(MESSAGE_STREAMS["text"])
    assert b"usage" not in left
    assert crossing.usage == Usage(input=3, cache_read=8, output=9)


BREAKS = {
    "a cut": b"",
    "an error": event("error", error={"type": "overloaded_error", "message": "Overloaded"}),
    "an end without a reason": event("message_stop"),
}


@pytest.mark.parametrize("broken", BREAKS.values(), ids=BREAKS)
def test_a_broken_message_is_never_done(broken: bytes) -> None:
    """A chat client gets an error chunk last, and no `[DONE]` (case 57)."""
    crossing = translation(MESSAGES, CHAT)
    left = crossing.feed(message_start() + text(0, "a") + broken) + crossing.finish()
    assert crossing.fault is not None
    assert (
        json.loads(left.split(b"\n\n")[-2].removeprefix(b"data: "))["error"]["message"]
        == crossing.fault.message
    )
    assert b"[DONE]" not in left
    assert b'"finish_reason":"' not in left


CHAT_BREAKS = {"a cut": b"", "an error": chat(error={"message": "m", "code": 503}), "no reason": DONE}


@pytest.mark.parametrize("broken", CHAT_BREAKS.values(), ids=CHAT_BREAKS)
def test_a_broken_chat_never_stops(broken: bytes) -> None:
    """A messages client gets an error event last, the call stays open (cases 30, 31, 32)."""
    crossing = translation(CHAT, MESSAGES)
    left = crossing.feed(call(0, '{"a"', id="1", name="f") + broken) + crossing.finish()
    assert crossing.fault is not None
    assert names_of(left)[-1] == "error"
    assert b"content_block_stop" not in left
    assert b"message_stop" not in left
    with pytest.raises(anthropic.APIStatusError):
        gathered_by_anthropic(left)


def test_what_arrived_together_leaves_together() -> None:
    """One read is one send, and a chunk without news is none."""
    crossing = translation(CHAT, MESSAGES)
    crossing.feed(delta(content="a"))
    assert crossing.feed(delta(content="b") * 3).count(b"text_delta") == 3
    assert crossing.feed(b": comment\n\n") == b""
    assert crossing.feed(b"") == b""


def test_a_crossing_tells_what_a_tap_tells() -> None:
    """Usage and end: the gateway asks a translation what it asks a tap."""
    crossing = translation(CHAT, MESSAGES)
    frame = delta(content="a", annotations=[{}])
    crossing.feed(frame[:-3])
    assert (crossing.ended, crossing.fault, crossing.garbled) == (False, None, False)
    crossing.feed(frame[-3:] + STOP + COUNTED)
    assert (crossing.ended, crossing.fault) == (True, None)
    assert crossing.finish().endswith(b'event: message_stop\ndata: {"type":"message_stop"}\n\n')
    assert crossing.usage == Usage(input=2, cache_read=8, output=4, reasoning=3)
    assert crossing.dropped == ("citations",)


def test_a_page_is_known_for_no_stream() -> None:
    """Nothing of it reaches the client but the failure."""
    crossing = translation(CHAT, MESSAGES)
    assert crossing.feed(b"<html></html>") == b""
    assert crossing.garbled
    assert names_of(crossing.finish()) == ["message_start", "error"]


def test_the_gateway_can_end_a_stream_in_the_clients_words() -> None:
    """A failure of the gateway's own is written in the dialect the client reads."""
    fault = Fault("timeout", 504, "too slow")
    assert b"timeout_error" in translation(CHAT, MESSAGES).failure(fault)
    assert b'"code":"timeout"' in translation(MESSAGES, CHAT).failure(fault)


def test_what_the_provider_does_not_say_is_filled_in() -> None:
    """A reply without id and time gets those of the request."""
    left = translated(
        "openai-chat",
        "openai-chat",
        [b'data: {"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}\n\n'],
    )
    completion = gathered_by_openai(left)
    assert (completion.id, completion.created, completion.model) == (
        "chatcmpl-spare",
        1_700_000_000,
        "asked-for",
    )


def test_hidden_thinking_survives_its_own_dialect() -> None:
    """From Anthropic to Anthropic the data comes out as it went in."""
    hidden = event(
        "content_block_start", index=0, content_block={"type": "redacted_thinking", "data": "c2Vj"}
    )
    stream = message_start() + hidden + event("content_block_stop", index=0) + message_end()
    left = translated("anthropic-messages", "anthropic-messages", [stream])
    (block,) = gathered_by_anthropic(left).content
    assert (block.type, getattr(block, "data", None)) == ("redacted_thinking", "c2Vj")
    assert b"signature" not in left


def test_arguments_that_are_no_json_are_carried_as_they_are() -> None:
    """The client's own reader decides what to make of them (case 19)."""
    left = translated("openai-chat", "anthropic-messages", [call(0, "{a: 'é\"", id="1", name="f"), CALLS])
    pieces = [json.loads(line[6:]) for line in left.split(b"\n") if b"input_json_delta" in line]
    assert "".join(piece["delta"]["partial_json"] for piece in pieces) == "{a: 'é\""


def test_escapes_leave_as_they_came() -> None:
    """A text crosses as the literal it is."""
    frame = b'data: {"choices":[{"delta":{"content":"\\u00e9\\/\\n"}}]}\n\n'
    assert rb'"text":"\u00e9\/\n"}}' in translated("openai-chat", "anthropic-messages", [frame])


def test_what_is_no_reply_is_refused() -> None:
    """The gateway learns of it and tries elsewhere."""
    with pytest.raises(Malformed):
        translate_reply(b"<html>", CHAT.read_reply, MESSAGES.write_reply, SHOWN)
