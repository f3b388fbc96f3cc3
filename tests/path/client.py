"""A client made of a bare socket: it sends what a test wrote, byte for byte, and reads what came."""

import socket
import struct
import time
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, BinaryIO, Self
from urllib.parse import urlsplit

import msgspec

PATIENCE = 20.0
Pairs = Iterable[tuple[str, str]]


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """A reply as it came. `complete` is False when the connection ended before the body did."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""
    complete: bool = True

    @property
    def names(self) -> list[str]:
        """The header names, in lower case."""
        return [name for name, _ in self.headers]

    def header(self, name: str) -> str | None:
        """The first value of a header, or None."""
        return next((value for key, value in self.headers if key == name), None)

    def json(self) -> Any:
        """The body as JSON."""
        return msgspec.json.decode(self.body)


class Wire:
    """One connection to the gateway."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self._host = parts.netloc
        self.socket = socket.create_connection((parts.hostname, parts.port), timeout=PATIENCE)
        self._file: BinaryIO = self.socket.makefile("rb")
        self._chunked = False
        self._rest: int | None = 0
        self._method = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def send(self, method: str, target: str, headers: Pairs = (), body: bytes | None = None) -> None:
        """Send a request with a content-length, its head and its body in one write."""
        self._method = method
        length = [] if body is None else [("content-length", str(len(body)))]
        self.socket.sendall(self.head(method, target, [*headers, *length]) + (body or b""))

    def head(self, method: str, target: str, headers: Pairs = ()) -> bytes:
        """Write a request head with a host and the headers given, in their order."""
        lines = [f"{method} {target} HTTP/1.1", f"host: {self._host}"]
        lines += [f"{name}: {value}" for name, value in headers]
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"

    def read_head(self) -> Reply:
        """Read a reply's head, past any 1xx; what is left to read is its body."""
        while True:
            status, headers = self._read_one_head()
            if status >= 200:
                break
        found = Reply(status=status, headers=headers)
        if self._method == "HEAD" or status in {204, 304}:
            self._chunked, self._rest = False, 0
            return found
        length = found.header("content-length")
        self._chunked = "chunked" in (found.header("transfer-encoding") or "")
        self._rest = None if length is None else int(length)
        return found

    def read_piece(self) -> bytes:
        """Read the next piece of the body as it was framed; empty at its end. EOFError when cut."""
        if self._chunked:
            return self._read_chunk()
        data = self._file.read1(65536 if self._rest is None else min(65536, self._rest))  # type: ignore[attr-defined]
        if self._rest is None:
            return bytes(data)
        if not data and self._rest:
            raise EOFError("the connection ended before the body did")
        self._rest -= len(data)
        return bytes(data)

    def read_until(self, marker: bytes) -> bytes:
        """Read pieces of the body until the marker was seen; all that was read, to the end of its piece."""
        seen = b""
        while marker not in seen:
            piece = self.read_piece()
            assert piece, f"the body ended without {marker!r}: {seen[-500:]!r}"
            seen += piece
        return seen

    def read_body(self) -> tuple[bytes, bool]:
        """Read the rest of the body, and whether it ended as it should."""
        pieces = []
        try:
            while piece := self.read_piece():
                pieces.append(piece)
        except (EOFError, ConnectionError):
            return b"".join(pieces), False
        return b"".join(pieces), True

    def read(self) -> Reply:
        """Read a whole reply."""
        found = self.read_head()
        body, complete = self.read_body()
        return Reply(status=found.status, headers=found.headers, body=body, complete=complete)

    def close(self) -> None:
        """Leave in order."""
        self._file.close()
        self.socket.close()

    def reset(self) -> None:
        """Leave with RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def _read_one_head(self) -> tuple[int, tuple[tuple[str, str], ...]]:
        first = self._file.readline()
        if not first:
            raise EOFError("the connection ended before a reply")
        pairs = []
        while (line := self._file.readline()) not in {b"\r\n", b""}:
            name, _, value = line.decode("latin-1").partition(":")
            pairs.append((name.lower(), value.strip()))
        return int(first.split()[1]), tuple(pairs)

    def _read_chunk(self) -> bytes:
        size_line = self._file.readline()
        if not size_line.endswith(b"\n"):
            raise EOFError("the connection ended before the last chunk")
        size = int(size_line.split(b";")[0], 16)
        data = self._file.read(size)
        self._file.readline()
        if len(data) < size:
            raise EOFError("the connection ended in a chunk")
        return data


def call(
    address: str, method: str, target: str, headers: Pairs | Mapping[str, str] = (), body: bytes | None = None
) -> Reply:
    """Make one exchange on a connection of its own."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    with Wire(address) as wire:
        wire.send(method, target, pairs, body)
        return wire.read()


def within(seconds: float, since: float, moment: float) -> bool:
    """Whether a moment on the monotonic clock came at most so many seconds after another."""
    return moment - since <= seconds


def now() -> float:
    """The monotonic clock, in seconds."""
    return time.monotonic()
