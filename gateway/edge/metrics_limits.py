"""Limits and budgets: who was refused for them, and which are close to their end."""

from collections.abc import Iterable
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from gateway.house import House
from gateway.limits_left import Left, budgets_left, limits_left

# A limit is close to its end from this share on; no more than so many are shown, the closest first.
CLOSE: Final = 0.75
MOST_SHOWN: Final = 50
# So many callers are looked at: it costs as little with a hundred thousand keys.
MOST_LOOKED_AT: Final = 1000


def limits(house: House) -> Iterable[Metric]:
    """Every family of limits and budgets; they are empty where nobody is limited."""
    refused = CounterMetricFamily(
        "penstock_limit_refusals", "Requests refused because of a limit, by its kind.", labels=["kind"]
    )
    spent = CounterMetricFamily(
        "penstock_budget_refusals", "Requests refused because of a budget, by its window.", labels=["window"]
    )
    words = "Notices of budgets to the webhook: delivered, or failed for good."
    notices = CounterMetricFamily("penstock_budget_notices", words, labels=["outcome"])
    if house.limits is not None:
        for kind, count in house.limits.refused.items():
            refused.add_metric([kind], count)
    if house.spending is not None:
        for window, count in house.spending.budgets.refused.items():
            spent.add_metric([window], count)
        for outcome, count in house.spending.courier.counts.items():
            notices.add_metric([outcome], count)
    yield from (refused, spent, notices)
    yield from _close(house)


def _close(house: House) -> Iterable[Metric]:
    words = "The share that is taken of a limit of which three quarters are, of the fifty fullest."
    near = GaugeMetricFamily("penstock_limit_used_ratio", words, labels=["scope", "kind"])
    words = "The share that is spent or held of a budget of which three quarters are, of the fifty fullest."
    spent = GaugeMetricFamily("penstock_budget_used_ratio", words, labels=["scope", "window"])
    found = [] if house.limits is None else house.limits.accounts(MOST_LOOKED_AT)
    now, today = house.clock(), house.calendar()
    _add(near, (one for account in found for one in limits_left(account, now)))
    _add(spent, (one for account in found for one in budgets_left(account, today)))
    return (near, spent)


def _add(family: GaugeMetricFamily, found: Iterable[Left]) -> None:
    """One sample for each scope and kind: callers under one team see the same limit."""
    close = {(one.scope, one.kind): one.taken for one in found if one.taken >= CLOSE}
    for labels, taken in sorted(close.items(), key=lambda item: -item[1])[:MOST_SHOWN]:
        family.add_metric(labels, taken)
