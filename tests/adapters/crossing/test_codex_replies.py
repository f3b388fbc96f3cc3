"""Replies of Chat's and Anthropic's as Codex gets them: patches, namespaces, searches, thoughts."""

import json
from typing import Any

import pytest
from openai.types.responses import Response

from adapters.conversation import PLAIN
from adapters.dialects.openai_responses.marks import opened_summary
from adapters.events import Failed
from adapters.fault import Fault
from adapters.seal import sealed
from adapters.table import DIALECTS
from adapters.translation import Shown, StreamTranslation, translate_reply
from tests.adapters.crossing.crossings import Body, crossed
from tests.adapters.crossing.test_responses_same_dialect import RECORDED
from tests.adapters.cuts import cuts, recorded_streams
from tests.adapters.frames import (
    DONE,
    call,
    delta,
    event,
    message_end,
    message_start,
    text,
    thinking,
    tool,
    usage,
)
from tests.adapters.sdks import read_by_openai, streamed_to_openai

CHAT, MESSAGES, RESPONSES = (
    DIALECTS[name] for name in ("openai-chat", "anthropic-messages", "openai-responses")
)
SEARCHED = RECORDED["codex/toolsearch-subagent-image/0007.http"]
TOOLS = crossed(SEARCHED, RESPONSES, CHAT, PLAIN).tools
PATCH = '*** Begin Patch\n*** Add File: é"日本🙂".txt\n+\\n\n*** End Patch\n'
CALLS, STOP = delta("tool_calls"), delta("stop")
COUNTED = usage(prompt_tokens=10, completion_tokens=4, prompt_tokens_details={"cached_tokens": 8})


def shown(source: str, **fields: Any) -> Shown:
    """What Codex is to see of a reply of another dialect."""
    return Shown("gpt-5.5", "spare", 1_700_000_000, TOOLS, source, **fields)


def translated(source: str, chunks: list[bytes], **fields: Any) -> bytes:
    """What leaves of chunks, the end included."""
    reader, writer = DIALECTS[source].stream_reader, RESPONSES.stream_writer
    crossing = StreamTranslation(reader(), writer(True), shown(source, **fields))  # noqa: FBT003 - usage
    return b"".join([*(crossing.feed(chunk) for chunk in chunks), crossing.finish()])


def documents(stream: bytes) -> list[Body]:
    """The events of a stream, each under its name."""
    told = []
    for frame in stream.decode().removesuffix("\n\n").split("\n\n"):
        name, data = frame.split("\n")
        told.append(json.loads(data.removeprefix("data: ")))
        assert name == f"event: {told[-1]['type']}"
    return told


def received(stream: bytes) -> Response:
    """What the SDK gathers of a stream."""
    with streamed_to_openai(stream).responses.stream(model="m", input="x") as told:
        return told.get_final_response()


def items_done(stream: bytes) -> list[Body]:
    """The items Codex acts on, which must be all that the response has."""
    told = documents(stream)
    done = [each["item"] for each in told if each["type"] == "response.output_item.done"]
    assert told[-1]["response"]["output"] == done
    return done


def must_be_one_response(stream: bytes) -> None:
    """The id is the same in every event, numbers rise from zero by one, and the end is last, with usage."""
    told = documents(stream)
    assert [each["sequence_number"] for each in told] == list(range(len(told)))
    assert len({each["response"]["id"] for each in told if "response" in each}) == 1
    assert [each["type"] for each in told[:2]] == ["response.created", "response.in_progress"]
    assert told[-1]["type"] in ("response.completed", "response.incomplete")
    assert told[-1]["response"]["usage"]


def calling(name: str, *pieces: str) -> bytes:
    """A stream of Chat's that calls a tool."""
    return b"".join(
        [call(0, id="c1", name=name), *(call(0, piece) for piece in pieces), CALLS, COUNTED, DONE]
    )


def using(name: str, *pieces: str) -> bytes:
    """A stream of Anthropic's that calls a tool."""
    return message_start() + tool(0, "c1", name, *pieces) + message_end("tool_use")


WRAPPED = json.dumps({"input": PATCH})
PIECES = [WRAPPED[start : start + 7] for start in range(0, len(WRAPPED), 7)]
MADE: dict[str, tuple[str, list[str], Body]] = {
    "a patch": (
        "apply_patch",
        PIECES,
        {"type": "custom_tool_call", "call_id": "c1", "name": "apply_patch", "input": PATCH},
    ),
    "a patch that was not wrapped": (
        "apply_patch",
        ["*** Begin", " Patch"],
        {"type": "custom_tool_call", "call_id": "c1", "name": "apply_patch", "input": "*** Begin Patch"},
    ),
    "one in a namespace": (
        "multi_agent_v1__spawn_agent",
        ['{"message"', ':"é"}'],
        {
            "type": "function_call",
            "call_id": "c1",
            "name": "spawn_agent",
            "namespace": "multi_agent_v1",
            "arguments": '{"message":"é"}',
        },
    ),
    "a search": (
        "tool_search",
        ['{"query":', '"spawn"}'],
        {
            "type": "tool_search_call",
            "call_id": "c1",
            "execution": "client",
            "arguments": {"query": "spawn"},
        },
    ),
    "a function": (
        "exec_command",
        ['{"cmd":"ls"}'],
        {"type": "function_call", "call_id": "c1", "name": "exec_command", "arguments": '{"cmd":"ls"}'},
    ),
}


@pytest.mark.parametrize(("name", "pieces", "item"), MADE.values(), ids=MADE)
def test_a_call_is_the_clients_own(name: str, pieces: list[str], item: Body) -> None:
    """Under the client's names, as the kind of item it knows, from Chat and from Anthropic, at any cut."""
    for source, stream in (
        ("openai-chat", calling(name, *pieces)),
        ("anthropic-messages", using(name, *pieces)),
    ):
        whole = translated(source, [stream])
        (made,) = items_done(whole)
        assert {key: made[key] for key in item} == item
        assert made["status"] == "completed"
        must_be_one_response(whole)
        assert [each.type for each in received(whole).output] == [item["type"]]
        for chunks in list(cuts(stream))[:: max(1, len(stream) // 40)]:
            assert items_done(translated(source, chunks)) == [made]


def test_the_pieces_of_a_patch_are_told_as_they_come() -> None:
    """The client sees its text grow, and the whole of it at the end."""
    told = documents(translated("openai-chat", [calling("apply_patch", *PIECES)]))
    pieces = [each["delta"] for each in told if each["type"] == "response.custom_tool_call_input.delta"]
    (done,) = [each for each in told if each["type"] == "response.custom_tool_call_input.done"]
    assert "".join(pieces) == done["input"] == PATCH
    assert len(pieces) > 5


TALK = (
    message_start(cache_read_input_tokens=8)
    + thinking(0, "c2ln", "h", "m")
    + text(1, "Hi, ", "é日本🙂")
    + message_end()
)


def test_a_thought_of_anthropics_is_reasoning_that_can_come_back() -> None:
    """Its signature leaves under a seal, in the item's encrypted content."""
    thought, message = items_done(translated("anthropic-messages", [TALK]))
    assert thought["summary"] == [{"type": "summary_text", "text": "hm"}]
    assert thought["encrypted_content"] == sealed("anthropic-messages", "c2ln")
    assert message["content"][0]["text"] == "Hi, é日本🙂"
    body = {"model": "m", "input": [thought, message, {"role": "user", "content": "Go on."}]}
    back = json.loads(crossed(json.dumps(body).encode(), RESPONSES, MESSAGES, PLAIN).body)
    assert back["messages"][1]["content"][0] == {"type": "thinking", "thinking": "hm", "signature": "c2ln"}


def test_a_hidden_thought_is_reasoning_without_words() -> None:
    """What nobody may read comes back to who hid it."""
    hidden = event(
        "content_block_start", index=0, content_block={"type": "redacted_thinking", "data": "eHg="}
    )
    stream = message_start() + hidden + event("content_block_stop", index=0) + text(1, "a") + message_end()
    thought, _ = items_done(translated("anthropic-messages", [stream]))
    assert (thought["summary"], thought["encrypted_content"]) == (
        [],
        sealed("anthropic-messages", "", "eHg="),
    )


def test_usage_has_what_was_cached_inside() -> None:
    """The input of a response is all that was read."""
    usage_told = received(translated("anthropic-messages", [TALK])).usage
    assert usage_told
    assert (usage_told.input_tokens, usage_told.input_tokens_details.cached_tokens) == (11, 8)


def test_a_limit_that_was_reached_is_incomplete() -> None:
    """Codex is told that the answer was cut short."""
    last = documents(translated("openai-chat", [delta(content="a") + delta("length") + DONE]))[-1]
    assert last["type"] == "response.incomplete"
    assert last["response"]["incomplete_details"] == {"reason": "max_output_tokens"}


# --- compaction ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", ["openai-chat", "anthropic-messages"])
def test_a_compaction_is_exactly_one_item(source: str) -> None:
    """Whatever the model thought and called beside it; usable in the next request."""
    streams = {
        "openai-chat": delta(reasoning_content="hm")
        + delta(content="It ")
        + delta(content="é.")
        + STOP
        + DONE,
        "anthropic-messages": message_start()
        + thinking(0, "c2ln", "hm")
        + text(1, "It ", "é.")
        + message_end(),
    }
    whole = translated(source, [streams[source]], compaction=True)
    (item,) = items_done(whole)
    assert (item["type"], opened_summary(item["encrypted_content"])) == ("compaction", "It é.")
    must_be_one_response(whole)
    body = {"model": "m", "input": [item, {"role": "user", "content": "Go on."}]}
    assert "It é." in crossed(json.dumps(body).encode(), RESPONSES, CHAT, PLAIN).body.decode()


# --- failures -----------------------------------------------------------------------------------------

OVERLOADED = event("error", error={"type": "overloaded_error", "message": "Overloaded"})


@pytest.mark.parametrize("begun", [b"", message_start() + text(0, "a")])
def test_an_overloaded_provider_is_a_failure_to_try_again(begun: bytes) -> None:
    """Codex gives up at `server_is_overloaded`, and overlooks an event named error."""
    told = documents(translated("anthropic-messages", [begun + OVERLOADED]))
    assert told[-1]["type"] == "response.failed"
    assert told[-1]["response"]["error"] == {"code": "server_error", "message": "Overloaded"}
    assert told[0]["type"] == "response.created"
    assert len({each["response"]["id"] for each in told if "response" in each}) == 1


def test_a_stream_that_was_cut_is_no_complete_response() -> None:
    """Neither is it ended, nor is half a call done."""
    told = documents(translated("openai-chat", [call(0, id="c1", name="exec_command") + call(0, '{"cmd"')]))
    assert told[-1]["type"] == "response.failed"
    assert not [each for each in told if each["type"] == "response.output_item.done"]


def test_too_long_a_conversation_is_told_in_codexs_words() -> None:
    """The code it knows what to do about is kept."""
    writer = RESPONSES.stream_writer(True)  # noqa: FBT003 - usage is in it whoever asks
    fault = Fault("invalid_request", 400, "long", code="context_length_exceeded")
    (failed,) = documents(b"".join(writer.write(Failed(fault))))
    assert failed["response"]["error"]["code"] == "context_length_exceeded"


# --- whole --------------------------------------------------------------------------------------------


def test_a_whole_reply_is_what_its_stream_is() -> None:
    """A client that does not stream gets the same items."""
    message = {
        "id": "chatcmpl-0a1b",
        "created": 7,
        "model": "up-1",
        "choices": [
            {
                "index": 0,
                "finish_reason": "tool_calls",
                "message": {
                    "content": "a",
                    "tool_calls": [
                        {
                            "id": "c1",
                            "type": "function",
                            "function": {"name": "apply_patch", "arguments": WRAPPED},
                        }
                    ],
                },
            }
        ],
        "usage": {"prompt_tokens": 10, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 8}},
    }
    body, _ = translate_reply(
        json.dumps(message).encode(), CHAT.read_reply, RESPONSES.write_reply, shown("openai-chat")
    )
    stream = b"".join([delta(content="a"), calling("apply_patch", *PIECES)])
    assert json.loads(body) == documents(translated("openai-chat", [stream]))[-1]["response"]
    response = read_by_openai(body).responses.create(model="m", input="x")
    assert [item.type for item in response.output] == ["message", "custom_tool_call"]


@pytest.mark.parametrize("source", ["openai-chat", "anthropic-messages"])
def test_the_sdk_gathers_every_recorded_stream(source: str) -> None:
    """Whatever providers sent, Codex gets one whole response of it, or one that failed."""
    for stream in recorded_streams(source).values():
        whole = translated(source, [stream])
        told = documents(whole)
        if told[-1]["type"] != "response.failed":
            must_be_one_response(whole)
            assert received(whole).output_text == "".join(
                part["text"] for item in items_done(whole) for part in item.get("content", [])
            )
