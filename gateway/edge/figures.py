"""The counts of a worker as JSON: the same families as /metrics, for those who speak no Prometheus (O6)."""

import datetime as dt
from typing import Any, Final

import msgspec
from prometheus_client.core import Metric

from gateway.edge.metrics import Counts
from gateway.house import House

BUCKET: Final = "le"


def figures(house: House) -> bytes:
    """All metrics by their names, each with its samples."""
    now = dt.datetime.fromtimestamp(house.calendar(), dt.UTC)
    told = {_name(family): _family(family) for family in Counts(house).collect()}
    return msgspec.json.encode({"at": now, "metrics": told})


def _name(family: Metric) -> str:
    return f"{family.name}_total" if family.type == "counter" else family.name


def _family(family: Metric) -> dict[str, Any]:
    samples = _sums(family) if family.type in ("histogram", "summary") else _values(family)
    return {"type": family.type, "help": family.documentation, "samples": samples}


def _values(family: Metric) -> list[dict[str, Any]]:
    return [{"labels": sample.labels, "value": sample.value} for sample in family.samples]


def _sums(family: Metric) -> list[dict[str, Any]]:
    """One sample for each combination of labels: its sum, its count and a histogram's counts by bound."""
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for sample in family.samples:
        labels = {name: value for name, value in sample.labels.items() if name != BUCKET}
        one = found.setdefault(tuple(labels.values()), {"labels": labels})
        if BUCKET in sample.labels:
            one.setdefault("buckets", {})[sample.labels[BUCKET]] = sample.value
        else:
            one[sample.name.rpartition("_")[2]] = sample.value
    return list(found.values())
