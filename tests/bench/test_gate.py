"""The gate of the bench, from outside: what it lets through and what it stops."""

import json
import os
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bench import allocations, gate
from bench.allocations import Count
from bench.gate import Baseline, Operation, Start

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
NULL = "bench.inprocess:Null"


GATEWAY = "bench.inprocess:penstock"
FEW = "chat,messages,healthz"


def bench(command: str, baseline: Path, build: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m bench` as CI does."""
    named = ["--baseline", str(baseline), "--build", build, "--only", FEW]
    return subprocess.run(
        [sys.executable, "-m", "bench", command, *named],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(HERE)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A baseline of the null application, made by this machine."""
    path = tmp_path_factory.mktemp("gate") / "baseline.json"
    assert bench("baseline", path, NULL).returncode == 0
    return path


def changed(written: Path, folder: Path, **fields: Any) -> Path:
    """The baseline with something else in it."""
    path = folder / "changed.json"
    path.write_text(json.dumps({**json.loads(written.read_text()), **fields}))
    return path


def moved(written: Path, operation: str, by: float) -> dict[str, dict[str, float]]:
    """The baseline's operations, one of them said to allocate `by` more."""
    operations: dict[str, dict[str, float]] = json.loads(written.read_text())["operations"]
    operations[operation]["net"] += by
    return operations


def test_unchanged(written: Path) -> None:
    """An application that has not changed passes, twice with the same figures."""
    first, second = bench("gate", written, NULL), bench("gate", written, NULL)
    assert first.returncode == 0, first.stdout + first.stderr
    assert "gate: passed" in first.stdout
    assert _counts(first.stdout) == _counts(second.stdout)


def test_wrapped_send(written: Path) -> None:
    """One more wrapper round `send` closes the gate, and the operation is named with its growth."""
    ended = bench("gate", written, "planted:with_wrapped_send")
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "gate: FAILED" in ended.stdout
    assert "chat: 0 -> " in ended.stdout
    assert "GROWN" in ended.stdout


def test_decoded_body(written: Path) -> None:
    """One more decoding of a body closes the gate for what has a body."""
    lines = bench("gate", written, "planted:with_decoded_body").stdout.splitlines()
    grown = {line.partition(":")[0] for line in lines if line.endswith("GROWN")}
    assert {"chat", "messages"} <= grown


def test_slower(written: Path) -> None:
    """More than twice the time closes the gate."""
    ended = bench("gate", written, "planted:slowed")
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "SLOWER" in ended.stdout


def test_shrunk(written: Path, tmp_path: Path) -> None:
    """Fewer allocations than the baseline says pass, with the advice to write it anew."""
    baseline = changed(written, tmp_path, operations=moved(written, "chat", 5))
    ended = bench("gate", baseline, NULL)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "chat: 5 -> 0 allocations (-5.0) shrunk: write the new baseline" in ended.stdout


def test_other_python(written: Path, tmp_path: Path) -> None:
    """A baseline of another Python is compared with a margin, and the report says so."""
    baseline = changed(written, tmp_path, python="CPython 3.99", operations=moved(written, "chat", -2))
    ended = bench("gate", baseline, NULL)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "baseline is of CPython 3.99" in ended.stdout


def test_unknown_operation(written: Path, tmp_path: Path) -> None:
    """An operation that the baseline does not know closes the gate until it is written."""
    operations = moved(written, "chat", 0)
    del operations["healthz"]
    ended = bench("gate", changed(written, tmp_path, operations=operations), NULL)
    assert ended.returncode == 1
    assert "healthz: not in the baseline" in ended.stdout


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A baseline of the gateway, of a few operations, made by this machine."""
    path = tmp_path_factory.mktemp("gate") / "gateway.json"
    ended = bench("baseline", path, GATEWAY)
    assert ended.returncode == 0, ended.stderr
    return path


def complaints(baseline: Path, build: str) -> dict[str, str]:
    """What the gate says of a planted gateway: its lines by what they are about and their verdict."""
    ended = bench("gate", baseline, f"planted:{build}")
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "gate: FAILED" in ended.stdout
    found = (re.match(r"(\w+): .*(GROWN|HEAVIER|SLOWER)", line) for line in ended.stdout.splitlines())
    said: defaultdict[str, str] = defaultdict(str)
    for match in filter(None, found):
        said[f"{match[1]}: {match[2]}"] += match.string + "\n"
    return said


def test_unchanged_gateway(gateway: Path) -> None:
    """The gateway as it is passes, with the start measured and said."""
    ended = bench("gate", gateway, GATEWAY)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "packages beside ours" in ended.stdout


def test_gateway_with_wrapped_send(gateway: Path) -> None:
    """The gateway is stopped when a wrapper is put round its `send`."""
    found = complaints(gateway, "gateway_with_wrapped_send")
    assert {"chat: GROWN", "messages: GROWN", "healthz: GROWN"} <= found.keys()


def test_gateway_with_decoded_body(gateway: Path) -> None:
    """The gateway is stopped when a body is decoded once more, for what has a body."""
    found = complaints(gateway, "gateway_with_decoded_body")
    assert {"chat: GROWN", "messages: GROWN"} <= found.keys()


def test_gateway_with_heavy_import(gateway: Path) -> None:
    """The gateway is stopped when its start loads a package it did not load, and the package is named."""
    lines = complaints(gateway, "gateway_with_heavy_import")["start: HEAVIER"]
    assert re.search(r"start: loads .*\bhypothesis\b.* HEAVIER: import it where it is used", lines)


def test_gateway_with_large_start(gateway: Path) -> None:
    """The gateway is stopped when its start keeps far more memory, whatever it loads."""
    found = complaints(gateway, "gateway_with_large_start")
    assert re.search(r"start: \S+ -> \S+ MB HEAVIER", found["start: HEAVIER"])


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (Start(["a"], 20, 100), None),
        (Start(["a"], 21, 200), None),
        (Start(["a", "b"], 20, 100), "start: loads b HEAVIER"),
        (Start(["a"], 30, 100), "start: 20 -> 30 MB HEAVIER"),
        (Start(["a"], 20, 300), "start: 100 -> 300 thousandths of the loop SLOWER"),
    ],
)
def test_the_bounds_of_the_start(now: Start, words: str | None) -> None:
    """A start may move a little; a new package, far more memory and far more time close the gate."""
    before = Baseline("CPython", {}, {}, Start(["a"], 20, 100))
    verdict = gate.compare(Baseline("CPython", {}, {}, now), before)
    assert verdict.failed is (words is not None)
    assert words is None or any(line.startswith(words) for line in verdict.lines)


def test_what_was_slow_once_is_measured_again() -> None:
    """An operation that took too long counts by its quickest measurement; one that has no time has none."""
    before = Baseline("CPython", {}, {"chat": Operation(1, 0, 1, 10.0), "delta": Operation(1, 0, 1)})
    now = Baseline("CPython", {}, {"chat": Operation(1, 0, 1, 17.0), "delta": Operation(1, 0, 1)})
    assert gate.slow(now, before) == ["chat"]
    assert gate.compare(now, before).failed
    again = gate.quickest(now, {"chat": 12.0})
    assert again.operations["chat"].time == 12.0
    assert again.operations["delta"].time is None
    assert not gate.compare(again, before).failed
    assert gate.quickest(now, {"chat": 20.0}) == now


def test_what_was_large_once_is_measured_again() -> None:
    """An operation that allocated too much counts by its least, and never by more than at first."""
    before = Baseline("CPython", {}, {"chat": Operation(5, 1, 4, 10.0), "chat_delta": Operation(5, 1, 4)})
    now = Baseline("CPython", {}, {"chat": Operation(9, 1, 8, 10.0), "chat_delta": Operation(5, 1, 4)})
    now = msgspec.structs.replace(now, python=before.python)
    assert gate.grown(now, before) == ["chat"]
    assert gate.compare(now, before).failed
    again = gate.fewest(now, {"chat": Count(5, 1), "chat_delta": Count(7, 1)})
    assert again == before
    assert allocations.behind(["chat_delta", "models"]) == {"chat_delta", "chat_stream", "models"}


def test_a_start_that_was_slow_once_is_measured_again() -> None:
    """It counts by the least of its memory and time, whichever start had it."""
    before = Baseline("CPython", {}, {}, Start(["a"], 20, 100))
    now = Baseline("CPython", {}, {}, Start(["a"], 20, 300))
    assert gate.heavier(now, before)
    again = gate.lightest(now, Start(["a"], 21, 120))
    assert again.start == Start(["a"], 20, 120)
    assert not gate.heavier(again, before)


def _counts(output: str) -> list[list[str]]:
    return [line.split()[:4] for line in output.splitlines() if re.match(r"\w+ +[-\d.]+ ", line)]
