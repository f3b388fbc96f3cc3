"""Keys taken out of text that is about to be shown: whatever looks like one, whoever issued it."""

import re
from typing import Final

SHAPES: Final = re.compile(
    r"""
      \b(?:sk|pk|rk|pst|gsk|xai|nvapi|hf|ghp|gho|github_pat|AIza|key)[-_][A-Za-z0-9_\-]{8,}
    | (?i:bearer)\s+[A-Za-z0-9._~+/=\-]{8,}
    | (?i:key|token|secret|password)=[^&\s"']{4,}
    """,
    re.VERBOSE,
)


def redact(text: str) -> str:
    """The text with everything that looks like a key replaced."""
    return SHAPES.sub("[redacted]", text)
