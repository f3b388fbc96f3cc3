"""Several workers: what is told of how things stand is told of all of them, whichever is asked."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.path.conftest import Start
from tests.path.process import ROOT, Gateway, clean_environment

CONFIGURATION = """
[server]
discover = false
workers = 2
[providers.demo]
like = "demo"
[models]
"*" = "demo"
"""
BODY = json.dumps({"model": "x", "max_tokens": 9, "messages": [{"role": "user", "content": "Say hello"}]})
# Each on a connection of its own, so that both workers have some of them.
REQUESTS = 24


def ask(running: Gateway, method: str, path: str, body: str | None = None) -> Any:
    """One request on a connection of its own."""
    connection = http.client.HTTPConnection(running.address.removeprefix("http://"), timeout=30)
    headers = {"content-type": "application/json", "x-claude-code-session-id": "mine", "connection": "close"}
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        text = answer.read()
    finally:
        connection.close()
    assert answer.status == 200, text
    return json.loads(text)


def workers_of(running: Gateway) -> list[int]:
    """The processes of the workers."""
    parent = running.process.pid
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii").split()
    return [int(one) for one in children]


def together(running: Gateway) -> Gateway:
    """Wait for both: it says that it listens when one of them does."""
    for _ in range(500):
        if ask(running, "GET", "/debug/metrics").get("workers") == 2:
            return running
    raise AssertionError(running.output)


def total(told: Any) -> float:
    """All requests that were counted."""
    samples = told["metrics"]["penstock_requests_total"]["samples"]
    return float(sum(sample["value"] for sample in samples))


def test_what_is_told_is_told_of_all(gateway: Start) -> None:
    """Counts and sessions are whole whoever answers, and `top` and `statusline` show them so."""
    running = together(gateway(CONFIGURATION, {}))
    for _ in range(REQUESTS):
        ask(running, "POST", "/v1/messages", BODY)
    for _ in range(8):
        told = ask(running, "GET", "/debug/metrics")
        assert (total(told), told["workers"]) == (REQUESTS, 2)
        assert ask(running, "GET", "/debug/sessions/mine")["requests"] == REQUESTS
        (session,) = ask(running, "GET", "/debug/sessions")["sessions"]
        assert session["requests"] == REQUESTS
    first = typed(running, "top", "--once", "--interval", "0.05", "--url", running.address)
    assert f"({REQUESTS} in all)" in first
    assert "2 workers" in first
    line = typed(running, "statusline", "--url", running.address, told='{"session_id": "mine"}')
    read = told_of(running)
    assert f"in {read / 1000:.1f}k" in line or f"in {read} " in line


def told_of(running: Gateway) -> int:
    """The tokens that were read in the session."""
    session = ask(running, "GET", "/debug/sessions/mine")
    return int(session["input"] + session["cache_read"] + session["cache_write"])


def test_what_is_changed_is_changed_in_all(gateway: Start) -> None:
    """The level of the log, emptied caches and forgotten lessons are those of both, whichever is asked."""
    running = together(gateway(CONFIGURATION, {}))
    assert ask(running, "PUT", "/debug/log", '{"level": "debug"}') == {"level": "debug"}
    assert [ask(running, "GET", "/debug/log")["level"] for _ in range(8)] == ["debug"] * 8
    for _ in range(REQUESTS):
        ask(running, "POST", "/v1/messages", BODY)
    kept = {ask(running, "GET", "/debug/caches")["caches"]["plans"]["entries"] for _ in range(8)}
    assert len(kept) == 1
    assert ask(running, "POST", "/debug/caches/plans/clear", "{}") == {"cleared": kept.pop()}
    assert {ask(running, "GET", "/debug/caches")["caches"]["plans"]["entries"] for _ in range(8)} == {0}
    assert ask(running, "GET", "/debug/lessons") == {"lessons": []}
    assert ask(running, "DELETE", "/debug/lessons") == {"forgotten": 0}


def test_nothing_is_left_of_the_meeting(gateway: Start, tmp_path: Path) -> None:
    """The folder where workers meet is its user's alone, and gone with the server."""
    place = tmp_path / "temporary"
    place.mkdir()
    running = together(gateway(CONFIGURATION, {"TMPDIR": str(place)}))
    (folder,) = place.iterdir()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert sorted(one.name for one in folder.iterdir()) == sorted(map(str, workers_of(running)))
    running.terminate()
    assert running.wait() == 0
    assert list(place.iterdir()) == []


def test_one_worker_meets_nobody(gateway: Start, tmp_path: Path) -> None:
    """Alone it makes no folder, and tells of itself."""
    place = tmp_path / "temporary"
    place.mkdir()
    running = gateway(CONFIGURATION.replace("workers = 2", ""), {"TMPDIR": str(place)})
    assert list(place.iterdir()) == []
    assert "workers" not in ask(running, "GET", "/debug/metrics")


def test_a_worker_that_is_killed_is_replaced(gateway: Start) -> None:
    """The server goes on, the others never stop, and the new one meets them; it ends like any other."""
    running = together(gateway(CONFIGURATION))
    first = workers_of(running)
    os.kill(first[0], signal.SIGKILL)
    ended_by = time.monotonic() + 60
    while first[0] in workers_of(running) or len(workers_of(running)) < len(first):
        assert time.monotonic() < ended_by, running.output
        time.sleep(0.05)
    together(running)
    assert first[1] in workers_of(running)
    assert ask(running, "POST", "/v1/messages", BODY)["content"]
    running.terminate()
    assert running.wait() == 0


def test_the_only_worker_is_replaced(gateway: Start) -> None:
    """Alone, it is down for the moment that a start takes."""
    running = gateway(CONFIGURATION.replace("workers = 2", ""))
    (first,) = workers_of(running)
    os.kill(first, signal.SIGKILL)
    ended_by = time.monotonic() + 60
    while True:
        with suppress(OSError, http.client.HTTPException):
            if ask(running, "POST", "/v1/messages", BODY)["content"]:
                break
        assert time.monotonic() < ended_by, running.output
        time.sleep(0.05)
    assert workers_of(running) != [first]
    running.terminate()
    assert running.wait() == 0


def typed(running: Gateway, *arguments: str, told: str = "") -> str:
    """Type a command; what it prints."""
    ended = subprocess.run(
        [sys.executable, "-m", "gateway", *arguments],
        cwd=ROOT,
        env=clean_environment(running.folder, {}),
        input=told,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return ended.stdout
