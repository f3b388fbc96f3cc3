"""Cases 40, 41, 46, 52 and 53: Codex's conversations, turn after turn, over every upstream."""

import json

import pytest

from tests.cases import clients_of_codex as codex
from tests.cases.stage import (
    BY_NAME,
    GEMINI,
    MESSAGES,
    OLLAMA,
    RESPONSES,
    Led,
    Stage,
    There,
    foreign_to,
    over,
)
from tests.path.conftest import Start
from tests.path.house import House, configuration
from tests.path.sockets import Socket
from tests.upstream.memory import Trusting
from tests.upstream.plan import CLOSING, Call, Json, Turn
from tests.upstream.refusal import Asked
from tests.upstream.server import Upstream

FIRST = "apply-patch-and-parallel/0001"
LAST = "apply-patch-and-parallel/0003"
SHELL = Call("exec_command", {"cmd": "ls"})
SIGNING = (MESSAGES, RESPONSES, GEMINI)
LIFE = ["response.created", "response.in_progress", "response.completed"]
THOUGHT = "One thing after the other: é日本🙂."


@over()
def test_case_41_what_codex_sends_is_taken(stage: Stage, there: There) -> None:
    """No instructions but developers' messages, ids on items, `content: null` on thoughts: all arrives."""
    led = stage.lead(memory=Trusting())
    body = codex.asked(LAST, there)
    assert "instructions" not in body
    assert all(item["id"] for item in body["input"])
    assert codex.answer(stage, led, body).response.output_text == CLOSING
    what = codex.seen_by(led, there)
    arrived = what.everything.replace("\r", "")
    for item in body["input"]:
        texts = [part["text"] for part in item.get("content") or []] if item["type"] == "message" else []
        for line in (line.strip() for text in texts for line in text.split("\n")):
            assert line in arrived
    calls = [item for item in body["input"] if item["type"].endswith("_call")]
    outputs = {item["call_id"]: item["output"] for item in body["input"] if item["type"].endswith("_output")}
    assert [call.name for call in what.calls.values()] == [call["name"] for call in calls]
    assert [call.result for call in what.calls.values()] == [outputs[call["call_id"]] for call in calls]


def thoughtful(stage: Stage, there: There) -> tuple[Led, Json]:
    """A conversation of two turns that thought and called, as Codex has it after them."""
    led = stage.lead(Turn((SHELL,), "First.", THOUGHT), Turn((SHELL,), "Second.", "Another."))
    body = codex.asked(FIRST, there)
    for _ in range(2):
        found = codex.answer(stage, led, body)
        body["input"] += [*codex.echoed(found.items), codex.output_of(found.only("function_call"))]
    return led, body


@over()
def test_case_46_thoughts_survive_a_round_trip(stage: Stage, there: There) -> None:
    """What the provider signed comes back to it, byte for byte and where it was, turn after turn."""
    led, body = thoughtful(stage, there)
    handed = led.provider.memory.signatures
    assert len(handed) == 2 * (there.dialect in SIGNING)
    codex.answer(stage, led, body)
    what = codex.seen_by(led, there)
    assert what.signatures == handed
    # Anthropic's signatures bind the words they were given with; ollama has nothing but the words. OpenAI
    # keeps them itself, and a chat has no place for them.
    kept = there.dialect in (MESSAGES, OLLAMA, GEMINI)
    assert what.thoughts == ([THOUGHT, "Another."] if kept else [])


@pytest.mark.parametrize("before", SIGNING)
@over()
def test_case_46_nobody_gets_the_thoughts_of_another(stage: Stage, there: There, before: str) -> None:
    """A conversation that goes on at another provider leaves behind what was signed by the first."""
    if before == there.dialect:
        return
    led, body = thoughtful(stage, BY_NAME[before])
    now = stage.lead()
    assert codex.answer(stage, now, {**body, "model": there.asked}).response.output_text == CLOSING
    assert len(codex.seen_by(now, there).calls) == 2
    assert not [signature for signature in led.provider.memory.signatures if signature in now.text]


@foreign_to(RESPONSES)
def test_case_52_a_conversation_is_compacted(stage: Stage, there: There) -> None:
    """The trigger is a plain request for a summary there, and one sealed item here that later turns carry."""
    led = stage.lead()
    body = codex.asked(LAST, there)
    body["input"].append({"type": "compaction_trigger"})
    found = codex.answer(stage, led, body)
    (item,) = found.items
    assert (item["type"], set(item)) == ("compaction", {"id", "type", "encrypted_content"})
    assert [event.type for event in found.events if ".delta" in event.type] == []
    asked = codex.seen_by(led, there)
    assert "compaction_trigger" not in led.text
    assert "summary" in asked.said[-1].lower()
    assert CLOSING not in led.text
    again = codex.asked(FIRST, there)
    again["input"][-1:] = [item, again["input"][-1]]
    assert codex.answer(stage, led, again).response.output_text == CLOSING
    assert CLOSING in codex.seen_by(led, there).everything
    assert item["encrypted_content"] not in led.text


@foreign_to(RESPONSES)
def test_case_52_a_whole_reply_is_one_item_too(stage: Stage, there: There) -> None:
    """Who asks for no stream gets the same."""
    body = codex.asked(FIRST, there, stream=False)
    body["input"].append({"type": "compaction_trigger"})
    (item,) = codex.post(stage, stage.lead(), body).json()["output"]
    assert item["type"] == "compaction"
    assert item["encrypted_content"]


def test_case_52_its_own_provider_makes_its_own_summary(stage: Stage) -> None:
    """A provider of openai-responses gets the trigger as it came."""
    led = stage.lead()
    body = codex.asked(FIRST, BY_NAME[RESPONSES])
    body["input"].append({"type": "compaction_trigger"})
    assert codex.post(stage, led, body).header("x-penstock-body") == "model-span"
    assert led.body["input"][-1] == {"type": "compaction_trigger"}


def test_case_52_a_summary_of_ours_is_read_by_its_own_provider_too(stage: Stage) -> None:
    """A conversation that was compacted elsewhere goes on where bodies are passed on, and is compacted there.

    That provider knows neither our seals nor what they hold: the second summary is made as everywhere.
    """
    elsewhere, body = stage.lead(), codex.asked(FIRST, BY_NAME[MESSAGES])
    trigger = {"type": "compaction_trigger"}
    (item,) = codex.answer(stage, elsewhere, {**body, "input": [*body["input"], trigger]}).items
    led = stage.lead()
    again = codex.asked(FIRST, BY_NAME[RESPONSES])
    again["input"].append(item)
    assert codex.answer(stage, led, again).response.output_text == CLOSING
    assert CLOSING in codex.seen_by(led, BY_NAME[RESPONSES]).everything
    assert item["encrypted_content"] not in led.text
    assert {**led.body, "input": []} == {**again, "input": [], "model": BY_NAME[RESPONSES].model}
    again["input"].append(trigger)
    (second,) = codex.answer(stage, led, again).items
    assert second["type"] == "compaction"


@over()
def test_case_53_a_shape_and_an_image(stage: Stage, there: There) -> None:
    """The schema is asked for where the provider has a place for it, the image is one; the answer is JSON."""
    led = stage.lead()
    body = codex.asked("output-schema-image-input/0001", there, tools=[])
    found = codex.answer(stage, led, body)
    schema = body["text"]["format"]["schema"]
    assert set(json.loads(found.response.output_text)) == set(schema["required"])
    assert schema_at(led, there)["properties"].keys() == schema["properties"].keys()
    images = [part["image_url"] for part in body["input"][-1]["content"] if part["type"] == "input_image"]
    assert codex.seen_by(led, there).images == [url.partition(";base64,")[2] for url in images]
    assert images
    if there.dialect != RESPONSES:
        assert "tools" not in led.body


def schema_at(led: Led, there: There) -> Json:
    """The shape the provider was asked to fit."""
    heard = there.voice.hear(Asked(led.body, led.request.path))
    assert heard.shape is not None
    return dict(heard.shape)


@over()
def test_case_40_one_socket_for_many_turns(stage: Stage, there: There) -> None:
    """A warm-up asks nobody; then each turn says only what is new, and the provider gets all of it."""
    led = stage.lead(Turn((SHELL,), "First.", THOUGHT))
    body = codex.asked(FIRST, there)
    with Socket(stage.house.address, [led.header]) as client:
        warm = client.ask(**body, generate=False)
        assert [event["type"] for event in warm] == LIFE
        assert led.provider.asked == []
        last = warm[-1]["response"]["id"]
        first = client.ask(**{**body, "input": [], "previous_response_id": last})
        items = [event["item"] for event in first if event["type"] == "response.output_item.done"]
        (call,) = [item for item in items if item["type"] == "function_call"]
        assert json.loads(call["arguments"]) == SHELL.arguments
        last = first[-1]["response"]["id"]
        second = client.ask(**{**body, "input": [codex.output_of(call)], "previous_response_id": last})
    said = [event["delta"] for event in second if event["type"] == "response.output_text.delta"]
    assert "".join(said) == CLOSING
    what = codex.seen_by(led, there)
    assert [(called.name, called.result) for called in what.calls.values()] == [("exec_command", "done")]
    assert what.signatures == led.provider.memory.signatures[: len(what.signatures)]
    assert len(what.signatures) == (there.dialect in SIGNING)


def test_case_40_where_there_is_no_socket_it_says_426(gateway: Start, replay: Upstream) -> None:
    """The one answer at which Codex goes on over HTTP at once."""
    house = House(gateway(configuration(replay, "websockets = false")), replay)
    handshake = [
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("openai-beta", "responses_websockets=2026-02-06"),
    ]
    assert house.call("GET", codex.PATH, handshake).status == 426
