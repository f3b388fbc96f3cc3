"""How much may be asked for: requests, tokens and requests at once, of all callers and of one (feature G6).

A request is let in when every limit over it has room, and counts at once with what it is expected to use: its
body as it is weighed, and the answer it asks for. When it is over that is mended to what it has used.
Refused, it is told how long until there is room. Counts are a worker's own.
"""

import math
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import msgspec

from adapters.fault import Fault
from gateway.errors import Refused
from gateway.settings import LimitSettings, Settings
from gateway.state import Exchange, Pair
from gateway.window import Entry, Window, whole

# What an answer is expected to be where the request does not say, in tokens.
ANSWER: Final = 1000
# A client that left before its tokens were told: so many bytes of a stream are one, about.
BYTES_PER_TOKEN: Final = 16
NO_LIMITS: Final = LimitSettings()
TOO_MANY: Final = Fault("rate_limited", 429, "", code="rate_limit_exceeded")
WORDS: Final = {
    "requests": "requests",
    "tokens": "tokens",
    "input": "tokens of input",
    "output": "tokens of output",
}
NAMES: Final = {
    "requests": b"requests",
    "tokens": b"tokens",
    "input": b"input-tokens",
    "output": b"output-tokens",
}
PREFIXES: Final = (b"x-ratelimit-", b"anthropic-ratelimit-")
ANTHROPIC: Final = "anthropic-messages"
COUNTED: Final = frozenset(("generate", "embed"))


class Meter:
    """What one limit of the configuration has counted: a window for each kind that it bounds."""

    __slots__ = ("concurrent", "inside", "settings", "weighs", "windows")

    def __init__(self, settings: LimitSettings) -> None:
        self.settings = settings
        kinds = {
            "requests": settings.requests_per_minute,
            "tokens": settings.tokens_per_minute,
            "input": settings.input_tokens_per_minute,
            "output": settings.output_tokens_per_minute,
        }
        self.windows = tuple((kind, Window(most)) for kind, most in kinds.items() if most)
        self.weighs = any(kind != "requests" for kind, _ in self.windows)
        self.concurrent = settings.concurrent
        self.inside = 0


class Ticket(msgspec.Struct):
    """What a request was counted with: its meters, the tokens expected, and where they stand."""

    meters: tuple[Meter, ...]
    input: int
    output: int
    entries: list[tuple[Window, Entry, str]]

    def amount(self, kind: str) -> int:
        """What it counts for in a window of a kind."""
        if kind == "requests":
            return 1
        return (self.input if kind != "output" else 0) + (self.output if kind != "input" else 0)


class Limits:
    """The limits of one configuration. What has been counted goes on where they are equal."""

    __slots__ = ("_by_caller", "_clock", "_everybody", "known")

    def __init__(self, settings: Settings, clock: Callable[[], float], before: "Limits | None") -> None:
        self._clock = clock
        there = {} if before is None else before.known
        said = {"": settings.limits, **{key.name: key.limits for key in settings.keys}}
        self.known: dict[str, Meter] = {
            name: there[name] if name in there and there[name].settings == one else Meter(one)
            for name, one in said.items()
            if one != NO_LIMITS
        }
        everybody = (self.known[""],) if "" in self.known else ()
        self._everybody = everybody
        self._by_caller = {name: (*everybody, meter) for name, meter in self.known.items() if name}

    def enter(self, exchange: Exchange) -> None:
        """Count a request, where there is room for it. Raises Refused (429)."""
        meters = self._by_caller.get(exchange.caller.key_id, self._everybody)
        if not meters:
            return
        now = self._clock()
        ticket = Ticket(meters, *_expected(exchange, meters), [])
        for meter in meters:
            _check(meter, ticket, now)
        for meter in meters:
            meter.inside += 1
            for kind, window in meter.windows:
                ticket.entries.append((window, window.add(now, ticket.amount(kind)), kind))
        exchange.ticket = ticket

    def leave(self, exchange: Exchange) -> None:
        """The request is over: mend what was expected to what was used; a second time does nothing."""
        ticket, exchange.ticket = exchange.ticket, None
        if ticket is None:
            return
        now, said = self._clock(), msgspec.structs.replace(ticket)
        ticket.input, ticket.output = _used(exchange, said)
        for window, entry, kind in ticket.entries:
            change = ticket.amount(kind) - said.amount(kind)
            if change:
                window.mend(entry, now, change)
        for meter in ticket.meters:
            meter.inside -= 1

    def told(self, exchange: Exchange, headers: list[Pair]) -> list[Pair]:
        """The header fields with what is left, in the client's own words and without anybody else's (G7)."""
        meters = self._by_caller.get(exchange.caller.key_id, self._everybody)
        if not meters or not exchange.caller.name:
            return headers
        kept = [pair for pair in headers if not pair[0].startswith(PREFIXES)]
        now, tightest = self._clock(), dict[str, Window]()
        for meter in meters:
            for kind, window in meter.windows:
                other = tightest.get(kind)
                if other is None or window.left(now) < other.left(now):
                    tightest[kind] = window
        spell = _anthropic if exchange.dialect.name == ANTHROPIC else _openai
        for kind, window in tightest.items():
            kept += spell(kind, window, now)
        return kept


def _openai(kind: str, window: Window, now: float) -> list[Pair]:
    name = NAMES[kind]
    return [
        (b"x-ratelimit-limit-" + name, b"%d" % window.limit),
        (b"x-ratelimit-remaining-" + name, b"%d" % window.left(now)),
        (b"x-ratelimit-reset-" + name, b"%ds" % math.ceil(window.clear_in(now))),
    ]


def _anthropic(kind: str, window: Window, now: float) -> list[Pair]:
    start = b"anthropic-ratelimit-" + NAMES[kind]
    clear = datetime.fromtimestamp(math.ceil(time.time() + window.clear_in(now)), UTC)
    return [
        (start + b"-limit", b"%d" % window.limit),
        (start + b"-remaining", b"%d" % window.left(now)),
        (start + b"-reset", f"{clear:%Y-%m-%dT%H:%M:%SZ}".encode()),
    ]


def limits_for(settings: Settings, clock: Callable[[], float], before: Limits | None) -> Limits | None:
    """None where the configuration limits nobody."""
    if settings.limits == NO_LIMITS and all(key.limits == NO_LIMITS for key in settings.keys):
        return None
    return Limits(settings, clock, before)


def _check(meter: Meter, ticket: Ticket, now: float) -> None:
    if meter.concurrent and meter.inside >= meter.concurrent:
        words = f"{meter.concurrent} requests at once are allowed, and as many are under way"
        raise Refused(msgspec.structs.replace(TOO_MANY, message=words, retry_after=1))
    for kind, window in meter.windows:
        seconds = window.wait(now, ticket.amount(kind))
        if seconds:
            words = (
                f"{window.limit} {WORDS[kind]} a minute are allowed; try again in {whole(seconds)} seconds"
            )
            raise Refused(msgspec.structs.replace(TOO_MANY, message=words, retry_after=whole(seconds)))


def _expected(exchange: Exchange, meters: tuple[Meter, ...]) -> tuple[int, int]:
    """Tokens of input and of output."""
    if exchange.operation not in COUNTED or not any(meter.weighs for meter in meters):
        return 0, 0
    weighed = exchange.dialect.estimate(exchange.body)
    if exchange.operation == "embed":
        return weighed, 0
    asked = exchange.peek.max_tokens if exchange.peek is not None else None
    return weighed, ANSWER if asked is None else asked


def _used(exchange: Exchange, said: Ticket) -> tuple[int, int]:
    """What was used: as it was told, or what was seen of it by who left; nothing where nobody was asked."""
    usage = exchange.usage if exchange.cache != b"hit" else None
    read = 0
    if usage is not None:
        read = usage.input + usage.cache_read + usage.cache_write_5m + usage.cache_write_1h
    if exchange.outcome != "client_gone":
        return read, 0 if usage is None else usage.output
    if not exchange.sent_at:
        return 0, 0
    seen = min(exchange.bytes_out // BYTES_PER_TOKEN, said.output)
    return read or said.input, max(seen, 0 if usage is None else usage.output)
