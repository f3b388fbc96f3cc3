"""One row of the ledger for every try: its cause, its outcome, and what it used."""

import asyncio
import time
from collections import deque
from pathlib import Path

import msgspec
import pytest

from gateway.errors import ClientGone
from gateway.settings import FailureSettings, Price, Settings
from gateway.upstream import Wire
from store.rows import Attempt
from tests.gateway.booking import keeping, rows, told
from tests.gateway.failing import CHAT, CHAT_EVENTS, EVENTS, GOOD, ask, client_of, failing, no
from tests.gateway.indoors import KEY, MESSAGE, Client, open_house, provider, settings, tiers
from tests.gateway.loops import Clock, in_loop, until
from tests.upstream.scripts import JSON, begun, stream, whole
from tests.upstream.server import Upstream
from tests.upstream.steps import Close, Gate, Hang, Script

USAGE = (
    b'"usage":{"input_tokens":11,"cache_read_input_tokens":5,'
    b'"cache_creation":{"ephemeral_5m_input_tokens":3,"ephemeral_1h_input_tokens":2},"output_tokens":9}'
)
REPLY = whole(b'{"type":"message",%b}' % USAGE)
WHY = ("provider", "cause", "outcome", "status", "attempt")
USED = ("estimated", "input", "cache_read", "cache_write_5m", "cache_write_1h", "output")
UNTOLD = [event for event in CHAT_EVENTS if b'"usage":{' not in event]


async def kept(
    upstream: Upstream, folder: Path, *scripts: Script, given: Settings | None = None, streamed: bool = False
) -> Client:
    """One request for `m`, answered by these scripts in a house that keeps a ledger."""
    async with open_house(keeping(given or failing(upstream), folder)) as house:
        return await ask(house, upstream.plays(*scripts), streamed=streamed)


@in_loop
async def test_a_good_try_is_one_useful_row(alone: Upstream, tmp_path: Path) -> None:
    """With who, what, when, where and how much."""
    before = time.time_ns() // 1_000_000
    async with open_house(keeping(failing(alone), tmp_path)) as house:
        client = client_of(alone.plays(REPLY))
        client.scope["headers"] += [
            (b"x-request-id", b"mine"),
            (b"x-claude-code-session-id", b"conversation"),
            (b"x-claude-code-agent-id", b"child"),
            (b"x-claude-code-parent-agent-id", b"parent"),
        ]
        await client.ask(house)
    (row,) = await asyncio.to_thread(rows, tmp_path)
    times = (row.began, row.first_byte, row.ended)
    assert before <= min(times) <= max(times) <= time.time_ns() // 1_000_000
    assert list(times) == sorted(times)
    assert row == Attempt(
        *(row.id, "mine", 1, *times, "", "", "", "", "", "conversation", "child", "parent"),
        *("anthropic-messages", "one", 0, "m", "x", "useful", "complete", 200, False, False),
        *(11, 5, 3, 2, 9, 0, 0, "", "alias models.m, in order", ()),
    )


@in_loop
async def test_what_it_cost_is_in_the_row(alone: Upstream, tmp_path: Path) -> None:
    """In micro-dollars, with who says so; what nobody has a price for costs nothing, and says that."""
    price = Price(input=1_000_000, output=2_000_000, cache_read=100_000, cache_write=1_000_000)
    given = msgspec.structs.replace(failing(alone, tiers("one/x", "two/y")), prices={"one/x": price})
    async with open_house(keeping(given, tmp_path)) as house:
        await ask(house, alone.plays(REPLY))
        await ask(house, alone.plays(no(429), REPLY))
    assert await asyncio.to_thread(told, tmp_path, "provider", "cost", "price") == [
        ("one", 11 + 1 + 3 + 2 + 18, "configuration"),
        ("one", 0, "configuration"),
        ("two", 0, ""),
    ]


@in_loop
async def test_the_caller_is_in_the_row(alone: Upstream, tmp_path: Path) -> None:
    """By the name of a key of the configuration."""
    (tmp_path / "penstock.toml").write_text(
        '[providers.demo]\npace = "0s"\n[store]\npath = "kept.db"\n[log]\nlevel = "off"\n'
        f'[keys.ann]\nsecret = "{KEY}"\n'
    )
    from gateway.configuration.loading import load  # noqa: PLC0415

    del alone
    async with open_house(load(tmp_path / "penstock.toml", environment={}).settings) as house:
        await Client(body=MESSAGE, headers=[(b"x-api-key", KEY.encode())]).ask(house)
        await Client(body=MESSAGE).ask(house)  # is told 401, and asks nobody
    assert await asyncio.to_thread(told, tmp_path, "key_id", "provider") == [("ann", "demo")]


@in_loop
async def test_what_was_asked_again_is_retried_and_what_was_left_is_fallback(
    alone: Upstream, tmp_path: Path
) -> None:
    """Each failed try by what came of it, and one useful row."""
    await kept(alone, tmp_path, no(500), no(500), REPLY)
    assert await asyncio.to_thread(told, tmp_path, *WHY) == [
        ("one", "retried", "error", 500, 1),
        ("one", "fallback", "error", 500, 2),
        ("two", "useful", "complete", 200, 3),
    ]


@in_loop
async def test_the_last_that_failed_is_aborted(alone: Upstream, tmp_path: Path) -> None:
    """It came to nothing, and used nothing; the answer that is told may be another's."""
    await kept(alone, tmp_path, no(429), no(401))
    assert await asyncio.to_thread(told, tmp_path, *WHY[:4], *USED) == [
        ("one", "fallback", "error", 429, False, 0, 0, 0, 0, 0),
        ("two", "aborted", "error", 401, False, 0, 0, 0, 0, 0),
    ]


@in_loop
async def test_a_key_that_is_left_for_the_next_is_retried(alone: Upstream, tmp_path: Path) -> None:
    """The same target, with another credential: each row names its own."""
    keys = ("sk-pool-first-0001", "sk-pool-second-0002")
    pool = provider("pool", f"{alone.address}/pool", api_key=keys[0], api_keys=keys)
    given = settings(pool, models={"m": tiers("pool/x", affinity=False)})
    await kept(alone, tmp_path, no(401), REPLY, given=given)
    assert await asyncio.to_thread(told, tmp_path, *WHY, "credential") == [
        ("pool", "retried", "error", 401, 1, 1),
        ("pool", "useful", "complete", 200, 2, 2),
    ]


@in_loop
async def test_a_stream_that_breaks_has_used_what_it_told(alone: Upstream, tmp_path: Path) -> None:
    """Anthropic tells the input first; of the output what was seen is estimated."""
    await kept(
        alone, tmp_path, (*begun(EVENTS[:5]), Close()), given=failing(alone, tiers("one/x")), streamed=True
    )
    ((cause, outcome, estimated, read, said),) = await asyncio.to_thread(
        told, tmp_path, "cause", "outcome", "estimated", "input", "output"
    )
    assert (cause, outcome, estimated) == ("aborted", "error", True)
    assert read == 21
    assert said == sum(map(len, EVENTS[:5])) // 40


@in_loop
async def test_an_opening_that_breaks_has_used_what_it_told(alone: Upstream, tmp_path: Path) -> None:
    """Nobody has seen it, and it was read all the same."""
    await kept(alone, tmp_path, *[(*begun(EVENTS[:2]), Close())] * 2, stream(EVENTS), streamed=True)
    found = await asyncio.to_thread(told, tmp_path, "cause", "estimated", "input", "output")
    assert [(cause, estimated, read) for cause, estimated, read, _ in found] == [
        ("retried", True, 21),
        ("fallback", True, 21),
        ("useful", False, 21),
    ]


@in_loop
async def test_a_client_that_leaves_early_has_its_request_estimated(alone: Upstream, tmp_path: Path) -> None:
    """The upstream had it, and had said nothing."""
    async with open_house(keeping(failing(alone), tmp_path)) as house:
        exchange = alone.plays((Hang(),))
        client = client_of(exchange)
        asking = asyncio.ensure_future(client.ask(house))
        await until(lambda: exchange.requests and house.timekeeper.active)
        client.leave()
        await asking
    ((cause, outcome, estimated, read, said),) = await asyncio.to_thread(
        told, tmp_path, "cause", "outcome", "estimated", "input", "output"
    )
    assert (cause, outcome, estimated, said) == ("aborted", "client_gone", True, 0)
    assert int(str(read)) > 0


@in_loop
async def test_a_client_that_leaves_a_stream_pays_what_it_saw(alone: Upstream, tmp_path: Path) -> None:
    """The input as it was told, the output estimated."""
    async with open_house(keeping(failing(alone), tmp_path)) as house:
        exchange = alone.plays((*begun(EVENTS[:5]), Gate(), Close()))
        client = client_of(exchange, streamed=True)
        asking = asyncio.ensure_future(client.ask(house))
        await until(lambda: len(client.body) >= sum(map(len, EVENTS[:5])) and house.timekeeper.active)
        client.leave()
        await asking
    (found,) = await asyncio.to_thread(told, tmp_path, "outcome", "estimated", "input", "output")
    assert found == ("client_gone", True, 21, sum(map(len, EVENTS[:5])) // 40)


@in_loop
async def test_a_client_that_leaves_before_anything_was_sent_has_used_nothing(
    alone: Upstream, tmp_path: Path
) -> None:
    """There was no connection yet."""
    async with open_house(keeping(failing(alone), tmp_path)) as house:
        dialling = asyncio.Event()

        async def dial(wire: Wire) -> None:
            del wire
            dialling.set()
            await asyncio.Event().wait()

        house.providers["one"].doors["anthropic-messages"].pool.dial = dial
        asking = asyncio.ensure_future(client_of(alone.plays(GOOD)).ask(house))
        await dialling.wait()
        house.timekeeper.interrupt_all(ClientGone())
        await asking
    assert await asyncio.to_thread(told, tmp_path, "outcome", *USED) == [
        ("client_gone", False, 0, 0, 0, 0, 0)
    ]


@in_loop
async def test_who_was_waited_for_too_long_has_read_the_request(alone: Upstream, tmp_path: Path) -> None:
    """We left it, and it may well have gone on."""
    clock, patient = Clock(), FailureSettings(pause=0.0, deadline=1e9)
    async with open_house(keeping(failing(alone, failure=patient), tmp_path), clock) as house:
        exchange = alone.plays((Hang(),), REPLY)
        asking = asyncio.ensure_future(client_of(exchange).ask(house))
        await until(lambda: exchange.requests and house.timekeeper.active)
        clock.move(3600.0)
        house.timekeeper.sweep(clock())
        await asking
    found = await asyncio.to_thread(told, tmp_path, *WHY[:3], "estimated", "input")
    assert found[0][:4] == ("one", "fallback", "error", True)
    assert int(str(found[0][4])) > 0
    assert found[1][:4] == ("two", "useful", "complete", False)


@in_loop
async def test_a_chat_stream_that_tells_no_usage_is_estimated(alone: Upstream, tmp_path: Path) -> None:
    """It passes as it came, and the ledger does not take it for free."""
    body = b'{"model":"chat/y","stream":true,"messages":[{"role":"user","content":"%b"}]}' % (b"word " * 200)
    async with open_house(keeping(failing(alone), tmp_path)) as house:
        exchange = alone.plays(stream(UNTOLD))
        client = client_of(exchange, path="/v1/chat/completions", body=body)
        await client.ask(house)
        assert client.body == b"".join(UNTOLD)
    (found,) = await asyncio.to_thread(told, tmp_path, "cause", "estimated", "input", "output")
    assert found[:2] == ("useful", True)
    assert 200 <= int(str(found[2])) <= 400
    assert found[3] == len(client.body) // 150


@in_loop
async def test_the_log_says_what_the_ledger_does(alone: Upstream, tmp_path: Path) -> None:
    """Also where that is estimated: nothing is told to be free that was charged."""
    price = Price(input=10**9, output=10**9, cache_read=0, cache_write=0)
    given = msgspec.structs.replace(failing(alone), prices={"chat/y": price})
    body = b'{"model":"chat/y","stream":true,"messages":[{"role":"user","content":"hi"}]}'
    async with open_house(keeping(given, tmp_path)) as house:
        house.tallies.recent = deque()
        await client_of(alone.plays(stream(UNTOLD)), path="/v1/chat/completions", body=body).ask(house)
        (line,) = house.tallies.recent
    ((cost,),) = await asyncio.to_thread(told, tmp_path, "cost")
    assert line.cost == f"{int(str(cost)) / 1_000_000:.6f}" > "0.010000"


@in_loop
async def test_a_count_of_tokens_is_no_row(alone: Upstream, tmp_path: Path) -> None:
    """It costs nothing, and a client may ask for it with every key."""
    async with open_house(keeping(failing(alone), tmp_path)) as house:
        exchange = alone.plays(whole(b'{"input_tokens":7}'))
        client = await client_of(exchange, path="/v1/messages/count_tokens").ask(house)
        assert client.json() == {"input_tokens": 7}
    assert await asyncio.to_thread(rows, tmp_path) == []


@in_loop
async def test_what_is_forwarded_is_a_row_without_tokens(alone: Upstream, tmp_path: Path) -> None:
    """Nobody here knows what it says."""
    async with open_house(keeping(failing(alone), tmp_path)) as house:
        for status in (200, 404):
            await client_of(alone.plays(whole(b"{}", status)), path="/p/one/v1/files").ask(house)
    assert await asyncio.to_thread(told, tmp_path, *WHY[:4], *USED, "asked", "model") == [
        ("one", "useful", "complete", 200, False, 0, 0, 0, 0, 0, "", ""),
        ("one", "aborted", "error", 404, False, 0, 0, 0, 0, 0, "", ""),
    ]


@in_loop
async def test_embeddings_are_rows(alone: Upstream, tmp_path: Path) -> None:
    """With the tokens that were told, or what the request weighs."""
    told_ = {"object": "list", "data": [{"index": 0, "embedding": [0.5]}], "model": "e"}
    async with open_house(keeping(failing(alone), tmp_path)) as house:
        for usage in ({"usage": {"prompt_tokens": 4, "total_tokens": 4}}, {}):
            exchange = alone.plays(whole(msgspec.json.encode({**told_, **usage})))
            body = b'{"model":"chat/e","input":"one two three four"}'
            client = await client_of(exchange, path="/v1/embeddings", body=body).ask(house)
            assert client.status == 200
    found = await asyncio.to_thread(told, tmp_path, "model", "estimated", "input", "output")
    assert found[0] == ("e", False, 4, 0)
    assert found[1][1] is True
    assert found[1][3] == 0


@in_loop
async def test_what_is_refused_here_is_no_row(alone: Upstream, tmp_path: Path) -> None:
    """Nobody was asked."""
    async with open_house(keeping(failing(alone), tmp_path)) as house:
        client = await Client(body=b'{"model":"nobody","messages":[]}').ask(house)
        assert client.status == 404
    assert await asyncio.to_thread(rows, tmp_path) == []


@in_loop
async def test_ids_are_unique_whatever_clients_say(alone: Upstream, tmp_path: Path) -> None:
    """Every request says it is the same one."""
    async with open_house(keeping(failing(alone), tmp_path)) as house:
        for _ in range(3):
            client = client_of(alone.plays(REPLY))
            client.scope["headers"].append((b"x-request-id", b"mine"))
            await client.ask(house)
    found = await asyncio.to_thread(rows, tmp_path)
    assert [row.exchange for row in found] == ["mine"] * 3
    assert len({row.id for row in found}) == 3
    assert [row.id for row in found] == sorted(row.id for row in found)


@in_loop
async def test_keys_are_taken_out_of_what_clients_say(alone: Upstream, tmp_path: Path) -> None:
    """A session is named by the client, and is no place for a secret."""
    async with open_house(keeping(failing(alone), tmp_path)) as house:
        client = client_of(alone.plays(REPLY))
        client.scope["headers"].append((b"x-session-id", KEY.encode()))
        await client.ask(house)
    assert await asyncio.to_thread(told, tmp_path, "session") == [("[redacted]",)]


@pytest.mark.parametrize("streamed", [True, False], ids=["stream", "whole"])
@in_loop
async def test_without_an_answer_in_time_the_house_says_so(
    alone: Upstream, tmp_path: Path, *, streamed: bool
) -> None:
    """A try that the end of the drain cuts short is estimated like one that a client left."""
    given = failing(alone, tiers("one/x"), failure=FailureSettings(pause=0.0), drain=0.0)
    async with open_house(keeping(given, tmp_path)) as house:
        exchange = alone.plays((Hang(),))
        asking = asyncio.ensure_future(client_of(exchange, streamed=streamed).ask(house))
        await until(lambda: exchange.requests)
        house.leave()
        await asking
    (found,) = await asyncio.to_thread(told, tmp_path, "cause", "outcome", "estimated")
    assert found == ("aborted", "error", True)


@in_loop
async def test_the_head_alone_is_no_end(alone: Upstream, tmp_path: Path) -> None:
    """A whole reply that is cut has told nothing, and failed by itself."""
    cut: Script = (*whole(b'{"type":"message"', headers={**JSON, "content-length": "99"})[:1], Close())
    await kept(alone, tmp_path, cut, given=failing(alone, tiers("one/x")))
    assert await asyncio.to_thread(told, tmp_path, "cause", "outcome", *USED) == [
        ("aborted", "error", False, 0, 0, 0, 0, 0)
    ]


def test_the_dialects_of_chat_are_there() -> None:
    """The events these tests send tell no usage, as most clients of Chat do not ask for it."""
    assert CHAT == "openai-chat"
    assert 0 < len(UNTOLD) <= len(CHAT_EVENTS)
