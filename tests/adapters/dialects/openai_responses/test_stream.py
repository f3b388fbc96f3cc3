"""Streams of openai-responses: what the tap sees of any, and what the official SDK makes of ours."""

import json
from typing import Any

import pytest
from openai.types.responses import Response

from adapters.dialects.openai_responses.stream import StreamWriter, Tap, write_stream
from adapters.events import BlockOpened, Failed, Reply, Started, TextAdded, ToolBlock, Usage
from adapters.fault import Fault, FaultKind
from adapters.sse import StreamTap
from tests.adapters.cuts import cuts, recorded_streams
from tests.adapters.replies import ARGUMENTS, CUT_SHORT, REPLIES, TEXT, TEXT_ONLY, THINKING, TOOLS
from tests.adapters.sdks import streamed_to_openai

RECORDED = recorded_streams("openai-responses")


def event(kind: str, **fields: object) -> bytes:
    """One frame as OpenAI writes it, without spaces."""
    data = json.dumps({"type": kind, **fields}, separators=(",", ":"))
    return f"event: {kind}\ndata: {data}\n\n".encode()


def carrying(kind: str, **fields: object) -> bytes:
    """An event that carries the response."""
    return event(kind, sequence_number=0, response={"id": "resp_1", "object": "response", **fields})


def bare(frame: bytes) -> bytes:
    """The same frame as other providers write it: spaces, and no name of the event."""
    data = frame.split(b"data: ", 1)[1]
    return b"data: %b\n\n" % json.dumps(json.loads(data)).encode()


def fed(chunks: list[bytes]) -> Tap:
    """A tap that was fed these chunks of a stream that then ended."""
    tap = Tap()
    for chunk in chunks:
        tap.feed(chunk)
    tap.finish()
    return tap


WIRE_USAGE = {
    "input_tokens": 10,
    "input_tokens_details": {"cached_tokens": 7},
    "output_tokens": 4,
    "output_tokens_details": {"reasoning_tokens": 2},
}
COUNTED = Usage(input=3, cache_read=7, output=4, reasoning=2)
CREATED = carrying("response.created", usage=None)
DELTA = event(
    "response.output_text.delta", sequence_number=4, delta='"response" error "error":{} response.completed'
)
COMPLETED = carrying("response.completed", usage=WIRE_USAGE)

ENDS: dict[str, tuple[bytes, Usage, bool]] = {
    "completed": (COMPLETED, COUNTED, True),
    "completed, in other words": (bare(COMPLETED), COUNTED, True),
    "completed, without a last newline": (COMPLETED.rstrip(b"\n"), COUNTED, True),
    "incomplete": (carrying("response.incomplete", usage=WIRE_USAGE), COUNTED, True),
    "completed without usage": (carrying("response.completed"), Usage(), True),
    "its type by its name alone": (
        b'event: response.completed\ndata: {"response":{"id":"resp_1"}}\n\n',
        Usage(),
        True,
    ),
    "in progress": (carrying("response.in_progress", usage=None), Usage(), False),
    "the words in a text": (DELTA, Usage(), False),
    "done, and no more": (b"data: [DONE]\n\n", Usage(), False),
    "an item that is done": (
        event("response.output_item.done", item={"type": "mcp_call", "error": None}),
        Usage(),
        False,
    ),
    "broken JSON": (b'event: response.completed\ndata: {"response":\n\n', Usage(), False),
    "nothing": (b"", Usage(), False),
}


@pytest.mark.parametrize(("stream", "usage", "ended"), ENDS.values(), ids=ENDS)
def test_a_stream_ended_when_its_response_was_complete(stream: bytes, usage: Usage, ended: bool) -> None:
    """Usage and end come with the response, however the stream is cut."""
    for chunks in [*cuts(CREATED + DELTA + stream), [CREATED, DELTA, stream]]:
        tap = fed(chunks)
        assert (tap.usage, tap.ended, tap.fault) == (usage, ended, None)


FAULTS: dict[str, tuple[bytes, Fault]] = {
    "failed": (
        carrying("response.failed", error={"code": "rate_limit_exceeded", "message": "m"}),
        Fault("rate_limited", 429, "m", code="rate_limit_exceeded"),
    ),
    "failed, with a word nobody knows": (
        carrying("response.failed", error={"code": "odd", "message": "m"}),
        Fault("internal", 500, "m", code="odd"),
    ),
    "failed, and why is not said": (carrying("response.failed"), Fault("internal", 500, "unknown error")),
    "an error": (
        event("error", sequence_number=3, code="server_error", message="m", param=None),
        Fault("internal", 500, "m", code="server_error"),
    ),
    "an error in an object": (
        event("error", error={"type": "invalid_request_error", "message": "m", "code": None}),
        Fault("invalid_request", 400, "m"),
    ),
    "an error by its name alone": (b'event: error\ndata: {"message":"m"}\n\n', Fault("internal", 500, "m")),
    "an error as a chat has it": (b'data: {"error":{"message":"m"}}\n\n', Fault("internal", 500, "m")),
}


@pytest.mark.parametrize(("stream", "fault"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_seen_at_any_cut(stream: bytes, fault: Fault) -> None:
    """A response that failed and an error event are faults, and no end."""
    for chunks in [*cuts(CREATED + stream), [CREATED, DELTA, stream]]:
        tap = fed(chunks)
        assert (tap.fault, tap.ended, tap.aligned) == (fault, False, True)


def test_usage_of_a_response_that_failed_counts() -> None:
    """What was used before the failure was used."""
    assert fed([carrying("response.failed", usage=WIRE_USAGE, error=None)]).usage == COUNTED


def test_a_text_delta_is_not_framed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The usual chunk is looked at and let go; one with a word of interest is read."""
    framed: list[bytes] = []
    tap = fed([CREATED])
    monkeypatch.setattr(StreamTap, "frame_chunk", lambda _, chunk: framed.append(chunk))
    plain = event("response.output_text.delta", sequence_number=4, delta='a "response"')
    tap.feed(plain)
    assert framed == []
    tap.feed(COMPLETED)
    assert framed == [COMPLETED]


# --- failures -----------------------------------------------------------------------------------------


def documents(frames: bytes) -> list[dict[str, Any]]:
    """The events of frames; each frame's name must be its event's type."""
    told = []
    for frame in frames.decode().removesuffix("\n\n").split("\n\n"):
        name, data = frame.split("\n")
        told.append(json.loads(data.removeprefix("data: ")))
        assert name == f"event: {told[-1]['type']}"
    return told


FAULT = Fault("upstream", 502, "The provider went away.", code="upstream_reset")


@pytest.mark.parametrize("name", RECORDED)
def test_a_failure_goes_on_where_the_stream_stood(name: str) -> None:
    """After each event of a recorded stream the failure has its id, model and time, and the next number."""
    frames = [frame + b"\n\n" for frame in RECORDED[name].split(b"\n\n")[:-1]]
    first = documents(frames[0])[0]["response"]
    for kept in range(1, len(frames)):
        for chunks in (frames[:kept], [b"".join(frames[:kept])], [b": a\n\n", *frames[:kept], b": b\n\n"]):
            (failed,) = documents(fed(chunks).failure(FAULT, "req_1"))
            assert failed["type"] == "response.failed"
            assert failed["sequence_number"] == kept
            assert {key: failed["response"][key] for key in ("id", "model", "created_at", "status")} == {
                "id": first["id"],
                "model": first["model"],
                "created_at": first["created_at"],
                "status": "failed",
            }
            assert failed["response"]["error"] == {"code": "server_error", "message": FAULT.message}


@pytest.mark.parametrize("chunks", [[], [b": alive\n\n"], [b'data: {"type":"odd"}\n\n']])
def test_a_failure_before_the_first_event_begins_a_response(chunks: list[bytes]) -> None:
    """A client that has seen no response yet gets one that is created and then failed."""
    created, failed = documents(fed(chunks).failure(FAULT, "req_1"))
    assert (created["type"], failed["type"]) == ("response.created", "response.failed")
    assert created["response"]["id"] == failed["response"]["id"] == "resp_req_1"
    assert (created["sequence_number"], failed["sequence_number"]) == (0, 1)


@pytest.mark.parametrize("name", RECORDED)
@pytest.mark.parametrize("kept", [0, 1, 2, 5, -2])
def test_the_sdk_sees_a_response_that_failed(name: str, kept: int) -> None:
    """A stream that broke anywhere ends, for the SDK, in a failed response with our words."""
    frames = [frame + b"\n\n" for frame in RECORDED[name].split(b"\n\n")[:-1]][:kept]
    stream = b"".join(frames) + fed(frames).failure(FAULT, "req_1")
    with streamed_to_openai(stream).responses.stream(model="m", input="x") as told:
        last = list(told)[-1]
    assert last.type == "response.failed"
    assert last.response.error is not None
    assert (last.response.error.code, last.response.error.message) == ("server_error", FAULT.message)
    with (
        streamed_to_openai(stream).responses.stream(model="m", input="x") as told,
        pytest.raises(RuntimeError, match=r"Didn't receive a `response\.completed`"),
    ):
        told.get_final_response()


CODES: dict[str, tuple[FaultKind, str | None, str]] = {
    "a provider that broke off": ("upstream", "upstream_closed", "server_error"),
    "a provider that was silent": ("timeout", "upstream_timeout", "server_error"),
    "a provider that is busy": ("overloaded", "server_is_overloaded", "server_error"),
    "ours": ("internal", None, "server_error"),
    "too much at once": ("rate_limited", None, "rate_limit_exceeded"),
    "no money left": ("billing", None, "insufficient_quota"),
    "a request that is wrong": ("invalid_request", "odd", "invalid_prompt"),
    "a request that is too long": ("invalid_request", "context_length_exceeded", "context_length_exceeded"),
}


@pytest.mark.parametrize(("kind", "code", "told"), CODES.values(), ids=CODES)
def test_a_failure_says_whether_to_try_again(kind: FaultKind, code: str | None, told: str) -> None:
    """Codex tries again at `server_error` and gives up at the words for what a retry cannot mend."""
    (failed,) = documents(fed([CREATED]).failure(Fault(kind, 500, "m", code=code), "req_1"))
    assert failed["response"]["error"]["code"] == told


# --- the writer ---------------------------------------------------------------------------------------


def streamed(reply: Reply) -> list[bytes]:
    """A reply as frames."""
    asked_for_usage = True
    return write_stream(reply, asked_for_usage)


def received(reply: Reply) -> Response:
    """What the SDK gathers from a streamed reply."""
    stream = b"".join(streamed(reply))
    with streamed_to_openai(stream).responses.stream(model="m", input="x") as told:
        return told.get_final_response()


@pytest.mark.parametrize("name", [name for name in REPLIES if name != "cut short"])
def test_the_sdk_gathers_a_streamed_reply(name: str) -> None:
    """Items, usage and status arrive as they were meant."""
    reply = REPLIES[name]
    response = received(reply)
    assert (response.id, response.model, response.status) == ("resp_0a1b", "some-model", "completed")
    assert [item.type for item in response.output] == {
        "text": ["message"],
        "thinking": ["reasoning", "message"],
        "tools": ["message", "function_call", "function_call"],
        "silent": [],
    }[name]
    assert response.usage is not None
    assert response.usage.output_tokens == reply.usage.output


def test_the_sdk_gathers_text_and_arguments_from_deltas() -> None:
    """What its snapshots add up to is what was written."""
    stream = b"".join(streamed(TOOLS))
    with streamed_to_openai(stream).responses.stream(model="m", input="x") as told:
        events = list(told)
    texts = [each.snapshot for each in events if each.type == "response.output_text.delta"]
    calls = [each.snapshot for each in events if each.type == "response.function_call_arguments.delta"]
    assert texts[-1] == TEXT
    assert ARGUMENTS in calls
    assert received(TEXT_ONLY).output_text == TEXT


def test_a_reply_cut_short_ends_incomplete() -> None:
    """Its last event is `response.incomplete`, with the usage."""
    last = documents(streamed(CUT_SHORT)[-1])[0]
    assert (last["type"], last["response"]["status"]) == ("response.incomplete", "incomplete")
    assert last["response"]["usage"]["output_tokens"] == 40


@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES)
def test_events_are_numbered_and_of_one_response(reply: Reply) -> None:
    """Numbers rise from zero by one, and every response has the same id."""
    told = documents(b"".join(streamed(reply)))
    assert [each["sequence_number"] for each in told] == list(range(len(told)))
    assert {each["response"]["id"] for each in told if "response" in each} == {"resp_0a1b"}


@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES)
def test_what_was_streamed_is_what_the_last_event_carries(reply: Reply) -> None:
    """The items that were done are the items of the response, in order."""
    told = documents(b"".join(streamed(reply)))
    done = [each["item"] for each in told if each["type"] == "response.output_item.done"]
    assert done == told[-1]["response"]["output"]


def test_thinking_is_streamed_as_a_summary() -> None:
    """Thinking comes in pieces of a summary before the text."""
    told = documents(b"".join(streamed(THINKING)))
    pieces = [each["delta"] for each in told if each["type"] == "response.reasoning_summary_text.delta"]
    assert "".join(pieces) == "Hm, well, hm."


def test_a_custom_call_is_streamed_as_text() -> None:
    """A tool that takes text gets its own events, its namespace and its own item."""
    call = ToolBlock("call_1", "apply_patch", "*** Begin Patch", "files", custom=True)
    told = documents(b"".join(streamed(Reply("1", "m", (call,), "tool_use", Usage()))))
    assert [each["type"].removeprefix("response.") for each in told[2:-1]] == [
        "output_item.added",
        "custom_tool_call_input.delta",
        "custom_tool_call_input.delta",
        "custom_tool_call_input.done",
        "output_item.done",
    ]
    assert told[-2]["item"] == {
        "id": "ctc_100",
        "type": "custom_tool_call",
        "status": "completed",
        "call_id": "call_1",
        "input": "*** Begin Patch",
        "name": "apply_patch",
        "namespace": "files",
    }


def test_a_streamed_reply_is_metered_as_it_was_meant() -> None:
    """The tap reads from our own stream what was written into it."""
    tap = fed(streamed(TOOLS))
    assert (tap.usage, tap.ended) == (Usage(12, 100, 12, 0, 40, 9), True)


def test_a_failed_reply_is_written_as_a_failure() -> None:
    """The event `Failed` is a failed response, under the id and the number the stream has reached."""
    writer = StreamWriter()
    written = [*writer.write(Started("1", "m", 7, Usage())), *writer.write(BlockOpened(0, "text"))]
    written += [*writer.write(TextAdded.of(0, "a")), *writer.write(Failed(FAULT))]
    last = documents(written[-1])[0]
    assert (last["type"], last["response"]["id"]) == ("response.failed", "resp_1")
    assert last["sequence_number"] == len(written) - 1
