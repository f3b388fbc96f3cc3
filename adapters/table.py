"""The one list of dialects and the one list of providers: paths, docs, checks and tests derive from them.

A provider with a known dialect and no quirks is one row here. An address may be the whole address of
an endpoint where a provider has no `/v1` (see `adapters.provider.join`). What a provider speaks is in the
order of what it speaks best; an address is here where its API is whole enough to pass a client's body
untouched, for elsewhere a translation loses less.
"""

import msgspec

from adapters.conversation import Effort, Quirks
from adapters.dialect import Dialect
from adapters.dialects import anthropic_messages, gemini, ollama, openai_chat, openai_responses
from adapters.provider import Family, ProviderRow
from adapters.providers import anthropic, deepseek, groq, mistral, moonshot, openai, qwen, xai, zai

DIALECTS: dict[str, Dialect] = {
    dialect.name: dialect
    for dialect in (
        anthropic_messages.DIALECT,
        openai_chat.DIALECT,
        openai_responses.DIALECT,
        gemini.DIALECT,
        ollama.DIALECT,
    )
}

_CHAT, _MESSAGES = openai_chat.DIALECT.name, anthropic_messages.DIALECT.name
_RESPONSES, _GEMINI, _OLLAMA = openai_responses.DIALECT.name, gemini.DIALECT.name, ollama.DIALECT.name

_USUAL: tuple[Effort, ...] = ("low", "medium", "high")
# Models in the open that think by efforts, wherever they are served.
_OPEN: tuple[Family, ...] = (
    ("*gpt-oss*", Quirks(output_limit="max_tokens", efforts=_USUAL, top_k=True)),
    ("*", Quirks(output_limit="max_tokens", efforts=(), top_k=True)),
)


def _chat(
    name: str, title: str, base_url: str, *families: str, quirks: tuple[Family, ...] = ()
) -> ProviderRow:
    """Make the row of a provider that speaks openai-chat and keeps its key where everybody looks for it."""
    return ProviderRow(
        name=name,
        title=title,
        base_urls={_CHAT: base_url},
        key_variable=f"{name.upper()}_API_KEY",
        families=families,
        quirks={_CHAT: quirks},
    )


def _both(row: ProviderRow, messages: str, quirks: tuple[Family, ...] = anthropic.COMPATIBLE) -> ProviderRow:
    """Make the row of a provider that speaks anthropic-messages too, for Claude Code."""
    base_urls = {**row.base_urls, _MESSAGES: messages}
    return msgspec.structs.replace(row, base_urls=base_urls, quirks={**row.quirks, _MESSAGES: quirks})


def _priced(row: ProviderRow, prices: str) -> ProviderRow:
    """Make the row of a provider that the data set of prices has under another name, or not at all."""
    return msgspec.structs.replace(row, prices=prices)


def _box(name: str, title: str, port: int, quirks: Quirks) -> ProviderRow:
    """Make the row of a server on this machine, at its usual port and without a key."""
    return ProviderRow(
        name=name,
        title=title,
        base_urls={_CHAT: f"http://127.0.0.1:{port}/v1"},
        quirks={_CHAT: (("*", quirks),)},
        prices="",
    )


_FIRMS = (
    ProviderRow(
        name="anthropic",
        title="Anthropic",
        base_urls={_MESSAGES: "https://api.anthropic.com"},
        key_variable="ANTHROPIC_API_KEY",
        families=("claude-*",),
        passthrough=True,
        quirks={_MESSAGES: anthropic.QUIRKS},
    ),
    ProviderRow(
        name="openai",
        title="OpenAI",
        base_urls=dict.fromkeys((_CHAT, _RESPONSES), "https://api.openai.com/v1"),
        key_variable="OPENAI_API_KEY",
        families=("gpt-*", "o1*", "o3*", "o4*", "chatgpt-*"),
        quirks={_CHAT: openai.QUIRKS, _RESPONSES: openai.QUIRKS},
    ),
    ProviderRow(
        name="gemini",
        title="Google Gemini",
        base_urls={
            _GEMINI: "https://generativelanguage.googleapis.com/v1beta",
            _CHAT: "https://generativelanguage.googleapis.com/v1beta/openai",
        },
        key_variable="GEMINI_API_KEY",
        families=("gemini-*",),
        prices="google",
        quirks={_CHAT: (("*", Quirks(most_stops=5, refuses=frozenset(("service_tier", "logit_bias")))),)},
    ),
    _chat("groq", "Groq", "https://api.groq.com/openai/v1", quirks=groq.QUIRKS),
    _priced(_chat("xai", "xAI", "https://api.x.ai/v1", "grok-*", quirks=xai.QUIRKS), "x-ai"),
    _both(
        _chat(
            "deepseek",
            "DeepSeek",
            "https://api.deepseek.com/v1",
            "deepseek-chat",
            "deepseek-reasoner",
            "deepseek-v4-*",
            quirks=deepseek.QUIRKS,
        ),
        "https://api.deepseek.com/anthropic",
        anthropic.COMPATIBLE_THINKERS,
    ),
    _chat(
        "mistral",
        "Mistral",
        "https://api.mistral.ai/v1",
        "mistral-*",
        "codestral-*",
        "devstral-*",
        "magistral-*",
        quirks=mistral.QUIRKS,
    ),
    _chat(
        "openrouter",
        "OpenRouter",
        "https://openrouter.ai/api/v1",
        quirks=(
            (
                "*",
                Quirks(
                    output_limit="max_tokens",
                    reasoning="object",
                    reasoning_field="reasoning",
                    efforts=("none", "minimal", *_USUAL, "xhigh"),
                    top_k=True,
                ),
            ),
        ),
    ),
    _chat("together", "Together AI", "https://api.together.xyz/v1", quirks=_OPEN),
    _chat(
        "fireworks",
        "Fireworks AI",
        "https://api.fireworks.ai/inference/v1",
        "accounts/fireworks/*",
        quirks=_OPEN,
    ),
    _chat(
        "cerebras",
        "Cerebras",
        "https://api.cerebras.ai/v1",
        # Tools that are strict beside others that are not are a 400.
        quirks=(("gpt-oss*", Quirks(strict=False)), ("*", Quirks(strict=False, efforts=()))),
    ),
    _priced(
        _both(
            _chat(
                "moonshot",
                "Moonshot AI",
                "https://api.moonshot.ai/v1",
                "kimi-*",
                "moonshot-*",
                quirks=moonshot.QUIRKS,
            ),
            "https://api.moonshot.ai/anthropic",
            anthropic.COMPATIBLE_THINKERS,
        ),
        "moonshotai",
    ),
    _both(
        _chat("zai", "Z.ai", "https://api.z.ai/api/paas/v4", "glm-*", quirks=zai.QUIRKS),
        "https://api.z.ai/api/anthropic",
    ),
    ProviderRow(
        name="qwen",
        title="Qwen, at Alibaba Model Studio",
        base_urls={
            _CHAT: "https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
            _MESSAGES: "https://dashscope-intl.aliyuncs.com/apps/anthropic",
        },
        key_variable="DASHSCOPE_API_KEY",
        # Not `qwen*`: most of its models are in the open, and at many others.
        families=("qwen-max*", "qwen-plus*", "qwen-flash*", "qwen-turbo*", "qwen3-max*", "qwen3-coder-plus*"),
        quirks={_CHAT: qwen.QUIRKS, _MESSAGES: anthropic.COMPATIBLE},
        prices="",
    ),
    _both(
        _chat(
            "minimax",
            "MiniMax",
            "https://api.minimax.io/v1",
            "MiniMax-*",
            quirks=(("*", Quirks(output_limit="max_tokens", efforts=(), hottest=1.0, formats="words")),),
        ),
        "https://api.minimax.io/anthropic",
    ),
    _priced(_chat("nvidia", "NVIDIA", "https://integrate.api.nvidia.com/v1", quirks=_OPEN), ""),
    _chat(
        "perplexity",
        "Perplexity",
        "https://api.perplexity.ai/chat/completions",
        "sonar*",
        quirks=(
            ("sonar-deep-research*", Quirks(output_limit="max_tokens", top_k=True)),
            ("*", Quirks(output_limit="max_tokens", efforts=(), top_k=True)),
        ),
    ),
    ProviderRow(
        name="huggingface",
        title="Hugging Face",
        base_urls={_CHAT: "https://router.huggingface.co/v1"},
        key_variable="HF_TOKEN",
        quirks={_CHAT: _OPEN},
        prices="huggingface_*",
    ),
    ProviderRow(
        name="github",
        title="GitHub Models",
        base_urls={_CHAT: "https://models.github.ai/inference/chat/completions"},
        # Not GITHUB_TOKEN: that one is set wherever git is, and means no model.
        key_variable="GITHUB_MODELS_TOKEN",
        quirks={
            _CHAT: (
                *((f"openai/{glob}", quirks) for glob, quirks in openai.QUIRKS),
                ("*", Quirks(output_limit="max_tokens", efforts=())),
            )
        },
        prices="",
    ),
)

# Their Anthropic and Responses addresses are younger than they are: Chat is there in every version.
_BOXES = (
    ProviderRow(
        name="ollama",
        title="Ollama",
        base_urls={_OLLAMA: "http://127.0.0.1:11434", _CHAT: "http://127.0.0.1:11434/v1"},
        quirks={_CHAT: _OPEN},
        prices="",
    ),
    _box("vllm", "vLLM", 8000, Quirks(reasoning_field="reasoning_content", top_k=True)),
    _box("sglang", "SGLang", 30000, Quirks(reasoning_field="reasoning_content", top_k=True)),
    _box("llamacpp", "llama.cpp", 8080, Quirks(reasoning_field="reasoning_content", top_k=True)),
    _box("lmstudio", "LM Studio", 1234, Quirks(output_limit="max_tokens", top_k=True)),
)

PROVIDERS: dict[str, ProviderRow] = {
    row.name: row
    for row in (
        *_FIRMS,
        *_BOXES,
        ProviderRow(
            name="demo",
            title="Demo, inside penstock",
            base_urls={},
            families=("demo", "demo-*"),
            prices="",
        ),
    )
}
