"""What the taps cost and what they bear: the usual chunk is free, and nothing that is sent upsets them."""

import json
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.dialect import Dialect, Tap
from adapters.sse import MAX_EVENT, EventTooLarge
from adapters.table import DIALECTS
from tests.adapters.cuts import recorded_streams, single_bytes

every_dialect = pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
# Streams of events; those of lines are their dialect's own to test.
OF_EVENTS = {name: one for name, one in DIALECTS.items() if one.stream_media.startswith(b"text/event-stream")}
every_event_stream = pytest.mark.parametrize("dialect", OF_EVENTS.values(), ids=OF_EVENTS)


def text_delta(dialect: Dialect, text: str) -> bytes:
    """One frame that adds text."""
    if dialect.name == "anthropic-messages":
        delta = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}}
        return b"event: content_block_delta\ndata: %b\n\n" % json.dumps(delta).encode()
    if dialect.name == "openai-responses":
        kind = "response.output_text.delta"
        event = {"type": kind, "sequence_number": 7, "item_id": "msg_1", "output_index": 0, "delta": text}
        return b"event: %b\ndata: %b\n\n" % (kind.encode(), json.dumps(event).encode())
    if dialect.name == "gemini":
        content = {"parts": [{"text": text}], "role": "model"}
        return b"data: %b\n\n" % json.dumps({"candidates": [{"content": content, "index": 0}]}).encode()
    if dialect.name == "ollama":
        return json.dumps({"message": {"role": "assistant", "content": text}, "done": False}).encode() + b"\n"
    choices = [{"index": 0, "delta": {"content": text}, "finish_reason": None}]
    return b"data: %b\n\n" % json.dumps({"choices": choices, "usage": None}).encode()


def state(tap: Tap) -> tuple[object, ...]:
    """Everything a tap tells."""
    return (tap.usage, tap.ended, tap.fault, tap.aligned, tap.garbled)


@contextmanager
def traced() -> Iterator[None]:
    """Memory is watched in here."""
    tracemalloc.start()
    try:
        yield
    finally:
        tracemalloc.stop()


def peak_of(operation: Callable[[], object]) -> int:
    """The bytes taken at once while the operation runs, given back or not; the least of some runs."""
    return min(_peak_once(operation) for _ in range(10))


def _peak_once(operation: Callable[[], object]) -> int:
    tracemalloc.reset_peak()
    before, _ = tracemalloc.get_traced_memory()
    operation()
    return tracemalloc.get_traced_memory()[1] - before


@every_dialect
def test_a_text_delta_takes_no_memory_at_all(dialect: Dialect) -> None:
    """A plain chunk costs no allocation, not even one that is given back: as little as doing nothing."""
    tap = dialect.tap()
    chunk = text_delta(dialect, "Hello")
    tap.feed(chunk)
    with traced():
        assert peak_of(partial(tap.feed, chunk)) <= peak_of(partial(id, chunk))


@every_dialect
def test_a_text_delta_leaves_nothing_in_memory(dialect: Dialect) -> None:
    """Ten thousand plain chunks keep no block of memory."""
    tap = dialect.tap()
    chunk = text_delta(dialect, "Hello")
    tap.feed(chunk)
    tap.feed(chunk)
    before = sys.getallocatedblocks()
    for _ in range(10_000):
        tap.feed(chunk)
    assert sys.getallocatedblocks() - before < 100


@every_dialect
def test_a_long_stream_in_awkward_pieces_leaves_nothing_in_memory(dialect: Dialect) -> None:
    """Chunks that never end on a frame are framed, and what was framed is let go."""
    tap = dialect.tap()
    frame = text_delta(dialect, "Hello")
    tap.feed(frame[:-1])
    turned = frame[-1:] + frame[:-1]
    tap.feed(turned)
    before = sys.getallocatedblocks()
    for _ in range(5_000):
        tap.feed(turned)
    assert sys.getallocatedblocks() - before < 100
    assert tap.aligned is False


@every_event_stream
@given(draw=st.data())
def test_random_pieces_of_recorded_streams_are_metered_alike(dialect: Dialect, draw: st.DataObject) -> None:
    """Merged and cut anywhere, a stream tells the same in the end."""
    stream = draw.draw(st.sampled_from(sorted(recorded_streams(dialect.name).values())))
    places = sorted(draw.draw(st.lists(st.integers(0, len(stream)), max_size=20)))
    whole, cut = dialect.tap(), dialect.tap()
    whole.feed(stream)
    for start, end in zip([0, *places], [*places, len(stream)], strict=True):
        cut.feed(stream[start:end])
    assert state(cut) == state(whole)


@every_dialect
@given(stream=st.binary(max_size=60))
def test_no_bytes_upset_a_tap(dialect: Dialect, stream: bytes) -> None:
    """Whatever arrives is borne, and told the same whole and byte by byte."""
    whole, cut = dialect.tap(), dialect.tap()
    whole.feed(stream)
    for byte in single_bytes(stream):
        cut.feed(byte)
    whole.finish()
    cut.finish()
    assert state(cut) == state(whole)


PAYLOADS = [
    b"",
    b"{",
    b"[]",
    b"null",
    b"5",
    b'"usage"',
    b'{"usage":5}',
    b'{"usage":[]}',
    b'{"error":5,"usage":null}',
    b'{"type":5,"usage":{}}',
    b'{"type":"message_start","message":[],"usage":null}',
    b'{"type":"error","error":"text"}',
    b'{"choices":5,"usage":{"prompt_tokens":1}}',
    b'{"choices":[5],"error":null}',
    b'{"choices":[{"finish_reason":5}]}',
    b'{"usage":{"prompt_tokens":1.5,"input_tokens":1.5}}',
    b'{"usage":{"prompt_tokens":"1","input_tokens":"1"}}',
    b"\xff\xfe usage error",
    b'{"type":"response.completed","response":5}',
    b'{"type":"response.completed","response":{"usage":{"input_tokens":"1"}}}',
    b'{"type":"response.output_text.delta","response":{"usage":null}}',
    b'{"usage":' + b"[" * 20_000,
    b'{"usageMetadata":5,"candidates":[]}',
    b'{"usageMetadata":{"promptTokenCount":"1"},"promptFeedback":{"blockReason":""}}',
    b'{"candidates":[{"finishReason":5}]}',
]


@every_event_stream
@pytest.mark.parametrize("payload", PAYLOADS)
def test_an_odd_payload_is_passed_over(dialect: Dialect, payload: bytes) -> None:
    """An event that cannot be read counts nothing and ends nothing."""
    tap = dialect.tap()
    for name in (b"", b"event: message_delta\n", b"event: message_start\n"):
        tap.feed(name + b"data: " + payload + b"\n\n")
    assert (tap.usage.input, tap.usage.output, tap.ended, tap.aligned) == (0, 0, False, True)


@every_event_stream
def test_an_event_over_the_limit_is_told_not_kept(dialect: Dialect) -> None:
    """A stream that never ends an event raises instead of filling the memory."""
    tap = dialect.tap()
    chunk = b"x" * 65_536
    tap.feed(b"data: ")
    for _ in range(MAX_EVENT // len(chunk) - 1):
        tap.feed(chunk)
    tap.feed(chunk[:-6])
    with pytest.raises(EventTooLarge):
        tap.feed(b"x")


@every_dialect
def test_an_empty_chunk_changes_nothing(dialect: Dialect) -> None:
    """No bytes are no news, wherever the stream stands."""
    tap = dialect.tap()
    for chunk in (b"da", b"ta: x\n", b"\n", text_delta(dialect, "a")):
        tap.feed(b"")
        before = state(tap)
        tap.feed(b"")
        assert state(tap) == before
        tap.feed(chunk)


@every_dialect
def test_words_of_interest_in_a_text_are_looked_at_and_left(dialect: Dialect) -> None:
    """A model that writes about usage, errors and ends causes none."""
    words = (
        'usage error message_stop [DONE] finish_reason":"stop" {"error":{"message":"x"}} "prompt_tokens": 5'
    )
    tap = dialect.tap()
    for _ in range(3):
        tap.feed(text_delta(dialect, words))
    assert state(tap) == state(dialect.tap())


@every_dialect
def test_alignment_is_known_after_every_chunk(dialect: Dialect) -> None:
    """Between whole frames an event of our own may stand, inside them none may."""
    tap = dialect.tap()
    frame = text_delta(dialect, "é🙂")
    for _ in range(3):
        for byte in single_bytes(frame)[:-1]:
            tap.feed(byte)
            assert tap.aligned is False
        tap.feed(frame[-1:])
        assert tap.aligned is True
        tap.feed(frame)
        assert tap.aligned is True
