"""What an upstream's error says it does not take: a field of the body, a beta, a thing its model cannot do.

Found are sentences, as the providers write them. Only what is refused as such is a complaint: a value out of
its range, or a field that is missing, is the client's own affair. What comes of a complaint is decided
elsewhere (`spare.py`): an error may quote the request, so that nothing here may be trusted with content.
"""

import re
from typing import Final, Literal

import msgspec

Ability = Literal["tools", "vision", "pdf", "thinking", "structured"]

# An error may quote the request: a sentence further on than this is not its own.
_LONGEST: Final = 4000

# %field% is a path in quotes or without, %list% are several; all that a sentence finds is refused.
_NAME: Final = r"[\"'`]?[A-Za-z_][\w.\-]{0,99}[\"'`]?"
_PARTS: Final = {
    "%field%": r"[\"'`]?(?P<field>[A-Za-z_][\w.\-]{0,99})[\"'`]?",
    "%list%": rf"(?P<list>{_NAME}(?:, ?{_NAME}){{0,9}})",
    "%where%": r"[\"']?(?P<where>[\w.\[\]/]{1,99})[\"']?",
    "%parameter%": r"(?:parameter|argument|field|property)(?:s|\(s\))?",
    "%refused%": r"(?:not (?:supported|enabled)|unsupported|deprecated)",
    "%model%": r"(?:with|by|for|on) (?:this|the selected) model",
}


def _sentence(text: str) -> re.Pattern[str]:
    for name, part in _PARTS.items():
        text = text.replace(name, part)
    return re.compile(text, re.IGNORECASE)


_SENTENCES: Final = tuple(
    _sentence(sentence)
    for sentence in (
        # OpenAI, and all who say it after them; with what it goes by instead
        r"Unsupported value: %field% does not support '?(?P<value>[^' ]{1,60})'? %model%(?P<any>\. Only)?",
        r"Unsupported parameter: %field% is not supported %model%\. Use '(?P<instead>\w{1,60})' instead",
        r"(?:unknown|unsupported|unrecognized)(?: request)? %parameter%(?: supplied)?: (?:parameter )?%list%",
        # Anthropic and Bedrock; Fireworks and Z.ai
        r"(?<![\w.])%field%: Extra inputs are not permitted",
        r"Extra inputs are not permitted, field: %field%",
        # Mistral, vLLM, NVIDIA: the place as a list, in JSON or in Python, and as older ones draw it
        r"extra_forbidden['\"], ?['\"]loc['\"]: ?[\[(]['\"]body['\"], ?(?P<loc>[^\])]{1,200})[\])]",
        r"body -> (?P<drawn>[\w. >-]{1,99}?)\s+extra (?:inputs|fields)",
        # Gemini
        r"Unknown name \"(?P<field>\w{1,99})\"(?: at %where%)?: Cannot find field",
        # Groq, Cerebras; Bedrock
        r"(?:%where% : )?property %field% is %refused%",
        r"(?:#%where%?: )?extraneous key \[%field%\] is not permitted",
        # DeepSeek, LiteLLM; xAI; DeepSeek
        r"does not support (?:the )?%parameter%:? \[?%list%",
        r"Argument not supported on this model: %field%",
        r"unknown field [`'\"](?P<field>\w{1,99})[`'\"]",
        # Two that do not go together: Anthropic
        r"[`'\"](?P<beside>\w{1,60})[`'\"] and %field% cannot both be specified",
        # Groq, Anthropic
        r"[`'\"]?(?P<field>\w{2,90})[`'\"]? is %refused% %model%",
    )
)
_BETAS: Final = re.compile(
    r"Unexpected value\(s\) (?P<betas>`[^`]{1,200}`(?:, ?`[^`]{1,200}`){0,19}) for the `anthropic-beta`"
)
_ABILITIES: Final[tuple[tuple[Ability, re.Pattern[str]], ...]] = (
    # Ollama and DeepSeek, OpenRouter, Groq, Gemini
    ("tools", _sentence(r"does not support (?:tools|(?:tool|function) (?:use|calling))")),
    ("tools", _sentence(r"that support tool use|(?:tool|function) calling[`'\"]? is %refused%")),
    # OpenRouter, vLLM
    ("vision", _sentence(r"does not support (?:image|vision)|support image input|image input is %refused%")),
    ("vision", _sentence(r"is not a multimodal model")),
    ("pdf", _sentence(r"does not support (?:pdf|document)|that support file input")),
    # Ollama, Gemini
    ("thinking", _sentence(r"does not support thinking|thinking(?: budget| level)? is %refused%")),
    # DeepSeek, Groq
    ("structured", _sentence(r"does not support (?:structured outputs?|response format|json_schema)")),
    ("structured", _sentence(r"This response_format type is unavailable")),
)


class Named(msgspec.Struct, frozen=True):
    """A field of the body that is refused, by its path.

    `value`: only with this one. `beside`: only together with this other field. `instead`: what it goes by.
    """

    path: tuple[str, ...]
    value: str = ""
    beside: str = ""
    instead: str = ""


class Complaint(msgspec.Struct, frozen=True):
    """What is refused: fields, betas, or an ability the model does not have."""

    fields: tuple[Named, ...] = ()
    betas: tuple[str, ...] = ()
    ability: Ability | None = None


def read_complaint(message: str) -> Complaint | None:
    """Read an error's message; None where it refuses nothing as such."""
    text = message[:_LONGEST]
    betas = _BETAS.search(text)
    if betas is not None:
        return Complaint(betas=tuple(one.strip(" `") for one in betas["betas"].split(",")))
    ability = next((ability for ability, words in _ABILITIES if words.search(text)), None)
    if ability is not None:
        return Complaint(ability=ability)
    for sentence in _SENTENCES:
        found = tuple(named for match in sentence.finditer(text) for named in _named(match.groupdict()))
        if found:
            return Complaint(fields=found)
    return None


def _named(told: dict[str, str | None]) -> list[Named]:
    """The fields a sentence names, each by its path."""
    if listed := told.get("list"):
        return [Named(_path(one)) for one in listed.split(",")]
    if loc := told.get("loc"):
        return [Named(_path(loc.replace(",", ".")))]
    if drawn := told.get("drawn"):
        return [Named(_path(drawn.replace("->", ".")))]
    path = _path(f"{told.get('where') or ''}.{told['field']}")
    value = "" if told.get("any") else told.get("value") or ""
    return [Named(path, value, told.get("beside") or "", told.get("instead") or "")]


def _path(text: str) -> tuple[str, ...]:
    """The steps of a path, however they are joined and quoted."""
    return tuple(step for step in re.split(r"[.\[\]/\s\"'`]+", text) if step)
