"""`penstock statusline`: a line from what Claude Code and the gateway say, in time and without fail."""

import http.client
import json
import socket
import subprocess
import sys
import time
from typing import Any

import pytest

from tests.cli.machine import ROOT, Machine

START = "import sys; sys.path.insert(0, sys.argv.pop(1)); from gateway.cli import main; main()"
# As Claude Code 2 says it, cut to what is read and something that is not.
TOLD: dict[str, Any] = {
    "session_id": "a-session",
    "model": {"id": "claude-sonnet-4-5", "display_name": "Sonnet 4.5"},
    "workspace": {"current_dir": "/somewhere"},
    "cost": {"total_cost_usd": 0.1234, "total_duration_ms": 1},
    "context_window": {"used_percentage": 42.4},
}


def line(machine: Machine, url: str, told: bytes = json.dumps(TOLD).encode(), **environment: str) -> str:
    """The line that is printed."""
    options = ["--url", url] if url else []
    ended = subprocess.run(
        [sys.executable, "-P", "-c", START, str(ROOT), "statusline", *options],
        cwd=machine.folder,
        env={**machine.environment, **environment},
        input=told,
        capture_output=True,
        check=True,
        timeout=30,
    )
    assert ended.stderr == b""
    shown = ended.stdout.decode()
    assert shown.count("\n") == 1
    return shown.strip()


def say(address: tuple[str, int], session: str, key: str = "") -> None:
    """One request of a session."""
    connection = http.client.HTTPConnection(*address, timeout=20)
    question = {"model": "claude-x", "max_tokens": 9, "messages": [{"role": "user", "content": "Hello"}]}
    headers = {"content-type": "application/json", "x-claude-code-session-id": session, "x-api-key": key}
    connection.request("POST", "/v1/messages", json.dumps(question), headers)
    assert connection.getresponse().status == 200
    connection.close()


def test_the_line_says_who_answers(machine: Machine) -> None:
    """Model and target, tokens of the session, cost, context, what the limits leave."""
    machine.configure('[limits]\nrequests_per_minute = 60\n[models]\n"claude-*" = "demo/demo-1"\n')
    address = machine.serve().address
    url = f"http://{address[0]}:{address[1]}"
    assert line(machine, url) == "Sonnet 4.5 · context 42% · $0.12"
    say(address, "a-session")
    shown = line(machine, url)
    assert shown.startswith("Sonnet 4.5 → demo/demo-1 · context 42% · in ")
    assert shown.endswith(" · $0.12 · 59 requests left")
    assert line(machine, "", ANTHROPIC_BASE_URL=url) == shown


def test_a_key_opens_it_where_keys_are_required(machine: Machine) -> None:
    """The caller's key is sent from $PENSTOCK_KEY; without it the gateway's part is left out."""
    machine.configure('[keys.me]\nsecret = "0123456789abcdef"\n[models]\n"claude-*" = "demo/demo-1"\n')
    address = machine.serve().address
    url = f"http://{address[0]}:{address[1]}"
    say(address, "a-session", "0123456789abcdef")
    assert line(machine, url) == "Sonnet 4.5 · context 42% · $0.12"
    assert "→ demo/demo-1" in line(machine, url, PENSTOCK_KEY="0123456789abcdef")


@pytest.mark.parametrize(
    "told",
    [b"", b"no json", b"[]", b'{"model": 3}', b"\xff" * 9, b'{"session_id": "\\u0000/../x y"}'],
    ids=["nothing", "no JSON", "a list", "another shape", "no text", "a strange name"],
)
def test_whatever_it_is_told_there_is_a_line(machine: Machine, free_port: int, told: bytes) -> None:
    """Another version of Claude Code, or none: a line, no error."""
    assert line(machine, f"http://127.0.0.1:{free_port}", told) == "penstock"


def test_who_does_not_answer_is_not_waited_for(machine: Machine) -> None:
    """A server that takes the connection and says nothing costs 200 ms, not its own patience."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        assert line(machine, f"http://127.0.0.1:{silent.getsockname()[1]}").startswith("Sonnet 4.5")
        # The start of Python is in it; a busy machine, too.
        assert time.monotonic() - began < 10


@pytest.mark.parametrize("url", ["nowhere", "http://", "http://[::1", "ftp://x", "http://127.0.0.1:99999999"])
def test_a_url_that_is_none_is_no_error(machine: Machine, url: str) -> None:
    """Whatever stands in the settings, Claude Code gets its line."""
    assert line(machine, url).startswith("Sonnet 4.5")
