"""What the tests of caching and sharing ask, and what a client reads of a reply."""

from typing import Any

import msgspec

from adapters.events import Reply, collect
from adapters.table import DIALECTS
from tests.path.client import Reply as Said
from tests.path.dialects import CHAT, Dialect


def asking(dialect: Dialect, words: str, *, model: str = "", **fields: Any) -> bytes:
    """A request that says these words, with nothing left to chance; its stream tells the usage."""
    said = {"temperature": 0, dialect.said: [{"role": "user", "content": words}], **fields}
    if dialect is CHAT and fields.get("stream"):
        said.setdefault("stream_options", {"include_usage": True})
    return dialect.body(model or dialect.model, **said)


def told(dialect: Dialect, said: Said) -> Reply:
    """The reply as a client of the dialect reads it, streamed or whole, without what only one form has."""
    there = DIALECTS[dialect.name]
    if "event-stream" not in (said.header("content-type") or ""):
        return _plain(there.read_reply(said.body))
    reader = there.stream_reader()
    return _plain(collect([*reader.feed(said.body), *reader.finish()]))


def _plain(reply: Reply) -> Reply:
    return msgspec.structs.replace(reply, created=0, dropped=())


def cache_of(said: Said) -> str | None:
    """What the reply says of the cache."""
    return said.header("x-penstock-cache")
