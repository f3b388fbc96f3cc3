"""Content codings both ways: a client never gets a coding it did not offer, and a stream never one at all."""

import gzip

import pytest

from tests.path.dialects import MESSAGES, Dialect, each_dialect
from tests.path.house import House
from tests.upstream.codings import CODINGS, ENCODE, ENCODE_PIECES
from tests.upstream.replies import events
from tests.upstream.scripts import EVENT_STREAM, JSON, chunked, cut, stream, whole
from tests.upstream.steps import Gate, Script

each_coding = pytest.mark.parametrize("coding", CODINGS)


def encoded(dialect: Dialect, coding: str) -> Script:
    """A whole reply, encoded."""
    return whole(ENCODE[coding](dialect.whole), headers=[*JSON.items(), ("content-encoding", coding)])


def encoded_stream(dialect: Dialect, coding: str) -> Script:
    """A streamed reply, encoded and flushed after every event."""
    pieces = ENCODE_PIECES[coding](events(dialect.name))
    return stream(pieces, [*EVENT_STREAM.items(), ("content-encoding", coding)])


@each_dialect
@each_coding
def test_offered_coding_is_relayed(house: House, dialect: Dialect, coding: str) -> None:
    """A whole reply in a coding the client offered is relayed as it came."""
    asked = house.ask(dialect, encoded(dialect, coding), [("accept-encoding", f"deflate, {coding};q=0.8")])
    assert asked.reply.header("content-encoding") == coding
    assert asked.reply.body == ENCODE[coding](dialect.whole)


@each_dialect
@each_coding
def test_coding_not_offered_is_decoded(house: House, dialect: Dialect, coding: str) -> None:
    """A whole reply in a coding the client did not offer is decoded for it."""
    reply = house.ask(dialect, encoded(dialect, coding)).reply
    assert reply.header("content-encoding") is None
    assert reply.body == dialect.whole
    assert reply.header("content-length") in {None, str(len(dialect.whole))}


@each_coding
def test_refused_coding_is_decoded(house: House, coding: str) -> None:
    """A coding offered with q=0 is not offered."""
    reply = house.ask(
        MESSAGES, encoded(MESSAGES, coding), [("accept-encoding", f"{coding};q=0, *;q=0")]
    ).reply
    assert reply.header("content-encoding") is None
    assert reply.body == MESSAGES.whole


@each_coding
def test_error_bodies_are_decoded(house: House, coding: str) -> None:
    """An error body in a coding the client did not offer is decoded and otherwise unchanged."""
    body = MESSAGES.upstream_error("encoded trouble")
    script = whole(ENCODE[coding](body), 400, [*JSON.items(), ("content-encoding", coding)])
    reply = house.ask(MESSAGES, script).reply
    assert (reply.status, reply.body, reply.header("content-encoding")) == (400, body, None)


@each_dialect
def test_clients_codings_are_offered_on(house: House, dialect: Dialect) -> None:
    """For a whole reply the upstream is offered the codings the client offered, those we know."""
    asked = house.ask(dialect, whole(dialect.whole), [("accept-encoding", "gzip, deflate, br, zstd, lzma")])
    offered = {part.strip() for part in (asked.exchange.request.header("accept-encoding") or "").split(",")}
    assert {"gzip", "br", "zstd"} <= offered
    assert "lzma" not in offered


@pytest.mark.parametrize("headers", [[], [("accept-encoding", "")]], ids=["absent", "empty"])
@each_dialect
def test_client_that_offers_nothing(house: House, dialect: Dialect, headers: list[tuple[str, str]]) -> None:
    """For a client that offers no coding the upstream is asked for none."""
    asked = house.ask(dialect, whole(dialect.whole), headers)
    assert asked.exchange.request.all("accept-encoding") == ["identity"]


@each_dialect
def test_streams_are_asked_for_plain(house: House, dialect: Dialect) -> None:
    """A streamed request asks the upstream for identity, whatever the client offers."""
    asked = house.ask_stream(dialect, stream(events(dialect.name)), [("accept-encoding", "gzip, br, zstd")])
    assert asked.exchange.request.all("accept-encoding") == ["identity"]


@pytest.mark.parametrize("offer", ["", "gzip, br, zstd"], ids=["nothing-offered", "all-offered"])
@each_coding
@each_dialect
def test_encoded_stream_is_decoded(house: House, dialect: Dialect, coding: str, offer: str) -> None:
    """A stream the upstream encodes all the same is decoded for the client, byte for byte."""
    reply = house.ask_stream(dialect, encoded_stream(dialect, coding), [("accept-encoding", offer)]).reply
    assert reply.header("content-encoding") is None
    assert reply.body == b"".join(dialect.events)


@each_coding
@each_dialect
def test_encoded_stream_flows(house: House, dialect: Dialect, coding: str) -> None:
    """Each flushed event of an encoded stream reaches the client before the next one is sent."""
    pieces = list(ENCODE_PIECES[coding](dialect.events))
    script = stream(pieces, [*EVENT_STREAM.items(), ("content-encoding", coding)])
    exchange = house.replay.plays((*script[:2], Gate(), *script[2:]))
    with house.open(dialect, exchange, dialect.body(stream=True)) as wire:
        wire.read_head()
        assert wire.read_until(b"\n\n") == dialect.events[0]
        exchange.release()
        assert wire.read_body() == (b"".join(dialect.events[1:]), True)


@each_coding
def test_encoded_body_cut_into_bytes(house: House, coding: str) -> None:
    """A chunked reply of one encoded byte a chunk is decoded right."""
    pieces = cut(ENCODE[coding](MESSAGES.whole), 1)
    script = chunked(pieces, headers=[*JSON.items(), ("content-encoding", coding)])
    assert house.ask(MESSAGES, script).reply.body == MESSAGES.whole


@each_dialect
def test_broken_coding_is_a_bad_gateway(house: House, dialect: Dialect) -> None:
    """A body that is not in the coding it claims is a 502 in the dialect, never a broken 200."""
    script = whole(b"this is not gzip", headers=[*JSON.items(), ("content-encoding", "gzip")])
    reply = house.ask(dialect, script).reply
    assert reply.status == 502
    dialect.error(reply)


def test_truncated_coding_is_a_bad_gateway(house: House) -> None:
    """A gzip body that stops before its end is a 502."""
    half = gzip.compress(MESSAGES.whole)[:-20]
    script = whole(half, headers=[*JSON.items(), ("content-encoding", "gzip")])
    assert house.ask(MESSAGES, script).reply.status == 502
