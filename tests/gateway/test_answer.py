"""Whatever is raised becomes one answer: before the head a status, after it an event, to nobody nothing."""

import os

import msgspec
import pytest

from adapters.fault import Fault
from gateway.answer import answer
from gateway.errors import ClientGone, Refused, UpstreamError
from gateway.journal import Journal
from gateway.settings import LogSettings
from gateway.state import Exchange
from tests.gateway.indoors import Client, exchange_of, open_house, settings
from tests.gateway.loops import in_loop

LIMITED = Refused(Fault("rate_limited", 429, "slow down", retry_after=7), ((b"x-should-retry", b"false"),))
ERRORS = [LIMITED, UpstreamError("head", "timeout", "too slow"), ValueError("sk-ant-0123456789abcdef")]


def begun(client: Client, dialect: str, *, said: bool, house: object) -> Exchange:
    """An exchange whose head was or was not said."""
    exchange = exchange_of(house, client, dialect)  # type: ignore[arg-type]
    exchange.request_id = b"an-id"
    exchange.head_sent = said
    return exchange


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("dialect", ["anthropic-messages", "openai-chat"])
@in_loop
async def test_before_the_head_it_is_a_status(dialect: str, error: Exception) -> None:
    """In the client's dialect, as JSON, under the request's id; unexpected words stay inside."""
    client = Client()
    async with open_house(settings()) as house:
        exchange = begun(client, dialect, said=False, house=house)
        await answer(exchange, error)
        assert client.status in (429, 504, 500)
        assert client.header(b"content-type") == b"application/json"
        assert client.header(b"x-request-id") == b"an-id"
        assert isinstance(client.json()["error"]["message"], str)
        assert b"0123456789abcdef" not in client.body
        assert client.ended
        assert exchange.outcome == "error"


@in_loop
async def test_what_a_refusal_carries_is_said() -> None:
    """Its headers, and when to come back."""
    client = Client()
    async with open_house(settings()) as house:
        await answer(begun(client, "openai-chat", said=False, house=house), LIMITED)
        assert (client.header(b"retry-after"), client.header(b"x-should-retry")) == (b"7", b"false")


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("dialect", ["anthropic-messages", "openai-chat"])
@in_loop
async def test_after_the_head_it_is_an_event(dialect: str, error: Exception) -> None:
    """The stream ends with an error event of the dialect, and never with what ends a good one."""
    client = Client()
    async with open_house(settings()) as house:
        await answer(begun(client, dialect, said=True, house=house), error)
        assert [message["type"] for message in client.messages] == ["http.response.body"]
        assert client.ended
        assert b"error" in client.body
        assert client.body.endswith(b"\n\n")
        assert b"[DONE]" not in client.body
        assert b"message_stop" not in client.body
        assert b"0123456789abcdef" not in client.body


@pytest.mark.parametrize("said", [False, True])
@in_loop
async def test_who_has_left_is_told_nothing(said: bool) -> None:
    """A departure is no failure; neither is what was raised because of it."""
    for error in (ClientGone(), UpstreamError("body", "reset", "it broke")):
        client = Client()
        async with open_house(settings()) as house:
            exchange = begun(client, "openai-chat", said=said, house=house)
            exchange.interrupted = ClientGone()
            await answer(exchange, error)
            assert client.messages == []
            assert exchange.outcome == "client_gone"


@in_loop
async def test_what_nobody_foresaw_is_reported() -> None:
    """The log gets it in full under the request's id, without keys; the client gets the id."""
    reading, writing = os.pipe()
    client = Client()
    async with open_house(settings()) as house:
        house.journal = Journal(LogSettings(format="json"), writing)
        await answer(begun(client, "openai-chat", said=False, house=house), ERRORS[-1])
        house.journal.flush()
        line = msgspec.json.decode(os.read(reading, 65536))
    os.close(reading)
    os.close(writing)
    assert line["level"] == "error"
    assert "an-id" in line["message"]
    assert "ValueError" in line["message"]
    assert "0123456789abcdef" not in line["message"]
