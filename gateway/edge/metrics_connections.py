"""The connections to upstreams: how many there are, and what came of those that were needed."""

from collections.abc import Iterable
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from gateway.house import House

WHERE: Final = ["provider", "dialect"]


def connections(house: House) -> Iterable[Metric]:
    """Every family of connections; all keys of a provider are told together."""
    words = "Connections to upstreams."
    there = GaugeMetricFamily("penstock_upstream_connections", words, labels=[*WHERE, "state"])
    words = "Requests that wait for a connection at a provider that has only so many."
    waiting = GaugeMetricFamily("penstock_upstream_connections_waiting", words, labels=WHERE)
    words = "Connections that were opened, could not be opened, or were used again."
    events = CounterMetricFamily("penstock_upstream_connection_events", words, labels=[*WHERE, "event"])
    for provider in house.providers.values():
        for dialect, door in provider.doors.items():
            where, figures = [provider.name, dialect], door.figures()
            there.add_metric([*where, "busy"], figures.busy)
            there.add_metric([*where, "idle"], figures.idle)
            waiting.add_metric(where, figures.waiting)
            events.add_metric([*where, "opened"], figures.opened)
            events.add_metric([*where, "failed"], figures.failed)
            events.add_metric([*where, "reused"], figures.reused)
    return (there, waiting, events)
