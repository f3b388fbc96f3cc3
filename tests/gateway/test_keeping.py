"""What a worker keeps: opened without anybody waiting, troubled and well again, closed with every row."""

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from gateway.configuration.problems import ConfigurationError
from gateway.house import House
from gateway.journal import Journal
from gateway.keeping import Keeping, prove
from gateway.settings import LogSettings, StoreSettings
from store import ledger
from store.connect import Database
from store.rows import Attempt
from tests.gateway.indoors import Client, open_house, settings
from tests.gateway.loops import Clock, in_loop, until
from tests.gateway.reloading import text, working
from tests.sources import CHECKOUT
from tests.store import files


def keeping(path: Path | str) -> tuple[Keeping, Journal]:
    """One that is not open yet, and the log it writes to."""
    journal = Journal(LogSettings(level="off"))
    return Keeping(StoreSettings(path=str(path)), journal), journal


def kept(path: Path) -> list[str]:
    """The ids of the rows in a database."""
    database = Database(path)
    with database.reading() as connection:
        found = [one.attempt.id for one in ledger.page(connection, limit=1000).rows]
    database.close()
    return sorted(found)


def row(name: str) -> Attempt:
    """An attempt of this moment."""
    return Attempt(id=name, began=time.time_ns() // 1_000_000)


@in_loop
async def test_every_row_is_kept_when_it_is_closed(tmp_path: Path) -> None:
    """What was left a moment ago is in the file."""
    one, _ = keeping(tmp_path / "kept.db")
    await one.open()
    assert one.persists
    for number in range(150):
        one.ledger.put(row(f"a{number:03}"))
    await one.close()
    assert kept(tmp_path / "kept.db") == [f"a{number:03}" for number in range(150)]


@in_loop
async def test_a_database_that_is_never_opened_is_closed(tmp_path: Path) -> None:
    """Nothing is made of it, and nothing waits."""
    one, _ = keeping(tmp_path / "kept.db")
    await one.close()
    assert os.listdir(tmp_path) == []  # noqa: PTH208  # a Path may not be asked in a loop


@in_loop
async def test_a_start_does_not_need_the_database(tmp_path: Path) -> None:
    """Its folder is not there: rows are held, and kept when it is."""
    one, _ = keeping(tmp_path / "later" / "kept.db")
    await one.open()
    assert not one.persists
    one.ledger.put(row("a"))
    (tmp_path / "later").mkdir()
    await until(lambda: one.persists)
    await one.close()
    assert kept(tmp_path / "later" / "kept.db") == ["a"]


@in_loop
async def test_the_log_says_when_it_begins_and_when_it_is_over(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Once each, however often it is looked at."""
    one, journal = keeping(tmp_path / "later" / "kept.db")
    journal.set_level("info")
    await one.open()
    one.look()
    (tmp_path / "later").mkdir()
    await until(lambda: one.persists)
    one.look()
    one.look()
    await one.close()
    journal.flush()
    said = capfd.readouterr().err.splitlines()
    assert [line.split("kept.db ")[1][:18] for line in said] == ["cannot be used (Un", "can be written aga"]


@in_loop
async def test_a_locked_database_is_trouble_only_for_what_waits(tmp_path: Path) -> None:
    """The rows are beside it meanwhile, and in it afterwards."""
    path = tmp_path / "kept.db"
    one, _ = keeping(path)
    await one.open()
    other = files.lock(path)
    one.ledger.put(row("a"))
    await until(lambda: not one.persists and one.counts.spooled == 1)
    other.close()
    await until(lambda: one.persists and one.counts.replayed == 1)
    await one.close()
    assert kept(path) == ["a"]


def test_a_file_of_somebody_else_is_refused(tmp_path: Path) -> None:
    """With its path in the configuration."""
    (tmp_path / "notes.txt").write_text("no database, but forty words about something else\n" * 40)
    with pytest.raises(ConfigurationError, match=r"^store\.path: .*notes\.txt: this file is no database"):
        prove(StoreSettings(path=str(tmp_path / "notes.txt")))


def test_a_database_of_a_later_version_is_refused(tmp_path: Path) -> None:
    """What it says is not known here."""
    database = Database(tmp_path / "kept.db")
    with database.writing() as connection:
        connection.pragma("user_version", 10_000)
    database.close()
    with pytest.raises(ConfigurationError, match="a later version of penstock"):
        prove(StoreSettings(path=str(tmp_path / "kept.db")))


def test_nothing_is_refused_that_may_be_there_later(tmp_path: Path) -> None:
    """A folder that cannot be written, a memory, and no store at all."""
    for path in ("", ":memory:", str(tmp_path / "none" / "kept.db")):
        prove(StoreSettings(path=path))


def test_nobody_loads_a_database_that_keeps_nothing() -> None:
    """Neither SQLite nor anything of ours that knows it."""
    code = (
        "import sys; from gateway.app import build; from gateway.settings import Settings; "
        "build(Settings()); "
        "print([name for name in sys.modules if name.split('.')[0] in ('apsw', 'store')])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, check=True)
    assert done.stdout == b"[]\n"
    assert House(settings()).keeping is None


@in_loop
async def test_readyz_tells_persisting_from_serving(tmp_path: Path) -> None:
    """A store that is away takes nobody out of service."""
    given = msgspec.structs.replace(settings(), store=StoreSettings(path=str(tmp_path / "later" / "kept.db")))
    async with open_house(given) as house:
        told = []
        for _ in range(2):
            client = await Client("/readyz", b"", method="GET").ask(house)
            told.append((client.status, client.json()["serves"], client.json()["persists"]))
            metrics = await Client("/metrics", b"", method="GET").ask(house)
            assert f"penstock_ledger_persists {len(told) - 1}.0".encode() in metrics.body
            if len(told) == 1:
                (tmp_path / "later").mkdir()
                await until(lambda: house.keeping is not None and house.keeping.persists)
        assert told == [(200, True, False), (200, True, True)]


@in_loop
async def test_a_store_that_moves_needs_a_restart(tmp_path: Path) -> None:
    """Until then the first one is kept to."""
    file = tmp_path / "penstock.toml"
    async with working(file, text(more='[store]\npath = "one.db"'), Clock()) as worker:
        before = worker.house.keeping
        assert before is not None
        report = await worker.edit(text(more='[store]\npath = "two.db"'))
        assert (report.late, worker.house.keeping) == (("store",), before)
        assert await asyncio.to_thread((tmp_path / "one.db").exists)
        assert not await asyncio.to_thread((tmp_path / "two.db").exists)
