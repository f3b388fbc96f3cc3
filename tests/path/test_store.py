"""The store behind a running gateway: what its trouble costs a request, and what is left when it ends."""

import json
import os
import resource
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from store import ledger
from store.connect import Database
from tests.path.conftest import Start
from tests.path.dialects import MESSAGES, RESPONSES
from tests.path.house import House, configuration
from tests.path.kills import ended
from tests.path.process import PATIENCE
from tests.path.responses import response
from tests.path.sockets import Socket
from tests.store import files
from tests.upstream.scripts import whole
from tests.upstream.server import Upstream

REPLY = whole(b'{"type":"message","usage":{"input_tokens":11,"output_tokens":7}}')
FILE = "kept.db"
STORE = f'[store]\npath = "{FILE}"\n'
# Smaller than any page of the database but the first: the disk takes nothing more but a few lines beside it.
NO_ROOM = 4096


@contextmanager
def locked(path: Path, process: int) -> Iterator[None]:
    """Somebody else is in the middle of a change."""
    del process
    other = files.lock(path)
    yield
    other.close()


@contextmanager
def away(path: Path, process: int) -> Iterator[None]:
    """The file was moved, and comes back."""
    del process
    elsewhere = path.with_name("elsewhere.db")
    path.rename(elsewhere)
    yield
    elsewhere.rename(path)


@contextmanager
def full(path: Path, process: int) -> Iterator[None]:
    """The disk takes no page any more."""
    del path
    workers = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii").split()
    before = [resource.prlimit(int(one), resource.RLIMIT_FSIZE) for one in workers]
    for one, (_, hard) in zip(workers, before, strict=True):
        resource.prlimit(int(one), resource.RLIMIT_FSIZE, (NO_ROOM, hard))
    yield
    for one, limits in zip(workers, before, strict=True):
        resource.prlimit(int(one), resource.RLIMIT_FSIZE, limits)


TROUBLES: dict[str, Callable[..., object]] = {"locked": locked, "away": away, "full": full}


def persists(house: House) -> bool:
    """What /readyz says, which is 200 all the same."""
    reply = house.call("GET", "/readyz")
    assert reply.status == 200
    return bool(json.loads(reply.body)["persists"])


def wait_until(holds: Callable[[], bool]) -> None:
    """Look until it holds."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.02)


def kept(path: Path) -> Counter[str]:
    """How often each request is in the ledger."""
    database = Database(path)
    with database.reading() as connection:
        found = Counter(row.attempt.exchange for row in ledger.page(connection, limit=1000).rows)
    database.close()
    return found


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_database_in_trouble_costs_no_request(gateway: Start, replay: Upstream, trouble: str) -> None:
    """Each is answered, /readyz and the log say what is wrong, and each row is there once afterwards."""
    house = House(gateway(configuration(replay) + STORE), replay)
    path = house.gateway.folder / FILE
    wait_until(lambda: persists(house))
    with TROUBLES[trouble](path, house.gateway.process.pid):  # type: ignore[attr-defined]
        for number in range(3):
            asked = house.ask(MESSAGES, REPLY, [("x-request-id", f"{trouble}-{number}")])
            assert asked.reply.status == 200
        wait_until(lambda: not persists(house))
        house.gateway.wait_for_output("cannot be used")
        assert b"penstock_ledger_persists 0.0" in house.call("GET", "/metrics").body
    wait_until(lambda: persists(house))
    wait_until(lambda: kept(path).total() >= 3)
    assert kept(path) == Counter(f"{trouble}-{number}" for number in range(3))
    house.gateway.terminate()
    assert house.gateway.wait() == 0
    assert not os.path.lexists(f"{path}-spool")
    assert files.sound(path)


def test_a_gateway_starts_without_its_database(gateway: Start, replay: Upstream, tmp_path: Path) -> None:
    """Somebody has it for themselves: requests are served, and their rows are there when it is free."""
    path = tmp_path / FILE
    Database(path).close()
    with closing(files.raw(path)) as other:
        other.pragma("locking_mode", "exclusive")
        other.execute("BEGIN EXCLUSIVE")
        text = configuration(replay) + f'[store]\npath = "{path}"\n'
        house = House(gateway(text), replay)
        assert not persists(house)
        asked = house.ask(MESSAGES, REPLY, [("x-request-id", "early")])
        assert asked.reply.status == 200
    wait_until(lambda: persists(house))
    wait_until(lambda: kept(path) == Counter({"early": 1}))


def test_a_turn_over_a_socket_is_a_row(gateway: Start, replay: Upstream) -> None:
    """Each turn of a WebSocket is a request like any other, with the session of its connection."""
    house = House(gateway(configuration(replay) + STORE), replay)
    path = house.gateway.folder / FILE
    exchange = replay.plays(*[response("a")] * 2)
    with Socket(house.address, [exchange.header, ("session-id", "s-1")]) as client:
        for _ in range(2):
            client.ask(model=RESPONSES.model, input="hi")
    wait_until(lambda: kept(path).total() == 2)
    database = Database(path)
    with database.reading() as connection:
        rows = [row.attempt for row in ledger.page(connection, "session", "s-1").rows]
    database.close()
    assert [(row.dialect, row.provider, row.cause, row.streamed) for row in rows] == [
        ("openai-responses", "box", "useful", True)
    ] * 2


@pytest.mark.parametrize("locked_", [False, True], ids=["free", "locked"])
def test_sigterm_loses_no_row(tmp_path: Path, *, locked_: bool) -> None:
    """All that was answered is in the ledger, once, whether it went through the spool or not."""
    remains = ended(tmp_path, signal.SIGTERM, locked=locked_)
    assert remains.acceptable, remains
    assert remains.missing == []


@pytest.mark.parametrize("locked_", [False, True], ids=["free", "locked"])
def test_a_kill_loses_one_second_at_most(tmp_path: Path, *, locked_: bool) -> None:
    """In the middle of 500 requests a second; nothing is there twice, and the file is sound."""
    remains = ended(tmp_path, signal.SIGKILL, locked=locked_)
    assert remains.acceptable, remains
