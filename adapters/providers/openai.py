"""OpenAI's models: which efforts each family knows, what a thinking one refuses, how much it writes.

Source: the reference of Chat Completions, and the errors of its models (November 2026).
"""

from adapters.conversation import Effort, Quirks
from adapters.provider import Family

_USUAL: tuple[Effort, ...] = ("low", "medium", "high")
_PENALTIES = ("presence_penalty", "frequency_penalty", "logit_bias", "stop")
_DRAWN = ("temperature", "top_p", "logprobs", "top_logprobs")


def _speaks(most_tokens: int) -> Quirks:
    """A model that does not think."""
    return Quirks(efforts=(), most_tokens=most_tokens, cache_key=True, shared_settings=True)


def _thinks(*efforts: Effort) -> Quirks:
    """A model that thinks, and draws as it likes when it does."""
    refused = frozenset(_PENALTIES if "none" in efforts else _PENALTIES + _DRAWN)
    return Quirks(
        efforts=efforts,
        most_tokens=128_000,
        refuses=refused,
        sampling_beside_thinking=False,
        cache_key=True,
        shared_settings=True,
    )


_FIRST_THINKERS = Quirks(
    most_tokens=100_000,
    refuses=frozenset((*_PENALTIES, *_DRAWN, "parallel_tool_calls")),
    cache_key=True,
    shared_settings=True,
)

QUIRKS: tuple[Family, ...] = (
    ("gpt-5*-chat*", _speaks(16_384)),
    ("gpt-5-pro*", _thinks("high")),
    ("gpt-5.*-pro*", _thinks("medium", "high", "xhigh")),
    ("gpt-5.1-codex-max*", _thinks(*_USUAL, "xhigh")),
    ("gpt-5-codex*", _thinks(*_USUAL)),
    ("gpt-5.1-codex*", _thinks(*_USUAL)),
    ("gpt-5.*-codex*", _thinks(*_USUAL, "xhigh")),
    ("gpt-5.1*", _thinks("none", *_USUAL)),
    ("gpt-5.*", _thinks("none", *_USUAL, "xhigh")),
    ("gpt-5*", _thinks("minimal", *_USUAL)),
    ("o[134]*", _FIRST_THINKERS),
    ("*gpt-4o*", _speaks(16_384)),
    ("*gpt-4.1*", _speaks(32_768)),
    ("gpt-4*", _speaks(4096)),
    ("gpt-3.5*", _speaks(4096)),
)
