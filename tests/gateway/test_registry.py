"""The keys of a store, followed: what is changed is live, and a database that is away changes nothing."""

import asyncio
import time
from pathlib import Path

import msgspec
import pytest

from gateway.house import House
from gateway.registry import MOST, Registry
from gateway.settings import Settings
from store import keys, prices
from store.audit import changing
from store.backup import backup
from store.rows import Key, Price
from tests.gateway.indoors import MESSAGE, Client, open_house, settings
from tests.gateway.loops import Clock, in_loop, until
from tests.gateway.registering import Desk, stored
from tests.store import files

HOUR = 3_600_000


async def status(house: House, key: str) -> int:
    """What a client with a key is answered."""
    return (await Client(headers=[(b"x-api-key", key.encode())]).ask(house)).status


def registry_of(house: House) -> Registry:
    """The registry of a house with a store."""
    assert house.registry is not None
    return house.registry


@in_loop
async def test_what_this_process_changes_is_live_at_once(tmp_path: Path) -> None:
    """A key that was unknown opens when it is made, and none opens that was blocked, rotated or revoked."""
    async with open_house(stored(tmp_path / "p.db"), Clock()) as house:
        assert house.keeping is not None
        desk, registry = Desk(house.keeping.database), registry_of(house)
        ann = desk.make("ann")
        assert await status(house, ann.key) == 401
        await registry.refresh()
        assert await status(house, ann.key) == 200
        desk.change(lambda one: keys.block(one, ann.id))
        assert await status(house, ann.key) == 200
        await registry.refresh()
        assert await status(house, ann.key) == 401
        desk.change(lambda one: keys.unblock(one, ann.id))
        again = desk.rotate(ann, 0)
        await registry.refresh()
        assert [await status(house, one.key) for one in (ann, again)] == [401, 200]
        desk.change(lambda one: keys.revoke(one, ann.id))
        await registry.refresh()
        assert await status(house, again.key) == 401


@in_loop
async def test_what_another_process_changes_is_live_in_a_moment(tmp_path: Path) -> None:
    """Nobody has to say so: the audit is looked at."""
    async with open_house(stored(tmp_path / "p.db"), Clock()) as house:
        desk = Desk.at(tmp_path / "p.db")
        desk.place("team", "red")
        ann, callers = desk.make("ann", owner="red"), house.callers
        await until(lambda: callers.caller_of(ann.key.encode()) is not None)
        desk.set("red", state="blocked")
        await until(lambda: callers.caller_of(ann.key.encode()) is None)
        desk.database.close()


@in_loop
async def test_a_key_ends_at_its_time(tmp_path: Path) -> None:
    """What is remembered of a key is not remembered for longer than it opens."""
    desk, clock = Desk.at(tmp_path / "p.db"), Clock(1_000_000.0)
    ann = desk.make("ann", expires=1_000_010_000)
    desk.database.close()
    house = House(stored(tmp_path / "p.db"), clock, calendar=clock)
    await house.open_store()
    assert await status(house, ann.key) == 200
    clock.move(9.9)
    assert await status(house, ann.key) == 200
    clock.move(0.1)
    assert await status(house, ann.key) == 401
    await house.close()


@in_loop
async def test_a_database_that_is_gone_shuts_nobody_out(tmp_path: Path) -> None:
    """Keys go on opening, a look says that it is not up to date, and one that is back is read again."""
    path = tmp_path / "p.db"
    desk = Desk.at(path)
    ann = desk.make("ann")
    async with open_house(stored(path), Clock()) as house:
        registry = registry_of(house)
        assert registry.synchronised
        backup(desk.database, tmp_path / "copy.db")
        path.unlink()
        await registry.refresh()
        house.callers.clear()
        assert (registry.synchronised, await status(house, ann.key)) == (False, 200)
        (tmp_path / "copy.db").rename(path)
        bob = Desk.at(path).make("bob")
        await registry.refresh()
        assert (registry.synchronised, await status(house, bob.key)) == (True, 200)


@in_loop
async def test_keys_that_were_never_read(tmp_path: Path) -> None:
    """Before there is any snapshot a key is told to come back, and is not called wrong."""
    path = tmp_path / "p.db"
    path.mkdir()
    house = House(stored(path), Clock())
    await house.open_store()
    registry = registry_of(house)
    await registry.refresh()
    asked = await Client(headers=[(b"x-api-key", b"pst_0123456789ab_" + b"s" * 43)]).ask(house)
    assert (asked.status, asked.header(b"retry-after")) == (503, b"1")
    path.rmdir()
    ann = Desk.at(path).make("ann")
    await registry.refresh()
    assert await status(house, ann.key) == 200
    await house.close()


@in_loop
@pytest.mark.parametrize("required", [True, False])
async def test_a_start_waits_for_no_lock(tmp_path: Path, required: bool) -> None:
    """A database that nobody may read is not waited for; its keys open when it can be read."""
    path = tmp_path / "p.db"
    ann = Desk.at(path).make("ann")
    given = stored(path)
    given = msgspec.structs.replace(
        given, server=msgspec.structs.replace(given.server, keys_required=required)
    )
    other = files.shut(path)
    async with asyncio.timeout(4):
        house = House(given, Clock())
        await house.open_store()
    registry = registry_of(house)
    assert not registry.loaded
    asked = await Client(headers=[(b"x-api-key", ann.key.encode())]).ask(house)
    assert asked.status == (503 if required else 200)
    other.close()
    await until(lambda: registry.loaded)
    assert await status(house, ann.key) == 200
    await house.close()


@in_loop
async def test_another_database_in_the_same_place(tmp_path: Path) -> None:
    """Where the audit is another one, everything is read anew."""
    path, other = tmp_path / "p.db", tmp_path / "other.db"
    ann, bob = Desk.at(path).make("ann"), None
    desk = Desk.at(other)
    for name in ("x", "bob"):
        bob = desk.make(name)
    desk.database.close()
    async with open_house(stored(path), Clock()) as house:
        path.unlink()
        other.rename(path)
        await registry_of(house).refresh()
        assert bob is not None
        assert [await status(house, one.key) for one in (ann, bob)] == [401, 200]


@in_loop
async def test_more_changes_than_are_worth_following(tmp_path: Path) -> None:
    """After very many changes everything is read anew, and nothing is missed."""
    path = tmp_path / "p.db"
    async with open_house(stored(path), Clock()) as house:
        desk = Desk.at(path)
        desk.make("first")
        await registry_of(house).refresh()
        with changing(desk.database, "tests", 1) as change:
            for number in range(MOST + 5):
                keys.create(change, Key(f"{number:012}", b"%d" % number, "one of many"))
        last = desk.make("last")
        await registry_of(house).refresh()
        assert len(registry_of(house).snapshot) == MOST + 7
        assert await status(house, last.key) == 200
        desk.database.close()


@in_loop
async def test_when_a_key_was_used_is_written_back(tmp_path: Path) -> None:
    """Not with the request, but from time to time and at the latest at the end."""
    path, began = tmp_path / "p.db", time.time_ns() // 1_000_000
    desk = Desk.at(path)
    ann, bob = desk.make("ann"), desk.make("bob")
    async with open_house(stored(path), Clock()) as house:
        assert [await status(house, ann.key) for _ in range(2)] == [200, 200]
        assert desk.last_used(ann) == 0
        await registry_of(house).write_back()
        assert began <= desk.last_used(ann) <= began + HOUR
        await status(house, bob.key)
    assert desk.last_used(bob) >= began
    desk.database.close()


@in_loop
async def test_use_that_cannot_be_written_is_written_later(tmp_path: Path) -> None:
    """A database that is away costs no more than time."""
    path = tmp_path / "p.db"
    desk = Desk.at(path)
    ann = desk.make("ann")
    async with open_house(stored(path), Clock()) as house:
        await status(house, ann.key)
        backup(desk.database, tmp_path / "copy.db")
        path.unlink()
        await registry_of(house).write_back()
        (tmp_path / "copy.db").rename(path)
    assert Desk.at(path).last_used(ann) > 0


@pytest.mark.parametrize("path", ["", ":memory:"])
@in_loop
async def test_a_registry_belongs_to_a_store(path: str) -> None:
    """Without a store there is none; with one in memory it is empty."""
    async with open_house(stored(path) if path else Settings(providers=stored("").providers)) as house:
        assert (house.registry is not None) is bool(path)


@in_loop
async def test_a_price_set_by_hand_is_live_at_once(tmp_path: Path) -> None:
    """Requests that are planned from then on cost that; one that cannot be read is none, and none is lost."""
    async with open_house(stored(tmp_path / "p.db"), Clock()) as house:
        assert house.keeping is not None
        desk, registry = Desk(house.keeping.database), registry_of(house)
        free = house.prices.of("demo", "demo")
        desk.change(lambda one: prices.put(one, Price("demo", "demo*", '{"input":1,"output":2}', 1)))
        desk.change(lambda one: prices.put(one, Price("demo", "x", '{"input":"much"}', 1)))
        await registry.refresh()
        found = house.prices.of("demo", "demo")
        assert found is not None
        assert (found.output, found.source) == (2_000_000, "store")
        assert house.prices.of("demo", "x") is free
        desk.change(lambda one: prices.delete(one, "demo", "demo*"))
        await registry.refresh()
        assert house.prices.of("demo", "demo") is free


@in_loop
async def test_prices_are_there_from_the_start(tmp_path: Path) -> None:
    """Those that were set before, too."""
    async with open_house(stored(tmp_path / "p.db"), Clock()) as house:
        assert house.keeping is not None
        Desk(house.keeping.database).change(
            lambda one: prices.put(one, Price("demo", "demo", '{"input":1,"output":2}', 1))
        )
    async with open_house(stored(tmp_path / "p.db"), Clock()) as house:
        found = house.prices.of("demo", "demo")
        assert found is not None
        assert found.output == 2_000_000


@in_loop
async def test_plans_that_were_made_by_other_prices_are_forgotten() -> None:
    """A target knows what it costs: it is planned anew when that may have changed."""
    async with open_house(settings()) as house:
        assert (await Client(body=MESSAGE).ask(house)).status == 200
        assert len(house.router.plans) == 1
        house.by_hand.set({})
        assert len(house.router.plans) == 0
