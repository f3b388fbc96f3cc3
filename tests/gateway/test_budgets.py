"""Budgets: who may still spend, what is held meanwhile, and what a client is told of it."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from adapters.dialect import Peek
from adapters.events import Usage
from gateway.budgets import LONG_ANSWER, Budgets, Passed
from gateway.caller import Caller, Scope
from gateway.errors import Refused
from gateway.house import House
from gateway.limits import Limits
from gateway.settings import Budget, Price, Settings
from gateway.state import Exchange, Pair
from store.rows import Charge, Spent
from tests.gateway.indoors import MESSAGE, Client, exchange_of, provider, settings
from tests.gateway.loops import Clock

# A Saturday, 15:20:30 UTC.
NOW = 1_795_274_430.0
MIDNIGHT = 1_795_305_600
DAY_BEGAN = (MIDNIGHT - 86_400) * 1000
DOLLAR = 1_000_000
# A dollar for a thousand tokens of output, nothing for input.
PRICE = Price(input=0, output=1_000_000_000, cache_read=0, cache_write=0)
TIGHT = Budget(DOLLAR, "day")


def priced() -> Settings:
    """A provider with a price and one without; what nobody knows the price of costs ten times as much."""
    unknown = Price(input=0, output=10_000_000_000, cache_read=0, cache_write=0)
    given = settings(provider("ant", "http://127.0.0.1:9"), provider("box", "http://127.0.0.1:9"))
    prices = {"ant/*": PRICE, "unknown": unknown}
    return Settings(server=given.server, providers=given.providers, prices=prices, log=given.log)


class Till:
    """Limits with budgets by themselves, and exchanges to spend with."""

    def __init__(self) -> None:
        self.clock, self.calendar = Clock(), Clock(NOW)
        self.heard: list[Passed] = []
        self.budgets = Budgets(self.calendar, self.heard.append)
        self.limits = Limits(self.clock, self.calendar, self.budgets)
        self.house = House(priced(), self.clock, calendar=self.calendar)

    def enter(
        self, caller: Caller, most: int = 100, *, model: str = "ant/x", dialect: str = "anthropic-messages"
    ) -> Exchange:
        """One request that gets in. Raises Refused."""
        exchange = exchange_of(self.house, Client(), dialect)
        exchange.caller, exchange.body, exchange.peek = caller, MESSAGE, Peek(model, max_tokens=most)
        self.house.router.route(exchange)
        self.limits.enter(exchange)
        return exchange

    def spend(self, exchange: Exchange, output: int) -> tuple[Charge, ...]:
        """It has used so many tokens, and is over."""
        usage, price = Usage(output=output), exchange.targets[0].price
        known = None if price is None else output * price.output // 1_000_000
        charges = self.limits.charge(exchange, exchange.targets[0], usage, known)
        self.limits.leave(exchange)
        return charges

    def refused(self, caller: Caller, dialect: str = "anthropic-messages") -> Refused:
        """One that does not get in."""
        with pytest.raises(Refused) as caught:
            self.enter(caller, dialect=dialect)
        return caught.value

    def told(self, caller: Caller, dialect: str = "anthropic-messages") -> dict[str, str]:
        """What a client hears of its limits."""
        exchange = exchange_of(self.house, Client(), dialect)
        exchange.caller = caller
        own: list[Pair] = [(b"x-ratelimit-limit-requests", b"the provider's")]
        return {name.decode(): value.decode() for name, value in self.limits.told(exchange, own)}


def caller(*budgets: Budget, scope: str = "key:ann") -> Caller:
    """Somebody who may spend so much."""
    return Caller(name="ann", scopes=(Scope(scope, budgets=budgets),))


@pytest.fixture
def till() -> Till:
    """Where nothing was spent yet."""
    return Till()


@contextmanager
def elsewhere(till: Till) -> Iterator[Till]:
    """Another worker, on the same clock."""
    other = Till()
    other.calendar = till.calendar
    yield other


def test_a_request_is_charged_what_it_cost(till: Till) -> None:
    """To the micro-dollar, in the period it ended in; what was held for it is given back."""
    ann = caller(TIGHT, Budget(5 * DOLLAR, "hour", rolling=True))
    charges = till.spend(till.enter(ann), 250)
    assert charges == (
        Charge("key:ann", "day", DAY_BEGAN, 250_000),
        Charge("key:ann", "rolling-hour", int(NOW) // 60 * 60_000, 250_000),
    )
    assert [purse.held for purse in till.budgets.purses.values()] == [0.0, 0.0]


def test_nobody_gets_in_when_all_is_spent(till: Till) -> None:
    """It is over by what was under way, and by nothing else: the last request may cost what it costs."""
    ann = caller(TIGHT)
    inside = [till.enter(ann, 300) for _ in range(3)]
    for exchange in inside:
        till.spend(exchange, 400)
    assert till.budgets.purses["key:ann", "day"].spent(NOW) == 1_200_000
    till.refused(ann)
    assert till.budgets.refused == {"day": 1}


def test_what_is_under_way_is_held(till: Till) -> None:
    """So that a thousand at once do not spend a thousand times what is left; what is free again may be."""
    ann = caller(TIGHT)
    for _ in range(10):
        till.enter(ann, 100)
    fault = till.refused(ann).fault
    assert ("under way" in fault.message, fault.retry_after, fault.code) == (True, 1, "rate_limit_exceeded")
    inside = [till.enter(caller(TIGHT, scope="key:bob"), 100) for _ in range(10)]
    till.refused(caller(TIGHT, scope="key:bob"))
    till.spend(inside.pop(), 1)
    till.enter(caller(TIGHT, scope="key:bob"), 100)


def test_an_agent_that_asks_for_all_there_is_holds_a_long_answer(till: Till) -> None:
    """Not the 128 000 tokens that nobody uses: it would have the budget to itself."""
    ann = caller(Budget(20 * DOLLAR, "day"))
    ticket = till.enter(ann, 128_000).ticket
    assert ticket is not None
    assert ticket.held == LONG_ANSWER * 1000


def test_what_has_no_price_is_never_free(till: Till) -> None:
    """It is held and charged at the price of the unknown."""
    exchange = till.enter(caller(TIGHT), 10, model="box/nobody-knows")
    assert exchange.ticket is not None
    assert exchange.ticket.held == 100_000
    assert till.spend(exchange, 20)[0].spent == 200_000


def test_every_budget_must_have_something_left(till: Till) -> None:
    """The team's as the key's; a refusal holds nothing anywhere, and tells the longest wait."""
    team = Scope("team:7", budgets=(Budget(DOLLAR, "hour"),))
    ann = Caller(name="ann", scopes=(team, Scope("key:ann", budgets=(TIGHT,))))
    bob = Caller(name="bob", scopes=(team, Scope("key:bob", budgets=(Budget(9 * DOLLAR, "day"),))))
    till.spend(till.enter(ann), 1000)
    for _ in range(5):
        assert "your team" in str(till.refused(bob))
    fault = till.refused(ann).fault
    assert fault.retry_after == MIDNIGHT - NOW
    assert "this key" in fault.message
    assert {purse.held for purse in till.budgets.purses.values()} == {0.0}


@pytest.mark.parametrize("rolling", [False, True])
def test_waiting_as_long_as_told_succeeds_and_one_second_less_does_not(till: Till, *, rolling: bool) -> None:
    """`Retry-After` is true."""
    ann = caller(Budget(DOLLAR, "hour", rolling=rolling))
    for _ in range(4):
        till.spend(till.enter(ann), 250)
        till.calendar.move(137.3)
    seconds = till.refused(ann).fault.retry_after
    assert seconds is not None
    till.calendar.move(seconds - 1.0)
    till.refused(ann)
    till.calendar.move(1.0)
    till.enter(ann)


@pytest.mark.parametrize(
    ("dialect", "kind"),
    [("anthropic-messages", "rate_limited"), ("openai-chat", "billing"), ("gemini", "rate_limited")],
)
def test_a_client_is_told_in_words_it_gives_up_at(till: Till, dialect: str, kind: str) -> None:
    """A day is too long to ask again and again: the code and the field that stop it, and when it ends."""
    ann = caller(TIGHT)
    till.spend(till.enter(ann), 1000)
    refusal = till.refused(ann, dialect)
    assert (refusal.fault.kind, refusal.fault.status, refusal.fault.code) == (kind, 429, "insufficient_quota")
    assert (b"x-should-retry", b"false") in refusal.headers
    assert refusal.fault.retry_after == MIDNIGHT - NOW
    assert "$1.00 a day for this key is used up" in refusal.fault.message
    assert "2026-11-22T00:00:00Z" in refusal.fault.message


def test_a_short_wait_is_one_that_clients_make(till: Till) -> None:
    """Where the hour is nearly over they are told to come back, and nothing that keeps them from it."""
    ann = caller(Budget(DOLLAR, "hour"))
    till.spend(till.enter(ann), 1000)
    till.calendar.now = NOW // 3600 * 3600 + 3600 - 42.5
    refusal = till.refused(ann, "openai-chat")
    assert (refusal.fault.kind, refusal.fault.retry_after, refusal.headers) == ("rate_limited", 43, ())


def test_each_share_is_told_once(till: Till) -> None:
    """With an id that is the same whichever worker says it."""
    ann = caller(TIGHT)
    for _ in range(10):
        till.spend(till.enter(ann, 10), 96)
    assert [(one.share, one.spent) for one in till.heard] == [(0.75, "0.768000"), (0.95, "0.960000")]
    assert till.heard[0].id == f"key:ann/day/{DAY_BEGAN // 1000}/0.75"
    assert (till.heard[0].budget, till.heard[0].resets_at) == ("1.000000", "2026-11-22T00:00:00Z")


def test_claude_code_is_told_in_its_own_fields(till: Till) -> None:
    """As its own gateway tells it of a cap: how much is used, from when on it warns, and that it is over."""
    ann, reset = caller(TIGHT), str(MIDNIGHT)
    assert till.told(ann) == {
        "anthropic-ratelimit-unified-status": "allowed",
        "anthropic-ratelimit-unified-reset": reset,
        "anthropic-ratelimit-unified-overage-reset": reset,
        "anthropic-ratelimit-unified-overage-utilization": "0.00",
        "anthropic-ratelimit-unified-representative-claim": "overage",
        "anthropic-ratelimit-unified-overage-status": "allowed",
    }
    for spent, used, passed in ((760, "0.76", "0.75"), (195, "0.95", "0.95"), (44, "0.99", "0.95")):
        till.spend(till.enter(ann, 1), spent)
        said = till.told(ann)
        assert said["anthropic-ratelimit-unified-status"] == "allowed_warning"
        assert said["anthropic-ratelimit-unified-overage-utilization"] == used
        assert said["anthropic-ratelimit-unified-overage-surpassed-threshold"] == passed
    till.spend(till.enter(ann, 1), 501)
    assert till.told(ann) == {
        "anthropic-ratelimit-unified-status": "rejected",
        "anthropic-ratelimit-unified-reset": reset,
        "anthropic-ratelimit-unified-overage-reset": reset,
        "anthropic-ratelimit-unified-overage-utilization": "1.50",
        "anthropic-ratelimit-unified-overage-surpassed-threshold": "1",
        "anthropic-ratelimit-unified-overage-period": "daily",
        "anthropic-ratelimit-unified-overage-disabled-reason": "org_spend_cap_reached",
    }


def test_other_clients_are_told_when_it_is_near(till: Till) -> None:
    """In fields like those of their limits; the fullest of all budgets."""
    ann = caller(TIGHT, Budget(5 * DOLLAR, "month"))
    till.spend(till.enter(ann), 749)
    assert till.told(ann, "openai-chat") == {}
    till.spend(till.enter(ann), 11)
    assert till.told(ann, "openai-chat") == {
        "x-ratelimit-limit-dollars": "1.00",
        "x-ratelimit-remaining-dollars": "0.24",
        "x-ratelimit-reset-dollars": f"{MIDNIGHT - int(NOW)}s",
    }


def test_what_was_spent_before_the_start_counts(till: Till) -> None:
    """And what was passed then has been told."""
    till.budgets.load([Spent("key:ann", "day", DAY_BEGAN, 990_000), Spent("key:bob", "day", DAY_BEGAN, 5)])
    ann = caller(TIGHT)
    till.spend(till.enter(ann), 9)
    assert till.heard == []
    till.spend(till.enter(ann), 1)
    assert [one.share for one in till.heard] == [1.0]
    till.refused(ann)


def test_what_others_spend_is_learned(till: Till) -> None:
    """Of the purses that are in use here, and without counting our own twice."""
    ann = caller(TIGHT)
    ours = till.spend(till.enter(ann), 100)
    assert [place[:2] for place in till.budgets.in_use()] == [("key:ann", "day")]
    with elsewhere(till) as other:
        theirs = other.spend(other.enter(ann), 900)
    total = sum(charge.spent for charge in ours + theirs)
    till.budgets.learn([Spent("key:ann", "day", DAY_BEGAN, total)])
    assert till.budgets.purses["key:ann", "day"].spent(NOW) == DOLLAR
    till.refused(ann)
    till.calendar.move(31.0)
    assert till.budgets.in_use() == []


def test_a_budget_that_changes_keeps_what_was_spent(till: Till) -> None:
    """More is there at once, and less is less at once."""
    till.spend(till.enter(caller(TIGHT)), 1000)
    till.refused(caller(TIGHT))
    till.enter(caller(Budget(2 * DOLLAR, "day")))
    till.refused(caller(Budget(DOLLAR // 2, "day")))


def test_of_two_in_one_window_the_smaller_holds(till: Till) -> None:
    """It is charged once."""
    charges = till.spend(till.enter(caller(Budget(DOLLAR, "day"), Budget(9 * DOLLAR, "day"))), 1000)
    assert len(charges) == 1
    till.refused(caller(Budget(DOLLAR, "day"), Budget(9 * DOLLAR, "day")))


def test_nothing_may_be_spent_of_nothing(till: Till) -> None:
    """A budget of no dollars lets nobody in, and says nothing of coming back."""
    refusal = till.refused(caller(Budget(0, "day")), "openai-chat")
    assert refusal.fault.retry_after is None
    assert till.told(caller(Budget(0, "day")))["anthropic-ratelimit-unified-status"] == "rejected"


def test_empty_purses_are_forgotten(till: Till) -> None:
    """When the period is over and nobody is under way."""
    inside = till.enter(caller(TIGHT, scope="key:bob"))
    till.spend(till.enter(caller(TIGHT)), 10)
    till.calendar.now = MIDNIGHT + 1.0
    till.limits.expire()
    assert set(till.budgets.purses) == {("key:bob", "day")}
    till.spend(inside, 0)
    till.limits.expire()
    assert till.budgets.purses == {}
