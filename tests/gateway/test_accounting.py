"""The end of every exchange: counted once, one line in the log, whatever became of it."""

import os
from typing import Any

import msgspec
import pytest

from gateway.house import House
from gateway.journal import Journal
from gateway.settings import LogSettings, Price
from tests.gateway.indoors import KEY, MESSAGE, STREAM, Client, open_house, provider, settings
from tests.gateway.loops import in_loop
from tests.upstream.replies import events
from tests.upstream.scripts import JSON, begun, stream, whole
from tests.upstream.server import Upstream
from tests.upstream.steps import Close, Script

USAGE = (
    b'"usage":{"input_tokens":11,"cache_read_input_tokens":5,'
    b'"cache_creation_input_tokens":3,"output_tokens":9}'
)
REPLY = b'{"type":"message",%b}' % USAGE


async def lines(house: House, client: Client, level: str = "info") -> list[dict[str, Any]]:
    """The lines that one request leaves in the log."""
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    house.journal = Journal(LogSettings(format="json", level=level), writing)
    await client.ask(house)
    house.journal.flush()
    os.close(writing)
    with os.fdopen(reading, "rb") as read:
        return [msgspec.json.decode(line) for line in read.read().splitlines()]


def carrying(
    upstream: Upstream, script: Script, *headers: tuple[bytes, bytes], streamed: bool = False
) -> Client:
    """A request for a provider that answers by a script."""
    body = b'{"model":"fast","stream":%b,"messages":[]}' % (b"true" if streamed else b"false")
    name = upstream.plays(script).name.encode()
    return Client(body=body, headers=[(b"baggage", name), *headers])


@in_loop
async def test_a_line_tells_the_whole_exchange(replay: Upstream) -> None:
    """Who asked what of whom, how it went, what it used and how long it took."""
    given = settings(provider("ant", replay.address), models={"fast": "ant/claude-x"})
    script = whole(REPLY, headers={**JSON, "request-id": "req-7"})
    client = carrying(replay, script, (b"x-request-id", b"mine"), (b"x-session-id", b"s-1"))
    async with open_house(given) as house:
        (line,) = await lines(house, client)
    expected = {
        "level": "info",
        "message": "request",
        "id": "mine",
        "caller": "local",
        "operation": "generate",
        "dialect": "anthropic-messages",
        "model": "fast",
        "provider": "ant",
        "target": "claude-x",
        "body": "model-span",
        "relay": "whole",
        "status": 200,
        "outcome": "complete",
        "attempts": 1,
        "input": 11,
        "cache_read": 5,
        "cache_write": 3,
        "output": 9,
        "upstream_id": "req-7",
        "session": "s-1",
        "bytes_out": len(REPLY),
        "bytes_in": 45,
    }
    assert {name: line.get(name) for name in expected} == expected
    assert 0 < line["own_ms"] <= line["total_ms"]
    assert 0 < line["first_byte_ms"] <= line["total_ms"]


ENDS: dict[str, tuple[Script, int, str]] = {
    "complete": (stream(events("anthropic-messages")), 200, "complete"),
    "cut": ((*begun(events("anthropic-messages")[:4]), Close()), 200, "error"),
    "refused": (whole(b'{"type":"error","error":{}}', 400), 400, "error"),
    "broken": (whole(b'{"type":"error","error":{}}', 503), 503, "error"),
    "garbage": (whole(b"<html>"), 502, "error"),
}


@pytest.mark.parametrize("end", ENDS)
@in_loop
async def test_every_end_is_counted_once(replay: Upstream, end: str) -> None:
    """One tally, one status, one line, at the level of what became of it."""
    script, status, outcome = ENDS[end]
    async with open_house(settings(provider("ant", replay.address), models={"fast": "ant"})) as house:
        (line,) = await lines(house, carrying(replay, script, streamed=True))
        assert (line["status"], line["outcome"]) == (status, outcome)
        assert line["level"] == ("error" if status >= 500 or end == "cut" else "info")
        assert ("error" in line) == (end in ("cut", "garbage"))
        (tally,) = house.tallies.requests.values()
        assert sum(tally.statuses) == sum(tally.outcomes) == sum(tally.durations.counts) == 1


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"model":"nobody"}', MESSAGE, STREAM])
@in_loop
async def test_a_request_that_went_nowhere_is_counted_too(body: bytes) -> None:
    """What never reached a provider leaves its line and its count as well."""
    async with open_house(settings()) as house:
        assert len(await lines(house, Client(body=body))) == 1
        assert sum(sum(tally.statuses) for tally in house.tallies.requests.values()) == 1


@pytest.mark.parametrize("status", [400, 499, 529, 599, 600, 799, 999])
@in_loop
async def test_any_status_of_an_upstream_is_counted(replay: Upstream, status: int) -> None:
    """An upstream may answer with a number nobody knows: the exchange still ends in order."""
    script = whole(b'{"type":"error","error":{"type":"x","message":"y"}}', status)
    async with open_house(settings(provider("ant", replay.address), models={"fast": "ant"})) as house:
        assert len(await lines(house, carrying(replay, script))) == 1
        assert house.admission.inside == 0
        (tally,) = house.tallies.requests.values()
        assert sum(tally.statuses) == 1


@in_loop
async def test_the_level_decides(replay: Upstream) -> None:
    """At `error` a good request leaves no line, a bad one of ours does."""
    async with open_house(settings(provider("ant", replay.address), models={"fast": "ant"})) as house:
        assert await lines(house, carrying(replay, whole(REPLY)), "error") == []
        assert len(await lines(house, carrying(replay, whole(b"<html>")), "error")) == 1


@in_loop
async def test_a_line_holds_no_key(replay: Upstream) -> None:
    """Not the provider's, not the client's: in no field, whoever said it."""
    headers = {**JSON, "request-id": f"req {KEY}"}
    script = whole(b'{"error":{"message":"bad key ' + KEY.encode() + b'"}}', 400, headers)
    own = (b"x-session-id", b"Bearer sk-ant-own-0123456789")
    async with open_house(settings(provider("ant", replay.address), models={"fast": "ant"})) as house:
        (line,) = await lines(house, carrying(replay, script, own))
    assert KEY not in msgspec.json.encode(line).decode()
    assert "sk-ant-own" not in msgspec.json.encode(line).decode()


@in_loop
async def test_the_line_tells_the_cost_where_prices_are_asked_for(replay: Upstream) -> None:
    """In dollars, to the micro-dollar; a model that nobody has a price for is said once."""
    given = settings(provider("ant", replay.address), models={"fast": "ant/claude-x"})
    price = Price(input=3_000_000, output=15_000_000, cache_read=300_000, cache_write=3_750_000)
    priced = msgspec.structs.replace(given, prices={"ant/claude-x": price})
    async with open_house(priced) as house:
        (line,) = await lines(house, carrying(replay, whole(REPLY)))
        assert line["cost"] == "0.000181"  # 33 + 1.5 + 11.25 + 135, rounded up
    strange = msgspec.structs.replace(given, prices={"ant/other": price})
    async with open_house(strange) as house:
        first = await lines(house, carrying(replay, whole(REPLY)))
        second = await lines(house, carrying(replay, whole(REPLY)))
        said, line = first
        assert "ant/claude-x" in said["message"]
        assert "cost" not in line
        assert [one["message"] for one in second] == ["request"]
