"""The official SDK as an oracle: what google-genai makes of what this dialect wrote, without a network.

What it sends is kept, so that a conversation can go on with the history it makes of a reply.
"""

from collections.abc import Callable
from typing import Any

import httpx
from google import genai
from google.genai import types

from adapters.events import Reply, TextBlock, ThinkingBlock, ToolBlock
from tests.adapters.oracles import input_of

Seen = list[httpx.Request]
Answer = Callable[[httpx.Request], httpx.Response]


def client_of(answer: Answer) -> genai.Client:
    """The SDK in front of an answer to everything."""
    transport = httpx.Client(transport=httpx.MockTransport(answer))
    options = types.HttpOptions(base_url="http://gateway.test", httpx_client=transport)
    return genai.Client(api_key="x", http_options=options)


def answering(body: bytes, status: int = 200, media: str = "application/json") -> tuple[genai.Client, Seen]:
    """The SDK in front of one body, and the requests it sends."""
    seen: Seen = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(status, content=body, headers={"content-type": media})

    return client_of(answer), seen


def streaming(stream: bytes) -> tuple[genai.Client, Seen]:
    """The SDK in front of an event stream."""
    return answering(stream, media="text/event-stream")


def whole_of(body: bytes) -> types.GenerateContentResponse:
    """What the SDK makes of a whole reply."""
    client, _ = answering(body)
    return client.models.generate_content(model="m", contents="x")


def chunks_of(stream: bytes) -> list[types.GenerateContentResponse]:
    """The chunks the SDK makes of a stream."""
    client, _ = streaming(stream)
    return list(client.models.generate_content_stream(model="m", contents="x"))


def parts_of(response: types.GenerateContentResponse) -> list[types.Part]:
    """The parts of the first candidate."""
    candidates = response.candidates or []
    content = candidates[0].content if candidates else None
    return list((content.parts if content else None) or [])


def gathered(parts: list[types.Part]) -> dict[str, Any]:
    """What all parts say: words, thoughts and calls."""
    calls = [part.function_call for part in parts if part.function_call]
    return {
        "text": "".join(part.text or "" for part in parts if not part.thought),
        "thoughts": "".join(part.text or "" for part in parts if part.thought),
        "calls": [(call.id, call.name, call.args) for call in calls],
    }


def said_by(reply: Reply) -> dict[str, Any]:
    """What a reply says, as `gathered` tells it."""
    return {
        "text": "".join(block.text for block in reply.blocks if isinstance(block, TextBlock)),
        "thoughts": "".join(block.text for block in reply.blocks if isinstance(block, ThinkingBlock)),
        "calls": [
            (block.id, block.name, input_of(block.arguments))
            for block in reply.blocks
            if isinstance(block, ToolBlock)
        ],
    }
