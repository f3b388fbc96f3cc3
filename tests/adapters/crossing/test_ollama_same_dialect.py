"""Made-up requests and replies of ollama through the middle and back: they survive as they were."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from adapters.dialects.ollama import DIALECT
from adapters.dialects.ollama.request_read import read_request
from adapters.dialects.ollama.request_write import write_request
from adapters.events import (
    Block,
    Reply,
    StopReason,
    TextBlock,
    ThinkingBlock,
    ToolBlock,
    Usage,
    collect,
    replay,
)
from tests.adapters.reading import must_be_in_order, read

words = some.text(max_size=8)
spoken = some.text(min_size=1, max_size=8)
name = some.from_regex(r"[a-zA-Z_][a-zA-Z0-9_-]{0,20}", fullmatch=True)
value = some.recursive(
    some.none() | some.booleans() | some.integers(-(2**53), 2**53) | words,
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)
# A single key of ours is how arguments stand that are no object.
arguments = some.dictionaries(words.filter(lambda key: key != "__raw"), value, max_size=3)


@some.composite
def loop(draw: some.DrawFn, place: int) -> list[dict[str, Any]]:
    """A turn that calls tools, and their results in the order of the calls."""
    calls: list[dict[str, Any]] = [
        {"id": f"call_{place}_{number}", "function": {"name": draw(name), "arguments": draw(arguments)}}
        for number in range(draw(some.integers(1, 3)))
    ]
    asked: dict[str, Any] = {"role": "assistant", "content": draw(words)}
    if draw(some.booleans()):
        asked["thinking"] = draw(spoken)
    asked["tool_calls"] = calls
    results = [
        {
            "role": "tool",
            "content": draw(words),
            "tool_name": call["function"]["name"],
            "tool_call_id": call["id"],
        }
        for call in calls
    ]
    return [asked, *results]


@some.composite
def conversations(draw: some.DrawFn) -> list[dict[str, Any]]:
    """A conversation such as an agent has."""
    messages: list[dict[str, Any]] = [{"role": "system", "content": draw(spoken)}] * draw(some.integers(0, 1))
    for place in range(draw(some.integers(1, 3))):
        asked: dict[str, Any] = {"role": "user", "content": draw(words)}
        if draw(some.booleans()):
            asked["images"] = ["QUJD"] * draw(some.integers(1, 2))
        messages += [asked, *(draw(loop(place)) if draw(some.booleans()) else [])]
        if draw(some.booleans()):
            messages.append({"role": "assistant", "content": draw(words)})
    return messages


SETTINGS = some.fixed_dictionaries(
    {"stream": some.booleans()},
    optional={
        "format": some.just("json") | some.dictionaries(words, value, max_size=2),
        "think": some.booleans() | some.sampled_from(("low", "medium", "high", "max")),
        "keep_alive": some.just("5m") | some.integers(-1, 60),
        "truncate": some.booleans(),
        "logprobs": some.booleans(),
        "top_logprobs": some.integers(0, 20),
        "options": some.dictionaries(
            some.sampled_from(("num_ctx", "num_predict", "top_k", "seed", "repeat_last_n", "num_keep")),
            some.integers(-2, 9000),
            min_size=1,
        ),
        "tools": some.lists(
            some.fixed_dictionaries(
                {
                    "type": some.just("function"),
                    "function": some.fixed_dictionaries(
                        {"name": name, "parameters": some.just({"type": "object"})},
                        optional={"description": spoken},
                    ),
                }
            ),
            min_size=1,
            max_size=3,
        ),
    },
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(conversations(), SETTINGS)
def test_a_request_survives_the_middle(messages: list[dict[str, Any]], fields: dict[str, Any]) -> None:
    """What an Ollama client says reaches an Ollama as it was said; nothing is dropped or renamed."""
    whole = {"model": "m", "messages": messages, **fields}
    written = write_request(read_request(json.dumps(whole).encode()))
    assert json.loads(written.body) == whole
    assert (written.dropped, written.tools) == ((), {})


tool = some.builds(
    ToolBlock,
    some.text(alphabet="abc123_", min_size=1, max_size=8),
    name,
    arguments.map(lambda held: json.dumps(held, ensure_ascii=False)) | words.filter(str.strip),
)
STOPS: list[StopReason] = ["end", "max_tokens"]


@some.composite
def replies(draw: some.DrawFn) -> Reply:
    """A reply with at most one block of each kind of text, and calls."""
    thoughts: list[Block] = [ThinkingBlock(draw(spoken))] if draw(some.booleans()) else []
    texts: list[Block] = [TextBlock(draw(spoken))] if draw(some.booleans()) else []
    calls: list[Block] = draw(some.lists(tool, max_size=3))
    usage = Usage(input=draw(some.integers(0, 99)), output=draw(some.integers(0, 99)))
    stop: StopReason = "tool_use" if calls else draw(some.sampled_from(STOPS))
    return Reply("", "m", (*thoughts, *texts, *calls), stop, usage, created=1_700_000_000)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(replies(), some.integers(1, 9))
def test_a_reply_survives_whole_and_streamed(reply: Reply, piece: int) -> None:
    """Both ways tell the same: every block, the reason, what was used and when."""
    assert DIALECT.read_reply(DIALECT.write_reply(reply)) == reply
    writer = DIALECT.stream_writer(True)  # noqa: FBT003 - usage is asked for
    stream = b"".join(frame for event in replay(reply, piece) for frame in writer.write(event))
    told = read(DIALECT.stream_reader(), [stream])
    must_be_in_order(told)
    assert collect(told) == reply


@settings(max_examples=50, deadline=None, derandomize=True)
@given(replies())
def test_the_usage_of_any_reply_is_found(reply: Reply) -> None:
    """In the whole by itself, and by the tap in its stream."""
    assert DIALECT.read_usage(DIALECT.write_reply(reply)) == reply.usage
    tap = DIALECT.tap()
    for frame in DIALECT.write_stream(reply, True):  # noqa: FBT003 - usage is asked for
        tap.feed(frame)
    assert (tap.usage, tap.ended, tap.fault) == (reply.usage, True, None)


@pytest.mark.parametrize("path", ["/api/chat", "/api/generate", ""])
def test_a_model_is_renamed_on_every_path(path: str) -> None:
    """The span of its name changes and no other byte."""
    body = b'{ "model" : "a/b:c",\t"messages":[], "options": {"model": 5} }'
    renamed = DIALECT.rename(body, "other")
    assert renamed == body.replace(b'"a/b:c"', b'"other"')
    assert DIALECT.peek(renamed, path).model == "other"
