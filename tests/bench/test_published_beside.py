"""Published loads that need another set-up: bodies are theirs, configurations good, the table is whole."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from adapters.table import DIALECTS
from bench import published_beside
from bench.published_beside import CACHE, CACHED, FKLLM, GEMINI, GEMINIS, TO_GEMINI
from bench.samples import Machine, Results, Sample
from bench.wire import peers, slow
from bench.wire.peers import Upstreams
from gateway.configuration.loading import load

MACHINE = Machine("2026-01-02T03:04:05Z", "abc123", "a processor", 2, "Linux", {}, "published")


def test_the_bodies_are_those_published() -> None:
    """Each load that a cache answers asks its own constant question, and FkLLMProxy's asks for ten tokens."""
    bodies = [msgspec.json.decode(case.body) for case in CACHED]
    assert [body["messages"][0]["content"] for body in bodies] == [
        "Cached test",
        "What is 2+2?",
        "Test message",
    ]
    assert [body["max_tokens"] for body in bodies] == [10, 50, 10]
    assert msgspec.json.decode(FKLLM)["max_tokens"] == 10


@pytest.mark.parametrize("on", [False, True], ids=["keys alone", "everything on"])
def test_the_configurations_are_good(on: bool, tmp_path: Path) -> None:
    """What is started has the cache on, and leads the model to a provider that speaks gemini."""
    behind = Upstreams(9, 9)
    text = peers.everything(tmp_path, behind) if on else peers.penstock_configuration(behind)
    file = tmp_path / "penstock.toml"
    file.write_text(text.replace("[models]\n", GEMINI.format(port=9), 1) + CACHE, encoding="utf-8")
    settings = load(file, environment={"HOME": str(tmp_path)}).settings
    assert settings.models["gemini-2.5-flash"] == "thinking"
    assert bool(settings.store.path) is on
    (thinking,) = [provider for provider in settings.providers if provider.name == "thinking"]
    assert list(thinking.base_urls) == ["gemini"]


def test_gemini_answers_in_its_own_words() -> None:
    """What the upstream that thinks says as Gemini is a reply of Gemini's, with its tokens."""
    reply = DIALECTS["gemini"].read_reply(slow.GEMINI)
    assert reply.usage is not None
    assert b"Hello!" in slow.ANSWERS["gemini"]


async def opened(dialect: str) -> slow.Thinking:
    """One of the upstream's connections."""
    return slow.Thinking(0.0, dialect)


def test_an_unknown_dialect_is_not_spoken() -> None:
    """It speaks two dialects, and says so of another before anybody is served."""
    with pytest.raises(KeyError):
        asyncio.run(opened("ollama"))
    assert asyncio.run(opened("gemini")).open is False


def test_each_set_up_has_a_row() -> None:
    """The table says which cache and which limits stood behind a figure; without a run there is none."""
    names = [("cached", case.name) for case in CACHED] + [(name, TO_GEMINI.name) for name in GEMINIS]
    found = [Sample(case, name, 0, 70, 9000, 5000, 9000, 0) for name, case in names]
    text = published_beside.markdown(Results(MACHINE, list(found)))
    assert text.count("| 9 000 | 5.00 / 9.00 ms | 0 |") == 7
    assert "it thinks 50 ms, everything on" in text
    assert "50 connections, from the cache" in text
    assert published_beside.markdown(Results(MACHINE, [])) == ""
