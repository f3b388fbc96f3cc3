"""Which quirks a model has: found by its provider, the dialect it is spoken to in, and its name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.conversation import PLAIN, Effort
from adapters.quirks import quirks_for
from adapters.table import DIALECTS, PROVIDERS

CHAT, MESSAGES = "openai-chat", "anthropic-messages"

# A provider's model, and the efforts it knows.
EFFORTS: list[tuple[str, str, tuple[Effort, ...]]] = [
    ("openai", "gpt-4o-mini", ()),
    ("openai", "gpt-4.1", ()),
    ("openai", "gpt-4-turbo", ()),
    ("openai", "gpt-3.5-turbo", ()),
    ("openai", "ft:gpt-4o-2024-08-06:us::x", ()),
    ("openai", "chatgpt-4o-latest", ()),
    ("openai", "gpt-5-chat-latest", ()),
    ("openai", "gpt-5.1-chat-latest", ()),
    ("openai", "o1", ("low", "medium", "high")),
    ("openai", "o3-mini", ("low", "medium", "high")),
    ("openai", "o4-mini-2025-04-16", ("low", "medium", "high")),
    ("openai", "gpt-5", ("minimal", "low", "medium", "high")),
    ("openai", "gpt-5-mini-2025-08-07", ("minimal", "low", "medium", "high")),
    ("openai", "gpt-5-pro", ("high",)),
    ("openai", "gpt-5-codex", ("low", "medium", "high")),
    ("openai", "gpt-5.1", ("none", "low", "medium", "high")),
    ("openai", "gpt-5.1-codex", ("low", "medium", "high")),
    ("openai", "gpt-5.1-codex-max", ("low", "medium", "high", "xhigh")),
    ("openai", "gpt-5.2", ("none", "low", "medium", "high", "xhigh")),
    ("openai", "gpt-5.2-pro", ("medium", "high", "xhigh")),
    ("openai", "gpt-5.3-codex", ("low", "medium", "high", "xhigh")),
    ("openai", "gpt-5.5", ("none", "low", "medium", "high", "xhigh")),
    ("openai", "something-new", PLAIN.efforts),
    ("github", "openai/gpt-5", ("minimal", "low", "medium", "high")),
    ("github", "openai/gpt-4o", ()),
    ("github", "meta/llama-4-scout", ()),
    ("groq", "openai/gpt-oss-20b", ("low", "medium", "high")),
    ("groq", "qwen/qwen3-32b", ("none",)),
    ("groq", "llama-3.3-70b-versatile", ()),
    ("cerebras", "gpt-oss-120b", ("low", "medium", "high")),
    ("cerebras", "qwen-3-32b", ()),
    ("xai", "grok-4", ()),
    ("xai", "grok-4-fast-non-reasoning", ()),
    ("xai", "grok-3", ()),
    ("xai", "grok-3-mini", ("low", "high")),
    ("xai", "grok-4.3", ("none", "low", "medium", "high")),
    ("deepseek", "deepseek-v4-pro", ("high", "max")),
    ("moonshot", "kimi-k3", ("low", "high", "max")),
    ("moonshot", "kimi-k2.6", ()),
    ("openrouter", "anthropic/claude-opus-5-5", ("none", "minimal", "low", "medium", "high", "xhigh")),
    ("together", "openai/gpt-oss-120b", ("low", "medium", "high")),
    ("together", "meta-llama/Llama-3.3-70B-Instruct-Turbo", ()),
    ("perplexity", "sonar-deep-research", ("low", "medium", "high")),
    ("perplexity", "sonar-pro", ()),
    ("mistral", "mistral-large-latest", ()),
]


@pytest.mark.parametrize(("provider", "model", "efforts"), EFFORTS)
def test_every_family_knows_its_own_efforts(provider: str, model: str, efforts: tuple[Effort, ...]) -> None:
    """A model is asked for an effort it knows, and for none where it would refuse the field."""
    assert quirks_for(provider, CHAT, model).efforts == efforts


# Claude: how it is asked to think, the most it writes, whether it may be told how to draw.
CLAUDES: list[tuple[str, str, int | None, bool]] = [
    ("claude-3-haiku-20240307", "none", 4096, True),
    ("claude-3-opus-20240229", "none", 4096, True),
    ("claude-3-5-sonnet-20241022", "none", 8192, True),
    ("claude-3-7-sonnet-20250219", "budget", 64_000, True),
    ("claude-opus-4-20250514", "budget", 32_000, True),
    ("claude-opus-4-0", "budget", 32_000, True),
    ("claude-opus-4-1-20250805", "budget", 32_000, True),
    ("claude-sonnet-4-20250514", "budget", 64_000, True),
    ("claude-sonnet-4-5", "budget", 64_000, True),
    ("claude-haiku-4-5-20251001", "budget", 64_000, True),
    ("claude-opus-4-5", "budget", 64_000, True),
    ("claude-opus-4-6", "adaptive", 128_000, True),
    ("claude-sonnet-4-6", "adaptive", 64_000, True),
    ("claude-opus-4-7", "always", None, False),
    ("claude-opus-5-5", "always", None, False),
    ("claude-sonnet-5", "always", None, False),
]


@pytest.mark.parametrize(("model", "thinking", "most", "draws"), CLAUDES)
def test_every_claude_is_asked_in_the_way_of_its_generation(
    model: str, thinking: str, most: int | None, *, draws: bool
) -> None:
    """Budgets up to 4.5, either in 4.6, and no budget and no sampling after it."""
    quirks = quirks_for("anthropic", MESSAGES, model)
    assert (quirks.thinking, quirks.most_tokens) == (thinking, most)
    assert ("temperature" not in quirks.refuses) == draws


LIMITS = {
    ("openai", "gpt-4o"): 16_384,
    ("openai", "gpt-4.1-mini"): 32_768,
    ("openai", "gpt-4-turbo"): 4096,
    ("openai", "gpt-5.1"): 128_000,
    ("openai", "o3"): 100_000,
    ("groq", "llama-3.3-70b-versatile"): 32_768,
    ("groq", "openai/gpt-oss-120b"): 65_536,
    ("mistral", "mistral-large-latest"): None,
}


@pytest.mark.parametrize(("place", "most"), LIMITS.items())
def test_the_longest_output_is_known_where_it_is_well_known(place: tuple[str, str], most: int | None) -> None:
    """Clients ask any model for 32000 tokens and more: what a model refuses is not asked of it."""
    assert quirks_for(place[0], CHAT, place[1]).most_tokens == most


SAMPLING = {
    "o3": ({"temperature", "top_p", "stop", "parallel_tool_calls"}, set()),
    "gpt-5": ({"temperature", "top_p", "stop"}, {"parallel_tool_calls"}),
    "gpt-5.1": ({"stop"}, {"temperature", "top_p", "parallel_tool_calls"}),
    "gpt-4o": (set(), {"temperature", "top_p", "stop", "parallel_tool_calls"}),
}


@pytest.mark.parametrize(("model", "refused", "taken"), [(name, *sets) for name, sets in SAMPLING.items()])
def test_thinking_models_refuse_what_others_take(model: str, refused: set[str], taken: set[str]) -> None:
    """From 5.1 on a model may be told how to draw as long as it does not think."""
    quirks = quirks_for("openai", CHAT, model)
    assert refused <= quirks.refuses
    assert not taken & quirks.refuses
    assert quirks.sampling_beside_thinking == (not model.startswith("gpt-5"))


def test_responses_of_openai_have_the_same_families() -> None:
    """A model is the same model in both of its maker's dialects."""
    assert quirks_for("openai", "openai-responses", "gpt-5.2") == quirks_for("openai", CHAT, "gpt-5.2")


@pytest.mark.parametrize(("provider", "model"), [("", "gpt-5"), ("nobody", "gpt-5"), ("demo", "demo")])
def test_what_nobody_knows_strays_in_nothing(provider: str, model: str) -> None:
    """An unknown box is taken at its word: it speaks the dialect as its maker does."""
    assert quirks_for(provider, CHAT, model) is PLAIN


def test_quirks_are_of_one_dialect() -> None:
    """What Moonshot's Chat refuses says nothing of its Anthropic address."""
    chat, messages = (quirks_for("moonshot", name, "kimi-k2.6") for name in (CHAT, MESSAGES))
    assert chat.formats == "object"
    assert messages.formats == "schema"
    assert messages.unsigned_thinking
    assert quirks_for("groq", MESSAGES, "llama-3.3-70b-versatile") is PLAIN


@given(st.text(max_size=80))
def test_any_name_of_a_model_is_looked_up(model: str) -> None:
    """A client may ask for anything: no name raises an error, at any provider."""
    for provider in PROVIDERS:
        for dialect in DIALECTS:
            assert quirks_for(provider, dialect, model) is not None
