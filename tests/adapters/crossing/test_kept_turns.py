"""Conversations that Anthropic keeps, of which a request holds the new turns alone, at other providers."""

import json
from itertools import count

import anthropic
import httpx2
import pytest

from adapters.conversation import PLAIN
from adapters.dialect import Dialect
from adapters.dialects import anthropic_messages, ollama, openai_chat
from adapters.events import Reply, StopReason, TextBlock, ToolBlock, Usage
from adapters.fault import Fault, Malformed
from tests.adapters.crossing.crossings import Body, body_of, crossed, decoded, to_chat

MESSAGES = anthropic_messages.DIALECT
CONTINUED: Body = {"thread": {"type": "continue", "previous_message_id": "msg_1"}}


@pytest.mark.parametrize("target", [openai_chat.DIALECT, ollama.DIALECT], ids=["chat", "ollama"])
def test_turns_that_are_missing_are_not_left_out_in_silence(target: Dialect) -> None:
    """A request that goes on where another provider knows the rest is refused by the name the SDKs know."""
    with pytest.raises(Malformed, match="`thread`: the turns before these") as caught:
        crossed(body_of(CONTINUED), MESSAGES, target, PLAIN)
    assert (caught.value.status, caught.value.code, caught.value.param) == (404, "thread_not_found", "thread")


@pytest.mark.parametrize("thread", [{"type": "create"}, {"type": "new"}, {}, "odd", 1])
def test_a_conversation_that_begins_is_whole(thread: object) -> None:
    """What leads to no earlier turn is a setting, dropped by its name."""
    written = to_chat(body_of({"thread": thread}))
    assert decoded(written) == decoded(to_chat(body_of({})))
    assert written.dropped == ("thread",)


def test_its_own_provider_is_told_where_to_go_on() -> None:
    """Written anew in the same dialect, the request leads to its earlier turns as before."""
    assert decoded(crossed(body_of(CONTINUED), MESSAGES, MESSAGES, PLAIN))["thread"] == CONTINUED["thread"]


def test_the_sdks_tool_runner_sends_what_is_missing() -> None:
    """A loop of three calls ends at a provider that keeps nothing, which sees every turn each time."""
    turns: list[int] = []
    numbers = count()

    def answer(request: httpx2.Request) -> httpx2.Response:
        try:
            sent = decoded(to_chat(request.content))["messages"]
        except Malformed as error:
            fault = Fault("not_found", error.status, str(error), error.code)
            return httpx2.Response(error.status, content=MESSAGES.write_error(fault, "req_1"))
        turns.append(len(sent))
        called = len(turns) <= 3
        block = ToolBlock(f"call_{len(turns)}", "look", "{}") if called else TextBlock("Done.")
        stop: StopReason = "tool_use" if called else "end"
        reply = Reply(str(next(numbers)), "m", (block,), stop, Usage())
        return httpx2.Response(200, content=MESSAGES.write_reply(reply))

    client = anthropic.Anthropic(
        api_key="x",
        http_client=httpx2.Client(transport=httpx2.MockTransport(answer)),
        max_retries=0,
        base_url="http://gateway.test",
    )
    runner = client.beta.messages.tool_runner(
        model="m", max_tokens=9, tools=[look], messages=[{"role": "user", "content": "Hi"}]
    )
    assert [message.stop_reason for message in runner] == ["tool_use", "tool_use", "tool_use", "end_turn"]
    assert turns == [1, 3, 5, 7]


@anthropic.beta_tool
def look() -> str:
    """Look."""
    return json.dumps("seen")
