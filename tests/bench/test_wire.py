"""The wire bench: what its table says of a run, and that its streams notice what is missing."""

import asyncio
from pathlib import Path

import pytest

from bench import report as whole
from bench import samples
from bench.samples import Machine, Memory, Results, Sample, Start
from bench.wire import events, report, streams, wrk

MACHINE = Machine("2026-01-02T03:04:05Z", "abc123", "a processor", 2, "Linux", {"python": "3.11"})


def sample(peer: str, each: float, number: int = 0) -> Sample:
    """One round of the small chat."""
    return Sample("chat", peer, number, each, 1e6 / each, 300, 900, 0)


@pytest.fixture
def results() -> Results:
    """Three rounds, one of them disturbed."""
    ours = [sample("penstock", each, number) for number, each in enumerate((80, 500, 70))]
    theirs = [sample("nginx", each, number) for number, each in enumerate((10, 16, 90))]
    return Results(MACHINE, [*ours, *theirs, Memory("penstock", "idle", 70), Start("penstock", 0.5)])


def test_medians_are_compared(results: Results) -> None:
    """The ratio is that of the medians, so one disturbed round on either side does not move it."""
    assert "| chat, small body | 80.0 µs | 16.0 µs | **5.0 x** |" in report.markdown(results)


def test_targets(results: Results) -> None:
    """Each target that was measured is said to be met or missed, with its figure."""
    text = report.markdown(results)
    assert "| memory, idle | 60 MB or less | 70.00 MB | **missed** |" in text
    assert "| first request after start | 1 s or less | 0.50 s | met |" in text
    assert "streamed event" not in text


def test_pages(results: Results, tmp_path: Path) -> None:
    """A run's section stands between its marks, and without a run nothing is there."""
    pages = {known.page for known in whole.SECTIONS.values()}
    for page in pages:
        marks = [
            f"{whole.BEGIN.format(layer=layer)}\nold\n{whole.END.format(layer=layer)}\n"
            for layer, known in whole.SECTIONS.items()
            if known.page == page
        ]
        (tmp_path / page).parent.mkdir(exist_ok=True)
        (tmp_path / page).write_text(f"before\n{''.join(marks)}after\n")
    whole.write([results], tmp_path)
    text = (tmp_path / "README.md").read_text()
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "<!-- bench:soak -->\n<!-- /bench:soak -->" in text
    assert f"<!-- bench:wire -->\n### {whole.SECTIONS['wire'].title}\n\nMeasured 2026-01-02 at abc123" in text
    assert not any("old" in (tmp_path / page).read_text() for page in pages)


def test_a_page_without_marks_is_left_alone(results: Results, tmp_path: Path) -> None:
    """A page that lacks a mark is named, and is not written."""
    (tmp_path / "README.md").write_text("nothing\n")
    with pytest.raises(SystemExit, match=r"README.md has no <!-- bench:"):
        whole.write([results], tmp_path)
    assert (tmp_path / "README.md").read_text() == "nothing\n"


def test_kept_run(results: Results, tmp_path: Path) -> None:
    """A run that was written down gives the same report when it is read again."""
    kept = samples.read(samples.write(results, tmp_path))
    assert report.markdown(kept) == report.markdown(results)


def test_several_bodies_are_sent_in_turn(tmp_path: Path) -> None:
    """Of several bodies wrk's script sends one after the other; of one it makes the request once."""
    several = wrk.write_mixed(tmp_path, "several", [b"a", b"b", b"a"], {"x": "y"}).read_text()
    single = wrk.write_script(tmp_path, "single", b"a", {}).read_text()
    assert "function request()" in several
    assert several.count("several-0.body") == 2
    assert "function request()" not in single
    assert 'wrk.method = "GET"' in wrk.write_script(tmp_path, "none", b"", {}).read_text()


async def stream_through(events_sent: int, events_expected: int) -> streams.Streamed:
    """Run four streams, twice each, against the bench's own upstream."""
    loop = asyncio.get_running_loop()
    connections: list[events.Streaming] = []

    def connect() -> events.Streaming:
        connections.append(events.Streaming(events_sent, 0.0))
        return connections[-1]

    server = await loop.create_server(connect, "127.0.0.1", 0)
    async with server, asyncio.timeout(20):
        streamed = await streams.load(
            streams.Order(server.sockets[0].getsockname()[1], 4, 2, events_expected)
        )
        while any(connection.open for connection in connections):  # noqa: ASYNC110  # nobody is told
            await asyncio.sleep(0.001)  # the server's ends close when they please
    return streamed


def test_complete_streams() -> None:
    """Every event of every stream is counted."""
    streamed = asyncio.run(stream_through(10, 10))
    assert (streamed.events, streamed.broken) == (80, 0)
    assert len(streamed.first_event) == 8


def test_missing_event() -> None:
    """A stream that lacks an event is counted as broken."""
    assert asyncio.run(stream_through(9, 10)).broken == 8
