"""What the client is told besides the reply itself: ids, where it came from, the times, the framing."""

import re

import pytest

from gateway.client import spell
from tests.gateway.indoors import MESSAGE, STREAM, Client, open_house, provider, settings
from tests.gateway.loops import in_loop
from tests.upstream.replies import events
from tests.upstream.scripts import EVENT_STREAM, JSON, stream, whole
from tests.upstream.server import Upstream

TIMING = re.compile(
    rb"auth;dur=\d+\.\d\d, plan;dur=\d+\.\d\d, wait;dur=\d+\.\d\d, upstream;dur=\d+\.\d\d, own;dur=\d+\.\d\d"
)
CHAT = "/v1/chat/completions"
REPLY = b'{"type":"message","usage":{"input_tokens":1,"output_tokens":1}}'


@pytest.mark.parametrize("body", [MESSAGE, STREAM, b"{", b'{"model":"nobody"}'])
@pytest.mark.parametrize("path", ["/v1/messages", CHAT])
@in_loop
async def test_every_answer_has_an_id_and_its_times(path: str, body: bytes) -> None:
    """Good or bad, whole or streamed: one request id, the dialect's name for it, and the times."""
    async with open_house(settings()) as house:
        client = await Client(path, body).ask(house)
        assert client.header(b"x-request-id")
        expected = client.header(b"x-request-id") if path == "/v1/messages" else None
        assert client.header(b"request-id") == expected
        assert TIMING.fullmatch(client.header(b"server-timing") or b"")
        assert client.ended


@in_loop
async def test_a_whole_reply_is_one_piece_and_a_stream_has_no_length() -> None:
    """What is whole leaves at once, so that its length is known; no piece of a stream is empty."""
    async with open_house(settings()) as house:
        whole_reply = await Client(body=MESSAGE).ask(house)
        assert len(whole_reply.pieces) == 1
        assert whole_reply.header(b"content-length") in (None, b"%d" % len(whole_reply.body))
        streamed = await Client(body=STREAM).ask(house)
        assert streamed.header(b"content-length") is None
        assert (streamed.header(b"content-type") or b"").startswith(b"text/event-stream")
        assert all(streamed.pieces[:-1])


@in_loop
async def test_the_reply_says_where_it_came_from() -> None:
    """Provider, model and how the body crossed; an answer of our own says nothing of the kind."""
    async with open_house(settings(models={"alias": "demo/demo-x"})) as house:
        found = await Client(body=MESSAGE.replace(b'"demo"', b'"alias"')).ask(house)
        assert found.header(b"x-penstock-provider") == b"demo"
        assert found.header(b"x-penstock-model") == b"demo-x"
        assert found.header(b"x-penstock-attempts") == b"1"
        refused = await Client(body=b"{").ask(house)
        assert [name for name, _ in refused.headers if name.startswith(b"x-penstock-")] == []


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
@in_loop
async def test_our_own_fields_are_said_once(replay: Upstream, streamed: bool) -> None:
    """An upstream that says what we say does not say it twice, nor in our place."""
    said = {"x-request-id": "theirs", "server-timing": "x;dur=1", "content-type": "application/json"}
    far = provider("ant", replay.address)
    exchange = replay.plays(
        stream(events("anthropic-messages"), {**EVENT_STREAM, **said, "content-type": "text/event-stream"})
        if streamed
        else whole(REPLY, headers={**JSON, **said})
    )
    body = b'{"model":"ant/x","stream":%b,"messages":[]}' % (b"true" if streamed else b"false")
    async with open_house(settings(far)) as house:
        client = await Client(body=body, headers=[(b"baggage", exchange.name.encode())]).ask(house)
        assert client.status == 200
        names = [name for name, _ in client.headers]
        assert sorted(set(names)) == sorted(names)
        assert client.header(b"x-request-id") != b"theirs"
        assert client.header(b"x-penstock-upstream-request-id") == b"theirs"
        assert TIMING.fullmatch(client.header(b"server-timing") or b"")


@pytest.mark.parametrize(
    ("seconds", "spelled"),
    [
        (0.0, b"0.00"),
        (0.00001, b"0.01"),
        (0.001, b"1.00"),
        (0.0099, b"9.90"),
        (0.01, b"10.00"),
        (60.0, b"60000.00"),
    ],
)
def test_a_duration_is_spelled_in_milliseconds(seconds: float, spelled: bytes) -> None:
    """To the hundredth, however long."""
    assert spell(seconds) == spelled


def test_every_duration_is_near_what_it_says() -> None:
    """The table of short durations agrees with the arithmetic of long ones, to the hundredth."""
    for number in range(3000):
        seconds = number / 1e5 + 1e-9
        assert abs(float(spell(seconds)) - seconds * 1e3) <= 0.0101
