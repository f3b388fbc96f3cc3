"""Requests that are nearly right: carried whole or refused in words, from and to every dialect."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as some

from adapters.conversation import PLAIN, ChatRequest, Text
from adapters.fault import Malformed
from adapters.table import DIALECTS
from tests.adapters.fuzz.effort import tries
from tests.adapters.fuzz.mutations import NAMES, damaged, requests_of, some_request
from tests.adapters.matrix.cases import quirks_of
from tests.adapters.matrix.requests import body, read

every_dialect = pytest.mark.parametrize("name", NAMES)
PATHS = {name: requests_of(name)[0].path for name in NAMES}


def carried(request: ChatRequest) -> None:
    """Write a request in every dialect: JSON, or a refusal."""
    for name, dialect in DIALECTS.items():
        for quirks in (PLAIN, quirks_of(name)):
            with suppress(Malformed):
                assert isinstance(json.loads(dialect.write_request(request, quirks).body), dict)


@every_dialect
def test_a_request_that_is_nearly_right_is_carried_or_refused(name: str) -> None:
    """Whatever stands where something else should, `Malformed` says so, or every dialect is written."""

    @tries(60)
    @given(some_request(name))
    def look(pair: tuple[bytes, str]) -> None:
        with suppress(Malformed):
            carried(DIALECTS[name].read_request(*pair))

    look()


@every_dialect
def test_bytes_that_are_no_request_are_refused(name: str) -> None:
    """Random bytes, and requests with a hole in them, raise `Malformed` and nothing else."""
    seeds = [body(case) for case in requests_of(name)]

    @tries(60)
    @given(some.binary(max_size=60) | some.sampled_from(seeds).flatmap(damaged))
    def look(data: bytes) -> None:
        with suppress(Malformed):
            carried(DIALECTS[name].read_request(data, PATHS[name]))

    look()


@every_dialect
def test_a_peek_never_stumbles(name: str) -> None:
    """What routing asks of a body, and what counts it, raise `Malformed` or answer."""
    dialect = DIALECTS[name]

    @tries(60)
    @given(some_request(name))
    def look(pair: tuple[bytes, str]) -> None:
        assert dialect.estimate(pair[0]) >= 0
        with suppress(Malformed):
            dialect.peek(*pair)
        with suppress(Malformed):
            dialect.read_prompt(*pair)
        with suppress(Malformed):
            assert dialect.rename(pair[0], "other")

    look()


@every_dialect
def test_what_is_written_is_read_and_written_the_same(name: str) -> None:
    """A request that went through the middle once goes through it again unchanged, byte for byte."""
    dialect = DIALECTS[name]

    def again(request: ChatRequest) -> bytes:
        return dialect.write_request(request, PLAIN).body

    def says(request: ChatRequest) -> bool:
        # Where no turn says anything, instructions take their place.
        return any(part != Text("") for turn in request.turns for part in turn.parts)

    @tries(80)
    @given(some_request(name))
    def look(pair: tuple[bytes, str]) -> None:
        try:
            request = dialect.read_request(*pair)
            once = again(request)
        except Malformed:
            return
        assert again(dialect.read_request(once, pair[1])) == once or not says(request)

    look()


@pytest.mark.parametrize(("source", "target"), [(a, b) for a in NAMES for b in NAMES if a != b])
def test_what_has_crossed_is_a_request_over_there(source: str, target: str) -> None:
    """What one dialect writes for another's client, it reads again, and writes the same."""
    dialect = DIALECTS[target]
    for case in requests_of(source):
        try:
            written = dialect.write_request(read(case), quirks_of(target))
        except Malformed:
            continue
        path = dialect.locate("generate", "m", False)  # noqa: FBT003 - not streamed
        there = dialect.read_request(written.body, path)
        once = dialect.write_request(there, quirks_of(target)).body
        assert dialect.write_request(dialect.read_request(once, path), quirks_of(target)).body == once
