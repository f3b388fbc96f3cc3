"""What counts in the end is what was used: whole, streamed, left, failed over, kept, shared."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from gateway.house import House
from gateway.limits_account import TOKENS
from gateway.settings import CacheSettings, Caching, LimitSettings, Settings
from store.rows import Attempt
from tests.gateway.booking import keeping, rows
from tests.gateway.failing import CHAT_EVENTS, EVENTS, ask, client_of, failing, no
from tests.gateway.indoors import Client, open_house, tiers
from tests.gateway.loops import Clock, in_loop, until
from tests.upstream.exchange import Exchange
from tests.upstream.scripts import begun, chunk, stream, whole
from tests.upstream.server import Upstream
from tests.upstream.steps import Close, Gate, Hang, Script, Send

MOST = 100_000
BODY = b'{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}'
USAGE = b'"usage":{"input_tokens":30,"cache_read_input_tokens":10,"output_tokens":20}'
REPLY = whole(b'{"type":"message",%b}' % USAGE)
# The recorded stream has read this, and said that.
STREAMED = 21 + 8 + 9


def limited(given: Settings, **cache: object) -> Settings:
    """With a limit of tokens over everybody, and what is said of the cache."""
    caching = CacheSettings(usual=msgspec.convert(cache, Caching))
    return msgspec.structs.replace(given, limits=LimitSettings(tokens_per_minute=MOST), cache=caching)


def used(house: House) -> int:
    """The tokens of the last minute."""
    assert house.limits is not None
    return MOST - int(house.limits.meters["everybody"].windows[TOKENS].left(house.clock(), MOST))


@pytest.mark.parametrize(
    ("scripts", "streamed", "expected"),
    [
        ((REPLY,), False, 60),
        ((stream(EVENTS),), True, STREAMED),
        ((no(500), no(500), REPLY), False, 60),
        ((no(400),), False, 0),
        ((no(429), no(429)), False, 0),
        (((*begun(EVENTS[:5]), Close()),), True, 21 + 8 + 1),
    ],
    ids=["whole", "stream", "failed over", "refused", "throttled", "broken"],
)
@in_loop
async def test_what_was_told_is_what_counts(
    alone: Upstream, scripts: tuple[Script, ...], expected: int, *, streamed: bool
) -> None:
    """However it ended, to the token; whoever used nothing counts for none."""
    async with open_house(limited(failing(alone)), Clock()) as house:
        await ask(house, alone.plays(*scripts), streamed=streamed)
        assert used(house) == expected


@pytest.mark.parametrize("streamed", [True, False])
@in_loop
async def test_an_answer_that_tells_no_tokens_counts_with_what_was_seen(
    alone: Upstream, *, streamed: bool
) -> None:
    """Chat Completions, streamed, tell them to who asks only: nobody is without limits for not asking."""
    silent = [event for event in CHAT_EVENTS if b'"usage":{' not in event]
    reply = (
        stream(silent) if streamed else whole(b'{"choices":[{"message":{"content":"%b"}}]}' % (b"x" * 400))
    )
    async with open_house(limited(failing(alone, tiers("chat/x"))), Clock()) as house:
        asked = {"model": "m", "max_tokens": 9, "stream": streamed, "messages": [{"role": "user"}]}
        body = msgspec.json.encode(asked)
        client = await client_of(alone.plays(reply), path="/v1/chat/completions", body=body).ask(house)
        assert client.status == 200
        share = 150 if streamed else 4
        assert used(house) == len(body) // 4 + 1 + len(client.body) // share > len(body) // 4 + 1


@in_loop
async def test_what_is_expected_is_held_meanwhile(alone: Upstream) -> None:
    """The body and the answer it asks for, until it is over."""
    async with open_house(limited(failing(alone)), Clock()) as house:
        exchange = alone.plays((Gate(), *REPLY))
        client = client_of(exchange, body=BODY)
        task = asyncio.create_task(client.ask(house))
        await asyncio.to_thread(exchange.wait_for_requests, 1)
        assert used(house) == len(BODY) // 4 + 1 + 9
        exchange.release()
        await task
        assert used(house) == 60


@in_loop
async def test_a_client_that_leaves_counts_with_what_was_seen(alone: Upstream) -> None:
    """The input as it was told, and the output that had come."""
    async with open_house(limited(failing(alone)), Clock()) as house:
        client = await _left(house, alone.plays((*begun(EVENTS[:5]), Hang())))
        assert used(house) >= 21
        assert used(house) <= 21 + len(client.body) // 16 + 1


async def _left(house: House, exchange: Exchange) -> Client:
    client = client_of(exchange, streamed=True)
    task = asyncio.create_task(client.ask(house))
    await until(lambda: client.body)
    client.leave()
    return await task


@in_loop
async def test_tries_that_failed_count_with_what_they_used(alone: Upstream, tmp_path: Path) -> None:
    """Where there is a ledger that knows it: an opening that broke twice had been read twice."""
    given = keeping(limited(failing(alone)), tmp_path)
    async with open_house(given, Clock()) as house:
        broken = (*begun(EVENTS[:2]), Close())
        await ask(house, alone.plays(broken, broken, stream(EVENTS)), streamed=True)
        counted = used(house)
    tries = await asyncio.to_thread(rows, tmp_path)
    assert counted == sum(map(_all, tries)) >= 2 * 21 + STREAMED


def _all(row: Attempt) -> int:
    return row.input + row.cache_read + row.cache_write_5m + row.cache_write_1h + row.output


@in_loop
async def test_the_last_try_that_failed_counts_once(alone: Upstream, tmp_path: Path) -> None:
    """With a ledger as without one."""
    given = keeping(limited(failing(alone, tiers("one/x"))), tmp_path)
    async with open_house(given, Clock()) as house:
        await ask(house, alone.plays((*begun(EVENTS[:5]), Close())), streamed=True)
        counted = used(house)
    (row,) = await asyncio.to_thread(rows, tmp_path)
    assert (row.input, counted) == (21, _all(row))


@in_loop
async def test_a_kept_reply_counts_for_no_tokens(alone: Upstream) -> None:
    """Nobody was asked."""
    body = BODY.replace(b'"max_tokens"', b'"temperature":0,"max_tokens"')
    async with open_house(limited(failing(alone), responses="on"), Clock()) as house:
        exchange = alone.plays(REPLY)
        for _ in range(3):
            client = await client_of(exchange, body=body).ask(house)
            assert client.status == 200
        assert client.header(b"x-penstock-cache") == b"hit"
        assert used(house) == 60


@in_loop
async def test_a_shared_call_counts_once(alone: Upstream) -> None:
    """With who began it; each of them counts as a request."""
    body = BODY.replace(b'"max_tokens"', b'"stream":true,"max_tokens"')
    async with open_house(limited(failing(alone), coalesce=True), Clock()) as house:
        pieces = b"".join(map(chunk, EVENTS[2:]))
        exchange = alone.plays((*begun(EVENTS[:2]), Gate(), Send(pieces), Send(b"0\r\n\r\n")))
        clients = [client_of(exchange, body=body) for _ in range(4)]
        tasks = [asyncio.create_task(client.ask(house)) for client in clients]
        await until(lambda: house.admission.inside == 4)
        await asyncio.to_thread(exchange.wait_for_requests, 1)
        exchange.release()
        await asyncio.gather(*tasks)
        assert b"coalesced" in [client.header(b"x-penstock-cache") for client in clients]
        assert used(house) == STREAMED
