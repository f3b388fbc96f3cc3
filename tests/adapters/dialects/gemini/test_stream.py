"""Streams of gemini as they are written, read by the official SDK, and the tap that looks into them."""

import json
from itertools import pairwise
from typing import Any

import pytest
from google.genai import errors

from adapters.dialects.gemini import DIALECT
from adapters.dialects.gemini.reply_read import read_reply
from adapters.dialects.gemini.stream import StreamWriter, Tap
from adapters.dialects.gemini.stream_read import StreamReader
from adapters.events import (
    Block,
    Failed,
    Reply,
    Started,
    StopReason,
    TextAdded,
    TextBlock,
    ThinkingBlock,
    ToolBlock,
    Usage,
    collect,
    replay,
)
from adapters.fault import Fault
from adapters.seal import Seal, sealed, unsealed_all
from tests.adapters.cuts import cuts, recorded_streams
from tests.adapters.dialects.gemini.frames import STOP, candidate, chunk, parts, text
from tests.adapters.dialects.gemini.sdk import chunks_of, gathered, parts_of, said_by, streaming
from tests.adapters.reading import read
from tests.adapters.replies import REPLIES, TEXT_ONLY, TOOLS

FLAG = True
FINISHES = {"end": "STOP", "tool_use": "STOP", "max_tokens": "MAX_TOKENS", "refusal": "SAFETY"}


def written(*blocks: Block, stop: StopReason = "end") -> list[dict[str, Any]]:
    """The documents of a stream with these blocks."""
    reply = Reply("0a1b", "m", blocks, stop, Usage(input=3, output=5, reasoning=1), created=7)
    return documents(b"".join(DIALECT.write_stream(reply, FLAG)))


def documents(stream: bytes) -> list[dict[str, Any]]:
    """The documents in the frames of a stream."""
    frames = stream.split(b"\n\n")
    assert frames.pop() == b""
    assert all(frame.startswith(b"data: {") and b"\n" not in frame for frame in frames)
    return [json.loads(frame.removeprefix(b"data: ")) for frame in frames]


def parts_in(told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The parts of all chunks."""
    return [part for document in told for part in document["candidates"][0]["content"]["parts"]]


@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES)
def test_the_sdk_gathers_a_stream(reply: Reply) -> None:
    """Words, thoughts, calls, counts, id and model arrive, and only the last chunk has a reason."""
    chunks = chunks_of(b"".join(DIALECT.write_stream(reply, FLAG)))
    assert gathered([part for told in chunks for part in parts_of(told)]) == said_by(reply)
    reasons = [told.candidates[0].finish_reason for told in chunks if told.candidates]
    assert reasons[:-1] == [None] * (len(chunks) - 1)
    assert reasons[-1] == FINISHES[reply.stop]
    last = chunks[-1]
    assert (last.response_id, last.model_version) == (reply.id, reply.model)
    usage = last.usage_metadata
    assert usage
    assert (usage.thoughts_token_count, usage.total_token_count) == (
        reply.usage.reasoning,
        total_of(reply.usage),
    )


def total_of(usage: Usage) -> int:
    """All tokens of a reply."""
    return sum((usage.input, usage.cache_read, usage.cache_write_5m, usage.cache_write_1h, usage.output))


@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES)
def test_what_was_written_is_read_again(reply: Reply) -> None:
    """Streamed and whole, all that the dialect has a place for is the same."""
    streamed = collect(read(StreamReader(), [b"".join(DIALECT.write_stream(reply, FLAG))]))
    assert (streamed.blocks, streamed.stop, streamed.id) == (reply.blocks, reply.stop, reply.id)
    assert read_reply(DIALECT.write_reply(reply)) == streamed


SIGN = ThinkingBlock("", "c2ln")
CALL = ToolBlock("1", "f", '{"a":1}')
CALLED = {"functionCall": {"name": "f", "args": {"a": 1}, "id": "1"}}
LAST = {"text": ""}
SIGNED: dict[str, tuple[tuple[Block, ...], list[dict[str, Any]]]] = {
    "a call": ((SIGN, CALL), [{**CALLED, "thoughtSignature": "c2ln"}, LAST]),
    "the first of two calls": ((SIGN, CALL, CALL), [{**CALLED, "thoughtSignature": "c2ln"}, CALLED, LAST]),
    "a text": (
        (SIGN, TextBlock("Hello, it is I.")),
        [{"text": "Hello, it is", "thoughtSignature": "c2ln"}, {"text": " I."}, LAST],
    ),
    "a thought": (
        (ThinkingBlock("Hm.", "c2ln"), TextBlock("a")),
        [
            {"text": "Hm.", "thought": True},
            {"text": "", "thought": True, "thoughtSignature": "c2ln"},
            {"text": "a"},
            LAST,
        ],
    ),
    "no thought": ((ThinkingBlock("Hm."), CALL), [{"text": "Hm.", "thought": True}, CALLED, LAST]),
    "nothing": ((TextBlock("a"), SIGN), [{"text": "a"}, {"text": "", "thoughtSignature": "c2ln"}]),
    "nothing, twice": (
        (SIGN, ThinkingBlock("", "eA=="), CALL),
        [{"text": "", "thoughtSignature": "c2ln"}, {**CALLED, "thoughtSignature": "eA=="}, LAST],
    ),
    "nothing before a thought": (
        (SIGN, ThinkingBlock("Hm.")),
        [{"text": "", "thoughtSignature": "c2ln"}, {"text": "Hm.", "thought": True}, LAST],
    ),
}


@pytest.mark.parametrize(("blocks", "told"), SIGNED.values(), ids=SIGNED)
def test_a_signature_is_on_the_part_it_belongs_to(
    blocks: tuple[Block, ...], told: list[dict[str, Any]]
) -> None:
    """It stands on the thought that has it, else on the part after it, and is read back from calls."""
    stream = b"".join(DIALECT.write_stream(Reply("1", "m", blocks, "end", Usage()), FLAG))
    assert parts_in(documents(stream)) == told
    again = collect(read(StreamReader(), [stream]))
    kept = tuple(block for block, after in pairwise((*blocks, None)) if block != SIGN or after == CALL)
    assert again.blocks == kept
    whole = DIALECT.write_reply(Reply("1", "m", blocks, "end", Usage()))
    assert read_reply(whole).blocks == kept


THEIRS = sealed("anthropic-messages", "c2ln")
HIDDEN = sealed("anthropic-messages", "", "x")
WORDS, THOUGHT = {"text": "a"}, {"text": "Hm.", "thought": True}
CARRIED: dict[str, tuple[tuple[Block, ...], list[dict[str, Any]], list[Seal]]] = {
    "a thought before a call": (
        (ThinkingBlock("Hm.", THEIRS), CALL, CALL),
        [THOUGHT, {**CALLED, "thoughtSignature": "?"}, CALLED, LAST],
        [Seal("anthropic-messages", "c2ln", text="Hm.")],
    ),
    "words between": (
        (ThinkingBlock("Hm.", THEIRS), TextBlock("a"), CALL),
        [THOUGHT, WORDS, {**CALLED, "thoughtSignature": "?"}, LAST],
        [Seal("anthropic-messages", "c2ln", text="Hm.", leads=True)],
    ),
    "thoughts before a call": (
        (ThinkingBlock("Hm.", THEIRS), ThinkingBlock("", HIDDEN), CALL),
        [THOUGHT, {**CALLED, "thoughtSignature": "?"}, LAST],
        [Seal("anthropic-messages", "c2ln", text="Hm."), Seal("anthropic-messages", "", "x")],
    ),
    "no call": (
        (ThinkingBlock("Hm.", THEIRS), TextBlock("a")),
        [THOUGHT, WORDS, {"text": "", "thoughtSignature": "?"}],
        [Seal("anthropic-messages", "c2ln", text="Hm.", leads=True)],
    ),
}


@pytest.mark.parametrize(("blocks", "told", "seals"), CARRIED.values(), ids=CARRIED)
def test_the_call_carries_the_thoughts_of_another_maker(
    blocks: tuple[Block, ...], told: list[dict[str, Any]], seals: list[Seal]
) -> None:
    """Clients hand back signatures of calls alone, so the words are inside; without a call it comes last."""
    reply = Reply("1", "m", blocks, "end", Usage())
    streamed = parts_in(documents(b"".join(DIALECT.write_stream(reply, FLAG))))
    (whole,) = documents(b"data: " + DIALECT.write_reply(reply) + b"\n\n")
    for written_parts in (streamed, [*whole["candidates"][0]["content"]["parts"], LAST]):
        (signed,) = [part for part in written_parts if "thoughtSignature" in part]
        assert list(unsealed_all(signed["thoughtSignature"], "gemini")) == seals
        signed["thoughtSignature"] = "?"
        assert written_parts[: len(told)] == told


ARGUMENTS = {
    "an object": ('{"a": [1, {"b": null}]}', {"a": [1, {"b": None}]}),
    "none": ("", {}),
    "blanks": (" ", {}),
    "an array": ("[1]", {"__raw": "[1]"}),
    "broken JSON": ('{"a":', {"__raw": '{"a":'}),
    "words": ("rm -rf", {"__raw": "rm -rf"}),
    "too deep": ("[" * 5000, {"__raw": "[" * 5000}),
}


@pytest.mark.parametrize(("arguments", "args"), ARGUMENTS.values(), ids=ARGUMENTS)
def test_arguments_are_always_an_object(arguments: str, args: object) -> None:
    """A call is one part, written when it is whole; what is no object stands under one key."""
    first, _ = parts_in(written(ToolBlock("1", "f", arguments)))
    assert first["functionCall"] == {"name": "f", "args": args, "id": "1"}


def test_every_chunk_but_the_last_is_without_a_reason_and_counts() -> None:
    """Before the end there is what was read; at the end there is all that was used."""
    *told, last = written(TextBlock("a"), ThinkingBlock("b"), CALL)
    for document in told:
        assert "finishReason" not in document["candidates"][0]
        assert document["usageMetadata"] == {"promptTokenCount": 3, "totalTokenCount": 3}
        assert (document["responseId"], document["modelVersion"]) == ("0a1b", "m")
    assert last["candidates"][0]["finishReason"] == "STOP"
    assert last["usageMetadata"] == {
        "promptTokenCount": 3,
        "candidatesTokenCount": 4,
        "totalTokenCount": 8,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 3}],
        "thoughtsTokenCount": 1,
    }


def test_nothing_is_written_before_there_is_something() -> None:
    """The dialect has no word for the start."""
    writer = StreamWriter()
    assert writer.write(Started("1", "m", 0, Usage())) == []
    (frame,) = [frame for event in list(replay(TEXT_ONLY))[1:3] for frame in writer.write(event)]
    assert frame.startswith(b'data: {"candidates":[{"content":{"parts":[{"text":"Hello,')


def test_a_literal_leaves_as_it_came() -> None:
    """Text is not unescaped on its way out."""
    writer = StreamWriter()
    writer.write(Started("1", "m", 0, Usage()))
    added = TextAdded(0, TextAdded.of(0, "x").literal.__class__(rb'"\u00e9\/"'))
    assert rb'{"text":"\u00e9\/"}' in b"".join(writer.write(added))


def test_the_sdk_raises_what_broke_a_stream_off() -> None:
    """The error is a chunk, and never a clean end."""
    first, *_ = DIALECT.write_stream(TOOLS, FLAG)
    writer = StreamWriter()
    (failed,) = writer.write(Failed(Fault("overloaded", 503, "busy")))
    client, _ = streaming(first + failed)
    with pytest.raises(errors.ServerError, match="busy") as caught:
        list(client.models.generate_content_stream(model="m", contents="x"))
    assert (caught.value.code, caught.value.status) == (503, "UNAVAILABLE")


def test_a_sign_of_life_is_a_chunk_the_sdk_takes() -> None:
    """A comment would break it; an empty list of candidates says nothing."""
    assert DIALECT.sign_of_life == b'data: {"candidates":[]}\n\n'
    stream = DIALECT.sign_of_life.join([b"", *DIALECT.write_stream(TOOLS, FLAG)])
    chunks = chunks_of(stream)
    assert gathered([part for told in chunks for part in parts_of(told)]) == said_by(TOOLS)


@pytest.mark.parametrize("name", recorded_streams("gemini"))
def test_the_sdk_reads_our_stream_as_it_reads_the_recorded_one(name: str) -> None:
    """Read and written again, a recorded stream says the same to the SDK, signatures included."""
    recorded = recorded_streams("gemini")[name]
    again = b"".join(DIALECT.write_stream(collect(read(StreamReader(), [recorded])), FLAG))
    told, ours = (
        [part for told in chunks_of(stream) for part in parts_of(told)] for stream in (recorded, again)
    )
    assert gathered(ours) == gathered(told)
    assert [part.thought_signature for part in ours if part.function_call] == [
        part.thought_signature for part in told if part.function_call
    ]


# --- the tap ------------------------------------------------------------------------------------------


def tapped(*chunks: bytes) -> Tap:
    """A tap that was fed these chunks of a stream that then ended."""
    tap = Tap()
    for told in chunks:
        tap.feed(told)
    tap.finish()
    return tap


COUNTED = {"promptTokenCount": 10, "candidatesTokenCount": 4}
TAPPED: dict[str, tuple[bytes, tuple[Usage, bool, Fault | None]]] = {
    "text": (parts(text("a")), (Usage(), False, None)),
    "usage": (parts(text("a"), usageMetadata=COUNTED), (Usage(input=10, output=4), False, None)),
    "an end": (STOP, (Usage(), True, None)),
    "the end of another candidate": (
        chunk({"index": 1, "finishReason": "STOP"}, candidate(text("finishReason"))),
        (Usage(), False, None),
    ),
    "a blocked prompt": (chunk(promptFeedback={"blockReason": "OTHER"}), (Usage(), True, None)),
    "an error": (
        b'data: {"error":{"code":503,"message":"m"}}\n\n',
        (Usage(), False, Fault("overloaded", 503, "m")),
    ),
    "words of interest in a text": (
        parts(text('"error" usageMetadata finishReason blockReason')),
        (Usage(), False, None),
    ),
}


@pytest.mark.parametrize(("stream", "told"), TAPPED.values(), ids=TAPPED)
def test_a_tap_sees_what_concerns_it(stream: bytes, told: tuple[Usage, bool, Fault | None]) -> None:
    """Counts, the end and faults are seen however the stream is cut, also after quiet chunks."""
    for chunks in cuts(stream):
        tap = tapped(parts(text("before")), *chunks)
        assert (tap.usage, tap.ended, tap.fault) == told


def test_a_tap_sees_usage_at_once() -> None:
    """A client that leaves in the middle is billed for what was counted by then."""
    tap = Tap()
    usage = tap.usage
    tap.feed(parts(text("a")))
    tap.feed(parts(text("a"), usageMetadata=COUNTED))
    assert usage == Usage(input=10, output=4)


def test_a_tap_writes_the_end_of_a_broken_stream() -> None:
    """It is the error document as a chunk."""
    fault = Fault("rate_limited", 429, "slow", retry_after=3)
    assert tapped().failure(fault, "req_1") == b"data: " + DIALECT.write_error(fault, "req_1") + b"\n\n"
