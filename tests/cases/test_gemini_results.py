"""Case 59: results of Gemini's clients find their calls, however they are written."""

from typing import Any

import pytest

from tests.cases import clients_of_gemini as gemini
from tests.cases.arrived import arrived
from tests.cases.stage import GEMINI, Stage, There, over
from tests.upstream.conversations import PIXEL
from tests.upstream.plan import Json

PICTURE = {"inlineData": {"mimeType": "image/png", "data": PIXEL}}
# How a result is written: by Gemini CLI, by the AI SDK, and with what else may stand in one.
FORMS: dict[str, Json] = {
    "output": {"response": {"output": "RESULT"}},
    "error": {"response": {"error": "RESULT"}},
    "name and content": {"response": {"name": "read", "content": "RESULT"}},
    "anything": {"response": {"lines": ["RESULT", 2], "ok": True}},
    "an image inside": {"response": {"output": "RESULT"}, "parts": [PICTURE]},
}


def called(number: int) -> Json:
    """A call without an id, signed as one that another model made."""
    call = {"functionCall": {"name": "read", "args": {"path": str(number)}}}
    return call if number else {**call, "thoughtSignature": "skip_thought_signature_validator"}


def conversation(form: Json, *beside: Json) -> Json:
    """Two calls of one tool, their results without ids, and what stands beside them."""
    results = [{"functionResponse": {"name": "read", **written(form, number)}} for number in range(2)]
    contents = [
        {"role": "user", "parts": [{"text": "Read both."}]},
        {"role": "model", "parts": [called(0), called(1)]},
        {"role": "user", "parts": [*results, *beside]},
    ]
    return {"contents": contents, "tools": gemini.TOOLS}


def written(value: Any, number: int) -> Any:
    """A form with the number of its result in it."""
    if isinstance(value, dict):
        return {name: written(inside, number) for name, inside in value.items()}
    if isinstance(value, list):
        return [written(inside, number) for inside in value]
    return f"result {number}" if value == "RESULT" else value


@pytest.mark.parametrize("form", FORMS)
@over()
def test_case_59_results_without_ids_go_by_their_order(stage: Stage, there: There, form: str) -> None:
    """The first result is the first call's; nothing of it is lost."""
    led = stage.lead()
    reply = gemini.post(stage, led, there, conversation(FORMS[form]))
    assert reply.status == 200
    what = arrived(there.dialect, led.request.body)
    calls = list(what.calls.values())
    assert [call.arguments for call in calls] == [{"path": "0"}, {"path": "1"}]
    assert all(f"result {number}" in (call.result or "") for number, call in enumerate(calls))
    assert what.images == ([PIXEL] * 2 if "parts" in FORMS[form] else [])


@over()
def test_case_59_words_and_images_beside_results(stage: Stage, there: There) -> None:
    """What the user says with the results comes behind them, and an image stays an image."""
    led = stage.lead()
    body = conversation(FORMS["output"], {"text": "Look at this."}, PICTURE)
    if there.dialect == GEMINI:
        return
    assert gemini.post(stage, led, there, body).status == 200
    what = arrived(there.dialect, led.request.body)
    assert [call.result for call in what.calls.values()] == ["result 0", "result 1"]
    assert what.said[-1] == "Look at this."
    assert what.images == [PIXEL]
    assert led.text.index("result 1") < led.text.index("Look at this.")


@over()
def test_case_59_results_with_ids_go_by_them(stage: Stage, there: There) -> None:
    """In whatever order they come."""
    body = conversation(FORMS["output"])
    for number, part in enumerate(body["contents"][1]["parts"]):
        part["functionCall"]["id"] = f"call-{number}"
    for number, part in enumerate(body["contents"][2]["parts"]):
        part["functionResponse"]["id"] = f"call-{number}"
    if there.dialect != GEMINI:
        body["contents"][2]["parts"].reverse()
    led = stage.lead()
    assert gemini.post(stage, led, there, body).status == 200
    calls = arrived(there.dialect, led.request.body).calls.values()
    assert [call.result for call in calls] == ["result 0", "result 1"]
