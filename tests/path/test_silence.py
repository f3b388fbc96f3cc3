"""A silent upstream: the client is told that the stream lives, and for how long that is believed."""

import pytest

from tests.path.client import Wire
from tests.path.dialects import Dialect, each_dialect, failure_in
from tests.path.house import House
from tests.upstream.scripts import EVENT_STREAM, begun, chunk, head, raw
from tests.upstream.steps import Gate, Hang, Send

LAST_CHUNK = Send(b"0\r\n\r\n")


def read_sign(wire: Wire, dialect: Dialect) -> bytes:
    """Read pieces of a stream until one holds a sign of life, on lines of its own; that piece."""
    while True:
        piece = wire.read_piece()
        assert piece, "the stream ended without a sign of life"
        if any(line.startswith((dialect.sign, dialect.sign_within)) for line in piece.split(b"\n")):
            return piece


def without_signs(body: bytes, dialect: Dialect) -> bytes:
    """A stream's body without the signs of life that were added to it."""
    own = set(dialect.events)
    events = [event + b"\n\n" for event in body.split(b"\n\n")[:-1]]
    signs = (dialect.sign, dialect.sign_within)
    return b"".join(event for event in events if event in own or not event.startswith(signs))


def signs_pass(restless: House, dialect: Dialect) -> None:
    """Let three signs of life go by on another stream: a clock that is the gateway's own."""
    exchange = restless.replay.plays((*begun(dialect.events[:1]), Hang()))
    with restless.open(dialect, exchange, dialect.body(stream=True)) as wire:
        wire.read_head()
        for _ in range(3):
            read_sign(wire, dialect)


@each_dialect
def test_silent_stream_shows_life(restless: House, dialect: Dialect) -> None:
    """A stream silent between two events shows signs of life in the dialect, and goes on unharmed."""
    before, after = dialect.events[:4], dialect.events[4:]
    exchange = restless.replay.plays((*begun(before), Gate(), *begun(after)[1:], LAST_CHUNK))
    with restless.open(dialect, exchange, dialect.body(stream=True)) as wire:
        wire.read_head()
        seen = wire.read_until(before[-1])
        signs = read_sign(wire, dialect) + read_sign(wire, dialect)
        exchange.release()
        rest, complete = wire.read_body()
    assert complete
    assert seen == b"".join(before)
    assert rest.endswith(b"".join(after))
    assert signs.endswith(b"\n\n")


@each_dialect
def test_no_sign_of_life_inside_an_event(restless: House, dialect: Dialect) -> None:
    """In the middle of a half-sent event nothing of ours is put: every event arrives in one piece."""
    event = dialect.events[3]
    half = len(event) // 2
    before, after = dialect.events[:3], dialect.events[4:]
    opening = begun([*before, event[:half]])
    exchange = restless.replay.plays((*opening, Gate(), *begun([event[half:], *after])[1:], LAST_CHUNK))
    with restless.open(dialect, exchange, dialect.body(stream=True)) as wire:
        wire.read_head()
        seen = wire.read_until(b"".join(before))
        signs_pass(restless, dialect)
        exchange.release()
        rest, complete = wire.read_body()
    assert complete
    assert without_signs(seen + rest, dialect) == b"".join(dialect.events)


@each_dialect
def test_silence_before_the_first_event(restless: House, dialect: Dialect) -> None:
    """A stream whose head came and whose first event does not shows signs of life too."""
    opening = raw(head(200, {**EVENT_STREAM, "transfer-encoding": "chunked"}))
    rest = [Send(chunk(event)) for event in dialect.events]
    exchange = restless.replay.plays((*opening, Gate(), *rest, LAST_CHUNK))
    with restless.open(dialect, exchange, dialect.body(stream=True)) as wire:
        assert wire.read_head().status == 200
        read_sign(wire, dialect)
        exchange.release()
        body, complete = wire.read_body()
    assert complete
    assert body.endswith(b"".join(dialect.events))


@each_dialect
def test_busy_stream_shows_none(house: House, dialect: Dialect) -> None:
    """A stream that is not silent is left as it is."""
    exchange = house.replay.plays((*begun(dialect.events), LAST_CHUNK))
    reply = house.post(dialect, dialect.body(stream=True), [exchange.header])
    assert reply.body == b"".join(dialect.events)


@pytest.mark.parametrize("house_name", ["house", "restless"])
@each_dialect
def test_idle_stream_ends_in_an_error(
    request: pytest.FixtureRequest, dialect: Dialect, house_name: str
) -> None:
    """A stream silent past the idle limit ends with an in-band error, and the upstream is let go."""
    house: House = request.getfixturevalue(house_name)
    exchange = house.replay.plays((*begun(dialect.events[:4]), Hang()))
    reply = house.post(dialect, dialect.body(dialect.quick, stream=True), [exchange.header])
    assert reply.status == 200
    assert reply.body.startswith(b"".join(dialect.events[:4]))
    failure_in(dialect, reply.body)
    exchange.wait_until_left()


@each_dialect
def test_half_an_event_before_the_idle_limit(restless: House, dialect: Dialect) -> None:
    """After half an event and silence, the error event still begins on a line of its own."""
    half = dialect.events[3][:30]
    exchange = restless.replay.plays((*begun([*dialect.events[:3], half]), Hang()))
    reply = restless.post(dialect, dialect.body(dialect.quick, stream=True), [exchange.header])
    failure_in(dialect, reply.body)


@each_dialect
def test_whole_reply_waits_in_silence(restless: House, dialect: Dialect) -> None:
    """A whole reply has no signs of life: the client waits, and gets the body as it is."""
    body = dialect.whole
    opening = raw(head(200, {"content-type": "application/json", "content-length": str(len(body))}))
    exchange = restless.replay.plays((*opening, Gate(), Send(body)))
    with restless.open(dialect, exchange, dialect.body()) as wire:
        exchange.wait_for_requests(1)
        signs_pass(restless, dialect)
        exchange.release()
        assert wire.read().body == body
