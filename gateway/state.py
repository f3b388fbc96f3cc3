"""The exchange: one request and its reply, first byte to last, as the one object its stages share.

Attributes stand in groups by when they are first known. Stages read what earlier groups hold and
write their own; nothing else is passed between them. Times are the house's clock, in seconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from adapters.dialect import Dialect, Peek, Tap
from adapters.embeddings import EmbeddingRequest
from adapters.events import Usage
from adapters.translation import Shown
from gateway.caller import NOBODY, Caller

if TYPE_CHECKING:
    from gateway.breaker import Breaker
    from gateway.heads import ReplyHead
    from gateway.house import House
    from gateway.limits_account import Ticket
    from gateway.pins import Pin
    from gateway.plan import Target
    from gateway.seat import Seat
    from gateway.sharing import Listener
    from gateway.source import Source
    from gateway.upstream import Wire
    from gateway.upstream_pool import Pool
    from store.rows import Attempt

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Pair = tuple[bytes, bytes]

Work = Literal["generate", "count_tokens", "embed", "forward", "models", "none"]
Relay = Literal["whole", "stream", "raw"]
Outcome = Literal["complete", "error", "client_gone"]
BodyMode = Literal[
    b"verbatim", b"model-span", b"rewritten(lesson)", b"rewritten(tag)", b"rewritten(translation)", b"none"
]


class Exchange(msgspec.Struct, eq=False):
    """See the groups."""

    # From the server.
    house: House
    dialect: Dialect
    operation: Work
    path: str
    scope: Scope
    receive: Receive
    send: Send
    began: float
    profile: str = ""
    # The provider that the path names: no other is asked.
    named: str = ""

    # From the head of the request.
    request_id: bytes = b""
    caller: Caller = NOBODY
    forward: list[Pair] = []
    fields: bytes = b""
    nominated: frozenset[bytes] = frozenset()
    credentials: list[Pair] = []
    offered_codings: bytes = b""
    coding: bytes = b""
    content_length: int = -1
    session: bytes = b""
    agent: bytes = b""
    query: bytes = b""
    overrides: tuple[Pair, ...] = ()
    use: str = ""
    alone: bool = False
    deadline: float = 0.0
    origin: bytes = b""
    identified_at: float = 0.0

    # From its body.
    body: bytes = b""
    bytes_in: int = 0
    peek: Peek | None = None
    body_at: float = 0.0
    # About how many tokens it has, once somebody has asked (`weighed`).
    weight: int = 0

    # From the plan.
    route: str = ""
    # Why the try under way was made: of the plan, until one has failed.
    decision: str = ""
    untagged: bool = False
    targets: tuple[Target, ...] = ()
    left_out: tuple[str, ...] = ()
    pin: Pin | None = None
    planned_at: float = 0.0
    admitted: bool = False
    ticket: Ticket | None = None

    # From the attempt that counts.
    target: Target | None = None
    source: Source | None = None
    wire: Wire | None = None
    pool: Pool | None = None
    body_mode: BodyMode = b"none"
    shown: Shown | None = None
    embedding: EmbeddingRequest | None = None
    estimated: int = 0
    dropped: tuple[str, ...] = ()
    attempts: int = 0
    rotations: int = 0
    leaving: str = ""
    part: Literal["", "first", "second"] = ""
    seat: Seat | None = None
    again: bool = False
    others: bool = False
    trial: Breaker | None = None
    probe: bool = False
    # For the ledger: when the try began, and what is known of one that failed until the next begins.
    tried_at: float = 0.0
    past: Attempt | None = None
    failed: tuple[str, ...] = ()
    status: int = 0
    head: ReplyHead | None = None
    relay: Relay = "whole"
    coded: bool = False
    retry_after: int = 0
    first: bytes = b""
    connected_at: float = 0.0
    sent_at: float = 0.0
    head_at: float = 0.0

    # From the cache, or from a call several share. `shared`: it is that call, and no client's own.
    cache: bytes = b""
    listener: Listener | None = None
    shared: bool = False

    # From the reply.
    tap: Tap | None = None
    held: list[bytes] = []
    usage: Usage | None = None
    cost: int | None = None
    upstream_id: bytes = b""
    head_sent: bool = False
    first_byte_at: float = 0.0
    bytes_out: int = 0
    own_time: float = 0.0
    outcome: Outcome = "complete"
    error: str = ""

    # Attention: when and why whoever waits is woken (silence.py).
    wake_at: float = 0.0
    heard_at: float = 0.0
    signed_at: float = 0.0
    limit: float = 0.0
    signs: int = 0
    interrupted: Exception | None = None
    closed: bool = False
    watcher: asyncio.Task[None] | None = None
    dialling: asyncio.Task[Any] | None = None


def weighed(exchange: Exchange) -> int:
    """About how many tokens a request has, before that is mended. To weigh is to decode all of it: once."""
    if not exchange.weight:
        exchange.weight = exchange.dialect.estimate(exchange.body)
    return exchange.weight
