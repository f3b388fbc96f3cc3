"""A WebSocket client made of a bare socket (RFC 6455): it sends what a test wrote, and reads what came."""

import base64
import hashlib
import os
import socket
import struct
from collections.abc import Iterable
from types import TracebackType
from typing import Any, BinaryIO, Self
from urllib.parse import urlsplit

import msgspec

from tests.path.client import PATIENCE, Reply

PATH = "/v1/responses"
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
FINAL, MASKED = 0x80, 0x80
SHORT, LONG = 126, 127
SALT = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
LAST = {"response.completed", "response.incomplete", "response.failed", "error"}
Pairs = Iterable[tuple[str, str]]
Event = dict[str, Any]


class Socket:
    """One connection. `handshake` is what the gateway answered; it talks only when that was a 101."""

    def __init__(self, address: str, headers: Pairs = (), path: str = PATH) -> None:
        parts = urlsplit(address)
        self.socket = socket.create_connection((parts.hostname, parts.port), timeout=PATIENCE)
        self._file: BinaryIO = self.socket.makefile("rb")
        key = base64.b64encode(os.urandom(16)).decode()
        upgrade = [("connection", "Upgrade"), ("upgrade", "websocket"), ("sec-websocket-version", "13")]
        fields = [("host", parts.netloc), *upgrade, ("sec-websocket-key", key), *headers]
        head = "".join(f"{name}: {value}\r\n" for name, value in fields)
        self.socket.sendall(f"GET {path} HTTP/1.1\r\n{head}\r\n".encode())
        self.handshake = self._read_reply()
        if self.handshake.status == 101:
            digest = hashlib.sha1(f"{key}{SALT}".encode(), usedforsecurity=False).digest()
            assert self.handshake.header("sec-websocket-accept") == base64.b64encode(digest).decode()
        else:
            self.hang_up()

    def __enter__(self) -> Self:
        assert self.handshake.status == 101, self.handshake
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.hang_up()

    def create(self, **fields: object) -> None:
        """Ask for a response."""
        self.say(msgspec.json.encode({"type": "response.create", **fields}))

    def say(self, text: bytes) -> None:
        """Send a text message in one frame."""
        self.send(TEXT, text)

    def send(self, kind: int, payload: bytes, *, final: bool = True) -> None:
        """Send one frame."""
        self.socket.sendall(_frame(kind | (FINAL if final else 0), payload))

    def ask(self, **fields: object) -> list[Event]:
        """Ask for a response and read its events, to the last."""
        self.create(**fields)
        return self.events()

    def events(self) -> list[Event]:
        """Read the events of one response, to the last."""
        return [msgspec.json.decode(text) for text in self.texts()]

    def texts(self) -> list[bytes]:
        """Read the messages of one response, to the last."""
        found = [self.text()]
        while msgspec.json.decode(found[-1])["type"] not in LAST:
            found.append(self.text())
        return found

    def event(self) -> Event:
        """Read one event."""
        event: Event = msgspec.json.decode(self.text())
        return event

    def text(self) -> bytes:
        """Read one text message."""
        kind, payload = self.read()
        assert kind == TEXT, (kind, payload)
        return payload

    def read(self) -> tuple[int, bytes]:
        """Read one frame: its kind and what it holds. EOFError when there is none."""
        first, second = self._take(2)
        assert first & FINAL, "the gateway never cuts a message"
        assert not second & MASKED
        (size,) = {SHORT: lambda: struct.unpack(">H", self._take(2)), LONG: self._take_long}.get(
            second, lambda: (second,)
        )()
        return first & 0x0F, self._take(size)

    def closing(self) -> int:
        """Read the frame that ends the conversation: its code."""
        kind, payload = self.read()
        assert kind == CLOSE, (kind, payload)
        return int.from_bytes(payload[:2], "big")

    def close(self) -> None:
        """Say farewell."""
        self.send(CLOSE, struct.pack(">H", 1000))

    def hang_up(self) -> None:
        """Leave without a word."""
        self._file.close()
        self.socket.close()

    def reset(self) -> None:
        """Leave with RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.hang_up()

    def _take_long(self) -> tuple[int]:
        (size,) = struct.unpack(">Q", self._take(8))
        return (size,)

    def _take(self, size: int) -> bytes:
        data = self._file.read(size)
        if len(data) < size:
            raise EOFError("the connection ended")
        return data

    def _read_reply(self) -> Reply:
        status = int(self._file.readline().split()[1])
        pairs = []
        while (line := self._file.readline()) not in {b"\r\n", b""}:
            name, _, value = line.decode("latin-1").partition(":")
            pairs.append((name.lower(), value.strip()))
        reply = Reply(status=status, headers=tuple(pairs))
        body = self._file.read(int(reply.header("content-length") or 0))
        return msgspec.structs.replace(reply, body=body)


def _frame(first: int, payload: bytes) -> bytes:
    """A frame as clients must send it, masked; the mask of zeros leaves the payload readable."""
    size = len(payload)
    if size < SHORT:
        length = struct.pack(">B", MASKED | size)
    elif size < 1 << 16:
        length = struct.pack(">BH", MASKED | SHORT, size)
    else:
        length = struct.pack(">BQ", MASKED | LONG, size)
    return bytes((first,)) + length + bytes(4) + payload
