"""How a provider of openai-chat is asked to think: OpenAI has one field for it, and others have their own.

An effort that a model does not know becomes the nearest one it knows. What of an effort or a budget has no
place is told as lost.
"""

from collections.abc import Callable

from adapters.conversation import Effort, Quirks, Reasoning
from adapters.conversation_settings import effort_for

Json = dict[str, object]
Asked = tuple[Json, bool]


def asked(reasoning: Reasoning, quirks: Quirks) -> Asked:
    """Return the fields that ask for thinking, and whether an effort or a budget is lost."""
    return _WAYS[quirks.reasoning](reasoning, effort_for(reasoning, quirks.efforts))


def _by_effort(reasoning: Reasoning, effort: Effort | None) -> Asked:
    """OpenAI: `reasoning_effort`."""
    if effort is None:
        return {}, bool(reasoning.effort or reasoning.budget)
    return {"reasoning_effort": effort}, False


def _by_object(reasoning: Reasoning, effort: Effort | None) -> Asked:
    """OpenRouter: `reasoning`, which takes an effort or a budget and finds the model's own way."""
    if reasoning.budget is not None:
        return {"reasoning": {"max_tokens": reasoning.budget}}, False
    if effort is not None:
        return {"reasoning": {"effort": effort}}, False
    return {"reasoning": {"enabled": True}}, reasoning.effort is not None


def _by_switch(reasoning: Reasoning, _effort: Effort | None) -> Asked:
    """Qwen: `enable_thinking`, and a budget."""
    off = reasoning.effort == "none"
    fields: Json = {"enable_thinking": not off} if off or reasoning.thinks else {}
    if reasoning.budget is not None:
        fields["thinking_budget"] = reasoning.budget
    return fields, not off and reasoning.effort is not None


def _by_type(reasoning: Reasoning, effort: Effort | None) -> Asked:
    """DeepSeek, Moonshot, Z.ai: `thinking` is enabled or disabled; newer models take an effort beside it."""
    if reasoning.effort == "none":
        return {"thinking": {"type": "disabled"}}, False
    fields: Json = {"thinking": {"type": "enabled"}} if reasoning.thinks else {}
    if effort is not None:
        return {**fields, "reasoning_effort": effort}, False
    return fields, bool(reasoning.effort or reasoning.budget)


_WAYS: dict[str, Callable[[Reasoning, Effort | None], Asked]] = {
    "effort": _by_effort,
    "object": _by_object,
    "switch": _by_switch,
    "type": _by_type,
}
