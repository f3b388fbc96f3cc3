"""The connections to one address: which one is taken, which are kept, and what is left when it is closed."""

import asyncio
import itertools

import pytest

from gateway.errors import UpstreamError
from gateway.settings import Connections
from gateway.upstream import Wire
from gateway.upstream_pool import Pool
from tests.gateway.loops import cancelled_at, in_loop, until
from tests.gateway.wires import answered, dialler, pool_to, seen
from tests.upstream.scripts import head, raw, whole
from tests.upstream.server import Upstream
from tests.upstream.steps import Close, Hang, Send

SIZES = (1, 10, 100, 1000)
REPLY = head(200, {"content-length": "2"}) + b"{}"


class Silent(asyncio.Transport):
    """A transport that sends nothing anywhere, and knows whether it was closed."""

    closed = False

    def write(self, data: object) -> None:
        """Swallow it."""

    def is_closing(self) -> bool:
        """Whether it was aborted."""
        return self.closed

    def abort(self) -> None:
        """Take note."""
        self.closed = True


async def silent(wire: Wire) -> None:
    """Dial nowhere: what is asked here is what the pool does, with more connections than a test may open."""
    wire.connection_made(Silent())


async def idle_pool(size: int, keep_alive: float = 75.0) -> tuple[Pool, list[Wire]]:
    """A pool of idle connections, given back at the times 0, 1, 2, …."""
    pool = Pool(silent, Connections(keep_alive=keep_alive))
    wires = [await pool.open() for _ in range(size)]
    for moment, wire in enumerate(wires):
        wire.send(b"", b"")
        wire.data_received(REPLY)
        assert wire.pull() == b"{}"
        pool.give_back(wire, float(moment))
    assert pool.counts() == (size, size)
    return pool, wires


@pytest.mark.parametrize("size", SIZES)
@in_loop
async def test_the_one_used_last_is_taken_first(size: int) -> None:
    """However many are idle, they are taken in the opposite order of their return, each once."""
    pool, wires = await idle_pool(size, keep_alive=1e9)
    taken = [pool.take(0.0) for _ in range(size)]
    assert taken == wires[::-1]
    assert all(wire is not None and wire.reused for wire in taken)
    assert pool.take(0.0) is None
    assert pool.counts() == (size, 0)


@pytest.mark.parametrize("size", SIZES)
@in_loop
async def test_what_was_idle_too_long_expires(size: int) -> None:
    """However many are idle, exactly those that were idle for longer than is kept are closed."""
    pool, wires = await idle_pool(size, keep_alive=75.0)
    pool.expire(75.0)
    assert pool.counts() == (size, size)
    pool.expire(75.0 + size / 2)
    kept = [moment for moment in range(size) if moment >= size / 2]
    assert pool.counts() == (len(kept), len(kept))
    assert [moment for moment, wire in enumerate(wires) if wire.reusable()] == kept
    pool.expire(1e9)
    assert pool.counts() == (0, 0)


@pytest.mark.parametrize("size", SIZES)
@in_loop
async def test_what_was_idle_too_long_is_not_taken(size: int) -> None:
    """What should have expired is closed instead of taken, even when nobody swept."""
    pool, wires = await idle_pool(size, keep_alive=75.0)
    assert pool.take(1e9) is None
    assert pool.counts() == (0, 0)
    assert not any(wire.reusable() for wire in wires)


@pytest.mark.parametrize("size", SIZES)
@in_loop
async def test_what_the_upstream_closed_is_dropped(size: int) -> None:
    """Every second connection is lost while idle: those are forgotten, the others are taken."""
    pool, wires = await idle_pool(size, keep_alive=1e9)
    for wire in wires[::2]:
        wire.connection_lost(None)
    pool.expire(0.0)
    assert pool.counts() == (size // 2, size // 2)
    assert [pool.take(0.0) for _ in range(size // 2)] == wires[1::2][::-1]


@pytest.mark.parametrize("size", SIZES)
@in_loop
async def test_closing_a_pool_closes_all_of_it(size: int) -> None:
    """Idle or taken, no connection outlives its pool."""
    pool, wires = await idle_pool(size)
    taken = pool.take(0.0)
    assert taken is not None
    pool.close()
    assert pool.counts() == (0, 0)
    assert not any(wire.reusable() for wire in wires)


@in_loop
async def test_a_connection_is_used_again(alone: Upstream) -> None:
    """Requests one after the other share one connection; two at once need two."""
    async with pool_to(alone) as pool:
        for number in range(3):
            wire = pool.take(0.0) or await pool.open()
            assert wire.reused == number
            await answered(wire, alone, whole(b"{}"))
            pool.give_back(wire, 0.0)
        assert pool.counts() == (1, 1)
        assert pool.opened == 1
        busy = pool.take(0.0)
        assert busy is not None
        assert pool.take(0.0) is None
        await pool.open()
        await seen(alone, 2)
    assert {request.connection for request in alone.requests} == {1}


@in_loop
async def test_a_connection_closed_while_idle_is_noticed(alone: Upstream) -> None:
    """An idle connection the upstream closes is not handed out."""
    async with pool_to(alone) as pool:
        wire = await pool.open()
        await answered(wire, alone, (*whole(b"{}"), Close()))
        pool.give_back(wire, 0.0)
        await until(lambda: not wire.reusable())
        assert pool.take(0.0) is None
        assert pool.counts() == (0, 0)


@pytest.mark.parametrize(
    "script",
    [
        (Send(head(200, {"content-length": "5"}) + b"ab"), Hang()),
        raw(head(200, {"content-length": "2", "connection": "close"}) + b"{}"),
        raw(REPLY + REPLY),
    ],
    ids=["half read", "connection: close", "more than was asked for"],
)
@in_loop
async def test_what_cannot_be_used_again_is_closed_when_given_back(
    alone: Upstream, script: tuple[Send, ...]
) -> None:
    """A reply that was not read to its end, or not fit to be followed, costs its connection at once."""
    async with pool_to(alone) as pool:
        wire = await pool.open()
        wire.send(b"POST / HTTP/1.1\r\nbaggage: " + alone.plays(script).name.encode() + b"\r\n\r\n", b"")
        await until(wire.head)
        wire.pull()
        pool.give_back(wire, 0.0)
        assert pool.counts() == (0, 0)
        await seen(alone, 0)


@pytest.mark.parametrize("times", [1, 200, 201, 1000])
@in_loop
async def test_every_use_is_counted_once(times: int) -> None:
    """In lots or not, on a connection that is there or closed."""
    pool, _ = await idle_pool(1, keep_alive=1e9)
    for _ in range(times):
        wire = pool.take(0.0)
        assert wire is not None
        pool.give_back(wire, 0.0)
    assert pool.figures().reused == times
    pool.close()
    assert (pool.figures().reused, pool.figures().opened) == (times, 1)


@in_loop
async def test_who_wants_a_new_one_is_in_the_place_of_an_idle_one() -> None:
    """Where all there may be are there, one that is idle makes room, the one used longest ago."""
    pool = Pool(silent, Connections(most=2))
    assert pool.turns is not None
    for _ in range(2):
        pool.turns.take()
    wires = [await pool.open() for _ in range(2)]
    for wire in wires:
        wire.rest()
        pool.give_back(wire, 0.0)
    pool.turns.take()
    pool.drop(await pool.open())
    assert [wire.reusable() for wire in wires] == [False, True]
    assert (pool.counts(), pool.turns.inside) == ((1, 1), 0)


@in_loop
async def test_what_is_opened_beside_takes_no_place() -> None:
    """Where there are only so many it is closed when it is put aside, else kept."""
    for connections, kept in ((Connections(most=1), 0), (Connections(), 1)):
        pool = Pool(silent, connections)
        wire = await pool.open()
        wire.rest()
        pool.put_aside(wire, 0.0)
        assert pool.counts() == (kept, kept)
        assert pool.turns is None or pool.turns.inside == 0
        pool.close()


@in_loop
async def test_a_pool_can_be_used_after_a_failure() -> None:
    """A dial that fails leaves nothing in the pool."""
    nobody = dialler("http://127.0.0.1:1")
    pool = Pool(nobody.dial)
    with pytest.raises(UpstreamError):
        await pool.open()
    assert pool.counts() == (0, 0)
    assert pool.opened == 0
    await nobody.close()


@in_loop
async def test_cancelling_a_dial_leaves_no_connection(alone: Upstream) -> None:
    """Wherever opening a connection is cancelled, none stays behind."""
    async with pool_to(alone) as pool:
        for suspension in itertools.count(1):
            if not await cancelled_at(suspension, pool.open()):
                break
            assert pool.counts() == (0, 0)
            await seen(alone, 0)
        assert suspension > 1
        assert pool.counts() == (1, 0)
