"""A character that a server has cut in two: its halves come in two deltas, and the client sees the one."""

from collections.abc import Callable

import pytest

from adapters.events import Reply, TextBlock, ThinkingBlock, ToolBlock, collect
from adapters.reader import Reader
from adapters.table import DIALECTS
from adapters.translation import Shown, StreamTranslation
from tests.adapters.cuts import cuts
from tests.adapters.frames import DONE, block, call, delta, event, message_end, message_start
from tests.adapters.oracles import gathered_by_anthropic, gathered_by_openai
from tests.adapters.reading import read, read_alike

FIRST, SECOND = "\ud83d", "\ude00"  # of 😀
MADE = {name: dialect.stream_reader for name, dialect in DIALECTS.items()}


def escaped(*frames: bytes) -> bytes:
    """A stream whose marks are halves, written as the escapes they come in."""
    return (
        b"".join(frames).replace(b"<1>", rb"\ud83d").replace(b"<2>", rb"\uDE00").replace(b"<3>", rb"\uD83D")
    )


def text_of_chat(*pieces: str) -> bytes:
    """A chat of these pieces."""
    return escaped(*(delta(content=piece) for piece in pieces), delta("stop"), DONE)


def text_of_messages(*pieces: str) -> bytes:
    """A message of these pieces."""
    deltas = ({"type": "text_delta", "text": piece} for piece in pieces)
    return escaped(message_start(), block(0, {"type": "text", "text": ""}, *deltas), message_end())


def text_of_responses(*pieces: str) -> bytes:
    """A response of these pieces."""
    deltas = (event("response.output_text.delta", output_index=0, delta=piece) for piece in pieces)
    over = event("response.completed", response={"object": "response", "status": "completed", "output": []})
    return escaped(*deltas, event("response.output_item.done", item={"type": "message"}), over)


def text_of_gemini(*pieces: str) -> bytes:
    """Contents of these pieces."""
    frames = [
        b'data: {"candidates":[{"content":{"parts":[{"text":"%b"}]}}]}\n\n' % one.encode() for one in pieces
    ]
    return escaped(*frames, b'data: {"candidates":[{"finishReason":"STOP"}]}\n\n')


def text_of_ollama(*pieces: str) -> bytes:
    """Lines of these pieces, each of which is said twice."""
    lines = [
        b'{"message":{"content":"%b"},"response":"%b"}\n' % (one.encode(), one.encode()) for one in pieces
    ]
    return escaped(*lines, b'{"done":true,"done_reason":"stop"}\n')


SAYING: dict[str, Callable[..., bytes]] = {
    "openai-chat": text_of_chat,
    "anthropic-messages": text_of_messages,
    "openai-responses": text_of_responses,
    "gemini": text_of_gemini,
    "ollama": text_of_ollama,
}
every_dialect = pytest.mark.parametrize("dialect", SAYING)

PIECES: dict[str, tuple[tuple[str, ...], str]] = {
    "at the ends of two": (("a<1>", "<2>b"), "a😀b"),
    "alone": (("a", "<1>", "<2>", "b"), "a😀b"),
    "first of all": (("<1>", "<2>"), "😀"),
    "two in a row": (("<1>", "<2><1>", "<2>c"), "😀😀c"),
    "whole pairs beside them": (("<1><2><1>", "<2><1><2>"), "😀😀😀"),
    "letters of both sizes": (("<3>", "<2>"), "😀"),
    "the second never came": (("a<1>", "b"), "a\ufffdb"),
    "the first never came": (("a", "<2>b"), "a\ufffdb"),
    "the end came instead": (("a<1>",), "a\ufffd"),
    "another first came instead": (("a<1>", "<1>", "<2>"), "a\ufffd😀"),
    "one in the middle": (("a<1>b", "<2>"), "a\ufffdb\ufffd"),
    "an escape of an escape": (("a\\\\ud83d", "\\\\ude00"), "a\\ud83d\\ude00"),
}


def reply_of(dialect: str, stream: bytes) -> Reply:
    """What a stream tells, the same however it is cut."""
    reader: Callable[[], Reader] = MADE[dialect]
    return collect(read_alike(reader, stream))


@every_dialect
@pytest.mark.parametrize(("pieces", "text"), PIECES.values(), ids=PIECES)
def test_a_character_in_two_halves_is_one(dialect: str, pieces: tuple[str, ...], text: str) -> None:
    """Halves that follow each other are put together, others are U+FFFD where they stood."""
    if dialect not in ("gemini", "ollama"):
        pieces = tuple(piece.replace("\\\\", "\\") for piece in pieces)
    reply = reply_of(dialect, SAYING[dialect](*pieces))
    assert "".join(block.text for block in reply.blocks if isinstance(block, TextBlock)) == text
    assert reply.stop == "end"


def test_a_half_belongs_to_the_block_it_was_cut_from() -> None:
    """It is told before the next block begins, and not in that."""
    stream = escaped(delta(reasoning_content="h<1>"), delta(content="a"), delta("stop"), DONE)
    assert reply_of("openai-chat", stream).blocks == (ThinkingBlock("h\ufffd"), TextBlock("a"))


def test_a_half_of_nothing_is_nothing() -> None:
    """Where no block had begun there is none to tell it in."""
    stream = escaped(delta(content="<1>"), delta(content="a"), delta("stop"), DONE)
    assert reply_of("openai-chat", stream).blocks == (TextBlock("a"),)


def test_arguments_of_calls_are_put_together_too() -> None:
    """A pair that was cut as the text of the arguments was."""
    stream = escaped(call(0, '{"a":"<1>', id="1", name="f"), call(0, '<2>"}'), delta("tool_calls"), DONE)
    assert reply_of("openai-chat", stream).blocks == (ToolBlock("1", "f", '{"a":"😀"}'),)


def translated(source: str, target: str, chunks: list[bytes]) -> bytes:
    """A stream as a client of another dialect gets it."""
    writer = DIALECTS[target].stream_writer(*[True])
    crossing = StreamTranslation(DIALECTS[source].stream_reader(), writer, Shown("m", "1", 7))
    return b"".join([*map(crossing.feed, chunks), crossing.finish()])


@every_dialect
def test_the_sdks_show_the_one_character(dialect: str) -> None:
    """To clients of Anthropic's and OpenAI's, the same bytes however it came."""
    stream = SAYING[dialect]("a<1>", "<2>b")
    for target in ("anthropic-messages", "openai-chat"):
        whole = translated(dialect, target, [stream])
        assert all(translated(dialect, target, chunks) == whole for chunks in cuts(stream))
    (said,) = gathered_by_anthropic(translated(dialect, "anthropic-messages", [stream])).content
    assert getattr(said, "text", "") == "a😀b"
    completion = gathered_by_openai(translated(dialect, "openai-chat", [stream]))
    assert completion.choices[0].message.content == "a😀b"


def test_only_the_latest_half_is_kept() -> None:
    """What a reader holds does not grow with what it is sent."""
    reader = MADE["openai-chat"]()
    told = read(reader, [escaped(*[delta(content="a<1>")] * 1000, delta("stop"), DONE)])
    assert collect(told).blocks == (TextBlock("a\ufffd" * 1000),)
