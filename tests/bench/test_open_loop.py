"""Adaptive's open loop: the requests are theirs, the upstream thinks as long as told, the table says both."""

import asyncio

import msgspec
import pytest

from bench import open_loop
from bench.open_loop import CALLS, CHAT, EXPLAIN_PATH, SELECT
from bench.samples import Figure, Machine, Results
from bench.wire import paced, slow
from bench.workloads import CHAT_PATH

MACHINE = Machine("2026-01-02T03:04:05Z", "abc123", "a processor", 2, "Linux", {}, "published")


def test_the_endpoints_are_drawn_as_theirs() -> None:
    """Decisions to chats are drawn as 70 to 20, each of the bodies of one endpoint as often as the others."""
    weights = {
        path: sum(call.weight for call in CALLS if call.path == path) for path in (EXPLAIN_PATH, CHAT_PATH)
    }
    assert weights == pytest.approx({EXPLAIN_PATH: SELECT, CHAT_PATH: CHAT})
    assert len(CALLS) == 6


def test_the_bodies_are_those_published() -> None:
    """Texts, lengths and temperatures are theirs; one chat has a system message, one a top_p."""
    bodies = [msgspec.json.decode(call.body) for call in CALLS]
    assert {body["model"] for body in bodies} == {"adaptive"}
    assert [body["max_tokens"] for body in bodies] == [100, 200, 300, 150, 100, 200]
    assert [body["temperature"] for body in bodies] == [0.7, 0.5, 0.3, 0.7, 0.5, 0.8]
    assert [len(body["messages"]) for body in bodies] == [1, 1, 1, 1, 2, 1]
    assert [body.get("top_p") for body in bodies] == [None] * 5 + [0.9]


async def asked(thinking: float) -> tuple[paced.Paced, list[slow.Thinking]]:
    """Ten requests at once to the upstream that thinks."""
    ends: list[slow.Thinking] = []

    def connect() -> slow.Thinking:
        ends.append(slow.Thinking(thinking))
        return ends[-1]

    server = await asyncio.get_running_loop().create_server(connect, "127.0.0.1", 0)
    async with server, asyncio.timeout(20):
        pace = paced.Pace(server.sockets[0].getsockname()[1], CALLS, {}, 1000, 0.02, burst=10)
        found = await paced.walk(pace)
        while any(end.open for end in ends):  # noqa: ASYNC110  # nobody is told
            await asyncio.sleep(0.001)  # the server's ends close when they please
    return found, ends


def test_the_upstream_answers_when_it_has_thought() -> None:
    """Every request is answered whole, and none before its time."""
    found, ends = asyncio.run(asked(0.05))
    assert (found.requests, found.failed) == (20, 0)
    assert found.p50 >= 0.05
    assert len(ends) == 20


def test_our_own_time_stands_beside_the_whole() -> None:
    """A row has what was good, the whole time and our own of it; without a run there is no table."""
    values = {"requests": 100, "good": 99, "p50": 300.5, "p95": 301, "p99": 302}
    values |= {"own p50": 0.2, "own p95": 0.3, "own p99": 0.4}
    found = [Figure("open_loop_300", "penstock", what, value, "") for what, value in values.items()]
    text = open_loop.markdown(Results(MACHINE, list(found)))
    assert "| 300 ms | 100 | 99.00 % | 300.50 / 301.00 / 302.00 ms | 0.20 / 0.30 / 0.40 ms |" in text
    assert "| 0 ms |" not in text
    assert open_loop.markdown(Results(MACHINE, [])) == ""
