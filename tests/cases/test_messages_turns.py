"""Cases 1 to 3: system turns among the messages of Claude Code reach every upstream, in their place."""

import pytest

from tests.cases import claude
from tests.cases.arrived import arrived
from tests.cases.stage import Stage, There, over
from tests.upstream.plan import CLOSING

LATER = "A job in the background has ended."


@over()
def test_case_01_a_system_turn_is_never_lost(stage: Stage, there: There) -> None:
    """As a list of blocks behind the first user turn it reaches the upstream, and nothing is refused."""
    led = stage.lead()
    message = claude.answered(
        claude.ask(stage, led, claude.body(there, claude.said("Hello."), claude.environment()))
    )
    assert message.content[-1].type == "text"
    assert message.content[-1].text == CLOSING
    assert claude.ENVIRONMENT in arrived(there.dialect, led.request.body).everything
    order = [led.text.find(words) for words in ("Be careful", "Hello.", "The working directory")]
    assert order[0] != -1
    assert order[1] < order[2]


@over()
def test_case_02_a_system_turn_of_text_with_its_own_effort(stage: Stage, there: There) -> None:
    """A string, and an effort for this turn alone: the text arrives, and the effort is no error."""
    led = stage.lead()
    turn = {"role": "system", "content": claude.ENVIRONMENT, "output_config": {"effort": "low"}}
    claude.answered(claude.ask(stage, led, claude.body(there, claude.said("Hello."), turn)))
    assert claude.ENVIRONMENT in arrived(there.dialect, led.request.body).everything
    if there.dialect != "anthropic-messages":
        assert "output_config" not in led.text


@pytest.mark.parametrize(
    "content", [LATER, [{"type": "text", "text": LATER, **claude.MARK}]], ids=["text", "blocks"]
)
@over()
def test_case_03_a_system_turn_behind_results(stage: Stage, there: There, content: object) -> None:
    """Results still directly follow their calls, which every strict provider insists on."""
    led = stage.lead()
    conversation = (
        claude.said("Hello."),
        claude.environment(),
        claude.used(claude.use(1, command="ls"), claude.use(2, command="pwd")),
        claude.results(claude.result(1, "one.txt", is_error=False), claude.result(2, "/srv/work")),
        {"role": "system", "content": content},
    )
    claude.answered(claude.ask(stage, led, claude.body(there, *conversation)))
    there_seen = arrived(there.dialect, led.request.body)
    assert [call.result for call in there_seen.calls.values()] == ["one.txt", "/srv/work"]
    assert LATER in there_seen.everything
    assert led.text.find("/srv/work", led.text.find("one.txt")) < led.text.find(LATER)
