"""What two looks at a gateway's counts say of the time between them. No I/O: `top.py` asks and draws.

The counts are those of `/debug/metrics`: families by name, each a list of samples with labels.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Final

import msgspec

_BREAKERS: Final = ("closed", "half-open", "open")
_INFINITE: Final = "+Inf"


class Sample(msgspec.Struct):
    """One sample: a value, or what a histogram has (`buckets` are counts up to each bound)."""

    labels: dict[str, str] = {}
    value: float | bool = 0.0
    buckets: dict[str, float] = {}
    sum: float = 0.0
    count: float = 0.0


class Family(msgspec.Struct):
    """The samples of one metric."""

    samples: list[Sample] = []


class Counts(msgspec.Struct):
    """One look; `workers`: at how many."""

    metrics: dict[str, Family]
    workers: int = 1

    def of(self, name: str) -> list[Sample]:
        """The samples of a metric; none where this gateway has no such metric."""
        return self.metrics.get(f"penstock_{name}", Family()).samples

    def one(self, name: str) -> float:
        """The sum over all labels."""
        return sum(sample.value for sample in self.of(name))


class ProviderReading(msgspec.Struct):
    """What went to one provider. Rates are per second; `up` is None where nobody looks."""

    name: str
    requests: int = 0
    rate: float = 0.0
    failed: float = 0.0
    first_byte: float | None = None
    failovers: int = 0
    up: bool | None = None
    keys: dict[str, int] = {}
    waiting: int = 0


class ModelReading(msgspec.Struct):
    """The tokens of one model, and what they cost in dollars."""

    provider: str
    model: str
    input: int = 0
    cache_read: int = 0
    output: int = 0
    input_rate: float = 0.0
    output_rate: float = 0.0
    dollars: float = 0.0
    breaker: str = ""


class Reading(msgspec.Struct):
    """All of it. Times in seconds, rates per second; None where nothing happened that could be timed."""

    seconds: float
    inside: int
    requests: int
    rate: float
    failed: float
    first_byte: float | None
    first_byte_slow: float | None
    tokens_per_stream: float | None
    own: float | None
    output_rate: float
    dollars: float
    dollars_per_hour: float
    limited: int
    providers: list[ProviderReading]
    models: list[ModelReading]
    workers: int = 1


def reading(before: Counts, after: Counts, seconds: float) -> Reading:
    """What happened between two looks."""
    requests = _change(before, after, "requests_total", lambda _labels: "")
    failed = _change(before, after, "requests_total", lambda labels: "" if _bad(labels) else None)
    dollars = _change(before, after, "cost_dollars_total", lambda _labels: "")
    gap = _mean(_between(before, after, "token_gap_seconds"))
    first_byte = _between(before, after, "time_to_first_byte_seconds")
    models = list(_models(before, after, seconds))
    return Reading(
        seconds=seconds,
        inside=int(after.one("requests_inside")),
        requests=int(after.one("requests_total")),
        rate=requests[""] / seconds,
        failed=failed[""] / seconds,
        first_byte=_quantile(first_byte, 0.5),
        first_byte_slow=_quantile(first_byte, 0.95),
        tokens_per_stream=1 / gap if gap else None,
        own=_mean(_between(before, after, "own_seconds")),
        output_rate=sum(model.output_rate for model in models),
        dollars=after.one("cost_dollars_total"),
        dollars_per_hour=dollars[""] / seconds * 3600,
        limited=int(_sum(after, "requests_total", lambda labels: labels.get("status") == "429")),
        providers=list(_providers(before, after, seconds)),
        models=models,
        workers=after.workers,
    )


def _providers(before: Counts, after: Counts, seconds: float) -> Iterator[ProviderReading]:
    """Who is asked, or could be."""
    rates = _change(before, after, "requests_total", _named)
    failed = _change(
        before, after, "requests_total", lambda labels: labels["provider"] if _bad(labels) else None
    )
    up = {sample.labels["provider"]: bool(sample.value) for sample in after.of("provider_up")}
    totals = _by(after, "requests_total", _named)
    for name in sorted({*totals, *up, *_by(after, "provider_keys", _named)} - {"-"}):
        times = _between(before, after, "time_to_first_byte_seconds", {"provider": name})
        yield ProviderReading(
            name=name,
            requests=int(totals[name]),
            rate=rates[name] / seconds,
            failed=failed[name] / seconds,
            first_byte=_quantile(times, 0.5),
            failovers=int(_by(after, "failovers_total", _named)[name]),
            up=up.get(name),
            keys=_states(after, "provider_keys", name),
            waiting=_states(after, "provider_turns", name).get("waiting", 0),
        )


def _models(before: Counts, after: Counts, seconds: float) -> Iterator[ModelReading]:
    """Every model with tokens, or with a breaker that is not closed; the dearest and busiest first."""
    made: dict[tuple[str, str], ModelReading] = {}

    def of(labels: dict[str, str]) -> ModelReading:
        key = (labels["provider"], labels["model"])
        return made.setdefault(key, ModelReading(*key))

    for sample in after.of("tokens_total"):
        if (kind := sample.labels["kind"]) in ("input", "cache_read", "output"):
            setattr(of(sample.labels), kind, int(sample.value))
    for sample in after.of("cost_dollars_total"):
        of(sample.labels).dollars = sample.value
    for sample in after.of("breaker_state"):
        if sample.value:
            of(sample.labels).breaker = _BREAKERS[int(sample.value)]
    changes = _change(before, after, "tokens_total", lambda labels: "\0".join(labels.values()))
    for (provider, model), one in made.items():
        one.input_rate = changes[f"{provider}\0{model}\0input"] / seconds
        one.output_rate = changes[f"{provider}\0{model}\0output"] / seconds
    return iter(sorted(made.values(), key=lambda one: (-one.dollars, -one.output, one.model)))


# --- counts


def _named(labels: dict[str, str]) -> str | None:
    return labels["provider"]


def _bad(labels: dict[str, str]) -> bool:
    """A status that is somebody's fault, and not the client's."""
    return labels.get("status", "").startswith("5")


def _by(counts: Counts, name: str, key: Callable[[dict[str, str]], str | None]) -> dict[str, float]:
    """The values of a metric, summed by a key of the labels; those without one are left out."""
    found: dict[str, float] = defaultdict(float)
    for sample in counts.of(name):
        if (of := key(sample.labels)) is not None:
            found[of] += sample.value
    return found


def _change(
    before: Counts, after: Counts, name: str, key: Callable[[dict[str, str]], str | None]
) -> dict[str, float]:
    """By how much they grew; a gateway that was started anew meanwhile counts from nothing."""
    earlier, later = _by(before, name, key), _by(after, name, key)
    grown: dict[str, float] = defaultdict(float)
    for of, value in later.items():
        grown[of] = value - earlier.get(of, 0.0) if value >= earlier.get(of, 0.0) else value
    return grown


def _sum(counts: Counts, name: str, wanted: Callable[[dict[str, str]], bool]) -> float:
    return sum(sample.value for sample in counts.of(name) if wanted(sample.labels))


def _states(counts: Counts, name: str, provider: str) -> dict[str, int]:
    found = (sample for sample in counts.of(name) if sample.labels["provider"] == provider)
    return {sample.labels["state"]: int(sample.value) for sample in found}


# --- histograms


def _between(before: Counts, after: Counts, name: str, labels: dict[str, str] | None = None) -> Sample:
    """The histogram of the time between two looks, over all samples that have these labels."""
    earlier, later = _merged(before, name, labels or {}), _merged(after, name, labels or {})
    if later.count < earlier.count:
        return later
    buckets = {bound: count - earlier.buckets.get(bound, 0.0) for bound, count in later.buckets.items()}
    return Sample(buckets=buckets, sum=later.sum - earlier.sum, count=later.count - earlier.count)


def _merged(counts: Counts, name: str, labels: dict[str, str]) -> Sample:
    whole = Sample(buckets=defaultdict(float))
    for sample in counts.of(name):
        if labels.items() <= sample.labels.items():
            whole.sum += sample.sum
            whole.count += sample.count
            for bound, count in sample.buckets.items():
                whole.buckets[bound] += count
    return whole


def _mean(histogram: Sample) -> float | None:
    return histogram.sum / histogram.count if histogram.count else None


def _quantile(histogram: Sample, share: float) -> float | None:
    """The time that so many stayed below, taken as even within a bucket; at most the last bound."""
    if not histogram.count:
        return None
    wanted, low, below = histogram.count * share, 0.0, 0.0
    for bound, count in histogram.buckets.items():
        if bound == _INFINITE:
            break
        high = float(bound)
        if count >= wanted:
            return low + (high - low) * (wanted - below) / (count - below)
        low, below = high, count
    return low
