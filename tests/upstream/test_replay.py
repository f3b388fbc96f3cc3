"""The replay upstream does what its scripts say; without that, the tests of the path prove nothing."""

from collections.abc import Iterator

import pytest

from tests.path.client import Wire
from tests.path.dialects import MESSAGES
from tests.upstream.codings import CODINGS, DECODE, ENCODE, ENCODE_PIECES
from tests.upstream.replies import ordinary
from tests.upstream.scripts import begun, cut, events_of, stream, whole
from tests.upstream.server import Upstream
from tests.upstream.steps import Close, CloseOnNext, Gate, Hang, Reset


@pytest.fixture(scope="module")
def replay() -> Iterator[Upstream]:
    """A replay upstream, asked directly."""
    upstream = Upstream(ordinary)
    upstream.start()
    yield upstream
    upstream.stop()


def test_it_records_byte_for_byte(replay: Upstream) -> None:
    """Head and body are kept as they were sent, in wire order."""
    exchange = replay.plays(whole(b"{}"))
    with Wire(replay.address) as wire:
        wire.send("POST", "/a?b", [("X-One", "1"), exchange.header, ("x-one", "2 ")], b"\x00\xff")
        assert wire.read().body == b"{}"
    assert exchange.request.all("x-one") == ["1", "2"]
    assert exchange.request.body == b"\x00\xff"
    assert exchange.request.head.startswith(b"POST /a?b HTTP/1.1\r\n")
    assert b"X-One: 1\r\n" in exchange.request.head


def test_it_counts_connections(replay: Upstream) -> None:
    """Requests know their connection and their place on it."""
    exchange = replay.plays(whole(b"{}"))
    with Wire(replay.address) as wire:
        for _ in range(2):
            wire.send("POST", "/", [exchange.header], b"")
            wire.read()
    first, second = exchange.requests
    assert (first.connection, first.number, second.number) == (second.connection, 1, 2)


def test_it_streams(replay: Upstream) -> None:
    """A stream arrives chunk by chunk and ends properly."""
    exchange = replay.plays(stream(cut(b"".join(MESSAGES.events), 3)))
    with Wire(replay.address) as wire:
        wire.send("POST", "/", [exchange.header], b"")
        wire.read_head()
        assert len(wire.read_piece()) == 3
        wire.read_until(b"message_stop")
        assert wire.read_body()[1]


def test_it_cuts(replay: Upstream) -> None:
    """A script that closes or resets in its middle leaves half a body."""
    for ending in (Close(), Reset()):
        exchange = replay.plays((*begun([b"half"]), ending))
        with Wire(replay.address) as wire:
            wire.send("POST", "/", [exchange.header], b"")
            wire.read_head()
            assert not wire.read_body()[1]
        assert exchange.finished.is_set()


def test_it_waits_and_sees_departures(replay: Upstream) -> None:
    """A gate opens when released; a peer that leaves is noticed at once."""
    exchange = replay.plays((*begun([b"one"]), Gate(), *begun([b"two"])[1:], Hang()))
    with Wire(replay.address) as wire:
        wire.send("POST", "/", [exchange.header], b"")
        wire.read_head()
        assert wire.read_piece() == b"one"
        exchange.release()
        assert wire.read_piece() == b"two"
        assert not exchange.left.is_set()
    exchange.wait_until_left()


def test_it_plays_dead(replay: Upstream) -> None:
    """A connection may close exactly when the next request arrives on it."""
    exchange = replay.plays((*whole(b"{}"), CloseOnNext()))
    with Wire(replay.address) as wire:
        wire.send("POST", "/", [exchange.header], b"")
        assert wire.read().body == b"{}"
        wire.send("POST", "/", [exchange.header], b"")
        with pytest.raises((EOFError, ConnectionError)):
            wire.read()
    assert len(exchange.wait_for_requests(2)) == 2


def test_it_reads_chunked_requests(replay: Upstream) -> None:
    """A chunked request body is put together."""
    exchange = replay.plays(whole(b"{}"))
    with Wire(replay.address) as wire:
        head = wire.head("POST", "/", [exchange.header, ("transfer-encoding", "chunked")])
        wire.socket.sendall(head + b"2\r\nab\r\n1;x=y\r\nc\r\n0\r\n\r\n")
        assert wire.read().status == 200
    assert exchange.request.body == b"abc"


@pytest.mark.parametrize("coding", CODINGS)
def test_its_codings_are_right(coding: str) -> None:
    """What is encoded, whole or flushed in pieces, decodes to what it was."""
    data = b"".join(MESSAGES.events)
    pieces = list(ENCODE_PIECES[coding](events_of(data)))
    assert DECODE[coding](ENCODE[coding](data)) == data
    assert DECODE[coding](b"".join(pieces)) == data
    assert all(pieces[:-1])
