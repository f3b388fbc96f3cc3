"""A stream told as one JSON array, for clients that did not ask for events.

Inside the house it is the same stream of events, pings and failures included: only what leaves is framed
anew, at the one place where bytes leave.
"""

from collections.abc import Callable

from adapters.dialect import ArrayFraming
from gateway.state import Exchange, Message, Send

JSON = (b"content-type", b"application/json")


def as_array(exchange: Exchange, framing: Callable[[], ArrayFraming]) -> None:
    """Let the stream leave as an array, unless the client's query asks for events."""
    wanted = exchange.dialect.stream_query
    asked = exchange.query.split(b"&") if exchange.query else []
    if wanted in asked:
        return
    # Upstream it is asked for in events all the same: they are what is metered and judged.
    name = wanted.partition(b"=")[0] + b"="
    exchange.query = b"&".join([*(part for part in asked if not part.startswith(name)), wanted])
    exchange.send = ArraySend(exchange.send, framing())


class ArraySend:
    """Sends on what is sent, a stream's events as the items of an array; a whole reply as it is."""

    __slots__ = ("_array", "_framed", "_send")

    def __init__(self, send: Send, array: ArrayFraming) -> None:
        self._send = send
        self._array = array
        self._framed = False

    async def __call__(self, message: Message) -> None:
        """Send one ASGI message."""
        if message["type"] == "http.response.start":
            await self._send(self._head(message))
        elif not self._framed:
            await self._send(message)
        else:
            more = message.get("more_body", False)
            body = self._array.feed(message["body"]) + (b"" if more else self._array.finish())
            await self._send({**message, "body": body})

    def _head(self, message: Message) -> Message:
        headers = message["headers"]
        self._framed = any(name == b"content-type" and b"event-stream" in value for name, value in headers)
        if not self._framed:
            return message
        return {
            **message,
            "headers": [JSON if name == b"content-type" else (name, value) for name, value in headers],
        }
