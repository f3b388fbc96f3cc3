"""What is left of what a caller may ask for and spend, for those who want to see: explanations, metrics."""

from collections.abc import Iterator

import msgspec

from gateway.budgets_periods import a_span
from gateway.limits_account import KINDS, WORDS, Account, whose

MICRO = 1_000_000


class Left(msgspec.Struct, frozen=True):
    """One limit or budget: whose, of what, how much in all and how much is left; dollars where of money.

    `kind` is what it is called in metrics. `resets_in`: seconds until all of it is left again.
    """

    scope: str
    kind: str
    of: str
    limit: float
    left: float
    resets_in: float

    @property
    def taken(self) -> float:
        """The share that is not left."""
        return 1 - self.left / self.limit if self.limit else 1.0

    def words(self) -> str:
        """For people."""
        left, limit = (f"{amount:.6f}".rstrip("0").rstrip(".") for amount in (self.left, self.limit))
        return f"of {limit} {self.of} for {whose(self.scope)} {left} are left"


def limits_left(account: Account, now: float) -> Iterator[Left]:
    """The limits over one caller."""
    for gauge in account.gauges:
        window, most = gauge.window, gauge.most
        of = f"{WORDS[gauge.kind]} a minute"
        yield Left(
            gauge.scope, KINDS[gauge.kind], of, most, int(window.left(now, most)), window.clear_in(now)
        )
    for crowd in account.crowds:
        if crowd.most:
            left = max(crowd.most - crowd.meter.inside, 0)
            yield Left(crowd.scope, "concurrent", "requests at once", crowd.most, left, 0.0)


def budgets_left(account: Account, today: float) -> Iterator[Left]:
    """The budgets over one caller; what is held for requests under way is not left."""
    for allowance in account.allowances:
        purse = allowance.purse
        left = max(allowance.most - purse.spent(today) - purse.held, 0.0) / MICRO
        resets_in = purse.period(today).leaves - today
        of = f"dollars in {f'any {purse.span}' if purse.rolling else a_span(purse.span)}"
        yield Left(purse.scope, purse.word, of, allowance.most / MICRO, left, resets_in)
