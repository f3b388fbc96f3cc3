"""Joining a provider's address and a path."""

import pytest

from adapters.provider import join

CHAT = "/v1/chat/completions"
RESPONSES = "/v1/responses"
MESSAGES = "/v1/messages"
COUNT = "/v1/messages/count_tokens"

JOINED = [
    ("https://api.openai.com/v1", RESPONSES, "https://api.openai.com/v1/responses"),
    ("http://127.0.0.1:8000", RESPONSES, "http://127.0.0.1:8000/v1/responses"),
    ("https://host/v1/responses", RESPONSES, "https://host/v1/responses"),
    ("https://host/v1/responses", CHAT, "https://host/v1/chat/completions"),
    ("https://host/openai/responses", RESPONSES, "https://host/openai/responses"),
    ("https://api.openai.com/v1/chat/completions", RESPONSES, "https://api.openai.com/v1/responses"),
    ("https://api.openai.com/v1", CHAT, "https://api.openai.com/v1/chat/completions"),
    ("https://api.openai.com/v1/", CHAT, "https://api.openai.com/v1/chat/completions"),
    ("https://api.openai.com", CHAT, "https://api.openai.com/v1/chat/completions"),
    ("https://api.openai.com/", CHAT, "https://api.openai.com/v1/chat/completions"),
    ("https://api.openai.com//", CHAT, "https://api.openai.com/v1/chat/completions"),
    ("https://api.anthropic.com", MESSAGES, "https://api.anthropic.com/v1/messages"),
    ("https://api.anthropic.com/v1", MESSAGES, "https://api.anthropic.com/v1/messages"),
    ("https://api.anthropic.com", COUNT, "https://api.anthropic.com/v1/messages/count_tokens"),
    ("https://api.anthropic.com/v1/", COUNT, "https://api.anthropic.com/v1/messages/count_tokens"),
    ("https://api.groq.com/openai/v1", CHAT, "https://api.groq.com/openai/v1/chat/completions"),
    ("https://host/api/paas/v4", CHAT, "https://host/api/paas/v4/chat/completions"),
    ("https://host/api/paas/v4/", CHAT, "https://host/api/paas/v4/chat/completions"),
    ("https://host/v1beta/openai", CHAT, "https://host/v1beta/openai/chat/completions"),
    ("https://host/v1beta/openai/", CHAT, "https://host/v1beta/openai/chat/completions"),
    ("https://host/v1alpha2", CHAT, "https://host/v1alpha2/chat/completions"),
    ("https://host/anthropic", MESSAGES, "https://host/anthropic/v1/messages"),
    ("https://host/some/path/", CHAT, "https://host/some/path/v1/chat/completions"),
    ("https://host/video", CHAT, "https://host/video/v1/chat/completions"),
    ("https://v1.host", CHAT, "https://v1.host/v1/chat/completions"),
    ("https://v1", CHAT, "https://v1/v1/chat/completions"),
    ("http://127.0.0.1:8000/v1", CHAT, "http://127.0.0.1:8000/v1/chat/completions"),
    ("http://127.0.0.1:8000", CHAT, "http://127.0.0.1:8000/v1/chat/completions"),
    ("http://[::1]:8000/", CHAT, "http://[::1]:8000/v1/chat/completions"),
    ("https://api.perplexity.ai/chat/completions", CHAT, "https://api.perplexity.ai/chat/completions"),
    ("https://host/v1/chat/completions", CHAT, "https://host/v1/chat/completions"),
    ("https://host/v1/chat/completions/", CHAT, "https://host/v1/chat/completions"),
    ("https://host/v1/messages", MESSAGES, "https://host/v1/messages"),
    ("https://host/v1/messages", COUNT, "https://host/v1/messages/count_tokens"),
    ("https://host/messages", COUNT, "https://host/v1/messages/count_tokens"),
    ("https://host/v1/messages/count_tokens", COUNT, "https://host/v1/messages/count_tokens"),
    ("https://host/v1/chat/completions", "/v1/models", "https://host/v1/models"),
    ("https://api.openai.com/v1", "/v1/models", "https://api.openai.com/v1/models"),
]


@pytest.mark.parametrize(("base_url", "path", "joined"), JOINED)
def test_an_address_and_a_path_join_whatever_the_address_ends_in(
    base_url: str, path: str, joined: str
) -> None:
    """The version is never said twice and never lost, and the whole address of an endpoint is kept."""
    assert join(base_url, path) == joined
