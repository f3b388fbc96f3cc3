"""`penstock doctor`: set-ups that are broken in one way each, and one that is well."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from gateway.cli.doctor.course import CHECKS, at_both_ends, at_the_door, of_settings
from gateway.cli.doctor.echo import Echo
from gateway.cli.doctor.findings import Finding, worst
from gateway.cli.doctor.patient import Patient
from gateway.cli.doctor.voices import CHAT, MESSAGES, TOO_LONG, Voice
from gateway.configuration.loading import load
from tests.cli import faults
from tests.cli.faults import COUNT, Answering, Fault, Middle
from tests.cli.machine import Machine
from tests.path.process import Gateway
from tests.sources import CHECKOUT

SILENCE = 1.2


class Case(msgspec.Struct, frozen=True):
    """A fault, and the checks that must name it; no other may."""

    fault: Fault
    named: tuple[str, ...]
    voice: Voice = MESSAGES


CASES = {
    "well": Case(Fault(), ()),
    "well-chat": Case(Fault(), (), CHAT),
    # The ten that must be told.
    "dropped-beta": Case(faults.Without("anthropic-beta"), ("beta-headers",)),
    "re-serialised": Case(faults.Reserialising(), ("body-bytes",)),
    "buffered": Case(faults.Buffering(), ("stream-flow", "silence")),
    "no-pings": Case(faults.Swallowing(b"event: ping"), ("pings", "silence")),
    "no-counts": Case(Answering("POST", COUNT, 404), ("count-tokens",)),
    "slow-models": Case(Answering("GET", "/v1/models", after=3.1), ("models-list",)),
    "wrong-words": Case(faults.Spelling(400, 400, "the context is full"), ("error-words",)),
    "clock-off": Case(faults.OffTheHour(), ("clock",)),
    # And others that are met often.
    "words-as-500": Case(faults.Spelling(400, 500, TOO_LONG), ("error-shape", "error-words")),
    "compressed": Case(
        faults.Compressing(),
        (
            *("error-shape", "models-list", "count-tokens", "stream-flow", "stream-not-offered", "text"),
            *("stream-compressed", "stream-end", "pings", "silence", "broken-stream", "error-words"),
        ),
    ),
    "no-ids": Case(faults.Without("request-id", "x-request-id"), ("request-id",)),
    "redirecting": Case(
        Answering("GET", "/v1/models", 301),
        ("redirects", "models-list", "strangers"),
    ),
    "http-1.0": Case(faults.Old(), ("http-version",)),
    "no-greeting": Case(Answering("HEAD", "/", 404), ("greeting",)),
    "wrong-end": Case(faults.Replacing(b"data: [DONE]\n\n", b""), ("stream-end",), CHAT),
    "done-for-all": Case(
        faults.Replacing(b'{"type":"message_stop"}\n\n', b'{"type":"message_stop"}\n\ndata: [DONE]\n\n'),
        ("stream-end", "event-names"),
    ),
    "no-retry-after": Case(faults.Without("retry-after"), ("retry-after-kept", "retry-after-added")),
    "key-is-the-clients": Case(faults.Spelling(502, 401, "invalid key"), ("provider-key",)),
    "no-names": Case(faults.Replacing(b"event: content_block_delta\n", b""), ("event-names",)),
    "no-socket": Case(Answering("GET", "/v1/responses", 404), ("websocket",)),
    "small-bodies": Case(faults.Small(), ("large-body",)),
    "ended-well": Case(faults.Replacing(b"event: error", b"event: message_stop"), ("broken-stream",)),
    "lost-letters": Case(faults.Replacing("日本".encode(), b"??"), ("text",)),
    "own-agent": Case(faults.Without("user-agent", "x-claude-code-session-id"), ("client-headers",)),
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, list[Finding]]]:
    """What doctor finds in each case: one penstock behind all of them, an upstream for each."""
    echoes = {name: Echo() for name in CASES}
    # What a middle leaves where it is, as counts of tokens, goes by the model's name: to nobody's echo.
    spare = Echo()
    providers = "".join(
        f'[providers."{name}"]\ndialect = "{CASES[name].voice.dialect}"\n'
        f'base_url = "{echo.url}"\napi_key = "sk-of-the-provider"\n'
        for name, echo in echoes.items()
    )
    text = (
        '[server]\ndiscover = false\nsign_of_life = "400ms"\n[models]\nclaude-x = "spare"\n'
        f"[failure]\ntries = 1\n{providers}"
        f'[providers.spare]\ndialect = "anthropic-messages"\nbase_url = "{spare.url}"\napi_key = "none"\n'
    )
    gateway = Gateway(tmp_path_factory.mktemp("doctor"), text, {})
    middles = {
        name: Middle(gateway.address, name, case.voice.path, case.fault) for name, case in CASES.items()
    }
    try:
        with ThreadPoolExecutor(13) as pool:
            looks = {name: pool.submit(look, name, middles[name], echoes[name]) for name in CASES}
            yield {name: look.result() for name, look in looks.items()}
    finally:
        for middle in middles.values():
            middle.close()
        for echo in (*echoes.values(), spare):
            echo.close()
        gateway.stop()


def look(name: str, middle: Middle, echo: Echo) -> list[Finding]:
    """Everything that is looked at of a gateway."""
    patient = Patient(middle.url, model="claude-x", voice=CASES[name].voice).behind(echo, SILENCE)
    return [*at_the_door(patient, name), *at_both_ends(patient, name)]


@pytest.mark.parametrize("name", CASES)
def test_each_broken_set_up_is_named(found: dict[str, list[Finding]], name: str) -> None:
    """The checks that a fault is about name it with reason and remedy, and no other check complains."""
    complaints = [finding for finding in found[name] if finding.level in ("warn", "fail")]
    assert {finding.check for finding in complaints} == set(CASES[name].named), complaints
    assert all(finding.why and finding.mend for finding in complaints)
    assert (worst(found[name]) > 0) == bool(CASES[name].named)


def test_a_key_that_goes_on_to_the_upstream_is_named() -> None:
    """A gateway that passes the client's key on, whole as it comes, is told."""
    echo = Echo()
    middle = Middle(echo.url, "", MESSAGES.path, Fault())
    try:
        patient = Patient(middle.url, model="m").behind(echo, SILENCE)
        [credential] = [one for one in at_both_ends(patient, "here") if one.check == "credential"]
        assert (credential.level, "authorization" in credential.seen) == ("fail", True)
    finally:
        middle.close()
        echo.close()


def test_what_was_not_asked_of_the_upstream_is_not_judged() -> None:
    """A gateway that leaves its upstream alone after failures is not blamed for what it could not pass on."""
    echo = Echo()
    middle = Middle(echo.url, "", MESSAGES.path, faults.Resting(6))
    try:
        patient = Patient(middle.url, model="m").behind(echo, 0.3)
        found = {one.check: one.level for one in at_both_ends(patient, "here")}
    finally:
        middle.close()
        echo.close()
    assert found["error-words"] == "ok"
    late = ("retry-after-kept", "retry-after-added", "provider-key", "overload")
    assert [found[name] for name in late] == ["skipped"] * 4


def test_nobody_at_the_url_ends_the_look(machine: Machine, free_port: int) -> None:
    """Where nobody answers that is all there is to say, with 2."""
    ended = machine.run("doctor", "--json", "--url", f"http://127.0.0.1:{free_port}")
    report = json.loads(ended.stdout)
    assert (ended.returncode, report["ok"]) == (2, False)
    assert [finding["check"] for finding in report["findings"]] == ["answers"]


OUTSIDE = 'dialect = "openai-chat"\nbase_url = "https://llm.example"\napi_key = "sk-of-its-own"\n'


@pytest.mark.parametrize(
    ("provider", "check", "level"),
    [
        ('like = "openai"\napi_key = "sk-ant-of-anthropic"', "key-host", "fail"),
        ('like = "anthropic"\nbase_url = "https://llm.example"\napi_key = "sk-ant-x"', "key-host", "warn"),
        ('like = "openai"\napi_key = "${ANTHROPIC_API_KEY}"', "key-host", "fail"),
        (f'{OUTSIDE}headers = {{ x-key = "sk-of-the-other" }}', "header-keys", "fail"),
        (f"{OUTSIDE.replace('https', 'http')}", "plain-http", "warn"),
    ],
)
def test_a_key_on_its_way_to_the_wrong_host_is_named(
    tmp_path: Path, provider: str, check: str, level: str
) -> None:
    """A key at another provider's address, in another's header or without TLS is told, and never shown."""
    file = tmp_path / "penstock.toml"
    file.write_text(f"[server]\ndiscover = false\n[providers.anthropic]\n[providers.box]\n{provider}\n")
    settings = load(file, environment={"ANTHROPIC_API_KEY": "sk-of-the-other"}).settings
    named = [one for one in of_settings(settings) if one.level in ("warn", "fail")]
    assert [(one.check, one.level, one.place) for one in named] == [(check, level, "provider box")]
    assert "sk-" not in str(named)


def test_a_configuration_is_looked_at_by_running_it(machine: Machine, free_port: int) -> None:
    """What a provider's own headers replace does not arrive, and nothing is sent to the provider itself."""
    machine.configure(
        f'[server]\ndiscover = false\nlisten = "127.0.0.1:{free_port}"\n'
        'sign_of_life = "90s"\nkeys = "required"\n'
        '[keys.me]\nsecret = "0123456789abcdef"\n'
        '[providers.ant]\nlike = "anthropic"\nbase_url = "http://127.0.0.1:9/x"\napi_key = "sk-real"\n'
        'headers = { anthropic-beta = "only-this" }\n'
        '[limits]\nrequests_per_minute = 1\n[store]\npath = "x.db"\n'
    )
    ended = machine.run("doctor")
    assert ended.returncode == 2
    assert "FAIL  beta-headers: of anthropic-beta is lost on the way" in ended.stdout
    assert "WARN  sign-of-life: server.sign_of_life is 90 s" in ended.stdout
    assert "skip  answers: no penstock is running there" in ended.stdout
    assert ended.stdout.count("FAIL") == 1
    assert list(machine.folder.glob("*.db")) == []


def test_what_is_not_looked_at_of_a_configuration_is_told(machine: Machine) -> None:
    """A client's own login is seen to go on, each API is looked at, and what is left out is told."""
    machine.configure(
        '[server]\ndiscover = false\n[providers.anthropic]\nauth = "passthrough"\n'
        '[providers.gemini]\napi_key = "AIza-x"\n'
        '[providers.deepseek]\napi_keys = ["a-1", "a-2"]\ncache_breakpoints = true\n'
        '[providers.far]\nlike = "groq"\napi_key = "gsk_x"\nproxy = "http://127.0.0.1:9"\n'
    )
    ended = machine.run("doctor")
    assert (ended.returncode, "the client's own login goes on, as it is meant to" in ended.stdout) == (
        0,
        True,
    )
    assert "skip  reaches-upstream: doctor does not speak gemini" in ended.stdout
    assert "provider gemini, openai-chat" in ended.stdout
    assert "provider deepseek, anthropic-messages" in ended.stdout
    assert "skip  reaches-upstream: it is asked through a proxy" in ended.stdout


def test_the_running_gateway_is_looked_at(machine: Machine) -> None:
    """With nothing but demo, the door and demo's stream are what there is to look at, and all is well."""
    host, port = machine.serve().address
    machine.configure(f'[server]\nlisten = "{host}:{port}"\n')
    ended = machine.run("doctor", "--json")
    report = json.loads(ended.stdout)
    assert (ended.returncode, report["ok"], complaints(ended.stdout)) == (0, True, [])
    spent = machine.run("doctor", "--json", "--spend", "--model", "nobody/x")
    assert [one["check"] for one in complaints(spent.stdout)] == ["stream"]
    assert {"count-tokens", "websocket", "stream-flow", "stream-end"} <= {
        one["check"] for one in report["findings"] if one["level"] == "ok"
    }


def test_a_refused_key_is_named(machine: Machine) -> None:
    """A client's key that the gateway does not know, or no longer, is told at the door."""
    machine.configure('[keys.me]\nsecret = "0123456789abcdef"\n')
    host, port = machine.serve().address
    machine.environment["PENSTOCK_KEY"] = "pst_000000000000_expired"
    ended = machine.run("doctor", "--json", "--url", f"http://{host}:{port}")
    assert {one["check"] for one in complaints(ended.stdout)} >= {"key"}
    machine.environment["PENSTOCK_KEY"] = "0123456789abcdef"
    assert machine.run("doctor", "--url", f"http://{host}:{port}").returncode == 0


def test_a_model_is_asked_only_with_spend(machine: Machine) -> None:
    """Where no demo answers, a stream is looked at only with --spend, and only of the model that is named."""
    echo = Echo()
    try:
        echo.plays(MESSAGES.streamed(MESSAGES.frames()))
        ended = machine.run("doctor", "--json", "--url", echo.url)
        assert not [one for one in echo.heard if one.body.startswith(b'{"model": "m"')]
        assert "stream-end" not in ended.stdout
        ended = machine.run("doctor", "--json", "--url", echo.url, "--spend", "--model", "m")
        assert '"stream-end"' in ended.stdout
        assert len([one for one in echo.heard if one.body.startswith(b'{"model": "m"')]) == 2
    finally:
        echo.close()


def test_any_gateway_can_be_looked_at_from_both_ends(machine: Machine, free_port: int) -> None:
    """With --echo doctor is the upstream as well: a gateway told to call it there is seen through."""
    machine.configure(
        '[server]\nsign_of_life = "300ms"\n'
        f'[providers.anthropic]\nbase_url = "http://127.0.0.1:{free_port}"\n'
        'api_key = "sk-real"\n[models]\nclaude-x = "anthropic"\n'
    )
    host, port = machine.serve().address
    asked = ["doctor", "--json", "--url", f"http://{host}:{port}", "--echo", f"127.0.0.1:{free_port}"]
    ended = machine.run(*asked, "--model", "claude-x", "--silence", "1")
    assert (ended.returncode, complaints(ended.stdout)) == (0, [])
    assert '"body-bytes"' in ended.stdout
    ended = machine.run(*asked, "--model", "nobody/x")
    assert {one["check"] for one in complaints(ended.stdout)} == {"reaches-upstream"}


@pytest.mark.parametrize(
    ("status", "words", "named"),
    [
        (401, "this key has expired", {"upstream-key": "fail"}),
        (200, "", {}),
        (429, "quota", {"upstream-key": "warn"}),
        (301, "", {"upstream-redirect": "fail"}),
        (500, "oh", {"upstream-reachable": "warn"}),
    ],
)
def test_providers_are_asked_for_what_costs_nothing(
    machine: Machine, status: int, words: str, named: dict[str, str]
) -> None:
    """--upstreams asks providers for their models with each key: one that has expired is told, not shown."""
    body = json.dumps({"error": {"message": words}}).encode()
    provider = Middle("http://127.0.0.1:9", "", "", Answering("GET", "/v1/models", status, body=body))
    try:
        machine.configure(
            "[server]\ndiscover = false\n[providers.box]\n"
            f'dialect = "gemini"\nbase_url = "{provider.url}/v1"\napi_key = "${{BOX_KEY}}"\n'
        )
        machine.environment["BOX_KEY"] = "sk-real"
        ended = machine.run("doctor", "--json", "--upstreams")
    finally:
        provider.close()
    assert {one["check"]: one["level"] for one in complaints(ended.stdout)} == named
    assert status != 401 or ("$BOX_KEY" in ended.stdout and words in ended.stdout)
    assert "sk-real" not in ended.stdout


def test_a_provider_that_is_away_or_late_is_named(machine: Machine) -> None:
    """Nobody at a provider's address, and a provider that disagrees on the time, are told."""
    echo = Echo()
    late = Middle(echo.url, "", "", faults.OffTheHour())
    machine.configure(
        "[server]\ndiscover = false\n"
        '[providers.away]\ndialect = "gemini"\nbase_url = "http://127.0.0.1:9/v1"\n'
        f'[providers.late]\ndialect = "gemini"\nbase_url = "{late.url}/v1"\n'
    )
    ended = machine.run("doctor", "--json", "--upstreams")
    late.close()
    echo.close()
    named = {(one["place"], one["check"]) for one in complaints(ended.stdout)}
    assert named == {("upstream away", "upstream-reachable"), ("upstream late", "upstream-clock")}


@pytest.mark.parametrize(
    "arguments",
    [
        ("--echo", "127.0.0.1:9", "--model", "m"),
        ("--url", "http://127.0.0.1:9", "--spend"),
        ("--url", "http://127.0.0.1:9", "--echo", "here", "--model", "m"),
        ("--url", "gateway.example"),
    ],
)
def test_options_that_make_no_sense_are_wrong_usage(machine: Machine, arguments: tuple[str, ...]) -> None:
    """What is said to a URL needs one, what asks a model needs its name, and addresses are addresses."""
    ended = machine.run("doctor", *arguments)
    assert (ended.returncode, ended.stdout) == (2, "")


def test_a_configuration_that_cannot_be_used_is_named(machine: Machine) -> None:
    """It is a finding with its remedy, for programs too."""
    machine.configure("[servr]\n")
    ended = machine.run("doctor", "--json")
    [one] = complaints(ended.stdout)
    assert (ended.returncode, one["check"], one["mend"]) == (2, "configuration", "did you mean server?")


def test_every_check_is_told_on_its_page() -> None:
    """The page of doctor has each check, and no check has the name of another."""
    names = [check.name for checks in CHECKS.values() for check in checks]
    assert len(names) == len(set(names))
    page = (CHECKOUT / "docs" / "doctor.md").read_text(encoding="utf-8")
    assert all(f"| `{name}` |" in page for name in names)


def complaints(output: str) -> list[dict[str, str]]:
    """What is wrong, of a report."""
    return [one for one in json.loads(output)["findings"] if one["level"] in ("warn", "fail")]
