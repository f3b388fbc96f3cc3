"""A provider with several keys, over real sockets: the client hears of none of them."""

import re

import pytest

from tests.path.conftest import Start
from tests.path.dialects import MESSAGES, Dialect, each_dialect
from tests.path.house import ENVIRONMENT, House
from tests.path.test_failover import each_form, full, good
from tests.upstream.scripts import whole
from tests.upstream.server import Upstream

POOLS = """
[server]
discover = false
[providers.ant]
dialect = "anthropic-messages"
base_url = "{upstream}"
api_keys = ["${{MESSAGES_KEY}}", "${{SECOND_KEY}}"]
[providers.box]
like = "openai"
base_url = "{upstream}/v1"
api_keys = ["${{CHAT_KEY}}", "${{SECOND_KEY}}"]
[models]
"claude-*" = "ant"
"gpt-*" = "box"
[failure]
credential_rest = 0
[log]
format = "json"
"""
SECOND = "sk-upstream-second-5d2e8f10"


@pytest.fixture(scope="module")
def pool(gateway: Start, replay: Upstream) -> House:
    """A gateway with two keys for each provider, none of which is left alone for any time."""
    started = gateway(POOLS.format(upstream=replay.address), {**ENVIRONMENT, "SECOND_KEY": SECOND})
    return House(started, replay)


@each_form
@each_dialect
def test_a_refused_key_is_not_seen(pool: House, dialect: Dialect, *, streamed: bool) -> None:
    """The same target with another key: the client reads the reply, byte for byte."""
    exchange = pool.replay.plays(whole(dialect.upstream_error("no"), 401), good(dialect, streamed=streamed))
    reply = pool.post(dialect, dialect.body(dialect.model, stream=streamed), [exchange.header])
    assert (reply.status, reply.body) == (200, full(dialect, streamed=streamed))
    heads = [request.head for request in exchange.requests]
    assert [SECOND.encode() in head for head in heads] in ([True, False], [False, True])


@each_dialect
def test_all_keys_dead(pool: House, dialect: Dialect) -> None:
    """An error of its own in the client's API, which says not to ask again."""
    exchange = pool.replay.plays(whole(dialect.upstream_error("no"), 401))
    reply = pool.post(dialect, dialect.body(), [exchange.header])
    assert (reply.status, reply.header("x-should-retry")) == (502, "false")
    assert len(exchange.requests) == 2


def test_keys_are_seen_by_their_place_only(pool: House) -> None:
    """In the log and the metrics there are places and states, and no key."""
    exchange = pool.replay.plays(whole(MESSAGES.upstream_error("no"), 429), whole(MESSAGES.whole))
    pool.post(MESSAGES, MESSAGES.body(), [exchange.header, ("x-request-id", "rotated")])
    pool.gateway.wait_for_output("rotated")
    assert re.search(r'"id":"rotated".*"failed":"ant/[^"]* 429","credential":[12]', pool.gateway.output)
    metrics = pool.call("GET", "/metrics").body.decode()
    assert re.search(r'penstock_key_rotations_total\{kind="throttled",provider="ant"\} [1-9]', metrics)
    assert re.search(r'penstock_provider_keys\{provider="ant",state="resting"\} 1', metrics)
    assert SECOND not in pool.gateway.output + metrics
