"""Cases 9 to 12: what tools brought, in the order and the shapes of Claude Code."""

import json
from typing import Any

from tests.cases import claude
from tests.cases.arrived import arrived
from tests.cases.stage import CHAT, GEMINI, MESSAGES, OLLAMA, RESPONSES, Stage, There, foreign_to, over
from tests.upstream.conversations import PIXEL

PDF = "JVBERi0xLjQKJSVFT0YK"
IMAGE = {"type": "image", "source": {"type": "base64", "data": PIXEL, "media_type": "image/png"}}
DOCUMENT = {
    "type": "document",
    "source": {"type": "base64", "media_type": "application/pdf", "data": PDF},
}
CALLS = (
    claude.use(1, "Read", file_path="pic.png"),
    claude.use(2, "Bash", command="false"),
    claude.use(3, "NoSuchTool", a=1),
)
UNKNOWN = "<tool_use_error>Error: No such tool available: NoSuchTool</tool_use_error>"


def conversation(there: There, *blocks: dict[str, Any], calls: tuple[dict[str, Any], ...]) -> dict[str, Any]:
    """Calls, and the user's turn behind them."""
    return claude.body(
        there, claude.said("Hello."), claude.environment(), claude.used(*calls), claude.results(*blocks)
    )


def reversed_results(there: There) -> dict[str, Any]:
    """Three results in the reverse order of their calls."""
    return conversation(
        there,
        claude.result(3, UNKNOWN, is_error=True),
        claude.result(2, "Exit code 1", is_error=True),
        claude.result(1, "one.txt"),
        calls=CALLS,
    )


@over()
def test_case_09_results_find_their_calls(stage: Stage, there: There) -> None:
    """In whatever order they finished, each result arrives with the call it is to."""
    led = stage.lead()
    claude.answered(claude.ask(stage, led, reversed_results(there)))
    calls = arrived(there.dialect, led.request.body).calls.values()
    assert [call.name for call in calls] == ["Read", "Bash", "NoSuchTool"]
    results = [call.result or "" for call in calls]
    for result, words in zip(results, ("one.txt", "Exit code 1", UNKNOWN), strict=True):
        assert words in result


@over(GEMINI)
def test_case_09_gemini_is_told_names(stage: Stage, there: There) -> None:
    """It knows a result by the name of its function, in the order of the calls."""
    led = stage.lead()
    claude.answered(claude.ask(stage, led, reversed_results(there)))
    responses = [
        part["functionResponse"]
        for content in led.body["contents"]
        for part in content["parts"]
        if "functionResponse" in part
    ]
    assert [response["name"] for response in responses] == ["Read", "Bash", "NoSuchTool"]


@over()
def test_case_10_an_image_arrives_as_an_image(stage: Stage, there: There) -> None:
    """Beside its text, at the result it belongs to or right behind it; never as text."""
    led = stage.lead()
    content = [{"type": "text", "text": "Two by two."}, IMAGE]
    asked = conversation(there, claude.result(1, content, **claude.MARK), calls=CALLS[:1])
    claude.answered(claude.ask(stage, led, asked))
    what = arrived(there.dialect, led.request.body)
    assert what.images == [PIXEL]
    assert "Two by two." in (next(iter(what.calls.values())).result or "")
    assert PIXEL not in what.everything
    assert places(there, led.body) == PLACES[there.dialect]


# Where each dialect has room for the image of a result: the path to it by kinds and names.
PLACES = {
    MESSAGES: "user.tool_result.image",
    CHAT: "user.image_url",
    RESPONSES: "function_call_output.input_image",
    GEMINI: "user.functionResponse.inlineData",
    OLLAMA: "user.images",
}


def places(there: There, body: dict[str, Any]) -> str:
    """Where the image stands."""
    for item in body.get("messages") or body.get("input") or body["contents"]:
        if PIXEL not in json.dumps(item):
            continue
        kind = item.get("role") or item["type"]
        inside = (PLACES[there.dialect].split("."))[1:]
        return ".".join([kind, *(name for name in inside if f'"{name}"' in json.dumps(item))])
    return "nowhere"


@foreign_to(MESSAGES)
def test_case_10_a_failed_call_is_told_as_failed(stage: Stage, there: There) -> None:
    """A dialect without a place for it says so in the result's text."""
    led = stage.lead()
    asked = conversation(
        there, claude.result(1, "one.txt"), claude.result(2, "Exit code 1", is_error=True), calls=CALLS[:2]
    )
    claude.answered(claude.ask(stage, led, asked))
    well, failed = (call.result or "" for call in arrived(there.dialect, led.request.body).calls.values())
    assert well == "one.txt"
    if there.dialect == GEMINI:
        assert '"error": "Exit code 1"' in json.dumps(led.body)
    else:
        assert failed == "[error] Exit code 1"


@foreign_to(OLLAMA)
def test_case_11_a_document_in_a_result_arrives_as_a_file(stage: Stage, there: There) -> None:
    """Its bytes are there, and what stood beside it."""
    led = stage.lead()
    content = [{"type": "text", "text": "PDF file read: doc.pdf"}, DOCUMENT]
    claude.answered(claude.ask(stage, led, conversation(there, claude.result(1, content), calls=CALLS[:1])))
    assert led.text.count(PDF) == 1
    assert "application/pdf" in led.text
    assert "PDF file read: doc.pdf" in arrived(there.dialect, led.request.body).everything


@over(OLLAMA)
def test_case_11_a_document_that_cannot_be_carried_is_named(stage: Stage, there: There) -> None:
    """It has no files: a clear 400 with the block's place, and nothing goes upstream."""
    led = stage.lead()
    asked = conversation(
        there, claude.result(1, [{"type": "text", "text": "PDF"}, DOCUMENT]), calls=CALLS[:1]
    )
    reply = claude.ask(stage, led, asked)
    assert reply.status == 400
    message = claude.error(reply)["message"]
    assert "messages[3].content[0].content[1]" in message
    assert "application/pdf" in message
    assert not led.provider.asked


@over()
def test_case_12_words_behind_results_come_after_them(stage: Stage, there: There) -> None:
    """Every result of the turn stands before what the user says beside it."""
    led = stage.lead()
    asked = conversation(
        there,
        claude.result(2, "two"),
        claude.result(1, "one"),
        {"type": "text", "text": "And what now?"},
        calls=CALLS[:2],
    )
    claude.answered(claude.ask(stage, led, asked))
    what = arrived(there.dialect, led.request.body)
    assert [call.result for call in what.calls.values()] == ["one", "two"]
    assert what.said[-1] == "And what now?"
    assert max(led.text.rfind('"one"'), led.text.rfind('"two"')) < led.text.find("And what now?")
