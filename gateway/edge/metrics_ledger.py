"""The counts of the ledger: what has become of its rows, and whether they get to the database."""

from collections.abc import Iterable
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from gateway.house import House

# What a row can come to, and where it can wait: counts of the same names in store/writer.py.
ENDS: Final = ("written", "spooled", "replayed", "lost", "torn")
PLACES: Final = ("queued", "held")


def ledger(house: House) -> Iterable[Metric]:
    """Every family of the ledger; they are empty where nothing is kept."""
    words = (
        "Rows of the ledger: written to the database, spooled to a file beside it and replayed from there, "
        "lost because nothing took them, torn by a kill while they were spooled."
    )
    rows = CounterMetricFamily("penstock_ledger_rows", words, labels=["state"])
    words = "Rows in memory: queued for the database, or held because neither it nor the disk takes them."
    waiting = GaugeMetricFamily("penstock_ledger_rows_waiting", words, labels=["state"])
    words = "Whether usage gets to the database (1) or waits beside it (0): the alarm of the store."
    persists = GaugeMetricFamily("penstock_ledger_persists", words, labels=[])
    if house.keeping is not None:
        counts = house.keeping.counts
        for state in ENDS:
            rows.add_metric([state], getattr(counts, state))
        for place in PLACES:
            waiting.add_metric([place], getattr(counts, place))
        persists.add_metric([], house.keeping.persists)
    yield from (rows, waiting, persists)
