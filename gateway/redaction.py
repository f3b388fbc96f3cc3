"""Keys taken out of text that is about to be shown: whatever looks like one, whoever issued it."""

import re
from typing import Final

# What comes after a word of everyday text must look like no word: there is a digit in it. Looking ahead for
# one is bounded, so that no text takes long to search.
SHAPES: Final = re.compile(
    r"""
      \b(?:sk|pk|rk|pst|gsk|xai|nvapi|gh[opsu]|github_pat|glpat|xox[a-z])[-_][A-Za-z0-9_\-]{8,}
    | \b(?:hf|key)[-_](?=[A-Za-z_\-]{0,64}[0-9])[A-Za-z0-9_\-]{8,}
    | \b(?:AIza|AKIA|ASIA)[A-Za-z0-9_\-]{8,}
    | \beyJ[A-Za-z0-9_\-]{8,}(?:\.[A-Za-z0-9_\-]+)*
    | (?i:bearer)\s+[A-Za-z0-9._~+/=\-]{8,}
    | (?i:basic)\s+(?=[A-Za-z]{0,64}[0-9+/=])[A-Za-z0-9+/=]{8,}
    | (?i:key|token|secret|password)=[^&\s"']{4,}
    | (?i:key|token|secret|password)["']?:\s{0,4}["']?(?=[^\s"',}]{0,64}[0-9])[^\s"',}]{8,}
    | (?<=://)[^\s/@:]{0,64}:[^\s/@]{1,256}@
    """,
    re.VERBOSE,
)

# The same of bytes that may be an id as well, which has no spaces and no words.
ISSUED: Final = re.compile(
    rb"\b(?:(?:sk|pk|rk|pst|gsk|xai|nvapi|gh[opsu]|github_pat|glpat|xox[a-z])[-_]|AIza|AKIA|ASIA|eyJ)[\w-]{8}"
)


def looks_like_a_key(value: bytes) -> bool:
    """Whether somebody has put a key where an id belongs."""
    return ISSUED.search(value) is not None


def redact(text: str) -> str:
    """The text with everything that looks like a key replaced."""
    return SHAPES.sub("[redacted]", text)
