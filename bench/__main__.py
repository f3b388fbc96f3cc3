"""`python -m bench --help` lists the benches, and each has a `--help` of its own."""

import argparse
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from types import ModuleType

MICRO = Path(__file__).parent / "micro"
# Commands that read their arguments themselves: the module whose `main` does, and what it is.
PASSED_ON = {
    "plans": ("bench.plans", "What a plan costs, by the number of routes."),
    "keys": ("bench.keys", "What keys of the store cost, by their number."),
    "usage": ("bench.usage", "What questions about usage take, of a million rows."),
    "wire": ("bench.wire.run", "Over loopback, beside nginx."),
    "peers": ("bench.peers.run", "The gateways others wrote, beside penstock."),
    "scale": ("bench.scale.run", "Many streams at once, and more workers."),
    "soak": ("bench.scale.soak", "Half the most it can do for many minutes, and what is left of it."),
    "settings": ("bench.settings", "How the server is set, beside other ways to set it."),
    "published": ("bench.published", "The workloads others published figures for."),
    "report": ("bench.report", "What the kept runs say."),
}


def main() -> int:
    """Run one of the benches; the exit status."""
    arguments, rest = _arguments().parse_known_args()
    run: Callable[[argparse.Namespace, list[str]], int] = arguments.run
    return run(arguments, rest)


def gate(arguments: argparse.Namespace, _rest: list[str]) -> int:
    """Compare with the baseline."""
    _fix_hash_seed()
    module = import_module("bench.gate")
    status: int = module.check(*_compared(module, arguments))
    return status


def baseline(arguments: argparse.Namespace, _rest: list[str]) -> int:
    """Write the baseline."""
    _fix_hash_seed()
    module = import_module("bench.gate")
    status: int = module.write(*_compared(module, arguments))
    return status


def micro(_arguments: argparse.Namespace, rest: list[str]) -> int:
    """Operations a second, by pytest-benchmark."""
    command = [sys.executable, "-m", "pytest", str(MICRO), "--benchmark-enable", "-q", *rest]
    return subprocess.run(command, check=False).returncode


def _pass_on(module: str, _arguments: argparse.Namespace, rest: list[str]) -> int:
    status: int = import_module(module).main(rest)
    return status


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for compared in (gate, baseline):
        command = commands.add_parser(compared.__name__, help=compared.__doc__)
        command.add_argument("--baseline", type=Path, help="the file to use instead of the kept one")
        command.add_argument(
            "--build", default="bench.inprocess:penstock", help="MODULE:FUNCTION that makes the application"
        )
        command.add_argument("--only", default="", help="these operations, by commas; all by default")
        command.set_defaults(run=compared)
    command = commands.add_parser(micro.__name__, help=micro.__doc__, add_help=False)
    command.set_defaults(run=micro)
    for name, (module, words) in PASSED_ON.items():
        command = commands.add_parser(name, help=words, add_help=False)
        command.set_defaults(run=partial(_pass_on, module))
    return parser


def _compared(module: ModuleType, arguments: argparse.Namespace) -> tuple[object, Path, list[str]]:
    """What the gate compares: an application, a baseline, and the operations named."""
    only = arguments.only.split(",") if arguments.only else []
    return _build(arguments.build), arguments.baseline or module.BASELINE, only


def _build(name: str) -> object:
    module, _, function = name.partition(":")
    return getattr(import_module(module), function)


def _fix_hash_seed() -> None:
    """Start over with a fixed hash seed: the layout of dictionaries is part of what is counted."""
    if os.environ.get("PYTHONHASHSEED") == "0":
        return
    os.environ["PYTHONHASHSEED"] = "0"
    os.execv(sys.executable, [sys.executable, "-m", "bench", *sys.argv[1:]])  # noqa: S606  # ourselves


if __name__ == "__main__":
    sys.exit(main())
