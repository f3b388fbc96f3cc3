"""A question of one token to a provider's model, asked by who administers this gateway.

It is a request like any other, with its attempts, its row in the ledger and its line in the log; only that
nobody's key is asked for and no other target is tried.
"""

import asyncio
from copy import copy
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from gateway import exchange, paths
from gateway.auth import Callers
from gateway.house import House
from gateway.state import Exchange, Message, Scope

PATH: Final = "/v1/chat/completions"
HEADERS: Final = [(b"content-type", b"application/json"), (b"user-agent", b"penstock-probe")]
LONGEST: Final = 4096


async def probe(house: House, provider: str, model: str) -> tuple[int, bytes]:
    """Status and body of the reply, in the words of openai-chat; as much of it as says what was wrong."""
    asked = {"model": model, "max_tokens": 1, "messages": [{"role": "user", "content": "ping"}]}
    call = _Call(msgspec.json.encode(asked))
    scope: Scope = {"type": "http", "method": "POST", "path": PATH, "raw_path": PATH.encode()}
    scope.update(query_string=b"", headers=HEADERS, client=None, http_version="1.1", scheme="http")
    one = Exchange(
        *(_open(house), paths.CHAT, "generate", PATH), scope, call.receive, call.send, house.clock()
    )
    one.named = provider
    await exchange.run(one)
    return call.status, bytes(call.body)


def _open(house: House) -> House:
    """The same house, with a door that asks for no key."""
    open_one = copy(house)
    server = replace(house.settings.server, keys_required=False)
    open_one.callers = Callers(replace(house.settings, server=server), house.clock)
    return open_one


class _Call:
    """Both ends of it, as a server would hold them."""

    def __init__(self, body: bytes) -> None:
        self.status = 0
        self.body = bytearray()
        self._asked: Message | None = {"type": "http.request", "body": body, "more_body": False}

    async def receive(self) -> Message:
        """The request, and then nothing: who asks does not leave."""
        asked, self._asked = self._asked, None
        if asked is None:
            await asyncio.Event().wait()
        assert asked is not None
        return asked

    async def send(self, message: Any) -> None:
        """Keep what is said."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
        elif len(self.body) < LONGEST:
            self.body += message["body"]
