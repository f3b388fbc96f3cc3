"""Requests of Anthropic's and Chat's at a provider of openai-responses."""

import json
from pathlib import Path
from typing import Any

import pytest
from openai.types.responses import response_create_params
from pydantic import TypeAdapter

from adapters.conversation import PLAIN, Quirks, Written
from adapters.dialect import Dialect
from adapters.dialects import anthropic_messages, openai_chat, openai_responses
from adapters.seal import sealed
from tests.adapters.crossing.crossings import HI, Body, body_of, crossed, decoded
from tests.agents.recordings import recordings

MESSAGES, CHAT, RESPONSES = anthropic_messages.DIALECT, openai_chat.DIALECT, openai_responses.DIALECT
AGENTS = Path(__file__).parents[2] / "fixtures" / "agents"
TYPES: TypeAdapter[Any] = TypeAdapter(response_create_params.ResponseCreateParams)
RECORDED = {
    **{path.relative_to(AGENTS).as_posix(): path.read_bytes() for path in sorted(AGENTS.rglob("*.body"))},
    **{recording.name: recording.request.body for recording in recordings()},
}
FOREIGN = {name: body for name, body in RECORDED.items() if "messages" in json.loads(body or b"{}")}


def written(fields: Body, source: Dialect = MESSAGES, quirks: Quirks = PLAIN) -> Written:
    """What a provider of this dialect gets of a request."""
    return crossed(body_of(fields), source, RESPONSES, quirks)


def sent(fields: Body, source: Dialect = MESSAGES, quirks: Quirks = PLAIN) -> Body:
    """The same, decoded."""
    return decoded(written(fields, source, quirks))


def source_of(body: bytes) -> Dialect:
    """The dialect of a recorded body."""
    document = json.loads(body)
    chat = "stream_options" in document or "function" in (document.get("tools") or [{}])[0]
    return CHAT if chat else MESSAGES


@pytest.mark.parametrize("body", FOREIGN.values(), ids=FOREIGN)
def test_what_agents_sent_is_a_request_by_the_sdk(body: bytes) -> None:
    """Every field is one the official types know, and of their kind."""
    document = decoded(crossed(body, source_of(body), RESPONSES, PLAIN))
    kept = json.loads(TYPES.dump_json(TYPES.validate_python(document), warnings=False))
    assert kept.keys() == document.keys()
    assert (document["store"], document["include"]) == (False, ["reasoning.encrypted_content"])
    assert "x-anthropic-billing-header" not in document.get("instructions", "")


def user(*blocks: Body) -> Body:
    """A turn of the user's."""
    return {"role": "user", "content": list(blocks)}


def model(*blocks: Body) -> Body:
    """A turn of the model's."""
    return {"role": "assistant", "content": list(blocks)}


USE: Body = {"type": "tool_use", "id": "c1", "name": "Read", "input": {"a": 1}}
IMAGE: Body = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "QUJD"}}
PICTURE: Body = {"type": "input_image", "image_url": "data:image/png;base64,QUJD", "detail": "auto"}
PDF: Body = {
    "type": "document",
    "source": {"type": "base64", "media_type": "application/pdf", "data": "QUJD"},
    "context": "why",
}
FILE: Body = {
    "type": "input_file",
    "filename": "document.pdf",
    "file_data": "data:application/pdf;base64,QUJD",
}
MADE_CALL: Body = {"type": "function_call", "call_id": "c1", "name": "Read", "arguments": '{"a": 1}'}


def brought(*content: Body, **fields: Any) -> Body:
    """What a tool brought."""
    return {"type": "tool_result", "tool_use_id": "c1", "content": list(content), **fields}


def message(content: Any, role: str = "user") -> Body:
    """A message as it is written."""
    return {"type": "message", "role": role, "content": content}


def bound(signature: str) -> Body:
    """A thought that a client of Anthropic's hands back."""
    return model(
        {"type": "thinking", "thinking": "hm", "signature": signature}, {"type": "text", "text": "a"}
    )


OWN: Body = {
    "type": "reasoning",
    "id": "rs_1",
    "summary": [{"type": "summary_text", "text": "hm"}],
    "encrypted_content": "Z0FB",
}
TURNS: dict[str, tuple[list[Body], list[Body]]] = {
    "a word": ([HI], [message("Hi")]),
    "a picture": (
        [user({"type": "text", "text": "a"}, IMAGE)],
        [message([{"type": "input_text", "text": "a"}, PICTURE])],
    ),
    "a picture by its address": (
        [user({"type": "image", "source": {"type": "url", "url": "https://x"}})],
        [message([{**PICTURE, "image_url": "https://x"}])],
    ),
    "a document": ([user(PDF)], [message([{"type": "input_text", "text": "why"}, FILE])]),
    "a document of text": (
        [
            user(
                {
                    "type": "document",
                    "title": "t",
                    "source": {"type": "text", "media_type": "text/plain", "data": "x"},
                }
            )
        ],
        [message([{"type": "input_text", "text": "t\n\nx"}])],
    ),
    "a document by its address": (
        [user({"type": "document", "title": "t", "source": {"type": "url", "url": "https://x"}})],
        [message([{"type": "input_file", "file_url": "https://x", "filename": "t"}])],
    ),
    "words of the model's": (
        [HI, model({"type": "text", "text": "a"}, {"type": "text", "text": "b"})],
        [message("Hi"), message("a\n\nb", "assistant")],
    ),
    "a call and its result, words behind it": (
        [HI, model(USE), user(brought({"type": "text", "text": "ok"}), {"type": "text", "text": "b"})],
        [
            message("Hi"),
            MADE_CALL,
            {"type": "function_call_output", "call_id": "c1", "output": "ok"},
            message("b"),
        ],
    ),
    "a picture in a result that failed": (
        [HI, model(USE), user(brought(IMAGE, is_error=True))],
        [
            message("Hi"),
            MADE_CALL,
            {
                "type": "function_call_output",
                "call_id": "c1",
                "output": [{"type": "input_text", "text": "[error] "}, PICTURE],
            },
        ],
    ),
    "a result that failed in words": (
        [HI, model(USE), user(brought({"type": "text", "text": "no"}, is_error=True))],
        [message("Hi"), MADE_CALL, {"type": "function_call_output", "call_id": "c1", "output": "[error] no"}],
    ),
    "a result of nothing": (
        [HI, model(USE), user(brought())],
        [message("Hi"), MADE_CALL, {"type": "function_call_output", "call_id": "c1", "output": ""}],
    ),
    "a tool that was found": (
        [HI, model(USE), user(brought({"type": "tool_reference", "tool_name": "x"}))],
        [
            message("Hi"),
            MADE_CALL,
            {
                "type": "function_call_output",
                "call_id": "c1",
                "output": [{"type": "input_text", "text": "loaded: x"}],
            },
        ],
    ),
    "a thought of OpenAI's": (
        [HI, bound(sealed("openai-responses", "rs_1 Z0FB")), HI],
        [message("Hi"), OWN, message("a", "assistant"), message("Hi")],
    ),
    "a signature of OpenAI's alone": (
        [
            HI,
            model({"type": "thinking", "thinking": "", "signature": sealed("openai-responses", "rs_1 Z0FB")}),
            HI,
        ],
        [message("Hi"), {**OWN, "summary": []}, message("Hi")],
    ),
    "a thought of Anthropic's": (
        [HI, bound("c2ln"), HI],
        [message("Hi"), message("a", "assistant"), message("Hi")],
    ),
    "a system turn": (
        [HI, {"role": "system", "content": "now"}],
        [message("Hi"), message("now", "system")],
    ),
    "a found page": (
        [
            user(
                {
                    "type": "search_result",
                    "source": "s",
                    "title": "t",
                    "content": [{"type": "text", "text": "x"}],
                }
            )
        ],
        [message([{"type": "input_text", "text": "t\ns\nx"}])],
    ),
}


@pytest.mark.parametrize(("turns", "items"), TURNS.values(), ids=TURNS)
def test_turns_are_items(turns: list[Body], items: list[Body]) -> None:
    """Words, media, calls, results and thoughts, in the order this dialect wants them."""
    body = sent({"messages": turns})
    assert body["input"] == items
    TYPES.validate_python(body)


def test_the_system_is_one_text_before_all_else() -> None:
    """It is the same in every request of a conversation, without Claude Code's line for its maker."""
    texts = ("x-anthropic-billing-header: cc=1;", "a", "b")
    body = sent({"system": [{"type": "text", "text": text} for text in texts]})
    assert (body["instructions"], body["input"]) == ("a\n\nb", [message("Hi")])


def test_a_system_alone_asks() -> None:
    """There must be an input."""
    body = sent({"system": "a", "messages": []})
    assert (body["input"], body.get("instructions")) == ([message("a")], None)


@pytest.mark.parametrize(("system_turns", "role"), [(None, "system"), (False, "user")])
def test_a_system_turn_is_what_the_provider_takes(system_turns: bool | None, role: str) -> None:
    """Where it has no place it is the user's."""
    turns = [HI, {"role": "system", "content": "now"}]
    assert sent({"messages": turns}, quirks=Quirks(system_turns=system_turns))["input"][-1]["role"] == role


def test_a_thought_without_an_id_is_given_back_without_one() -> None:
    """A box that gave none wants none."""
    turn = model({"type": "thinking", "thinking": "", "signature": sealed("openai-responses", "Z0FB")})
    (thought,) = sent({"messages": [turn]})["input"]
    assert thought == {"type": "reasoning", "summary": [], "encrypted_content": "Z0FB"}
