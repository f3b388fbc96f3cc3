"""Rows of the ledger where more or fewer are asked than clients ask: rivals, shared calls, kept replies."""

import asyncio
from pathlib import Path

from gateway.settings import FailureSettings
from tests.gateway.booking import keeping, told
from tests.gateway.failing import EVENTS, GOOD, client_of, failing, no
from tests.gateway.indoors import Client, open_house
from tests.gateway.loops import in_loop, until
from tests.gateway.test_failover_hedge import SILENT, STREAM, hedging, racing
from tests.gateway.test_recall import body, caching
from tests.upstream.scripts import begun, stream
from tests.upstream.server import Upstream
from tests.upstream.steps import Gate, Hang

WHY = ("provider", "cause", "outcome", "estimated", "input", "attempt")


@in_loop
async def test_a_rival_that_wins_is_useful(alone: Upstream, tmp_path: Path) -> None:
    """What it overtook was in vain, as far as it had come."""
    async with racing(alone, SILENT, STREAM, given=keeping(hedging(alone), tmp_path)) as race:
        await race.hedge()
        await race.asking
    assert await asyncio.to_thread(told, tmp_path, *WHY) == [
        ("one", "aborted", "overtaken", True, 21, 1),
        ("two", "useful", "complete", False, 21, 2),
    ]


@in_loop
async def test_a_rival_that_loses_is_aborted(alone: Upstream, tmp_path: Path) -> None:
    """It was asked, and has read the request."""
    slow = (*begun(EVENTS[:2]), Gate(), *stream(EVENTS[2:])[1:])
    async with racing(alone, slow, SILENT, given=keeping(hedging(alone), tmp_path)) as race:
        await race.hedge()
        race.exchange.release()
        await race.asking
    rows = await asyncio.to_thread(told, tmp_path, *WHY)
    assert rows[0][:3] == ("two", "aborted", "overtaken")
    assert rows[0][3] is True
    assert rows[1] == ("one", "useful", "complete", False, 21, 2)


@in_loop
async def test_a_first_that_fails_beside_its_rival_is_fallback(alone: Upstream, tmp_path: Path) -> None:
    """The rival is what was asked instead."""
    once = failing(alone, failure=FailureSettings(pause=0.0, tries_per_target=1)).failure
    given = keeping(hedging(alone, failure=once), tmp_path)
    async with racing(alone, (Gate(), *no(500)), (Gate(), *STREAM), given=given) as race:
        await race.hedge()
        race.exchange.release()
        await until(lambda: any(one.failed for one in race.house.timekeeper.active))
        race.exchange.release()
        await race.asking
    assert await asyncio.to_thread(told, tmp_path, *WHY[:3]) == [
        ("one", "fallback", "error"),
        ("two", "useful", "complete"),
    ]


@in_loop
async def test_a_rival_that_fails_is_aborted(alone: Upstream, tmp_path: Path) -> None:
    """It has one try, and the request goes on without it."""
    slow = (*begun(EVENTS[:2]), Gate(), *stream(EVENTS[2:])[1:])
    async with racing(alone, slow, no(400), given=keeping(hedging(alone), tmp_path)) as race:
        await race.hedge()
        await until(lambda: not any(one.part == "second" for one in race.house.timekeeper.active))
        race.exchange.release()
        await race.asking
    assert await asyncio.to_thread(told, tmp_path, *WHY[:3]) == [
        ("two", "fallback", "error"),
        ("one", "useful", "complete"),
    ]


@in_loop
async def test_a_kept_reply_is_no_row(tmp_path: Path) -> None:
    """Nobody was asked for it."""
    async with open_house(keeping(caching(), tmp_path)) as house:
        for expected in (b"miss", b"hit"):
            client = await Client(body=body()).ask(house)
            assert client.header(b"x-penstock-cache") == expected
    assert await asyncio.to_thread(told, tmp_path, "provider", "cause") == [("demo", "useful")]


@in_loop
async def test_a_shared_call_is_one_row(alone: Upstream, tmp_path: Path) -> None:
    """However many listen to it."""
    given = keeping(caching(failing(alone), responses="off", coalesce=True), tmp_path)
    async with open_house(given) as house:
        exchange = alone.plays((Gate(), *GOOD))
        clients = [client_of(exchange) for _ in range(3)]
        asking = [asyncio.ensure_future(client.ask(house)) for client in clients]
        await until(lambda: len(exchange.requests) == 1 and house.admission.inside == 3)
        exchange.release()
        await asyncio.gather(*asking)
        assert {client.status for client in clients} == {200}
    assert await asyncio.to_thread(told, tmp_path, *WHY) == [("one", "useful", "complete", False, 21, 1)]


@in_loop
async def test_a_shared_call_that_is_cut_off_is_aborted(alone: Upstream, tmp_path: Path) -> None:
    """The house closes under it: it has come to nothing, though nobody said so."""
    given = keeping(caching(failing(alone), responses="off", coalesce=True), tmp_path)
    async with open_house(given) as house:
        exchange = alone.plays((Hang(),))
        asking = asyncio.ensure_future(client_of(exchange).ask(house))
        await until(lambda: exchange.requests)
        assert house.replies is not None
        await house.replies.sharing.close()
        await asking
    assert await asyncio.to_thread(told, tmp_path, *WHY[:4]) == [("one", "aborted", "error", True)]
