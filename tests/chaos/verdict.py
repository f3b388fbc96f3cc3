"""What is wrong with a run, in words; nothing means that every rule held.

Each rule is a function of what is known from every side: what the clients heard, what the upstreams wrote
into their books, what the gateway's log and /metrics say, and what it still holds.
"""

from collections import Counter
from collections.abc import Iterator
from typing import TypeVar

from tests.chaos.books import WELL, text_of
from tests.chaos.figures import (
    FAILOVERS,
    KINDS_OF_TOKENS,
    REQUESTS,
    STREAMS,
    TOKENS,
    Row,
    labels,
)
from tests.chaos.kinds import KINDS, Meaning
from tests.chaos.ledger import ledger_problems, used_at
from tests.chaos.plans import HEDGED, kind_of
from tests.chaos.run import Asked, Result

Name = TypeVar("Name")
# Four tries of 600 ms to connect and 1.5 s for a whole reply, the pauses between, and a busy machine.
LONGEST = 15.0


def problems(result: Result) -> list[str]:
    """Everything that is wrong."""
    written = {row.id: row for row in result.rows}
    found = [f"{describe(one)}: {words}" for one in result.asked for words in _of_one(result, one, written)]
    booked = ledger_problems(result.entries, written, result.books)
    return [*found, *_lines(result), *_metrics(result), *booked, *_left_over(result), *result.books.refused]


def describe(asked: Asked) -> str:
    """Which exchange it was."""
    return f"{asked.cell.model} {asked.cell.form} ({asked.mark})"


def _of_one(result: Result, asked: Asked, written: dict[str, Row]) -> Iterator[str]:
    row = written.get(asked.mark)
    if row is None:
        yield "it has no line in the log"
        return
    if asked.heard.left:
        yield from _left_by_client(result, asked, row)
        return
    if asked.heard.ending == "broken":
        yield f"the client made no sense of it: {asked.heard}"
    if row.outcome != asked.heard.ending:
        yield f"the client heard `{asked.heard.ending}`, the log says `{row.outcome}`: {asked.heard}"
    if row.status != asked.heard.status:
        yield f"the client heard {asked.heard.status}, the log says {row.status}"
    if asked.seconds > LONGEST:
        yield f"it took {asked.seconds:.1f} s"
    yield from _served(result, asked, row)
    yield from _tries(result, asked, row)


def _left_by_client(result: Result, asked: Asked, row: Row) -> Iterator[str]:
    """Who left may just have been served, or told; nobody was asked for it that was not written down."""
    told = [provider for provider, _ in row.failures] + [row.provider]
    served, there = result.books.served.get(asked.mark, []), result.books.asked.get(asked.mark, [])
    twice = len(served) > 1 and asked.cell.arrangement not in HEDGED
    if twice or not set(there) <= set(told):
        yield f"the client left; the log says it asked {told}, the books say {there}, and {served} served it"


def _served(result: Result, asked: Asked, row: Row) -> Iterator[str]:
    """Who could be served was, once, and nobody heard the words of another."""
    served = result.books.served.get(asked.mark, [])
    if len(served) > 1 and asked.cell.arrangement not in HEDGED:
        yield f"it was served by {served}"
    last = _meaning(asked, row.provider)
    if asked.heard.ending == "complete":
        if asked.heard.text != text_of(asked.mark, row.provider):
            yield f"the client heard {asked.heard.text!r} of {row.provider}"
        # Of two at once the other may have said all of it, too, to nobody.
        hedged = asked.cell.arrangement in HEDGED
        if not (served == [row.provider] or (hedged and row.provider in served)) or last == "left":
            yield f"the log says that {row.provider} served it, the books say {served}"
        return
    if last == "serves":
        yield f"{row.provider} would have served it: {row.error}"
    visited = {provider for provider, _ in row.failures} | {row.provider}
    spared = [target for target in asked.cell.targets if target not in visited]
    if spared and last == "left":
        yield f"{spared} were never asked: {row.failed} then {row.provider} {row.error}"
    elif last == "left" and any(kind_of(target) == WELL for target in asked.cell.targets):
        yield f"a well target was left: {row.failed}"


def _meaning(asked: Asked, provider: str) -> Meaning:
    kind = kind_of(provider)
    return "serves" if kind == WELL else KINDS[kind].meaning(streamed=asked.cell.streamed)


def _tries(result: Result, asked: Asked, row: Row) -> Iterator[str]:
    """The log names each try that failed, and the books know of each that arrived."""
    tries = [provider for provider, _ in row.failures]
    if asked.cell.kind.keys > 1:
        return  # what is left alone because all of its keys rest is written down, and was not asked
    if len(tries) not in (row.attempts, row.attempts - 1):
        yield f"{row.attempts} attempts, and {len(tries)} that failed"
    told = tries if len(tries) == row.attempts else [*tries, row.provider]
    there = [one for one in told if kind_of(one) == WELL or KINDS[kind_of(one)].asked]
    found = result.books.asked.get(asked.mark, [])
    # Two at once arrive as they come; a rival that was ended at once may not have arrived at all.
    hedged = asked.cell.arrangement in HEDGED
    if there != found and not (hedged and Counter(found) <= Counter(there)):
        yield f"the log says it asked {there}, the books say {found}"


def _lines(result: Result) -> Iterator[str]:
    """One line for each, with the tokens that were served."""
    often = [mark for mark, lines in Counter(row.id for row in result.rows).items() if lines != 1]
    if often:
        yield f"{len(often)} requests have more than one line in the log: {often[:3]}"
    for row in result.rows:
        told = (row.input + row.cache_read + row.cache_write, row.output)
        if row.outcome == "complete" and told != used_at(row.provider):
            yield f"{row.id} was served by {row.provider}, and the log says {told} tokens"


def _metrics(result: Result) -> Iterator[str]:
    """What /metrics counts is the sum of the lines."""
    rows = result.rows
    asked = Counter(_labels(row, status=row.status) for row in rows)
    streams = Counter(
        labels(dialect=row.dialect, operation=row.operation, provider=row.provider, outcome=row.outcome)
        for row in rows
        if row.relay == "stream"
    )
    tokens: Counter[frozenset[tuple[str, str]]] = Counter()
    left: Counter[str] = Counter()
    for row in rows:
        for kind in KINDS_OF_TOKENS:
            tokens[labels(provider=row.provider, model=row.target, kind=kind)] += getattr(row, kind)
        left.update(_left(row))
    since = {name: result.after.since(result.before, name) for name in (REQUESTS, STREAMS, TOKENS)}
    for name, wanted in ((REQUESTS, asked), (STREAMS, streams), (TOKENS, _merged(tokens))):
        counted = _merged(since[name]) if name == TOKENS else since[name]
        if counted != wanted:
            yield f"{name} and the log differ: {_difference(counted, wanted)}"
    if any(one.cell.arrangement in HEDGED for one in result.asked):
        return  # who is asked beside another was not gone on to
    failovers: Counter[str] = Counter()
    for found, number in result.after.since(result.before, FAILOVERS).items():
        failovers[dict(found)["provider"]] += number
    if failovers != left:
        yield f"{FAILOVERS} and the log differ: {_difference(failovers, left)}"


def _left(row: Row) -> list[str]:
    """The providers that were left for another, once each time."""
    tries = [provider for provider, _ in row.failures]
    # An answer may be that of an earlier target, which is worth more; what is no answer came last.
    went_on = row.outcome != "error" or len(tries) < row.attempts
    behind = [*tries[1:], *([row.provider] if went_on else [])]
    return [one for one, other in zip(tries, behind, strict=False) if one != other]


def _labels(row: Row, **more: object) -> frozenset[tuple[str, str]]:
    known = {"dialect": row.dialect, "operation": row.operation, "provider": row.provider}
    return labels(**known, relay=row.relay, **more)


def _merged(tokens: Counter[frozenset[tuple[str, str]]]) -> Counter[frozenset[tuple[str, str]]]:
    """Without names of models, of which only so many are told apart."""
    merged: Counter[frozenset[tuple[str, str]]] = Counter()
    for found, number in tokens.items():
        if number:
            merged[frozenset(pair for pair in found if pair[0] != "model")] += number
    return merged


def _difference(counted: Counter[Name], wanted: Counter[Name]) -> str:
    more, fewer = counted - wanted, wanted - counted
    return f"{more.total()} more {list(more.items())[:3]}, {fewer.total()} fewer {list(fewer.items())[:3]}"


def _left_over(result: Result) -> Iterator[str]:
    if result.held_after != result.held_before:
        yield f"before the run it held {result.held_before}, and after it {result.held_after}"
