"""A client that leaves ends the upstream call, in every phase."""

import pytest

from tests.path.client import now
from tests.path.dialects import Dialect, each_dialect
from tests.path.house import House
from tests.upstream.scripts import JSON, begun, head, raw
from tests.upstream.steps import Hang, Script

# Far above the 100 ms that are meant, so that a busy machine does not fail the test; the bench measures.
BOUND = 1.0
each_way = pytest.mark.parametrize("way", ["close", "reset"])
each_form = pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])


@each_way
@each_form
@each_dialect
def test_leaving_before_the_head(house: House, dialect: Dialect, way: str, *, streamed: bool) -> None:
    """A client that leaves while the upstream has not answered closes the upstream connection."""
    exchange = house.replay.plays((Hang(),))
    wire = house.open(dialect, exchange, dialect.body(stream=streamed))
    exchange.wait_for_requests(1)
    left = now()
    getattr(wire, way)()
    assert exchange.wait_until_left() - left < BOUND


@each_way
@each_dialect
def test_leaving_a_stream(house: House, dialect: Dialect, way: str) -> None:
    """A client that leaves a silent stream closes the upstream connection."""
    exchange = house.replay.plays((*begun(dialect.events[:4]), Hang()))
    wire = house.open(dialect, exchange, dialect.body(stream=True))
    wire.read_head()
    wire.read_until(dialect.events[3])
    left = now()
    getattr(wire, way)()
    assert exchange.wait_until_left() - left < BOUND


@each_dialect
def test_leaving_a_whole_reply_half_way(house: House, dialect: Dialect) -> None:
    """A client that leaves while half of a whole reply has come closes the upstream connection."""
    opening = raw(head(200, [*JSON.items(), ("content-length", "500")]) + b'{"id":')
    exchange = house.replay.plays((*opening, Hang()))
    wire = house.open(dialect, exchange, dialect.body())
    exchange.wait_for_requests(1)
    left = now()
    wire.close()
    assert exchange.wait_until_left() - left < BOUND


@each_dialect
def test_leaving_a_stream_that_flows(house: House, dialect: Dialect) -> None:
    """A client that leaves a stream in full flow closes the upstream connection."""
    flood: Script = begun([dialect.events[0], *[b": flowing\n\n"] * 20_000])
    exchange = house.replay.plays((*flood, Hang()))
    wire = house.open(dialect, exchange, dialect.body(stream=True))
    wire.read_head()
    wire.read_until(b": flowing")
    wire.close()
    exchange.wait_until_left()


@each_dialect
def test_leaving_in_the_middle_of_a_request(house: House, dialect: Dialect) -> None:
    """A client that leaves before its body was all sent starts no upstream call, and the gateway goes on."""
    exchange = house.replay.plays((Hang(),))
    house.open_unfinished(dialect, exchange).close()
    assert house.call("GET", "/healthz").status == 200
    assert exchange.requests == []
