"""What keys of the store cost: to load many, to see that nothing has changed, to know who carries one.

Targets (features G2, S1): 100 000 keys load within two seconds and take at most 40 MB; who carries a key that
is known costs at most 10 µs, and as many allocations as without a store: the time, a count, and the list of
credentials that is played here, which is two. Times are of today; memory is what this process has grown by,
so each number of keys is best measured in a process of its own.
"""

import asyncio
import gc
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from adapters.table import DIALECTS
from bench.allocations import allocated, quiet
from gateway.house import House
from gateway.minting import mint
from gateway.settings import LogSettings, ServerSettings, Settings, StoreSettings
from gateway.state import Exchange, Message
from store import keys, principals
from store.audit import changing
from store.connect import Database
from store.rows import Key, Principal

SIZES = (100_000,)
TEAMS = 100
OPERATIONS = 2000
LOOKS = 50
STATUS = Path("/proc/self/status")
MEGABYTE = 1024


class Cost(msgspec.Struct, frozen=True):
    """Of so many keys: seconds and megabytes to load, microseconds of a look and of who carries one."""

    keys: int
    load: float
    memory: float
    look: float
    first: float
    known: float
    allocations: float


def main(arguments: Sequence[str]) -> int:
    """Measure and print."""
    costs = [measure(int(size)) for size in arguments or SIZES]
    sys.stdout.write("\n".join(table(costs)) + "\n")
    return 0


def measure(count: int) -> Cost:
    """Load so many keys, and ask for the last of them."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "penstock.db"
        last = fill(path, count)
        return asyncio.run(_measure(path, count, last))


def fill(path: Path, count: int) -> str:
    """A store with so many keys, each of some team; the last of them."""
    database, last = Database(path), ""
    with changing(database, "bench", 1) as change:
        for number in range(TEAMS):
            principals.create(change, Principal(f"team-{number}", "team", None, f"team {number}"))
        for number in range(count):
            minted = mint()
            owner = f"team-{number % TEAMS}"
            keys.create(change, Key(minted.id, minted.digest, f"key of {number}", owner=owner))
            last = minted.key
    database.close()
    return last


async def _measure(path: Path, count: int, last: str) -> Cost:
    house = House(
        Settings(
            server=ServerSettings(keys_required=True),
            store=StoreSettings(path=str(path)),
            log=LogSettings(level="off"),
        )
    )
    gc.collect()
    before, began = _memory(), time.perf_counter()
    await house.open_store()
    load = time.perf_counter() - began
    gc.collect()
    memory = _memory() - before
    began = time.perf_counter()
    for _ in range(LOOKS):
        await _look(house)
    look = (time.perf_counter() - began) / LOOKS
    exchange = _exchange(house)
    cost = Cost(
        keys=count,
        load=load,
        memory=memory,
        look=look * 1e6,
        first=_best(lambda: _identify(exchange, last, 100, forget=True), 100),
        known=_best(lambda: _identify(exchange, last, OPERATIONS, forget=False), OPERATIONS),
        allocations=_allocations(exchange, last),
    )
    await house.close()
    return cost


async def _look(house: House) -> None:
    if house.registry is not None:
        await house.registry.refresh()


def table(costs: Sequence[Cost]) -> list[str]:
    """The costs as lines to read."""
    names = f"{'look µs':>8} {'first µs':>9} {'known µs':>9} {'allocations':>12}"
    return [f"{'keys':>8} {'load s':>7} {'MB':>6} {names}"] + [
        f"{one.keys:>8} {one.load:>7.2f} {one.memory:>6.1f} {one.look:>8.0f} {one.first:>9.1f} "
        f"{one.known:>9.2f} {one.allocations:>12g}"
        for one in costs
    ]


def _memory() -> float:
    """What this process holds of the machine's memory, in megabytes; 0 where nobody says so."""
    if not STATUS.exists():
        return 0.0
    lines = STATUS.read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / MEGABYTE


def _best(run: Callable[[], None], operations: int) -> float:
    """Microseconds of one operation: the best of some rounds, which a busy machine disturbs least."""
    rounds = []
    for _ in range(5):
        began = time.process_time()
        run()
        rounds.append(time.process_time() - began)
    return min(rounds) / operations * 1e6


def _allocations(exchange: Exchange, key: str) -> float:
    """Of one request with a key that is known; what a run costs once falls out."""
    with quiet():
        _identify(exchange, key, OPERATIONS, forget=False)
        allocated(lambda: _identify(exchange, key, OPERATIONS, forget=False))
        short = allocated(lambda: _identify(exchange, key, OPERATIONS, forget=False))
        long = allocated(lambda: _identify(exchange, key, 2 * OPERATIONS, forget=False))
    return round((long - short) / OPERATIONS, 1)


def _identify(exchange: Exchange, key: str, count: int, *, forget: bool) -> None:
    callers, pair = exchange.house.callers, (b"x-api-key", key.encode())
    for _ in range(count):
        if forget:
            callers.clear()
        exchange.credentials = [pair]
        callers.identify(exchange)


def _exchange(house: House) -> Exchange:
    dialect, path = DIALECTS["anthropic-messages"], "/v1/messages"
    scope = {"client": ("127.0.0.1", 1)}
    return Exchange(house, dialect, "generate", path, scope, _nothing_comes, _nobody_hears, house.clock())


async def _nothing_comes() -> Message:
    raise AssertionError("who asks is known before the body")


async def _nobody_hears(message: Message) -> None:
    raise AssertionError(f"nobody is told who asks: {message}")
