"""The bench of the server's settings: what is set arrives at granian; its table compares within a round."""

import msgspec
import pytest

from bench import settings
from bench.samples import Machine, Memory, Results, Sample
from bench.wire.peers import Served
from gateway import serve
from gateway.settings import ServerSettings

MACHINE = Machine("2026-01-02T03:04:05Z", "abc123", "a processor", 2, "Linux", {}, "settings")


def sample(name: str, number: int, each: float) -> Sample:
    """One round of the small chat."""
    return Sample("chat", name, number, each, 1000, 1, 2, 0)


@pytest.mark.parametrize("served", settings.VARIANTS.values(), ids=lambda served: served.name)
def test_each_variant_can_be_set(served: Served) -> None:
    """What a variant changes is something the server is set by, and not what it is set to anyway."""
    tuning = msgspec.convert(served.changed, serve.Tuning)
    assert (tuning != serve.TUNING) is bool(served.changed)


def test_what_is_chosen_is_what_the_server_gets(monkeypatch: pytest.MonkeyPatch) -> None:
    """granian is given the values of the tuning, whatever they are."""
    chosen = serve.Tuning(runtime_mode="st", backlog=200, backpressure=100, buffer=20_000)
    monkeypatch.setattr(serve, "TUNING", chosen)
    server = serve._Granian(ServerSettings(), lambda: None)  # noqa: SLF001  # there is no other way to look
    assert server.runtime_mode.value == "st"
    assert (server.backlog, server.backpressure) == (200, 100)
    assert server.http1_settings is not None
    assert server.http1_settings.max_buffer_size == 20_000


def test_rounds_are_compared_one_by_one() -> None:
    """A variant's figure is the median of what it was of the shipped one's in the same round."""
    found = [
        sample(name, number, each)
        for name, times in (("shipped", (100, 200, 100)), ("st", (110, 240, 150)))
        for number, each in enumerate(times)
    ]
    results = Results(MACHINE, [*found, Memory("st", "idle", 70), Memory("st", "load", 90)])
    assert settings.times_shipped(results, "chat", "st") == pytest.approx(1.2)
    text = settings.markdown(results)
    assert "| runtime mode `st` | 150.0 µs (1.20) |" in text
    assert "| 70.0 MB / 90.0 MB |" in text
    assert "2 runtime threads" not in text
