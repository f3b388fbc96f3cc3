"""The official SDKs as oracles: each reads what a dialect wrote, over a transport without a network."""

import anthropic
import httpx2
import openai


def transport(body: bytes, status: int = 200, content_type: str = "application/json") -> httpx2.Client:
    """An HTTP client that gets this one answer to everything."""

    def answer(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(status, content=body, headers={"content-type": content_type})

    return httpx2.Client(transport=httpx2.MockTransport(answer))


def read_by_anthropic(body: bytes, status: int = 200) -> anthropic.Anthropic:
    """The anthropic SDK in front of a whole answer."""
    client = transport(body, status)
    return anthropic.Anthropic(api_key="x", http_client=client, max_retries=0, base_url="http://gateway.test")


def streamed_to_anthropic(stream: bytes) -> anthropic.Anthropic:
    """The anthropic SDK in front of an event stream."""
    client = transport(stream, content_type="text/event-stream")
    return anthropic.Anthropic(api_key="x", http_client=client, max_retries=0, base_url="http://gateway.test")


def read_by_openai(body: bytes, status: int = 200) -> openai.OpenAI:
    """The openai SDK in front of a whole answer."""
    client = transport(body, status)
    return openai.OpenAI(api_key="x", http_client=client, max_retries=0, base_url="http://gateway.test/v1")


def streamed_to_openai(stream: bytes) -> openai.OpenAI:
    """The openai SDK in front of an event stream."""
    client = transport(stream, content_type="text/event-stream")
    return openai.OpenAI(api_key="x", http_client=client, max_retries=0, base_url="http://gateway.test/v1")
