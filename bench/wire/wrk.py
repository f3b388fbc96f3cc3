"""Runs wrk with a body and reads its figures: the script it runs is written here."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

SCRIPT = """\
local bodies = {{}}
for number, path in ipairs({{ {bodies} }}) do
  local file = io.open(path, "rb")
  bodies[number] = file:read("*a")
  file:close()
end
wrk.method = "{method}"
wrk.body = bodies[1]
{headers}
{several}
function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '\\nFIGURES {{"requests":%d,"microseconds":%d,"failed":%d,"timeouts":%d,"p50":%d,"p99":%d}}\\n',
    summary.requests, summary.duration, errors.status + errors.connect + errors.read + errors.write,
    errors.timeout, latency:percentile(50), latency:percentile(99)))
end
"""


# Of several bodies each request sends the next; of one wrk makes the request once.
SEVERAL = """\
local made, number = {}, 0
function init(arguments)
  for place, body in ipairs(bodies) do made[place] = wrk.format(nil, nil, nil, body) end
end
function request()
  number = number % #made + 1
  return made[number]
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
    return write_mixed(folder, name, [body], headers)


def write_mixed(folder: Path, name: str, bodies: Sequence[bytes], headers: Mapping[str, str]) -> Path:
    """Write a script whose requests send these bodies in turn, and the bodies."""
    places = {body: folder / f"{name}-{number}.body" for number, body in enumerate(dict.fromkeys(bodies))}
    for body, place in places.items():
        place.write_bytes(body)
    script = folder / f"{name}.lua"
    text = SCRIPT.format(
        bodies=", ".join(f'"{places[body]}"' for body in bodies),
        headers="\n".join(f'wrk.headers["{field}"] = "{value}"' for field, value in headers.items()),
        method="POST" if any(bodies) else "GET",
        several=SEVERAL if len(places) > 1 else "",
    )
    script.write_text(text)
    return script


def shoot(shot: Shot, script: Path) -> Figures:
    """Run wrk once."""
    command = ["taskset", "--cpu-list", str(shot.core), "wrk", "--threads", "1", "--timeout", "10s"]
    command += ["--connections", str(shot.connections), "--duration", f"{shot.seconds}s"]
    command += ["--script", str(script), shot.url]
    ended = subprocess.run(command, check=True, capture_output=True, timeout=shot.seconds + 30)
    figures = ended.stdout.partition(b"FIGURES ")[2].partition(b"\n")[0]
    return msgspec.json.decode(figures, type=Figures)
