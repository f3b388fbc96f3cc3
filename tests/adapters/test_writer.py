"""What all writers share, and what the replies they write have in common whatever is in them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.dialect import Dialect
from adapters.events import (
    Block,
    BlockClosed,
    BlockOpened,
    Event,
    Failed,
    Reply,
    Started,
    Stopped,
    TextAdded,
    TextBlock,
    ThinkingAdded,
    ThinkingBlock,
    ToolBlock,
    ToolInputAdded,
    Usage,
    UsageCounted,
)
from adapters.fault import Fault
from adapters.table import DIALECTS
from adapters.writer import METHODS, Writer
from tests.adapters.replies import THINKING, TOOLS

every_dialect = pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)


class Teller(Writer):
    """A writer that tells what it was asked to write."""

    def _start(self, event: Started) -> list[bytes]:
        return [b"start " + event.id.encode()]

    def _open(self, event: BlockOpened) -> list[bytes]:
        return [b"open " + event.kind.encode()]

    def _add_text(self, event: TextAdded) -> list[bytes]:
        return [b"text " + event.text.encode()]

    def _add_thinking(self, event: ThinkingAdded) -> list[bytes]:
        return [b"thinking " + event.text.encode()]

    def _add_input(self, event: ToolInputAdded) -> list[bytes]:
        return [b"input " + event.text.encode()]

    def _close(self, event: BlockClosed) -> list[bytes]:
        return [b"close", b"and " + event.kind.encode()]

    def _count(self, event: UsageCounted) -> list[bytes]:
        assert event.usage is not None
        return []

    def _end(self, event: Stopped) -> list[bytes]:
        return [b"end " + event.reason.encode()]

    def _fail(self, event: Failed) -> list[bytes]:
        return [b"fail " + event.fault.message.encode()]


EVENTS: dict[str, tuple[Event, list[bytes]]] = {
    "started": (Started("1", "m", 0, Usage()), [b"start 1"]),
    "a block opened": (BlockOpened(0, "tool"), [b"open tool"]),
    "text added": (TextAdded.of(0, "a"), [b"text a"]),
    "thinking added": (ThinkingAdded.of(0, "b"), [b"thinking b"]),
    "input added": (ToolInputAdded.of(0, "{}"), [b"input {}"]),
    "a block closed": (BlockClosed(0, "text"), [b"close", b"and text"]),
    "usage counted": (UsageCounted(Usage()), []),
    "stopped": (Stopped("end"), [b"end end"]),
    "failed": (Failed(Fault("timeout", 504, "late")), [b"fail late"]),
}


@pytest.mark.parametrize(("event", "frames"), EVENTS.values(), ids=EVENTS)
def test_each_event_has_its_method(event: Event, frames: list[bytes]) -> None:
    """An event is written by the method that is named for it, as many frames as that makes."""
    assert Teller().write(event) == frames


def test_every_kind_of_event_is_in_the_table() -> None:
    """The table has a method for each event, and each method one event."""
    assert set(METHODS) == {type(event) for event, _ in EVENTS.values()}
    assert len(set(METHODS.values())) == len(METHODS)


def test_a_whole_reply_is_written_event_by_event() -> None:
    """A reply becomes its events, in order, from its start to its end."""
    told = Teller().write_all(THINKING)
    assert (told[0], told[-1]) == (b"start 0a1b", b"end end")
    assert [each for each in told if each.startswith((b"open", b"and"))] == [
        b"open thinking",
        b"and thinking",
        b"open text",
        b"and text",
    ]


@every_dialect
def test_two_streams_do_not_share_a_writer(dialect: Dialect) -> None:
    """The same reply is the same stream each time."""
    flag = True
    assert dialect.write_stream(TOOLS, flag) == dialect.write_stream(TOOLS, flag)


WORDS = st.text(max_size=40)
NAMES = st.text(alphabet="abc_", min_size=1, max_size=8)
BLOCKS = st.one_of(
    st.builds(TextBlock, WORDS),
    st.builds(ThinkingBlock, WORDS, WORDS),
    st.builds(ToolBlock, NAMES, NAMES, st.dictionaries(NAMES, WORDS, max_size=3).map(json.dumps)),
    st.builds(ToolBlock, NAMES, NAMES, WORDS, NAMES, custom=st.just(True)),  # noqa: FBT003 - a strategy
)
STOPS = st.sampled_from(("end", "max_tokens", "stop_sequence", "tool_use", "refusal"))
COUNTS = st.integers(0, 10**9)
USAGES = st.builds(Usage, COUNTS, COUNTS, COUNTS, st.just(0), COUNTS, COUNTS)
FILLED = {
    "response.output_text.delta": "text",
    "response.reasoning_summary_text.delta": "text",
    "response.function_call_arguments.delta": "arguments",
    "response.custom_tool_call_input.delta": "input",
}


def documents(stream: list[bytes]) -> list[dict[str, Any]]:
    """The events of a stream of openai-responses."""
    return [json.loads(frame.split(b"\ndata: ")[1]) for frame in stream]


def held_in(item: dict[str, Any]) -> str:
    """The words an item holds, wherever its kind keeps them."""
    parts = item.get("content") or item.get("summary") or [item]
    told = (parts[0][field] for field in ("text", "arguments", "input") if field in parts[0])
    return str(next(told, ""))


@given(blocks=st.lists(BLOCKS, max_size=5), stop=STOPS, usage=USAGES)
def test_a_streamed_response_is_the_whole_one(blocks: list[Block], stop: Any, usage: Usage) -> None:
    """Whatever is in a reply, its stream ends in the very response that is written whole."""
    dialect = DIALECTS["openai-responses"]
    reply = Reply("1", "m", tuple(blocks), stop, usage)
    flag = True
    *_, last = documents(dialect.write_stream(reply, flag))
    assert last["response"] == json.loads(dialect.write_reply(reply))
    assert last["type"] == f"response.{last['response']['status']}"


@given(blocks=st.lists(BLOCKS, max_size=5))
def test_the_deltas_of_an_item_are_what_it_holds(blocks: list[Block]) -> None:
    """The pieces that were sent of an item add up to it, each named by the item and its place."""
    reply = Reply("1", "m", tuple(blocks), "end", Usage())
    flag = True
    *told, last = documents(DIALECTS["openai-responses"].write_stream(reply, flag))
    for place, item in enumerate(last["response"]["output"]):
        own = [each for each in told if each.get("output_index") == place]
        pieces = [each["delta"] for each in own if each["type"] in FILLED]
        wholes = [
            each[field]
            for each in own
            for field in set(FILLED.values())
            if each["type"].endswith(".done") and field in each
        ]
        assert "".join(pieces) == held_in(item)
        # A thought of which only the signature is told has no part that could be told whole.
        assert wholes == ([held_in(item)] if held_in(item) or wholes else [])
        assert {each["item_id"] for each in own if "item_id" in each} <= {item["id"]}
        assert [each["item"]["id"] for each in own if "item" in each] == [item["id"]] * 2


@every_dialect
@given(blocks=st.lists(BLOCKS, max_size=4), stop=STOPS, usage=USAGES)
def test_a_tap_reads_from_any_stream_what_a_whole_reply_says(
    dialect: Dialect, blocks: list[Block], stop: Any, usage: Usage
) -> None:
    """Streamed and whole, the same reply counts the same and comes to an end."""
    tools = [
        ToolBlock(block.id, block.name, "{}") if isinstance(block, ToolBlock) else block for block in blocks
    ]
    reply = Reply("1", "m", tuple(tools), stop, usage)
    flag = True
    tap = dialect.tap()
    for frame in dialect.write_stream(reply, flag):
        tap.feed(frame)
    assert (tap.ended, tap.fault, tap.aligned) == (True, None, True)
    whole = dialect.read_usage(dialect.write_reply(reply))
    assert (tap.usage.input, tap.usage.cache_read, tap.usage.output) == (
        whole.input,
        whole.cache_read,
        whole.output,
    )
