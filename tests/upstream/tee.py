"""A tee: stands before the gateway and keeps every byte a client sent to it."""

import asyncio
from collections.abc import Iterator
from urllib.parse import urlsplit

import msgspec

from tests.upstream.relay import Ends, Keep, Relay
from tests.upstream.wire import HEAD_END, Request, parse_head


class Tee(Relay):
    """Passes everything on to one address."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self._far = urlsplit(address)
        self._sent: list[bytearray] = []

    async def join(self, near: Ends) -> tuple[Ends, Keep]:
        """Connect to the address."""
        del near
        self._sent.append(bytearray())
        return await asyncio.open_connection(self._far.hostname, self._far.port), self._sent[-1].extend

    @property
    def requests(self) -> list[Request]:
        """Every request the client sent, connection after connection."""
        return [
            request
            for number, sent in enumerate(self._sent, 1)
            for request in split_requests(bytes(sent), number)
        ]


def split_requests(data: bytes, connection: int = 1) -> Iterator[Request]:
    """Cut the bytes of one connection into its requests, which must have a content-length or no body."""
    number = 0
    while data:
        number += 1
        head, end, rest = data.partition(HEAD_END)
        request = parse_head(head + end, connection, number)
        length = int(request.header("content-length") or 0)
        yield msgspec.structs.replace(request, body=rest[:length])
        data = rest[length:]
