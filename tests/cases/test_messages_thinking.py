"""Case 17: thoughts that come back with the next turn, whoever had them."""

import json
from typing import Any

import pytest

from tests.cases import claude
from tests.cases.arrived import arrived
from tests.cases.stage import CHAT, GEMINI, MESSAGES, OLLAMA, RESPONSES, UPSTREAMS, Stage, There, over
from tests.path.client import Reply
from tests.upstream.memory import Memory
from tests.upstream.plan import Call, Turn

THOUGHT = "One file is easily made by a command."
TURN = Turn((Call("Bash", {"command": "ls"}),), "First a command.", THOUGHT)
SHOWN = {"type": "adaptive", "display": "updates"}
# Who hands out signatures at all.
SIGNERS = (MESSAGES, RESPONSES, GEMINI)
CHANGES = [(one, other) for one in UPSTREAMS for other in UPSTREAMS if one is not other]


def blocks(reply: Reply) -> list[dict[str, Any]]:
    """The content of a reply as a client sends it back."""
    content = [block.model_dump(exclude_none=True) for block in claude.answered(reply).content]
    return [{key: value for key, value in block.items() if key != "caller"} for block in content]


def second(there: There, content: list[dict[str, Any]], *, stream: bool = True) -> dict[str, Any]:
    """The turn behind a first one: its content as it came, and the results of its calls."""
    uses = [block for block in content if block["type"] == "tool_use"]
    answers = [{"type": "tool_result", "tool_use_id": use["id"], "content": "one.txt"} for use in uses]
    return claude.body(
        there,
        claude.said("Hello."),
        {"role": "system", "content": claude.ENVIRONMENT},
        {"role": "assistant", "content": content},
        {"role": "user", "content": answers},
        thinking=SHOWN,
        stream=stream,
    )


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
@over()
def test_case_17_a_thought_goes_back_to_who_had_it(stage: Stage, there: There, *, stream: bool) -> None:
    """With the signature it was handed out with, where it was; nothing is refused."""
    led = stage.lead(TURN)
    first = claude.body(there, thinking=SHOWN, stream=stream)
    content = blocks(claude.ask(stage, led, first))
    assert content[0]["type"] == "thinking"
    claude.answered(claude.ask(stage, led, second(there, content, stream=stream)))
    what = arrived(there.dialect, led.request.body)
    if there.dialect in SIGNERS:
        assert what.signatures == led.provider.memory.signatures[:1]
    assert [call.result for call in what.calls.values()] == ["one.txt"]


@pytest.mark.parametrize(
    ("before", "there"), CHANGES, ids=[f"{one.dialect} to {other.dialect}" for one, other in CHANGES]
)
def test_case_17_a_thought_of_somebody_else(stage: Stage, before: There, there: There) -> None:
    """After a change of provider no foreign signature is shown to the new one, and nothing is refused."""
    first, then = stage.lead(TURN, memory=Memory()), stage.lead(TURN, memory=Memory())
    content = blocks(claude.ask(stage, first, claude.body(before, thinking=SHOWN)))
    claude.answered(claude.ask(stage, then, second(there, content)))
    handed = first.provider.memory.signatures
    assert not [signature for signature in handed if signature in then.text]
    assert not [block for block in content if block.get("signature") and block["signature"] in then.text]


@pytest.mark.parametrize("signature", ["", "ZmFrZS1zaWduYXR1cmU="], ids=["none", "unknown"])
@over(CHAT, RESPONSES, GEMINI, OLLAMA)
def test_case_17_a_thought_that_nobody_signed(stage: Stage, there: There, signature: str) -> None:
    """Without a signature, or with one of Anthropic's, it is no error."""
    thought = {"type": "thinking", "thinking": THOUGHT, "signature": signature}
    led = stage.lead(TURN)
    content = [thought, {"type": "text", "text": "First a command."}, claude.use(1, command="ls")]
    claude.answered(claude.ask(stage, led, second(there, content)))
    assert not signature or signature not in json.dumps(led.body)
