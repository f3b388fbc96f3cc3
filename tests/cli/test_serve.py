"""`penstock serve` as a process: what it prints, where it listens, how it ends."""

import contextlib
import http.client
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.cli.welcome import welcome
from gateway.configuration.loading import load
from tests.cli.machine import ROOT, Machine

PLANTED = "sk-planted-0123456789abcdef"
KEYS = '[keys.me]\nsecret = "0123456789abcdef"\n'


def ask(address: tuple[str, int], path: str = "/") -> tuple[int, bytes]:
    """Status and body of a GET."""
    connection = http.client.HTTPConnection(*address, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_nothing_configured_serves_demo(machine: Machine) -> None:
    """With nothing configured it answers as soon as it says so, and says what to type next."""
    server = machine.serve()
    status, body = ask(server.address)
    output, errors = server.stop()
    host, port = server.address
    assert (status, b"penstock" in body) == (200, True)
    assert "demo  anthropic-messages, openai-chat, openai-responses, gemini, ollama  no key needed" in output
    assert f"curl -N http://{host}:{port}/v1/chat/completions" in output
    assert f"curl -N http://{host}:{port}/v1/responses" in output
    assert f"curl -N http://{host}:{port}/v1/messages" in output
    assert f"ANTHROPIC_BASE_URL=http://{host}:{port} ANTHROPIC_AUTH_TOKEN=penstock claude" in output
    assert "penstock run --demo claude" in output
    assert "granian" not in (output + errors).lower()
    assert server.process.returncode == 0


@pytest.mark.parametrize(
    ("folders", "shown"),
    [(["tools"], "penstock run"), ([], "tools/penstock run"), (["other"], "tools/penstock run")],
)
def test_lines_to_type_next_can_be_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folders: list[str], shown: str
) -> None:
    """What to type next begins with the name where the shell finds this program by it, else with its path."""
    monkeypatch.chdir(tmp_path)
    for folder in ("tools", "other"):
        program = tmp_path / folder / "penstock"
        program.parent.mkdir()
        program.touch(0o755)
    monkeypatch.setenv("PATH", ":".join(str(tmp_path / folder) for folder in folders))
    monkeypatch.setattr(sys, "argv", ["tools/penstock", "serve"])
    lines = welcome(load(None, environment={"HOME": str(tmp_path)})).splitlines()
    assert any(line.startswith(f"  {shown} --demo claude") for line in lines)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_well(machine: Machine, number: signal.Signals) -> None:
    """SIGTERM and Ctrl-C end it with 0, silently; the port is free again."""
    server = machine.serve()
    _, errors = server.stop(number)
    assert (server.process.returncode, errors) == (0, "")
    with pytest.raises(ConnectionRefusedError), socket.create_connection(server.address, timeout=5):
        pass


def test_it_shows_where_keys_come_from_and_never_the_keys(machine: Machine) -> None:
    """Each provider is listed with its dialects and the variable or file its key came from."""
    (machine.folder / "secret.txt").write_text(PLANTED)
    machine.configure('[providers.box]\nlike = "openai"\napi_key = "${file:secret.txt}"')
    machine.environment["ANTHROPIC_API_KEY"] = PLANTED
    output, errors = machine.serve().stop()
    assert "key from $ANTHROPIC_API_KEY  claude-*" in output
    assert "key from secret.txt" in output
    assert "configuration: penstock.toml" in output
    assert PLANTED not in output + errors


def test_listen_chooses_the_address(machine: Machine, free_port: int) -> None:
    """--listen wins over the file's address."""
    machine.configure('[server]\nlisten = "127.0.0.1:1"')
    server = machine.serve("--listen", f"127.0.0.1:{free_port}")
    assert server.address == ("127.0.0.1", free_port)
    assert ask(server.address)[0] == 200


def test_the_run_line_leads_back_to_this_server(machine: Machine) -> None:
    """With a provider for Claude Code, the line to type names the file and the address this server has."""
    machine.configure('[providers.anthropic]\napi_key = "k"')
    server = machine.serve()
    host, port = server.address
    path = machine.folder / "penstock.toml"
    assert f"penstock run --config {path} --listen {host}:{port} claude" in server.stop()[0]


def test_config_chooses_the_file(machine: Machine) -> None:
    """--config names the file to read, wherever it is."""
    other = machine.folder / "other.toml"
    other.write_text('[providers.demo]\nmodels = ["only-this"]')
    output, _ = machine.serve("--config", str(other)).stop()
    assert f"configuration: {other}" in output
    assert "only-this" in output


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="children are counted in /proc")
def test_workers_are_processes(machine: Machine) -> None:
    """--workers 2 serves from two processes, and all of them end together."""
    server = machine.serve("--workers", "2")
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
    output, errors = server.stop()
    assert "2 workers" in output
    assert len(children) == 2
    assert (server.process.returncode, errors) == (0, "")
    assert not any(Path(f"/proc/{child}").exists() for child in children)


def test_a_used_port_is_one_clear_message(machine: Machine) -> None:
    """A second server at the same address ends with 1, names the address and says --listen."""
    host, port = machine.serve().address
    ended = machine.run("serve", "--listen", f"{host}:{port}")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert f"cannot listen at {host}:{port}: address already in use" in ended.stderr
    assert "--listen" in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--listen", "nowhere"), "--listen (server.listen): expected an address and a port"),
        (("--listen", "0.0.0.0:0"), "--listen (server.listen): other machines can reach 0.0.0.0"),
        (("--workers", "0"), "--workers (server.workers): expected a number from 1"),
        (("--log-level", "loud"), '--log-level (log.level): expected "debug"'),
        (("--log-format", "xml"), '--log-format (log.format): expected "json"'),
        (("--config", "missing.toml"), "--config: there is no file missing.toml"),
    ],
)
def test_a_wrong_option_is_no_start(machine: Machine, arguments: tuple[str, str], said: str) -> None:
    """Each option is checked as its key in the file is, and named as it was typed."""
    ended = machine.run("serve", *arguments)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert said in ended.stderr


def test_with_keys_the_lines_to_type_carry_one(machine: Machine) -> None:
    """When keys are asked for, the examples take the caller's from $PENSTOCK_KEY."""
    machine.configure(KEYS)
    output, _ = machine.serve().stop()
    assert 'authorization: Bearer $PENSTOCK_KEY"' in output
    assert 'ANTHROPIC_AUTH_TOKEN="$PENSTOCK_KEY" claude' in output
    assert "keys required" in output


def test_the_log_goes_to_stderr_in_the_form_asked_for(machine: Machine) -> None:
    """--log-format json writes one object a request to stderr, --log-level off none."""
    server = machine.serve("--log-format", "json")
    ask(server.address, "/v1/models")
    output, errors = server.stop()
    assert "{" not in output.partition("\nClaude Code")[2]
    assert [json.loads(line) for line in errors.splitlines()]
    quiet = machine.serve("--log-format", "json", "--log-level", "off")
    ask(quiet.address, "/v1/models")
    assert quiet.stop()[1] == ""


@contextlib.contextmanager
def stream(address: tuple[str, int]) -> Iterator[http.client.HTTPResponse]:
    """A stream of demo that has begun."""
    connection = http.client.HTTPConnection(*address, timeout=30)
    question = {"model": "demo", "stream": True, "messages": [{"role": "user", "content": "Hello"}]}
    connection.request(
        "POST", "/v1/chat/completions", json.dumps(question), {"content-type": "application/json"}
    )
    answer = connection.getresponse()
    assert answer.readline().startswith(b"data: ")
    yield answer
    answer.close()
    connection.close()


def rest(answer: http.client.HTTPResponse) -> bytes:
    """What still comes, whether or not it ends well."""
    with contextlib.suppress(http.client.HTTPException, OSError):
        return answer.read()
    return b""


def test_streams_finish_before_it_ends(machine: Machine) -> None:
    """After SIGTERM a stream under way goes on to its last byte."""
    machine.configure('[providers.demo]\npace = "20ms"')
    server = machine.serve()
    with stream(server.address) as answer:
        server.process.send_signal(signal.SIGTERM)
        assert rest(answer).endswith(b"data: [DONE]\n\n")
    assert server.process.wait(30) == 0


def test_drain_is_how_long_streams_may_go_on(machine: Machine) -> None:
    """A stream that would take minutes is ended when `drain` is over."""
    machine.configure('[server]\ndrain = "1s"\n[providers.demo]\npace = "1m"')
    server = machine.serve()
    with stream(server.address) as answer:
        server.process.send_signal(signal.SIGTERM)
        assert b"[DONE]" not in rest(answer)
    assert server.process.wait(30) == 0


def test_a_second_ctrl_c_does_not_wait(machine: Machine) -> None:
    """Ctrl-C twice ends the streams as well."""
    machine.configure('[server]\ndrain = "10m"\n[providers.demo]\npace = "1m"')
    server = machine.serve()
    with stream(server.address) as answer:
        server.process.send_signal(signal.SIGINT)
        while accepts(server.address):
            time.sleep(0.01)
        server.process.send_signal(signal.SIGINT)
        assert b"[DONE]" not in rest(answer)
    assert server.process.wait(30) == 0


def accepts(address: tuple[str, int]) -> bool:
    """Whether anybody still takes connections there."""
    with contextlib.suppress(OSError), socket.create_connection(address, timeout=5):
        return True
    return False


def test_workers_leave_when_the_server_was_killed(machine: Machine) -> None:
    """Nobody told them; the address is free again, and a new server takes it."""
    server = machine.serve("--workers", "2")
    server.stop(signal.SIGKILL)  # returns when the workers have closed what they write to
    host, port = server.address
    again = machine.serve("--listen", f"{host}:{port}")
    assert ask(again.address, "/healthz")[0] == 200


def test_it_outlives_whoever_read_its_first_line(machine: Machine) -> None:
    """A reader that goes away after the first line does not end the server."""
    server = machine.serve()
    assert server.process.stdout is not None
    server.process.stdout.close()
    assert ask(server.address)[0] == 200


def test_the_package_is_the_command(machine: Machine) -> None:
    """`python -m gateway` is `penstock`."""
    ended = subprocess.run(
        [sys.executable, "-m", "gateway", "--version"],
        cwd=ROOT,
        env=machine.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.startswith("penstock ")
