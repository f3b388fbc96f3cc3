"""Rules and profiles over real sockets: what reaches the upstream, and what client and log are told."""

import msgspec
import pytest

from tests.path.conftest import Start
from tests.path.dialects import CHAT, MESSAGES, RESPONSES, Dialect, each_dialect
from tests.path.house import ENVIRONMENT, House, configuration
from tests.path.responses import response
from tests.path.sockets import Socket
from tests.path.test_socket import MODEL, id_of
from tests.upstream.scripts import stream, whole
from tests.upstream.server import Upstream

ROUTES = """
[[rules]]
when = { agent = "review*" }
use = "ant/claude-for-agents"
[[rules]]
when = { scenario = "background", dialect = "anthropic-messages" }
use = "quick-claude"
[profiles.office]
models = { "claude-*" = "ant/claude-of-office", "gpt-*" = "box/gpt-of-office", own-claude = "ant/mine" }
rules = [{ when = { stream = true, dialect = "anthropic-messages" }, use = "own-claude" }]
[log]
format = "json"
"""
TAG = "<penstock-subagent>reviewer-1</penstock-subagent>"


@pytest.fixture(scope="module")
def routes(gateway: Start, replay: Upstream) -> House:
    """A gateway with rules and a profile."""
    return House(gateway(configuration(replay) + ROUTES, ENVIRONMENT), replay)


def log_of(house: House, request_id: str | None) -> dict[str, object]:
    """The line of the log about a request."""
    assert request_id is not None
    written = house.gateway.wait_for_output(f'"id":"{request_id}"')
    (line,) = [line for line in written.splitlines() if f'"id":"{request_id}"' in line]
    found: dict[str, object] = msgspec.json.decode(line)
    return found


def test_a_rule_sends_a_request_elsewhere(routes: House) -> None:
    """The model is another, and no other byte of the body; the log names the rule and its scenario."""
    body = MESSAGES.body("claude-haiku-4-1")
    asked = routes.ask(MESSAGES, whole(MESSAGES.whole), body=body)
    assert asked.reply.status == 200
    assert asked.exchange.request.body == body.replace(b"claude-haiku-4-1", b"claude-haiku-4-5")
    assert log_of(routes, asked.reply.header("x-request-id"))["route"] == "rules.1 (background)"


def test_a_tag_is_seen_and_goes_no_further(routes: House) -> None:
    """The request goes where the rule says; without the tag no other byte of it has moved."""
    body = b'{"model":"claude-for-agents", "max_tokens" : 9,"system":"You are %s kind.","messages":[]}'
    asked = routes.ask(MESSAGES, whole(MESSAGES.whole), body=body % TAG.encode())
    assert asked.exchange.request.body == body % b""
    assert asked.reply.header("x-penstock-body") == "rewritten(tag)"
    line = log_of(routes, asked.reply.header("x-request-id"))
    assert (line["agent"], line["route"], line["body"]) == ("reviewer-1", "rules.0", "rewritten(tag)")


@each_dialect
@pytest.mark.parametrize("base", ["/route/office", "//route/office/", "/route/office/v1"])
def test_a_profile_is_a_base_url(routes: House, dialect: Dialect, base: str) -> None:
    """Any path of any dialect may stand behind it, however it is spelled; the body is not touched."""
    exchange = routes.replay.plays(whole(dialect.whole))
    body = dialect.body()
    reply = routes.post(dialect, body, [exchange.header], base + dialect.path)
    assert reply.status == 200
    assert (exchange.request.path, b"-of-office" in exchange.request.body) == (dialect.path, True)
    assert str(log_of(routes, reply.header("x-request-id"))["route"]).startswith("profiles.office.models.")


def test_a_profile_has_rules_of_its_own(routes: House) -> None:
    """They stand in place of the main ones, and names of the profile are meant."""
    exchange = routes.replay.plays(stream(MESSAGES.events))
    body = MESSAGES.body("claude-haiku-4-1", stream=True)
    reply = routes.post(MESSAGES, body, [exchange.header], "/route/office/v1/messages")
    assert reply.header("x-penstock-model") == "mine"
    assert log_of(routes, reply.header("x-request-id"))["route"] == "profiles.office.rules.0"


def test_a_profile_lists_its_own_names(routes: House) -> None:
    """What `/v1/models` says there leads somewhere there."""
    listed = routes.call("GET", "/route/office/v1/models").json()["data"]
    assert "own-claude" in {one["id"] for one in listed}
    assert routes.call("GET", "/route/office/healthz").status == 200
    assert routes.call("GET", "/route/office/").status == 200


@pytest.mark.parametrize("dialect", [MESSAGES, CHAT, RESPONSES])
def test_an_unknown_profile_is_a_404_that_names_the_nearest(routes: House, dialect: Dialect) -> None:
    """In the client's own API; a profile within a profile is none."""
    reply = routes.post(dialect, dialect.body(), path="/route/offcie" + dialect.path)
    assert (reply.status, b"did you mean office?" in reply.body) == (404, True)
    assert (
        routes.post(dialect, dialect.body(), path="/route/office/route/office" + dialect.path).status == 404
    )


def test_a_web_socket_may_be_opened_in_a_profile(routes: House) -> None:
    """Its requests are routed by the profile; an unknown one is refused at the door."""
    exchange = routes.replay.plays(response("a"))
    with Socket(routes.address, [exchange.header], "/route/office/v1/responses") as client:
        assert id_of(client.ask(model=MODEL, input="hi")) == "resp_a"
    assert b"-of-office" in exchange.request.body
    refused = Socket(routes.address, [], "/route/offcie/v1/responses")
    assert (refused.handshake.status, b"did you mean office?" in refused.handshake.body) == (404, True)
    refused.hang_up()
