"""The ways a stream can arrive: whole, cut in two at every byte, byte by byte; and the recorded ones."""

from collections.abc import Iterator
from pathlib import Path

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"


def cuts(stream: bytes) -> Iterator[list[bytes]]:
    """Every way: whole, in two at each place, byte by byte."""
    yield [stream]
    yield from ([stream[:place], stream[place:]] for place in range(1, len(stream)))
    yield single_bytes(stream)


def single_bytes(stream: bytes) -> list[bytes]:
    """The stream as chunks of one byte."""
    return [stream[place : place + 1] for place in range(len(stream))]


def recorded_streams(dialect: str) -> dict[str, bytes]:
    """The recorded streams of a dialect by name."""
    return {path.stem: path.read_bytes() for path in sorted((FIXTURES / "streams" / dialect).glob("*.sse"))}


def recorded_bodies() -> dict[str, bytes]:
    """The recorded request bodies of agents as "client/number"."""
    paths = sorted((FIXTURES / "agents").glob("*/*.body"))
    return {f"{path.parent.name}/{path.stem}": path.read_bytes() for path in paths}
