"""The commands that look: show, models, providers, logs."""

import http.client
import json
from pathlib import Path

from tests.cli.machine import Machine
from tests.cli.upstream import Upstream

PLANTED = "planted-0123456789abcdef-"
SECRETS = f"""
[server]
listen = "127.0.0.1:5000"
[providers.box]
dialect = "openai-chat"
base_url = "http://127.0.0.1:9/v1"
api_keys = ["{PLANTED}one", "{PLANTED}two"]
proxy = "http://user:{PLANTED}three@127.0.0.1:8"
headers = {{ x-team = "{PLANTED}four" }}
[providers.other]
like = "anthropic"
api_key = "{PLANTED}five"
[budgets]
webhook = "https://hooks.example/{PLANTED}six"
[keys.me]
secret = "{PLANTED}seven"
[models]
mine = "box/m"
"""


def test_show_tells_what_was_understood_and_no_secret(machine: Machine) -> None:
    """Every setting that is not the default with its place; keys, proxies and headers are only there."""
    machine.configure(SECRETS)
    machine.environment["PENSTOCK_LOG__LEVEL"] = "debug"
    text, whole, everything = (
        machine.run("show", *options).stdout for options in ((), ("--json",), ("--all",))
    )
    assert 'providers.box.api_keys = "(not shown)"' in text
    for line in ("server.port = 5000", 'log.level = "debug"', 'models.mine = "box/m"'):
        assert line in text.splitlines()
    assert ("server.workers" in text, "server.workers = 1" in everything) == (False, True)
    assert json.loads(whole)["providers"][0]["proxy"] == "(not shown)"
    assert PLANTED not in text + whole + everything


def test_models_are_those_of_the_running_gateway(machine: Machine, free_port: int) -> None:
    """Its own list where it answers; else what the configuration knows, which is said."""
    machine.configure('[models]\nmine = "demo"\n')
    host, port = machine.serve().address
    listed = machine.run("models", "--url", f"http://{host}:{port}", "--json")
    assert {"model": "mine", "provider": "penstock"} in json.loads(listed.stdout)
    assert listed.stderr == ""
    alone = machine.run("models", "--url", f"http://127.0.0.1:{free_port}")
    assert "these are of the configuration alone" in alone.stderr
    assert "mine" in alone.stdout


def test_providers_are_listed_without_keys(machine: Machine) -> None:
    """Name, dialects, where the key comes from, models, address."""
    machine.configure(SECRETS)
    rows = json.loads(machine.run("providers", "list", "--json").stdout)
    assert rows[0]["provider"] == "box"
    assert rows[0]["address"] == "http://127.0.0.1:9/v1"
    assert PLANTED not in json.dumps(rows)


def test_providers_are_tried(machine: Machine, upstream: Upstream) -> None:
    """Each answers for itself, with each key; the exit code says whether all are well."""
    machine.configure(
        "[server]\ndiscover = false\n"
        f'[providers.near]\ndialect = "anthropic-messages"\nbase_url = "{upstream.url}"\n'
        'api_keys = ["a-key", "b-key"]\n'
        '[providers.away]\ndialect = "openai-chat"\nbase_url = "http://127.0.0.1:9/v1"\nauth = "none"\n'
        "[providers.demo]\n"
    )
    ended = machine.run("providers", "test", "--json")
    rows = {(row["provider"], row["key"]): row for row in json.loads(ended.stdout)}
    assert ended.returncode == 1
    assert [rows["near", 1]["ok"], rows["near", 2]["ok"]] == [False, False]
    assert rows["near", 1]["answer"].startswith("501: ")
    assert "refused" in rows["away", None]["answer"]
    assert machine.run("providers", "test", "demo").returncode == 0
    unknown = machine.run("providers", "test", "neer")
    assert "did you mean near?" in unknown.stderr


def test_a_provider_that_is_well_says_how_many_models(machine: Machine) -> None:
    """A penstock is a provider as well: it lists, and refuses a key it does not know."""
    machine.configure('[keys.me]\nsecret = "0123456789abcdef"\n[models]\na = "demo"\n')
    host, port = machine.serve().address
    other = '[providers.{}]\ndialect = "openai-chat"\nbase_url = "http://{}:{}/v1"\napi_key = "{}"\n'
    file = machine.folder / "other.toml"
    file.write_text(
        "[server]\ndiscover = false\n"
        + other.format("good", host, port, "0123456789abcdef")
        + other.format("bad", host, port, "another")
    )
    rows = json.loads(machine.run("providers", "test", "--config", str(file), "--json").stdout)
    good, bad = sorted(rows, key=lambda row: -row["ok"])
    assert (good["provider"], good["answer"], good["models"]) == ("good", "well", 2)
    assert (bad["provider"], bad["answer"]) == ("bad", "401: it does not take the key")


def test_providers_are_found(machine: Machine) -> None:
    """A key in the environment is a provider; where there is none that is said."""
    machine.environment["GROQ_API_KEY"] = "k"
    machine.environment["OPENAI_EAST_API_KEY"] = "k"
    rows = json.loads(machine.run("providers", "discover", "--json").stdout)
    found = {row["provider"]: (row["like"], row["found"]) for row in rows}
    assert found["groq"] == ("groq", "$GROQ_API_KEY")
    assert found["openai-east"] == ("openai", "$OPENAI_EAST_API_KEY")


def log_of(machine: Machine) -> Path:
    """The log of a gateway that was asked for three things, one of which it has not."""
    server = machine.serve("--log-format", "json")
    for model, session in (("demo", "one"), ("demo", "two"), ("nobody-has-this", "one")):
        connection = http.client.HTTPConnection(*server.address, timeout=20)
        question = {"model": model, "messages": [{"role": "user", "content": "Hello"}]}
        headers = {"content-type": "application/json", "x-session-id": session}
        connection.request("POST", "/v1/chat/completions", json.dumps(question), headers)
        connection.getresponse().read()
        connection.close()
    file = machine.folder / "log.json"
    file.write_text("a line of something else\n" + server.stop()[1])
    return file


def test_logs_are_told_again(machine: Machine) -> None:
    """All of the log, or what went wrong, or a session; as people read it, or as it is."""
    machine.configure('[models]\ndemo = "demo"\n')
    file = str(log_of(machine))
    everything = machine.run("logs", file).stdout.splitlines()
    assert everything[0] == "a line of something else"
    assert sum("demo → demo/demo" in line for line in everything) == 2
    (failed,) = machine.run("logs", file, "--failed").stdout.splitlines()
    assert "  404  " in failed
    assert len(machine.run("logs", file, "--session", "one").stdout.splitlines()) == 2
    (one,) = machine.run("logs", file, "--session", "one", "--model", "demo", "--json").stdout.splitlines()
    assert json.loads(one)["session"] == "one"
    assert machine.run("logs", file, "--provider", "other").stdout == ""
    assert machine.run("logs", "nowhere.json").returncode == 1


def test_logs_cannot_speak_to_the_terminal(machine: Machine) -> None:
    """What a client chose to call itself is shown as text."""
    line = {"message": "request", "time": "t", "status": 200, "caller": "\x1b[2J", "model": "m"}
    (machine.folder / "log.json").write_text(json.dumps(line) + "\n")
    assert "\x1b" not in machine.run("logs", "log.json").stdout


def test_logs_are_followed(machine: Machine) -> None:
    """With -f, a line that is written later is told as soon as it is whole."""
    file = machine.folder / "log.json"
    file.write_text("first\nsec")
    process = machine.start("logs", "-f", "log.json")
    assert process.stdout is not None
    assert process.stdout.readline() == "first\n"
    with file.open("a") as opened:
        opened.write("ond\n")
    assert process.stdout.readline() == "second\n"
