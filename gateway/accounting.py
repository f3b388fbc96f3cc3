"""The end of every exchange, exactly once: tallies, tokens, the ledger's row, one line in the log."""

from adapters.events import Usage
from gateway.affinity import settle
from gateway.journal import Line, now
from gateway.plan import Target
from gateway.prices import MILLION, cost
from gateway.redaction import redact
from gateway.state import Exchange
from gateway.tallies import OUTCOMES, STATUSES

NOBODY = "-"
LONGEST_NAME = 200
LONGEST_LIST = 1000
BODY_MODES = {
    b"verbatim": "verbatim",
    b"model-span": "model-span",
    b"rewritten(lesson)": "rewritten(lesson)",
    b"rewritten(tag)": "rewritten(tag)",
    b"rewritten(translation)": "rewritten(translation)",
    b"none": "",
}


def account(exchange: Exchange) -> None:
    """Count the exchange and write its line."""
    house = exchange.house
    ended = house.clock()
    target = exchange.target
    provider = target.provider.name if target is not None else NOBODY
    if exchange.usage is not None and target is not None and not _paid_elsewhere(exchange):
        _count_tokens(exchange, target, exchange.usage)
        if exchange.pin is not None and exchange.outcome != "error":
            settle(exchange, exchange.pin)
        if exchange.estimated and exchange.outcome == "complete":
            house.estimates.learn(provider, target.model, exchange.estimated, exchange.usage.read)
    if house.keeping is not None:
        house.keeping.booking.closed(exchange)
    if exchange.shared:
        return  # each of its clients has a line and is counted
    if exchange.session:
        house.sessions.note(exchange)
    _tally(exchange, provider, ended)
    broken = exchange.outcome == "error" and exchange.status < 400  # said in band, after a good head
    level = "error" if broken or exchange.status >= 500 else "info"
    recent, wanted = house.tallies.recent, house.journal.wants(level)
    if wanted or recent is not None:
        line = _line(exchange, level, ended)
        if wanted:
            house.journal.write(line)
        if recent is not None:
            recent.append(line)


def _paid_elsewhere(exchange: Exchange) -> bool:
    """The reply was kept, or came of a call that is shared: its tokens were counted there, once."""
    return exchange.listener is not None or exchange.cache == b"hit"


def _tally(exchange: Exchange, provider: str, ended: float) -> None:
    tallies, first, usage = exchange.house.tallies, exchange.first_byte_at, exchange.usage
    tally = tallies.request(exchange.dialect.name, exchange.operation, provider, exchange.relay)
    tally.statuses[exchange.status if exchange.status < STATUSES else 0] += 1
    begun = exchange.head_sent and exchange.status < 400  # an error with a status is no reply that began
    tally.outcomes[OUTCOMES[exchange.outcome] + (len(OUTCOMES) if begun else 0)] += 1
    tally.durations.add(ended - exchange.began)
    if first:
        tally.first_bytes.add(first - exchange.began)
        if usage is not None and exchange.relay == "stream" and usage.output > 1:
            tally.gaps.add((ended - first) / (usage.output - 1))
    tally.own.add(exchange.own_time)
    if exchange.planned_at:
        tallies.planned += 1
        tallies.planned_own += exchange.own_time
        tallies.auth_time += exchange.identified_at - exchange.began
        tallies.plan_time += exchange.planned_at - exchange.body_at
    tallies.signs_of_life += exchange.signs


def _count_tokens(exchange: Exchange, target: Target, usage: Usage) -> None:
    house, provider = exchange.house, target.provider.name
    tally = house.tallies.token(provider, target.model)
    tally.input += usage.input
    tally.cache_read += usage.cache_read
    tally.cache_write += usage.cache_write_5m + usage.cache_write_1h
    tally.output += usage.output
    tally.reasoning += usage.reasoning
    if not house.prices.wanted:
        return
    exchange.cost = cost(usage, target.price)
    if exchange.cost is not None:
        # With a ledger each of its rows has counted its own, those of vain tries too.
        tally.cost += exchange.cost if house.keeping is None else 0
        return
    tally.unpriced += 1
    if tally.unpriced == 1:
        words = f"prices: nobody knows what {provider}/{target.model[:LONGEST_NAME]} costs"
        house.journal.say("error", redact(words))


def _line(exchange: Exchange, level: str, ended: float) -> Line:
    """Made in one call, with what every exchange has; the rest is added where there is any."""
    peek, target, first = exchange.peek, exchange.target, exchange.first_byte_at
    line = Line(
        time=now(),
        level=level,
        message="request",
        id=exchange.request_id.decode(),
        caller=exchange.caller.name,
        dialect=exchange.dialect.name,
        operation=exchange.operation,
        model="" if peek is None else peek.model[:LONGEST_NAME],
        provider="" if target is None else target.provider.name,
        target="" if target is None else target.model[:LONGEST_NAME],
        route=exchange.route[:LONGEST_NAME],
        body=BODY_MODES[exchange.body_mode],
        relay=exchange.relay,
        status=exchange.status,
        outcome=exchange.outcome,
        attempts=exchange.attempts,
        bytes_in=exchange.bytes_in,
        bytes_out=exchange.bytes_out,
        first_byte_ms=_milliseconds(first - exchange.began) if first else 0.0,
        total_ms=_milliseconds(ended - exchange.began),
        own_ms=_milliseconds(exchange.own_time),
    )
    if exchange.usage is not None:
        _add_usage(line, exchange.usage)
    if exchange.cost is not None:
        line.cost = f"{exchange.cost / MILLION:.6f}"
    if exchange.dropped:
        line.dropped = ", ".join(exchange.dropped)[:LONGEST_LIST]
    if exchange.leaving:
        line.leaving = exchange.leaving
    if exchange.seat is not None:
        line.credential = exchange.seat.key + 1
    if exchange.left_out:
        line.left_out = "; ".join(exchange.left_out)[:LONGEST_LIST]
    if exchange.cache:
        line.cache = exchange.cache.decode()
    if exchange.failed:
        line.failed = ", ".join(exchange.failed)[:LONGEST_LIST]
    if exchange.error or exchange.upstream_id or exchange.session or exchange.agent:
        _add_words(line, exchange)
    return line


def _add_usage(line: Line, usage: Usage) -> None:
    line.input = usage.input
    line.cache_read = usage.cache_read
    line.cache_write = usage.cache_write_5m + usage.cache_write_1h
    line.output = usage.output
    line.reasoning = usage.reasoning


def _add_words(line: Line, exchange: Exchange) -> None:
    """What others said: keys are taken out of it."""
    line.error = redact(exchange.error)
    line.upstream_id = redact(exchange.upstream_id.decode("latin-1"))
    line.session = redact(exchange.session.decode("latin-1"))
    line.agent = redact(exchange.agent.decode("latin-1"))


def _milliseconds(seconds: float) -> float:
    # To the microsecond, without the price of round().
    return int(seconds * 1e6) / 1e3
