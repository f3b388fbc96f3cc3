"""How a request and its reply cross to a provider that speaks another dialect: through the middle.

What is sent is written anew, with nothing of the client's headers but what traces it; what comes back is
read in the provider's dialect and written in the client's, piece by piece as it comes. A crossing stands
where a wire would and is its own tap, so that the pump, the counts and the errors are the same code for
both ways.
"""

import time
from hashlib import blake2b
from typing import Final, Literal

import msgspec

from adapters.conversation import ChatRequest, ClientTool, Written
from adapters.dialect import Dialect, Tap
from adapters.embedding_table import EMBEDDINGS
from adapters.embeddings import embedding_tokens
from adapters.events import Usage
from adapters.fault import Fault
from adapters.seal import SEAL
from adapters.table import DIALECTS
from adapters.translation import Shown, StreamTranslation, translate_reply
from gateway import version
from gateway.fields import fields_of
from gateway.heads import ReplyHead
from gateway.local import LocalReply
from gateway.plan import Target
from gateway.source import Source
from gateway.state import Exchange

# What goes on of the client's headers: they say where a request belongs, in no dialect.
TRACES: Final = frozenset((b"traceparent", b"tracestate", b"baggage"))
# What goes on of the provider's: when to come back. Its other words are for clients of its own dialect.
TIMES: Final = frozenset((b"retry-after", b"retry-after-ms"))
JSON: Final = b"application/json"
Way = Literal["passed", "relieved", "carried"]
# What asks a provider of openai-responses for a summary; nobody else has the word.
MARKS: Final = b'"cache_control"'
COMPACTION: Final = b'"compaction_trigger"'
AGENT: Final = (b"user-agent", b"penstock/" + version().encode())


def _constant(there: Dialect, accept: bytes) -> bytes:
    return fields_of([(b"content-type", JSON), (b"accept", accept), AGENT, *there.headers])


# What every request of ours begins with, whole and streamed, by the dialect it is written in.
CONSTANT: Final = {
    there.name: (_constant(there, JSON), _constant(there, there.stream_media.partition(b";")[0]))
    for there in DIALECTS.values()
}


class Letter(msgspec.Struct, frozen=True):
    """A request as it is sent: its path as clients spell it there, its query, its header lines, its body."""

    path: str
    query: bytes
    fields: bytes
    body: bytes


def as_asked(exchange: Exchange) -> Shown:
    """What the client is to see of a reply in its own dialect that is told anew. Raises Malformed."""
    request = exchange.dialect.read_request(exchange.body, exchange.path)
    return _shown(exchange, request, "", {})


def carry(exchange: Exchange, target: Target) -> Letter:
    """Write the request in the target's dialect, and note what its reply is read with. Raises Malformed."""
    there = target.dialect
    stream = exchange.relay == "stream"
    request, written = _rewritten(exchange, target)
    exchange.shown = _shown(exchange, request, there.name, written.tools)
    path = there.locate("generate", target.model, stream)
    return Letter(
        path, there.stream_query if stream else b"", _fields(exchange, there, stream=stream), written.body
    )


def carry_embedding(exchange: Exchange, target: Target) -> Letter:
    """Write a request for embeddings, and keep what its reply is written by. Raises Malformed."""
    there = target.dialect
    request = EMBEDDINGS[exchange.dialect.name].read_request(exchange.body, exchange.path)
    written = EMBEDDINGS[there.name].write_request(msgspec.structs.replace(request, model=target.model))
    exchange.body_mode = b"rewritten(translation)"
    exchange.dropped = written.dropped
    exchange.embedding = request
    return Letter(written.path, b"", _fields(exchange, there, stream=False), written.body)


def show_embedding(exchange: Exchange, body: bytes) -> None:
    """Set the embeddings as the client is to read them, and what they used. Raises Malformed."""
    target, request, head = exchange.target, exchange.embedding, exchange.head
    assert target is not None
    assert head is not None
    if request is None:
        exchange.usage = Usage(input=embedding_tokens(body))
        return
    reply = EMBEDDINGS[target.dialect.name].read_reply(body)
    exchange.usage = Usage(input=reply.tokens or 0)
    shown = msgspec.structs.replace(reply, model=request.model)
    exchange.first = EMBEDDINGS[exchange.dialect.name].write_reply(shown, request)
    exchange.coded = False
    head.media = JSON


def _fields(exchange: Exchange, there: Dialect, *, stream: bool) -> bytes:
    constant, fields = CONSTANT[there.name][stream], exchange.fields
    if fields.find(b"trace") < 0 and fields.find(b"baggage") < 0:
        return constant
    traces = [pair for pair in exchange.forward if pair[0] in TRACES]
    return constant + fields_of(traces) if traces else constant


def way_to(exchange: Exchange, target: Target) -> Way:
    """How the request goes on: as it is, relieved of what the seals of other makers are on, or carried.

    Where marks of the prompt cache are to be set and there are none, it is written anew as well.

    Embeddings name their model in too many places for another one. A summary of a conversation that was
    elsewhere is one for all, and so made as it is made everywhere.
    """
    peek = exchange.peek
    assert peek is not None
    if target.dialect is not exchange.dialect:
        return "carried"
    if exchange.operation == "embed":
        return "carried" if peek.model != target.model else "passed"
    if target.quirks.cache_marks and exchange.operation == "generate" and exchange.body.find(MARKS) < 0:
        return "relieved"
    # find: `in` makes an exception before it looks (CPython 3.11), and this sees every body that passes.
    if exchange.operation != "generate" or exchange.body.find(SEAL) < 0:
        return "passed"
    return "relieved" if exchange.body.find(COMPACTION) < 0 else "carried"


def relieved(exchange: Exchange, target: Target) -> bytes:
    """The request in its own dialect, without what other makers sealed, and with marks. Raises Malformed.

    A conversation that was elsewhere brings their signatures: its own provider refuses what it did not make.
    """
    _, written = _rewritten(exchange, target)
    return written.body


def _rewritten(exchange: Exchange, target: Target) -> tuple[ChatRequest, Written]:
    """The request through the middle, in the target's dialect. Raises Malformed."""
    request = exchange.dialect.read_request(exchange.body, exchange.path)
    request = msgspec.structs.replace(
        request,
        model=target.model,
        stream=exchange.relay == "stream",
        cache_key=_cache_key(exchange) if target.quirks.cache_key else None,
    )
    written = target.dialect.write_request(request, target.quirks)
    exchange.body_mode = b"rewritten(translation)"
    exchange.dropped = written.dropped
    return request, written


def _shown(exchange: Exchange, request: ChatRequest, maker: str, tools: dict[str, ClientTool]) -> Shown:
    assert exchange.peek is not None
    return Shown(
        model=exchange.peek.model,
        id=exchange.request_id.decode().replace("-", ""),
        created=int(time.time()),
        tools=tools,
        maker=maker,
        compaction=request.compaction,
        include_usage=request.include_usage,
        turns=len(request.turns),
    )


def _cache_key(exchange: Exchange) -> str | None:
    """A name for the conversation in the provider's prompt cache, made of the client's session."""
    if not exchange.session:
        return None
    said = b"\0".join((exchange.caller.key_id.encode(), exchange.session, exchange.agent))
    return blake2b(said, digest_size=16).hexdigest()


def strip(head: ReplyHead) -> None:
    """Leave of a head what says the same in every dialect."""
    head.headers = [pair for pair in head.headers if pair[0] in TIMES]


def show_whole(exchange: Exchange, body: bytes) -> None:
    """Set the whole reply as the client is to read it. Raises Malformed; BrokenOff for one that failed."""
    target, shown, head = exchange.target, exchange.shown, exchange.head
    assert target is not None
    assert shown is not None
    assert head is not None
    exchange.first, reply = translate_reply(
        body, target.dialect.read_reply, exchange.dialect.write_reply, shown
    )
    exchange.usage = reply.usage
    exchange.dropped += reply.dropped
    exchange.coded = False
    head.media = JSON


def show_whole_as_stream(exchange: Exchange, body: bytes) -> Tap:
    """Put the stream that a whole reply tells where the wire was, for upstreams that have only one (A20).

    Raises Malformed, and BrokenOff for a reply that failed.
    """
    target, shown, head = exchange.target, exchange.shown, exchange.head
    assert target is not None
    assert shown is not None
    assert head is not None
    reply = target.dialect.read_reply(body)
    exchange.dropped += reply.dropped
    frames = exchange.dialect.write_stream(shown.reply(reply), shown.include_usage)
    exchange.source = LocalReply((), frames)
    head.media = exchange.dialect.stream_media
    return exchange.dialect.tap()


def show_stream(exchange: Exchange) -> Tap:
    """Put a crossing where the wire was; it is its own tap."""
    target, shown, head, source = exchange.target, exchange.shown, exchange.head, exchange.source
    assert target is not None
    assert shown is not None
    assert head is not None
    assert source is not None
    writer = exchange.dialect.stream_writer(shown.include_usage)
    translation = StreamTranslation(target.dialect.stream_reader(), writer, shown)
    exchange.source = crossing = Crossing(source, translation)
    head.media = exchange.dialect.stream_media
    return crossing


class Crossing:
    """A source whose stream is translated as it is pulled, and the tap (`adapters.dialect.Tap`) of it.

    What a tap knows is copied when a piece was read: the pump asks for it more often than it changes.
    """

    __slots__ = (
        "_over",
        "_source",
        "_translation",
        "abort",
        "aligned",
        "ended",
        "fault",
        "garbled",
        "head",
        "nudge",
        "sign_of_life",
        "usage",
        "wait",
    )

    def __init__(self, source: Source, translation: StreamTranslation) -> None:
        self._source = source
        self._translation = translation
        self._over = False
        self.aligned = True  # only whole events leave
        self.ended = self.garbled = False
        self.fault: Fault | None = None
        self.usage: Usage = translation.usage
        self.sign_of_life = translation.sign_of_life
        self.head, self.wait, self.nudge, self.abort = source.head, source.wait, source.nudge, source.abort

    def pull(self) -> bytes | None:
        """What has arrived, translated; None when that says nothing yet; at the end what was held back."""
        translation = self._translation
        while data := self._source.pull():
            written = translation.feed(data)
            self.ended, self.fault, self.garbled = translation.ended, translation.fault, translation.garbled
            if written or self.garbled:
                return written
        return data if data is None else self.finish()

    def finish(self) -> bytes:
        """The stream is over: what was held back, and the failure if it was not complete."""
        if self._over:
            return b""
        self._over = True
        written = self._translation.finish()
        self.ended, self.fault = self._translation.ended, self._translation.fault
        return written

    def feed(self, chunk: bytes) -> None:
        """Nothing to look for: what leaves was written here."""

    def failure(self, fault: Fault, request_id: str) -> bytes:  # noqa: ARG002 - as a tap's
        """Write the in-band end of this stream."""
        self._over = True
        return self._translation.failure(fault)

    def complete(self) -> bool:
        """Whether all of the reply has arrived, pulled or not."""
        return self._source.complete()

    def at_end(self) -> bool:
        """Whether all has been said."""
        return self._over

    def dropped(self) -> tuple[str, ...]:
        """What of the reply had no place, by name."""
        return self._translation.dropped
