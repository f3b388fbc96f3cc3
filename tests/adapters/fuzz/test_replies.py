"""Replies that are nearly right: told to clients of every dialect, ended once, raised at nobody."""

import json
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as some

from adapters.events import BrokenOff, Failed
from adapters.fault import Malformed
from adapters.table import DIALECTS
from adapters.translation import Shown, StreamTranslation
from tests.adapters.fuzz.effort import tries
from tests.adapters.fuzz.mutations import NAMES, some_stream, some_whole
from tests.adapters.matrix.replies import stream_reader
from tests.adapters.reading import must_be_in_order, read

every_dialect = pytest.mark.parametrize("name", NAMES)
USAGE = True


def pieces(data: bytes, places: list[int]) -> list[bytes]:
    """The data, cut at these places."""
    ends = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(ends)]


@every_dialect
def test_a_reply_that_is_nearly_right_is_told_or_refused(name: str) -> None:
    """`Malformed` or a failure says what is wrong, or every client gets JSON; so for usage and errors."""
    dialect = DIALECTS[name]

    @tries(80)
    @given(some_whole(name) | some.binary(max_size=40))
    def look(data: bytes) -> None:
        dialect.read_error(500, data)
        with suppress(Malformed):
            dialect.read_usage(data)
        try:
            reply = dialect.read_reply(data)
        except (Malformed, BrokenOff):
            return
        for client in DIALECTS.values():
            assert isinstance(json.loads(client.write_reply(reply)), dict)
            assert client.write_stream(reply, USAGE)

    look()


@every_dialect
def test_a_stream_that_is_nearly_right_ends_once(name: str) -> None:
    """One end, one block at a time, the same however it is cut; what cannot be read is a failure."""

    @tries(100)
    @given(some_stream(name) | some.binary(max_size=60), some.lists(some.integers(0), max_size=4))
    def look(data: bytes, places: list[int]) -> None:
        told = read(stream_reader(name), [data])
        must_be_in_order(told)
        assert read(stream_reader(name), pieces(data, places)) == told

    look()


@every_dialect
def test_every_client_is_told_how_it_ends(name: str) -> None:
    """What leaves is whole frames that the client's own reader understands, up to the same end."""

    @tries(60)
    @given(some_stream(name))
    def look(data: bytes) -> None:
        failed = isinstance(read(stream_reader(name), [data])[-1], Failed)
        for client, dialect in DIALECTS.items():
            shown = Shown("m", "1", 7, maker="" if client == name else name)
            crossing = StreamTranslation(stream_reader(name), dialect.stream_writer(USAGE), shown)
            events = read(stream_reader(client), [crossing.feed(data) + crossing.finish()])
            must_be_in_order(events)
            assert isinstance(events[-1], Failed) == failed

    look()


@every_dialect
def test_a_tap_never_stumbles(name: str) -> None:
    """What only looks on at a stream that passes looks on at anything."""

    @tries(60)
    @given(some_stream(name) | some.binary(max_size=60))
    def look(data: bytes) -> None:
        tap = DIALECTS[name].tap()
        tap.feed(data)
        tap.finish()

    look()
