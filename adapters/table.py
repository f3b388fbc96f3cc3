"""The one list of dialects and the one list of providers: paths, docs, checks and tests derive from them.

A provider with a known dialect and no quirks is one row here. An address may be the whole address of
an endpoint where a provider has no `/v1` (see `adapters.provider.join`).
"""

from adapters.dialect import Dialect
from adapters.dialects import anthropic_messages, gemini, openai_chat, openai_responses
from adapters.provider import ProviderRow

DIALECTS: dict[str, Dialect] = {
    dialect.name: dialect
    for dialect in (
        anthropic_messages.DIALECT,
        openai_chat.DIALECT,
        openai_responses.DIALECT,
        gemini.DIALECT,
    )
}


def _chat(name: str, title: str, base_url: str, *families: str) -> ProviderRow:
    """Make the row of a provider that speaks openai-chat and keeps its key where everybody looks for it."""
    return ProviderRow(
        name=name,
        title=title,
        base_urls={openai_chat.DIALECT.name: base_url},
        key_variable=f"{name.upper()}_API_KEY",
        families=families,
    )


PROVIDERS: dict[str, ProviderRow] = {
    row.name: row
    for row in (
        ProviderRow(
            name="anthropic",
            title="Anthropic",
            base_urls={anthropic_messages.DIALECT.name: "https://api.anthropic.com"},
            key_variable="ANTHROPIC_API_KEY",
            families=("claude-*",),
            passthrough=True,
        ),
        ProviderRow(
            name="openai",
            title="OpenAI",
            base_urls=dict.fromkeys(
                (openai_chat.DIALECT.name, openai_responses.DIALECT.name), "https://api.openai.com/v1"
            ),
            key_variable="OPENAI_API_KEY",
            families=("gpt-*", "o1*", "o3*", "o4*", "chatgpt-*"),
        ),
        _chat("groq", "Groq", "https://api.groq.com/openai/v1"),
        _chat("xai", "xAI", "https://api.x.ai/v1", "grok-*"),
        _chat("deepseek", "DeepSeek", "https://api.deepseek.com/v1", "deepseek-chat", "deepseek-reasoner"),
        _chat(
            "mistral",
            "Mistral",
            "https://api.mistral.ai/v1",
            "mistral-*",
            "codestral-*",
            "devstral-*",
            "magistral-*",
        ),
        _chat("openrouter", "OpenRouter", "https://openrouter.ai/api/v1"),
        _chat("together", "Together AI", "https://api.together.xyz/v1"),
        _chat("fireworks", "Fireworks AI", "https://api.fireworks.ai/inference/v1", "accounts/fireworks/*"),
        _chat("cerebras", "Cerebras", "https://api.cerebras.ai/v1"),
        _chat("moonshot", "Moonshot AI", "https://api.moonshot.ai/v1", "kimi-*", "moonshot-*"),
        _chat("nvidia", "NVIDIA", "https://integrate.api.nvidia.com/v1"),
        _chat("perplexity", "Perplexity", "https://api.perplexity.ai/chat/completions", "sonar*"),
        ProviderRow(name="demo", title="Demo, inside penstock", base_urls={}, families=("demo", "demo-*")),
    )
}
