"""What a worker is doing at one moment, read from what it keeps in memory anyway.

Counts only grow; what happened in a second is the difference of two samples.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from gateway.house import House
from gateway.journal import Line
from gateway.limits_account import WORDS, Account
from gateway.state import Exchange
from gateway.tallies import OUTCOMES, Tallies

MOST_SHOWN: Final = 40
# A limit is told of when so much of it is taken.
CLOSE: Final = 0.5
# So many callers' limits are looked at: a page costs as little with a hundred thousand keys.
MOST_ACCOUNTS: Final = 300
MILLION: Final = 1_000_000


class Running(msgspec.Struct):
    """A request under way. `seconds`: since it began."""

    id: str
    caller: str
    asked: str
    target: str
    dialect: str
    state: str
    seconds: float
    written: int
    attempts: int
    session: str
    agent: str


class Ended(msgspec.Struct):
    """A request that is over, as its line in the log tells it."""

    time: str
    id: str
    caller: str
    asked: str
    target: str
    status: int
    outcome: str
    seconds: float
    first_byte: float
    input: int
    output: int
    cache_read: int
    failed: str
    session: str


class Place(msgspec.Struct):
    """A target that was asked so far, and how its breaker stands."""

    provider: str
    model: str
    breaker: str
    tokens: int


class Near(msgspec.Struct):
    """A limit, and how much of it is taken."""

    who: str
    kind: str
    taken: float
    limit: float


class Totals(msgspec.Struct):
    """What has been counted since the start, over all kinds of requests."""

    requests: float = 0
    errors: float = 0
    departed: float = 0
    input: int = 0
    cache_read: int = 0
    output: int = 0
    first_bytes: float = 0
    waited: float = 0


class Second(msgspec.Struct):
    """What happened between two samples, for each second of it. Milliseconds: None where nothing began."""

    at: float
    inside: int
    requests: float
    errors: float
    input: float
    output: float
    first_byte: float | None


class Snapshot(msgspec.Struct):
    """All that a page shows of now."""

    second: Second
    totals: Totals
    most_inside: int
    running: list[Running]
    ended: list[Ended]
    places: list[Place]
    near: list[Near]


class Sampler:
    """Takes snapshots of one worker."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._before = totals(house.tallies)
        self._taken_at = house.clock()

    def snapshot(self) -> Snapshot:
        """Now, and what has happened since the last time."""
        house, now = self._house, self._house.clock()
        counted, before = totals(house.tallies), self._before
        passed = max(now - self._taken_at, 0.001)
        running = sorted(house.timekeeper.inside(), key=lambda exchange: exchange.began)
        self._before, self._taken_at = counted, now
        began = counted.first_bytes - before.first_bytes
        second = Second(
            at=house.calendar(),
            inside=len(running),
            requests=(counted.requests - before.requests) / passed,
            errors=(counted.errors - before.errors) / passed,
            input=(counted.input + counted.cache_read - before.input - before.cache_read) / passed,
            output=(counted.output - before.output) / passed,
            first_byte=(counted.waited - before.waited) / began * 1000 if began else None,
        )
        return Snapshot(
            second=second,
            totals=counted,
            most_inside=house.settings.server.max_inside,
            running=[_running(exchange, now) for exchange in running[:MOST_SHOWN]],
            ended=[_ended(line) for line in reversed(house.tallies.recent or ())],
            places=list(_places(house, now)),
            near=list(_near(house, now)),
        )


def totals(tallies: Tallies) -> Totals:
    """The counts of all kinds of requests, added up."""
    found = Totals()
    for tally in tallies.requests.values():
        found.requests += sum(tally.outcomes)
        found.errors += tally.outcomes[OUTCOMES["error"]]
        found.departed += tally.outcomes[OUTCOMES["client_gone"]]
        found.first_bytes += sum(tally.first_bytes.counts)
        found.waited += tally.first_bytes.total
    for tokens in tallies.tokens.values():
        found.input += tokens.input + tokens.cache_write
        found.cache_read += tokens.cache_read
        found.output += tokens.output
    return found


def _running(exchange: Exchange, now: float) -> Running:
    target = exchange.target
    return Running(
        id=exchange.request_id.decode("latin-1"),
        caller=exchange.caller.name,
        asked="" if exchange.peek is None else exchange.peek.model[:100],
        target="" if target is None else f"{target.provider.name}/{target.model}"[:100],
        dialect=exchange.dialect.name,
        state=_state(exchange),
        seconds=now - exchange.began,
        written=exchange.bytes_out,
        attempts=exchange.attempts,
        session=exchange.session.decode("latin-1")[:100],
        agent=exchange.agent.decode("latin-1")[:100],
    )


def _state(exchange: Exchange) -> str:
    """The phase a request is in, in a word."""
    if exchange.first_byte_at:
        return "streaming" if exchange.relay == "stream" else "answering"
    if exchange.sent_at:
        return "waiting for the first byte"
    return "connecting" if exchange.target is not None else "arriving"


def _ended(line: Line) -> Ended:
    return Ended(
        time=line.time,
        id=line.id,
        caller=line.caller,
        asked=line.model[:100],
        target=f"{line.provider}/{line.target}"[:100] if line.provider else "",
        status=line.status,
        outcome=line.outcome,
        seconds=line.total_ms / 1000,
        first_byte=line.first_byte_ms / 1000,
        input=line.input + line.cache_write + line.cache_read,
        output=line.output,
        cache_read=line.cache_read,
        failed=line.failed,
        session=line.session[:100],
    )


def _places(house: House, now: float) -> Iterable[Place]:
    """Those that are left alone first, then the busiest."""
    tokens = house.tallies.tokens
    found = []
    for (provider, model), state in house.breakers.states(now).items():
        tally = tokens.get((provider, model))
        used = 0 if tally is None else tally.input + tally.cache_read + tally.cache_write + tally.output
        found.append(Place(provider, model[:100], state.replace("_", "-"), used))
    found.sort(key=lambda place: (place.breaker == "closed", -place.tokens))
    return found[:MOST_SHOWN]


def _near(house: House, now: float) -> list[Near]:
    """The limits and budgets that are half taken or more, the closest to their end first."""
    if house.limits is None:
        return []
    found: dict[tuple[str, str], Near] = {}
    today = house.calendar()
    for account in house.limits.accounts(MOST_ACCOUNTS):
        for one in _of_account(account, now, today):
            if one.taken >= CLOSE * one.limit:
                found[one.who, one.kind] = one
    return sorted(found.values(), key=lambda one: -one.taken / one.limit)[:MOST_SHOWN]


def _of_account(account: Account, now: float, today: float) -> Iterable[Near]:
    for gauge in account.gauges:
        taken = gauge.most - gauge.window.left(now, gauge.most)
        yield Near(gauge.scope, f"{WORDS[gauge.kind]} a minute", int(taken), gauge.most)
    for crowd in account.crowds:
        if crowd.most:
            yield Near(crowd.scope, "requests at once", crowd.meter.inside, crowd.most)
    for allowance in account.allowances:
        purse = allowance.purse
        spent = (purse.spent(today) + purse.held) / MILLION
        yield Near(purse.scope, f"dollars a {purse.word}", spent, allowance.most / MILLION)
