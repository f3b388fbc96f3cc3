"""The scale bench: its client notices what is missing, and its table says what a run found."""

import asyncio
import os
from pathlib import Path

import msgspec
import pytest

from bench import pictures
from bench.samples import Figure, Found, Machine, Moment, Results, Sample
from bench.scale import holders, holding, report, soak_report, ticking
from bench.scale.soak import files_open

MACHINE = Machine("2026-01-02T03:04:05Z", "abc123", "a processor", 2, "Linux", {}, "scale")
EXPOSITION = """\
# HELP penstock_requests_inside Requests.
penstock_requests_inside 3.0
penstock_tasks 12.0
penstock_upstream_connections{provider="a"} 2.0
penstock_upstream_connections{provider="b"} 1.0
penstock_requests_total{status="200"} 9e+06
"""


def figure(case: str, place: str, what: str, value: float) -> Found:
    """One value."""
    return Figure(case, place, what, value, "ms")


def streams(worst: float, memory: float, broken: float = 0) -> list[Found]:
    """A hundred streams held, through penstock and at the upstream."""
    found = [figure("held_100", "penstock", "worst", worst), figure("held_100", "upstream", "worst", 30)]
    found += [figure("held_100", "penstock", "broken", broken)]
    return [*found, figure("held_100", "penstock", "memory", memory)]


def soaked(first: float, last: float, left: float = 0, failed: float = 0) -> Results:
    """A soak of five minutes that climbs at half time, and what it left."""
    values = {"failed": failed, "broken": 0.0, "left: penstock_tasks": left}
    found = [figure("soak", "penstock", what, value) for what, value in values.items()]
    course = {0.0: 50.0, 60.0: first, 90.0: first, 180.0: last, 270.0: last, 300.0: last}
    found += [
        Moment("penstock", when, {"memory": size, "tasks": 5, "files": 20}) for when, size in course.items()
    ]
    return Results(msgspec.structs.replace(MACHINE, layer="soak"), found)


async def held(order: holders.Order) -> holders.Held:
    """Hold streams of the bench's own upstream."""
    ends: list[ticking.Ticking] = []

    def connect() -> ticking.Ticking:
        ends.append(ticking.Ticking())
        return ends[-1]

    server = await asyncio.get_running_loop().create_server(connect, "127.0.0.1", 0)
    async with server, asyncio.timeout(20):
        port = server.sockets[0].getsockname()[1]
        found = await holders.hold(holders.Order(port, order.streams, order.slow, order.away))
        while any(end.open for end in ends):  # noqa: ASYNC110  # nobody is told
            await asyncio.sleep(0.001)  # the server's ends close when they please
    return found


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Events at once, one after the other."""
    monkeypatch.setattr(ticking, "INTERVAL", 0.0)
    monkeypatch.setattr(ticking, "BULK_INTERVAL", 0.0)


@pytest.mark.usefixtures("quick")
def test_held_streams_are_whole(capsys: pytest.CaptureFixture[str]) -> None:
    """Every stream is taken in to its end, those that nobody read for a while too."""
    found = asyncio.run(held(holders.Order(0, streams=5, slow=2, away=0.01)))
    assert (found.streams, found.broken) == (5, 0)
    assert 0 <= found.p50 <= found.worst < 60_000
    assert capsys.readouterr().out == holders.HELD.decode()


def test_slow_readers_stand_among_the_others() -> None:
    """As many look away as are asked for, spread over all, and no two for the same time."""
    order = holders.Order(0, streams=100, slow=5, away=2.0)
    away = [holders.away_of(order, number) for number in range(100)]
    assert [number for number, seconds in enumerate(away) if seconds is not None] == [19, 39, 59, 79, 99]
    times = [seconds for seconds in away if seconds is not None]
    assert times == sorted(set(times))
    assert 1.0 <= min(times) < max(times) < 3.0
    assert holders.away_of(holders.Order(0, streams=3), 0) is None


@pytest.mark.usefixtures("quick")
def test_a_missing_event_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream that lacks an event is broken, read at once or late."""
    monkeypatch.setattr(ticking, "EVENTS", ticking.EVENTS - 1)
    monkeypatch.setattr(ticking, "BULK_EVENTS", ticking.BULK_EVENTS - 1)
    assert asyncio.run(held(holders.Order(0, streams=3, slow=1, away=0.01))).broken == 3


def test_what_is_late_at_the_upstream_is_not_ours() -> None:
    """Our own lateness is what the latest event was later than the latest without us."""
    text = report.markdown(Results(MACHINE, streams(worst=120, memory=30)))
    assert "| 100 streams: latest event, later than without us | 100 ms or less | 90.00 ms | met |" in text
    assert "memory of each |" not in text


def test_memory_is_asked_of_many_streams() -> None:
    """What each stream keeps is held to its bound where there are enough for the first one not to count."""
    found = [figure("held_1000", "penstock", "memory", 30)]
    text = report.markdown(Results(MACHINE, found))
    assert "| 1 000 streams: memory of each | 40 KB or less | 30.00 KB | met |" in text


def test_how_long_the_event_loop_stood_still_is_held_to_a_bound() -> None:
    """What the gateway's metrics say of its own loop is a target beside what clients saw."""
    found = [*streams(1, 1), figure("held_100", "penstock", "held up", 12)]
    text = report.markdown(Results(MACHINE, found))
    assert "| 100 streams: event loop held up at most | 100 ms or less | 12.00 ms | met |" in text


def test_slow_readers_have_a_row_of_their_own() -> None:
    """Streams with slow readers are told apart from idle ones, and are held to no memory of each."""
    found = [figure("slow_100", "penstock", what, 12) for what in ("held up", "memory", "broken")]
    text = report.markdown(Results(MACHINE, [*streams(1, 1), *found]))
    assert "| 100 streams, with slow readers: event loop held up at most | 100 ms or less | 12.00 ms" in text
    assert "slow readers: memory of each" not in text


@pytest.mark.parametrize(("broken", "met"), [(0, True), (1, False)])
def test_a_busy_machine_is_no_excuse_for_a_broken_stream(broken: float, met: bool) -> None:
    """Broken streams fail a run; what only takes long does not."""
    musts = report.musts(Results(MACHINE, streams(1, 1, broken=broken)))
    assert [target.met for target in musts] == [met]


@pytest.mark.parametrize(
    ("run", "missed"),
    [
        (soaked(80, 82), []),
        (soaked(80, 82, failed=1), ["soak: failed"]),
        (soaked(80, 90), ["soak: memory at the end, more than after the first minute"]),
        (soaked(80, 82, left=1), ["soak: tasks, requests inside and files left over"]),
    ],
)
def test_what_a_soak_must_keep(run: Results, missed: list[str]) -> None:
    """A failure, memory that grew, and anything that is left over are missed targets, each by itself."""
    assert [target.what for target in soak_report.targets(run) if not target.met] == missed


def test_growth_of_a_soak() -> None:
    """Memory at the end is held against memory after the first minute, in per cent; less is none."""
    assert soak_report.growth(soaked(80, 84)) == pytest.approx(5)
    assert soak_report.growth(soaked(80, 70)) == 0


def test_a_soak_without_a_course_says_nothing() -> None:
    """Where no memory was read there is no table, and no growth that could be met."""
    assert soak_report.markdown(Results(MACHINE, [])) == ""
    assert soak_report.growth(Results(MACHINE, [])) is None


def test_the_course_of_a_soak_is_drawn() -> None:
    """The picture of a soak has a line for each value that was read."""
    picture = pictures.draw(soaked(80, 82))
    assert picture.count("<polyline") == 3
    assert "at most 82" in picture


def test_streams_are_drawn_by_how_late_they_came() -> None:
    """The picture of a scale run has a bar for each that streams were held through."""
    late = [figure("held_100", place, "p99", 3) for place in ("penstock", "nginx", "upstream")]
    assert pictures.draw(Results(MACHINE, late)).count("<rect") == 3


def test_two_workers() -> None:
    """What two workers serve is compared with what one serves."""
    rounds: list[Found] = [
        Sample("chat", f"workers-{workers}", 0, 70, pace, 1, 2, 0) for workers, pace in ((1, 1000), (2, 1900))
    ]
    text = report.markdown(Results(MACHINE, rounds))
    assert "| two workers against one, by processor time | 1.8 x or more | 2.00 x | met |" in text
    assert "per second, the load on the same cores | 1.8 x or more | 1.90 x | met |" in text


def test_gauges_are_read() -> None:
    """What goes on is read from the text of /metrics, over all labels."""
    names = ("penstock_requests_inside", "penstock_tasks", "penstock_upstream_connections")
    assert holding.gauges(EXPOSITION, names) == dict(zip(names, (3, 12, 3), strict=True))


def test_the_connections_of_the_store_are_no_files_left_over(tmp_path: Path) -> None:
    """They are kept, as connections to upstreams are; every other file counts."""
    before = files_open(os.getpid())
    with (tmp_path / "penstock.db").open("w"), (tmp_path / "penstock.db-wal").open("w"):
        assert files_open(os.getpid()) == before
        with (tmp_path / "other").open("w"):
            assert files_open(os.getpid()) == before + 1
    assert files_open(os.getpid()) == before
