"""What upstreams of the bench have in common: a connection that looks for the end of a request and answers.

It looks no further: whoever measures needs an upstream that costs far less than what stands before it.
"""

import abc
import asyncio
from typing import cast

LENGTH = b"content-length:"


def length_of(head: bytes) -> int:
    """The content-length a request head states."""
    _, found, rest = head.lower().partition(LENGTH)
    return int(rest.partition(b"\r\n")[0]) if found else 0


class Answering(asyncio.Protocol, abc.ABC):
    """One connection: a request in, its answer out, again."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._received = b""

    @abc.abstractmethod
    def answer(self, body: bytes) -> None:
        """Begin the answer: a request is complete."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are no subclass

    @property
    def open(self) -> bool:
        """Whether somebody is still there."""
        return self._transport is not None

    def connection_lost(self, _error: Exception | None) -> None:
        """Write no more."""
        self._transport = None

    def data_received(self, data: bytes) -> None:
        """Answer when the request is complete."""
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if found and len(body) >= length_of(head):
            self._received = b""
            self.answer(body)

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)
