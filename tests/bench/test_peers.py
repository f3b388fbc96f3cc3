"""The peers bench: what its table says, that a peer that cannot be had is left out, and the paced client."""

import asyncio
import json
import re
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import cast

import msgspec
import pytest

from bench import pictures, samples
from bench.peers import foreign, installs, report, run
from bench.samples import Machine, Memory, Results, Sample
from bench.wire import paced
from bench.wire.peers import Peer, Upstreams

MACHINE = Machine("2026-01-02T03:04:05Z", "abc123", "a processor", 2, "Linux", {"litellm": "1"}, "peers")
BEHIND = Upstreams(8001, 8002)


def sample(peer: str, each: float, case: str = "chat") -> Sample:
    """One round of a case."""
    return Sample(case, peer, 0, each, 1e6 / each, 300, 900, 0)


@pytest.fixture
def results() -> Results:
    """penstock, nginx and LiteLLM with a small chat; LiteLLM takes 120 times ours."""
    found = [sample("penstock", 100), sample("nginx", 20), sample("litellm", 12_000)]
    return Results(MACHINE, [*found, Memory("litellm", "idle", 380)])


def test_each_peer_stands_beside_ours(results: Results) -> None:
    """The table has a column a peer, and how many times our processor time it takes."""
    text = report.markdown(results)
    assert "| chat, small body | 100.0 µs | 20.0 µs, 0.2 x | 12000.0 µs, 120 x |" in text
    assert "| idle |  |  | 380.0 MB |" in text


def test_targets_beside_the_others(results: Results) -> None:
    """What others must take at least of our time is met or missed, and not told of who was not there."""
    text = report.markdown(results)
    assert (
        "| chat, small body: LiteLLM's processor time against ours | 100 x or more | 120.00 x | met |" in text
    )
    assert "Portkey's" not in text


def test_the_picture_has_a_bar_for_each(results: Results, tmp_path: Path) -> None:
    """A run is drawn as a picture with a bar and a figure for each who was measured, the dearest longest."""
    path = pictures.write(results, tmp_path)
    assert path is not None
    text = path.read_text()
    widths = [float(width) for width in re.findall(r"<rect [^>]*width=\"([\d.]+)\"", text)]
    assert len(widths) == 3
    assert max(widths) == widths[2]
    assert "12000.0 µs" in text


def test_who_was_left_out_is_named(results: Results) -> None:
    """The report names the peers that were not measured."""
    assert "could not be had: portkey, claude-code-router." in report.markdown(results)


def test_a_missing_peer_is_left_out(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A peer that cannot be installed is named with the reason, and the run goes on without it."""

    def absent(_folder: Path, _behind: Upstreams) -> AbstractContextManager[Peer]:
        raise installs.Missing("Node 20 and npm are needed")

    monkeypatch.setitem(run.PEERS, "portkey", absent)
    with ExitStack() as stack:
        found: list[samples.Found] = []
        assert run.open_peers(["portkey"], tmp_path, BEHIND, stack, found) == ()
        assert found == []
    assert "left out: portkey: Node 20 and npm are needed" in capfd.readouterr().err


def test_a_run_says_its_layer(results: Results, tmp_path: Path) -> None:
    """A kept run is named for its time and layer, and reads back the same."""
    path = samples.write(results, tmp_path)
    assert path.name == "2026-01-02T030405Z-peers.jsonl"
    assert report.markdown(samples.read(path)) == report.markdown(results)


def test_models_as_a_peer_names_them() -> None:
    """A peer that knows a model by another name is asked for that one; nothing else of a body changes."""
    peer = Peer("x", None, 1, 1, models={"bench-crossed": "whole,gpt-4o"})  # type: ignore[arg-type]
    body = b'{"model":"bench-crossed","messages":["bench-crossed"]}'
    assert peer.named(body) == b'{"model":"whole,gpt-4o","messages":["bench-crossed"]}'


def test_the_locks_hold_what_is_started() -> None:
    """Each peer is pinned: LiteLLM with hashes, those of Node with integrity, and no address."""
    lock = (installs.HERE / "litellm.lock").read_text()
    assert f"\n{(installs.HERE / 'litellm.in').read_text().strip().replace('[proxy]', '')} \\\n" in lock
    packages = json.loads((installs.HERE / "package-lock.json").read_text())["packages"]
    assert {f"node_modules/{name}" for name in (installs.PORTKEY, installs.ROUTER)} <= packages.keys()
    assert [name for name, package in packages.items() if name and "integrity" not in package] == []
    assert [name for name, package in packages.items() if "resolved" in package] == []


def test_the_router_is_asked_for_both_upstreams() -> None:
    """The configuration of claude-code-router names both upstreams and asks for the bench's key."""
    written = foreign.router_configuration(9, BEHIND)
    assert [provider["api_base_url"] for provider in written["Providers"]] == [
        "http://127.0.0.1:8001/v1/chat/completions",
        "http://127.0.0.1:8002/v1/chat/completions",
    ]


class Answering(asyncio.Protocol):
    """A server's end that answers whatever comes with the same bytes."""

    def __init__(self, answer: bytes, ends: set["Answering"]) -> None:
        self._answer = answer
        self._ends = ends

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count in."""
        self._transport = cast("asyncio.WriteTransport", transport)
        self._ends.add(self)

    def data_received(self, _data: bytes) -> None:
        """Answer."""
        self._transport.write(self._answer)

    def connection_lost(self, _error: Exception | None) -> None:
        """Count out."""
        self._ends.discard(self)


async def walk_through(answer: bytes, **changed: float) -> paced.Paced:
    """Ask a server that answers every request with the same bytes."""
    ends: set[Answering] = set()
    server = await asyncio.get_running_loop().create_server(lambda: Answering(answer, ends), "127.0.0.1", 0)
    async with server, asyncio.timeout(20):
        port = server.sockets[0].getsockname()[1]
        pace = paced.Pace(port, [paced.Call("/", "{}")], {}, per_second=1000, seconds=0.05)
        found = await paced.walk(msgspec.structs.replace(pace, **changed))
        while ends:  # noqa: ASYNC110  # nobody is told
            await asyncio.sleep(0.001)  # the server's ends close when they please
    return found


def test_the_pace_is_kept() -> None:
    """As many requests are made as the pace says, and each good one is counted."""
    found = asyncio.run(walk_through(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"))
    assert (found.requests, found.failed) == (50, 0)
    assert 0 < found.p50 <= found.p95 <= found.p99


def test_what_the_gateway_says_of_its_own_time_is_kept() -> None:
    """The same percentiles are told of the time that the replies say was the gateway's own."""
    told = b"server-timing: auth;dur=0.10, own;dur=2.50\r\n"
    found = asyncio.run(walk_through(b"HTTP/1.1 200 OK\r\n" + told + b"content-length: 2\r\n\r\n{}"))
    assert found.own == (0.0025, 0.0025, 0.0025)


def test_what_is_too_much_at_once_is_not_asked() -> None:
    """Requests beyond those that may be under way are not made, and are counted as such."""
    found = asyncio.run(walk_through(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", burst=10, most=4))
    assert (found.requests, found.skipped, found.failed) == (20, 30, 0)


def test_connections_can_be_there_from_the_start() -> None:
    """As many as are asked for are opened before the first request, and are used in turn."""
    found = asyncio.run(walk_through(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", opened=7))
    assert (found.requests, found.failed) == (50, 0)


def test_calls_are_drawn_by_weight() -> None:
    """Each request is one of the calls, the heavier ones more often, and the same in every run."""
    calls = [paced.Call("/a", "1", 70), paced.Call("/b", "2", 20)]
    pace = paced.Pace(1, calls, {}, per_second=1, seconds=1)
    drawn = [[paced.Walk(pace).draw() for _ in range(1)] for _ in range(2)]
    assert drawn[0] == drawn[1]
    walk = paced.Walk(pace)
    paths = [walk.draw().split()[1] for _ in range(900)]
    assert 640 < paths.count(b"/a") < 760


def test_a_refusal_is_a_failure() -> None:
    """Whatever is not a 200 is counted as failed, chunked or not."""
    refusal = b"HTTP/1.1 429 Slow\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"
    found = asyncio.run(walk_through(refusal, burst=10))
    assert (found.requests, found.failed) == (50, 50)
