"""What each example of another gateway's configuration means, written by hand from the original.

A target is the host that is called and the model that is asked for there; a list is tiers in order; a dict is
a tier whose targets are weighed. None: the name is refused.
"""

from typing import Any

import msgspec

Tier = str | dict[str, int]


class Asked(msgspec.Struct, frozen=True):
    """A request, and where the original takes it. `body`: what it has beside the model and its words."""

    model: str
    leads: list[Tier] | None
    body: dict[str, Any] = {}


OPENAI, ANTHROPIC = "api.openai.com", "api.anthropic.com"
GEMINI, OPENROUTER = "generativelanguage.googleapis.com", "openrouter.ai"
THINKING = {"thinking": {"type": "enabled", "budget_tokens": 2000}}
SEARCH = {"tools": [{"type": "web_search_20250305", "name": "web_search", "max_uses": 3}]}
PIXEL = {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}
IMAGE = {"messages": [{"role": "user", "content": [{"type": "image", "source": PIXEL}]}]}
LONG = {"messages": [{"role": "user", "content": "many words and more of them, " * 2000}]}

LITELLM: dict[str, list[Asked]] = {
    "single": [Asked("chat", [f"{OPENAI} gpt-4.1"]), Asked("gpt-4.1", None), Asked("openai/gpt-4.1", None)],
    "families": [
        Asked("sonnet", [f"{ANTHROPIC} claude-sonnet-4-5"]),
        Asked("flash", [f"{GEMINI} gemini-2.5-flash"]),
        Asked("llama", ["api.groq.com llama-3.3-70b-versatile"]),
        Asked("coder", ["api.deepseek.com deepseek-chat"]),
        Asked("gpt-4o-mini", [f"{OPENAI} gpt-4o-mini"]),
        Asked("qwen", ["api.together.xyz Qwen/Qwen2.5-72B-Instruct-Turbo"]),
        Asked("mixed", [f"{OPENROUTER} meta-llama/llama-3.1-70b-instruct"]),
    ],
    "balanced": [
        Asked("gpt-4o", [{f"{OPENAI} gpt-4o": 3, f"{OPENAI} gpt-4o #2": 1, "eu.llm.example gpt-4o": 1}])
    ],
    "weights": [
        Asked("prod", [{f"{OPENAI} gpt-4.1": 9, f"{OPENAI} gpt-5.1": 1}]),
        Asked("half-said", ["api.groq.com llama-3.3-70b-versatile"]),
    ],
    "fallbacks": [
        Asked("big", [f"{ANTHROPIC} claude-opus-4-5", f"{ANTHROPIC} claude-haiku-4-5", f"{OPENAI} gpt-4.1"]),
        Asked("small", [f"{ANTHROPIC} claude-haiku-4-5", f"{ANTHROPIC} claude-opus-4-5"]),
        Asked("other", [f"{OPENAI} gpt-4.1"]),
        Asked("wide", [f"{GEMINI} gemini-2.5-pro", f"{OPENAI} gpt-4.1"]),
    ],
    "group-with-a-way-out": [
        Asked(
            "main",
            [{f"{OPENAI} gpt-4.1": 1, f"{OPENAI} gpt-4.1 #2": 1}, "api.mistral.ai mistral-large-latest"],
        ),
        Asked("spare", ["api.mistral.ai mistral-large-latest"]),
    ],
    "wildcards": [
        Asked("anthropic/claude-opus-4-5", [f"{ANTHROPIC} claude-opus-4-5"]),
        Asked("openai/gpt-5.1", [f"{OPENAI} gpt-5.1"]),
        Asked("claude-haiku-4-5", [f"{ANTHROPIC} claude-haiku-4-5"]),
        Asked("company/qwen3", ["models.company.example qwen3"]),
        Asked("gpt-5.1", None),
        Asked("my-4o", None),
    ],
    "catch-all": [
        Asked("local", ["localhost qwen3:8b"]),
        Asked("meta-llama/llama-4-scout", [f"{OPENROUTER} meta-llama/llama-4-scout"]),
    ],
    "local": [
        Asked("a", ["10.0.0.5 meta-llama/Llama-3.1-8B-Instruct"]),
        Asked("b", ["127.0.0.1 qwen2.5-coder"]),
        Asked("c", ["127.0.0.1 llama3.2 #2"]),
        Asked("d", ["stands-in.example mistral-small"]),
        Asked("e", ["claude.corp.example claude-proxy"]),
    ],
    "secrets": [
        Asked("one", [f"{OPENAI} gpt-4.1"]),
        Asked("two", [f"{OPENAI} gpt-4.1-mini"]),
        Asked("three", [f"{OPENAI} gpt-4.1 #2"]),
    ],
    "aliases-and-prices": [
        Asked("gpt-4o", [f"{OPENAI} gpt-4o"]),
        Asked("gpt-4", [f"{OPENAI} gpt-4o"]),
        Asked("old", [f"{OPENAI} gpt-4o"]),
        Asked("lost", None),
        Asked("draw", None),
    ],
    "orders": [
        Asked(
            "m",
            [
                {
                    "api.fireworks.ai accounts/fireworks/models/kimi-k2-instruct": 1,
                    "api.cerebras.ai qwen-3-235b": 1,
                },
                "api.moonshot.ai kimi-k2-0905-preview",
            ],
        ),
        Asked("az", None),
    ],
}

_SONNET, _HAIKU = "claude-sonnet-4-5", "claude-haiku-4-5"

ROUTER: dict[str, list[Asked]] = {
    "minimal": [
        Asked(_SONNET, ["api.deepseek.com deepseek-chat"]),
        Asked(_HAIKU, ["api.deepseek.com deepseek-chat"], THINKING),
        Asked("deepseek,deepseek-reasoner", ["api.deepseek.com deepseek-reasoner"]),
    ],
    "scenarios": [
        Asked(_SONNET, [f"{OPENROUTER} anthropic/claude-sonnet-4"]),
        Asked(_HAIKU, ["localhost qwen2.5-coder:latest"]),
        Asked(_SONNET, [f"{OPENROUTER} google/gemini-2.5-pro"], THINKING),
        Asked(_SONNET, [f"{OPENROUTER} perplexity/sonar"], SEARCH),
        Asked(_SONNET, [f"{OPENROUTER} perplexity/sonar"], SEARCH | THINKING),
        Asked(_HAIKU, ["localhost qwen2.5-coder:latest"], THINKING),
        Asked(_HAIKU, [f"{OPENROUTER} google/gemini-2.5-pro"], LONG),
        Asked(_SONNET, [f"{OPENROUTER} google/gemini-2.5-pro"], IMAGE),
        Asked("ollama,qwen2.5-coder:latest", ["localhost qwen2.5-coder:latest"], THINKING),
        Asked("openrouter,perplexity/sonar", [f"{OPENROUTER} perplexity/sonar"], LONG),
    ],
    "commented": [
        Asked(_SONNET, ["api.groq.com moonshotai/kimi-k2-instruct"]),
        Asked(_HAIKU, ["api.groq.com llama-3.3-70b-versatile"]),
        Asked("groq,llama-3.3-70b-versatile", ["api.groq.com llama-3.3-70b-versatile"]),
    ],
    "gemini": [
        Asked(_SONNET, [f"{GEMINI} gemini-2.5-flash"]),
        Asked(_SONNET, [f"{GEMINI} gemini-2.5-pro"], THINKING),
    ],
    "anthropic": [
        Asked(_SONNET, ["api.moonshot.ai kimi-k2"]),
        Asked(_HAIKU, [f"{ANTHROPIC} claude-haiku-4-5"]),
        Asked(_SONNET, [f"{ANTHROPIC} claude-opus-4-5"], THINKING),
        Asked("Moon Shot,kimi-k2", ["api.moonshot.ai kimi-k2"], THINKING),
        Asked("moon shot,kimi-k2", ["api.moonshot.ai kimi-k2"], THINKING),
    ],
    "many": [
        Asked(_SONNET, ["api-inference.modelscope.cn ZhipuAI/GLM-4.5"]),
        Asked(_HAIKU, ["ark.cn-beijing.volces.com deepseek-v3-250324"]),
        Asked("dashscope,qwen3-coder-plus", ["dashscope.aliyuncs.com qwen3-coder-plus"]),
        Asked(_SONNET, ["api-inference.modelscope.cn ZhipuAI/GLM-4.5"], LONG),
    ],
    "local-only": [
        Asked(_SONNET, ["127.0.0.1 openai/gpt-oss-20b"]),
        Asked(_HAIKU, ["192.168.1.20 glm-4.5-air"]),
        Asked(_SONNET, ["127.0.0.1 openai/gpt-oss-20b"], THINKING),
    ],
    "lost": [
        Asked(_SONNET, ["api.z.ai glm-4.6"]),
        Asked(_HAIKU, ["api.z.ai glm-4.6"]),
        Asked(_SONNET, ["api.z.ai glm-4.6"], THINKING),
    ],
    "images": [
        Asked(_SONNET, ["api.x.ai grok-code-fast-1"]),
        Asked(_SONNET, [f"{OPENAI} gpt-4o"], IMAGE),
        Asked("xai,grok-code-fast-1", [f"{OPENAI} gpt-4o"], IMAGE),
        Asked("openai,gpt-4.1", [f"{OPENAI} gpt-4.1"]),
    ],
    "two-accounts": [
        Asked(_SONNET, [f"{OPENROUTER} z-ai/glm-4.6"]),
        Asked(_HAIKU, [f"{OPENROUTER} qwen/qwen3-coder:free #2"]),
        Asked("or-home,z-ai/glm-4.6", [f"{OPENROUTER} z-ai/glm-4.6 #2"]),
        Asked(_SONNET, ["llm.example m[1]"], SEARCH),
        Asked("responses,m[1]", ["llm.example m[1]"]),
    ],
    "no-default": [Asked(_HAIKU, ["api.cerebras.ai qwen-3-coder-480b"]), Asked(_SONNET, None)],
}
MEANINGS = {"litellm": LITELLM, "claude-code-router": ROUTER}
