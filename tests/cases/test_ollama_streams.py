"""Case 62: clients of ollama over every upstream: lines of JSON and nothing else, and what stands beside."""

import json
import threading
from typing import Any

import ollama
import pytest

from tests.cases.clients_of_faults import Late
from tests.cases.stage import Led, Stage, There, foreign_to, over
from tests.path.client import Wire
from tests.upstream.conversations import SCHEMA
from tests.upstream.faults import Status
from tests.upstream.plan import CLOSING, Call, Json, Turn
from tests.upstream.scripts import JSON, LAST_CHUNK
from tests.upstream.steps import Close, Script, Send

TOOLS = [{"type": "function", "function": {"name": "read", "description": "Reads.", "parameters": SCHEMA}}]
TURN = Turn((Call("read", {"path": "é"}), Call("read", {"path": "b"})), "Some words.", "A thought.")
MADE = [(call.tool, call.arguments) for call in TURN.calls]
BREAKS: dict[str, Script] = {"cut": (Close(),), "clean end": (Send(LAST_CHUNK),), "error": ()}


def ask(there: There, **fields: object) -> Json:
    """A request with a tool; a stream unless it says otherwise, as Ollama has it."""
    messages = [{"role": "user", "content": "Read both."}]
    return {"model": there.asked, "messages": messages, "tools": TOOLS, "think": True, **fields}


def client(stage: Stage, led: Led) -> ollama.Client:
    """Ollama's SDK, at the gateway."""
    return ollama.Client(host=stage.house.address, headers=dict([led.header]))


def lines_in(stream: bytes) -> list[Any]:
    """The lines of a stream; each must be a JSON object and end as a line."""
    assert stream.endswith(b"\n")
    lines = [json.loads(line) for line in stream.removesuffix(b"\n").split(b"\n")]
    assert all(isinstance(line, dict) for line in lines)
    return lines


@over()
def test_case_62_nothing_but_lines(stage: Stage, there: There) -> None:
    """Each line is an object with a message, the last alone is done and counts; arguments are objects."""
    reply = stage.post("/api/chat", ask(there), stage.lead(TURN).header)
    assert reply.header("content-type") == "application/x-ndjson"
    lines = lines_in(reply.body)
    assert [line["done"] for line in lines] == [False] * (len(lines) - 1) + [True]
    assert lines[-1]["eval_count"] == 7
    assert lines[-1]["done_reason"] == "stop"
    # What passes as it is names the model as its provider does.
    passed = there.dialect == "ollama"
    assert {line["model"] for line in lines} == {there.model if passed else there.asked}
    assert "".join(line["message"]["content"] for line in lines) == TURN.text
    called = [call["function"] for line in lines for call in line["message"].get("tool_calls", [])]
    assert [(call["name"], call["arguments"]) for call in called] == MADE


@over()
def test_case_62_the_sdk_reads_it(stage: Stage, there: There) -> None:
    """Ollama's SDK finds the words and both calls, streamed and whole, and goes on with the results."""
    led = stage.lead(TURN)
    with_tools = {"model": there.asked, "messages": ask(there)["messages"], "tools": TOOLS, "think": True}
    with client(stage, led) as sdk:
        _talk(sdk, with_tools)
    assert led.text.index("result 0") < led.text.index("result 1")


def _talk(sdk: ollama.Client, with_tools: Json) -> None:
    """Two turns, the first of them streamed and whole."""
    for replies in (list(sdk.chat(**with_tools, stream=True)), [sdk.chat(**with_tools)]):
        calls = [call.function for reply in replies for call in reply.message.tool_calls or []]
        assert [(call.name, call.arguments) for call in calls] == MADE
        assert "".join(reply.message.content or "" for reply in replies) == TURN.text
    results = [{"role": "tool", "tool_name": "read", "content": f"result {number}"} for number in range(2)]
    with_tools["messages"] += [replies[0].message.model_dump(exclude_none=True), *results]
    assert sdk.chat(**with_tools).message.content == CLOSING


@foreign_to("ollama")
def test_case_62_generate(stage: Stage, there: There) -> None:
    """A prompt is a conversation of one turn to whoever has no prompts; its answer stands in `response`."""
    led = stage.lead()
    asked: Any = {"model": there.asked, "prompt": "Say it.", "system": "Be brief."}
    with client(stage, led) as sdk:
        streamed, whole = list(sdk.generate(**asked, stream=True)), sdk.generate(**asked)
    assert "".join(reply.response for reply in streamed) == CLOSING
    assert [reply.done for reply in streamed] == [False] * (len(streamed) - 1) + [True]
    assert (whole.response, whole.done) == (CLOSING, True)
    assert "Be brief." in led.text
    assert "Say it." in led.text


@pytest.mark.parametrize("how", BREAKS)
@over()
def test_case_62_a_broken_stream_is_never_done(stage: Stage, there: There, how: str) -> None:
    """What was said stays said; silence is an empty line of content; the end is an error."""
    seen = threading.Event()
    led = stage.lead(TURN, faults={0: Late(b"So", seen, BREAKS[how])})
    with Wire(stage.house.address) as wire:
        wire.send("POST", "/api/chat", [*JSON.items(), led.header], json.dumps(ask(there)).encode())
        assert wire.read_head().status == 200
        stream = wire.read_until(b"So")
        seen.set()
        stream += wire.read_body()[0]
    *lines, last = lines_in(stream)
    assert last["error"]
    assert not any(line["done"] for line in lines)


@over()
def test_case_62_silence_is_broken_by_a_line_of_nothing(stage: Stage, there: There) -> None:
    """A comment or an empty line would break Ollama's SDKs."""
    seen = threading.Event()
    led = stage.lead(TURN, faults={0: Late(b"So", seen)})
    with Wire(stage.house.address) as wire:
        wire.send("POST", "/api/chat", [*JSON.items(), led.header], json.dumps(ask(there)).encode())
        assert wire.read_head().status == 200
        stream = wire.read_until(b"So")
        stream += wire.read_until(b'"content":""')
        seen.set()
        stream += wire.read_body()[0]
    assert lines_in(stream)[-1]["error"]


@over()
def test_case_62_errors_are_ollamas(stage: Stage, there: There) -> None:
    """One word of text, and the status its SDK raises."""
    led = stage.lead(faults={0: Status(429, "Slow down.")})
    with client(stage, led) as sdk, pytest.raises(ollama.ResponseError) as caught:
        sdk.chat(**ask(there))
    assert (caught.value.status_code, caught.value.error) == (429, "Slow down.")


def test_case_62_what_stands_beside(stage: Stage) -> None:
    """Models are listed and shown to the SDK, and the version is one that its clients take."""
    with client(stage, stage.lead()) as sdk:
        assert "quick-gpt" in [model.model for model in sdk.list().models]
        assert "completion" in (sdk.show("quick-gpt").capabilities or [])
    version = stage.house.call("GET", "/api/version").json()["version"]
    assert [int(part) for part in version.split(".")] >= [0, 13, 0]
