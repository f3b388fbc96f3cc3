"""The official SDK as an oracle: it reads what we wrote, and writes what we read."""

from collections.abc import Callable
from typing import Any

import httpx
import ollama

Answer = Callable[[httpx.Request], httpx.Response]


def asked_of(answer: Answer) -> ollama.Client:
    """The SDK before something that answers."""
    return ollama.Client(host="http://gateway.test", transport=httpx.MockTransport(answer))


def in_front_of(body: bytes, status: int = 200) -> ollama.Client:
    """The SDK in front of one answer to everything, whole or a stream."""
    return asked_of(lambda _: httpx.Response(status, content=body))


def sent_by(ask: Callable[[ollama.Client], Any]) -> tuple[bytes, str]:
    """The body and the path of the request that the SDK makes."""
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"message": {"role": "assistant"}, "embeddings": [], "embedding": []})

    ask(asked_of(answer))
    return seen[0].content, seen[0].url.path
