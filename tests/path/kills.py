"""A gateway that is killed in the middle of 500 requests a second, and its ledger (`just kills-gateway`).

`python -m tests.path.kills [TIMES]` kills it so many times [20], every other time while the database is
locked by somebody else, so that the rows are on their way through the spool.
"""

import http.client
import os
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from itertools import count
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from store import ledger
from store.connect import Database
from store.writer import Ledger
from tests.path.process import Gateway
from tests.store import files

CLIENTS: Final = 4
RATE: Final = 500
REQUESTS: Final = 800
PER_CONNECTION: Final = 50
FILE: Final = "penstock.db"
CONFIGURATION: Final = """
[server]
workers = 2
[log]
level = "off"
[providers.demo]
pace = "0s"
[store]
path = "penstock.db"
"""
BODY: Final = b'{"model":"demo","max_tokens":4,"messages":[{"role":"user","content":"hi"}]}'
MOST: Final = 100_000
# What who comes in while it ends is told.
CLOSING: Final = 503


class Remains(NamedTuple):
    """What a gateway leaves that was ended: how many it answered, how fast, and what the ledger lacks."""

    answered: int
    rate: float
    missing: list[str]
    oldest: float
    twice: list[str]
    sound: bool

    @property
    def acceptable(self) -> bool:
        """At most one second is lost, nothing is there twice, nothing is broken."""
        return self.oldest <= 1.0 and not self.twice and self.sound


class Crowd:
    """Clients that ask one after the other, and write down when each answer was there."""

    def __init__(self, address: str) -> None:
        self.answered: dict[str, float] = {}
        self._address = urlsplit(address)
        self._enough = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(name,)) for name in "abcdefgh"[:CLIENTS]]
        self.began = time.monotonic()
        for thread in self._threads:
            thread.start()

    def wait_for(self, most: int) -> None:
        """Wait until so many have their answers."""
        while len(self.answered) < most and any(thread.is_alive() for thread in self._threads):
            self._enough.wait(0.01)

    def join(self) -> None:
        """Wait until each has found that nobody answers any more."""
        for thread in self._threads:
            thread.join()

    def _ask(self, name: str) -> None:
        """Until nobody answers any more."""
        due = _beats(self.began)
        with suppress(OSError, http.client.HTTPException):
            for round_ in count():
                self._ask_some(f"{name}-{round_}", due)

    def _ask_some(self, name: str, due: Iterator[float]) -> None:
        """A connection of its own now and then, so that both workers are asked."""
        address = self._address.hostname or "", self._address.port
        with closing(http.client.HTTPConnection(*address, timeout=10)) as connection:
            for number in range(PER_CONNECTION):
                self._enough.wait(max(0.0, next(due) - time.monotonic()))
                self._ask_once(connection, f"{name}-{number}")

    def _ask_once(self, connection: http.client.HTTPConnection, identity: str) -> None:
        headers = {"content-type": "application/json", "x-request-id": identity}
        connection.request("POST", "/v1/messages", BODY, headers)
        with closing(connection.getresponse()) as reply:
            reply.read()
            if reply.status != CLOSING:
                assert reply.status == 200, reply.status
                self.answered[identity] = time.monotonic()


def _beats(began: float) -> Iterator[float]:
    return (began + number * CLIENTS / RATE for number in count())


def ended(folder: Path, ending: signal.Signals, *, locked: bool) -> Remains:
    """End a gateway that answers, and look at what is left."""
    path = folder / FILE
    Database(path).close()
    other = files.lock(path) if locked else None
    gateway = Gateway(folder, CONFIGURATION, {})
    try:
        crowd = Crowd(gateway.address)
        crowd.wait_for(REQUESTS)
        rate = len(crowd.answered) / (time.monotonic() - crowd.began)
        if ending == signal.SIGKILL:
            # Its own session, so that nobody else is in the group: the server and its workers.
            os.killpg(gateway.process.pid, ending)
        else:
            gateway.terminate()
        moment = time.monotonic()
        crowd.join()
        with suppress(Exception):
            gateway.wait()
    finally:
        gateway.stop()
        if other is not None:
            other.close()
    return left_by(path, crowd.answered, moment, rate)


def left_by(path: Path, answered: dict[str, float], moment: float, rate: float) -> Remains:
    """What is in the ledger when all that waited beside it has been brought in."""
    with closing(Database(path)) as database:
        writer = Ledger(database)
        writer.flush()
        writer.close()
        with database.reading() as connection:
            rows = [row.attempt for row in ledger.page(connection, limit=MOST).rows]
    assert all(row.cause == "useful" for row in rows if row.exchange in answered)
    kept = Counter(row.exchange for row in rows)
    missing = [one for one in answered if one not in kept]
    return Remains(
        answered=len(answered),
        rate=rate,
        missing=missing,
        oldest=max((moment - answered[one] for one in missing), default=0.0),
        twice=[one for one, times in kept.items() if times > 1],
        sound=files.sound(path),
    )


def main(times: int) -> int:
    """Kill it so many times; how often more was lost than may be."""
    bad = 0
    for turn in range(times):
        with tempfile.TemporaryDirectory() as folder:
            remains = ended(Path(folder), signal.SIGKILL, locked=bool(turn % 2))
        bad += not remains.acceptable
        sys.stdout.write(
            f"{turn + 1:3} {'spool' if turn % 2 else 'database':8} answered {remains.answered} at "
            f"{remains.rate:.0f}/s, lost {len(remains.missing)}, oldest {remains.oldest:.3f} s "
            f"{'ok' if remains.acceptable else 'BAD'}\n"
        )
        sys.stdout.flush()
    return bad


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if sys.argv[1:] else 20))
