"""A conversation that is too long, in the words of every provider that says so.

Clients recover from it (they shorten, or ask for less) when they hear it in the words of their own API, so it
has to be told from every other error, with its numbers. Found are sentences, as the providers write them
today; codes, which say it without numbers; and the fields llama.cpp adds.
"""

import re
from collections.abc import Mapping
from typing import Final

import msgspec

CODE: Final = "context_length_exceeded"
_CODES: Final = frozenset((CODE, "exceed_context_size_error", "tokens_limit_reached", "1261"))
# An error may quote the request: a sentence further on than this is not its own.
_LONGEST: Final = 4000

# The more a sentence tells, the earlier it stands: tokens of the input, the maximum, the output asked for,
# and input and output together.
_SENTENCES: Final = tuple(
    re.compile(re.sub(r"<(\w+)>", r"(?P<\1>\\d{1,12})", sentence), re.IGNORECASE | re.DOTALL)
    for sentence in (
        # Anthropic, Fireworks
        r"input length and `?max_tokens`? exceed context limit: <tokens> \+ <output> > <maximum>",
        r"prompt is too long: <tokens>(?: tokens >|, model maximum context length:) <maximum>",
        # vLLM, SGLang
        r"too large: <output>\..{1,60}? is <maximum> tokens and your request has <tokens> input tokens",
        r"length of <maximum> tokens\..{1,60}?: <tokens> tokens from the input .{1,40}? <output> tokens for",
        r"prompt \(length <tokens>\) is longer than the maximum model length of <maximum>",
        # OpenAI, and all who say it after them
        r"context length is <maximum> tokens.{1,60}? <all> tokens.{1,200}? <output> in the (?:comp|outp)",
        r"context length is <maximum> tokens[.,] however, .{1,60}? <tokens> (?:input )?tokens",
        r"configured limit of <maximum> tokens\. Your messages resulted in <tokens> tokens",
        # Text Generation Inference, Gemini, xAI, Mistral
        r"must be <= <maximum>\. Given: <tokens> `inputs` tokens and <output> `max_new_tokens`",
        r"token count(?: \(<tokens>\))? exceeds the maximum number of tokens allowed \(?<maximum>",
        r"maximum prompt length is <maximum> but the request contains <tokens> tokens",
        r"contains <tokens> tokens.{0,60}? too large for model with <maximum> maximum context length",
        # GitHub Copilot, Moonshot, Together, Cerebras, and gateways
        r"prompt token count of <tokens> exceeds the limit of <maximum>",
        r"exceeded model token limit: <maximum>(?: \(requested: <tokens>\))?",
        r"\(<tokens> tokens\) is longer than the model's context length \(<maximum> tokens\)",
        r"current length is <tokens> while limit is <maximum>",
        r"input length \(?<tokens>\)? exceeds .{1,50}? length (?:of |\()<maximum>",
        r"prompt has <tokens> tokens, but the configured context size is <maximum>",
        # llama.cpp, LM Studio, GitHub Models, Qwen
        r"\(<tokens> tokens\) exceeds the available context size \(<maximum> tokens\)",
        r"first <tokens> tokens when context the overflows.{1,80}? length of only <maximum> tokens",
        r"too large for .{1,80}? model\. Max size: <maximum> tokens",
        r"range of input length should be \[\d+, <maximum>\]",
        # Without the input, and without any number: Groq, MiniMax, Ollama, Bedrock, Z.ai and the rest
        r"maximum context length (?:is|of) <maximum>",
        r"(?:exceeds|longer than|greater than) the (?:model's |available )?context",
        r"context window exceeds limit|reduce the length of the messages|prompt (?:is )?too long",
        r"input is too long for requested model|prompt exceeds max length",
        r"context[_ ](?:length|window)[_ ]exceeded",
    )
)


class Overflow(msgspec.Struct, frozen=True, gc=False):
    """The tokens a conversation had, the most it may have, and the output asked for; None: not said."""

    tokens: int | None = None
    maximum: int | None = None
    output: int | None = None

    @property
    def for_output(self) -> bool:
        """Whether the conversation itself fits: a smaller limit of the output is all that is needed."""
        told = self.tokens is not None and self.maximum is not None and self.output is not None
        return told and (self.tokens or 0) < (self.maximum or 0)


def found(
    message: str, code: str | None = None, details: Mapping[str, object] | None = None
) -> Overflow | None:
    """Find in an error that a conversation was too long; `details` are fields beside its message."""
    text = message[:_LONGEST]
    match = next((match for sentence in _SENTENCES if (match := sentence.search(text))), None)
    if match is None and code not in _CODES:
        return None
    told = {name: int(value) for name, value in match.groupdict().items() if value} if match else {}
    if "all" in told:
        told["tokens"] = told.pop("all") - told["output"]
    for name, field in (("tokens", "n_prompt_tokens"), ("maximum", "n_ctx")):
        value = (details or {}).get(field)
        if isinstance(value, int):
            told.setdefault(name, value)
    return Overflow(**told)
