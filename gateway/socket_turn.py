"""One turn on a socket: an exchange like any other, whose client is the socket.

What the exchange says as an event stream leaves as one message an event, its bytes as they are; a reply
with an error status leaves as one error event. Comments stay here: a socket shows life by itself. On the way
the items of the response are noted, for the next request may go on from it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from adapters.sse import Frame, Framer
from gateway.socket_messages import tell_reply
from gateway.state import Message, Pair

Tell = Callable[[bytes], Awaitable[None]]
ITEM: Final = b'"response.output_item.done"'
# A response that was cut short can be gone on from, too.
ENDS: Final = (b'"response.completed"', b'"response.incomplete"')
ERRORS: Final = 400


class _ItemDone(msgspec.Struct, tag_field="type", tag="response.output_item.done"):
    """One item is whole."""

    item: msgspec.Raw
    output_index: int = 0


class _Response(msgspec.Struct):
    """The response as its last event has it; some providers leave its output empty there."""

    id: str
    output: list[msgspec.Raw] = []


class _Completed(msgspec.Struct, tag_field="type", tag="response.completed"):
    """The response is over."""

    response: _Response


class _Incomplete(msgspec.Struct, tag_field="type", tag="response.incomplete"):
    """The response is over, and was cut short."""

    response: _Response


_READ: Final = msgspec.json.Decoder(_ItemDone | _Completed | _Incomplete).decode


class Turn:
    """What an exchange receives and sends. `response` is the id of the response once it is over."""

    __slots__ = ("_body", "_framer", "_gone", "_headers", "_items", "_output", "_status", "_tell", "response")

    def __init__(self, body: bytes, tell: Tell, gone: asyncio.Event) -> None:
        self._body: bytes | None = body
        self._tell = tell
        self._gone = gone
        self._status = 0
        self._headers: list[Pair] = []
        self._framer = Framer()
        self._items: dict[int, bytes] = {}
        self._output: list[bytes] = []
        self.response = ""

    @property
    def output(self) -> list[bytes]:
        """The items of the response, in order."""
        return self._output or [self._items[place] for place in sorted(self._items)]

    async def receive(self) -> Message:
        """The body, in one piece; after it nothing but the client's departure."""
        body, self._body = self._body, None
        if body is not None:
            return {"type": "http.request", "body": body, "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Tell the client what the exchange says."""
        if message["type"] == "http.response.start":
            self._status, self._headers = message["status"], message["headers"]
        elif self._status >= ERRORS:
            await self._tell(tell_reply(self._status, self._headers, message["body"]))
        else:
            await self._pass_on(self._framer.feed(message["body"]))
            if not message.get("more_body", False):
                await self._pass_on(self._framer.finish())

    async def _pass_on(self, frames: list[Frame]) -> None:
        for _, data in frames:
            if data.startswith(b"{"):  # and not `[DONE]`
                self._note(data)
                await self._tell(data)

    def _note(self, data: bytes) -> None:
        """Look for the words first: most events are pieces of text."""
        if ITEM not in data and not any(end in data for end in ENDS):
            return
        try:
            event = _READ(data)
        except msgspec.MsgspecError:
            return  # another event that says these words, or one too odd to go on from
        if isinstance(event, _ItemDone):
            self._items[event.output_index] = bytes(event.item)
        else:
            self.response = event.response.id
            self._output = [bytes(item) for item in event.response.output]
