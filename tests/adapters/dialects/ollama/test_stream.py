"""Streams of ollama: what the tap sees of them, and what the SDK makes of those we write."""

import json
from typing import Any

import ollama
import pytest
from hypothesis import given
from hypothesis import strategies as some

from adapters.dialects.ollama import DIALECT
from adapters.dialects.ollama.stream import SIGN_OF_LIFE, StreamWriter, Tap, write_failure
from adapters.events import (
    BlockClosed,
    BlockOpened,
    Failed,
    Reply,
    Started,
    Stopped,
    StopReason,
    TextAdded,
    TextBlock,
    ThinkingBlock,
    ToolBlock,
    ToolInputAdded,
    Usage,
    replay,
)
from adapters.fault import Fault
from adapters.sse import MAX_EVENT, EventTooLarge
from adapters.writer import Writer
from tests.adapters.cuts import cuts, single_bytes
from tests.adapters.dialects.ollama.lines import STREAMS, called, last, said, thought
from tests.adapters.dialects.ollama.sdk import in_front_of
from tests.adapters.replies import REPLIES, TEXT_ONLY, TOOLS

MESSAGES = [{"role": "user", "content": "x"}]
BROKEN = Fault("upstream", 502, 'It broke: "é"\n')


def fed(chunks: list[bytes]) -> Tap:
    """A tap that was fed these chunks of a stream that then ended."""
    tap = Tap()
    for chunk in chunks:
        tap.feed(chunk)
    assert tap.finish() == b""
    return tap


def state(tap: Tap) -> tuple[object, ...]:
    """Everything a tap tells."""
    return (tap.usage, tap.ended, tap.fault, tap.aligned, tap.garbled)


# --- the tap ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", STREAMS)
def test_a_recorded_stream_is_metered(name: str) -> None:
    """Counts and end are those of its last line, however it is cut."""
    stream = STREAMS[name]
    told = json.loads(stream.splitlines()[-1])
    counted = Usage(input=told["prompt_eval_count"], output=told["eval_count"])
    for chunks in [*cuts(stream), stream.splitlines(keepends=True), [stream.replace(b"\n", b"\r\n")]]:
        assert state(fed(chunks)) == (counted, True, None, True, False)


def test_a_last_line_needs_no_end() -> None:
    """It is read when the stream is over."""
    tap = Tap()
    tap.feed(said("a") + last()[:-1])
    assert (tap.ended, tap.aligned) == (False, False)
    tap.finish()
    assert (tap.ended, tap.usage) == (True, Usage(input=3, output=9))


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (b'{"error":"m"}\n', "m"),
        (b'{"error": {"message": "m"}}\n', "m"),
        (b'{"error":7}\n', '{"error":7}'),
    ],
)
def test_an_error_is_a_fault_and_no_end(error: bytes, message: str) -> None:
    """Wherever the stream is cut."""
    for chunks in cuts(said("a") + error):
        tap = fed(chunks)
        assert tap.fault is not None
        assert (tap.fault.message, tap.ended, tap.aligned) == (message, False, True)


@pytest.mark.parametrize(
    "odd",
    [
        b"{\n",
        b"{}\n",
        b'{"done":5}\n',
        b'{"done":"true"}\n',
        b'{"done":true,"eval_count":"x"}\n',
        b'{"error":null,"done":false}\n',
        b'{"done": false}\n',
        b"5\n",
        b'"error"\n',
        b"\xff\n",
        b"\n\n",
        b'{"done":' + b"[" * 20_000 + b"\n",
    ],
)
def test_an_odd_line_is_passed_over(odd: bytes) -> None:
    """A line that cannot be read counts nothing and ends nothing."""
    assert state(fed([said("a"), odd])) == (Usage(), False, None, True, False)


@pytest.mark.parametrize("body", [b"<!DOCTYPE html><html>", b"data: {}\n\n", b"\x1f\x8b\x08", b"ok\n", b"[]"])
def test_a_tap_knows_what_is_no_stream(body: bytes) -> None:
    """It is garbled, and neither ended nor at fault; nothing of our own may stand in it."""
    for chunks in cuts(body):
        assert state(fed(chunks)) == (Usage(), False, None, False, True)


def test_words_of_interest_in_a_text_are_left() -> None:
    """A model that writes about ends and errors causes none."""
    words = '{"done":true} "done": true {"error":"x"} error done eval_count'
    chunks = [said(words), thought(words), called("f", {"error": words, "done": True})]
    assert state(fed(chunks * 2)) == state(Tap())


def test_a_line_over_the_limit_is_told_not_kept() -> None:
    """A stream that never ends a line raises instead of filling the memory."""
    tap = Tap()
    tap.feed(b"{" + b"x" * (MAX_EVENT - 1))
    with pytest.raises(EventTooLarge):
        tap.feed(b"x")


def test_alignment_is_known_after_every_byte() -> None:
    """Between whole lines one of our own may stand, inside them none may."""
    tap = Tap()
    frame = said("é🙂")
    for _ in range(3):
        for byte in single_bytes(frame)[:-1]:
            tap.feed(byte)
            assert tap.aligned is False
        tap.feed(frame[-1:])
        assert tap.aligned is True


def test_our_own_lines_are_seen_as_what_they_are() -> None:
    """A sign of life is nothing, a failure is a fault."""
    assert state(fed([SIGN_OF_LIFE] * 2)) == (Usage(), False, None, True, False)
    tap = fed([SIGN_OF_LIFE, Tap().failure(BROKEN, "req_1")])
    assert tap.fault is not None
    assert (tap.fault.message, tap.ended, tap.aligned) == (BROKEN.message, False, True)


@given(stream=some.binary(max_size=60))
def test_no_bytes_upset_a_tap(stream: bytes) -> None:
    """Whatever arrives is borne, and told the same whole and byte by byte."""
    for data in (stream, b"{" + stream + b"\n", said("a") + stream):
        assert state(fed([data])) == state(fed(single_bytes(data)))


# --- the writer ---------------------------------------------------------------------------------------


def streamed(reply: Reply) -> list[bytes]:
    """The lines of a reply; that usage was not asked for changes nothing."""
    flag = False
    return DIALECT.write_stream(reply, flag)


@pytest.mark.parametrize("piece", [1, 12, 1000])
@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES)
def test_the_sdk_gathers_a_streamed_chat(reply: Reply, piece: int) -> None:
    """Every line is one of the SDK's; text, thinking and calls add up, and the last one is done."""
    writer = StreamWriter()
    stream = b"".join(frame for event in replay(reply, piece) for frame in writer.write(event))
    parts = list(in_front_of(stream).chat("m", MESSAGES, stream=True))
    text = "".join(part.message.content or "" for part in parts)
    assert text == "".join(b.text for b in reply.blocks if isinstance(b, TextBlock))
    thoughts = "".join(part.message.thinking or "" for part in parts)
    assert thoughts == "".join(b.text for b in reply.blocks if isinstance(b, ThinkingBlock))
    calls = [call.function for part in parts for call in part.message.tool_calls or ()]
    assert [(call.name, call.arguments) for call in calls] == [
        (block.name, json.loads(block.arguments)) for block in reply.blocks if isinstance(block, ToolBlock)
    ]
    assert [part.done for part in parts] == [False] * (len(parts) - 1) + [True]
    assert parts[-1].eval_count == reply.usage.output
    assert {part.model for part in parts} == {reply.model}


@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES)
def test_the_sdk_gathers_the_same_as_a_generated_text(reply: Reply) -> None:
    """A client of /api/generate finds a text in every line, empty where there is none."""
    stream = b"".join(streamed(reply))
    parts = list(in_front_of(stream).generate("m", "x", stream=True))
    text = "".join(part["response"] for part in parts)
    assert text == "".join(b.text for b in reply.blocks if isinstance(b, TextBlock))
    thoughts = "".join(part.thinking or "" for part in parts)
    assert thoughts == "".join(b.text for b in reply.blocks if isinstance(b, ThinkingBlock))


def test_a_sign_of_life_adds_nothing_for_the_sdk() -> None:
    """On both paths, before, between and after lines of text."""
    frames = streamed(TEXT_ONLY)
    stream = SIGN_OF_LIFE + SIGN_OF_LIFE.join(frames)
    chat = list(in_front_of(stream).chat("m", MESSAGES, stream=True))
    assert "".join(part.message.content or "" for part in chat) == TEXT_ONLY.blocks[0].text  # type: ignore[union-attr]
    generated = list(in_front_of(stream).generate("m", "x", stream=True))
    assert "".join(part["response"] for part in generated) == TEXT_ONLY.blocks[0].text  # type: ignore[union-attr]
    assert DIALECT.sign_of_life == SIGN_OF_LIFE


def test_a_failure_raises_in_the_sdk() -> None:
    """What came before it was seen, and the words are told."""
    stream = StreamWriter()
    frames = [*stream.write(Started("", "m", 0, Usage())), *stream.write(TextAdded.of(0, "a"))]
    frames += stream.write(Failed(BROKEN))
    parts = in_front_of(b"".join(frames)).chat("m", MESSAGES, stream=True)
    assert next(parts).message.content == "a"
    with pytest.raises(ollama.ResponseError) as caught:
        next(parts)
    assert caught.value.error == BROKEN.message


def test_nothing_is_written_but_lines_of_json() -> None:
    """Every frame is one line with one object in it."""
    broken = Reply("", "m", (ToolBlock("a", "f", '{\n "x": 1\n}'),), "tool_use", Usage())
    for reply in [*REPLIES.values(), broken]:
        for frame in [*streamed(reply), write_failure(BROKEN, ""), SIGN_OF_LIFE]:
            assert frame.count(b"\n") == 1
            assert frame.endswith(b"\n")
            assert isinstance(json.loads(frame), dict)
    assert DIALECT.stream_media == b"application/x-ndjson"


def test_a_call_is_written_when_it_is_whole() -> None:
    """Pieces of arguments write nothing; calls are numbered."""
    writer: Writer = StreamWriter()
    writer.write(Started("", "m", 0, Usage()))
    for index in range(2):
        assert writer.write(BlockOpened(index, "tool", f"id{index}", "f")) == []
        for piece in ('{"a":', '"é"}'):
            assert writer.write(ToolInputAdded.of(index, piece)) == []
        (frame,) = writer.write(BlockClosed(index, "tool"))
        (call,) = json.loads(frame)["message"]["tool_calls"]
        assert call == {
            "id": f"id{index}",
            "function": {"index": index, "name": "f", "arguments": {"a": "é"}},
        }


REASONS: list[tuple[StopReason, str]] = [
    ("end", "stop"),
    ("tool_use", "stop"),
    ("stop_sequence", "stop"),
    ("refusal", "stop"),
    ("max_tokens", "length"),
]


@pytest.mark.parametrize(("reason", "written"), REASONS)
def test_a_reason_is_one_of_ollamas(reason: StopReason, written: str) -> None:
    """There are two: it stopped, or it was cut."""
    (frame,) = StreamWriter().write(Stopped(reason))
    assert json.loads(frame)["done_reason"] == written


def kinds(stream: bytes) -> dict[str, list[str]]:
    """The fields of each kind of line, but for those of the other path."""
    found: dict[str, list[str]] = {}
    for frame in stream.splitlines():
        told: dict[str, Any] = json.loads(frame)
        message = told["message"]
        kind = next((name for name in ("tool_calls", "thinking") if name in message), f"done {told['done']}")
        fields = [name for name in told if name not in ("response", "thinking")]
        found[kind] = [*fields, *message, *message.get("tool_calls", [{}])[0]]
    return found


def test_our_lines_have_the_shape_of_ollamas() -> None:
    """Each kind of line is written with the same fields in the same order."""
    reply = Reply("", "m", (ThinkingBlock("h"), *TOOLS.blocks), "tool_use", Usage())
    assert kinds(b"".join(streamed(reply))) == kinds(STREAMS["tools"])


def test_text_is_written_as_it_came() -> None:
    """A literal is not decoded on its way: an escape stays one."""
    writer = StreamWriter()
    writer.write(Started("", "m", 0, Usage()))
    raw = type(TextAdded.of(0, "").literal)(rb'"\u00e9\n"')
    (frame,) = writer.write(TextAdded(0, raw))
    assert frame.count(rb'"\u00e9\n"') == 2
