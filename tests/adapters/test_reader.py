"""What holds of the readers of all dialects: their framing, their ends, and that nothing upsets them."""

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.dialects import anthropic_messages, openai_chat
from adapters.dialects.anthropic_messages.stream_read import StreamReader as MessagesReader
from adapters.dialects.openai_chat.stream_read import StreamReader as ChatReader
from adapters.events import Event, Failed, TextAdded, collect, replay
from adapters.reader import GARBLED, NULL, TRUNCATED, Reader, decode
from adapters.reader import given as is_given
from adapters.sse import MAX_EVENT, EventTooLarge
from tests.adapters.cuts import recorded_streams, single_bytes
from tests.adapters.frames import delta, event, message_start
from tests.adapters.reading import must_be_in_order, read, read_alike
from tests.adapters.replies import REPLIES

Make = Callable[[], Reader]
READERS: dict[str, Make] = {
    "anthropic-messages": MessagesReader,
    "openai-chat": ChatReader,
}
OPENINGS = {
    "anthropic-messages": message_start()
    + event("content_block_start", index=0, content_block={"type": "text", "text": ""}),
    "openai-chat": delta(role="assistant") + delta(content="a"),
}
DELTAS = {
    "anthropic-messages": event("content_block_delta", index=0, delta={"type": "text_delta", "text": "é🙂"}),
    "openai-chat": delta(content="é🙂"),
}

every_reader = pytest.mark.parametrize("name", READERS)


def opened(name: str) -> Reader:
    """A reader in the middle of a text."""
    reader = READERS[name]()
    reader.feed(OPENINGS[name])
    return reader


@every_reader
@pytest.mark.parametrize(
    "change",
    [
        lambda frame: frame,
        lambda frame: frame.replace(b"\n", b"\r\n"),
        lambda frame: frame.replace(b"\n", b"\r"),
        lambda frame: frame.replace(b"data: ", b"data:"),
        lambda frame: frame.replace(b"data: ", b"id: 7\ndata: "),
        lambda frame: b": comment\n" + frame,
        lambda frame: b"\n\n" + frame,
        lambda frame: frame.replace(b',"', b',\ndata: "', 1),
        lambda frame: b"data:\n\n" + frame,
    ],
)
def test_a_delta_is_one_event_however_it_is_framed(name: str, change: Callable[[bytes], bytes]) -> None:
    """The short way for the usual frame and the framer agree, and the next frame is read as well."""
    reader = opened(name)
    told = [*reader.feed(change(DELTAS[name]) + b"\n"), *reader.feed(DELTAS[name])]
    assert told == [TextAdded.of(0, "é🙂")] * 2


@every_reader
def test_what_arrived_together_is_told_together(name: str) -> None:
    """Four frames in a chunk are four events of one feeding."""
    assert opened(name).feed(DELTAS[name] * 4) == [TextAdded.of(0, "é🙂")] * 4


@every_reader
def test_what_arrived_cut_is_told_when_it_is_whole(name: str) -> None:
    """No event comes of half a frame, and none is lost."""
    reader = opened(name)
    told = [reader.feed(byte) for byte in single_bytes(DELTAS[name])]
    assert told == [[]] * (len(DELTAS[name]) - 1) + [[TextAdded.of(0, "é🙂")]]


@every_reader
def test_a_short_frame_does_not_end_one_that_is_open(name: str) -> None:
    """A chunk that looks like a whole frame is the rest of another where one is open."""
    whole = read(opened(name), [b"data: {}\ndata: \n\n", DELTAS[name]])
    assert read(opened(name), [b"data: {}\n", b"data: \n\n", DELTAS[name]]) == whole


@every_reader
@pytest.mark.parametrize("body", [b"<html>no</html>", b'{"error":{"message":"m"}}', b"\x1f\x8b\x08"])
def test_what_is_no_event_stream_is_known_at_once(name: str, body: bytes) -> None:
    """Nothing is told of it but, in the end, what it was."""
    reader = READERS[name]()
    assert reader.feed(body) == []
    assert reader.garbled
    assert reader.finish() == [Failed(GARBLED)]


@every_reader
def test_a_byte_order_mark_is_no_part_of_the_first_frame(name: str) -> None:
    """It is passed over, wherever the bytes are cut."""
    stream = OPENINGS[name] + DELTAS[name]
    assert read_alike(READERS[name], b"\xef\xbb\xbf" + stream) == read(READERS[name](), [stream])


@every_reader
def test_bytes_that_end_are_a_failure(name: str) -> None:
    """The reader is told the end once, and says so once."""
    reader = opened(name)
    assert reader.finish() == [Failed(TRUNCATED)]
    assert reader.finish() == []
    assert reader.fault == TRUNCATED


@every_reader
def test_an_event_over_the_limit_is_told_not_kept(name: str) -> None:
    """Whole in a chunk or not, it raises."""
    frame = DELTAS[name].replace("é".encode(), b"x" * MAX_EVENT)
    with pytest.raises(EventTooLarge):
        opened(name).feed(frame)
    pieces = [frame[start : start + 65_536] for start in range(0, len(frame), 65_536)]
    with pytest.raises(EventTooLarge):
        read(opened(name), pieces)


@every_reader
@pytest.mark.parametrize("piece", [1, 12, 1000])
@pytest.mark.parametrize("reply", REPLIES)
def test_what_is_written_is_read_again(name: str, reply: str, piece: int) -> None:
    """Text, calls and the reason why it stopped survive the dialect's own stream."""
    dialect = anthropic_messages.DIALECT if name == "anthropic-messages" else openai_chat.DIALECT
    assert dialect.stream_writer is not None
    writer = dialect.stream_writer(True)  # noqa: FBT003 - usage is asked for
    stream = b"".join(frame for told in replay(REPLIES[reply], piece) for frame in writer.write(told))
    back = collect(read(READERS[name](), [stream]))
    assert [type(block) for block in back.blocks] == [type(block) for block in REPLIES[reply].blocks]
    assert [getattr(block, "text", "") for block in back.blocks] == [
        getattr(block, "text", "") for block in REPLIES[reply].blocks
    ]
    assert (back.id, back.stop, back.usage.output) == (
        "0a1b",
        REPLIES[reply].stop,
        REPLIES[reply].usage.output,
    )


@every_reader
@given(draw=st.data())
def test_random_pieces_of_recorded_streams_are_read_alike(name: str, draw: st.DataObject) -> None:
    """Merged and cut anywhere, a stream tells the same."""
    stream = draw.draw(st.sampled_from(sorted(recorded_streams(name).values())))
    places = sorted(draw.draw(st.lists(st.integers(0, len(stream)), max_size=20)))
    pieces = [stream[start:end] for start, end in zip([0, *places], [*places, len(stream)], strict=True)]
    assert read(READERS[name](), pieces) == read(READERS[name](), [stream])


FIELDS = [
    *("type", "index", "delta", "text", "choices", "content", "tool_calls", "function", "usage"),
    *("content_block", "message", "error", "id", "name", "arguments", "finish_reason", "input"),
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 3) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(FIELDS),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
TYPES = st.sampled_from(
    ["message_start", "content_block_start", "content_block_delta", "content_block_stop", "message_delta"]
)


@every_reader
@given(
    frames=st.lists(
        st.tuples(TYPES, st.dictionaries(st.text(max_size=2), JSON, max_size=2), JSON), max_size=6
    )
)
def test_no_frames_upset_a_reader(name: str, frames: list[tuple[str, dict[str, object], object]]) -> None:
    """Whatever JSON arrives, the events are in order and end in a stop or a failure."""
    reader = READERS[name]()
    told: list[Event] = []
    for kind, fields, more in frames:
        document = {"type": kind, **fields, **(more if isinstance(more, dict) else {})}
        told += reader.feed(b"data: %b\n\n" % json.dumps(document).encode())
    must_be_in_order(told + reader.finish())


@every_reader
@given(stream=st.binary(max_size=60))
def test_no_bytes_upset_a_reader(name: str, stream: bytes) -> None:
    """Whatever arrives is borne, and told the same whole and byte by byte."""
    for data in (stream, b"data: " + stream, OPENINGS[name] + b"data: " + stream + b"\n\n"):
        assert read(READERS[name](), [data]) == read(READERS[name](), single_bytes(data))


def test_a_field_is_given_when_it_is_there_and_not_null() -> None:
    """An absent field and null are the same."""
    read_field = decode(lambda data: data, b"1")
    assert read_field == b"1"
    assert [is_given(raw) for raw in (NULL, type(NULL)(b"null"), type(NULL)(b"0"))] == [False, False, True]


def test_an_event_with_another_line_than_data_is_left_to_the_framer() -> None:
    """Three lines are a frame of the usual shape only if the second is its data."""
    assert MessagesReader.only_frame(b"event: ping\nid: 1\n\n") is None
    assert MessagesReader.only_frame(b"event: ping\ndata: {}\n\n") == (b"ping", b"{}")


@every_reader
def test_a_silent_stream_says_what_its_dialect_says(name: str) -> None:
    """Where a stream has no sign of life of its own, neither its tap nor its writer gives one."""
    dialect = {"anthropic-messages": anthropic_messages, "openai-chat": openai_chat}[name].DIALECT
    asked_for_usage = True
    assert dialect.tap().sign_of_life() == b""
    assert dialect.stream_writer(asked_for_usage).sign_of_life() == b""
