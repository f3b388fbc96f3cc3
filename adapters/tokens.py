"""How many tokens something probably is, without a tokenizer: bytes by kind of content.

The rates are round figures for the tokenizers of the day: English prose has about 4 bytes a token,
JSON and schemas 3.3, Chinese, Japanese and Korean about 1.5 characters. Nothing here raises for an
odd shape: what is not known counts by the length of its JSON.
"""

import re
from collections.abc import Callable, Mapping

import msgspec

Weigh = Callable[[dict[str, object]], float]

IMAGE = 1600.0
MESSAGE = 4.0  # the marks around one turn

_PROSE_BYTES = 4.0
_JSON_BYTES = 3.3
_WIDE_CHARACTERS = 1.5
# A page of a PDF is some 50 to 100 KB and reads as 2 000 to 3 000 tokens.
_DOCUMENT_BYTES = 25.0
_BASE64 = 0.75
# From the CJK radicals on: scripts and signs that take about a token each.
_WIDE = re.compile("[\u2e80-\uffff\U00010000-\U0010ffff]")
_ENCODE = msgspec.json.Encoder().encode


def weigh_text(text: object) -> float:
    """Weigh prose; anything but a string counts as JSON."""
    if not isinstance(text, str):
        return weigh_json(text)
    if text.isascii():
        return len(text) / _PROSE_BYTES
    wide = len(_WIDE.findall(text))
    narrow = len(_WIDE.sub("", text).encode("utf-8", "replace"))
    return wide / _WIDE_CHARACTERS + narrow / _PROSE_BYTES


def weigh_json(value: object) -> float:
    """Weigh JSON: tools, schemas, arguments and everything that is not known; nothing weighs nothing."""
    if value is None:
        return 0.0
    return len(_ENCODE(value)) / _JSON_BYTES


def weigh_base64(data: object) -> float:
    """Weigh a document or a sound by its size, not as text."""
    return len(data) * _BASE64 / _DOCUMENT_BYTES if isinstance(data, str) else weigh_json(data)


def weigh_content(content: object, kinds: Mapping[str, Weigh]) -> float:
    """Weigh a content: a string, or blocks weighed by a dialect's table of kinds."""
    if not isinstance(content, list):
        return weigh_text(content)
    return sum(_weigh_block(block, kinds) for block in content)


def _weigh_block(block: object, kinds: Mapping[str, Weigh]) -> float:
    if not isinstance(block, dict):
        return weigh_text(block)
    kind = block.get("type")
    return kinds.get(kind, weigh_json)(block) if isinstance(kind, str) else weigh_json(block)


def estimate_with(weigh: Weigh, body: bytes) -> int:
    """Weigh a request body with a dialect's function; a body that cannot be read counts by its length."""
    try:
        document = msgspec.json.decode(body, type=dict[str, object])
        return max(1, round(weigh(document)))
    except (ValueError, RecursionError):
        return max(1, round(len(body) / _JSON_BYTES))
