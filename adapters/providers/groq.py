"""Groq: a thinking model knows efforts of its own family, the rest none; a schema is not for every model.

Source: its page on compatibility with OpenAI, which lists the fields that are a 400 (November 2026).
"""

from typing import Literal

from adapters.conversation import Effort, Quirks
from adapters.provider import Family

_REFUSED = frozenset(("logprobs", "top_logprobs", "logit_bias", "service_tier"))


def _groq(*efforts: Effort, most_tokens: int | None = None, schema: bool = False) -> Quirks:
    formats: Literal["schema", "object"] = "schema" if schema else "object"
    return Quirks(efforts=efforts, most_tokens=most_tokens, formats=formats, refuses=_REFUSED)


QUIRKS: tuple[Family, ...] = (
    ("openai/gpt-oss*", _groq("low", "medium", "high", most_tokens=65_536, schema=True)),
    ("qwen/qwen3*", _groq("none", most_tokens=40_960)),
    ("llama-3.3-70b*", _groq(most_tokens=32_768)),
    ("meta-llama/llama-4*", _groq(most_tokens=8192, schema=True)),
    ("moonshotai/kimi-k2*", _groq(most_tokens=16_384, schema=True)),
    ("*", _groq()),
)
