"""The admin API of a gateway as users start it: the page's examples as they stand, and the life of a key."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.path.client import Reply, Wire
from tests.path.process import ROOT, Gateway

KEY = "adm-planted-0123456789abcdef0123456789"
CONFIGURATION = """
[server]
discover = false
keys = "required"
[providers.demo]
[providers.anthropic]
api_key = "sk-ant-planted-0001112223334445"
[providers.groq]
api_key = "gsk-planted-0001112223334445"
[admin]
key = "${PENSTOCK_ADMIN_KEY}"
[store]
path = "penstock.db"
[log]
level = "error"
"""
PAGE = (ROOT / "docs" / "admin.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway with a store, which asks for keys."""
    folder: Path = tmp_path_factory.mktemp("admin")
    running = Gateway(folder, CONFIGURATION, {"PENSTOCK_ADMIN_KEY": KEY})
    yield running
    running.stop()


def curl(gateway: Gateway, command: str) -> Reply:
    """What a command of the page is answered by this gateway."""
    spelled = command.replace("http://127.0.0.1:4747", "").replace("$PENSTOCK_ADMIN_KEY", KEY)
    _, *words = shlex.split(spelled.replace("\\\n", " "))
    headers, method, target, body = [], "", "", None
    rest = iter(words)
    for word in rest:
        match word:
            case "-s":
                pass
            case "-X":
                method = next(rest)
            case "-H":
                name, _, value = next(rest).partition(": ")
                headers.append((name, value))
            case "-d":
                body = next(rest).encode()
            case _:
                target = word
    with Wire(gateway.address) as wire:
        wire.send(method or ("GET" if body is None else "POST"), target, headers, body)
        return wire.read()


def ask(gateway: Gateway, method: str, path: str, body: object = None, key: str = KEY) -> Reply:
    """One request with a key."""
    headers = [("x-api-key", key), ("content-type", "application/json")]
    sent = None if body is None else msgspec.json.encode(body)
    with Wire(gateway.address) as wire:
        wire.send(method, path, headers, sent)
        return wire.read()


def test_the_examples_of_the_page_work(gateway: Gateway) -> None:
    """Every command stands on the page as it can be sent, and is answered well."""
    commands = [command for example in EXAMPLES for command in re.split(r"\n(?=curl )", example.strip())]
    assert len(commands) == 4
    for command in commands:
        reply = curl(gateway, command)
        assert reply.status in (200, 201), (command, reply.body)


def test_a_key_lives_from_its_making_to_its_end(gateway: Gateway) -> None:
    """Made, it opens at once; blocked, it is shut out at once; the audit tells of both."""
    said: dict[str, Any] = {"model": "demo", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
    made = msgspec.json.decode(ask(gateway, "POST", "/admin/v1/keys", {"name": "eve"}).body)
    assert ask(gateway, "POST", "/v1/messages", said, made["secret"]).status == 200
    assert ask(gateway, "GET", "/admin/v1/keys", None, made["secret"]).status == 200
    assert ask(gateway, "GET", "/admin/v1/audit", None, made["secret"]).status == 403
    assert ask(gateway, "POST", f"/admin/v1/keys/{made['id']}/block").status == 200
    assert ask(gateway, "POST", "/v1/messages", said, made["secret"]).status in (401, 403)
    audit = msgspec.json.decode(ask(gateway, "GET", f"/admin/v1/audit?subject={made['id']}").body)
    assert [row["action"] for row in audit["rows"]] == ["key.block", "key.create"]
    assert made["secret"] not in gateway.output


def test_routes_hold_at_once(gateway: Gateway) -> None:
    """A name that was nobody's is served by the next request."""
    said: dict[str, Any] = {"model": "odd", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
    made = msgspec.json.decode(ask(gateway, "POST", "/admin/v1/keys", {"name": "eve"}).body)
    assert ask(gateway, "POST", "/v1/messages", said, made["secret"]).status == 404
    version = msgspec.json.decode(ask(gateway, "GET", "/admin/v1/routes").body)["version"]
    routes = {"after": version, "models": {"odd": "demo"}}
    assert ask(gateway, "PUT", "/admin/v1/routes", routes).status == 200
    assert ask(gateway, "POST", "/v1/messages", said, made["secret"]).status == 200
