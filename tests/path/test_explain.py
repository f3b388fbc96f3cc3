"""What is told of a request that is not made: by the running gateway, and by the command line."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.path.client import Reply
from tests.path.conftest import Start
from tests.path.dialects import CHAT, MESSAGES, RESPONSES, Dialect
from tests.path.house import ENVIRONMENT, House, configuration
from tests.path.test_keys import KEY
from tests.upstream.server import Upstream

ROUTES = """
many = ["ant/claude-first", { targets = ["only-chat/gpt-a", "only-chat/gpt-b"], strategy = "round_robin" }]
blind = ["only-chat/gpt-blind", "ant/claude-first"]
way-out = { targets = ["ant/claude-first"], too_long = "many" }
[[rules]]
when = { stream = true, tools = true }
use = "many"
[[rules]]
when = { scenario = "background" }
use = "quick-claude"
[profiles.office]
models = { "claude-*" = "ant/claude-of-office" }
[prices."ant/claude-*"]
input = "5.00"
output = "25.00"
[capabilities."only-chat/gpt-blind"]
context = 1
"""
SPOKEN = ("x-penstock-dialect", MESSAGES.name)


@pytest.fixture(scope="module")
def text(replay: Upstream) -> str:
    """The configuration."""
    return configuration(replay) + ROUTES


@pytest.fixture(scope="module")
def told(gateway: Start, replay: Upstream, text: str) -> House:
    """A gateway with something to explain."""
    return House(gateway(text, ENVIRONMENT), replay)


def explained(house: House, body: bytes, *headers: tuple[str, str], path: str = "/v1/explain") -> Any:
    """The decision about a request."""
    reply: Reply = house.call("POST", path, [("content-type", "application/json"), *headers], body)
    assert reply.status == 200, reply.body
    return reply.json()


def test_the_rules_that_were_asked_are_told(told: House) -> None:
    """Each with the condition for which it was passed over, and the one that was taken."""
    found = explained(told, MESSAGES.body("claude-haiku-4-1", stream=True))
    assert found["rules"] == [
        {"where": "rules.0", "unmet": "tools", "scenario": "background"},
        {"where": "rules.1", "scenario": "background"},
    ]
    assert (found["scenario"], found["route"]) == ("background", "rules.1 (background)")
    (target,) = found["targets"]
    assert (target["provider"], target["model"], target["crossing"]) == (
        "ant",
        "claude-haiku-4-5",
        "passthrough",
    )
    assert target["breaker"] == "closed"
    assert target["input_cost"] == f"{target['tokens'] * 5 / 1_000_000:.6f}"
    assert target["price"] == "configuration"
    assert "rules.0 is passed over: tools" in found["words"]


def test_the_cost_is_told_with_the_longest_reply_that_is_asked_for(told: House) -> None:
    """Input and as much output as may come; what has no price has no cost."""
    body = b'{"model":"ant/claude-x","max_tokens":1000,"messages":[{"role":"user","content":"hi"}]}'
    target = explained(told, body, SPOKEN)["targets"][0]
    assert target["most_cost"] == f"{(target['tokens'] * 5 + 1000 * 25) / 1_000_000:.6f}"
    blind = explained(told, MESSAGES.body("only-chat/gpt-x"), SPOKEN)
    assert "input_cost" not in blind["targets"][0]
    assert any("of unknown price" in word for word in blind["words"])


def test_targets_are_told_in_order_and_no_turn_is_taken(told: House) -> None:
    """With the strategy of each group, however often it is asked."""
    answers = [explained(told, MESSAGES.body("many"), SPOKEN) for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    assert [one["model"] for one in answers[0]["targets"]] == ["claude-first", "gpt-a", "gpt-b"]
    assert [one["crossing"] for one in answers[0]["targets"]] == ["passthrough", "translation", "translation"]
    assert "or, of only-chat/gpt-a, only-chat/gpt-b: round_robin" in answers[0]["words"]


def test_who_is_left_out_is_told_with_the_reason(told: House) -> None:
    """What the request lacks there, and where it goes beyond its targets."""
    found = explained(told, MESSAGES.body("blind"), SPOKEN)
    assert [one["model"] for one in found["targets"]] == ["claude-first"]
    assert "only-chat/gpt-blind holds 1 tokens" in found["left_out"][0]
    assert explained(told, MESSAGES.body("way-out"))["beyond"] == {"too_long": "many"}


def test_what_would_be_refused_is_told(told: House) -> None:
    """It is an answer like others: the status and the words the client would get."""
    found = explained(told, CHAT.body("nobody"))
    assert (found["status"], "is not known" in found["refused"]) == (404, True)
    assert found["words"][-1].startswith("it is refused with a 404")


@pytest.mark.parametrize("dialect", [MESSAGES, CHAT, RESPONSES])
def test_the_dialect_is_recognised_or_said(told: House, dialect: Dialect) -> None:
    """By its path, by its name in the query or a header, or by what the body looks like."""
    body = dialect.body()
    for path, headers in (
        ("/v1/explain", []),
        (f"/v1/explain?dialect={dialect.name}", []),
        (f"/v1/explain?path={dialect.path}", []),
        ("/v1/explain", [("x-penstock-dialect", dialect.name)]),
    ):
        assert explained(told, body, *headers, path=path)["dialect"] == dialect.name


def test_bodies_of_the_other_dialects_are_recognised(told: House) -> None:
    """Gemini's by its contents, Ollama's by its options; a header of Anthropic's decides for the rest."""
    turns = [{"role": "user", "content": "hi"}]
    for members, headers, expected in (
        ({"contents": []}, [], "gemini"),
        ({"prompt": "hi"}, [], "ollama"),
        ({"messages": turns, "system": "x"}, [], "anthropic-messages"),
        ({"messages": turns}, [("anthropic-version", "2023-06-01")], "anthropic-messages"),
        ({"messages": turns}, [], "openai-chat"),
    ):
        body = msgspec.json.encode({"model": "gpt-5.1", **members})
        assert explained(told, body, *headers)["dialect"] == expected


@pytest.mark.parametrize(
    ("query", "body", "status"),
    [
        ("?dialect=openai-chats", CHAT.body(), 400),
        ("?path=/v1/nothing", CHAT.body(), 404),
        ("", b"no JSON", 400),
        ("", b'{"messages":[]}', 400),
    ],
)
def test_what_cannot_be_explained_is_an_error(told: House, query: str, body: bytes, status: int) -> None:
    """With words, as everywhere."""
    reply = told.call("POST", f"/v1/explain{query}", [], body)
    assert (reply.status, bool(reply.json()["error"]["message"])) == (status, True)


def test_headers_and_profiles_count_as_in_the_request(told: House) -> None:
    """Overrides among them; GET is answered with what to use."""
    body = MESSAGES.body()
    assert explained(told, body, ("x-penstock-route", "quick-claude"))["route"] == "models.quick-claude"
    alone = explained(told, MESSAGES.body("many"), ("x-penstock-fallback", "off"))
    assert len(alone["targets"]) == 1
    worked = explained(told, body, path="/route/office/v1/explain")
    assert (worked["profile"], worked["targets"][0]["model"]) == ("office", "claude-of-office")
    assert told.call("GET", "/v1/explain").status == 405


def test_nothing_reaches_an_upstream_and_nothing_is_counted(told: House) -> None:
    """The upstream hears nothing, and no request to it stands in the metrics."""
    exchange = told.replay.plays(())
    explained(told, MESSAGES.body("blind"), exchange.header)
    assert exchange.requests == []
    metrics = told.call("GET", "/metrics").body
    assert b'penstock_targets_left_out_total{missing="context",provider="only-chat"}' not in metrics


def test_a_key_is_asked_for_where_keys_are_required(gateway: Start, replay: Upstream) -> None:
    """Where requests go is nobody else's business."""
    text = configuration(replay, 'keys = "required"') + '\n[keys]\nk = { secret = "${PENSTOCK_TEST_KEY}" }\n'
    locked = House(gateway(text, {**ENVIRONMENT, "PENSTOCK_TEST_KEY": KEY}), replay)
    assert locked.call("POST", "/v1/explain", [], MESSAGES.body()).status == 401
    assert explained(locked, MESSAGES.body(), ("x-api-key", KEY))["targets"]


@pytest.fixture
def command(tmp_path: Path, text: str) -> Any:
    """Type `penstock explain` with these arguments; the request is the standard input."""
    configured = tmp_path / "penstock.toml"
    configured.write_text(text, encoding="utf-8")

    def run(body: bytes, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        line = [sys.executable, "-m", "gateway", "explain", "--config", str(configured), *arguments]
        environment = {**ENVIRONMENT, "HOME": str(tmp_path)}
        return subprocess.run(line, input=body, capture_output=True, check=False, env=environment)

    return run


def test_the_command_says_the_same(command: Any, told: House) -> None:
    """As JSON to the last byte, and in the same words."""
    body = MESSAGES.body("claude-haiku-4-1", stream=True)
    found = explained(told, body)
    assert msgspec.json.decode(command(body, "-", "--json").stdout) == found
    assert command(body, "-").stdout.decode().splitlines() == found["words"]


def test_the_command_takes_what_goes_with_a_request(command: Any, tmp_path: Path) -> None:
    """A file, a profile, header fields, a path, an API."""
    file = tmp_path / "request.json"
    file.write_bytes(MESSAGES.body())
    options = ("--profile", "office", "--header", "x-penstock-fallback: off", "--path", "/v1/messages")
    found = msgspec.json.decode(command(b"", str(file), *options, "--json").stdout)
    assert (found["targets"][0]["model"], found["profile"]) == ("claude-of-office", "office")
    said = command(CHAT.body(), "-", "--dialect", "openai-chat", "--json")
    assert msgspec.json.decode(said.stdout)["dialect"] == "openai-chat"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("-", "--profile", "offcie"), b"did you mean office?"),
        (("-", "--dialect", "openai-chats"), b"did you mean openai-chat"),
        (("no-such-file.json",), b"cannot be read"),
        (("-", "--header", "x-penstock-timeout: soon"), b"x-penstock-timeout"),
        (("-", "--path", "/v1/chat/completions"), b"is required"),
    ],
)
def test_mistakes_are_told_in_one_message(command: Any, arguments: tuple[str, ...], words: bytes) -> None:
    """With exit code 1 and no traceback."""
    done = command(b"{}", *arguments)
    assert (done.returncode, words in done.stderr, b"Traceback" in done.stderr) == (1, True, False)
