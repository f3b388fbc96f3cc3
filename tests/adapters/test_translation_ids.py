"""Ids of calls, where the provider gives none: each client is told one that no other turn has."""

import itertools
import json
import re

import pytest

from adapters.events import ToolBlock, collect
from adapters.table import DIALECTS
from adapters.translation import Shown, StreamTranslation, translate_reply
from tests.adapters.frames import DONE, call, delta
from tests.adapters.reading import read

COARSE = "2026-08-21T18:48:22Z"
CALLS = [{"function": {"name": "f", "arguments": {}}}, {"function": {"name": "g", "arguments": {}}}]
LINE = {"model": "m", "created_at": COARSE, "message": {"role": "assistant", "tool_calls": CALLS}}
OLLAMA = json.dumps({**LINE, "done": True, "done_reason": "stop"}).encode() + b"\n"
GEMINI = json.dumps(
    {
        "candidates": [
            {
                "content": {"parts": [{"functionCall": {"name": name}} for name in "fg"]},
                "finishReason": "STOP",
            }
        ]
    }
).encode()
RESPONSES = json.dumps(
    {
        "object": "response",
        "status": "completed",
        "output": [{"type": "function_call", "name": name, "arguments": "{}"} for name in "fg"],
    }
).encode()
CHAT = json.dumps(
    {"choices": [{"message": {"tool_calls": CALLS}, "finish_reason": "tool_calls"}]},
).encode()
MESSAGES = json.dumps(
    {
        "type": "message",
        "role": "assistant",
        "content": [{"type": "tool_use", "name": name, "input": {}} for name in "fg"],
        "stop_reason": "tool_use",
    }
).encode()
WHOLES = {
    "ollama": OLLAMA,
    "gemini": GEMINI,
    "openai-responses": RESPONSES,
    "openai-chat": CHAT,
    "anthropic-messages": MESSAGES,
}
STREAMS = {
    "ollama": OLLAMA,
    "gemini": b"data: " + GEMINI + b"\n\n",
    "openai-responses": b'data: {"type":"response.completed","response":' + RESPONSES + b"}\n\n",
    "openai-chat": b"".join(
        [
            *(call(place, "{}", name=name) for place, name in enumerate("fg")),
            delta("tool_calls"),
            DONE,
        ]
    ),
}
WANTED = re.compile("call_[0-9a-f]{24}")


def shown(turns: int, identity: str = "same", created: int = 1_700_000_000) -> Shown:
    """What a client is to see in a conversation whose requests it gives one and the same id."""
    return Shown("m", identity, created, turns=turns)


def ids_of(blocks: tuple[object, ...]) -> list[str]:
    """The ids of the calls."""
    return [block.id for block in blocks if isinstance(block, ToolBlock)]


def told_whole(source: str, target: str, seen: Shown) -> list[str]:
    """The ids that a client reads in a whole reply."""
    body, _ = translate_reply(WHOLES[source], DIALECTS[source].read_reply, DIALECTS[target].write_reply, seen)
    return ids_of(DIALECTS[target].read_reply(body).blocks)


def told_stream(source: str, target: str, seen: Shown) -> list[str]:
    """The ids that a client reads in a stream."""
    writer = DIALECTS[target].stream_writer(seen.include_usage)
    crossing = StreamTranslation(DIALECTS[source].stream_reader(), writer, seen)
    left = crossing.feed(STREAMS[source]) + crossing.finish()
    return ids_of(collect(read(DIALECTS[target].stream_reader(), [left])).blocks)


@pytest.mark.parametrize(("source", "target"), list(itertools.product(WHOLES, DIALECTS)))
def test_calls_without_ids_are_told_with_ids_of_their_own(source: str, target: str) -> None:
    """Two turns of the same words in the same second, from every dialect to every other: four ids."""
    told = [identity for turns in (1, 3) for identity in told_whole(source, target, shown(turns))]
    assert len(set(told)) == 4
    assert all(WANTED.fullmatch(identity) for identity in told)


@pytest.mark.parametrize(("source", "target"), list(itertools.product(STREAMS, DIALECTS)))
def test_a_stream_tells_the_ids_that_the_whole_tells(source: str, target: str) -> None:
    """Streamed or not, the id of a call is the same."""
    assert told_stream(source, target, shown(1)) == told_whole(source, target, shown(1))


OTHERS = {
    "another request": shown(1, "other"),
    "another time": shown(1, created=1_700_000_001),
    "another turn": shown(3),
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_the_request_its_time_and_its_turns_tell_ids_apart(other: Shown) -> None:
    """Any one of the three is enough: clients may send one id with all requests of a conversation."""
    assert not {other.call_id(place) for place in range(9)} & {shown(1).call_id(place) for place in range(9)}


def test_ids_that_the_provider_gives_are_kept() -> None:
    """Only what is absent is filled in, beside calls that have theirs."""
    writer = DIALECTS["openai-chat"].stream_writer(shown(1).include_usage)
    crossing = StreamTranslation(DIALECTS["openai-chat"].stream_reader(), writer, shown(1))
    frames = [call(0, "{}", id="own", name="f"), call(1, "{}", name="g"), delta("tool_calls"), DONE]
    left = crossing.feed(b"".join(frames))
    told = collect(read(DIALECTS["openai-chat"].stream_reader(), [left]))
    assert ids_of(told.blocks) == ["own", shown(1).call_id(1)]
