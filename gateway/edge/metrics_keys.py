"""The keys of the store in memory: how many, and whether what is changed is heard of."""

from collections.abc import Iterable

from prometheus_client.core import GaugeMetricFamily, Metric

from gateway.house import House


def held(house: House) -> Iterable[Metric]:
    """Both families; they are empty where there is no store."""
    words = "Keys of the store in memory, those that are shut as well."
    count = GaugeMetricFamily("penstock_keys", words, labels=[])
    words = "Whether the last look at the store found what was changed (1); 0: keys stay as they are."
    synchronised = GaugeMetricFamily("penstock_keys_synchronised", words, labels=[])
    if house.registry is not None:
        count.add_metric([], len(house.registry.snapshot))
        synchronised.add_metric([], house.registry.synchronised)
    yield from (count, synchronised)
