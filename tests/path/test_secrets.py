"""A sweep for planted secrets: after exchanges of every kind, none is anywhere it does not belong."""

import subprocess
import sys
from collections.abc import Iterator

import msgspec
import pytest

from tests.path.client import Reply
from tests.path.conftest import Start
from tests.path.dialects import CHAT, MESSAGES, Dialect
from tests.path.house import House, closed_port
from tests.path.process import ROOT, clean_environment
from tests.path.test_upstream_faults import NO_REPLY, NO_WHOLE
from tests.upstream.replies import events, ordinary
from tests.upstream.scripts import JSON, begun, stream, whole
from tests.upstream.server import Upstream
from tests.upstream.steps import Close, Script

ANT_KEY = "sk-ant-PLANTED0provider0messages"
BOX_KEY = "sk-box-PLANTED0provider0chat"
SHUT_KEY = "sk-shut-PLANTED0provider0closed"
OUR_KEY = "pst_plantedpub12_PLANTED0client0key0of0penstock0000000000000"
COOKIE = "session-PLANTED0cookie"
QUERY = "PLANTED0query0key"
OTHER = "PLANTED0other0credential"
PROXY_PASSWORD = "PLANTED0proxy0password"
HEADER = "PLANTED0configured0header"
MARK = "PLANTED0"
SECRETS = [ANT_KEY, BOX_KEY, SHUT_KEY, OUR_KEY, COOKIE, QUERY, OTHER, PROXY_PASSWORD, HEADER]

CONFIGURATION = """
[server]
discover = false
keys = "required"
[log]
level = "debug"
[keys.agent]
secret = "${{OUR_KEY}}"
[providers.ant]
like = "anthropic"
base_url = "{ant}"
api_key = "${{ANT_KEY}}"
headers = {{ x-house-token = "${{HEADER}}" }}
timeouts = {{ first_byte = "500ms" }}
[providers.box]
dialect = "openai-chat"
base_url = "{box}/v1"
api_key = "${{BOX_KEY}}"
timeouts = {{ first_byte = "500ms" }}
[providers.shut]
dialect = "anthropic-messages"
base_url = "http://127.0.0.1:{closed}"
api_key = "${{SHUT_KEY}}"
[providers.shut-proxy]
dialect = "openai-chat"
base_url = "http://provider.test"
api_key = "${{SHUT_KEY}}"
proxy = "http://someone:${{PROXY_PASSWORD}}@127.0.0.1:{closed}"
[models]
"claude-*" = "ant"
"gpt-*" = "box"
closed-claude = "shut/claude-opus-5-5"
closed-gpt = "shut-proxy/gpt-5.1"
"""
CARRIED = [
    ("x-api-key", OUR_KEY),
    ("authorization", f"Bearer {OTHER}"),
    ("api-key", OTHER),
    ("cookie", COOKIE),
    ("proxy-authorization", f"Basic {OTHER}"),
]


class Swept(msgspec.Struct, frozen=True):
    """All that came out of a gateway: replies, requests at each provider, and what it wrote."""

    replies: list[tuple[str, Reply]]
    at_ant: list[bytes]
    at_box: list[bytes]
    log: str
    checks: str


def _echoes(dialect: Dialect, key: str) -> dict[str, Script]:
    """Replies in which a provider repeats the key it was given."""
    body = dialect.upstream_error(f"Incorrect API key provided: {key}. Find yours at the console.")
    page = f"<html><body>denied for {key}</body></html>".encode()
    in_band = b"event: error\n" if dialect is MESSAGES else b""
    in_band += b"data: " + msgspec.json.encode(msgspec.json.decode(body)) + b"\n\n"
    return {
        **{f"echo {status}": whole(body, status) for status in (400, 401, 403, 404, 429, 500, 529)},
        "echo html": whole(page, 403, {"content-type": "text/html"}),
        "echo in a header": whole(dialect.whole, headers=[*JSON.items(), ("x-debug-auth", key)]),
        "echo in a redirect": whole(b"", 302, {"location": f"http://elsewhere.test/?key={key}"}),
        "echo in garbage": _garbage(key),
        "echo in a stream": (*begun([*dialect.events[:2], in_band]), Close()),
    }


def _garbage(key: str) -> Script:
    return (*begun([], headers={f"bad header {key}": key})[:1], Close())


def _scripts(dialect: Dialect, key: str) -> dict[str, Script]:
    well = {"well": whole(dialect.whole), "well streamed": stream(events(dialect.name))}
    cut = {"cut": (*begun(dialect.events[:3]), Close())}
    return {**well, **cut, **NO_REPLY, **NO_WHOLE, **_echoes(dialect, key)}


def _exchanges(house: House, dialect: Dialect, key: str) -> Iterator[tuple[str, Reply]]:
    path = f"{dialect.path}?beta=true&key={QUERY}"
    for name, script in _scripts(dialect, key).items():
        for streamed in (False, True):
            exchange = house.replay.plays(script)
            body = dialect.body(stream=streamed)
            yield name, house.post(dialect, body, [*CARRIED, exchange.header], path)
    yield "refused", house.post(dialect, dialect.body(dialect.refused), CARRIED, path)
    yield "refused stream", house.post(dialect, dialect.body(dialect.refused, stream=True), CARRIED, path)
    yield "not JSON", house.post(dialect, f"not JSON {OTHER}".encode(), CARRIED, path)
    yield "unknown model", house.post(dialect, dialect.body("nothing-like-it"), CARRIED, path)
    yield "foreign model", house.post(dialect, dialect.body(dialect.foreign), CARRIED, path)
    yield "unknown path", house.post(dialect, b"{}", CARRIED, f"{dialect.path}/nothing?key={QUERY}")
    yield "wrong method", house.call("DELETE", path, CARRIED)
    yield "packed", house.post(dialect, OTHER.encode(), [*CARRIED, ("content-encoding", "br")], path)
    yield "encoded", house.post(dialect, b"", [*CARRIED, ("content-encoding", "lzma")], path)
    wrong = [(name, value.replace("pst_", "pst-")) for name, value in CARRIED]
    yield "wrong key", house.post(dialect, dialect.body(), wrong, path)


def _edges(house: House) -> Iterator[tuple[str, Reply]]:
    for path in (
        "/",
        "/healthz",
        "/readyz",
        "/metrics",
        "/v1/models",
        "/v1/models/claude-x",
        "/v1/responses",
    ):
        yield path, house.call("GET", f"{path}?key={QUERY}", CARRIED)
        yield f"{path}, anthropic", house.call("GET", path, [*CARRIED, ("anthropic-version", "2023-06-01")])


def _checks(house: House, environment: dict[str, str]) -> str:
    said = []
    for arguments in (["check"], ["check", "--json"]):
        file = house.gateway.folder / "penstock.toml"
        finished = subprocess.run(
            [sys.executable, "-m", "gateway", *arguments, "--config", str(file)],
            cwd=ROOT,
            env=clean_environment(house.gateway.folder, environment),
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert finished.returncode == 0, finished.stderr
        said += [finished.stdout, finished.stderr]
    return "\n".join(said)


def _received(upstream: Upstream) -> list[bytes]:
    return [each.head + each.body for each in upstream.requests]


@pytest.fixture(scope="module")
def swept(gateway: Start) -> Iterator[Swept]:
    """Plant secrets, run exchanges of every kind, gather all outputs."""
    ant, box = Upstream(ordinary), Upstream(ordinary)
    ant.start()
    box.start()
    text = CONFIGURATION.format(ant=ant.address, box=box.address, closed=closed_port())
    keys = {"ANT_KEY": ANT_KEY, "BOX_KEY": BOX_KEY, "SHUT_KEY": SHUT_KEY, "OUR_KEY": OUR_KEY}
    environment = {**keys, "PROXY_PASSWORD": PROXY_PASSWORD, "HEADER": HEADER}
    running = gateway(text, environment)
    at_ant, at_box = House(running, ant), House(running, box)
    replies = [
        *_exchanges(at_ant, MESSAGES, ANT_KEY),
        *_exchanges(at_box, CHAT, BOX_KEY),
        *_edges(at_ant),
    ]
    checks = _checks(at_ant, environment)
    running.stop()
    yield Swept(replies, _received(ant), _received(box), running.output, checks)
    ant.stop()
    box.stop()


def test_the_sweep_saw_enough(swept: Swept) -> None:
    """The sweep met good replies, refusals and failures, and both providers were asked."""
    statuses = {reply.status for _, reply in swept.replies}
    assert {200, 400, 401, 404, 405, 415, 429, 502} <= statuses
    assert len(swept.at_ant) > 30
    assert len(swept.at_box) > 30
    assert swept.log.count("\n") > 60


@pytest.mark.parametrize("secret", SECRETS)
def test_no_reply_holds_a_secret(swept: Swept, secret: str) -> None:
    """No status, header, body or error that reached a client holds a secret, whoever echoed it."""
    assert [name for name, reply in swept.replies if secret in repr(reply)] == []


def test_no_log_holds_a_secret(swept: Swept) -> None:
    """Nothing the gateway printed or logged, at level debug, holds any part of a secret."""
    assert [line for line in swept.log.splitlines() if MARK in line] == []


def test_check_shows_no_secret(swept: Swept) -> None:
    """`penstock check`, for people and for programs, shows no secret."""
    assert MARK not in swept.checks


def test_secrets_reach_their_own_provider_only(swept: Swept) -> None:
    """Each provider was given its own key, and nobody else's, and nothing a client carried."""
    assert all(ANT_KEY.encode() in each for each in swept.at_ant)
    assert all(BOX_KEY.encode() in each for each in swept.at_box)
    foreign_to_ant = set(SECRETS) - {ANT_KEY, HEADER}
    foreign_to_box = set(SECRETS) - {BOX_KEY}
    assert [
        secret for secret in foreign_to_ant if any(secret.encode() in each for each in swept.at_ant)
    ] == []
    assert [
        secret for secret in foreign_to_box if any(secret.encode() in each for each in swept.at_box)
    ] == []
