"""The counts as JSON: the same truth as the text, for programs that speak no Prometheus."""

from typing import Any

from tests.gateway.edge.test_metrics import samples
from tests.gateway.edge.test_site import KEY, LOCKED, get
from tests.gateway.indoors import MESSAGE, STREAM, Client, open_house, settings
from tests.gateway.loops import in_loop


@in_loop
async def test_json_says_the_same() -> None:
    """Every sample of the text is in /debug/metrics, with its labels and its value, and nothing else is."""
    async with open_house(settings()) as house:
        for body in (MESSAGE, STREAM, b"{"):
            await Client(body=body).ask(house)
        told = (await Client("/debug/metrics", b"", method="GET").ask(house)).json()["metrics"]
        found = samples(house)
    listed = {
        (f"{name}{part}", frozenset({**one["labels"], **more}.items()), value)
        for name, family in told.items()
        for one in family["samples"]
        for part, more, value in _spread(one)
    }
    # What is read may have moved by a request that was under way: the one that asked.
    moved = {"penstock_requests_inside", "penstock_tasks", "penstock_loop_held_up_seconds"}
    assert {one for one in listed if one[0] not in moved} == {
        (one.name, frozenset(one.labels.items()), one.value) for one in found if one.name not in moved
    }
    assert told["penstock_requests_total"]["type"] == "counter"


def _spread(sample: dict[str, Any]) -> list[tuple[str, dict[str, str], float]]:
    """The samples of the text that one of the JSON stands for."""
    if "value" in sample:
        return [("", {}, sample["value"])]
    buckets = [("_bucket", {"le": bound}, count) for bound, count in sample.get("buckets", {}).items()]
    return [*buckets, ("_sum", {}, sample["sum"]), ("_count", {}, sample["count"])]


@in_loop
async def test_they_are_behind_keys_where_keys_are_required() -> None:
    """As the text is."""
    async with open_house(LOCKED) as house:
        assert (await get(house, "/debug/metrics")).status == 401
        answer = await get(house, "/debug/metrics", (b"authorization", b"Bearer " + KEY))
        assert (answer.status, answer.header(b"content-type")) == (200, b"application/json")
