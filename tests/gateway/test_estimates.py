"""What the estimate of tokens learns from providers, by a clock that the test moves."""

from pathlib import Path

import pytest
from msgspec.structs import force_setattr

from adapters.table import DIALECTS
from gateway.configuration.loading import load
from gateway.estimates import FIRST, MODELS_KEPT, PAUSE, Estimates
from tests.gateway.indoors import Client, open_house
from tests.gateway.loops import Clock, in_loop
from tests.upstream.scripts import whole
from tests.upstream.server import Upstream

# Where a rule, a limit and the estimates all want to know how long a request is.
ASKED_BY_ALL = """
[server]
discover = false
[log]
level = "off"
[limits]
tokens_per_minute = 1_000_000
[providers.box]
dialect = "anthropic-messages"
base_url = "{address}"
api_key = "sk-box-000111222333"
[models]
x = "box"
[[rules]]
when = {{ tokens_over = 50_000 }}
use = "box/long"
"""


def test_an_estimate_is_mended_by_what_was_reported() -> None:
    """After twenty requests of a tokenizer that counts otherwise, it is within a tenth of the count."""
    estimates = Estimates(Clock())
    estimates.weighs("box", "m")
    for number in range(FIRST):
        weighed = 10_000 + 4_321 * number
        estimates.learn("box", "m", weighed, round(weighed * 1.31 * (0.93 + 0.14 * (number % 3) / 2)))
    assert estimates.mended("box", "m", 50_000) == pytest.approx(50_000 * 1.31, rel=0.1)
    assert estimates.mended("box", "another", 50_000) == 50_000
    assert estimates.mended("elsewhere", "m", 50_000) == 50_000


def test_the_first_requests_are_weighed_and_then_few() -> None:
    """Weighing costs a whole decoding, so it is not done for every request."""
    clock = Clock()
    estimates = Estimates(clock)
    for _ in range(FIRST):
        assert estimates.weighs("box", "m")
    assert not estimates.weighs("box", "m")
    assert estimates.weighs("box", "another")
    clock.move(PAUSE)
    assert estimates.weighs("box", "m")
    assert not estimates.weighs("box", "m")


def test_a_provider_that_changes_its_tokenizer_is_followed() -> None:
    """What was learnt long ago gives way."""
    estimates = Estimates(Clock())
    estimates.weighs("box", "m")
    for share in (1.0, 2.0):
        for _ in range(3 * FIRST):
            estimates.learn("box", "m", 1000, round(1000 * share))
    assert estimates.mended("box", "m", 1000) == pytest.approx(2000, rel=0.02)


@pytest.mark.parametrize(("estimated", "reported"), [(0, 5), (100, 0), (100, 10_000), (-3, 5)])
def test_a_count_of_something_else_teaches_nothing(estimated: int, reported: int) -> None:
    """No tokenizer is off by five times: then a provider counts what is not in the body, or nothing."""
    estimates = Estimates(Clock())
    estimates.weighs("box", "m")
    estimates.learn("box", "m", estimated, reported)
    assert estimates.mended("box", "m", 1000) == 1000


def test_what_is_kept_is_bounded() -> None:
    """A client that invents names fills no memory."""
    estimates = Estimates(Clock())
    for number in range(3 * MODELS_KEPT):
        estimates.weighs("box", f"m{number}")
        estimates.learn("box", f"m{number}", 100, 200)
    assert estimates.mended("box", f"m{3 * MODELS_KEPT - 1}", 100) == 200
    assert estimates.mended("box", "m0", 100) == 100


@in_loop
async def test_a_body_is_weighed_once(replay: Upstream, tmp_path: Path) -> None:
    """However many ask: a rule, a limit, and what is learnt of the model. Of 350 KB each time is 0.3 ms."""
    weighed: list[int] = []
    dialect = DIALECTS["anthropic-messages"]
    estimate = dialect.estimate

    def counted(body: bytes) -> int:
        weighed.append(len(body))
        return 90_000

    file = tmp_path / "penstock.toml"
    file.write_text(ASKED_BY_ALL.format(address=replay.address))
    text = b"word " * 70_000
    body = b'{"model":"x","max_tokens":9,"messages":[{"role":"user","content":"%b"}]}' % text
    reply = b'{"type":"message","content":[],"usage":{"input_tokens":1,"output_tokens":1}}'
    exchange = replay.plays(whole(reply))
    force_setattr(dialect, "estimate", counted)
    try:
        async with open_house(load(file, environment={"HOME": str(tmp_path)}).settings) as house:
            client = Client(body=body, headers=[(b"baggage", exchange.name.encode())])
            await client.ask(house)
    finally:
        force_setattr(dialect, "estimate", estimate)
    assert client.status == 200
    assert client.header(b"x-penstock-model") == b"long"
    assert weighed == [len(body)]
