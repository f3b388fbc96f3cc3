"""What a key may use (feature G5): by the name asked for and by what would serve, on every path there is."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.grants import Grants, settings_of
from gateway.minting import Minted
from tests.gateway.registering import Desk
from tests.path.client import Reply
from tests.path.conftest import Start
from tests.path.dialects import CHAT, MESSAGES, Dialect, each_dialect
from tests.path.house import ENVIRONMENT, House, configuration
from tests.path.sockets import Socket
from tests.path.test_keys import KEY
from tests.upstream.scripts import JSON, whole
from tests.upstream.server import Upstream

ROUTES = """
both = ["only-chat/gpt-a", "only-messages/claude-b"]
way-out = { targets = ["only-messages/claude-b"], too_long = "elsewhere" }
elsewhere = "only-chat/gpt-a"
[profiles.office]
models = { pick = "only-messages/claude-b" }
[log]
format = "json"
[keys.clerk]
secret = "${PENSTOCK_TEST_KEY}"
models = ["claude-*", "both"]
providers = ["ant", "only-messages"]
"""
EMBEDDING = msgspec.json.encode({"model": "gpt-5.1", "input": "x"})
GEMINI = b'{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}'
OLLAMA = b'{"model":"gpt-5.1","messages":[{"role":"user","content":"hi"}],"prompt":"x","input":"x"}'
# A request on each path that names a model, for one that the clerk may not use.
PATHS: list[tuple[str, bytes]] = [
    ("/v1/messages", MESSAGES.body("gpt-5.1")),
    ("/v1/messages?beta=true", MESSAGES.body("gpt-5.1", stream=True)),
    ("/v1/messages/count_tokens", MESSAGES.body("gpt-5.1")),
    ("/v1/chat/completions", CHAT.body("gpt-5.1")),
    ("/v1/responses", b'{"model":"gpt-5.1","input":"hi"}'),
    ("/v1/embeddings", EMBEDDING),
    ("/openai/deployments/gpt-5.1/chat/completions", CHAT.body("gpt-5.1")),
    ("/v1beta/models/gpt-5.1:generateContent", GEMINI),
    ("/v1beta/models/gpt-5.1:streamGenerateContent?alt=sse", GEMINI),
    ("/v1beta/models/gpt-5.1:countTokens", GEMINI),
    ("/v1beta/models/gpt-5.1:embedContent", b'{"content":{"parts":[{"text":"x"}]}}'),
    ("/api/chat", OLLAMA),
    ("/api/generate", OLLAMA),
    ("/api/embed", OLLAMA),
    ("/api/show", OLLAMA),
    ("/route/office/v1/messages", MESSAGES.body("gpt-5.1")),
    ("/p/box/v1/chat/completions", CHAT.body("gpt-5.1")),
    ("/p/ant/v1/messages", MESSAGES.body("gpt-5.1")),
    ("/p/box/v1/chat/completions", CHAT.body("claude-opus-5-5")),
    ("/v1/messages", MESSAGES.body("box/claude-opus-5-5")),
    ("/v1/messages", MESSAGES.body("ant/gpt-5.1")),
]


@pytest.fixture(scope="module")
def held(gateway: Start, replay: Upstream) -> House:
    """A gateway with a key that is for some models of some providers."""
    text = configuration(replay, 'keys = "required"') + ROUTES
    return House(gateway(text, {**ENVIRONMENT, "PENSTOCK_TEST_KEY": KEY}), replay)


def ask(house: House, path: str, body: bytes, *headers: tuple[str, str]) -> tuple[Reply, list[Any]]:
    """A request with the key, and what reached the upstream of it."""
    exchange = house.replay.plays(whole(MESSAGES.whole))
    pairs = [*JSON.items(), exchange.header, ("x-api-key", KEY), *headers]
    return house.call("POST", path, pairs, body), exchange.requests


@pytest.mark.parametrize(("path", "body"), PATHS, ids=lambda given: given if isinstance(given, str) else "")
def test_what_is_not_for_this_key(held: House, path: str, body: bytes) -> None:
    """It is a 404 wherever a model can be named, and nobody is asked."""
    reply, sent = ask(held, path, body)
    assert (reply.status, sent) == (404, []), reply.body


@each_dialect
def test_it_is_told_in_the_dialect(held: House, dialect: Dialect) -> None:
    """The words say which model it is, and that it is about this key."""
    reply, _ = ask(held, dialect.path, dialect.body("gpt-5.1"))
    said = dialect.error(reply)["message"]
    assert "gpt-5.1" in said
    assert "this key" in said


@pytest.mark.parametrize(
    ("path", "model"),
    [
        ("/v1/messages", "claude-opus-5-5"),
        ("/v1/messages", "ant/claude-opus-5-5"),
        ("/p/ant/v1/messages", "claude-opus-5-5"),
        ("/route/office/v1/messages", "claude-opus-5-5"),
    ],
)
def test_what_is_for_this_key(held: House, path: str, model: str) -> None:
    """All else is as without."""
    reply, sent = ask(held, path, MESSAGES.body(model))
    assert (reply.status, len(sent)) == (200, 1), reply.body


def test_a_target_that_is_not_for_it_is_left_out(held: House) -> None:
    """Of a name that was granted only what it may use serves, and the log says what was left out."""
    reply, sent = ask(held, "/v1/messages", MESSAGES.body("both"))
    assert (reply.status, len(sent)) == (200, 1)
    assert reply.header("x-penstock-provider") == "only-messages"
    identity = reply.header("x-request-id") or ""
    lines = held.gateway.wait_for_output(identity).split("\n")
    line = msgspec.json.decode(next(one for one in lines if identity in one))
    assert line["left_out"] == "only-chat/gpt-a is not among those of the key"


@pytest.mark.parametrize("path", ["/p/ant/v1/files", "/p/ant/v1/messages/batches", "/p/ant/v1/models"])
def test_paths_that_are_not_read(held: House, path: str) -> None:
    """Where the gateway does not see which model is meant, a key for some models only does not go on."""
    reply, sent = ask(held, path, b'{"model":"claude-opus-5-5"}')
    assert (reply.status, sent) == (403, [])


def test_the_list_holds_what_is_for_it(held: House) -> None:
    """In each list there are only names that the key may ask for."""
    key = ("x-api-key", KEY)
    listed = {one["id"] for one in held.call("GET", "/v1/models", [key]).json()["data"]}
    assert "quick-claude" not in listed
    assert "both" in listed
    assert all("gpt" not in name and "way-out" not in name for name in listed)
    anthropic = held.call("GET", "/v1/models", [key, ("anthropic-version", "2023-06-01")]).json()
    assert {one["id"] for one in anthropic["data"]} == {"anthropic/both"}
    assert held.call("GET", "/v1/models/gpt-5.1", [key]).status == 404
    assert held.call("GET", "/route/office/v1/models/pick", [key]).status == 404


def test_it_is_explained(held: House) -> None:
    """The decision says what is left out and why, and that a request would be refused."""
    decision = ask(held, "/v1/explain", MESSAGES.body("both"))[0].json()
    assert decision["left_out"] == ["only-chat/gpt-a is not among those of the key"]
    refused = ask(held, "/v1/explain", CHAT.body("gpt-5.1"))[0].json()
    assert refused["status"] == 404
    assert "is not among those of this key" in refused["refused"]


def test_the_turns_of_a_socket(held: House) -> None:
    """Each turn is held to it, whatever the handshake was."""
    with Socket(held.address, [("x-api-key", KEY)]) as talking:
        talking.create(model="gpt-5.1", input="hi")
        events = talking.events()
        assert events[-1]["error"]["code"] == "model_not_allowed"


@pytest.fixture(scope="module")
def stored(gateway: Start, replay: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A gateway with a store: a viewer, and a key whose team and own grants say different things."""
    path: Path = tmp_path_factory.mktemp("store") / "penstock.db"
    desk = Desk.at(path)
    desk.place("team", "red", settings=settings_of(Grants(providers=("only-*",))))
    own = Grants(models=("*-b", "way-*"), overrides=True)
    made = desk.make("both", owner="red", settings=settings_of(own)), desk.make("look", role="viewer")
    desk.database.close()
    text = (
        configuration(replay, 'keys = "required"')
        + ROUTES.split("[log]", maxsplit=1)[0]
        + f'[store]\npath = "{path}"\n'
    )
    return (House(gateway(text, ENVIRONMENT), replay), *made)


def carried(house: House, minted: Minted, model: str, *headers: tuple[str, str]) -> tuple[int, str]:
    """The status of a request with a key, and who served it."""
    reply = house.ask(
        MESSAGES, whole(MESSAGES.whole), [("x-api-key", minted.key), *headers], body=MESSAGES.body(model)
    ).reply
    return reply.status, reply.header("x-penstock-provider") or ""


def test_every_level_over_a_key_counts(stored: Any) -> None:
    """The providers of the team, and of those the models of the key."""
    house, made, _ = stored
    assert carried(house, made, "only-messages/claude-b") == (200, "only-messages")
    assert carried(house, made, "only-messages/claude-a") == (404, "")
    assert carried(house, made, "ant/claude-b") == (404, "")


def test_an_override_is_held_to_it(stored: Any) -> None:
    """Who may say where a request goes says so among what is its own."""
    house, made, _ = stored
    there = ("x-penstock-route", "only-messages/claude-b")
    assert carried(house, made, "gpt-5.1", there) == (200, "only-messages")
    assert carried(house, made, "claude-b", ("x-penstock-route", "box/claude-b")) == (404, "")


def test_a_way_out_is_held_to_it(stored: Any) -> None:
    """A request that is too long goes nowhere that its key does not."""
    house, made, _ = stored
    error = {"type": "invalid_request_error", "message": "prompt is too long: 9 tokens > 8 maximum"}
    long = msgspec.json.encode({"type": "error", "error": error})
    exchange = house.replay.plays(whole(long, status=400))
    headers = [exchange.header, ("x-api-key", made.key)]
    reply = house.post(MESSAGES, MESSAGES.body("way-out"), headers)
    assert (reply.status, len(exchange.requests)) == (400, 1)


def test_a_viewer_looks_and_does_not_call(stored: Any) -> None:
    """Lists and metrics are open to it, models are not."""
    house, made, viewer = stored
    key = ("x-api-key", viewer.key)
    assert carried(house, viewer, "claude-opus-5-5") == (403, "")
    assert house.call("GET", "/v1/models", [key]).status == 200
    assert house.call("GET", "/metrics", [key]).status == 200
    assert house.call("GET", "/metrics", [("x-api-key", made.key)]).status == 401
