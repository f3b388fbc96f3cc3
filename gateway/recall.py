"""A reply that need not be asked for: one that was given before, or one that is being given to somebody else.

It stands where the first good attempt does: what is found is laid ready as if an upstream had just said it,
and goes to the client the same way. Nothing of it is held for or against a target, and its tokens are counted
where they were paid.

1. what is to be done: the configuration's word, and the client's
2. what the request is like
3. a kept reply that is young enough, told in the form that is wanted
4. else a call that is under way, or one begun for all who will ask the same
5. else an attempt of its own, whose reply is written down on its way out
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

import msgspec

from adapters.conversation import ChatRequest
from adapters.fault import Fault, Malformed
from gateway.client import JSON
from gateway.codings import unpacked
from gateway.errors import Refused
from gateway.heads import ReplyHead
from gateway.local import LocalReply
from gateway.plan import Target
from gateway.replies import Replies
from gateway.replies_kept import KeptReply, kept_reply, told_again
from gateway.replies_key import Likeness, digest_of, likeness
from gateway.replies_rules import Wish, wish
from gateway.settings import Caching
from gateway.sharing import Listener, SharedReply
from gateway.silence import NEVER, expect, hear
from gateway.state import Exchange, Message

HIT: Final = b"hit"
MISS: Final = b"miss"
BYPASS: Final = b"bypass"
COALESCED: Final = b"coalesced"
RESUMED: Final = b"resumed"
# A reply larger than this is not kept, in bytes.
LARGEST: Final = 1024 * 1024
# At most this much chance, and two answers to a request are near enough to one.
DETERMINISTIC: Final = 0.3
NOT_KEPT: Final = Fault(
    "timeout", 504, "only a cached reply was asked for, and there is none", code="not_cached"
)
OWN: Final = frozenset((b"x-request-id", b"request-id", b"server-timing"))
OWN_PREFIX: Final = b"x-penstock-"

Ask = Callable[[Exchange], Awaitable[None]]


class Asked(msgspec.Struct, frozen=True):
    """What was found out about a request that may be cached or shared. `counts`: it wants its usage told."""

    caching: Caching
    wish: Wish
    like: Likeness
    cacheable: bool
    counts: bool


async def recalled(exchange: Exchange, replies: Replies, ask: Ask) -> bool:
    """Whether the first bytes are in hand without an attempt of its own. Raises Refused, UpstreamError."""
    if exchange.operation != "generate" or exchange.peek is None:
        return False
    asked = _asked(exchange, replies)
    if asked is None:
        return False
    if asked.cacheable and asked.wish.reads and _found(exchange, replies, asked):
        exchange.cache = HIT
        _tally(exchange)
        return True
    if asked.wish.only and asked.caching.responses != "off":
        raise Refused(NOT_KEPT)
    if asked.wish.shares:
        await _share(exchange, replies, asked, ask)
        return True
    if exchange.cache:
        _tally(exchange)
    if asked.cacheable and asked.wish.writes:
        exchange.send = Recorder(exchange, replies, asked)
    return False


def _tally(exchange: Exchange) -> None:
    exchange.house.tallies.recalled(exchange.cache.decode())


# What is to be done, and what the request is like.


def _asked(exchange: Exchange, replies: Replies) -> Asked | None:
    """None where nothing is to be done for the request."""
    assert exchange.peek is not None
    caching = replies.caching(exchange.caller.name, exchange.peek.model)
    reconnects = replies.sharing.grace > 0
    if caching.responses == "off" and not caching.coalesce and not reconnects:
        return None
    wanted = wish(caching, exchange.scope["headers"], reconnects=reconnects)
    said = caching.responses != "off" or caching.coalesce
    if said:
        exchange.cache = BYPASS
    like = likeness(exchange)
    if like is None:
        return None
    request = _read(exchange) if caching.responses != "off" else None
    cacheable = request is not None and (caching.force or _deterministic(request))
    if said and (wanted.shares or (cacheable and (wanted.reads or wanted.writes))):
        exchange.cache = MISS
    return Asked(caching, wanted, like, cacheable, request is None or request.include_usage)


def _read(exchange: Exchange) -> ChatRequest | None:
    try:
        return exchange.dialect.read_request(exchange.body, exchange.path)
    except Malformed:
        return None  # it may pass all the same, and what it says is not known


def _deterministic(request: ChatRequest) -> bool:
    sampling = request.sampling
    return sampling.seed is not None or (
        sampling.temperature is not None and sampling.temperature <= DETERMINISTIC
    )


# From the cache.


def _found(exchange: Exchange, replies: Replies, asked: Asked) -> bool:
    """Lay a kept reply ready, if there is one that will do."""
    kept = replies.kept.get(asked.like.digest)
    if kept is None:
        return False
    age = exchange.house.clock() - kept.kept_at
    if age > asked.wish.most_age:
        return False
    stream = exchange.relay == "stream"
    body = told_again(exchange.dialect, kept.value, stream=stream, counts=asked.counts)
    if body is None:
        return False
    exchange.target = _maker(exchange, kept.value)
    exchange.connected_at = exchange.planned_at
    _lay(exchange, kept.value, body)
    assert exchange.head is not None
    exchange.head.headers.append((b"age", b"%d" % age))
    return True


def _maker(exchange: Exchange, kept: KeptReply) -> Target:
    """Who gave the reply, of those this request may go to."""
    made = (one for one in exchange.targets if (one.provider.name, one.model) == kept.maker)
    return next(made, exchange.targets[0])


def _lay(exchange: Exchange, kept: KeptReply, body: bytes) -> None:
    stream = exchange.relay == "stream"
    usual = exchange.dialect.stream_media if stream else JSON[1]
    exchange.head = ReplyHead(200, [], media=kept.media if stream == kept.streamed else usual)
    usage = msgspec.structs.replace(kept.usage)
    exchange.usage, exchange.first = usage, body
    if stream:
        exchange.source = LocalReply((), [])
        exchange.tap = tap = exchange.dialect.tap()
        tap.feed(body)
        tap.usage = usage


# From a call that is shared.


async def _share(exchange: Exchange, replies: Replies, asked: Asked, ask: Ask) -> None:
    """Listen to a call that is under way, or begin one. Raises what went wrong with it."""
    sharing, coalesces = replies.sharing, asked.caching.coalesce
    # Who shares only with its own past is known by its conversation.
    whose = b"" if coalesces else exchange.session
    key = digest_of([asked.like.digest, asked.like.form, whose])
    shared = sharing.find(key, exchange.session, coalesces=coalesces)
    leads = shared is None
    if shared is None:
        shared = sharing.begin(key, exchange, ask)
        assert shared.asking is not None
        if asked.cacheable and asked.wish.writes:
            shared.asking.send = Recorder(shared.asking, replies, asked)
    else:
        exchange.cache = COALESCED if shared.listeners else RESUMED
    if exchange.cache:
        _tally(exchange)
    exchange.body = b""
    exchange.listener = exchange.source = shared.listen(exchange.session)
    await _listen(exchange, exchange.listener, leads=leads)


async def _listen(exchange: Exchange, listener: Listener, *, leads: bool) -> None:
    """Until there is something to show. Raises what the call raised, and what interrupted the exchange."""
    shared = listener.shared
    if exchange.interrupted is not None:
        raise exchange.interrupted
    # Limits and signs of life are the call's: whoever listens hears them.
    expect(exchange, NEVER)
    exchange.wake_at = 0.0
    exchange.connected_at = exchange.sent_at = exchange.house.clock()
    while not shared.status and shared.error is None:
        if await listener.wait() and exchange.interrupted is not None:
            raise exchange.interrupted
    exchange.head_at = exchange.house.clock()
    _adopt(exchange, shared, leads=leads)
    if not shared.status:
        assert shared.error is not None
        raise shared.error
    exchange.head = _head(shared)
    if shared.streamed:
        exchange.tap = tap = exchange.dialect.tap()
        exchange.first = await hear(exchange)
        tap.feed(exchange.first)
        return
    exchange.relay = "whole"
    exchange.first = b"".join([piece async for piece in _pieces(exchange)])


async def _pieces(exchange: Exchange) -> AsyncIterator[bytes]:
    while piece := await hear(exchange):
        yield piece


def _adopt(exchange: Exchange, shared: SharedReply, *, leads: bool) -> None:
    """What is told of the call to each of its clients; who began it is told of its tries as well."""
    asking = shared.asking
    assert asking is not None
    exchange.target, exchange.body_mode, exchange.dropped = asking.target, asking.body_mode, asking.dropped
    exchange.upstream_id, exchange.usage, exchange.error = asking.upstream_id, asking.usage, asking.error
    if leads:
        exchange.attempts, exchange.failed = asking.attempts, asking.failed


def _head(shared: SharedReply) -> ReplyHead:
    """The head without what every reply of ours says for itself."""
    media, kept = b"", []
    for pair in shared.headers:
        if pair[0] == b"content-type":
            media = pair[1]
        elif pair[0] not in OWN and not pair[0].startswith(OWN_PREFIX):
            kept.append(pair)
    return ReplyHead(shared.status, kept, media=media)


def left(exchange: Exchange, listener: Listener) -> None:
    """The exchange is over: it hears no more, and tells what the call has used so far."""
    asking = listener.shared.asking
    if asking is not None and asking.usage is not None:
        exchange.usage = asking.usage
    listener.shared.dismiss(listener, cut=exchange.outcome == "client_gone")


# Written down.


class Recorder:
    """Sends on what is sent, and keeps the reply when it has been said to its end and was well."""

    __slots__ = ("_asked", "_coding", "_exchange", "_good", "_media", "_pieces", "_replies", "_send", "_size")

    def __init__(self, exchange: Exchange, replies: Replies, asked: Asked) -> None:
        self._exchange = exchange
        self._replies = replies
        self._asked = asked
        self._send = exchange.send
        self._pieces: list[bytes] = []
        self._size = 0
        self._good = False
        self._media = self._coding = b""

    async def __call__(self, message: Message) -> None:
        """Send one ASGI message."""
        await self._send(message)
        if message["type"] == "http.response.start":
            self._good = message["status"] == 200
            said = dict(message["headers"])
            self._media, self._coding = said.get(JSON[0], b""), said.get(b"content-encoding", b"")
        elif self._good:
            self._take(message["body"], more=message.get("more_body", False))

    def _take(self, piece: bytes, *, more: bool) -> None:
        self._size += len(piece)
        if self._size > LARGEST:
            self._good = False
            self._pieces.clear()
            return
        self._pieces.append(piece)
        if more:
            return
        exchange = self._exchange
        exchange.send = self._send  # no ring is left that only the collector of garbage would find
        # What a target said that is only asked when the first fails is not kept for when that is well.
        if exchange.outcome == "complete" and exchange.target is exchange.targets[0]:
            self._keep(exchange)

    def _keep(self, exchange: Exchange) -> None:
        streamed = exchange.relay == "stream"
        counted = self._asked.counts or not streamed
        body = _plain(b"".join(self._pieces), self._coding)
        if body is None:
            return
        reply = kept_reply(exchange.dialect, body, streamed=streamed, counted=counted)
        if reply is not None:
            target = exchange.targets[0]
            reply = msgspec.structs.replace(
                reply, maker=(target.provider.name, target.model), media=self._media
            )
            self._replies.keep(self._asked.like.digest, reply, self._asked.caching.ttl)


def _plain(body: bytes, coding: bytes) -> bytes | None:
    """What is kept of a body: it is for clients that may read another coding, or none."""
    if not coding:
        return body
    try:
        return unpacked(body, coding, LARGEST)
    except ValueError:
        return None  # it was relayed as it came, and is no good to anybody else
