"""The memory of a worker: what it may have, and what the caches let go where it becomes short."""

from pathlib import Path

import pytest

from gateway.cache import Cache, Counted, Holding
from gateway.edge.metrics import exposition
from gateway.house import House
from gateway.journal import Journal
from gateway.memory import GROUPS, PROCESS, Memory, limit_for, resident
from gateway.pins import Pins
from gateway.settings import CacheSettings, Caching, LogSettings, ServerSettings, Settings
from gateway.tinylfu import TinyLfu
from tests.gateway.indoors import Client, open_house, provider, settings
from tests.gateway.loops import Clock, in_loop

LIMIT = 1_000_000_000
ASK = b'{"model":"demo","max_tokens":9,"temperature":0,"messages":[{"role":"user","content":"hi"}]}'


class Told(Journal):
    """A log that a test reads."""

    def __init__(self) -> None:
        super().__init__(LogSettings(level="off"))
        self.lines: list[tuple[str, str]] = []

    def say(self, level: str, message: str) -> None:
        """Keep the line."""
        self.lines.append((level, message))


def filled(entries: int = 8, size: int = 100) -> Cache[int]:
    """A cache with so many entries of a size."""
    cache: Cache[int] = Cache(Clock(), 1000, 10_000)
    for number in range(entries):
        cache.put(b"%d" % number, number, size, 60.0)
    return cache


def watched(*readings: int) -> tuple[Memory, Told]:
    """A memory that reads these amounts, one after the other, and its log."""
    left, log = list(readings), Told()
    return Memory(LIMIT, log, lambda: left.pop(0)), log


@pytest.mark.parametrize(("used", "left"), [(0, 8), (799_999_999, 8), (800_000_000, 4), (2_000_000_000, 4)])
def test_from_four_fifths_on_half_of_a_cache_goes(used: int, left: int) -> None:
    """Below that nothing does."""
    memory, _ = watched(used)
    cache = filled()
    memory.look({"responses": cache})
    assert (cache.figures().entries, cache.figures().bytes) == (left, 100 * left)
    assert memory.let_go == ({"responses": 8 - left} if left < 8 else {})


def test_it_goes_on_until_there_is_less_and_says_so_once() -> None:
    """Short memory is told when it begins and when it is over, whatever is cut in between."""
    memory, log = watched(900_000_000, 850_000_000, 750_000_000, 690_000_000, 750_000_000)
    cache, left = filled(), []
    for _ in range(5):
        memory.look({"responses": cache})
        left.append(cache.figures().entries)
    assert left == [4, 2, 1, 1, 1]
    began = "900 MB of the 1000 MB this worker may have are in use: caches are cut by half, 4 entries"
    assert log.lines == [
        ("error", f"memory: {began}, until there is less"),
        ("info", "memory: 690 MB of the 1000 MB this worker may have are in use, which is well again"),
    ]
    assert (memory.let_go, memory.short) == ({"responses": 7}, False)


def pins(count: int) -> Pins:
    """Pins of so many conversations."""
    found = Pins()
    for number in range(count):
        found.of(number, 0.0)
    return found


def plans(count: int) -> Counted[int, int]:
    """A cache that counts no bytes."""
    kept: TinyLfu[int, int] = TinyLfu(100)
    for number in range(count):
        kept.put(number, number)
    return Counted(kept)


@pytest.mark.parametrize("make", [filled, pins, plans])
@pytest.mark.parametrize("count", [0, 1, 2, 9])
def test_half_is_half(make: type, count: int) -> None:
    """Rounded so that the last one goes as well: what is left and what went are all there was."""
    cache: Holding = make(count)
    assert cache.halve() == (count + 1) // 2
    assert cache.figures().entries == count // 2
    while cache.halve():
        pass
    assert cache.figures().entries == 0


def test_what_was_used_last_stays() -> None:
    """The half that goes is the one that was asked for longest ago."""
    cache = filled(4)
    cache.get(b"0")
    cache.halve()
    assert [cache.get(b"%d" % number) is not None for number in range(4)] == [True, False, False, True]
    kept = pins(4)
    kept.of(0, 1.0)
    kept.halve()
    kept.of(0, 2.0)
    assert kept.figures().hits == 2


def look(house: House) -> None:
    """What is done every few seconds, and at the start."""
    house.open()


def caching(memory: int) -> Settings:
    """Settings with a cache of replies."""
    given = settings(memory=memory)
    return Settings(
        server=given.server,
        providers=given.providers,
        cache=CacheSettings(usual=Caching(responses="on")),
        log=given.log,
    )


@in_loop
async def test_a_house_looks_and_every_cache_shrinks() -> None:
    """Callers, conversations, plans, lists and replies; the metrics tell of it, and requests go on."""
    async with open_house(caching(LIMIT)) as house:
        await Client(body=ASK).ask(house)
        await Client("/v1/models", b"", method="GET").ask(house)
        house.affinity.pins.of("a conversation", house.clock())
        house.callers.known(b"a key of somebody")
        before = {name: cache.figures().entries for name, cache in house.caches().items()}
        assert all(before.values()), before
        house.memory.read = lambda: LIMIT
        look(house)
        assert {name: cache.figures().entries for name, cache in house.caches().items()} == {
            name: 0 if name == "model_lists" else count // 2 for name, count in before.items()
        }
        text = exposition(house).decode()
        assert "penstock_memory_used_bytes 1e+09" in text
        assert "penstock_memory_limit_bytes 1e+09" in text
        assert 'penstock_memory_let_go_total{cache="responses"} 1.0' in text
        assert (await Client(body=ASK).ask(house)).status == 200


@in_loop
async def test_without_a_limit_nobody_looks() -> None:
    """Nothing is read, and no cache shrinks."""

    def never() -> int:
        raise AssertionError

    async with open_house(caching(0)) as house:
        house.memory.read = never
        look(house)
        assert house.memory.used == 0


@in_loop
async def test_another_limit_holds_from_the_next_look_on() -> None:
    """It is a setting that may change while running."""
    async with open_house(caching(0)) as house:
        other = house.refurnished(caching(LIMIT))
        house.give_way(other)
        assert other.memory.limit == house.memory.limit == LIMIT


@in_loop
async def test_names_that_fill_a_body_are_kept_nowhere() -> None:
    """A model of half a thousand letters may be one; a longer one is known to nobody, and has no plan."""
    far = provider("box", "http://127.0.0.1:1")
    async with open_house(settings(far)) as house:
        for letters, status in ((500, 502), (513, 404)):
            body = ASK.replace(b"demo", b"box/" + b"m" * (letters - 4))
            assert (await Client(body=body).ask(house)).status == status
        assert len(house.router.plans) == 1


def test_what_this_process_has_is_told() -> None:
    """As far as the system tells it: more than an interpreter, less than a machine."""
    if PROCESS.exists():
        assert 5_000_000 < resident() < 10**11
    assert limit_for(ServerSettings(), PROCESS, GROUPS) >= 0


GROUP = "/system.slice/penstock.service"


@pytest.mark.parametrize(
    ("groups", "files", "limit"),
    [
        ("0::/\n", {"memory.max": "2000000000\n"}, 2_000_000_000),
        ("0::/\n", {"memory.max": "max\n"}, 0),
        ("0::/\n", {}, 0),
        (f"0::{GROUP}\n", {f"{GROUP}/memory.max": "max", "system.slice/memory.max": "700"}, 700),
        (f"0::{GROUP}\n", {f"{GROUP}/memory.max": "500", "system.slice/memory.max": "700"}, 500),
        ("0::/docker/of-the-host\n", {"memory.max": "900"}, 900),
        ("5:cpu:/\n9:memory:/a\n", {"memory/a/memory.limit_in_bytes": "800"}, 800),
        ("9:memory:/\n", {"memory/memory.limit_in_bytes": "9223372036854771712"}, 0),
    ],
    ids=["container", "no limit", "no file", "above it", "its own", "not seen", "version 1", "v1 none"],
)
def test_what_the_container_may_have(tmp_path: Path, groups: str, files: dict[str, str], limit: int) -> None:
    """The least of what its groups say, in either version of them; nothing where they say nothing."""
    (tmp_path / "cgroup").write_text(groups)
    for name, text in files.items():
        file = tmp_path / "groups" / name.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    assert limit_for(ServerSettings(), tmp_path, tmp_path / "groups") == limit


@pytest.mark.parametrize(("memory", "workers", "each"), [(900, 1, 900), (900, 3, 300), (0, 2, 0)])
def test_each_worker_has_its_part(tmp_path: Path, memory: int, workers: int, each: int) -> None:
    """What is set goes before what the container may have, and 0 is any."""
    (tmp_path / "cgroup").write_text("0::/\n")
    (tmp_path / "memory.max").write_text("60")
    assert limit_for(ServerSettings(memory=memory, workers=workers), tmp_path, tmp_path) == each
    assert limit_for(ServerSettings(workers=workers), tmp_path, tmp_path) == 60 // workers
