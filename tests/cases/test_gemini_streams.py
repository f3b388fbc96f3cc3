"""Cases 58, 60 and 61: what Gemini's clients must see of streams, shapes and errors, over every upstream."""

import json
import threading
from typing import Any

import pytest
from google.genai import types

from tests.cases import clients_of_gemini as gemini
from tests.cases.arrived import arrived
from tests.cases.clients_of_faults import Late
from tests.cases.stage import BY_NAME, GEMINI, MESSAGES, RESPONSES, Stage, There, foreign_to, over
from tests.path.client import Wire
from tests.upstream.conversations import CONVERSATIONS, PATHS
from tests.upstream.faults import Status
from tests.upstream.memory import Memory, Trusting
from tests.upstream.plan import Call, Json, Turn, fitting
from tests.upstream.refusal import Asked
from tests.upstream.scripts import JSON
from tests.upstream.voices.gemini import RETRY_INFO

TURN = Turn((Call("read", {"path": "é"}), Call("read", {"path": "b"})), "Some words.", "A thought.")
MADE = [(call.tool, call.arguments) for call in TURN.calls]
ASKED: Json = {
    "contents": [{"role": "user", "parts": [{"text": "Read both."}]}],
    "tools": gemini.TOOLS,
    "generationConfig": {"thinkingConfig": {"includeThoughts": True, "thinkingLevel": "HIGH"}},
}


@over()
def test_case_58_the_order_of_a_stream(stage: Stage, there: There) -> None:
    """Nothing but events with chunks; why it ended in the last alone, with what was used; calls with ids."""
    reply = gemini.post(stage, stage.lead(TURN), there, ASKED)
    chunks = gemini.chunks_in(reply.body)
    reasons = [chunk["candidates"][0].get("finishReason") for chunk in chunks if chunk["candidates"]]
    assert reasons == [None] * (len(reasons) - 1) + ["STOP"]
    assert chunks[-1]["usageMetadata"]["candidatesTokenCount"] > 0
    parts = gemini.parts_in(chunks)
    assert "".join(part["text"] for part in parts if "text" in part and not part.get("thought")) == TURN.text
    calls = [part["functionCall"] for part in parts if "functionCall" in part]
    assert [(call["name"], call["args"]) for call in calls] == [
        (call.tool, call.arguments) for call in TURN.calls
    ]
    assert len({call["id"] for call in calls}) == 2


@over()
def test_case_58_the_sdk_reads_it(stage: Stage, there: There) -> None:
    """Google's SDK finds the words and both calls, streamed and whole."""
    led = stage.lead(TURN)
    config = types.GenerateContentConfig(
        tools=[types.Tool.model_validate(tool) for tool in gemini.TOOLS],
        thinking_config=types.ThinkingConfig(include_thoughts=True),
    )
    with gemini.client(stage, led) as sdk:
        asked: Any = {"model": there.asked, "contents": "Read both.", "config": config}
        streamed = list(sdk.models.generate_content_stream(**asked))
        whole = sdk.models.generate_content(**asked)
    for replies in (streamed, [whole]):
        calls = [call for reply in replies for call in reply.function_calls or []]
        assert [(call.name, call.args) for call in calls] == [
            (call.tool, call.arguments) for call in TURN.calls
        ]
        parts = [part for reply in replies for part in reply.parts or [] if part.text and not part.thought]
        assert "".join(part.text or "" for part in parts) == TURN.text


@pytest.mark.parametrize("streamed", [True, False], ids=["stream", "whole"])
@over()
def test_case_58_signatures_come_back(stage: Stage, there: There, *, streamed: bool) -> None:
    """A client that hands back no thoughts hands back the signature all the same, and its maker gets it."""
    led = stage.lead(TURN, TURN)
    body: Json = {**ASKED, "contents": [*ASKED["contents"]]}
    for _ in range(2):
        reply = gemini.post(stage, led, there, body, stream=streamed)
        parts = gemini.parts_in(gemini.chunks_in(reply.body) if streamed else [reply.json()])
        body["contents"] += [gemini.echoed(parts), gemini.answers(parts, output="done")]
    handed = led.provider.memory.signatures
    assert len(handed) == 2 * (there.dialect in (MESSAGES, RESPONSES, GEMINI))
    gemini.post(stage, led, there, body, stream=streamed)
    what = arrived(there.dialect, led.request.body)
    assert what.signatures == handed
    assert [call.result for call in what.calls.values()] == ["done"] * 4


@pytest.mark.parametrize("before", [MESSAGES, RESPONSES])
@over()
def test_case_58_nobody_gets_the_signatures_of_another(stage: Stage, there: There, before: str) -> None:
    """A conversation that goes on elsewhere leaves behind what the first provider signed, Google's too."""
    if before == there.dialect:
        return
    led, body = stage.lead(TURN), {**ASKED, "contents": [*ASKED["contents"]]}
    parts = gemini.parts_in(gemini.chunks_in(gemini.post(stage, led, BY_NAME[before], body).body))
    body["contents"] += [gemini.echoed(parts), gemini.answers(parts, output="done")]
    now = stage.lead()
    assert gemini.post(stage, now, there, body).status == 200
    assert len(arrived(there.dialect, now.request.body).calls) == 2
    assert led.provider.memory.signatures
    assert not [signature for signature in led.provider.memory.signatures if signature in now.text]


@over()
def test_case_58_silence_is_broken_by_no_comment(stage: Stage, there: There) -> None:
    """A sign of life is an empty chunk: a comment, or an event with a name, breaks Google's SDKs."""
    seen = threading.Event()
    led = stage.lead(TURN, faults={0: Late(b"So", seen)})
    with Wire(stage.house.address) as wire:
        wire.send("POST", gemini.path_of(there), [*JSON.items(), led.header], json.dumps(ASKED).encode())
        assert wire.read_head().status == 200
        stream = wire.read_until(b"So")
        stream += wire.read_until(b'"candidates":[]')
        seen.set()
        stream += wire.read_body()[0]
    *chunks, last = gemini.chunks_in(stream)
    assert {"candidates": []} in chunks
    assert last["error"]["message"]


@over()
def test_case_58_an_array_for_who_asks_for_no_events(stage: Stage, there: There) -> None:
    """The same chunks, as one JSON array."""
    target = gemini.path_of(there).partition("?")[0]
    reply = stage.post(target, ASKED, stage.lead(TURN).header)
    assert reply.header("content-type") in ("application/json", "application/json; charset=UTF-8")
    parts = gemini.parts_in(reply.json())
    assert [part["functionCall"]["args"] for part in parts if "functionCall" in part] == [
        call.arguments for call in TURN.calls
    ]


@over()
def test_case_58_tokens_are_counted(stage: Stage, there: There) -> None:
    """A count is a number, whoever makes it, and no request to generate."""
    led = stage.lead()
    with gemini.client(stage, led) as sdk:
        counted = sdk.models.count_tokens(model=there.asked, contents="How long is this?")
    assert (counted.total_tokens or 0) > 0
    assert led.provider.asked == []


def test_case_58_models_are_listed(stage: Stage) -> None:
    """Google's SDK reads the list, and finds one model in it by name."""
    with gemini.client(stage, stage.lead()) as sdk:
        names = [model.name for model in sdk.models.list()]
        assert "models/quick-gpt" in names
        assert sdk.models.get(model="quick-gpt").name == "models/quick-gpt"


@over()
def test_case_60_types_in_capitals(stage: Stage, there: There) -> None:
    """What Gemini CLI's router asks for is a JSON schema everywhere, and its answer fits."""
    led = stage.lead()
    body: Json = json.loads(gemini.recorded("print-shell/0001"))
    reply = gemini.post(stage, led, there, body, stream=False)
    (text,) = [part["text"] for part in gemini.parts_in([reply.json()]) if not part.get("thought")]
    schema = body["generationConfig"]["responseJsonSchema"]
    assert json.loads(text) == fitting(schema)
    heard = there.voice.hear(Asked(led.body, led.request.path)).shape
    assert heard is not None
    assert heard["properties"].keys() == schema["properties"].keys()
    kinds = [str(heard["type"]), *(str(each["type"]) for each in heard["properties"].values())]
    plain = ["object", "string", "integer"]
    assert kinds == (list(map(str.upper, plain)) if there.dialect == GEMINI else plain)
    assert there.dialect == GEMINI or "tools" not in led.body


def as_client(dialect: str, there: There) -> tuple[str, Json]:
    """A path and a request of a client's dialect for a model of another."""
    body = CONVERSATIONS[dialect](Memory())
    if dialect == GEMINI:
        return gemini.path_of(there), body
    return PATHS[dialect], {**body, "model": there.asked}


@pytest.mark.parametrize("client", list(PATHS))
@over(GEMINI)
def test_case_61_geminis_time_is_told_in_the_clients_way(stage: Stage, there: There, client: str) -> None:
    """2.5 seconds in the details of an error are three to whoever reads headers."""
    busy = Status(429, "Slow down.", details={"retry": "2.5s"})
    led = stage.lead(faults={0: busy}, memory=Trusting())
    reply = stage.post(*as_client(client, there), led.header)
    assert (reply.status, reply.header("retry-after")) == (429, "3")
    assert "Slow down." in reply.body.decode()


@pytest.mark.parametrize("streamed", [True, False], ids=["stream", "whole"])
@foreign_to(GEMINI)
def test_case_61_a_client_of_geminis_reads_the_time_in_the_body(
    stage: Stage, there: There, *, streamed: bool
) -> None:
    """Its SDKs look for the state and for the details of the error."""
    led = stage.lead(faults={0: Status(429, "Slow down.", (("retry-after", "7"),))})
    reply = gemini.post(stage, led, there, ASKED, stream=streamed)
    error = reply.json()["error"]
    assert (reply.status, error["code"], error["status"]) == (429, 429, "RESOURCE_EXHAUSTED")
    assert error["message"] == "Slow down."
    assert [each["retryDelay"] for each in error["details"] if each["@type"] == RETRY_INFO] == ["7s"]
    assert reply.header("retry-after") == "7"
