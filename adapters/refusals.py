"""Content that a provider's filter refuses, in the words of every provider that says so.

It is told from every other error because another provider may answer the same request. Found are codes and
sentences, as the providers write them today.
"""

import re
from typing import Final

# OpenAI and Azure, Alibaba, Z.ai, Google
CODE: Final = "content_filter"
_CODES: Final = frozenset(
    (
        *(CODE, "content_policy_violation", "ResponsibleAIPolicyViolation", "moderation_blocked"),
        *("data_inspection_failed", "DataInspectionFailed", "1301", "PROHIBITED_CONTENT"),
    )
)
# An error may quote the request: a sentence further on than this is not its own.
_LONGEST: Final = 2000
_WORDS: Final = re.compile(
    # Anthropic; OpenAI and Azure; xAI
    r"blocked by (?:the )?content filter|content management policy|as a result of our safety system"
    r"|violates? (?:our |the )?(?:usage|content) (?:guidelines|polic)|flagged as potentially violating"
    # DeepSeek, Moonshot, Alibaba; OpenRouter
    r"|Content Exists Risk|considered high risk|inappropriate content|requires moderation on",
    re.IGNORECASE,
)


def refused(message: str, code: str | None) -> bool:
    """Whether an error says that the content was refused, and not the request."""
    return code in _CODES or _WORDS.search(message[:_LONGEST]) is not None
