"""One worker beside two, each on every core there is, loaded in turn with the small chat."""

from contextlib import ExitStack
from pathlib import Path

import msgspec

from bench.samples import Found, Memory
from bench.wire import peers
from bench.wire.cases import CASES
from bench.wire.peers import Served, Upstreams
from bench.wire.rounds import MEGA, Round, Size, load

WORKERS = (1, 2)
ALL_CORES = "0,1"
CONNECTIONS = 64
CASE = msgspec.structs.replace(CASES[0], connections=CONNECTIONS)
SIZE = Size(rounds=3, seconds=3, streams=1, repeats=1, cases=(CASE,))


def name_of(workers: int) -> str:
    """What a gateway with so many workers is called in the samples."""
    return f"workers-{workers}"


def served_by(workers: int) -> Served:
    """A gateway with so many workers."""
    return Served(name_of(workers), {}, workers, ALL_CORES)


def worked(folder: Path, behind: Upstreams, size: Size = SIZE) -> list[Found]:
    """Load each in turn, some rounds; the first of each is not counted."""
    found: list[Found] = []
    with ExitStack() as stack:
        opened = tuple(
            stack.enter_context(peers.penstock_tuned(folder, behind, served_by(workers)))
            for workers in WORKERS
        )
        found.extend(Memory(peer.name, "idle", peer.program.memory() / MEGA) for peer in opened)
        for number in range(-1, size.rounds):
            samples = [load(Round(number, size, folder, opened), CASE, peer) for peer in opened]
            found.extend(samples if number >= 0 else ())
    return found
