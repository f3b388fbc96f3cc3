"""Replies of openai-responses as clients of Anthropic's and of Chat's get them."""

import json
from typing import Any

import pytest

from adapters.conversation import PLAIN, ClientTool
from adapters.events import Reply, collect
from adapters.fault import Malformed
from adapters.seal import sealed
from adapters.table import DIALECTS
from adapters.translation import Shown, StreamTranslation, translate_reply
from tests.adapters.crossing.crossings import HI, body_of, crossed
from tests.adapters.cuts import recorded_streams, single_bytes
from tests.adapters.dialects.openai_responses.items import (
    CALL,
    CREATED,
    CUSTOM,
    HEAD,
    done,
    event,
    over,
    said,
    summary_delta,
    text_delta,
    thought,
    thought_delta,
)
from tests.adapters.oracles import (
    gathered_by_anthropic,
    gathered_by_openai,
    must_be_completion,
    must_be_message,
)
from tests.adapters.reading import read

RESPONSES = DIALECTS["openai-responses"]
SHOWN = Shown(
    "asked-for", "spare", 1_700_000_000, {"f": ClientTool("mcp__the_long__name")}, "openai-responses"
)
COUNTED = {"input_tokens": 10, "input_tokens_details": {"cached_tokens": 8}, "output_tokens": 4}
REFUSED = {"type": "message", "content": [{"type": "refusal", "refusal": "No."}]}
STREAMS: dict[str, bytes] = {
    "text": CREATED + text_delta(0, "Hi, ") + text_delta(0, "é日本🙂") + over(usage=COUNTED),
    "thinking": CREATED
    + summary_delta(0, "h")
    + summary_delta(0, "m", 1)
    + done(0, thought("h", "m", encrypted_content="Z0FB"))
    + text_delta(1, "a")
    + over(usage=COUNTED),
    "thinking shown whole": CREATED + thought_delta(0, "hm") + text_delta(1, "a") + over(),
    "a signature alone": CREATED + done(0, thought(encrypted_content="Z0FB")) + done(1, said("a")) + over(),
    "items alone": done(0, said("a")) + done(1, CALL) + over(usage=COUNTED),
    "calls": done(0, CALL) + done(1, {**CALL, "call_id": "2", "name": "g", "arguments": ""}) + over(),
    "cut short": text_delta(0, "a") + over("incomplete", incomplete_details={"reason": "max_output_tokens"}),
    "a refusal": done(0, REFUSED) + over(),
    "nothing": CREATED + over(),
    **{f"recorded {name}": stream for name, stream in recorded_streams("openai-responses").items()},
}
# A patch is no JSON: only who offered the tool as free text gets one.
OFFERED = {name: stream for name, stream in STREAMS.items() if name != "recorded apply-patch"}


def translated(target: str, chunks: list[bytes]) -> bytes:
    """What leaves of chunks, the end included."""
    reader, writer = RESPONSES.stream_reader, DIALECTS[target].stream_writer
    crossing = StreamTranslation(reader(), writer(True), SHOWN)  # noqa: FBT003 - usage is asked for
    return b"".join([*(crossing.feed(chunk) for chunk in chunks), crossing.finish()])


def told(stream: bytes) -> Reply:
    """The reply a stream tells, as the client is to see it."""
    reader = RESPONSES.stream_reader
    return SHOWN.reply(collect(read(reader(), [stream])))


@pytest.mark.parametrize("stream", OFFERED.values(), ids=OFFERED)
def test_anthropics_sdk_gathers_what_the_provider_said(stream: bytes) -> None:
    """Text, thinking, calls, usage and the reason why it stopped."""
    must_be_message(gathered_by_anthropic(translated("anthropic-messages", [stream])), told(stream))


# The SDK raises at a reply that was cut short.
WHOLE = {name: stream for name, stream in OFFERED.items() if name != "cut short"}


@pytest.mark.parametrize("stream", WHOLE.values(), ids=WHOLE)
def test_chats_sdk_gathers_what_the_provider_said(stream: bytes) -> None:
    """The same, its blocks flattened."""
    must_be_completion(gathered_by_openai(translated("openai-chat", [stream])), told(stream))


@pytest.mark.parametrize("target", ["anthropic-messages", "openai-chat"])
@pytest.mark.parametrize("stream", STREAMS.values(), ids=STREAMS)
def test_how_a_stream_is_cut_changes_nothing(target: str, stream: bytes) -> None:
    """Byte by byte it is the same."""
    assert translated(target, single_bytes(stream)) == translated(target, [stream])


def test_a_thought_comes_back_under_the_id_it_had() -> None:
    """Claude Code hands back what it was given, and OpenAI gets its item again."""
    message = gathered_by_anthropic(translated("anthropic-messages", [STREAMS["thinking"]]))
    shown = message.content[0]
    assert shown.type == "thinking"
    assert (shown.thinking, shown.signature) == ("h\n\nm", sealed("openai-responses", "rs_1 Z0FB"))
    turn = {"role": "assistant", "content": [shown.model_dump(), {"type": "text", "text": "a"}]}
    body = body_of({"messages": [HI, turn, HI]})
    items = json.loads(crossed(body, DIALECTS["anthropic-messages"], RESPONSES, PLAIN).body)["input"]
    assert items[1] == {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [{"type": "summary_text", "text": "h\n\nm"}],
        "encrypted_content": "Z0FB",
    }


@pytest.mark.parametrize("target", ["anthropic-messages", "openai-chat"])
def test_a_failure_is_no_end(target: str) -> None:
    """A response that failed, or bytes that ended, end in the client's own error."""
    failed = over("failed", error={"code": "server_error", "message": "It broke."})
    for stream in (text_delta(0, "a") + failed, text_delta(0, "a")):
        left = translated(target, [stream])
        assert b'"error"' in left
        assert b"[DONE]" not in left
        assert b"message_stop" not in left


def body(*items: dict[str, Any], **fields: Any) -> bytes:
    """A whole response."""
    return json.dumps({**HEAD, "status": "completed", "output": list(items), **fields}).encode()


@pytest.mark.parametrize("target", ["anthropic-messages", "openai-chat"])
def test_a_whole_reply_is_written_anew(target: str) -> None:
    """What was dropped is named, and the client's names stand in it."""
    search = {"type": "web_search_call", "id": "ws_1"}
    whole = body(thought("hm"), search, said("a"), CALL, usage=COUNTED)
    left, reply = translate_reply(whole, RESPONSES.read_reply, DIALECTS[target].write_reply, SHOWN)
    assert reply.dropped == ("server_tools",)
    assert b"mcp__the_long__name" in left
    assert b"hm" in left
    assert b"asked-for" in left


def test_a_failed_reply_is_told_in_words() -> None:
    """Nothing is written of it."""
    failed = body(status="failed", error={"code": "server_error", "message": "It broke."})
    with pytest.raises(Malformed, match="It broke"):
        translate_reply(failed, RESPONSES.read_reply, DIALECTS["openai-chat"].write_reply, SHOWN)


def test_a_custom_call_keeps_its_text() -> None:
    """Nobody asked for it, and still it is not lost."""
    stream = done(0, CUSTOM) + event("completed", response=HEAD)
    assert "*** {}" in translated("openai-chat", [stream]).decode()
