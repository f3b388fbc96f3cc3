"""Streams of openai-chat: what the tap sees of any, and what the official SDK makes of ours."""

import json
from typing import Any

import openai
import pytest
from openai.types.chat import ParsedChatCompletion

from adapters.dialects.openai_chat.stream import DONE, StreamWriter, Tap, write_failure, write_stream
from adapters.events import Failed, Reply, TextBlock, ToolBlock, Usage
from adapters.fault import Fault
from tests.adapters.cuts import cuts, recorded_streams
from tests.adapters.replies import ARGUMENTS, CUT_SHORT, REPLIES, TEXT, TEXT_ONLY, THINKING, TOOLS
from tests.adapters.sdks import streamed_to_openai


def chunk(**fields: object) -> bytes:
    """One frame as most providers write it, without spaces."""
    return b"data: %b\n\n" % json.dumps(fields, separators=(",", ":")).encode()


def delta(finish: str | None = None, **fields: object) -> bytes:
    """A frame that adds to the only choice."""
    return chunk(choices=[{"index": 0, "delta": fields, "finish_reason": finish}], usage=None)


def spaced(frame: bytes) -> bytes:
    """The same frame as other providers write it, with spaces."""
    return b"data: %b\n\n" % json.dumps(json.loads(frame.removeprefix(b"data: "))).encode()


TEXT_DELTA = delta(content='finish_reason":"stop" [DONE] error _tokens"')
USAGE = {
    "prompt_tokens": 10,
    "completion_tokens": 4,
    "prompt_tokens_details": {"cached_tokens": 7},
    "completion_tokens_details": {"reasoning_tokens": 2},
}
COUNTED = Usage(input=3, cache_read=7, output=4, reasoning=2)

USAGES: dict[str, tuple[bytes, Usage]] = {
    "its own chunk": (delta(content="a") + delta("stop") + chunk(choices=[], usage=USAGE) + DONE, COUNTED),
    "with the finish": (chunk(choices=[{"delta": {}, "finish_reason": "stop"}], usage=USAGE), COUNTED),
    "with a text": (
        chunk(choices=[{"delta": {"content": "a"}, "finish_reason": None}], usage=USAGE),
        COUNTED,
    ),
    "with spaces": (spaced(chunk(choices=[], usage=USAGE)), COUNTED),
    "in every chunk, the last counts": (
        chunk(choices=[], usage={"prompt_tokens": 1, "completion_tokens": 1})
        + chunk(choices=[], usage=USAGE),
        COUNTED,
    ),
    "null": (delta(content="a"), Usage()),
    "the word in a text": (TEXT_DELTA, Usage()),
    "an odd usage": (chunk(choices=[], usage={"prompt_tokens": "many"}), Usage()),
    "broken JSON": (b'data: {"usage":{"prompt_tokens":\n\n', Usage()),
    "no choices at all": (chunk(usage=USAGE), COUNTED),
}


@pytest.mark.parametrize(("stream", "usage"), USAGES.values(), ids=USAGES)
def test_usage_is_counted_at_any_cut(stream: bytes, usage: Usage) -> None:
    """Usage is found in any chunk, however the stream is cut."""
    for chunks in cuts(stream):
        tap = Tap()
        for piece in chunks:
            tap.feed(piece)
        assert tap.usage == usage


ENDS: dict[str, tuple[bytes, bool]] = {
    "done": (delta(content="a") + DONE, True),
    "done without a space": (b"data:[DONE]\n\n", True),
    "done without a newline": (b"data: [DONE]", True),
    "a finish reason": (delta("stop"), True),
    "a finish reason with spaces": (spaced(delta("tool_calls")), True),
    "a finish reason in odd spaces": (b'data: {"choices":[{"finish_reason" :\t"stop"}]}\n\n', True),
    "a null finish reason": (delta(content="a"), False),
    "a null finish reason with spaces": (spaced(delta(content="a")), False),
    "no finish reason": (chunk(choices=[{"delta": {"content": "a"}}]), False),
    "an empty finish reason": (delta("", content="a"), False),
    "the words in a text": (TEXT_DELTA, False),
    "one choice of two": (chunk(choices=[{"finish_reason": None}, {"finish_reason": "stop"}]), True),
    "nothing": (b"", False),
}


@pytest.mark.parametrize(("stream", "ended"), ENDS.values(), ids=ENDS)
def test_a_stream_ended_when_a_finish_or_done_was_seen(stream: bytes, ended: bool) -> None:
    """A finish reason ends a stream, and so does `[DONE]`; a text that says so does not."""
    for chunks in cuts(delta(role="assistant") + stream):
        tap = Tap()
        for piece in chunks:
            tap.feed(piece)
        tap.finish()
        assert tap.ended is ended


def test_the_end_is_seen_in_whole_chunks_too() -> None:
    """Frames that come one to a chunk, as they mostly do, are looked at by their words."""
    for stream, ended in ENDS.values():
        tap = Tap()
        tap.feed(delta(role="assistant"))
        tap.feed(stream)
        tap.finish()
        assert tap.ended is ended


FAULTS: dict[str, tuple[bytes, Fault | None]] = {
    "an object": (
        chunk(error={"message": "m", "type": "server_error", "code": None}),
        Fault("internal", 500, "m"),
    ),
    "a string": (chunk(error="out of memory"), Fault("internal", 500, "out of memory")),
    "a code": (
        chunk(error={"message": "m", "code": "rate_limit_exceeded"}),
        Fault("rate_limited", 429, "m", code="rate_limit_exceeded"),
    ),
    "a status for a code": (
        chunk(error={"message": "m", "code": 502}, choices=[{"delta": {}, "finish_reason": None}]),
        Fault("upstream", 502, "m", code="502"),
    ),
    "an odd number for a code": (
        chunk(error={"message": "m", "code": 7}),
        Fault("internal", 500, "m", code="7"),
    ),
    "an odd shape": (chunk(error=[1]), Fault("internal", 500, "[1]")),
    "by the event's name": (
        b'event: error\ndata: {"message":"m","type":"overloaded_error"}\n\n',
        Fault("overloaded", 529, "m"),
    ),
    "null": (chunk(error=None, choices=[]), None),
    "the word in a text": (TEXT_DELTA, None),
}


@pytest.mark.parametrize(("stream", "fault"), FAULTS.values(), ids=FAULTS)
def test_an_error_chunk_is_a_fault(stream: bytes, fault: Fault | None) -> None:
    """An in-band error is read whatever its shape, and is no end."""
    for chunks in cuts(delta(role="assistant") + stream):
        tap = Tap()
        for piece in chunks:
            tap.feed(piece)
        assert (tap.fault, tap.ended) == (fault, False)


@pytest.mark.parametrize("plain", [delta(content="Hello"), spaced(delta(content="Hello"))])
def test_the_usual_chunk_is_not_framed(plain: bytes) -> None:
    """A text delta that comes whole leaves the tap as it was, and costs no frame."""
    tap = Tap()
    tap.feed(delta(role="assistant"))
    tap._framer = None  # type: ignore[assignment]  # noqa: SLF001 - to prove that nobody asks it
    tap.feed(plain * 3)
    assert (tap.aligned, tap.ended) == (True, False)


def test_a_recorded_stream_is_metered() -> None:
    """What a real agent was sent is counted."""
    tap = Tap()
    tap.feed(recorded_streams("openai-chat")["tool"])
    assert (tap.usage, tap.ended) == (Usage(input=7765, output=56), True)


def streamed(reply: Reply, *, include_usage: bool) -> list[bytes]:
    """The frames of a reply."""
    return write_stream(reply, include_usage)


WHOLE = {name: reply for name, reply in REPLIES.items() if reply.stop != "max_tokens"}


def received(stream: bytes) -> ParsedChatCompletion[None]:
    """The completion the SDK gathers from a stream."""
    client = streamed_to_openai(stream)
    with client.chat.completions.stream(model="m", messages=[{"role": "user", "content": "x"}]) as told:
        return told.get_final_completion()


@pytest.mark.parametrize("include_usage", [True, False])
@pytest.mark.parametrize("reply", WHOLE.values(), ids=WHOLE)
def test_the_sdk_gathers_a_streamed_reply(reply: Reply, include_usage: bool) -> None:
    """Text, calls and finish reason add up to the reply; usage is there if it was asked for."""
    completion = received(b"".join(streamed(reply, include_usage=include_usage)))
    assert (completion.id, completion.model, completion.created) == (
        "chatcmpl-0a1b",
        "some-model",
        reply.created,
    )
    (choice,) = completion.choices
    texts = [block.text for block in reply.blocks if isinstance(block, TextBlock)]
    assert (choice.message.content or "") == "".join(texts)
    calls = [
        (call.id, call.function.name, call.function.arguments) for call in choice.message.tool_calls or []
    ]
    assert calls == [
        (block.id, block.name, block.arguments) for block in reply.blocks if isinstance(block, ToolBlock)
    ]
    assert choice.finish_reason in ("stop", "tool_calls")
    assert (completion.usage is not None) is include_usage


def test_the_sdk_notices_a_reply_that_was_cut_short() -> None:
    """A reply that ran into its limit is told as one, with all it holds."""
    with pytest.raises(openai.LengthFinishReasonError) as caught:
        received(b"".join(streamed(CUT_SHORT, include_usage=True)))
    assert caught.value.completion.choices[0].message.content == "Hel"


def documents(frames: list[bytes]) -> list[dict[str, Any]]:
    """The chunks of frames, without `[DONE]`."""
    return [json.loads(frame.removeprefix(b"data: ")) for frame in frames if frame != DONE]


def test_the_chunks_stand_in_openais_order() -> None:
    """The role first, then text, the finish reason, the usage, `[DONE]`."""
    frames = streamed(TEXT_ONLY, include_usage=True)
    first, *texts, finish, usage = documents(frames)
    assert first["choices"][0]["delta"] == {"role": "assistant", "content": None, "refusal": None}
    assert "".join(text["choices"][0]["delta"]["content"] for text in texts) == TEXT
    assert (finish["choices"][0]["delta"], finish["choices"][0]["finish_reason"]) == ({}, "stop")
    assert (usage["choices"], usage["usage"]["total_tokens"]) == ([], 164)
    assert (frames[-1], frames.count(DONE)) == (b"data: [DONE]\n\n", 1)


def test_every_chunk_is_one_frame_with_the_same_id() -> None:
    """Id, object, time and model stand in each chunk, and a frame is one data line."""
    frames = streamed(TOOLS, include_usage=False)
    assert all(frame.startswith(b"data: ") and frame.count(b"\n") == 2 for frame in frames)
    heads = {(told["id"], told["object"], told["created"], told["model"]) for told in documents(frames)}
    assert heads == {("chatcmpl-0a1b", "chat.completion.chunk", 0, "some-model")}


def test_usage_is_shown_only_to_who_asked() -> None:
    """Without the option no chunk has a usage, with it every one but the last has a null."""
    assert not any("usage" in told for told in documents(streamed(TEXT_ONLY, include_usage=False)))
    *most, last = documents(streamed(TEXT_ONLY, include_usage=True))
    assert all(told["usage"] is None for told in most)
    assert last["usage"]["prompt_tokens"] == 124


def test_tool_calls_are_numbered_apart_from_blocks() -> None:
    """Each call has its own index from zero; id and name come first, then pieces of the arguments."""
    told = [document["choices"][0]["delta"] for document in documents(streamed(TOOLS, include_usage=False))]
    calls = [call for piece in told for call in piece.get("tool_calls", [])]
    opened = [
        (call["index"], call["id"], call["type"], call["function"]["name"]) for call in calls if "id" in call
    ]
    assert opened == [(0, "call_1", "function", "Read"), (1, "call_2", "function", "mcp__x__odd_name-1")]
    assert "".join(call["function"]["arguments"] for call in calls if call["index"] == 0) == ARGUMENTS


def test_thinking_is_streamed_beside_the_text() -> None:
    """Thinking comes as reasoning content before the content."""
    told = [
        document["choices"][0]["delta"] for document in documents(streamed(THINKING, include_usage=False))
    ]
    assert "".join(piece.get("reasoning_content", "") for piece in told) == "Hm, well, hm."
    assert "".join(piece.get("content") or "" for piece in told) == TEXT


def test_a_streamed_reply_is_metered_as_it_was_meant() -> None:
    """The tap reads from our own stream what was written into it."""
    tap = Tap()
    for frame in streamed(TOOLS, include_usage=True):
        tap.feed(frame)
    assert (tap.usage, tap.ended) == (Usage(input=24, cache_read=100, output=40, reasoning=9), True)


def test_a_failure_breaks_the_sdks_stream() -> None:
    """After an in-band error the SDK raises it, with its message, and there is no `[DONE]`."""
    frames = streamed(TEXT_ONLY, include_usage=False)[:5]
    failure = write_failure(Fault("upstream", 502, "The provider went away."), "req_1")
    with pytest.raises(openai.APIError, match="The provider went away"):
        received(b"".join([*frames, failure]))
    assert DONE not in failure
    assert json.loads(failure.removeprefix(b"data: ")) == {
        "error": {
            "message": "The provider went away.",
            "type": "server_error",
            "param": None,
            "code": "upstream_error",
        }
    }


def test_a_failed_reply_is_written_as_a_failure() -> None:
    """The event `Failed` is the error chunk, and nothing else."""
    fault = Fault("timeout", 504, "late")
    assert StreamWriter(include_usage=True).write(Failed(fault)) == [write_failure(fault, "")]
