"""How streams ended, where penstock's own time went, and what was used and what that cost."""

from collections.abc import Iterable
from itertools import accumulate
from typing import Final

from prometheus_client.core import CounterMetricFamily, Metric, SummaryMetricFamily

from gateway.house import House
from gateway.tallies import OUTCOMES, PHASES, Histogram, RequestLabels, Tallies, TokenLabels

KINDS: Final = ("input", "cache_read", "cache_write", "output", "reasoning")
MICRO: Final = 1e-6


def streams(tallies: Tallies) -> Metric:
    """How streams ended, and where they were by then (feature O8)."""
    words = (
        "How streams ended, each in exactly one way: complete, error (in band, or before the head), "
        "client_gone; and whether the head of the reply had been sent by then."
    )
    names = ["dialect", "operation", "provider", "outcome", "phase"]
    family = CounterMetricFamily("penstock_stream_outcomes", words, labels=names)
    streamed = (item for item in tallies.requests.items() if RequestLabels(*item[0]).relay == "stream")
    ends = [(outcome, phase) for phase in PHASES for outcome in OUTCOMES]
    for labels, tally in streamed:
        for count, (outcome, phase) in zip(tally.outcomes, ends, strict=True):
            if count:
                family.add_metric([*labels[:3], outcome, phase], count)
    return family


def stages(tallies: Tallies) -> Metric:
    """Penstock's own time by stage."""
    words = "Penstock's own time by stage: auth (who asks), plan (where to), rest (sending and judging)."
    family = SummaryMetricFamily("penstock_stage_seconds", words, labels=["stage"])
    auth, plan = tallies.auth_time, tallies.plan_time
    for stage, spent in (("auth", auth), ("plan", plan), ("rest", tallies.planned_own - auth - plan)):
        family.add_metric([stage], int(tallies.planned), spent)
    return family


def tokens(tallies: Tallies) -> Iterable[Metric]:
    """Tokens and their cost, by model."""
    words = "Tokens as providers report them; input is what no cache held."
    family = CounterMetricFamily("penstock_tokens", words, labels=[*TokenLabels._fields, "kind"])
    words = "What tokens cost, in dollars, where prices are asked for; with a store the sum of its ledger."
    spent = CounterMetricFamily("penstock_cost_dollars", words, labels=TokenLabels._fields)
    words = "Requests to models nobody has a price for, where prices are asked for."
    unpriced = CounterMetricFamily("penstock_unpriced_requests", words, labels=TokenLabels._fields)
    for labels, tally in tallies.tokens.items():
        for kind in KINDS:
            family.add_metric([*labels, kind], getattr(tally, kind))
        if tally.cost:
            spent.add_metric(labels, tally.cost * MICRO)
        if tally.unpriced:
            unpriced.add_metric(labels, tally.unpriced)
    yield from (family, spent, unpriced)


def first_seen(house: House) -> Metric:
    """What clients were seen to send for the first time (feature O9)."""
    words = "What a client was seen to send for the first time: a beta, a field, a kind of tool, an endpoint."
    family = CounterMetricFamily("penstock_first_seen", words, labels=["client", "kind"])
    for labels, count in house.drift.counts().items():
        family.add_metric(labels, count)
    return family


def buckets(histogram: Histogram) -> list[tuple[str, float]]:
    """A histogram as the library takes it: counts up to each bound."""
    bounds = [*(str(bound) for bound in histogram.bounds), "+Inf"]
    return list(zip(bounds, accumulate(histogram.counts), strict=True))
