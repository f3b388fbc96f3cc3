"""`penstock import`: others' configurations become ones that route the same; what is lost is told."""

import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from adapters.table import DIALECTS
from gateway.cli.importing import Imported, convert
from gateway.configuration.addresses import is_loopback
from gateway.configuration.loading import load
from gateway.explaining import Decision, explained
from gateway.house import House
from gateway.state import Exchange, Message
from tests.cli.imports import MEANINGS, Asked, Tier
from tests.cli.machine import Machine
from tests.sources import CHECKOUT

EXAMPLES = CHECKOUT / "tests" / "fixtures" / "imports"
CASES = [
    (kind, name, number)
    for kind, meanings in MEANINGS.items()
    for name, asked in meanings.items()
    for number in range(len(asked))
]
FILES = [(path.parent.name, path) for path in sorted(EXAMPLES.glob("*/*"))]
STANDS_IN = "http://stands-in.example"


def imported(kind: str, name: str) -> Imported:
    """An example, turned into ours."""
    [path] = EXAMPLES.glob(f"{kind}/{name}.*")
    return convert(kind, path.read_text(encoding="utf-8"), path.name)


def house_of(found: Imported, folder: Path) -> House:
    """A house of what came of it."""
    file = folder / "penstock.toml"
    file.write_text(found.configuration, encoding="utf-8")
    return House(load(file, environment=dict.fromkeys(found.variables, STANDS_IN)).settings)


def explain(house: House, asked: Asked) -> Decision:
    """What would become of a request, as Claude Code sends it."""
    body = {
        "model": asked.model,
        "max_tokens": 9000,
        "messages": [{"role": "user", "content": "Hi"}],
    } | asked.body
    scope = {"path": "/v1/messages", "headers": [], "query_string": b""}
    dialect = DIALECTS["anthropic-messages"]
    exchange = Exchange(*(house, dialect, "generate", "/v1/messages", scope, nothing, nobody, 0.0, ""))
    exchange.body = json.dumps(body).encode()
    return explained(exchange)


async def nothing() -> Message:
    """Nothing comes."""
    return {"type": "http.disconnect"}


async def nobody(message: Message) -> None:
    """Nobody is told."""


def leads(house: House, asked: Asked) -> list[Tier] | None:
    """Where a request goes, by hosts; several accounts at one are numbered as the file has them."""
    decision = explain(house, asked)
    if decision.refused:
        return None
    kept = {stop.provider: stop.model for stop in decision.targets}
    found: list[Tier] = []
    for tier in decision.tiers:
        shares = {spelled(house, share.to, kept): share.weight for share in tier.shares}
        found.append(shares if len(shares) > 1 else next(iter(shares)))
    return found


def spelled(house: House, to: str, kept: dict[str, str]) -> str:
    """A target by its host and its model."""
    name, _, model = to.partition("/")
    host = host_of(house, name)
    alike = [one for one in house.providers if host_of(house, one) == host]
    number = alike.index(name) + 1
    return f"{host} {model or kept[name]}{f' #{number}' if number > 1 else ''}"


def host_of(house: House, name: str) -> str | None:
    """The host of a provider."""
    return urlsplit(next(iter(house.providers[name].settings.base_urls.values()))).hostname


@pytest.mark.parametrize(("kind", "name", "number"), CASES)
def test_what_was_imported_routes_the_same(kind: str, name: str, number: int, tmp_path: Path) -> None:
    """Each request goes where the original takes it, in its order and by its weights."""
    found = imported(kind, name)
    asked = MEANINGS[kind][name][number]
    assert leads(house_of(found, tmp_path), asked) == asked.leads, found.configuration


@pytest.mark.parametrize(("kind", "path"), FILES, ids=lambda value: getattr(value, "stem", value))
def test_check_accepts_every_example(kind: str, path: Path, machine: Machine) -> None:
    """The command writes a file that `penstock check` accepts once the variables it lists are set."""
    ended = machine.run("import", kind, str(path), "--output", "penstock.toml")
    assert (ended.returncode, ended.stdout) == (0, "")
    assert [line for line in ended.stderr.splitlines() if line.startswith("wrong")] == (
        ["wrong: Router.default: says no provider and model that are there: other names are refused"]
        if path.stem == "no-default"
        else []
    )
    for line in ended.stderr.splitlines():
        if line.startswith("set "):
            machine.environment[line.removeprefix("set ").partition(":")[0]] = STANDS_IN
    assert machine.run("check").returncode == 0


def test_there_are_ten_examples_of_each() -> None:
    """Each kind has ten examples, and each of them a meaning."""
    assert all(len(meanings) >= 10 for meanings in MEANINGS.values())
    assert {(kind, path.stem) for kind, path in FILES} == {
        (k, n) for k, names in MEANINGS.items() for n in names
    }


@pytest.mark.parametrize(("kind", "path"), FILES, ids=lambda value: getattr(value, "stem", value))
def test_no_secret_goes_into_the_file(kind: str, path: Path) -> None:
    """What stands in clear becomes a variable, whose value is told nowhere; the same twice becomes one."""
    found = convert(kind, path.read_text(encoding="utf-8"), path.name)
    everything = found.configuration + str(found.notes) + str(found.variables)
    assert not [word for word in ("in-clear", "clear-token", "secret@db", "sk-or-") if word in everything]


def test_secrets_are_kept_when_asked_for(machine: Machine) -> None:
    """With --keep-secrets they stand in the file, which only its owner may read."""
    file = EXAMPLES / "litellm" / "secrets.yaml"
    machine.run("import", "litellm", str(file), "--keep-secrets", "--output", "kept.toml")
    kept = machine.folder / "kept.toml"
    assert 'api_key = "sk-in-clear-1111111111"' in kept.read_text()
    assert kept.stat().st_mode & 0o077 == 0


def test_one_variable_stands_for_one_secret() -> None:
    """The same key twice is one variable, and never one that the original uses for another."""
    found = imported("litellm", "secrets")
    assert set(found.variables) == {
        "OPENAI_API_KEY",
        "OPENAI_API_KEY_2",
        "X_AUTH_TOKEN",
        "LITELLM_MASTER_KEY",
        "LANGFUSE_SECRET",
    }


def test_what_routing_is_not_is_carried_too(tmp_path: Path) -> None:
    """Time limits, retries, ways out, prices, capabilities, caches, keys and proxies become ours."""
    fallbacks = house_of(imported("litellm", "fallbacks"), tmp_path).settings
    assert (fallbacks.failure.tries_per_target, fallbacks.failure.rest) == (4, 45.0)
    assert fallbacks.providers[0].timeouts.whole == 90.0
    assert explain(House(fallbacks), Asked("big", [])).beyond == {"too_long": "wide"}
    assert explain(House(fallbacks), Asked("other", [])).beyond == {"too_long": "wide", "refused": "big"}
    priced = house_of(imported("litellm", "aliases-and-prices"), tmp_path).settings
    price, can = priced.prices["openai/gpt-4o"], priced.capabilities["openai/gpt-4o"]
    assert (price.input, price.output, price.cache_read) == (2_500_000, 10_000_000, 1_250_000)
    assert (can.context, can.vision, can.tools) == (128_000, True, None)
    assert (priced.cache.usual.responses, priced.cache.usual.ttl) == ("on", 600.0)
    local = {one.name: one for one in house_of(imported("litellm", "local"), tmp_path).settings.providers}
    assert (local["local-2"].concurrency, local["local-2"].timeouts.first_byte) == (4, 30.0)
    many = house_of(imported("claude-code-router", "many"), tmp_path).settings
    assert {one.proxy for one in many.providers} == {"http://127.0.0.1:7890"}
    assert many.capabilities["modelscope/Qwen/Qwen3-Coder-480B-A35B-Instruct"].output == 32_000
    scenarios = house_of(imported("claude-code-router", "scenarios"), tmp_path).settings
    server = scenarios.server
    assert (is_loopback(server.host), server.port, server.keys_required) == (False, 8080, True)
    assert (scenarios.log.level, scenarios.providers[0].timeouts.whole) == ("error", 600.0)


def test_what_is_left_out_is_told_with_its_reason(machine: Machine) -> None:
    """Whatever was not carried has its place and a reason, for people, for programs and in the file."""
    file = EXAMPLES / "claude-code-router" / "lost.json"
    report = json.loads(machine.run("import", "claude-code-router", str(file), "--json").stdout)
    lost = {note["place"] for note in report["notes"] if note["what"] == "left out"}
    assert lost == {
        *(
            "CUSTOM_ROUTER_PATH",
            "transformers",
            "StatusLine",
            "Telemetry",
            "Router.think",
            "Router.background",
        ),
        *("Router.rules", "Providers[0].note", "Providers[0].transformer.mine"),
    }
    assert all(note["words"] for note in report["notes"])
    assert report["variables"] == {"ZAI_API_KEY": "named by Providers[0].api_key"}
    assert "#   left out: StatusLine:" in report["configuration"]
    orders = imported("litellm", "orders").notes
    assert {note.place for note in orders if note.what == "left out"} >= {
        "model_list[3].litellm_params.model",
        "model_list[4].litellm_params.model",
        "router_settings.redis_host",
    }


def test_a_file_that_is_there_stays_as_it_is(machine: Machine) -> None:
    """Without --force nothing is written over."""
    machine.configure("[server]\n")
    file = str(EXAMPLES / "litellm" / "single.yaml")
    ended = machine.run("import", "litellm", file, "--output", "penstock.toml")
    assert (ended.returncode, "--force" in ended.stderr) == (1, True)
    assert (machine.folder / "penstock.toml").read_text() == "[server]\n"
    assert machine.run("import", "litellm", file, "--output", "penstock.toml", "--force").returncode == 0
    assert "gpt-4.1" in (machine.folder / "penstock.toml").read_text()


@pytest.mark.parametrize(
    ("kind", "text", "words"),
    [
        ("litellm", "model_list: [\n  {a: b", "line 2"),
        ("litellm", "- a\n", "line 1: expected a table"),
        ("litellm", "models: []\n", "there is no model_list"),
        (
            "litellm",
            "model_list:\n  - model_name: x\n",
            "model_list[0]: an entry has a model_name, and a model",
        ),
        (
            "litellm",
            "model_list:\n  - model_name: x\n    litellm_params: 3\n",
            "litellm_params (line 3): expected a table",
        ),
        (
            "litellm",
            "model_list:\n  - model_name: x\n    litellm_params:\n      model: gpt-4o\n      rpm: many\n",
            "model_list[0].litellm_params.rpm (line 5): expected a number",
        ),
        (
            "litellm",
            "model_list: []\nrouter_settings:\n  fallbacks: [x]\n",
            "fallbacks[0] (line 3): expected a table",
        ),
        ("claude-code-router", '{"Providers": [\n  {"name": }\n]}', "line 2, column 12"),
        ("claude-code-router", "[]", "line 1: expected a table"),
        ("claude-code-router", '{"Router": {}}', "there are no Providers"),
        (
            "claude-code-router",
            '{"Providers": [{"name": "x"}]}',
            "Providers[0]: a provider has a name and an api",
        ),
        ("claude-code-router", '{"Providers": {}}', "Providers: expected a list"),
        ("claude-code-router", "[" * 100_000, "it is nested too deeply"),
    ],
)
def test_what_is_malformed_is_told_with_its_place(machine: Machine, kind: str, text: str, words: str) -> None:
    """A file that cannot be read says where and why, in one message."""
    (machine.folder / "original").write_text(text)
    ended = machine.run("import", kind, "original")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert f"penstock: original: {words}" in ended.stderr or words in ended.stderr


@pytest.mark.parametrize("data", [b"\xff\xfe\x00", None])
def test_a_file_that_is_no_text_is_told(machine: Machine, data: bytes | None) -> None:
    """Bytes that are no text, and a file that is not there, end with a message."""
    if data is not None:
        (machine.folder / "original").write_bytes(data)
    ended = machine.run("import", "litellm", "original")
    assert (ended.returncode, ended.stdout) == (1, "")


def test_what_has_to_be_mended_by_hand_is_told(machine: Machine) -> None:
    """Where the outcome could not be used as it is, the place in it is told as wrong."""
    (machine.folder / "original").write_text(
        "model_list:\n  - model_name: x\n    litellm_params: {model: openai/m, api_base: 'ftp://box'}\n"
    )
    ended = machine.run("import", "litellm", "original")
    assert (ended.returncode, "wrong: providers.box.base_url" in ended.stderr) == (0, True)
