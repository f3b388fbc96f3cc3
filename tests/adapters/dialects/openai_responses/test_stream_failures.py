"""Streams of openai-responses that break off, that we wrote, or that nobody would write."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.dialects.openai_responses import DIALECT
from adapters.dialects.openai_responses.stream_read import StreamReader
from adapters.events import Failed, Usage, collect, replay
from adapters.fault import Fault
from adapters.reader import GARBLED, TRUNCATED, UNREADABLE
from tests.adapters.cuts import recorded_streams, single_bytes
from tests.adapters.dialects.openai_responses.items import (
    BEGUN,
    CALL,
    CREATED,
    CUSTOM,
    HEAD,
    SEARCH,
    added,
    event,
    input_delta,
    over,
    said,
    text_delta,
    thought,
)
from tests.adapters.reading import fault_of, must_be_in_order, read, read_alike
from tests.adapters.replies import REPLIES

RECORDED = recorded_streams("openai-responses")

FAILED = {"code": "rate_limit_exceeded", "message": "m"}
FAULTS: dict[str, tuple[list[bytes], Fault]] = {
    "bytes that end": ([CREATED, text_delta(0, "a")], TRUNCATED),
    "a chat's end": ([CREATED, text_delta(0, "a"), b"data: [DONE]\n\n"], TRUNCATED),
    "a response that failed": (
        [CREATED, over("failed", error=FAILED)],
        Fault("rate_limited", 429, "m", code="rate_limit_exceeded"),
    ),
    "a response that was cancelled": (
        [over("cancelled", error=None)],
        Fault("internal", 500, "unknown error"),
    ),
    "an error": (
        [b'event: error\ndata: {"type":"error","code":"server_error","message":"m"}\n\n'],
        Fault("internal", 500, "m", code="server_error"),
    ),
    "an error by its name alone": ([b'event: error\ndata: {"message":"m"}\n\n'], Fault("internal", 500, "m")),
    "an error as a chat has it": ([b'data: {"error":{"message":"m"}}\n\n'], Fault("internal", 500, "m")),
    "broken JSON": ([CREATED, b'data: {"type":\n\n'], UNREADABLE),
    "an item that is none": ([event("output_item.done", item=5)], UNREADABLE),
    "a page": ([b"<html>"], GARBLED),
}


@pytest.mark.parametrize(("frames", "fault"), FAULTS.values(), ids=FAULTS)
def test_a_stream_that_breaks_off_is_a_failure(frames: list[bytes], fault: Fault) -> None:
    """However it is cut, it ends in the one fault, and no half call is closed."""
    told = read_alike(StreamReader, b"".join(frames))
    must_be_in_order(told)
    assert fault_of(told) == fault


def test_usage_of_a_response_that_failed_counts() -> None:
    """What was used before the failure was used."""
    reader = StreamReader()
    read(reader, [over("failed", error=FAILED, usage={"input_tokens": 3, "output_tokens": 1})])
    assert reader.usage == Usage(input=3, output=1)


def test_an_open_call_is_not_closed_by_a_failure() -> None:
    """A tool must not be run with half of its arguments."""
    told = read(StreamReader(), [added(0, BEGUN), input_delta(0, '{"a"'), over("failed", error=FAILED)])
    assert [type(each) for each in told[-2:]][-1] is Failed
    assert not any(type(each).__name__ == "BlockClosed" for each in told)


# --- what is written is read --------------------------------------------------------------------------


@pytest.mark.parametrize("piece", [1, 12, 1000])
@pytest.mark.parametrize("name", REPLIES)
def test_what_is_written_is_read_again(name: str, piece: int) -> None:
    """Text, thinking, calls and the reason why it stopped survive the dialect's own stream."""
    writer = DIALECT.stream_writer(True)  # noqa: FBT003 - usage is in it whoever asks
    stream = b"".join(frame for told in replay(REPLIES[name], piece) for frame in writer.write(told))
    back = collect(read(StreamReader(), [stream]))
    assert [getattr(block, "text", "") for block in back.blocks] == [
        getattr(block, "text", "") for block in REPLIES[name].blocks
    ]
    assert (back.id, back.stop, back.usage.output) == ("0a1b", REPLIES[name].stop, REPLIES[name].usage.output)


@given(draw=st.data())
def test_random_pieces_of_recorded_streams_are_read_alike(draw: st.DataObject) -> None:
    """Merged and cut anywhere, a stream tells the same."""
    stream = draw.draw(st.sampled_from(sorted(RECORDED.values())))
    places = sorted(draw.draw(st.lists(st.integers(0, len(stream)), max_size=20)))
    chunks = [stream[start:end] for start, end in zip([0, *places], [*places, len(stream)], strict=True)]
    assert read(StreamReader(), chunks) == read(StreamReader(), [stream])


KINDS = sorted(StreamReader._EVENTS)  # noqa: SLF001 - every kind that is read
VALUES = st.one_of(
    st.none(),
    st.text(max_size=3),
    st.integers(0, 3),
    st.sampled_from([said("a"), thought("b", "c", encrypted_content="d"), CALL, CUSTOM, SEARCH, BEGUN, HEAD]),
)
FIELDS = ("output_index", "content_index", "summary_index", "delta", "text", "arguments", "item", "response")


@given(
    st.lists(
        st.tuples(st.sampled_from(KINDS), st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=5)),
        max_size=8,
    )
)
def test_no_order_of_events_upsets_a_reader(events: list[tuple[str, dict[str, Any]]]) -> None:
    """Whatever comes, what is told is in order and ends once, cut or not."""
    frames = [event(kind.removeprefix("response."), **fields) for kind, fields in events]
    told = read(StreamReader(), frames)
    must_be_in_order(told)
    assert read(StreamReader(), single_bytes(b"".join(frames))) == told


@given(stream=st.binary(max_size=60))
def test_no_bytes_upset_a_reader(stream: bytes) -> None:
    """Whatever arrives is borne, and told the same whole and byte by byte."""
    assert read(StreamReader(), [stream]) == read(StreamReader(), single_bytes(stream))
