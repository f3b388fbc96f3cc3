"""What may be spent, by scope and window (feature G8): asked when a request enters, charged when it has cost.

A request is let in while anything is left of every budget over it. What is held for those under way counts:
the input as it is weighed and the output it asks for, at the price of its first target. When it is over the
hold is given back; what it cost was charged with its rows of the ledger, and rides on them as `Charge`s, so
that money and ledger are written together or not at all.

Other workers write to the same database. What they have spent is asked for every second, off the loop, for
the purses in use here: what workers together can spend too much is what they let in meanwhile.
"""

import math
from collections.abc import Callable, Iterable
from itertools import islice, starmap
from typing import Final, NamedTuple

import msgspec
from msgspec.structs import replace

from adapters.events import Usage
from adapters.fault import Fault, FaultKind
from gateway.budgets_periods import LONGEST, a_span, word_of
from gateway.budgets_purse import MILLISECONDS, Purse
from gateway.caller import Scope
from gateway.errors import Refused
from gateway.limits_account import Account, Allowance, Ticket, whose
from gateway.limits_told import moment
from gateway.plan import Target
from gateway.prices import Prices, cost
from gateway.settings import Budget, Price
from gateway.state import Exchange
from gateway.window import whole
from store.rows import Charge, Spent

MICRO: Final = 1_000_000
# No more of the answer that is asked for is held: agents ask for all there is, and use little of it. What an
# answer really cost is charged, however long it is.
LONG_ANSWER: Final = 8192
# Who waits no longer than this may wait and ask again; beyond, clients are told not to.
PATIENCE: Final = 60
# What is held may be free the next moment.
HELD_FOR: Final = 1
STAY_AWAY: Final = ((b"x-should-retry", b"false"),)
SOON: Final = Fault("rate_limited", 429, "", code="rate_limit_exceeded")
SPENT: Final = Fault("rate_limited", 429, "", code="insufficient_quota")
# Clients of these tell a quota that is used up from a rate, by its own code.
WITH_QUOTA: Final = frozenset(("openai-chat", "openai-responses"))
PRICED: Final = frozenset(("generate", "embed"))
# Purses that were asked in the last so many seconds are in use.
IN_USE: Final = 30.0
# How many are looked at in one go, so that nobody waits for it.
STEP: Final = 1000


class Place(NamedTuple):
    """One purse in the database, and since when what was spent counts; in milliseconds."""

    scope: str
    word: str
    since: int


class Passed(msgspec.Struct, frozen=True, kw_only=True):
    """A share of a budget was passed, as who wants to know is told it. Times as in RFC 3339, dollars decimal.

    `id` is the same whichever worker says it.
    """

    type: str = "budget.passed"
    id: str
    scope: str
    window: str
    rolling: bool
    share: float
    spent: str
    budget: str
    resets_at: str
    at: str


class Budgets:
    """The purses of one worker. `calendar` is the house's, `tell` hears of each share that is passed."""

    __slots__ = ("_calendar", "_loaded", "_prices", "_tell", "_unknown", "purses", "refused")

    def __init__(self, calendar: Callable[[], float], tell: Callable[[Passed], None]) -> None:
        self._calendar = calendar
        self._tell = tell
        # What unknown models cost at each provider, as these prices say: to find it is to look at them all.
        self._prices: Prices | None = None
        self._unknown: dict[str, Price] = {}
        self.purses: dict[tuple[str, str], Purse] = {}
        # What was spent before the start, of scopes that nobody has asked for yet.
        self._loaded: dict[tuple[str, str], list[Spent]] = {}
        self.refused: dict[str, int] = {}

    def allowances(self, scopes: tuple[Scope, ...]) -> tuple[Allowance, ...]:
        """The budgets over a caller, each with its purse."""
        least: dict[Purse, int] = {}  # of two budgets in the same window the smaller one holds
        for scope in scopes:
            for budget in scope.budgets:
                purse = self._purse(scope.id, budget)
                least[purse] = min(least.get(purse, budget.dollars), budget.dollars)
        return tuple(starmap(Allowance, least.items()))

    def hold(self, exchange: Exchange, account: Account, ticket: Ticket, today: float) -> float:
        """Hold what a request may cost. Raises Refused (429) where nothing is left of a budget over it."""
        allowance = account.allowance
        while allowance is not None:
            purse = allowance.purse
            if purse.spent(today) + purse.held >= allowance.most:
                self._refuse(exchange, account, today)
            allowance = allowance.after
        expected = self._expected(exchange, ticket)
        allowance = account.allowance
        while allowance is not None:
            purse = allowance.purse
            purse.held += expected
            purse.asked = today
            allowance = allowance.after
        return expected

    def charge(self, account: Account, amount: int) -> tuple[Charge, ...]:
        """So much was spent: what rides on the row of the ledger that says so."""
        today, allowance = self._calendar(), account.allowance
        charges: tuple[Charge, ...] = ()
        while allowance is not None:
            charges += (self._charge(allowance, amount, today),)
            allowance = allowance.after
        return charges

    def _charge(self, allowance: Allowance, amount: int, today: float) -> Charge:
        purse = allowance.purse
        began = purse.charge(today, amount)
        if purse.warned or purse.spent(today) >= allowance.mark:
            share = purse.crossed(today, allowance.most)
            if share:
                self._tell(passed(allowance, share, today))
        return Charge(purse.scope, purse.word, began, amount)

    def _expected(self, exchange: Exchange, ticket: Ticket) -> float:
        """What a request may cost at its first target, in micro-dollars; of one passed on unread: nothing."""
        if exchange.operation not in PRICED or not exchange.targets:
            return 0.0
        target = exchange.targets[0]
        price = target.price
        if price is not None and price.longer is None and not price.request:
            # As `cost` has it for these two, without the objects in between.
            output = ticket.output if ticket.output < LONG_ANSWER else LONG_ANSWER  # noqa: FURB136  # as in window.py
            total = 1.0 * ticket.input * price.input + 1.0 * output * price.output
            return -(-total // MICRO)
        usage = Usage(input=ticket.input, output=min(ticket.output, LONG_ANSWER))
        return float(self.worth(exchange.house.prices, target, usage))

    def worth(self, prices: Prices, target: Target, usage: Usage) -> int:
        """What was used at a target, in micro-dollars: what has no price costs what unknown models do."""
        found = cost(usage, target.price)
        if found is not None:
            return found
        name = target.provider.name
        if name not in self._unknown or self._prices is not prices:
            self._prices, self._unknown = prices, {}
            self._unknown[name] = prices.unknown(name)
        return cost(usage, self._unknown[name]) or 0

    def load(self, rows: Iterable[Spent]) -> None:
        """Take in what was spent before the start. What was passed then has been told."""
        for row in rows:
            if (row.scope, row.window) not in self.purses:
                self._loaded.setdefault((row.scope, row.window), []).append(row)
            else:
                self.learn((row,))

    def learn(self, rows: Iterable[Spent]) -> None:
        """Take in what the database has of purses in use."""
        today = self._calendar()
        for row in rows:
            purse = self.purses.get((row.scope, row.window))
            if purse is not None:
                purse.learn(today, row.period // MILLISECONDS, row.spent)

    def since(self) -> float:
        """Since when what was spent may count now, in seconds since 1970."""
        return self._calendar() - LONGEST

    def in_use(self) -> list[Place]:
        """The purses that were asked lately: what others spend of them matters."""
        today = self._calendar()
        return [
            Place(purse.scope, purse.word, int(today - LONGEST) * MILLISECONDS)
            for purse in self.purses.values()
            if purse.asked > today - IN_USE
        ]

    def expire(self, today: float) -> bool:
        """Forget purses of which nothing counts, some in one go; whether there were any."""
        looked = list(islice(self.purses.items(), STEP))
        for name, purse in looked:
            del self.purses[name]
            if not purse.idle(today):
                self.purses[name] = purse  # behind the others: it is looked at again after them
        return any(name not in self.purses for name, _ in looked)

    def _purse(self, scope: str, budget: Budget) -> Purse:
        word = word_of(budget.window, rolling=budget.rolling)
        purse = self.purses.get((scope, word))
        if purse is None:
            purse = self.purses[scope, word] = Purse(scope, budget.window, rolling=budget.rolling)
            today = self._calendar()
            for row in self._loaded.pop((scope, word), ()):
                purse.learn(today, row.period // MILLISECONDS, row.spent)
            purse.crossed(today, budget.dollars)
        return purse

    def _refuse(self, exchange: Exchange, account: Account, today: float) -> None:
        """Raises Refused: who waits for the budget that takes longest finds something left in all of them."""
        allowance = max(account.allowances, key=lambda one: (not one.most, one.purse.wait(today, one.most)))
        purse = allowance.purse
        seconds = purse.wait(today, allowance.most)
        word = word_of(purse.span, rolling=purse.rolling)
        self.refused[word] = self.refused.get(word, 0) + 1
        raise _refusal(exchange.dialect.name, allowance, seconds, today)


def _refusal(dialect: str, allowance: Allowance, seconds: float, today: float) -> Refused:
    purse = allowance.purse
    cents = f"{allowance.most / MICRO:.2f}"
    most = cents if float(cents) * MICRO == allowance.most else dollars(allowance.most)
    budget = f"the budget of ${most} {a_span(purse.span)} for {whose(purse.scope)}"
    if not allowance.most:
        return Refused(replace(SPENT, kind=_kind(dialect), message=f"{budget} is nothing"), STAY_AWAY)
    if not seconds:
        words = f"{budget} is held for requests under way; try again in {HELD_FOR} second"
        return Refused(replace(SOON, message=words, retry_after=HELD_FOR))
    wait = whole(seconds)
    words = f"{budget} is used up; something is left again at {moment(math.ceil(today + seconds)).decode()}"
    if wait <= PATIENCE:
        return Refused(replace(SOON, message=words, retry_after=wait))
    return Refused(replace(SPENT, kind=_kind(dialect), message=words, retry_after=wait), STAY_AWAY)


def _kind(dialect: str) -> FaultKind:
    return "billing" if dialect in WITH_QUOTA else "rate_limited"


def passed(allowance: Allowance, share: float, today: float) -> Passed:
    """What is told of a budget of which this share was passed."""
    purse = allowance.purse
    period = purse.period(today)
    resets_at = moment(period.leaves).decode()
    return Passed(
        id=f"{purse.scope}/{purse.word}/{period.start}/{share:g}",
        scope=purse.scope,
        window=purse.span,
        rolling=purse.rolling,
        share=share,
        spent=dollars(purse.spent(today)),
        budget=dollars(allowance.most),
        resets_at=resets_at,
        at=moment(int(today)).decode(),
    )


def dollars(amount: float) -> str:
    """Micro-dollars as a decimal number of dollars."""
    return f"{amount / MICRO:.6f}"
