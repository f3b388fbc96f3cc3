"""Cases 55 to 57: clients of openai-chat over every upstream, what they send and how their streams end."""

import json
import threading
from typing import Any

import openai
import pytest

from tests.cases.arrived import arrived
from tests.cases.clients_of_faults import Late
from tests.cases.stage import CHAT, GEMINI, MESSAGES, OLLAMA, Led, Stage, There, over
from tests.path.client import Wire
from tests.upstream.conversations import CONVERSATIONS, PIXEL, SCHEMA, THOUGHT
from tests.upstream.memory import Memory
from tests.upstream.plan import CLOSING, Call, Json, Turn
from tests.upstream.scripts import JSON, LAST_CHUNK
from tests.upstream.steps import Close, Reset, Script, Send

PATH = "/v1/chat/completions"
TOOLS = [{"type": "function", "function": {"name": "read", "parameters": SCHEMA}}]
TURN = Turn((Call("read", {"path": "é"}), Call("read", {"path": "b"})), "Some words.", "A thought.")
DONE = "[DONE]"


def ask(there: There, **fields: object) -> Json:
    """A request with a tool, for a stream."""
    messages = [{"role": "user", "content": "Read both."}]
    return {"model": there.asked, "messages": messages, "tools": TOOLS, "stream": True, **fields}


def client(stage: Stage, led: Led) -> openai.OpenAI:
    """OpenAI's SDK, at the gateway."""
    headers = dict([led.header])
    return openai.OpenAI(
        base_url=f"{stage.house.address}/v1", api_key="dummy", max_retries=0, default_headers=headers
    )


def data_in(stream: bytes) -> list[str]:
    """What the events of a stream hold."""
    lines = stream.decode().split("\n")
    return [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]


@pytest.mark.parametrize("counted", [True, False], ids=["counted", "uncounted"])
@over()
def test_case_55_the_order_of_a_stream(stage: Stage, there: There, *, counted: bool) -> None:
    """The role first, one finish reason behind all that was said, usage only if asked for, then the end."""
    wanted: Json = {"stream_options": {"include_usage": True}} if counted else {}
    reply = stage.post(PATH, ask(there, **wanted), stage.lead(TURN).header)
    *data, last = data_in(reply.body)
    assert last == DONE
    chunks = [json.loads(one) for one in data]
    assert len({chunk["id"] for chunk in chunks}) == 1
    if counted:
        usage = chunks.pop()
        assert usage["choices"] == []
        assert usage["usage"]["completion_tokens"] == 7
    assert not [chunk for chunk in chunks if chunk.get("usage")]
    choices = [chunk["choices"][0] for chunk in chunks]
    assert choices[0]["delta"]["role"] == "assistant"
    assert not any(choice.get("finish_reason") for choice in choices[:-1])
    assert choices[-1]["finish_reason"] == "tool_calls"


@over()
def test_case_55_the_sdk_gathers_it(stage: Stage, there: There) -> None:
    """OpenAI's SDK makes of it what the provider said: words, thoughts and two calls."""
    led = stage.lead(TURN)
    body = ask(there)
    del body["stream"]
    with client(stage, led) as sdk, sdk.chat.completions.stream(**body) as stream:
        choice = stream.get_final_completion().choices[0]
    assert (choice.finish_reason, choice.message.content) == ("tool_calls", TURN.text)
    calls = choice.message.tool_calls or []
    assert [call.function.name for call in calls] == ["read", "read"]
    assert [json.loads(call.function.arguments) for call in calls] == [call.arguments for call in TURN.calls]
    assert len({call.id for call in calls}) == 2


@pytest.mark.parametrize("streamed", [True, False], ids=["stream", "whole"])
@over()
def test_case_56_what_agents_send_is_taken(stage: Stage, there: There, *, streamed: bool) -> None:
    """Results as lists of parts, developers, thoughts handed back, no options for the stream: all arrives."""
    led = stage.lead()
    body = CONVERSATIONS[CHAT](Memory())
    del body["stream_options"]
    for message in body["messages"]:
        if message["role"] == "tool":
            message["content"] = [{"type": "text", "text": text} for text in ("one", "two")]
    reply = stage.post(PATH, {**body, "model": there.asked, "stream": streamed, "store": False}, led.header)
    assert (reply.status, CLOSING.encode() in reply.body) == (200, not streamed)
    what = arrived(there.dialect, led.request.body)
    results = [(call.arguments, (call.result or "").split()) for call in what.calls.values()]
    assert results == [({"path": "a.txt"}, ["one", "two"])] * 2
    assert "Be brief." in (what.everything if there.dialect == GEMINI else "\n".join(what.system))
    assert what.said[-1] == "Go on."
    assert what.images == [PIXEL]
    # A thought without a signature is nobody's but theirs who need none.
    assert what.thoughts == ([THOUGHT] if there.dialect in (CHAT, OLLAMA) else [])
    assert led.body.get("stream", there.dialect == GEMINI) is (streamed or there.dialect == GEMINI)


BREAKS: dict[str, Script] = {
    "cut": (Close(),),
    "reset": (Reset(),),
    "clean end": (Send(LAST_CHUNK),),
    "error": (),
}


@pytest.mark.parametrize("how", BREAKS)
@over()
def test_case_57_a_truncated_answer_never_looks_complete(stage: Stage, there: There, how: str) -> None:
    """What was said stays said, then comes an error: no `[DONE]`, no finish reason, and no call."""
    seen = threading.Event()
    led = stage.lead(TURN, faults={0: Late(b"So", seen, BREAKS[how])})
    with Wire(stage.house.address) as wire:
        body = json.dumps(ask(there)).encode()
        wire.send("POST", PATH, [*JSON.items(), led.header], body)
        assert wire.read_head().status == 200
        stream = wire.read_until(b"So")
        seen.set()
        stream += wire.read_body()[0]
    *data, last = data_in(stream)
    assert json.loads(last)["error"]["message"]
    assert DONE not in data
    assert '"finish_reason":"' not in "".join(data)
    assert "tool_calls" not in "".join(data)


@pytest.mark.parametrize("how", BREAKS)
@over(MESSAGES, CHAT)
def test_case_57_the_sdk_notices(stage: Stage, there: There, how: str) -> None:
    """OpenAI's SDK raises, after the words that came."""
    seen = threading.Event()
    led = stage.lead(TURN, faults={0: Late(b"So", seen, BREAKS[how])})
    said: list[str] = []

    def read() -> None:
        with client(stage, led) as sdk:
            stream: Any = sdk.chat.completions.create(**ask(there))
            for chunk in stream:
                said.extend(choice.delta.content for choice in chunk.choices if choice.delta.content)
                if said:
                    seen.set()

    with pytest.raises(openai.APIError):
        read()
    assert said == ["So"]
