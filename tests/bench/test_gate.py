"""The gate of the bench, from outside: what it lets through and what it stops."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
NULL = "bench.inprocess:Null"


def bench(command: str, baseline: Path, build: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m bench` as CI does."""
    return subprocess.run(
        [sys.executable, "-m", "bench", command, "--baseline", str(baseline), "--build", build],
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
    """One more decoding of a body closes the gate for what has a body, and for nothing else."""
    lines = bench("gate", written, "planted:with_decoded_body").stdout.splitlines()
    grown = {line.partition(":")[0] for line in lines if line.endswith("GROWN")}
    assert {"chat", "chat_stream", "messages", "messages_stream", "count_tokens"} <= grown


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


def test_gateway_with_wrapped_send(tmp_path: Path) -> None:
    """The gateway itself is stopped when a wrapper is put round its `send`."""
    baseline = tmp_path / "baseline.json"
    assert bench("baseline", baseline, "bench.inprocess:penstock").returncode == 0
    ended = bench("gate", baseline, "planted:gateway_with_wrapped_send")
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "chat: " in ended.stdout
    assert "GROWN" in ended.stdout


def _counts(output: str) -> list[list[str]]:
    return [line.split()[:4] for line in output.splitlines() if line.split()[1:2] and line[0].islower()]
