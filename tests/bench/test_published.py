"""The published workloads: that each is answered as it should be, and that the table tells them."""

import asyncio

import msgspec
import pytest

from bench import published
from bench.inprocess import Bench, penstock
from bench.published import PUBLISHED, Published
from bench.samples import Figure, Machine, Results, Sample

MACHINE = Machine("2026-01-02T03:04:05Z", "abc123", "a processor", 2, "Linux", {}, "published")


@pytest.mark.parametrize("each", PUBLISHED, ids=lambda each: each.work.name)
def test_each_is_answered(each: Published) -> None:
    """Every workload in process is a 200 with the upstream's text in it."""
    with Bench(penstock, asyncio.SelectorEventLoop) as bench:
        answer = bench.ask(each.work)
    assert answer.status == 200
    text = {"chat_stream": b'"hi"', "healthz": b"ok"}.get(each.work.name)
    assert any(word in answer.body for word in ([text] if text else [b"Hello!", b"Benchmark response"]))


def test_the_bodies_are_those_published() -> None:
    """The large message has 24 000 bytes, and ten turns are ten, user and assistant alternating."""
    bodies = {each.work.name: each.work.body for each in PUBLISHED if each.work.body}
    large = msgspec.json.decode(bodies["large"])
    assert len(large["messages"][0]["content"]) == 24_000
    said = msgspec.json.decode(bodies["turns"])["messages"]
    assert [message["role"] for message in said] == ["user", "assistant"] * 5


def test_theirs_stands_beside_ours() -> None:
    """A row has our figures and what was published, in process and over sockets."""
    results = Results(
        MACHINE,
        [
            Figure("simple", "penstock", "allocations", 55, "allocations"),
            Figure("simple", "penstock", "time", 40, "µs"),
            Sample("messages_50", "penstock", 0, 70, 9000, 5000, 9000, 0),
        ],
    )
    text = published.markdown(results)
    assert "| ccproxy | simple | 55 | 40.0 µs | 42 allocations, 23.5 µs, in Go |" in text
    assert "| messages, 50 connections | 9 000 | 5.00 / 9.00 ms | 500 to 1 000 a second |" in text
