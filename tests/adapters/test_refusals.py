"""Content that a filter refuses, in the words it is said in."""

import pytest

from adapters.refusals import refused

REFUSED = (
    ("Output blocked by content filtering policy", None),
    (
        "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
        None,
    ),
    ("no words of its own", "content_filter"),
    ("Your request was rejected as a result of our safety system.", "moderation_blocked"),
    ("Content violates usage guidelines. Team: x", None),
    ("Content Exists Risk", "invalid_request_error"),
    ("The request was rejected because it was considered high risk", None),
    ("Input data may contain inappropriate content.", "data_inspection_failed"),
    ("x requires moderation on OpenRouter. Your input was flagged", None),
)
OTHERS = (
    ("messages.1.role: Input should be 'user'", None),
    ("prompt is too long: 213104 tokens > 200000 maximum", "context_length_exceeded"),
    (" " * 3000 + "Content Exists Risk", None),
)


@pytest.mark.parametrize(("message", "code"), REFUSED)
def test_a_refusal_is_known(message: str, code: str | None) -> None:
    """By its words or by its code."""
    assert refused(message, code)


@pytest.mark.parametrize(("message", "code"), OTHERS)
def test_another_error_is_none(message: str, code: str | None) -> None:
    """What is wrong with a request, and what stands further on in one, is no refusal."""
    assert not refused(message, code)
