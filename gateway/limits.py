"""How much may be asked for, by every scope over a caller: requests, tokens, requests at once, money (G6).

A request is let in when every limit over it has room, and counts at once with what it is expected to use: its
body as it is weighed, and the answer it asks for. When it is over that is mended to what it has used.
Refused, it is told how long until there is room in all of them. Counts are a worker's own; money is that of
all (`budgets.py`).

It lives as long as the worker: counts belong to scopes, by name, and go on whatever their limits become.
"""

from collections.abc import Callable
from itertools import islice
from typing import TYPE_CHECKING, Final

import msgspec

from adapters.events import Usage
from adapters.fault import Fault
from gateway import limits_told as told
from gateway.caller import NO_LIMITS, Caller, Scope, binding, scope_of_all
from gateway.errors import Refused
from gateway.estimates import bytes_a_token
from gateway.limits_account import KINDS, WORDS, Account, Gauge, Meter, Ticket, whose
from gateway.plan import Target
from gateway.settings import Settings
from gateway.state import Exchange, Pair, weighed
from gateway.window import whole

if TYPE_CHECKING:
    from gateway.budgets import Budgets
    from store.rows import Charge

# What an answer is expected to be where the request does not say, in tokens.
ANSWER: Final = 1000
# A body smaller than this counts by its length: to weigh it costs more than all the rest of its limits, and
# so little of it can be no more than a few thousand tokens off, until that is mended.
SMALL: Final = 16 * 1024
SMALL_BYTES_PER_TOKEN: Final = 4
TOO_MANY: Final = Fault("rate_limited", 429, "", code="rate_limit_exceeded")
ANTHROPIC: Final = "anthropic-messages"
COUNTED: Final = frozenset(("generate", "embed"))
# Replies whose tokens somebody else has paid for: kept ones, and those of a call that another began.
PAID: Final = frozenset((b"hit", b"coalesced", b"resumed"))
ACCOUNTS_KEPT: Final = 10_000
# How many meters are looked at in one go, so that nobody waits for it.
STEP: Final = 1000


class Limits:
    """What is counted in one worker. `refused` are the requests refused, by what had no room for them."""

    __slots__ = ("_accounts", "_calendar", "_clock", "budgets", "meters", "refused")

    def __init__(
        self,
        clock: Callable[[], float],
        calendar: Callable[[], float],
        budgets: "Budgets | None" = None,
    ) -> None:
        self._clock = clock
        self._calendar = calendar
        self._accounts: dict[Caller, Account] = {}
        self.budgets = budgets
        self.meters: dict[str, Meter] = {}
        self.refused: dict[str, int] = {}

    def enter(self, exchange: Exchange) -> None:
        """Count a request, where there is room for it in all that it counts in. Raises Refused (429)."""
        account = self._accounts.get(exchange.caller) or self.account(exchange.caller)
        if account.crowd is None and account.allowance is None:
            return
        now = self._clock()
        ticket = Ticket(account, now)
        if account.weighs and exchange.operation in COUNTED:
            ticket.input, ticket.output = _expected(exchange)
        ticket.amounts = amounts = _amounts(ticket)
        # All is asked before anything is counted: a refusal has nothing to give back.
        if account.crowded():
            self._refuse_crowd(account)
        gauge = account.first
        while gauge is not None:
            if gauge.window.wait(now, amounts[gauge.kind], gauge.most):
                self._refuse(account, amounts, now)
            gauge = gauge.after
        if account.allowance is not None and self.budgets is not None:
            ticket.held = self.budgets.hold(exchange, account, ticket, self._calendar())
        crowd = account.crowd
        while crowd is not None:
            crowd.meter.inside += 1
            crowd = crowd.after
        gauge = account.first
        while gauge is not None:
            gauge.window.add(now, amounts[gauge.kind])
            gauge = gauge.after
        exchange.ticket = ticket

    def leave(self, exchange: Exchange) -> None:
        """The request is over: mend what was expected to what was used; a second time does nothing."""
        ticket = exchange.ticket
        if ticket is None:
            return
        exchange.ticket = None
        account, said = ticket.account, ticket.amounts
        crowd = account.crowd
        while crowd is not None:
            crowd.meter.inside -= 1
            crowd = crowd.after
        if ticket.held:
            allowance = account.allowance
            while allowance is not None:
                allowance.purse.held -= ticket.held
                allowance = allowance.after
        if account.weighs:
            used_input, used_output = _used(exchange, ticket)
            ticket.input = used_input + ticket.failed_input
            ticket.output = used_output + ticket.failed_output
            now, used = self._clock(), _amounts(ticket)
            gauge = account.first
            while gauge is not None:
                change = used[gauge.kind] - said[gauge.kind]
                if change:
                    gauge.window.mend(ticket.entered, now, change)
                gauge = gauge.after

    def told(self, exchange: Exchange, headers: list[Pair]) -> list[Pair]:
        """The header fields with what is left, in the client's own words and without anybody else's (G7)."""
        caller = exchange.caller
        if not caller.scopes:
            return headers
        account = self._accounts.get(caller) or self.account(caller)
        if account.first is None and account.allowance is None:
            return headers
        headers = told.without_others(headers)
        now, anthropic = self._clock(), exchange.dialect.name == ANTHROPIC
        if not anthropic:
            told.tell_openai(account, now, headers)
        elif account.first is not None:
            told.tell_anthropic(account, now, self._calendar(), headers)
        if account.allowance is not None:
            told.tell_budget(account, self._calendar(), headers, anthropic=anthropic)
        return headers

    def charge(
        self, exchange: Exchange, target: Target, usage: Usage, cost: int | None
    ) -> "tuple[Charge, ...]":
        """A try has used so much, and cost so many micro-dollars: what rides on its row of the ledger.

        What cost nobody knows counts for budgets as `[prices.unknown]` says. What a try used that failed
        counts for limits beside what the reply does that was said in the end.
        """
        ticket = exchange.ticket
        if ticket is not None and not exchange.closed:
            ticket.failed_input += usage.read
            ticket.failed_output += usage.output
        budgets = self.budgets
        if budgets is None or not exchange.caller.scopes:
            return ()
        account = self._accounts.get(exchange.caller) or self.account(exchange.caller)
        if account.allowance is None:
            return ()
        amount = budgets.worth(exchange.house.prices, target, usage) if cost is None else cost
        return budgets.charge(account, amount) if amount else ()

    def account(self, caller: Caller) -> Account:
        """What a caller is limited by, put together when it is first seen."""
        if len(self._accounts) >= ACCOUNTS_KEPT:
            self._accounts.clear()
        meters = tuple(self._meter(scope) for scope in caller.scopes)
        allowances = () if self.budgets is None else self.budgets.allowances(caller.scopes)
        account = self._accounts[caller] = Account(caller.scopes, meters, allowances)
        return account

    def accounts(self, most: int) -> list[Account]:
        """What callers are limited by who were seen: so many of them at most."""
        return list(islice(self._accounts.values(), most))

    def expire(self) -> None:
        """Forget meters in which nothing is counted, some in one go. Accounts know them, and go too."""
        now = self._clock()
        looked = list(islice(self.meters.items(), STEP))
        for name, meter in looked:
            del self.meters[name]
            if not meter.idle(now):
                self.meters[name] = meter  # behind the others: it is looked at again after them
        gone = self.budgets is not None and self.budgets.expire(self._calendar())
        if gone or any(name not in self.meters for name, _ in looked):
            self._accounts.clear()

    def _meter(self, scope: Scope) -> Meter | None:
        if scope.limits == NO_LIMITS:
            return None
        return self.meters.setdefault(scope.id, Meter())

    def _refuse_crowd(self, account: Account) -> None:
        """Raises Refused. Nobody knows when one of them is over."""
        full = next(one for one in account.crowds if one.most and one.meter.inside >= one.most)
        self.count_refusal("concurrent")
        words = f"{full.most} requests at once are allowed for {whose(full.scope)}, and as many are under way"
        raise Refused(msgspec.structs.replace(TOO_MANY, message=words, retry_after=1))

    def _refuse(self, account: Account, amounts: tuple[float, ...], now: float) -> None:
        """Raises Refused: who waits for the limit that takes longest finds room in all of them."""
        gauge = max(account.gauges, key=lambda one: one.window.wait(now, amounts[one.kind], one.most))
        seconds = whole(gauge.window.wait(now, amounts[gauge.kind], gauge.most))
        self.count_refusal(KINDS[gauge.kind])
        raise Refused(msgspec.structs.replace(TOO_MANY, message=_words(gauge, seconds), retry_after=seconds))

    def count_refusal(self, kind: str) -> None:
        """One more was refused for this."""
        self.refused[kind] = self.refused.get(kind, 0) + 1


def limits_for(
    settings: Settings,
    clock: Callable[[], float],
    calendar: Callable[[], float],
    budgets: "Budgets | None",
    before: Limits | None,
) -> Limits | None:
    """None where nobody can be limited: by the configuration nobody is, and no store has other keys."""
    if before is not None:
        return before
    bounds = [scope_of_all(settings), *(Scope(key.name, key.limits, key.budgets) for key in settings.keys)]
    if budgets is None and not binding(*bounds):
        return None
    return Limits(clock, calendar, budgets)


def _words(gauge: Gauge, seconds: int) -> str:
    kind = WORDS[gauge.kind]
    return (
        f"{gauge.most} {kind} a minute are allowed for {whose(gauge.scope)}; try again in {seconds} seconds"
    )


def _amounts(ticket: Ticket) -> tuple[float, float, float, float]:
    """What a request counts for, by kind."""
    # Their sum in floats, as windows count: it is no object more.
    return 1.0, 1.0 * ticket.input + ticket.output, ticket.input, ticket.output


def _expected(exchange: Exchange) -> tuple[int, int]:
    """Tokens of input and of output."""
    body = exchange.body
    small = len(body) < SMALL
    read = len(body) // SMALL_BYTES_PER_TOKEN + 1 if small else weighed(exchange)
    if exchange.operation == "embed":
        return read, 0
    asked = exchange.peek.max_tokens if exchange.peek is not None else None
    return read, ANSWER if asked is None else asked


def _used(exchange: Exchange, said: Ticket) -> tuple[int, int]:
    """What was used: as it was told, or what was seen of it; nothing where nobody was asked."""
    if exchange.cache in PAID or (said.failed_input and not exchange.tried_at):
        return 0, 0  # somebody else has paid for it, or it was the last try that failed
    usage, outcome = exchange.usage, exchange.outcome
    if usage is not None and outcome == "complete" and usage.output:
        return usage.read, usage.output
    read = 0 if usage is None else usage.read
    output = 0 if usage is None else usage.output
    if outcome == "error" or not exchange.sent_at or not said.input or (outcome == "complete" and read):
        return read, output
    return read or said.input, max(output, _seen(exchange))


def _seen(exchange: Exchange) -> int:
    """About how many tokens the client was sent: it has left, or nobody told (Chat Completions, unasked)."""
    if not exchange.first_byte_at or exchange.operation == "embed":
        return 0
    return exchange.bytes_out // bytes_a_token(exchange.dialect.name, exchange.relay)
