"""The rows of the tables as Structs: what the gateway gives and gets, whatever database holds them.

A field is a column of the same name, in the same order. Times are milliseconds since 1970, UTC; 0 is never.
Money is an integer number of micro-dollars. `settings` and `body` are JSON, spelled and read by the gateway.
"""

import itertools
from collections.abc import Iterable, Iterator
from typing import Any, Final, Literal, TypeVar
from uuid import uuid4

import msgspec

PrincipalKind = Literal["organisation", "team", "project", "user"]
Role = Literal["admin", "member", "viewer", "service"]
PrincipalState = Literal["active", "blocked"]
KeyState = Literal["active", "blocked", "revoked"]
Standing = Literal["active", "blocked", "expired", "revoked"]

Row = TypeVar("Row", bound=msgspec.Struct)

EMPTY: Final = "{}"
# The ids of a principal and of all who stand below it, as a part of a statement.
BELOW: Final = (
    "WITH RECURSIVE below (who) AS (SELECT {} UNION "
    "SELECT id FROM principals JOIN below ON parent = who) SELECT who FROM below"
)
# The most that one attempt can have used or cost: a million dollars, a million million tokens; all bits set.
MOST: Final = 2**40 - 1
# The end of the year 9999, in milliseconds.
MOST_TIME: Final = 253_402_300_799_999
TIMES: Final = ("began", "first_byte", "ended")


class Principal(msgspec.Struct, frozen=True):
    """One of those above the keys: an organisation, a team, a project, a user. `parent` stands above it."""

    id: str
    kind: PrincipalKind
    parent: str | None
    name: str
    role: Role = "member"
    state: PrincipalState = "active"
    created: int = 0
    settings: str = EMPTY


class Key(msgspec.Struct, frozen=True):
    """One key: `id` is its public part, `digest` the hash of its secret, which is kept nowhere.

    After a rotation the former secret opens until `former_until`. Name, usage and budgets stay the key's.
    """

    id: str
    digest: bytes
    name: str
    role: Role = "member"
    state: KeyState = "active"
    owner: str | None = None
    created: int = 0
    expires: int = 0
    last_used: int = 0
    former_digest: bytes | None = None
    former_until: int = 0
    settings: str = EMPTY


class Audit(msgspec.Struct, frozen=True):
    """One change: who made it, when, to what, and what that was before and after, as JSON without secrets."""

    number: int
    at: int
    actor: str
    action: str
    kind: str
    subject: str
    before: str | None
    after: str | None


class Charge(msgspec.Struct, frozen=True, gc=False):
    """What one row of the ledger takes from one budget: micro-dollars, in the period that began then."""

    scope: str
    window: str
    period: int
    spent: int


class Attempt(msgspec.Struct, frozen=True, gc=False):
    """One row of the ledger: one try against one target, with what it used and cost.

    `id` is unique for ever: a row that comes twice is kept once, and so are its `charges`, which are no
    column but go to the budgets with it. A `price` of "" says that nobody knew one. `decision` says in words
    why it was made, and why at this target.
    """

    id: str
    exchange: str = ""
    attempt: int = 1
    began: int = 0
    first_byte: int = 0
    ended: int = 0
    key_id: str = ""
    user_id: str = ""
    project_id: str = ""
    team_id: str = ""
    organisation_id: str = ""
    session: str = ""
    agent: str = ""
    parent_agent: str = ""
    dialect: str = ""
    provider: str = ""
    credential: int = 0
    asked: str = ""
    model: str = ""
    cause: str = "useful"
    outcome: str = ""
    status: int = 0
    streamed: bool = False
    estimated: bool = False
    input: int = 0
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    output: int = 0
    reasoning: int = 0
    cost: int = 0
    price: str = ""
    decision: str = ""
    charges: tuple[Charge, ...] = ()


class Kept(msgspec.Struct, frozen=True):
    """A row of the ledger as it was kept: its number, by which pages go, and the attempt."""

    number: int
    attempt: Attempt


class Spent(msgspec.Struct, frozen=True):
    """What has been spent in one period of one budget."""

    scope: str
    window: str
    period: int
    spent: int


class Document(msgspec.Struct, frozen=True):
    """One version of a document that is set while running: the routes, the settings."""

    name: str
    version: int
    body: str
    at: int
    actor: str


class Price(msgspec.Struct, frozen=True):
    """What a model costs at a provider, where it is set by hand."""

    provider: str
    model: str
    body: str
    updated: int


class Lesson(msgspec.Struct, frozen=True):
    """One thing an upstream has taught, until it is to be learned anew."""

    id: str
    body: str
    until: int


class Estimate(msgspec.Struct, frozen=True):
    """How far the estimate of tokens is off for a model, and by how many reports that is known."""

    provider: str
    model: str
    ratio: float
    reported: int
    updated: int


def columns(kind: type[msgspec.Struct], *, but: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The columns of a kind of row, as they are spelled in a statement, in the order of its fields."""
    return tuple(f'"{name}"' for name in kind.__struct_fields__ if name not in but)


def selected(kind: type[msgspec.Struct]) -> str:
    """The columns of a kind of row as a SELECT names them."""
    return ", ".join(columns(kind))


def read(kind: type[Row], found: Iterable[tuple[Any, ...]]) -> Iterator[Row]:
    """What a SELECT of whole rows found, as rows of their kind."""
    return itertools.starmap(kind, found)


def places(count: int) -> str:
    """So many places for values in a statement."""
    return ", ".join("?" * count)


def inserting(table: str, kind: type[msgspec.Struct]) -> str:
    """The statement that inserts a whole row of one kind."""
    names = columns(kind)
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES ({places(len(names))})"


def fits(attempt: Attempt) -> bool:
    """Whether the counts of an attempt are such that sums of many stay numbers."""
    # All at once: a bit of any of them that is too high, or a sign, is in the union. For min() and max() of
    # the seven every row paid 0.9 µs, for this 0.3 (November 2026).
    counts = attempt.input | attempt.cache_read | attempt.cache_write_5m | attempt.cache_write_1h
    return 0 <= counts | attempt.output | attempt.reasoning | attempt.cost <= MOST


def fitted(attempt: Attempt) -> Attempt:
    """An attempt as it can be kept: counts within bounds, texts that are Unicode, an id of its own."""
    fields = msgspec.structs.asdict(attempt)
    for name, value in fields.items():
        if isinstance(value, str):
            fields[name] = value.encode("utf-8", "replace").decode()
        elif isinstance(value, int) and not isinstance(value, bool):
            fields[name] = min(max(value, 0), MOST_TIME if name in TIMES else MOST)
    fields["id"] = fields["id"] or f"nameless-{uuid4().hex}"
    fields["charges"] = tuple(_fitted_charge(charge) for charge in attempt.charges)
    return Attempt(**fields)


def _fitted_charge(charge: Charge) -> Charge:
    scope, window = (text.encode("utf-8", "replace").decode() for text in (charge.scope, charge.window))
    return Charge(scope, window, min(max(charge.period, 0), MOST_TIME), min(max(charge.spent, 0), MOST))
