"""What clients have been seen to send for the first time: a beta, a field, a kind of tool, an endpoint (O9).

A client is told by its `user-agent`, its name and its version. One request a second is looked at, so that a
busy gateway pays nothing for it, and one with a person before it misses little. What a new version of a
client sends that no earlier one did is said in the log. All of it is bounded, and of this worker since it was
started.
"""

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from adapters.fault import Malformed
from adapters.request import decode_body
from gateway.journal import Journal
from gateway.redaction import redact
from gateway.state import Exchange

EVERY: Final = 1.0  # seconds
LARGEST: Final = 256 * 1024  # bytes of a body that is looked into
MOST: Final = 1000
MOST_CLIENTS: Final = 50
MOST_OF_ONE: Final = 200
LONGEST: Final = 80
OTHER: Final = "other"
NOBODY: Final = "-"
AGENT: Final = re.compile(r"([A-Za-z][\w .@-]{0,39})/(\d[\w.+-]{0,30})")
BETAS: Final = frozenset((b"anthropic-beta", b"openai-beta"))
MEMBERS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
TOOLS: Final = msgspec.json.Decoder(list[dict[str, msgspec.Raw]]).decode
TYPE: Final = msgspec.json.Decoder(str).decode


class Sighting(msgspec.Struct, frozen=True):
    """What was seen first, when, and in which version of a client."""

    client: str
    version: str
    kind: str
    name: str
    at: dt.datetime


class Drift:
    """Of one worker. `next`: from when on a request that began is looked at."""

    __slots__ = ("_calendar", "_counts", "_first", "_journal", "_seen", "next")

    def __init__(self, journal: Journal, calendar: Callable[[], float]) -> None:
        self._journal = journal
        self._calendar = calendar
        self._seen: dict[tuple[str, str, str], Sighting] = {}
        self._first: dict[str, str] = {}
        self._counts: Counter[tuple[str, str]] = Counter()
        self.next = 0.0

    def look(self, exchange: Exchange) -> None:
        """Note what is new about a request."""
        self.next = exchange.began + EVERY
        client, version = self._client(exchange)
        for kind, name in _traits(exchange):
            self._note((client, kind, name), version)

    def sightings(self) -> list[Sighting]:
        """Everything that was seen, the latest first."""
        return sorted(self._seen.values(), key=lambda one: one.at, reverse=True)

    def counts(self) -> dict[tuple[str, str], int]:
        """How much was seen first, by client and kind."""
        return dict(self._counts)

    def _client(self, exchange: Exchange) -> tuple[str, str]:
        said = next((value for name, value in exchange.scope["headers"] if name == b"user-agent"), b"")
        told = AGENT.match(said.decode("latin-1"))
        name, version = (told[1], told[2]) if told else (_shown(said.decode("latin-1")) or NOBODY, "")
        if name not in self._first and len(self._first) >= MOST_CLIENTS:
            name, version = OTHER, ""
        self._first.setdefault(name, version)
        return name, version

    def _note(self, key: tuple[str, str, str], version: str) -> None:
        client, kind, name = key
        if key in self._seen or len(self._seen) >= MOST or self._counts[client, kind] >= MOST_OF_ONE:
            return
        self._counts[client, kind] += 1
        at = dt.datetime.fromtimestamp(self._calendar(), dt.UTC)
        self._seen[key] = Sighting(client, version, kind, name, at)
        if version != self._first[client]:
            self._journal.say("info", f"first seen: {client} {version} sends the {kind} {name}")


def _traits(exchange: Exchange) -> Iterator[tuple[str, str]]:
    """What there is to be seen of a request, as kind and name."""
    scope = exchange.scope
    for name, value in scope["headers"]:
        if name in BETAS:
            yield from (("beta", _shown(one)) for one in value.decode("latin-1").split(",") if one.strip())
    known = exchange.operation not in ("none", "forward")
    place = f"{exchange.dialect.name} {exchange.operation}" if known else f"{scope['method']} {scope['path']}"
    yield "endpoint", _shown(place)
    if 0 < len(exchange.body) <= LARGEST and exchange.operation != "none":
        yield from _of_body(exchange.body)


def _of_body(body: bytes) -> Iterator[tuple[str, str]]:
    try:
        members = decode_body(MEMBERS, body)
        yield from (("field", _shown(name)) for name in members)
        tools = decode_body(TOOLS, bytes(members.get("tools", b"[]")))
        yield from (("tool", _shown(kind)) for tool in tools for kind in _kinds(tool))
    except Malformed:
        return  # what is wrong with it the client was told


def _kinds(tool: dict[str, msgspec.Raw]) -> list[str]:
    """What kind of tool it is: it says so, or it is told by its members, as Gemini's are."""
    return [decode_body(TYPE, bytes(tool["type"]))] if "type" in tool else list(tool)


def _shown(text: str) -> str:
    """A client's word as it may be shown."""
    word = redact(text.strip()[:LONGEST])
    return word if word.isprintable() else word.encode("unicode_escape").decode()
