"""Runs wrk with a body and reads its figures: the script it runs is written here."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

import msgspec

SCRIPT = """\
local file = io.open("{body}", "rb")
wrk.method = "{method}"
wrk.body = file:read("*a")
file:close()
{headers}
function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '\\nFIGURES {{"requests":%d,"microseconds":%d,"failed":%d,"timeouts":%d,"p50":%d,"p99":%d}}\\n',
    summary.requests, summary.duration, errors.status + errors.connect + errors.read + errors.write,
    errors.timeout, latency:percentile(50), latency:percentile(99)))
end
"""


class Figures(msgspec.Struct, frozen=True):
    """What wrk counted; times in microseconds. `failed` includes answers that are not 2xx or 3xx."""

    requests: int
    microseconds: int
    failed: int
    timeouts: int
    p50: int
    p99: int


class Shot(msgspec.Struct, frozen=True):
    """One load: where, how many connections, for how many whole seconds."""

    url: str
    connections: int
    seconds: int
    core: int


def write_script(folder: Path, name: str, body: bytes, headers: Mapping[str, str]) -> Path:
    """Write body and script of one request into `folder`; without a body it is a GET."""
    body_file = folder / f"{name}.body"
    body_file.write_bytes(body)
    script = folder / f"{name}.lua"
    lines = "\n".join(f'wrk.headers["{field}"] = "{value}"' for field, value in headers.items())
    script.write_text(SCRIPT.format(body=body_file, headers=lines, method="POST" if body else "GET"))
    return script


def shoot(shot: Shot, script: Path) -> Figures:
    """Run wrk once."""
    command = ["taskset", "--cpu-list", str(shot.core), "wrk", "--threads", "1", "--timeout", "10s"]
    command += ["--connections", str(shot.connections), "--duration", f"{shot.seconds}s"]
    command += ["--script", str(script), shot.url]
    ended = subprocess.run(command, check=True, capture_output=True, timeout=shot.seconds + 30)
    figures = ended.stdout.partition(b"FIGURES ")[2].partition(b"\n")[0]
    return msgspec.json.decode(figures, type=Figures)
