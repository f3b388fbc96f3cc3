"""A chaos run: a gateway before sick upstreams, and clients who ask it for each cell, twenty at a time."""

import contextlib
import random
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import msgspec

from store.rows import Attempt
from tests.chaos.books import Books
from tests.chaos.figures import WAITING, Counts, Held, Row, counts, held, rows
from tests.chaos.hearing import TONGUES, Heard, hear
from tests.chaos.kinds import KINDS
from tests.chaos.ledger import entries
from tests.chaos.plans import DIALECTS, Cell, configuration
from tests.chaos.ports import ports
from tests.path.client import Wire, now
from tests.path.house import House
from tests.path.process import Gateway
from tests.upstream.scripts import JSON
from tests.upstream.server import Upstream

CLIENTS = 20
# For what is still on its way when the last client has its answer.
PATIENCE = 10.0
GLANCE = 0.02
# Beside those who wait for the end, one of so many leaves before it: at a time drawn, in seconds.
LEAVERS = 5
LONGEST_STAY = 0.5


class Asked(msgspec.Struct, frozen=True):
    """One exchange as its client saw it."""

    cell: Cell
    mark: str
    heard: Heard
    seconds: float


class Result(msgspec.Struct, frozen=True):
    """All that is known of a run, from every side."""

    asked: list[Asked]
    books: Books
    rows: list[Row]
    entries: list[Attempt]
    before: Counts
    after: Counts
    held_before: Held
    held_after: Held


class Ground:
    """A gateway with the books of its upstreams."""

    def __init__(self, house: House, books: Books) -> None:
        self.house = house
        self.books = books
        self._runs = count()

    def run(self, cells: Iterable[Cell], repeats: int, seed: int = 0) -> Result:
        """Ask for each cell so many times, in an order drawn from the seed."""
        name = f"mark-{next(self._runs)}-"
        chance = random.Random(seed)  # noqa: S311  # an order, not a secret
        staying: list[tuple[Cell, float | None]] = [(cell, None) for cell in cells for _ in range(repeats)]
        leaving = [(cell, chance.uniform(0, LONGEST_STAY)) for cell, _ in staying[::LEAVERS]]
        drawn = [*staying, *leaving]
        chance.shuffle(drawn)
        self._warm_up()
        before, held_before = counts(self.house), self._settled()
        with ThreadPoolExecutor(CLIENTS) as clients:
            asked = list(clients.map(self._ask, drawn, (f"{name}{number}" for number in count())))
        held_after = self._settled(held_before)
        return Result(
            asked=asked,
            books=self.books,
            rows=self._rows(name, len(asked)),
            entries=self._entries(name),
            before=before,
            after=counts(self.house),
            held_before=held_before,
            held_after=held_after,
        )

    def _ask(self, asking: tuple[Cell, float | None], mark: str) -> Asked:
        cell, patience = asking
        tongue = TONGUES[cell.dialect]
        body = msgspec.json.encode(tongue.body(cell.model, mark, cell.streamed))
        began = now()
        with Wire(self.house.address) as wire:
            if patience is not None:
                wire.socket.settimeout(patience)
            path = tongue.path(cell.model, cell.form)
            try:
                wire.send("POST", path, [*JSON.items(), ("x-request-id", mark)], body)
                heard = hear(cell.dialect, wire.read(), cell.form)
            except TimeoutError:
                assert patience is not None, f"{mark} never ended"
                heard = Heard(0, left=True)
        return Asked(cell, mark, heard, now() - began)

    def _warm_up(self) -> None:
        """What is opened once and kept for good must not look like something left over."""
        for dialect in DIALECTS:
            self._ask((Cell(KINDS["tls-garbage"], dialect, "two", "whole"), None), "warm-up")

    def _settled(self, like: Held | None = None) -> Held:
        """What is held when it holds no more than before, or when patience ends."""
        deadline = now() + PATIENCE
        while True:
            found = held(self.house)
            quiet = found.inside == found.busy == 0 if like is None else found == like
            if quiet or now() > deadline:
                return found
            time.sleep(GLANCE)

    def _rows(self, name: str, wanted: int) -> list[Row]:
        """The lines are gathered for a moment before they are written."""
        deadline = now() + PATIENCE
        while len(found := rows(self.house, name)) < wanted and now() < deadline:
            time.sleep(GLANCE)
        return found

    def _entries(self, name: str) -> list[Attempt]:
        """The rows of the ledger are written behind the requests."""
        deadline = now() + PATIENCE
        while counts(self.house).gauge(WAITING) and now() < deadline:
            time.sleep(GLANCE)
        return entries(self.house.gateway.folder, name)


@contextlib.contextmanager
def ground(folder: Path) -> Iterator[Ground]:
    """Put up upstreams and a gateway."""
    books = Books()
    upstream = Upstream(books)
    upstream.start()
    with contextlib.ExitStack() as stack:
        stack.callback(upstream.stop)
        addresses = stack.enter_context(ports(folder))
        gateway = Gateway(folder, configuration(upstream.address, addresses, folder), {})
        stack.callback(gateway.stop)
        yield Ground(House(gateway, upstream), books)
