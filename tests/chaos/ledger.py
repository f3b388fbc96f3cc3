"""The ledger of a chaos run, held against the log and the upstreams' own books.

What an upstream said to its end it has served, and used what it told: the ledger has those tokens in exactly
one row, to the token. Where the gateway did not hear the end of it, because somebody had left, the ledger has
an estimate, and says so; what an upstream did not serve is an estimate, or nothing.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from store import ledger
from store.connect import Database
from store.rows import Attempt
from tests.chaos.books import Books
from tests.chaos.figures import Row

FILE = "chaos.db"
MANY = 1_000_000
# What the voices of the replay upstream report: what Anthropic's says of input is without what was cached.
TOKENS_IN, CACHED, TOKENS_OUT = 11, 5, 7
CAUSES = ("useful", "retried", "fallback", "aborted")


Try = tuple[str, str]


class Sum(NamedTuple):
    """Tokens, and of how many tries."""

    tries: int
    read: int
    written: int


def entries(folder: Path, prefix: str) -> list[Attempt]:
    """The rows of the requests whose id begins so, in the order in which they were written."""
    database = Database(folder / FILE)
    with database.reading() as connection:
        found = ledger.page(connection, limit=MANY).rows
    database.close()
    return [one.attempt for one in reversed(found) if one.attempt.exchange.startswith(prefix)]


def used_at(provider: str) -> tuple[int, int]:
    """The tokens that one reply of a provider reads and writes."""
    return TOKENS_IN + (CACHED if provider.endswith("anthropic-messages") else 0), TOKENS_OUT


def used(entry: Attempt) -> tuple[int, int]:
    """The tokens that one row says were read and written."""
    read = entry.input + entry.cache_read + entry.cache_write_5m + entry.cache_write_1h
    return read, entry.output


def sum_of(entries: list[Attempt]) -> Sum:
    """What is exact in the ledger."""
    told = [used(entry) for entry in entries if not entry.estimated and used(entry) != (0, 0)]
    return Sum(len(told), sum(read for read, _ in told), sum(written for _, written in told))


def sum_served(books: Books, entries: list[Attempt]) -> Sum:
    """What the upstreams say they served of these requests, but for replies whose end the gateway missed."""
    served = Counter(
        (mark, provider) for mark in {one.exchange for one in entries} for provider in books.served[mark]
    )
    served -= missed(served, entries)
    told = [used_at(provider) for _, provider in served.elements()]
    return Sum(len(told), sum(read for read, _ in told), sum(written for _, written in told))


def missed(served: Counter[Try], entries: list[Attempt]) -> Counter[Try]:
    """What was served and is estimated: somebody left before its end."""
    exact = Counter(_try(one) for one in entries if not one.estimated and used(one) != (0, 0))
    return (served - exact) & Counter(_try(one) for one in entries if one.estimated)


def _try(entry: Attempt) -> Try:
    return entry.exchange, entry.provider


def summary(books: Books, entries: list[Attempt]) -> str:
    """The sums of a run, and what was spent for what: one line each."""
    causes = Counter((one.cause, one.outcome) for one in entries)
    spent = ", ".join(f"{times} {cause} {outcome}" for (cause, outcome), times in sorted(causes.items()))
    guessed = sum_of([msgspec.structs.replace(one, estimated=False) for one in entries if one.estimated])
    return "\n".join(
        (
            f"{len(entries)} rows: {spent}",
            f"in the ledger, exactly: {_words(sum_of(entries))}; beside it estimated: {_words(guessed)}",
            f"in the upstreams' books: {_words(sum_served(books, entries))}",
        )
    )


def _words(found: Sum) -> str:
    return f"{found.read} tokens read and {found.written} written in {found.tries} tries"


def ledger_problems(entries: list[Attempt], log: Mapping[str, Row], books: Books) -> Iterator[str]:
    """What is wrong with the ledger."""
    twice = [name for name, times in Counter(entry.id for entry in entries).items() if times > 1]
    if twice:
        yield f"the ledger has rows twice: {twice[:3]}"
    of_each: dict[str, list[Attempt]] = defaultdict(list)
    for entry in entries:
        of_each[entry.exchange].append(entry)
    for mark in of_each.keys() - log.keys():
        yield f"{mark} is in the ledger, and has no line in the log"
    for mark, row in log.items():
        for words in _of_one(of_each.get(mark, []), row, Counter(books.served.get(mark, ()))):
            yield f"{mark}: {words}"
    told, served = sum_of(entries), sum_served(books, entries)
    if told != served:
        yield f"the sum of the ledger is {told}, and the upstreams served {served}"


def _of_one(entries: list[Attempt], row: Row, served: Counter[str]) -> Iterator[str]:
    if len(entries) != row.attempts:
        yield f"the log says {row.attempts} attempts, the ledger has {len(entries)} rows"
    useful = [entry for entry in entries if entry.cause == "useful"]
    if [entry.provider for entry in useful] != ([row.provider] if row.outcome == "complete" else []):
        yield f"the log says {row.outcome} of {row.provider}, the ledger that {useful} was useful"
    read = row.input + row.cache_read + row.cache_write
    if any(entry.estimated or used(entry) != (read, row.output) for entry in useful):
        yield f"the log says {(read, row.output)} tokens, the ledger {[used(entry) for entry in useful]}"
    exact = Counter(entry.provider for entry in entries if not entry.estimated and used(entry) != (0, 0))
    if exact - served:
        yield f"the ledger has tokens of {exact}, the books say that {served} served it"
    guessed = Counter(entry.provider for entry in entries if entry.estimated)
    if served - exact - guessed:
        yield f"the books say that {served} served it, the ledger has {exact}, and estimates {guessed}"
    if any(entry.cause not in CAUSES for entry in entries):
        yield f"a cause that is none: {[entry.cause for entry in entries]}"
    if any(entry.estimated for entry in entries if entry.status >= 400):
        yield "what an upstream refused is estimated"
