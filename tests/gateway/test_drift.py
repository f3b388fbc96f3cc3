"""What clients send for the first time: noted once, by version, bounded, and one request a second."""

import os
from collections.abc import Mapping

import msgspec
import pytest

from gateway.drift import LARGEST, MOST, MOST_CLIENTS, MOST_OF_ONE, OTHER, Drift
from gateway.house import House
from gateway.journal import Journal
from gateway.settings import LogSettings
from tests.gateway.edge.test_metrics import value
from tests.gateway.indoors import Client, open_house, settings
from tests.gateway.loops import Clock, in_loop

PATH = "/v1/messages"


async def send(house: House, clock: Clock, agent: str = "agent/1.0", betas: str = "", **more: object) -> None:
    """One request of a client, a second after the one before."""
    await say(house, clock, agent, more, betas)


async def say(house: House, clock: Clock, agent: str, more: Mapping[str, object], betas: str = "") -> None:
    """One request with members of any name."""
    headers = [(b"user-agent", agent.encode()), *([(b"anthropic-beta", betas.encode())] if betas else [])]
    body = msgspec.json.encode({"model": "demo", "max_tokens": 1, "messages": [], **more})
    clock.move(1)
    await Client(PATH, body, headers=headers).ask(house)


async def call(house: House, clock: Clock, agent: str, path: str) -> None:
    """A request to another path."""
    clock.move(1)
    await Client(path, headers=[(b"user-agent", agent.encode())]).ask(house)


def seen(house: House, client: str = "agent") -> set[tuple[str, str, str]]:
    """What a client was seen to send: version, kind and name."""
    return {(one.version, one.kind, one.name) for one in house.drift.sightings() if one.client == client}


@in_loop
async def test_what_a_new_version_brings_is_told_from_what_was_there() -> None:
    """Betas, fields, kinds of tools and endpoints stand once, with the first version that sent them."""
    clock = Clock()
    async with open_house(settings(), clock) as house:
        await send(
            house, clock, betas="a-2025, b-2025", tools=[{"name": "x"}, {"type": "bash_1", "name": "y"}]
        )
        old = seen(house)
        await send(house, clock, "agent/2.0 (x)", "b-2025,c-2026", effort="max", tools=[{"type": "web_2"}])
        await call(house, clock, "agent/2.0", "/v1/messages/count_tokens")
        new = seen(house) - old
    assert {("1.0", "beta", "a-2025"), ("1.0", "tool", "bash_1"), ("1.0", "field", "messages")} <= old
    assert new == {
        ("2.0", "beta", "c-2026"),
        ("2.0", "field", "effort"),
        ("2.0", "tool", "web_2"),
        ("2.0", "endpoint", "anthropic-messages count_tokens"),
    }


@in_loop
async def test_a_path_that_nothing_answers_is_an_endpoint() -> None:
    """A client that has begun to call something new is seen by that."""
    clock = Clock()
    async with open_house(settings(), clock) as house:
        await call(house, clock, "agent/3.0", "/v1/dreams")
        assert ("3.0", "endpoint", "POST /v1/dreams") in seen(house)


@in_loop
async def test_only_what_a_newer_version_sends_is_said() -> None:
    """The version that was there at the start is learned in silence; what looks like a key is taken out."""
    clock = Clock()
    async with open_house(settings(), clock) as house:
        reading, writing = os.pipe()
        journal = Journal(LogSettings(), writing)
        house.drift = Drift(journal, house.calendar)
        await send(house, clock)
        await send(house, clock, effort="max")
        await say(house, clock, "agent/2.0", {"depth": 1, "sk-ant-0123456789abcdef": 1})
        journal.flush()
        os.close(writing)
        with os.fdopen(reading, encoding="utf-8") as read:
            said = read.read()
    assert said.count("first seen") == 2
    assert "first seen: agent 2.0 sends the field depth" in said
    assert "sk-ant" not in said


@in_loop
async def test_one_request_a_second_is_looked_at() -> None:
    """However many come: the next that is looked at begins a second later."""
    clock = Clock()
    async with open_house(settings(), clock) as house:
        await send(house, clock)
        clock.move(-0.5)
        await send(house, clock, effort="max")
        assert not any(name == "effort" for _, _, name in seen(house))
        await send(house, clock, effort="max")
        assert ("1.0", "field", "effort") in seen(house)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"tools":null}', b'{"tools":[1]}', b'{"tools":[{"type":1}]}', b"\xff"]
)
@in_loop
async def test_a_body_that_is_wrong_breaks_nothing(body: bytes) -> None:
    """The client is told what is wrong with it, and what can be read of it is noted."""
    async with open_house(settings(), Clock()) as house:
        assert (await Client(PATH, body, headers=[(b"user-agent", b"agent/1")]).ask(house)).status == 400
        assert ("1", "endpoint", "anthropic-messages generate") in seen(house)


@in_loop
async def test_a_large_body_is_not_looked_into() -> None:
    """Its head is."""
    clock = Clock()
    async with open_house(settings(), clock) as house:
        await send(house, clock, filler="x" * LARGEST)
        assert {kind for _, kind, _ in seen(house)} == {"endpoint"}


@in_loop
async def test_memory_is_bounded() -> None:
    """Clients, names of one kind, and all together; what is long is cut, what cannot be shown is spelled."""
    clock = Clock()
    async with open_house(settings(), clock) as house:
        await say(house, clock, "agent/1.0", {f"field-{one}": 1 for one in range(MOST_OF_ONE * 2)})
        await say(house, clock, "long\t/1", {"f" * 500: 1, "a\nb": 1})
        for number in range(MOST_CLIENTS + 5):
            await say(house, clock, f"client-{number}/1", {f"x{one}": 1 for one in range(30)})
        counts = house.drift.counts()
        sightings = house.drift.sightings()
    assert counts["agent", "field"] == MOST_OF_ONE
    assert len({client for client, _ in counts}) <= MOST_CLIENTS + 1
    assert len(sightings) == MOST
    assert max(len(one.name) for one in sightings) <= 80
    assert any(one.name == "a\\nb" for one in sightings)
    assert all(one.client != f"client-{MOST_CLIENTS + 4}" for one in sightings)
    assert OTHER not in {one.client for one in sightings if one.version}


@in_loop
async def test_they_are_counted_and_told_to_this_machine() -> None:
    """By client and kind in the metrics, one by one under /debug/drift."""
    clock = Clock()
    here = {"method": "GET", "headers": [(b"host", b"127.0.0.1:4747")]}
    async with open_house(settings(), clock) as house:
        await send(house, clock, betas="a-1,b-1")
        assert value(house, "penstock_first_seen_total", client="agent", kind="beta") == 2
        told = (await Client("/debug/drift", b"", **here).ask(house)).json()["first_seen"]
        assert {"a-1", "b-1"} <= {one["name"] for one in told if one["kind"] == "beta"}
        away = await Client("/debug/drift", b"", **here, client=("10.0.0.1", 5)).ask(house)
        assert away.status == 403
