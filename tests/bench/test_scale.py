"""The scale bench: its client notices what is missing, and its table says what a run found."""

import asyncio

import pytest

from bench.samples import Figure, Found, Machine, Results, Sample
from bench.scale import holders, report, soak, ticking

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


def soaked(first: float, last: float, left: float = 0) -> list[Found]:
    """A soak and what it left."""
    values = {"failed": 0.0, "memory first": first, "memory last": last, "left: penstock_tasks": left}
    return [figure("soak", "penstock", what, value) for what, value in values.items()]


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


@pytest.mark.usefixtures("quick")
def test_a_missing_event_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream that lacks an event is broken, read at once or late."""
    monkeypatch.setattr(ticking, "EVENTS", ticking.EVENTS - 1)
    monkeypatch.setattr(ticking, "BULK_EVENTS", ticking.BULK_EVENTS - 1)
    assert asyncio.run(held(holders.Order(0, streams=3, slow=1, away=0.01))).broken == 3


def test_what_is_late_at_the_upstream_is_not_ours() -> None:
    """Our own lateness is what the latest event was later than the latest without us."""
    text = report.markdown(Results(MACHINE, streams(worst=120, memory=30)))
    assert "| 100 streams: latest event, of our own | 100 ms or less | 90.00 ms | met |" in text
    assert "| 100 streams: memory of each | 40 KB or less | 30.00 KB | met |" in text


@pytest.mark.parametrize(
    ("entries", "met"),
    [
        (streams(1, 1), True),
        (streams(1, 1, broken=1), False),
        (soaked(80, 80), True),
        (soaked(80, 80, left=1), False),
    ],
)
def test_what_a_busy_machine_does_not_excuse(entries: list[Found], met: bool) -> None:
    """Broken streams and what is left over fail a run; what only takes long does not."""
    assert all(target.met for target in report.musts(Results(MACHINE, entries))) is met


def test_growth_of_a_soak() -> None:
    """Memory at the end is held against memory at first, in per cent; less is none."""
    assert report.growth(Results(MACHINE, soaked(80, 84))) == pytest.approx(5)
    assert report.growth(Results(MACHINE, soaked(80, 70))) == 0


def test_two_workers() -> None:
    """What two workers serve is compared with what one serves."""
    rounds: list[Found] = [
        Sample("chat", f"workers-{workers}", 0, 70, pace, 1, 2, 0) for workers, pace in ((1, 1000), (2, 1900))
    ]
    text = report.markdown(Results(MACHINE, rounds))
    assert "| two workers against one, per second | 1.8 x or more | 1.90 x | met |" in text


def test_gauges_are_read() -> None:
    """What goes on is read from the text of /metrics, over all labels."""
    assert soak.gauges(EXPOSITION) == {
        "penstock_requests_inside": 3,
        "penstock_tasks": 12,
        "penstock_upstream_connections": 3,
    }
