"""A small HTTP proxy that records: absolute-form for http, CONNECT for https; all hosts lead to loopback."""

import asyncio
from urllib.parse import urlsplit

from tests.upstream.relay import Ends, Keep, Relay
from tests.upstream.wire import HEAD_END, Request, parse_head


class Proxy(Relay):
    """A listening proxy. `heads` are the request heads its connections began with, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.heads: list[Request] = []

    async def join(self, near: Ends) -> tuple[Ends, Keep]:
        """Read the first head, and connect to the port it names."""
        reader, writer = near
        head = parse_head(await reader.readuntil(HEAD_END), len(self.heads) + 1, 1)
        self.heads.append(head)
        if head.method == "CONNECT":
            far = await asyncio.open_connection("127.0.0.1", urlsplit(f"//{head.target}").port)
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            return far, len
        far = await asyncio.open_connection("127.0.0.1", urlsplit(head.target).port)
        far[1].write(head.head)
        return far, len
