"""Where the gateway's processor time goes: `python -m profiles.cpu chat`, under the load of the wire bench.

py-spy samples the worker while wrk, or the client of the streams, loads it. It is not among the
locked tools: install it by itself. Prints the functions that most samples ended in and passed
through; `--output` also keeps the stacks, `--flamegraph` draws them.
"""

import argparse
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import msgspec

from bench.wire import peers
from bench.wire.cases import CASES, STREAMS
from bench.wire.peers import EVENTS, INTERVAL, LOAD_CORE, Peer
from bench.wire.rounds import HEADERS
from bench.wire.streams import SPOKEN, Order
from bench.wire.wrk import write_script
from profiles.evidence import HERE, add_keep, tell

RATE = 500  # samples a second
LEAD = 2  # seconds of load around the recording
OUTSIDE = "(no Python on the stack: granian's own thread)"
# Threads that wait for work: the sampler takes them for busy.
WAITING = ("Condition.wait (threading.py", "_worker (concurrent/futures/thread.py")
OURS = ("gateway/", "adapters/", "store/", "aiohttp/")
Command = list[str]


def main() -> int:
    """Profile one case; the exit status."""
    arguments = _arguments()
    if _sampler() is None:
        sys.exit("py-spy is not there: pip install py-spy")
    peer_of = peers.penstock_plain if arguments.plain else peers.penstock
    with tempfile.TemporaryDirectory(prefix="penstock-profile-") as name:
        folder = Path(name)
        raw = arguments.output or folder / "raw"
        with peers.upstreams(folder) as behind, peer_of(folder, behind) as peer:
            _record(arguments, peer, folder, {"raw": raw, "flamegraph": arguments.flamegraph})
        text = summary(raw.read_text().splitlines(), arguments.top)
    tell(f"{arguments.case}-cpu", text, keep=arguments.keep)
    return 0


def summary(stacks: Iterable[str], top: int) -> str:
    """The functions that most samples ended in, and passed through: `a;b;c count` a line."""
    own: Counter[str] = Counter()
    through: Counter[str] = Counter()
    waited = 0
    for line in stacks:
        stack, _, count = line.rpartition(" ")
        frames = (stack or OUTSIDE).split(";")
        if frames[-1].startswith(WAITING):
            waited += int(count)
            continue
        own[frames[-1]] += int(count)
        through.update(dict.fromkeys(frames, int(count)))
    whole = own.total() or 1
    lines = [f"{whole} samples, {waited} of threads that wait left out", "", "  own  through  function"]
    lines += [
        f"{own[frame] / whole:5.1%}  {through[frame] / whole:6.1%}  {frame}"
        for frame, _ in own.most_common(top)
    ]
    lines += ["", "through  function of penstock or aiohttp"]
    passed = [
        (frame, count) for frame, count in through.most_common() if frame.partition("(")[2].startswith(OURS)
    ]
    lines += [f" {count / whole:5.1%}  {frame}" for frame, count in passed[:top]]
    return "\n".join(lines) + "\n"


def _record(arguments: argparse.Namespace, peer: Peer, folder: Path, outputs: dict[str, Path | None]) -> None:
    worker = peer.program.tree()[-1]
    for kind, output in outputs.items():
        if output is None:
            continue
        command = [str(_sampler()), "record", "--pid", str(worker), "--rate", str(RATE), "--format", kind]
        command += ["--duration", str(arguments.seconds), "--output", str(output), "--function"]
        command += ["--native"] if arguments.native else []
        load = subprocess.Popen(_load(arguments, peer, folder), stdout=subprocess.DEVNULL)  # noqa: S603  # ours
        try:
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603  # ours
        finally:
            load.terminate()
            load.wait()
        text = output.read_text()
        for place in (f"{sys.prefix}/bin/", f"{folder}/", f"{HERE.parent}/"):  # of this machine
            text = text.replace(place, "")
        output.write_text(text)


def _sampler() -> str | None:
    """py-spy, beside the Python that runs this or wherever the shell finds it."""
    return shutil.which("py-spy", path=Path(sys.executable).parent) or shutil.which("py-spy")


def _load(arguments: argparse.Namespace, peer: Peer, folder: Path) -> Command:
    pinned = ["taskset", "--cpu-list", str(LOAD_CORE)]
    seconds = arguments.seconds + LEAD
    if arguments.case in SPOKEN:
        repeats = int(seconds / (EVENTS * INTERVAL)) + 1
        order = Order(peer.stream, STREAMS, repeats, EVENTS, arguments.case)
        script = folder / "order.json"
        script.write_bytes(msgspec.json.encode(order))
        return ["sh", "-c", f"exec {shlex.join([*pinned, sys.executable])} -m bench.wire.streams < {script}"]
    case = next(case for case in CASES if case.name == arguments.case)
    script = write_script(folder, case.name, case.body, HEADERS)
    command = [*pinned, "wrk", "--threads", "1", "--connections", str(case.connections)]
    url = f"http://127.0.0.1:{peer.whole}{case.path}"
    return [*command, "--duration", f"{seconds}s", "--script", str(script), url]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m profiles.cpu", description=__doc__)
    names = [*SPOKEN, *(case.name for case in CASES)]
    parser.add_argument("case", nargs="?", default="chat", choices=names)
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--top", type=int, default=30, help="functions to show")
    parser.add_argument("--output", type=Path, help="keep the stacks here")
    parser.add_argument(
        "--flamegraph", type=Path, metavar="SVG", help="draw them here, from a second recording"
    )
    parser.add_argument("--native", action="store_true", help="see into C and Rust too")
    add_keep(parser)
    parser.add_argument("--plain", action="store_true", help="no keys, no log")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
