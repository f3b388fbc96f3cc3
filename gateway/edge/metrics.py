"""The counts of a worker in Prometheus' text format, made by its own client library when they are asked for.

Nothing of the library is on the path of a request: the path adds to plain integers (tallies.py).
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar, get_args

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector, CollectorRegistry

from gateway.credentials import State
from gateway.edge.metrics_connections import connections
from gateway.edge.metrics_keys import held
from gateway.edge.metrics_ledger import ledger
from gateway.edge.metrics_limits import limits
from gateway.edge.metrics_usage import buckets, first_seen, stages, streams, tokens
from gateway.house import House
from gateway.reload import Standing
from gateway.tallies import (
    FailoverLabels,
    HedgeLabels,
    Histogram,
    LeavingLabels,
    LeftOutLabels,
    RequestLabels,
    Tallies,
    WaitLabels,
)

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
REQUEST = list(RequestLabels._fields)
STATES = {"closed": 0, "half_open": 1, "open": 2}
HISTOGRAMS = (
    (
        "durations",
        "penstock_request_duration_seconds",
        "From the first byte of the request to the last of the reply.",
    ),
    ("first_bytes", "penstock_time_to_first_byte_seconds", "Until the first byte of the reply was sent."),
    ("gaps", "penstock_token_gap_seconds", "Between two tokens of a stream, on average over each stream."),
    ("own", "penstock_own_seconds", "Penstock's own time until the head of the reply: nothing waited for."),
)


def exposition(house: House) -> bytes:
    """All metrics as text."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Counts(house))
    return generate_latest(registry)


Labels = TypeVar("Labels", bound=tuple[str, ...])


class Counts(Collector):
    """All counts of a worker, as families of the library."""

    def __init__(self, house: House) -> None:
        self._house = house

    def collect(self) -> Iterable[Metric]:
        """Every family, read from the tallies now."""
        tallies = self._house.tallies
        yield _requests(tallies)
        yield streams(tallies)
        for attribute, name, words in HISTOGRAMS:
            family = HistogramMetricFamily(name, words, labels=REQUEST)
            for labels, tally in tallies.requests.items():
                histogram: Histogram = getattr(tally, attribute)
                family.add_metric(labels, buckets(histogram), histogram.total)
            yield family
        yield stages(tallies)
        yield from tokens(tallies)
        yield _failovers(tallies)
        yield _left_out(tallies)
        yield _hedges(tallies)
        yield _breakers(self._house)
        yield from _health(self._house)
        yield _rotations(tallies)
        yield _credentials(self._house)
        yield from _turns(self._house)
        yield from _affinity(self._house)
        yield from _lessons(self._house)
        yield first_seen(self._house)
        yield _recalls(tallies)
        yield from _caches(self._house)
        yield from held(self._house)
        yield from ledger(self._house)
        yield from limits(self._house)
        yield from _configuration(self._house)
        yield from _gauges(self._house)
        yield from _memory(self._house)
        yield from connections(self._house)


def _requests(tallies: Tallies) -> Metric:
    family = CounterMetricFamily(
        "penstock_requests", "Requests by what the client was told.", labels=[*REQUEST, "status"]
    )
    for labels, tally in tallies.requests.items():
        for status, count in enumerate(tally.statuses):
            if count:
                family.add_metric([*labels, str(status)], count)
    return family


def _failovers(tallies: Tallies) -> Metric:
    words = "Requests that left a provider for their next target, by the kind of its failure."
    return _counted("penstock_failovers", words, FailoverLabels._fields, tallies.failovers)


def _health(house: House) -> Iterable[Metric]:
    words = "Whether a provider that is watched answered its last probe."
    up = GaugeMetricFamily("penstock_provider_up", words, labels=["provider"])
    words = "Seconds since a provider that is watched was probed last."
    age = GaugeMetricFamily("penstock_provider_probe_age_seconds", words, labels=["provider"])
    words = "Probes of providers that are watched, by whether they were answered."
    probes = CounterMetricFamily("penstock_provider_probes", words, labels=["provider", "outcome"])
    for one in house.health.watched:
        up.add_metric([one.name], one.up)
        age.add_metric([one.name], house.clock() - one.looked_at)
        for outcome, count in one.counts.items():
            probes.add_metric([one.name, outcome], count)
    yield from (up, age, probes)


def _counted(name: str, words: str, labels: Sequence[str], counts: Mapping[Labels, int]) -> Metric:
    """A counter, from what was counted under its labels."""
    family = CounterMetricFamily(name, words, labels=labels)
    for found, count in counts.items():
        family.add_metric(found, count)
    return family


def _hedges(tallies: Tallies) -> Metric:
    words = "Targets asked beside another that was slow: won, lost, or failed."
    return _counted("penstock_hedges", words, HedgeLabels._fields, tallies.hedges)


def _left_out(tallies: Tallies) -> Metric:
    words = "Targets left out of a plan because they cannot serve the request, by what they lack."
    return _counted("penstock_targets_left_out", words, LeftOutLabels._fields, tallies.left_out)


def _breakers(house: House) -> Metric:
    words = "The breaker of a target: 0 closed, 1 half-open, 2 open (it is left alone while others are left)."
    family = GaugeMetricFamily("penstock_breaker_state", words, labels=["provider", "model"])
    for (provider, model), state in house.breakers.states(house.clock()).items():
        family.add_metric([provider, model], STATES[state])
    return family


def _rotations(tallies: Tallies) -> Metric:
    words = "Requests that went on to the next key of a provider, by the kind of failure."
    return _counted("penstock_key_rotations", words, FailoverLabels._fields, tallies.rotations)


def _credentials(house: House) -> Metric:
    words = "Keys of providers that have several: well, resting (throttled) or dead (refused)."
    family = GaugeMetricFamily("penstock_provider_keys", words, labels=["provider", "state"])
    now = house.clock()
    for provider in house.providers.values():
        states = provider.credentials.states(now) if provider.credentials is not None else []
        for state in get_args(State) if states else ():
            family.add_metric([provider.name, state], states.count(state))
    return family


def _affinity(house: House) -> Iterable[Metric]:
    pins = len(house.affinity.pins)
    yield GaugeMetricFamily("penstock_conversations", "Conversations whose target is known.", value=pins)
    words = "Decisions on whether to leave a throttled target that holds a prompt cache: wait or leave."
    yield _counted("penstock_leavings", words, LeavingLabels._fields, house.tallies.leavings)


def _turns(house: House) -> Iterable[Metric]:
    words = "How long requests waited for their turn at a provider, and whether they got it."
    waits = HistogramMetricFamily("penstock_turn_wait_seconds", words, labels=list(WaitLabels._fields))
    for labels, histogram in house.tallies.waits.items():
        waits.add_metric(labels, buckets(histogram), histogram.total)
    yield waits
    words = "Requests at a provider that takes only so many at once: asking and waiting."
    family = GaugeMetricFamily("penstock_provider_turns", words, labels=["provider", "state"])
    for provider in house.providers.values():
        if provider.turns is not None:
            family.add_metric([provider.name, "asking"], provider.turns.inside)
            family.add_metric([provider.name, "waiting"], provider.turns.waiting)
    yield family


def _lessons(house: House) -> Iterable[Metric]:
    words = "What was learned of models: what they refuse, and what they cannot do."
    learned = CounterMetricFamily("penstock_lessons_learned", words, labels=["provider"])
    for provider, count in house.lessons.learned.items():
        learned.add_metric([provider], count)
    yield learned
    yield GaugeMetricFamily("penstock_lessons", "Lessons that are kept.", value=house.lessons.count)


def _recalls(tallies: Tallies) -> Metric:
    words = "Requests that may be cached or shared: hit, miss, bypass, coalesced, resumed."
    family = CounterMetricFamily("penstock_recalls", words, labels=["result"])
    for result, count in tallies.recalls.items():
        family.add_metric([result], count)
    return family


def _caches(house: House) -> Iterable[Metric]:
    entries = GaugeMetricFamily("penstock_cache_entries", "Entries of a cache.", labels=["cache"])
    size = GaugeMetricFamily("penstock_cache_bytes", "Bytes of a cache that counts them.", labels=["cache"])
    words = "Look-ups in a cache, and whether it was found."
    lookups = CounterMetricFamily("penstock_cache_lookups", words, labels=["cache", "found"])
    for name, cache in house.caches().items():
        figures = cache.figures()
        entries.add_metric([name], figures.entries)
        if figures.bytes is not None:
            size.add_metric([name], figures.bytes)
        lookups.add_metric([name, "yes"], figures.hits)
        lookups.add_metric([name, "no"], figures.misses)
    return (entries, size, lookups)


def _configuration(house: House) -> Iterable[Metric]:
    words = "Whether what runs is what the configuration says: 1 for its standing."
    standing = GaugeMetricFamily("penstock_configuration", words, labels=["state"])
    words = "Times the configuration was read again, by what came of it."
    reads = CounterMetricFamily("penstock_configuration_reloads", words, labels=["result"])
    words = "When the configuration that runs was read, in Unix seconds."
    loaded = GaugeMetricFamily("penstock_configuration_loaded_timestamp_seconds", words, labels=[])
    reload = house.reload
    if reload is not None:
        for state in get_args(Standing):
            standing.add_metric([state], state == reload.standing)
        for result, count in reload.counts.items():
            reads.add_metric([result], count)
        loaded.add_metric([], reload.loaded_at)
    yield from (standing, reads, loaded)
    words = "Providers that left the configuration and whose last requests are not over."
    yield GaugeMetricFamily("penstock_retired_providers", words, value=house.retired)


def _gauges(house: House) -> Iterable[Metric]:
    yield GaugeMetricFamily("penstock_requests_inside", "Requests under way.", value=house.admission.inside)
    away = CounterMetricFamily(
        "penstock_requests_turned_away", "Requests refused because too many were under way."
    )
    away.add_metric([], house.admission.turned_away)
    yield away
    guesses = CounterMetricFamily(
        "penstock_guessers_turned_away",
        "Requests refused for the wrong keys that came from their address.",
    )
    guesses.add_metric([], house.guesses.turned_away)
    yield guesses
    yield GaugeMetricFamily("penstock_tasks", "Tasks of the event loop.", value=_tasks())
    words = "The longest the event loop was held up, in this minute and the one before."
    held_up = house.timekeeper.lateness.longest(house.clock())
    yield GaugeMetricFamily("penstock_loop_held_up_seconds", words, value=held_up)
    signs = CounterMetricFamily(
        "penstock_signs_of_life", "Pings and comments said while an upstream was silent."
    )
    signs.add_metric([], house.tallies.signs_of_life)
    yield signs
    dropped = CounterMetricFamily(
        "penstock_log_lines_dropped", "Log lines given up because nobody read them."
    )
    dropped.add_metric([], house.journal.dropped)
    yield dropped


def _memory(house: House) -> Iterable[Metric]:
    words = "Memory of the worker in use when it was looked at last; 0 where it has no limit."
    yield GaugeMetricFamily("penstock_memory_used_bytes", words, value=house.memory.used)
    words = "Memory that the worker may have: its part of `server.memory` or of the container's; 0 is any."
    yield GaugeMetricFamily("penstock_memory_limit_bytes", words, value=house.memory.limit)
    words = "Entries of caches that were forgotten because memory was short."
    let_go = CounterMetricFamily("penstock_memory_let_go", words, labels=["cache"])
    for name, count in house.memory.let_go.items():
        let_go.add_metric([name], count)
    yield let_go


def _tasks() -> int:
    """How many tasks there are: more and more of them would be a leak."""
    try:
        return len(asyncio.all_tasks())
    except RuntimeError:  # nobody is serving
        return 0
