"""The log: its lines for people and as JSON, its level, and a reader that stalls and stalls nobody."""

import fcntl
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from gateway.journal import LEVELS, MOST_HELD, Journal, Line, now
from gateway.settings import LogSettings
from tests.gateway.loops import in_loop, until

MOMENT = "2026-01-02T03:04:05.006Z"
FULL = Line(
    time=MOMENT,
    level="info",
    message="request",
    id="an-id",
    caller="ann",
    dialect="openai-chat",
    operation="generate",
    model="fast",
    provider="box",
    target="gpt-5",
    status=200,
    outcome="complete",
    input=7,
    cache_read=5,
    output=3,
    first_byte_ms=1.25,
    total_ms=2.5,
    own_ms=0.125,
)


class Pipe:
    """A pipe, read when the test wants."""

    def __init__(self) -> None:
        self.reading, self.writing = os.pipe()
        os.set_blocking(self.reading, False)

    def read(self) -> bytes:
        """All that is in it."""
        found = b""
        while True:
            try:
                piece = os.read(self.reading, 1 << 20)
            except BlockingIOError:
                return found
            if not piece:
                return found
            found += piece

    def close(self) -> None:
        """Close both ends."""
        for end in (self.reading, self.writing):
            os.close(end)


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    """A pipe nobody reads by itself."""
    found = Pipe()
    yield found
    found.close()


def journal(pipe: Pipe, form: str = "json", level: str = "info") -> Journal:
    """A journal that writes into the pipe."""
    return Journal(LogSettings(level=level, format=form), pipe.writing)


@in_loop
async def test_a_line_for_people(pipe: Pipe) -> None:
    """One line that a person can read, cached tokens among the input."""
    kept = journal(pipe, "text")
    kept.write(FULL)
    kept.flush()
    text = pipe.read().decode()
    assert re.fullmatch(
        rf"{MOMENT} info  200 complete openai-chat generate fast -> box/gpt-5 in=12 out=3 cached=5 "
        r"first=1\.[23]ms total=2\.5ms own=0\.1[23]ms caller=ann id=an-id\n",
        text,
    )


@in_loop
async def test_what_failed_on_the_way_is_in_a_line_for_people(pipe: Pipe) -> None:
    """Each try that failed, in brackets; a model's name in it cannot end the line."""
    kept = journal(pipe, "text")
    kept.write(msgspec.structs.replace(FULL, failed="ant/opus 429, ant/a\nb head reset"))
    kept.flush()
    (line,) = pipe.read().decode().splitlines()
    assert line.endswith(r"id=an-id failed=[ant/opus 429, ant/a\nb head reset]")


@in_loop
async def test_a_line_of_json_holds_what_is_known(pipe: Pipe) -> None:
    """One object a line, in which what is not known is left out."""
    kept = journal(pipe)
    kept.write(FULL)
    kept.write(Line(time=MOMENT, level="error", message="it broke"))
    kept.flush()
    first, second = pipe.read().splitlines()
    assert msgspec.json.decode(first, type=Line) == FULL
    assert msgspec.json.decode(second) == {"time": MOMENT, "level": "error", "message": "it broke"}


@pytest.mark.parametrize("form", ["json", "text"])
@in_loop
async def test_lines_come_by_themselves(pipe: Pipe, form: str) -> None:
    """What was written is read soon, without anybody asking for it, each line whole."""
    kept = journal(pipe, form)
    for _ in range(3):
        kept.write(FULL)
    pieces: list[bytes] = []

    def all_three() -> bool:
        pieces.append(pipe.read())
        return b"".join(pieces).count(b"\n") == 3

    await until(all_three)
    assert pieces[-1].endswith(b"\n")


@in_loop
async def test_the_level_can_be_changed(pipe: Pipe) -> None:
    """Lines below the level are not written, before and after it was changed."""
    kept = journal(pipe, level="error")
    kept.say("info", "one")
    kept.say("error", "two")
    kept.set_level("debug")
    kept.say("debug", "three")
    kept.set_level("off")
    kept.say("error", "four")
    kept.flush()
    said = [msgspec.json.decode(line)["message"] for line in pipe.read().splitlines()]
    assert said == ["two", "three"]
    with pytest.raises(KeyError):
        kept.set_level("loud")
    assert kept.level == "off"


@in_loop
async def test_each_level_wants_its_own_and_what_is_worse(pipe: Pipe) -> None:
    """The levels stand in an order, and `off` wants nothing that is ever said."""
    wanted = {
        level: [other for other in ("debug", "info", "error") if journal(pipe, level=level).wants(other)]
        for level in LEVELS
    }
    assert wanted == {
        "debug": ["debug", "info", "error"],
        "info": ["info", "error"],
        "error": ["error"],
        "off": [],
    }


@in_loop
async def test_what_is_said_holds_no_key(pipe: Pipe) -> None:
    """A message that quotes a key is written without it."""
    kept = journal(pipe)
    kept.say("error", "refused: Bearer sk-ant-0123456789abcdef")
    kept.flush()
    assert b"0123456789abcdef" not in pipe.read()


@in_loop
async def test_a_reader_that_stalls_stalls_nobody(pipe: Pipe) -> None:
    """With nobody reading, writing goes on; too much is dropped and counted, the rest stays whole."""
    kept = journal(pipe)
    line = Line(time=MOMENT, level="info", message="x" * 997)
    count = 4 * MOST_HELD // 1000
    for number in range(count):
        kept.write(line)
        if number % 100 == 0:
            kept.flush()
    assert 0 < kept.dropped < count
    seen = bytearray()
    while kept._held:  # noqa: SLF001  # until nothing is held back
        seen += pipe.read()
        kept.flush()
    seen += pipe.read()
    lines = bytes(seen).splitlines()
    assert len(lines) == count - kept.dropped
    assert {msgspec.json.decode(one)["message"] for one in lines} == {line.message}


@pytest.mark.skipif(not hasattr(fcntl, "F_GETPIPE_SZ"), reason="the size of a pipe is known on Linux only")
@pytest.mark.parametrize("excess", [-1, 0, 1, 2])
@in_loop
async def test_lines_stay_apart_wherever_the_pipe_was_full(pipe: Pipe, excess: int) -> None:
    """A pipe that is full in a line, at its end, or just before its line break, keeps lines apart."""
    kept = journal(pipe)
    size = fcntl.fcntl(pipe.writing, fcntl.F_GETPIPE_SZ)
    empty = len(msgspec.json.encode(Line(time=MOMENT, level="info", message=""))) + 1
    kept.write(Line(time=MOMENT, level="info", message="x" * (size - empty + excess)))
    kept.flush()
    seen = pipe.read()
    kept.write(FULL)
    kept.flush()
    first, second = (seen + pipe.read()).splitlines()
    assert len(first) == size + excess - 1
    assert msgspec.json.decode(second, type=Line) == FULL


@in_loop
async def test_a_reader_that_has_gone_is_borne(pipe: Pipe) -> None:
    """A closed pipe is no reason to stop serving."""
    kept = journal(pipe)
    os.close(pipe.reading)
    kept.write(FULL)
    kept.flush()
    pipe.reading = os.open(os.devnull, os.O_RDONLY)


@in_loop
async def test_nothing_held_writes_nothing(pipe: Pipe) -> None:
    """Flushing an empty journal says nothing, not even a line break."""
    kept = journal(pipe)
    kept.flush()
    assert pipe.read() == b""


def test_the_time_is_utc_to_the_millisecond() -> None:
    """RFC 3339, and the present."""
    text = now()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", text)
    assert abs(datetime.fromisoformat(text) - datetime.now(UTC)) < timedelta(seconds=5)
