"""Replies penstock makes itself, pulled like an upstream's."""

import asyncio

import pytest

from adapters.dialect import Dialect
from adapters.table import DIALECTS
from gateway.local import JSON_HEADERS, LocalReply, demo_reply
from tests.gateway.indoors import MESSAGE, STREAM
from tests.gateway.loops import in_loop

PIECES = [b"one", b"two", b"three"]


async def all_of(reply: LocalReply) -> list[bytes]:
    """Every piece, waited for."""
    found = []
    while (piece := reply.pull()) != b"":
        if piece is None:
            await reply.wait()
        else:
            found.append(piece)
    return found


@pytest.mark.parametrize("pace", [0.0, 0.001])
@in_loop
async def test_pieces_come_in_order_and_end(pace: float) -> None:
    """However fast, every piece comes once, and the end is the end."""
    reply = LocalReply(JSON_HEADERS, list(PIECES), pace)
    assert (reply.head().status, reply.head().headers) == (200, JSON_HEADERS)
    assert await all_of(reply) == PIECES
    assert reply.at_end()
    assert reply.complete()
    assert reply.pull() == b""


@in_loop
async def test_the_first_piece_is_there_at_once() -> None:
    """A pace stands between pieces: nobody waits before the first."""
    reply = LocalReply(JSON_HEADERS, list(PIECES), 1000.0)
    assert reply.pull() == b"one"
    assert reply.pull() is None
    assert not reply.at_end()
    assert not reply.complete()


@in_loop
async def test_a_nudge_wakes_without_a_piece() -> None:
    """Whoever waits is woken, now or at its next wait; the piece still comes when it is due."""
    reply = LocalReply(JSON_HEADERS, list(PIECES), 1000.0)
    reply.pull()
    asyncio.get_running_loop().call_soon(reply.nudge)
    assert await reply.wait()
    reply.nudge()
    assert await reply.wait()
    assert reply.pull() is None


@in_loop
async def test_waiting_can_be_given_up() -> None:
    """A wait that is cancelled leaves nothing that breaks the next one."""
    reply = LocalReply(JSON_HEADERS, list(PIECES), 0.001)
    reply.pull()
    waiting = reply.wait()
    waiting.cancel()
    assert await all_of(reply) == PIECES[1:]
    reply.abort()


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=lambda dialect: dialect.name)
@in_loop
async def test_the_demo_speaks_each_dialect(dialect: Dialect) -> None:
    """Whole, it is a reply of the dialect; streamed, a stream whose tap sees its end and its usage."""
    (whole,) = await all_of(demo_reply(dialect, MESSAGE, "", stream=False, pace=0.0))
    assert dialect.read_usage(whole).output > 0
    tap = dialect.tap()
    for piece in await all_of(demo_reply(dialect, STREAM, "", stream=True, pace=0.0)):
        tap.feed(piece)
    tap.finish()
    assert tap.ended
    assert tap.fault is None
    assert not tap.garbled
