"""`penstock top`: what it reads from the counts, and how it shows it."""

import http.client
import json
import os
import pty
import signal
import subprocess
import sys
import time

from gateway.cli.readings import Counts, Family, Sample, reading
from gateway.cli.top import lines
from tests.cli.machine import ROOT, Machine

START = "import sys; sys.path.insert(0, sys.argv.pop(1)); from gateway.cli import main; main()"


def family(*samples: tuple[dict[str, str], float]) -> Family:
    """A metric with these samples."""
    return Family([Sample(labels, value) for labels, value in samples])


def counts(done: int, failed: int, tokens: int, fast: int, slow: int) -> Counts:
    """A look at a gateway that has done so much."""
    box = {"provider": "box"}
    buckets = {"0.1": float(fast), "0.5": float(fast + slow), "+Inf": float(fast + slow)}
    model = {**box, "model": "m"}
    times = Sample(box, buckets=buckets, sum=fast * 0.05 + slow * 0.4, count=fast + slow)
    return Counts(
        {
            "penstock_requests_total": family(
                ({**box, "status": "200"}, done), ({**box, "status": "503"}, failed)
            ),
            "penstock_time_to_first_byte_seconds": Family([times]),
            "penstock_tokens_total": family(
                ({**model, "kind": "input"}, tokens),
                ({**model, "kind": "cache_read"}, tokens * 3),
                ({**model, "kind": "output"}, tokens),
            ),
            "penstock_cost_dollars_total": family((model, tokens / 1000)),
            "penstock_breaker_state": family((model, 2)),
            "penstock_provider_up": family((box, 0)),
            "penstock_provider_keys": family(({**box, "state": "well"}, 1), ({**box, "state": "resting"}, 2)),
            "penstock_requests_inside": family(({}, 4)),
        }
    )


def test_rates_are_of_the_time_between() -> None:
    """Requests, failures, tokens and money by how much the counts grew, times by how the buckets did."""
    found = reading(counts(100, 5, 1000, 50, 50), counts(120, 7, 3000, 60, 60), 2.0)
    assert (found.rate, found.failed, found.requests, found.inside) == (11.0, 1.0, 127, 4)
    assert (found.first_byte, round(found.first_byte_slow or 0, 6)) == (0.1, 0.46)
    assert (found.output_rate, found.dollars, found.dollars_per_hour) == (1000.0, 3.0, 3600.0)
    (provider,) = found.providers
    assert (provider.name, provider.rate, provider.up, provider.requests) == ("box", 11.0, False, 127)
    (model,) = found.models
    assert (model.input_rate, model.breaker, model.cache_read) == (1000.0, "open", 9000)


def test_a_gateway_that_was_started_anew_counts_from_nothing() -> None:
    """Counts that have shrunk are new ones, and no rate is below nothing."""
    found = reading(counts(100, 5, 1000, 50, 50), counts(2, 0, 10, 1, 1), 1.0)
    assert (found.rate, found.failed, found.output_rate) == (2.0, 0.0, 10.0)
    assert found.first_byte == 0.1


def test_nothing_is_read_from_nothing() -> None:
    """A gateway that was asked nothing, or is too old for a metric, has no times and no rates."""
    found = reading(Counts({}), Counts({}), 1.0)
    assert (found.rate, found.first_byte, found.own, found.providers) == (0.0, None, None, [])
    assert "no provider was asked yet" in lines(found, "here")


def test_the_picture_says_it_in_words() -> None:
    """Who is down, whose keys rest, which breaker is open, how much came from a cache."""
    shown = "\n".join(lines(reading(counts(1, 0, 1000, 1, 0), counts(2, 0, 2000, 2, 0), 1.0), "here"))
    assert "DOWN, 2 of 3 keys rest" in shown
    assert "OPEN" in shown
    assert " 75% " in shown
    assert "$2.00" in shown


def ask(address: tuple[str, int]) -> None:
    """One request."""
    connection = http.client.HTTPConnection(*address, timeout=20)
    question = {"model": "demo", "messages": [{"role": "user", "content": "Hello"}]}
    connection.request(
        "POST", "/v1/chat/completions", json.dumps(question), {"content-type": "application/json"}
    )
    assert connection.getresponse().status == 200
    connection.close()


def test_once_reads_a_running_gateway(machine: Machine) -> None:
    """--once prints one reading, as text or as an object; where there is no terminal it is once anyway."""
    address = machine.serve().address
    ask(address)
    url = f"{address[0]}:{address[1]}"
    said = json.loads(machine.run("top", "--url", url, "--once", "--json", "--interval", "0.05").stdout)
    assert (said["requests"], said["providers"][0]["name"], said["inside"]) == (1, "demo", 0)
    text = machine.run("top", "--url", url, "--interval", "0.05").stdout
    assert "(1 in all)" in text
    assert "\x1b" not in text


def test_who_does_not_answer_is_named(machine: Machine, free_port: int) -> None:
    """No gateway, or one that wants a key: a message and 1."""
    ended = machine.run("top", "--url", f"http://127.0.0.1:{free_port}", "--once")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert f"no gateway answers at http://127.0.0.1:{free_port}" in ended.stderr
    machine.configure('[keys.me]\nsecret = "0123456789abcdef"\n')
    host, port = machine.serve().address
    closed = machine.run("top", "--url", f"{host}:{port}", "--once")
    assert "answered 401" in closed.stderr
    machine.environment["PENSTOCK_KEY"] = "0123456789abcdef"
    assert machine.run("top", "--url", f"{host}:{port}", "--once", "--interval", "0.05").returncode == 0


def test_the_screen_is_given_back(machine: Machine) -> None:
    """In a terminal it draws on the other screen until Ctrl-C, and leaves nothing behind."""
    address = machine.serve().address
    ours, theirs = pty.openpty()
    program = [sys.executable, "-P", "-c", START, str(ROOT), "top", "--url", f"{address[0]}:{address[1]}"]
    process = subprocess.Popen(
        [*program, "--interval", "0.05"],
        env=machine.environment,
        stdout=theirs,
        stderr=theirs,
        cwd=machine.folder,
    )
    os.close(theirs)
    said = b""
    deadline = time.monotonic() + 30
    while said.count(b"penstock at") < 2 and time.monotonic() < deadline:
        said += os.read(ours, 65536)
    process.send_signal(signal.SIGINT)
    while True:
        try:
            more = os.read(ours, 65536)
        except OSError:
            break
        if not more:
            break
        said += more
    os.close(ours)
    assert process.wait(20) == 0
    assert said.startswith(b"\x1b[?1049h")
    assert said.endswith(b"\x1b[?25h\x1b[?1049l")
