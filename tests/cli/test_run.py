"""`penstock run` with a stand-in for the agent: a script that writes down what it was given."""

import json
import os
import signal
import sys
from pathlib import Path

import pytest

from tests.cli.machine import Machine
from tests.cli.upstream import Upstream

KEYS = '[keys.me]\nsecret = "0123456789abcdef"\n'
# What the agent was told, and what answers there, written where the test can read it.
REPORT = f"""
{sys.executable} - "$@" > report.json <<'END'
import json, os, sys, urllib.request
opener = urllib.request.build_opener(urllib.request.ProxyHandler({{}}))
with opener.open(os.environ["ANTHROPIC_BASE_URL"], timeout=10) as answer:
    home = answer.read().decode()
wanted = ("ANTHROPIC", "CLAUDE", "NO_PROXY", "no_proxy", "GEMINI", "OPENAI", "GOOSE", "AIDER", "PENSTOCK")
environment = {{name: value for name, value in os.environ.items() if name.startswith(wanted)}}
print(json.dumps({{"arguments": sys.argv[1:], "environment": environment, "home": home}}))
END
"""
# Asks one question with the login it has.
ASK = f"""
{sys.executable} - <<'END'
import json, os, urllib.request
opener = urllib.request.build_opener(urllib.request.ProxyHandler({{}}))
login = os.environ.get("ANTHROPIC_AUTH_TOKEN") or os.environ["CLAUDE_CODE_OAUTH_TOKEN"]
question = {{"model": "claude-x", "max_tokens": 9, "messages": [{{"role": "user", "content": "Hello"}}]}}
request = urllib.request.Request(
    os.environ["ANTHROPIC_BASE_URL"] + "/v1/messages",
    json.dumps(question).encode(),
    {{"content-type": "application/json", "authorization": "Bearer " + login}},
)
opener.open(request, timeout=10).read()
END
"""
# Waits until it is told to end, and says which signal came.
PATIENT = """
trap 'echo interrupted > signal; exit 5' INT
trap 'echo terminated > signal; exit 6' TERM
echo "$ANTHROPIC_BASE_URL" > started.new
mv started.new started
while :; do sleep 0.05; done
"""


@pytest.fixture
def agent(machine: Machine) -> Machine:
    """A machine with a `claude` that reports and ends with 7, and with an address of its own to try first."""
    machine.install("claude", f"{REPORT}\nexit 7")
    return machine


def told(machine: Machine, *arguments: str, says: str = "") -> dict[str, str]:
    """The environment the agent was given; the run `says` so much, and a penstock answered there."""
    ended = machine.run("run", *arguments, "claude")
    assert (ended.returncode, ended.stdout, ended.stderr) == (7, "", says)
    found = json.loads((machine.folder / "report.json").read_text())
    assert "penstock" in found["home"]
    environment: dict[str, str] = found["environment"]
    return environment


def gone(url: str) -> bool:
    """Whether nothing listens at the URL any more."""
    port = int(url.rpartition(":")[2])
    listening = Path("/proc/net/tcp").read_text().splitlines()
    return not any(f":{port:04X} 00000000:0000 0A" in line for line in listening)


linux = pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="listeners are read in /proc")


@linux
def test_a_key_of_ours_stands_in_for_the_agents_login(agent: Machine, free_port: int) -> None:
    """With a provider's key the agent gets an address and a word for a token, and no login of its own."""
    agent.environment |= {
        "ANTHROPIC_API_KEY": "sk-ours",
        "CLAUDE_CODE_OAUTH_TOKEN": "own",
        "CLAUDE_CODE_USE_BEDROCK": "1",
    }
    url = f"http://127.0.0.1:{free_port}"
    assert told(agent, "--listen", f"127.0.0.1:{free_port}") == {
        "ANTHROPIC_BASE_URL": url,
        "ANTHROPIC_AUTH_TOKEN": "penstock",
    }
    assert gone(url)


def test_without_a_key_the_agents_own_login_passes(agent: Machine, free_port: int) -> None:
    """With no provider for it, the agent keeps its login and gets the address only."""
    agent.environment |= {"ANTHROPIC_API_KEY": "pst_not_a_provider_key", "CLAUDE_CODE_OAUTH_TOKEN": "own"}
    given = told(agent, "--listen", f"127.0.0.1:{free_port}")
    assert given == {
        "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{free_port}",
        "ANTHROPIC_API_KEY": "pst_not_a_provider_key",
        "CLAUDE_CODE_OAUTH_TOKEN": "own",
    }


@pytest.mark.parametrize(
    ("key", "arrives"),
    [({}, "authorization: bearer own-login"), ({"ANTHROPIC_API_KEY": "sk-ours"}, "x-api-key: sk-ours")],
)
def test_one_credential_reaches_the_agents_home(
    machine: Machine, upstream: Upstream, key: dict[str, str], arrives: str
) -> None:
    """Anthropic sees the agent's own login when it passes through, and only our key when we have one."""
    machine.install("claude", ASK)
    machine.environment |= {
        "CLAUDE_CODE_OAUTH_TOKEN": "own-login",
        "ANTHROPIC_BASE_URL": upstream.url,
        **key,
    }
    assert machine.run("run", "--listen", "127.0.0.1:0", "claude").returncode == 0
    (head,) = upstream.heads
    credentials = [
        line for line in head.lower().splitlines() if line.startswith(("authorization", "x-api-key"))
    ]
    assert credentials == [arrives]


def test_what_env_exported_is_not_taken_for_a_login(agent: Machine, free_port: int) -> None:
    """After `penstock env` was evaluated, the placeholder is no credential and the address no upstream."""
    agent.environment |= {
        "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{free_port}",
        "ANTHROPIC_AUTH_TOKEN": "penstock",
    }
    given = told(agent, "--listen", f"127.0.0.1:{free_port}")
    assert given == {"ANTHROPIC_BASE_URL": f"http://127.0.0.1:{free_port}"}


def test_demo_answers_when_asked_for(agent: Machine, free_port: int) -> None:
    """--demo needs no key and no login, whatever is configured."""
    agent.environment["ANTHROPIC_API_KEY"] = "sk-ours"
    agent.configure(KEYS)
    given = told(agent, "--demo", "--listen", f"127.0.0.1:{free_port}")
    assert given == {
        "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{free_port}",
        "ANTHROPIC_AUTH_TOKEN": "penstock",
    }


def test_config_chooses_the_file(agent: Machine, free_port: int) -> None:
    """--config names the file, and the gateway that is started reads it too."""
    other = agent.folder / "other.toml"
    other.write_text(f'[server]\nlisten = "127.0.0.1:{free_port}"\n[models]\n"claude-*" = "demo"')
    given = told(agent, "--config", str(other))
    assert given["ANTHROPIC_BASE_URL"] == f"http://127.0.0.1:{free_port}"
    assert given["ANTHROPIC_AUTH_TOKEN"] == "penstock"


def test_a_gateway_that_answers_is_used_and_left_running(agent: Machine) -> None:
    """When a penstock answers at the address no other is started; that is said, and it goes on afterwards."""
    agent.environment["ANTHROPIC_API_KEY"] = "sk-ours"
    server = agent.serve()
    host, port = server.address
    says = f"penstock: using the gateway at http://{host}:{port}, which has its own configuration\n"
    given = told(agent, "--listen", f"{host}:{port}", says=says)
    assert given["ANTHROPIC_BASE_URL"] == f"http://{host}:{port}"
    assert server.process.poll() is None


def test_a_stranger_at_the_address_is_avoided(agent: Machine, stranger: tuple[str, int]) -> None:
    """When something else listens there, the gateway of this run takes a free port."""
    agent.environment["ANTHROPIC_API_KEY"] = "sk-ours"
    host, port = stranger
    assert told(agent, "--listen", f"{host}:{port}")["ANTHROPIC_BASE_URL"] != f"http://{host}:{port}"


def test_the_callers_key_is_passed_when_one_is_asked_for(agent: Machine, free_port: int) -> None:
    """With keys required, $PENSTOCK_KEY is the agent's token, and without it there is no run."""
    agent.environment["ANTHROPIC_API_KEY"] = "sk-ours"
    agent.configure(KEYS)
    ended = agent.run("run", "claude")
    assert ended.returncode == 1
    assert "PENSTOCK_KEY" in ended.stderr
    agent.environment["PENSTOCK_KEY"] = "0123456789abcdef"
    given = told(agent, "--listen", f"127.0.0.1:{free_port}")
    assert given["ANTHROPIC_AUTH_TOKEN"] == "0123456789abcdef"


@pytest.mark.parametrize("given", [("--", "-p", "a b", "--demo"), ("-p", "a b", "--demo")])
def test_arguments_pass_untouched(agent: Machine, free_port: int, given: tuple[str, ...]) -> None:
    """Everything behind the agent's name is the agent's, with or without a -- before it."""
    agent.environment["ANTHROPIC_API_KEY"] = "sk-ours"
    agent.run("run", "--listen", f"127.0.0.1:{free_port}", "claude", *given)
    found = json.loads((agent.folder / "report.json").read_text())
    assert found["arguments"] == ["-p", "a b", "--demo"]


def test_a_proxy_does_not_stand_between(agent: Machine, free_port: int) -> None:
    """Where a proxy is set, the agent is told that this machine needs none."""
    agent.environment |= {
        "HTTPS_PROXY": "http://127.0.0.1:1",
        "NO_PROXY": "internal",
        "ANTHROPIC_API_KEY": "k",
    }
    given = told(agent, "--listen", f"127.0.0.1:{free_port}")
    assert given["NO_PROXY"] == given["no_proxy"] == "internal,127.0.0.1,localhost,::1"


def test_the_log_goes_where_it_is_told(agent: Machine, free_port: int) -> None:
    """--log keeps the output of the gateway of this run; without it nothing reaches the terminal."""
    agent.environment["ANTHROPIC_API_KEY"] = "sk-ours"
    told(agent, "--listen", f"127.0.0.1:{free_port}", "--log", "gateway.log")
    assert "listens at" in (agent.folder / "gateway.log").read_text()


def test_a_log_that_cannot_be_written_is_no_run(agent: Machine) -> None:
    """A --log in a folder that does not exist is one clear message, and the agent is not started."""
    ended = agent.run("run", "--demo", "--log", "nowhere/gateway.log", "claude")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "--log nowhere/gateway.log: cannot be written" in ended.stderr
    assert not (agent.folder / "report.json").exists()


def test_a_missing_agent_says_how_to_install_it(machine: Machine) -> None:
    """An agent that is not there ends with 127 and the command that installs it."""
    ended = machine.run("run", "claude")
    assert ended.returncode == 127
    assert "npm install -g @anthropic-ai/claude-code" in ended.stderr


def test_an_unknown_agent_is_wrong_usage(machine: Machine) -> None:
    """An agent penstock does not know ends with 2."""
    assert machine.run("run", "clyde").returncode == 2


def test_a_configuration_that_is_wrong_is_said_before_anything_starts(agent: Machine) -> None:
    """`run` reports problems as `serve` does, and the agent is not started."""
    agent.configure("[server]\nlistn = 1")
    ended = agent.run("run", "claude")
    assert ended.returncode == 1
    assert "did you mean listen?" in ended.stderr
    assert not (agent.folder / "report.json").exists()


def test_nothing_of_the_users_is_touched(agent: Machine, free_port: int) -> None:
    """A run leaves the home as it was."""
    told(agent, "--demo", "--listen", f"127.0.0.1:{free_port}")
    assert list(agent.home.iterdir()) == []


@linux
@pytest.mark.parametrize(
    ("number", "said", "code"), [(signal.SIGINT, "interrupted", 5), (signal.SIGTERM, "terminated", 6)]
)
def test_signals_end_the_agent_first(machine: Machine, number: signal.Signals, said: str, code: int) -> None:
    """Ctrl-C reaches the agent while the gateway goes on, SIGTERM is handed to it; its exit code is ours."""
    machine.install("claude", PATIENT)
    process = machine.start("run", "--demo", "--listen", "127.0.0.1:0", "claude")
    url = machine.wait_for("started").strip()
    if number == signal.SIGINT:
        # A terminal sends it to the whole group in the foreground: to penstock and to the agent.
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    assert process.wait(30) == code
    assert (machine.folder / "signal").read_text().strip() == said
    assert gone(url)
