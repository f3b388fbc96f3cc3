"""Cases 4 to 6, 15 and 16: what Claude Code asks for beside the conversation, where nobody knows it."""

import json
from typing import Any

import pytest

from tests.cases import claude
from tests.cases.arrived import arrived
from tests.cases.stage import (
    BY_NAME,
    CHAT,
    GEMINI,
    MESSAGES,
    OLLAMA,
    RESPONSES,
    Stage,
    There,
    foreign_to,
    over,
)

# How an effort of `medium` is said, where it is said at all, and the whole of a budget of 31999 tokens.
MEDIUM = {
    MESSAGES: ("output_config", {"effort": "medium"}),
    CHAT: ("reasoning_effort", "medium"),
    RESPONSES: ("reasoning.effort", "medium"),
    GEMINI: ("generationConfig.thinkingConfig.thinkingLevel", "LOW"),
    OLLAMA: ("think", "medium"),
}
BUDGET = {
    MESSAGES: ("thinking.budget_tokens", 31_999),
    CHAT: ("reasoning_effort", "high"),
    RESPONSES: ("reasoning.effort", "high"),
    GEMINI: ("generationConfig.thinkingConfig.thinkingLevel", "HIGH"),
    OLLAMA: ("think", "high"),
}
SCHEMA = {
    "type": "object",
    "properties": {"title": {"type": "string"}},
    "required": ["title"],
    "additionalProperties": False,
}
SHAPES = {
    MESSAGES: "output_config.format.schema",
    CHAT: "response_format.json_schema.schema",
    RESPONSES: "text.format.schema",
    GEMINI: "generationConfig.responseJsonSchema",
    OLLAMA: "format",
}
SAFEGUARDS = [{"type": "dangerous_tool_use", "classifier_context": {"v": 1, "permission_mode": "auto"}}]


def at(body: Any, path: str) -> Any:
    """What stands at a path of names; None where there is nothing."""
    for name in path.split("."):
        body = (body or {}).get(name)
    return body


@pytest.mark.parametrize("display", ["omitted", "updates"])
@over()
def test_case_04_adaptive_thinking_becomes_an_effort(stage: Stage, there: There, display: str) -> None:
    """The effort asked for goes on as each dialect says it, and nothing is refused for its display."""
    led = stage.lead()
    asked = claude.body(there, thinking={"type": "adaptive", "display": display})
    claude.answered(claude.ask(stage, led, asked))
    path, said = MEDIUM[there.dialect]
    assert at(led.body, path) == said
    assert ("adaptive" in led.text) == (there.dialect == MESSAGES)


@over()
def test_case_04_a_budget_becomes_an_effort(stage: Stage, there: There) -> None:
    """An older model's budget goes on as it is, or as the effort it stands for."""
    led = stage.lead()
    thinking = {"type": "enabled", "budget_tokens": 31_999, "display": "omitted"}
    claude.answered(claude.ask(stage, led, claude.body(there, thinking=thinking, output_config=None)))
    path, said = BUDGET[there.dialect]
    assert at(led.body, path) == said


@over()
def test_case_05_what_only_anthropic_knows_goes_only_there(stage: Stage, there: There) -> None:
    """Settings and betas of Anthropic's own pass to it untouched; elsewhere they are dropped and named."""
    led = stage.lead()
    asked = claude.body(there, safeguards=SAFEGUARDS)
    reply = claude.ask(stage, led, asked)
    claude.answered(reply)
    if there.dialect == MESSAGES:
        assert led.body == {**asked, "model": there.model}
        assert led.request.header("anthropic-beta") == claude.BETAS
        return
    dropped = (reply.header("x-penstock-dropped") or "").split(", ")
    assert {"context_management", "safeguards"} <= set(dropped)
    assert led.request.header("anthropic-beta") is None
    for name in ("context_management", "safeguards", "metadata", "device_id"):
        assert f'"{name}' not in led.text


@foreign_to(MESSAGES)
def test_case_05_an_unknown_key_and_an_unknown_beta(stage: Stage, there: There) -> None:
    """What nobody knows yet is no error either."""
    led = stage.lead()
    asked = claude.body(there, made_up_in_2027={"deep": [1]})
    reply = claude.ask(stage, led, asked, ("anthropic-beta", "made-up-2027-01-01"))
    claude.answered(reply)
    assert "made_up_in_2027" in (reply.header("x-penstock-dropped") or "")
    assert "made" not in led.text


def test_case_05_an_unknown_key_is_for_anthropic_to_judge(stage: Stage) -> None:
    """An Anthropic upstream is asked with all of it: its own words say what it does not take."""
    there = BY_NAME[MESSAGES]
    led = stage.lead()
    reply = claude.ask(
        stage, led, claude.body(there, made_up_in_2027=1), ("anthropic-beta", "made-up-2027-01-01")
    )
    assert claude.error(reply)["message"] == "made_up_in_2027: Extra inputs are not permitted"
    (refusal,) = led.provider.refused
    assert "made-up-2027-01-01" in refusal.request.all("anthropic-beta")


@over()
def test_case_06_a_title_in_a_shape_and_no_tools(stage: Stage, there: There) -> None:
    """No empty list of tools is sent where it is refused; the schema arrives, the answer is JSON as text."""
    led = stage.lead()
    shape = {"effort": "medium", "format": {"type": "json_schema", "schema": SCHEMA}}
    asked = claude.body(
        there,
        claude.said("Hello."),
        tools=[],
        thinking=None,
        context_management=None,
        output_config=shape,
    )
    message = claude.answered(claude.ask(stage, led, asked))
    assert at(led.body, SHAPES[there.dialect]) == SCHEMA
    assert there.dialect == MESSAGES or "tools" not in led.body
    (block,) = message.content
    assert block.type == "text"
    assert json.loads(block.text) == {"title": "fits"}


@over()
def test_case_15_marks_for_the_cache_are_anthropics(stage: Stage, there: There) -> None:
    """On system, on results and on calls they are kept for Anthropic, and sent to nobody else."""
    led = stage.lead()
    calls = ({**claude.use(1, command="ls"), **claude.MARK},)
    conversation = (
        claude.said("Hello."),
        {"role": "system", "content": claude.ENVIRONMENT},
        claude.used(*calls),
        claude.results(claude.result(1, "one.txt", **claude.MARK)),
    )
    asked = claude.body(there, *conversation)
    claude.answered(claude.ask(stage, led, asked))
    assert led.text.count("cache_control") == (4 if there.dialect == MESSAGES else 0)


@over()
def test_case_16_the_billing_header_is_for_anthropic(stage: Stage, there: There) -> None:
    """It changes from one conversation to the next, and so stands in no other provider's cached prefix."""
    led = stage.lead()
    claude.answered(claude.ask(stage, led, claude.body(there)))
    texts = arrived(there.dialect, led.request.body).system
    assert (texts[0] == claude.BILLING) == (there.dialect == MESSAGES)
    assert (claude.BILLING in led.text) == (there.dialect == MESSAGES)
    assert "You are an agent." in "".join(texts)


@over(CHAT)
def test_case_16_two_conversations_begin_alike(stage: Stage, there: There) -> None:
    """What is sent is the same but for the conversation: an automatic cache of prefixes finds it."""
    sent = []
    for suffix in ("2c8", "74f"):
        led = stage.lead()
        system = [{"type": "text", "text": claude.BILLING.replace("2c8", suffix)}, *claude.SYSTEM[1:]]
        claude.answered(claude.ask(stage, led, claude.body(there, system=system)))
        sent.append(led.text)
    assert sent[0] == sent[1]
