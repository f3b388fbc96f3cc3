"""Turns, affinity, the price of leaving, and time limits of a model, over real sockets."""

import re

import msgspec
import pytest

from tests.path.conftest import Start
from tests.path.dialects import MESSAGES
from tests.path.house import House
from tests.upstream.scripts import JSON, whole
from tests.upstream.server import Upstream
from tests.upstream.steps import Gate, Hang, Script

PLACES = """
[server]
discover = false
[providers.one]
dialect = "anthropic-messages"
base_url = "{upstream}/one"
api_key = "${{MESSAGES_KEY}}"
[providers.two]
dialect = "anthropic-messages"
base_url = "{upstream}/two"
api_key = "${{MESSAGES_KEY}}"
[providers.narrow]
dialect = "anthropic-messages"
base_url = "{upstream}"
api_key = "${{MESSAGES_KEY}}"
concurrency = 1
[models]
line = "narrow/m"
tiers = ["one/m", "two/m"]
[models.turns]
strategy = "round_robin"
targets = ["one/m", "two/m"]
[models.hasty]
targets = ["one/m"]
timeouts = {{ whole = "300ms" }}
[failure]
queue = "20s"
[prices."*/m"]
input = "3.00"
output = "15.00"
cache_read = "0.30"
[log]
format = "json"
"""


@pytest.fixture(scope="module")
def places(gateway: Start, replay: Upstream) -> House:
    """A gateway with a provider that takes one request at a time, and two that hold prompt caches."""
    return House(gateway(PLACES.format(upstream=replay.address)), replay)


def warm(tokens: int) -> Script:
    """A reply that read so much from the prompt cache."""
    reply = msgspec.json.decode(MESSAGES.whole)
    reply["usage"] = {"input_tokens": 9, "output_tokens": 9, "cache_read_input_tokens": tokens}
    return whole(msgspec.json.encode(reply))


def metric(house: House, pattern: str) -> float:
    """The value of one metric."""
    found = re.search(rf"^{pattern} (\S+)$", house.call("GET", "/metrics").body.decode(), re.MULTILINE)
    assert found is not None, pattern
    return float(found[1])


def test_a_line_is_waited_in(places: House) -> None:
    """While one is asked the next one waits, is counted so, and is answered when the first is over."""
    first, second = (places.replay.plays((Gate(), *whole(MESSAGES.whole))) for _ in range(2))
    with places.open(MESSAGES, first, MESSAGES.body("line")) as asking:
        first.wait_for_requests(1)
        with places.open(MESSAGES, second, MESSAGES.body("line")) as waiting:
            while not metric(places, r'penstock_provider_turns\{provider="narrow",state="waiting"\}'):
                pass
            assert second.requests == []
            first.release()
            assert asking.read().status == 200
            second.release()
            assert waiting.read().status == 200
    assert metric(places, r'penstock_provider_turns\{provider="narrow",state="asking"\}') == 0
    assert metric(places, r'penstock_turn_wait_seconds_count\{provider="narrow",served="yes"\}') == 1


def test_a_session_stays(places: House) -> None:
    """Its requests go to one provider, and those of another session to another."""
    served: dict[str, set[str | None]] = {}
    for session in ("a", "b", "a", "b"):
        headers = [("x-session-id", session)]
        reply = places.ask(MESSAGES, warm(9), headers, body=MESSAGES.body("turns")).reply
        served.setdefault(session, set()).add(reply.header("x-penstock-provider"))
    assert sorted(len(providers) for providers in served.values()) == [1, 1]
    assert served["a"] != served["b"]
    assert metric(places, "penstock_conversations") >= 2


def test_a_warm_target_is_waited_for(places: House) -> None:
    """Throttled for a fifth of a second with fifty thousand tokens warm: it is asked again."""
    session = ("x-session-id", "warm")
    places.ask(MESSAGES, warm(50_000), [session], body=MESSAGES.body("tiers"))
    no = whole(MESSAGES.upstream_error("busy"), 429, {**JSON, "retry-after-ms": "200"})
    exchange = places.replay.plays(no, warm(50_000))
    headers = [exchange.header, session, ("x-request-id", "stayed")]
    reply = places.post(MESSAGES, MESSAGES.body("tiers"), headers)
    assert (reply.status, reply.header("x-penstock-provider")) == (200, "one")
    places.gateway.wait_for_output("stayed")
    said = r'"id":"stayed".*"leaving":"waited: 50000 tokens warm, 0.2s to wait, leaving \$0.135000'
    assert re.search(said, places.gateway.output)
    assert metric(places, r'penstock_leavings_total\{decision="wait",provider="one"\}') == 1


def test_a_model_has_time_limits_of_its_own(places: House) -> None:
    """Three tenths of a second where the provider has ten minutes."""
    reply = places.ask(MESSAGES, (Hang(),), body=MESSAGES.body("hasty")).reply
    assert reply.status == 504
    assert b"0.3 seconds" in reply.body
