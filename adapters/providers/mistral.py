"""Mistral: a field it does not know is a 422, and the id of a call has nine letters and digits.

Source: its API reference, and what it answers to other fields and ids (2026).
"""

from adapters.conversation import Quirks
from adapters.provider import Family

_UNKNOWN = ("user", "seed", "logprobs", "top_logprobs", "logit_bias", "service_tier", "store", "metadata")

QUIRKS: tuple[Family, ...] = (
    (
        "*",
        Quirks(
            output_limit="max_tokens",
            hottest=1.5,
            system_turns=False,
            efforts=(),
            stream_usage=False,
            short_ids=True,
            refuses=frozenset(_UNKNOWN),
        ),
    ),
)
