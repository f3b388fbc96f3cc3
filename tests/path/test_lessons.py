"""What models refuse, over real sockets: a recorded Claude Code, an official SDK, and the command line."""

import json

import anthropic
import msgspec
import pytest
from click.testing import CliRunner

from gateway.cli import main
from tests.agents.recordings import recordings
from tests.path.conftest import Start
from tests.path.dialects import MESSAGES
from tests.path.house import House, configuration
from tests.upstream.scripts import JSON, stream, whole
from tests.upstream.server import Upstream
from tests.upstream.steps import Script

MODELS = 'strict = "ant/claude-opus-5-5"\nsdk = "ant/claude-sonnet-5"\ntold = "ant/claude-haiku-4-5"\n'
FIELD, BETA = "context_management", "context-management-2025-06-27"
RECORDED = next(
    one
    for one in recordings()
    if one.request.path == "/v1/messages" and b'"context_management"' in one.request.body
)


def refusal(words: str) -> Script:
    """A 400 of Anthropic's."""
    error = {"type": "error", "error": {"type": "invalid_request_error", "message": words}}
    return whole(msgspec.json.encode(error), 400, JSON)


@pytest.fixture(scope="module")
def strict(gateway: Start, replay: Upstream) -> House:
    """A gateway of its own: what it learns is nobody else's."""
    return House(gateway(configuration(replay) + MODELS), replay)


def test_a_recorded_claude_code_is_served_by_a_strict_upstream(strict: House) -> None:
    """It gets its stream; what went up differs by the field and its beta, and by no other byte."""
    exchange = strict.replay.plays(
        refusal(f"{FIELD}: Extra inputs are not permitted"), *[stream(MESSAGES.events)] * 2
    )
    headers = [*RECORDED.headers, exchange.header]
    for attempts in ("2", "1"):
        reply = strict.call("POST", RECORDED.request.target, headers, RECORDED.request.body)
        assert (reply.status, reply.body) == (200, b"".join(MESSAGES.events))
        assert reply.header("x-penstock-attempts") == attempts
        assert reply.header("x-penstock-body") == "rewritten(lesson)"
        assert reply.header("x-penstock-dropped") == f"{FIELD}, {BETA}"
    first, second, third = exchange.requests
    assert first.body == RECORDED.request.body
    assert second.body == third.body == without_the_field(RECORDED.request.body)
    betas = [dict(request.headers)["anthropic-beta"].split(",") for request in (first, second)]
    assert betas[1] == [beta for beta in betas[0] if beta != BETA]


def without_the_field(body: bytes) -> bytes:
    """The recorded body without its member, cut out by hand."""
    value = json.dumps(json.loads(body)[FIELD], separators=(",", ":")).encode()
    member = b'"context_management":' + value
    assert body.count(member) == 1
    return body.replace(member + b",", b"") if member + b"," in body else body.replace(b"," + member, b"")


def test_an_sdk_is_served_by_a_strict_upstream(strict: House) -> None:
    """The official SDK gets its message."""
    exchange = strict.replay.plays(
        refusal("service_tier: Extra inputs are not permitted"), whole(MESSAGES.whole)
    )
    name, value = exchange.header
    with anthropic.Anthropic(base_url=strict.address, api_key="none", max_retries=0) as client:
        message = client.messages.create(
            model="sdk",
            max_tokens=9,
            service_tier="auto",
            messages=[{"role": "user", "content": "Hello."}],
            extra_headers={name: value},
        )
    assert message.to_dict() == json.loads(MESSAGES.whole)
    assert ["service_tier" in json.loads(request.body) for request in exchange.requests] == [True, False]


def test_the_command_line_lists_and_forgets(strict: House) -> None:
    """What was learned is shown, exported and forgotten, by the address of the gateway."""
    exchange = strict.replay.plays(refusal("metadata: Extra inputs are not permitted"), whole(MESSAGES.whole))
    body = b'{"model":"told","max_tokens":9,"metadata":{},"messages":[{"role":"user","content":"hi"}]}'
    assert strict.post(MESSAGES, body, [exchange.header]).status == 200
    runner = CliRunner()
    listed = runner.invoke(main, ["lessons", "--url", strict.address])
    assert "ant/claude-haiku-4-5  metadata  used 1" in listed.output
    exported = json.loads(runner.invoke(main, ["lessons", "--json", "--url", strict.address]).output)
    (identity,) = (one["id"] for one in exported["lessons"] if one["what"] == "metadata")
    forgotten = runner.invoke(main, ["lessons", "--forget", identity, "--url", strict.address])
    assert forgotten.output == "forgotten: 1\n"
    again = runner.invoke(main, ["lessons", "--forget", identity, "--url", strict.address])
    assert (again.exit_code, "there is no lesson" in again.output) == (1, True)
    assert runner.invoke(main, ["lessons", "--forget", "all", "--url", strict.address]).exit_code == 0
    emptied = runner.invoke(main, ["lessons", "--url", strict.address.removeprefix("http://")])
    assert emptied.output == "nothing has been learned\n"


def test_the_command_line_without_a_gateway(tmp_path: object) -> None:
    """One clear message; the address is that of the configuration unless one is given."""
    nobody = CliRunner().invoke(main, ["lessons", "--url", "http://127.0.0.1:1"])
    assert (nobody.exit_code, "no gateway answers at" in nobody.output) == (1, True)
    configured = CliRunner(env={"PENSTOCK_SERVER__LISTEN": "127.0.0.1:1", "HOME": str(tmp_path)}).invoke(
        main, ["lessons"]
    )
    assert configured.exit_code == 1
