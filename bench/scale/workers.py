"""One worker beside two, each on every core there is, loaded in turn with the small chat."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from bench.samples import Found, Memory
from bench.wire import peers
from bench.wire.cases import CASES
from bench.wire.peers import Peer, Upstreams
from bench.wire.processes import free_ports, running, wait_until_open
from bench.wire.rounds import MEGA, Round, Size, load

WORKERS = (1, 2)
ALL_CORES = "0,1"
CONNECTIONS = 64
CASE = msgspec.structs.replace(CASES[0], connections=CONNECTIONS)
SIZE = Size(rounds=3, seconds=3, streams=1, repeats=1, cases=(CASE,))


def name_of(workers: int) -> str:
    """What a gateway with so many workers is called in the samples."""
    return f"workers-{workers}"


def worked(folder: Path, behind: Upstreams, size: Size = SIZE) -> list[Found]:
    """Load each in turn, some rounds; the first of each is not counted."""
    found: list[Found] = []
    with ExitStack() as stack:
        opened = tuple(stack.enter_context(_penstock(folder, behind, workers)) for workers in WORKERS)
        found.extend(Memory(peer.name, "idle", peer.program.memory() / MEGA) for peer in opened)
        for number in range(-1, size.rounds):
            samples = [load(Round(number, size, folder, opened), CASE, peer) for peer in opened]
            found.extend(samples if number >= 0 else ())
    return found


@contextmanager
def _penstock(folder: Path, behind: Upstreams, workers: int) -> Iterator[Peer]:
    (port,) = free_ports(1)
    name = name_of(workers)
    text = peers.everything(folder, behind, name)
    text = text.replace("[server]\n", f"[server]\nworkers = {workers}\n", 1)
    command = peers.penstock_command(folder, name, text, port)
    log = folder / f"{name}.log"
    with running(name, command, core=ALL_CORES, log=log, environment=peers.environment()) as program:
        wait_until_open(port, program, log)
        yield Peer(name, program, port, port)
