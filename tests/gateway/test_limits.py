"""Limits: exactly so many get in, what was used is what counts, and what a client is told is true."""

from hashlib import sha256
from pathlib import Path

import msgspec
import pytest

from gateway.settings import KeySettings, LimitSettings, Settings
from tests.gateway.indoors import DEMO, MESSAGE, SILENT, STREAM, Client, open_house, provider, settings
from tests.gateway.loops import Clock, in_loop
from tests.gateway.reading import Load, problems
from tests.gateway.reloading import text, working
from tests.upstream.scripts import whole
from tests.upstream.server import Upstream

KEY, OTHER = b"pst_aaaaaaaaaaaa_" + b"b" * 43, b"pst_cccccccccccc_" + b"d" * 43
REPLY = b'{"type":"message","usage":{"input_tokens":30,"cache_read_input_tokens":10,"output_tokens":20}}'


def limited(**limits: int) -> Settings:
    """A house with one limit over everybody."""
    return msgspec.structs.replace(settings(), limits=LimitSettings(**limits))


@in_loop
async def test_a_thousand_against_a_hundred() -> None:
    """Exactly so many get in; the others are told truly when to come back, and no sooner."""
    clock = Clock()
    async with open_house(limited(requests_per_minute=100), clock) as house:
        statuses = [(await Client().ask(house)).status for _ in range(150)]
        assert statuses == [200] * 100 + [429] * 50
        clock.move(20.0)
        refused = await Client().ask(house)
        assert (refused.status, refused.header(b"retry-after")) == (429, b"40")
        clock.move(39.0)
        assert (await Client().ask(house)).status == 429
        clock.move(1.0)
        assert (await Client().ask(house)).status == 200


@in_loop
async def test_tokens_count_as_they_were_used(alone: Upstream) -> None:
    """What was expected is held while it is under way, and mended by what the provider reports."""
    given = msgspec.structs.replace(
        settings(provider("ant", alone.address)), limits=LimitSettings(tokens_per_minute=1000)
    )
    body = b'{"model":"ant/x","max_tokens":900,"messages":[]}'
    async with open_house(given, Clock()) as house:
        for left in (b"940", b"880"):
            exchange = alone.plays(whole(REPLY))
            asked = Client(body=body, headers=[(b"baggage", exchange.name.encode())])
            assert (await asked.ask(house)).status == 200
            told = await Client("/v1/messages", b"no").ask(house)
            assert told.header(b"anthropic-ratelimit-tokens-remaining") == left
        big = Client(body=body.replace(b"900", b"990"))
        assert (await big.ask(house)).status == 429


@in_loop
async def test_each_key_has_its_own_beside_that_of_all() -> None:
    """All limits over a request must have room; one that is refused counts for none."""
    keys = (
        KeySettings("me", sha256(KEY).digest(), limits=LimitSettings(requests_per_minute=1)),
        KeySettings("you", sha256(OTHER).digest()),
    )
    given = Settings(
        server=settings(keys_required=True).server,
        providers=(DEMO,),
        keys=keys,
        limits=LimitSettings(requests_per_minute=3),
        log=SILENT,
    )
    async with open_house(given, Clock()) as house:
        mine = [(await Client(headers=[(b"x-api-key", KEY)]).ask(house)).status for _ in range(3)]
        yours = [(await Client(headers=[(b"x-api-key", OTHER)]).ask(house)).status for _ in range(3)]
        assert (mine, yours) == ([200, 429, 429], [200, 200, 429])


@in_loop
async def test_at_once() -> None:
    """`concurrent` is given back with the last byte, however the request ends."""
    async with open_house(limited(concurrent=1)) as house:
        assert house.limits is not None
        for body in (MESSAGE, STREAM, b'{"model":"nobody","max_tokens":9,"messages":[]}', STREAM):
            await Client(body=body).ask(house)
        (meter,) = house.limits.meters.values()
        assert meter.inside == 0
        meter.inside = 1
        assert (await Client().ask(house)).status == 429
        meter.inside = 0


@in_loop
async def test_what_is_left_is_told_in_the_words_of_the_client() -> None:
    """On good answers and on refusals; nothing where nothing is limited."""
    async with open_house(limited(requests_per_minute=5, output_tokens_per_minute=5000), Clock()) as house:
        chat = await Client("/v1/chat/completions").ask(house)
        assert chat.header(b"x-ratelimit-limit-requests") == b"5"
        assert chat.header(b"x-ratelimit-remaining-requests") == b"4"
        assert chat.header(b"x-ratelimit-reset-requests") == b"60s"
        claude = await Client().ask(house)
        assert claude.header(b"anthropic-ratelimit-requests-remaining") == b"3"
        assert claude.header(b"anthropic-ratelimit-output-tokens-limit") == b"5000"
        assert (claude.header(b"anthropic-ratelimit-requests-reset") or b"").endswith(b"Z")
    async with open_house(settings()) as house:
        assert not [name for name, _ in (await Client().ask(house)).headers if b"ratelimit" in name]


@pytest.mark.parametrize("table", ["limits", "keys.me.limits"])
def test_a_negative_limit_is_told(read: Load, table: str) -> None:
    """With its place."""
    text = f'[keys.me]\nsecret = "0123456789abcdef"\n[{table}]\nconcurrent = -1'
    assert list(problems(read, text)) == [f"{table}.concurrent"]


@in_loop
async def test_what_was_counted_outlives_a_reload(tmp_path: Path) -> None:
    """More is there at once, and less is less at once; nobody gets anew what was used."""

    def limiting(most: int) -> str:
        return text(more=f'[providers.demo]\npace = "0s"\n[limits]\nrequests_per_minute = {most}')

    async with working(tmp_path / "penstock.toml", limiting(3), Clock()) as worker:
        assert [(await worker.ask(MESSAGE)).status for _ in range(3)] == [200] * 3
        assert (await worker.edit(limiting(5))).result == "applied"
        assert [(await worker.ask(MESSAGE)).status for _ in range(3)] == [200, 200, 429]
        await worker.edit(limiting(2))
        assert (await worker.ask(MESSAGE)).status == 429
