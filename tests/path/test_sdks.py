"""The official SDKs see no difference between penstock and the upstream behind it."""

from collections.abc import Callable
from typing import Any

import anthropic
import openai
import pytest

from tests.path.house import House
from tests.upstream.exchange import Exchange
from tests.upstream.replies import events
from tests.upstream.scripts import begun, whole
from tests.upstream.steps import Close

LOOK = {"type": "object", "properties": {"where": {"type": "string"}}, "required": ["where"]}
ASKED: list[Any] = [{"role": "user", "content": "What lies under the bridge?"}]
ANTHROPIC_TOOLS = [{"name": "look", "description": "Looks.", "input_schema": LOOK}]
RESPONSE_TOOLS = [{"type": "function", "name": "look", "parameters": LOOK}]
OPENAI_TOOLS = [{"type": "function", "function": {"name": "look", "parameters": LOOK}}]
tools_or_none = pytest.mark.parametrize("tools", [False, True], ids=["text", "tool"])
Through = Callable[[str], dict[str, Any]]


def _same(house: House, through: Through) -> None:
    direct, crossed = through(house.replay.address), through(house.address)
    assert direct == crossed
    assert direct


@tools_or_none
def test_anthropic_whole(house: House, *, tools: bool) -> None:
    """anthropic, messages.create: the same message."""
    _same(house, lambda address: _anthropic_whole(address, tools=tools))


@tools_or_none
def test_anthropic_stream(house: House, *, tools: bool) -> None:
    """anthropic, messages.stream: the same events and the same final message."""
    _same(house, lambda address: _anthropic_stream(address, tools=tools))


def test_anthropic_count(house: House) -> None:
    """anthropic, messages.count_tokens: the same count."""
    _same(house, _anthropic_count)


def test_anthropic_models(house: House) -> None:
    """anthropic, models.list: readable by the SDK, aliases in it."""
    with _anthropic(house.address) as client:
        assert "quick-claude" in {model.id for model in client.models.list()}


@tools_or_none
def test_openai_whole(house: House, *, tools: bool) -> None:
    """openai, chat.completions.create: the same completion."""
    _same(house, lambda address: _openai_whole(address, tools=tools))


@tools_or_none
def test_openai_stream(house: House, *, tools: bool) -> None:
    """openai, chat.completions.stream: the same events and the same final completion."""
    _same(house, lambda address: _openai_stream(address, tools=tools))


@tools_or_none
def test_responses_whole(house: House, *, tools: bool) -> None:
    """openai, responses.create: the same response."""
    _same(house, lambda address: _responses_whole(address, tools=tools))


@tools_or_none
def test_responses_stream(house: House, *, tools: bool) -> None:
    """openai, responses.stream: the same events and the same final response."""
    _same(house, lambda address: _responses_stream(address, tools=tools))


@pytest.mark.parametrize("kept", [1, 2, 5, -1])
def test_responses_end_failed_after_a_cut(house: House, kept: int) -> None:
    """openai sees a stream that was cut as its response that failed, for a reason in words."""
    exchange = house.replay.plays((*begun(events("openai-responses")[:kept]), Close()))
    asked = _responses_request(tools=False)
    with _openai(house.address, exchange) as client, client.responses.stream(**asked) as stream:
        *_, last = stream
    assert last.type == "response.failed"
    assert (last.response.id, last.response.status) == ("resp_Replay", "failed")
    assert last.response.error is not None
    assert last.response.error.code == "server_error"
    assert "box" in last.response.error.message


def test_openai_models(house: House) -> None:
    """openai, models.list: readable by the SDK, aliases in it."""
    with _openai(house.address) as client:
        assert "quick-gpt" in {model.id for model in client.models.list()}


@pytest.mark.parametrize("status", [400, 403, 404, 422, 429, 500, 529])
def test_anthropic_errors(house: House, status: int) -> None:
    """anthropic raises the same error, with the same words, for every status."""
    error = b'{"type":"error","error":{"type":"api_error","message":"no %d"}}' % status
    exchange = house.replay.plays(whole(error, status))

    def refused(address: str) -> tuple[str, str, object]:
        with _anthropic(address, exchange) as client, pytest.raises(anthropic.APIStatusError) as caught:
            client.messages.create(**_anthropic_request(tools=False))
        return type(caught.value).__name__, caught.value.message, caught.value.body

    assert refused(house.address) == refused(house.replay.address)


@pytest.mark.parametrize("status", [400, 403, 404, 422, 429, 500, 503])
def test_openai_errors(house: House, status: int) -> None:
    """openai raises the same error, with the same words, for every status."""
    error = b'{"error":{"message":"no %d","type":"server_error","param":null,"code":"odd"}}' % status
    exchange = house.replay.plays(whole(error, status))

    def refused(address: str) -> tuple[str, str, object]:
        with _openai(address, exchange) as client, pytest.raises(openai.APIStatusError) as caught:
            client.chat.completions.create(**_openai_request(tools=False))
        return type(caught.value).__name__, caught.value.message, caught.value.body

    assert refused(house.address) == refused(house.replay.address)


def test_anthropic_notices_a_cut(house: House) -> None:
    """anthropic raises on a stream that was cut, instead of taking it for whole."""
    exchange = house.replay.plays((*begun(events("anthropic-messages")[:5]), Close()))
    asked = _anthropic_request(tools=False)
    with (
        _anthropic(house.address, exchange) as client,
        pytest.raises(anthropic.APIError),
        client.messages.stream(**asked) as stream,
    ):
        stream.get_final_message()


def test_openai_notices_a_cut(house: House) -> None:
    """openai raises on a stream that was cut, instead of taking it for whole."""
    exchange = house.replay.plays((*begun(events("openai-chat")[:5]), Close()))
    asked = _openai_request(tools=False)
    with _openai(house.address, exchange) as client, pytest.raises(openai.APIError):
        for _chunk in client.chat.completions.create(**asked, stream=True):
            pass


def _anthropic(address: str, exchange: Exchange | None = None) -> anthropic.Anthropic:
    headers = dict([exchange.header]) if exchange else {}
    return anthropic.Anthropic(base_url=address, api_key="dummy", max_retries=0, default_headers=headers)


def _openai(address: str, exchange: Exchange | None = None) -> openai.OpenAI:
    headers = dict([exchange.header]) if exchange else {}
    return openai.OpenAI(base_url=f"{address}/v1", api_key="dummy", max_retries=0, default_headers=headers)


def _anthropic_request(*, tools: bool) -> dict[str, Any]:
    asked: dict[str, Any] = {"model": "claude-opus-5-5", "max_tokens": 99, "messages": ASKED}
    return {**asked, "tools": ANTHROPIC_TOOLS} if tools else asked


def _openai_request(*, tools: bool) -> dict[str, Any]:
    asked: dict[str, Any] = {"model": "gpt-5.1", "messages": ASKED}
    return {**asked, "tools": OPENAI_TOOLS} if tools else asked


def _anthropic_whole(address: str, *, tools: bool) -> dict[str, Any]:
    with _anthropic(address) as client:
        return dict(client.messages.create(**_anthropic_request(tools=tools)).model_dump())


def _anthropic_stream(address: str, *, tools: bool) -> dict[str, Any]:
    asked = _anthropic_request(tools=tools)
    with _anthropic(address) as client, client.messages.stream(**asked) as stream:
        seen = [event.model_dump() for event in stream]
        return {"events": seen, "final": stream.get_final_message().model_dump()}


def _anthropic_count(address: str) -> dict[str, Any]:
    with _anthropic(address) as client:
        return client.messages.count_tokens(model="claude-opus-5-5", messages=ASKED).model_dump()


def _responses_request(*, tools: bool) -> dict[str, Any]:
    asked: dict[str, Any] = {"model": "gpt-5.1", "input": ASKED}
    return {**asked, "tools": RESPONSE_TOOLS} if tools else asked


def _responses_whole(address: str, *, tools: bool) -> dict[str, Any]:
    with _openai(address) as client:
        return dict(client.responses.create(**_responses_request(tools=tools)).model_dump())


def _responses_stream(address: str, *, tools: bool) -> dict[str, Any]:
    asked = _responses_request(tools=tools)
    with _openai(address) as client, client.responses.stream(**asked) as stream:
        # The SDK's own parsed types are not those its fields name, and pydantic warns of that.
        seen = [event.model_dump(warnings=False) for event in stream]
        return {"events": seen, "final": stream.get_final_response().model_dump(warnings=False)}


def _openai_whole(address: str, *, tools: bool) -> dict[str, Any]:
    with _openai(address) as client:
        return dict(client.chat.completions.create(**_openai_request(tools=tools)).model_dump())


def _openai_stream(address: str, *, tools: bool) -> dict[str, Any]:
    asked = _openai_request(tools=tools)
    with _openai(address) as client, client.chat.completions.stream(**asked) as stream:
        seen = [event.model_dump() for event in stream]
        return {"events": seen, "final": stream.get_final_completion().model_dump()}
