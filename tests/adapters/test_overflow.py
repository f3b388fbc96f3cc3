"""A conversation that is too long, said by every provider in its own words, and told in the client's."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.fault import Fault, FaultKind, client_status, recognised
from adapters.overflow import CODE, Overflow, found
from adapters.table import DIALECTS

ANTHROPIC, CHAT = DIALECTS["anthropic-messages"], DIALECTS["openai-chat"]

# Who says it, in which words, and what can be read of them: input, maximum, output.
SENTENCES: list[tuple[str, str, tuple[int | None, int | None, int | None]]] = [
    ("Anthropic", "prompt is too long: 213462 tokens > 200000 maximum", (213462, 200000, None)),
    (
        "Anthropic, for the output",
        (
            "input length and `max_tokens` exceed context limit: 188240 + 21333 > 200000, decrease input "
            "length or "
            "`max_tokens` and try again"
        ),
        (188240, 200000, 21333),
    ),
    (
        "OpenAI",
        (
            "This model's maximum context length is 8192 tokens. However, your messages resulted "
            "in 8545 tokens. "
            "Please reduce the length of the messages."
        ),
        (8545, 8192, None),
    ),
    (
        "OpenAI, with the output",
        (
            "This model's maximum context length is 65536 tokens. However, you requested 70214 tokens (62022 "
            "in the "
            "messages, 8192 in the completion). Please reduce the length of the messages or completion."
        ),
        (62022, 65536, 8192),
    ),
    (
        "OpenAI, with functions",
        (
            "This model's maximum context length is 16385 tokens. However, you requested 17000 tokens (12000 "
            "in the "
            "messages, 904 in the functions, and 4096 in the completion). Please reduce the length."
        ),
        (12904, 16385, 4096),
    ),
    ("OpenAI, of Responses", "Your input exceeds the context window of this model.", (None, None, None)),
    (
        "OpenAI, configured",
        "Input tokens exceed the configured limit of 272000 tokens. Your messages resulted in 509178 tokens.",
        (509178, 272000, None),
    ),
    (
        "OpenRouter",
        (
            "This endpoint's maximum context length is 131072 tokens. However, you requested about "
            "140213 tokens "
            "(132021 of text input, 8192 in the output). Please reduce the length of either one."
        ),
        (132021, 131072, 8192),
    ),
    (
        "vLLM",
        "This model's maximum context length is 40960 tokens. However, your request has 50000 input tokens.",
        (50000, 40960, None),
    ),
    (
        "vLLM, for the output",
        (
            "'max_tokens' or 'max_completion_tokens' is too large: 32000. This model's maximum "
            "context length is "
            "40960 tokens and your request has 20000 input tokens (32000 > 40960 - 20000)."
        ),
        (20000, 40960, 32000),
    ),
    (
        "vLLM, of a prompt",
        "The decoder prompt (length 5000) is longer than the maximum model length of 4096.",
        (5000, 4096, None),
    ),
    (
        "SGLang",
        (
            "Requested token count exceeds the model's maximum context length of 131072 tokens. "
            "You requested a "
            "total of 140000 tokens: 108000 tokens from the input messages and 32000 tokens for "
            "the completion."
        ),
        (108000, 131072, 32000),
    ),
    ("SGLang, in short", "exceeds the model's maximum context length of 131072 tokens", (None, 131072, None)),
    (
        "Gemini",
        "The input token count (1196265) exceeds the maximum number of tokens allowed (1048575).",
        (1196265, 1048575, None),
    ),
    (
        "Gemini, without the count",
        "The input token count exceeds the maximum number of tokens allowed 1048576.",
        (None, 1048576, None),
    ),
    (
        "xAI",
        "This model's maximum prompt length is 131072 but the request contains 537812 tokens.",
        (537812, 131072, None),
    ),
    (
        "Mistral",
        (
            "Prompt contains 40046 tokens and 0 draft tokens, too large for model with 32768 maximum context "
            "length"
        ),
        (40046, 32768, None),
    ),
    ("Groq", "Please reduce the length of the messages or completion.", (None, None, None)),
    (
        "Cerebras",
        "Please reduce the length of the messages or completion. Current length is 9000 while limit is 8192",
        (9000, 8192, None),
    ),
    (
        "Together",
        "The input (300 tokens) is longer than the model's context length (200 tokens).",
        (300, 200, None),
    ),
    (
        "Fireworks",
        "The prompt is too long: 140000, model maximum context length: 131071",
        (140000, 131071, None),
    ),
    (
        "Text Generation Inference",
        (
            "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: "
            "4000 `inputs` "
            "tokens "
            "and 512 `max_new_tokens`"
        ),
        (4000, 4096, 512),
    ),
    (
        "Moonshot",
        "Your request exceeded model token limit: 262144 (requested: 300000)",
        (300000, 262144, None),
    ),
    (
        "Moonshot, in short",
        "Invalid request: Your request exceeded model token limit: 8192",
        (None, 8192, None),
    ),
    ("MiniMax", "invalid params, context window exceeds limit", (None, None, None)),
    ("Z.ai", "Prompt exceeds max length", (None, None, None)),
    ("Qwen", "Range of input length should be [1, 129024]", (None, 129024, None)),
    ("GitHub Models", "Request body too large for gpt-4o model. Max size: 8000 tokens.", (None, 8000, None)),
    ("GitHub Copilot", "prompt token count of 200000 exceeds the limit of 128000", (200000, 128000, None)),
    ("Bedrock", "Input is too long for requested model.", (None, None, None)),
    ("llama.cpp", "the request exceeds the available context size, try increasing it", (None, None, None)),
    (
        "llama.cpp, with numbers",
        "request (9001 tokens) exceeds the available context size (8192 tokens), try increasing it",
        (9001, 8192, None),
    ),
    (
        "LM Studio",
        "The number of tokens to keep from the initial prompt is greater than the context length.",
        (None, None, None),
    ),
    (
        "LM Studio, with numbers",
        (
            "Trying to keep the first 9000 tokens when context the overflows. However, the model "
            "is loaded with "
            "context length of only 4096 tokens, which is not enough."
        ),
        (9000, 4096, None),
    ),
    ("Ollama", "prompt too long; exceeded max context length by 4 tokens", (None, None, None)),
    (
        "a gateway",
        "Input length (265330) exceeds model's maximum context length (262144).",
        (265330, 262144, None),
    ),
    (
        "another gateway",
        "Input length 300000 exceeds the maximum allowed input length of 262144 tokens.",
        (300000, 262144, None),
    ),
    (
        "a router",
        "Prompt has 5000 tokens, but the configured context size is 4096 tokens",
        (5000, 4096, None),
    ),
    ("a library", "ContextWindowExceeded: context_window_exceeded", (None, None, None)),
]
OTHERS = [
    "Rate limit reached for gpt-4o on tokens per min (TPM): Limit 30000, Used 29000, Requested 2000.",
    (
        "Request too large for model `x` on tokens per minute (TPM): Limit 6000, Requested 7000, "
        "please reduce "
        "your "
        "message size and try again."
    ),
    "messages.1.role: must be `user` or `assistant`",
    "max_tokens: 64000 > 32000, which is the maximum allowed number of output tokens for this model",
    "Invalid 'user': string too long. Expected a string with maximum length 64.",
    "Overloaded",
    "",
]


@pytest.mark.parametrize(
    ("message", "told"), [row[1:] for row in SENTENCES], ids=[row[0] for row in SENTENCES]
)
def test_every_providers_words_are_known(
    message: str, told: tuple[int | None, int | None, int | None]
) -> None:
    """The sentence is found, in any case and with words around it, and its numbers are read."""
    assert found(message) == Overflow(*told)
    assert found(f"400 Bad Request: {message.upper()}\nrequest id 77") == Overflow(*told)


@pytest.mark.parametrize("message", OTHERS)
def test_other_errors_are_not_taken_for_it(message: str) -> None:
    """Limits of rate, of the output and of other fields are none of a conversation's length."""
    assert found(message) is None


@pytest.mark.parametrize("code", [CODE, "exceed_context_size_error", "tokens_limit_reached", "1261"])
def test_a_code_alone_says_it(code: str) -> None:
    """Where the words are unknown the code is enough, and no number is."""
    assert found("no words we know", code) == Overflow()
    assert found("no words we know", "another_code") is None


def test_fields_beside_the_message_give_the_numbers() -> None:
    """What llama.cpp says beside its sentence is read; what the sentence says itself goes first."""
    fields = {"n_prompt_tokens": 9001, "n_ctx": 8192}
    assert found("too much", "exceed_context_size_error", fields) == Overflow(9001, 8192)
    assert found("prompt is too long: 3 tokens > 2 maximum", None, fields) == Overflow(3, 2)
    assert found("too much", CODE, {"n_ctx": "many"}) == Overflow()


def test_what_an_error_quotes_far_below_is_not_its_own() -> None:
    """A request that speaks of long prompts, quoted in an error, makes no overflow of it."""
    assert found("x" * 4000 + "prompt is too long") is None


@given(st.text(max_size=200), st.integers(0, 10**15))
def test_any_text_is_read_without_harm(text: str, number: int) -> None:
    """Nothing that a provider may say raises an error."""
    said = found(f"{text} maximum context length is {number} tokens{text}")
    assert said is None or said.tokens is None or said.tokens <= 10**12


MAY: dict[FaultKind, bool] = {
    "invalid_request": True,
    "too_large": True,
    "internal": True,
    "upstream": True,
    "rate_limited": False,
    "overloaded": False,
    "authentication": False,
    "billing": False,
}


@pytest.mark.parametrize(("kind", "may"), MAY.items())
def test_only_errors_about_the_request_become_one(kind: FaultKind, *, may: bool) -> None:
    """A 500 of a box that is out of context is the request's fault; a full rate limit never is."""
    fault = Fault(kind, 500, "prompt is too long: 3 tokens > 2 maximum")
    known = Fault("invalid_request", 400, fault.message, CODE, overflow=Overflow(3, 2))
    assert recognised(fault) == (known if may else fault)


# What is known, and what clients of the two dialects are told.
WORDS: dict[str, tuple[Overflow, str, str]] = {
    "27: all": (
        Overflow(213462, 200000),
        "prompt is too long: 213462 tokens > 200000 maximum",
        (
            "This model's maximum context length is 200000 tokens. However, your messages resulted in 213462 "
            "tokens. "
            "Please reduce the length of the messages."
        ),
    ),
    "the output is too much": (
        Overflow(62022, 65536, 8192),
        (
            "input length and `max_tokens` exceed context limit: 62022 + 8192 > 65536, decrease "
            "input length or "
            "`max_tokens` and try again"
        ),
        (
            "This model's maximum context length is 65536 tokens. However, you requested 70214 tokens (62022 "
            "in the "
            "messages, 8192 in the completion). Please reduce the length of the messages or completion."
        ),
    ),
    "the input is too much even without the output": (
        Overflow(70000, 65536, 8192),
        "prompt is too long: 70000 tokens > 65536 maximum",
        (
            "This model's maximum context length is 65536 tokens. However, you requested 78192 tokens (70000 "
            "in the "
            "messages, 8192 in the completion). Please reduce the length of the messages or completion."
        ),
    ),
    "only the maximum": (
        Overflow(None, 8192),
        "prompt is too long: more than the 8192 tokens the model takes",
        (
            "Your input exceeds the context window of this model of 8192 tokens. Please adjust "
            "your input and "
            "try "
            "again."
        ),
    ),
    "nothing": (
        Overflow(),
        "prompt is too long: more than what the model takes",
        "Your input exceeds the context window of this model. Please adjust your input and try again.",
    ),
}


@pytest.mark.parametrize(("overflow", "anthropic", "openai"), WORDS.values(), ids=WORDS)
def test_clients_hear_it_in_the_words_they_recover_from(
    overflow: Overflow, anthropic: str, openai: str
) -> None:
    """Claude Code reads the sentence, clients of OpenAI the code; each finds what it looks for."""
    fault = Fault("invalid_request", 400, "words of another", CODE, overflow=overflow)
    told = json.loads(ANTHROPIC.write_error(fault, "req_7"))
    assert told["error"] == {"type": "invalid_request_error", "message": anthropic}
    told = json.loads(CHAT.write_error(fault, "req_7"))
    words = {"message": openai, "type": "invalid_request_error", "param": "messages", "code": CODE}
    assert told["error"] == words
    assert [client_status(name, fault) for name in DIALECTS] == [400] * len(DIALECTS)


@pytest.mark.parametrize(("overflow", "anthropic", "openai"), WORDS.values(), ids=WORDS)
def test_what_is_told_is_found_again(overflow: Overflow, anthropic: str, openai: str) -> None:
    """Another gateway behind this one reads the same numbers from either wording."""
    assert found(openai) in (overflow, Overflow())
    if overflow.tokens is not None:
        assert found(anthropic) == (
            overflow if overflow.for_output else Overflow(overflow.tokens, overflow.maximum)
        )
    assert re.search("prompt is too long|exceed context limit", anthropic)


def test_a_providers_error_reaches_the_other_dialects_client_whole() -> None:
    """27: an OpenAI body in, Claude Code's sentence out, and the other way round."""
    said = {"error": {"message": SENTENCES[2][1], "type": "invalid_request_error", "code": CODE}}
    fault = CHAT.read_error(400, json.dumps(said).encode())
    assert fault
    assert b"prompt is too long: 8545 tokens > 8192 maximum" in ANTHROPIC.write_error(fault, "r")
    body = {"type": "error", "error": {"type": "invalid_request_error", "message": SENTENCES[0][1]}}
    fault = ANTHROPIC.read_error(400, json.dumps(body).encode())
    assert fault
    assert json.loads(CHAT.write_error(fault, "r"))["error"]["code"] == CODE
