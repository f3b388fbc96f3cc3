"""A reply as it is kept, and told again: streamed or whole, whichever way it came.

In the form it came in it is told byte for byte; in the other as the middle of the dialects tells it. What
would lose anything on that way is told in its own form only.
"""

import msgspec

from adapters.dialect import Dialect
from adapters.events import BrokenOff, Reply, Usage, collect
from adapters.fault import Malformed
from adapters.sse import EventTooLarge
from adapters.translation import Shown


class KeptReply(msgspec.Struct, frozen=True):
    """The bytes the client of a dialect got, as which media type, and who made them: provider and model.

    `counted`: they tell the usage; `turns`: the other form is as good.
    """

    body: bytes
    streamed: bool
    counted: bool
    turns: bool
    usage: Usage
    maker: tuple[str, str] = ("", "")
    media: bytes = b""


def kept_reply(dialect: Dialect, body: bytes, *, streamed: bool, counted: bool) -> KeptReply | None:
    """Read a reply that has been said to its end, to be kept; None for one that is no complete success."""
    try:
        reply = _read(dialect, body, streamed=streamed)
    except (Malformed, BrokenOff, EventTooLarge):
        return None
    if reply.stop == "refusal":
        return None
    return KeptReply(body, streamed, counted, not reply.dropped, reply.usage)


def told_again(dialect: Dialect, kept: KeptReply, *, stream: bool, counts: bool) -> bytes | None:
    """The bytes for a client that wants a stream or not, with its usage or not; None where it cannot be."""
    if stream == kept.streamed and (not stream or counts == kept.counted):
        return kept.body
    if not kept.turns or not kept.counted:
        return None
    read = _read(dialect, kept.body, streamed=kept.streamed)
    reply = Shown(read.model, read.id, read.created, compaction=read.compaction).reply(read)
    return b"".join(dialect.write_stream(reply, counts)) if stream else dialect.write_reply(reply)


def _read(dialect: Dialect, body: bytes, *, streamed: bool) -> Reply:
    if not streamed:
        return dialect.read_reply(body)
    reader = dialect.stream_reader()
    events = [*reader.feed(body), *reader.finish()]
    return msgspec.structs.replace(collect(events), dropped=tuple(reader.dropped))
