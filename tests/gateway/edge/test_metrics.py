"""The text of the metrics: it parses, its histograms add up, and its labels are what happened."""

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from gateway.edge.metrics import exposition
from gateway.house import House
from tests.gateway.failing import GOOD, ask, failing, no
from tests.gateway.indoors import MESSAGE, STREAM, Client, open_house, settings
from tests.gateway.loops import Clock, in_loop
from tests.upstream.server import Upstream


def samples(house: House) -> list[Sample]:
    """Every sample, as a reader of the format sees it."""
    text = exposition(house).decode()
    assert text.endswith("\n")
    return [sample for family in text_string_to_metric_families(text) for sample in family.samples]


def value(house: House, name: str, **labels: str) -> float:
    """The sum of the samples of a name that have these labels."""
    found = [one for one in samples(house) if one.name == name and labels.items() <= one.labels.items()]
    return sum(one.value for one in found)


@in_loop
async def test_an_unused_house_has_metrics() -> None:
    """Before the first request the text is well formed, and the gauges are there."""
    async with open_house(settings()) as house:
        assert value(house, "penstock_requests_inside") == 0
        assert value(house, "penstock_log_lines_dropped_total") == 0
        names = {one.name for one in samples(house)}
        assert {"penstock_signs_of_life_total", "penstock_requests_inside"} <= names


@in_loop
async def test_what_happened_is_counted() -> None:
    """Requests by status, streams by outcome, tokens by kind."""
    async with open_house(settings()) as house:
        for body in (MESSAGE, MESSAGE, STREAM, b"{"):
            await Client(body=body).ask(house)
        assert value(house, "penstock_requests_total", status="200", provider="demo") == 3
        assert value(house, "penstock_requests_total", status="400", provider="-") == 1
        assert value(house, "penstock_stream_outcomes_total", outcome="complete") == 1
        assert value(house, "penstock_stream_outcomes_total", outcome="error") == 0
        assert value(house, "penstock_tokens_total", provider="demo", kind="output") > 0
        assert value(house, "penstock_tokens_total", provider="demo", kind="cache_read") == 0


@in_loop
async def test_histograms_add_up() -> None:
    """Buckets only grow, the last holds all, and count and sum are there for each."""
    async with open_house(settings()) as house:
        for body in (MESSAGE, STREAM, STREAM, b"{"):
            await Client(body=body).ask(house)
        found = samples(house)
        for base in ("penstock_request_duration_seconds", "penstock_own_seconds"):
            counts = [one for one in found if one.name == f"{base}_count"]
            assert sum(one.value for one in counts) == 4
            assert sum(one.value for one in found if one.name == f"{base}_sum") > 0
            for count in counts:
                buckets = [
                    one.value
                    for one in found
                    if one.name == f"{base}_bucket" and count.labels.items() <= one.labels.items()
                ]
                assert buckets == sorted(buckets)
                assert buckets[-1] == count.value


@in_loop
async def test_a_status_nobody_knows_is_counted() -> None:
    """Every status a reply can have has its place, the odd ones too."""
    async with open_house(settings()) as house:
        for path in ("/v1/messages", "/nowhere"):
            await Client(path, method="PATCH").ask(house)
        assert value(house, "penstock_requests_total", status="405") == 1
        assert value(house, "penstock_requests_total", status="404") == 1


@in_loop
async def test_a_hostile_name_does_not_break_the_text() -> None:
    """A model's name with quotes, breaks and backslashes is a label like any other."""
    async with open_house(settings()) as house:
        body = (
            b'{"model":"demo-\\"\\\\\\n\xc3\xa9{}","max_tokens":9,"messages":[{"role":"user","content":"x"}]}'
        )
        assert (await Client(body=body).ask(house)).status == 200
        assert value(house, "penstock_tokens_total", model='demo-"\\\né{}', kind="output") > 0


@in_loop
async def test_failovers_and_breakers_are_shown(alone: Upstream) -> None:
    """Who was left and for what, and the state of each target's breaker as it goes through its life."""
    clock = Clock()
    async with open_house(failing(alone), clock) as house:
        await ask(house, alone.plays(no(429), GOOD))
        assert value(house, "penstock_failovers_total", provider="one", kind="throttled") == 1
        states = [value(house, "penstock_breaker_state", provider="one", model="x")]
        for _ in range(10):
            house.breakers.of("one", "x").bad(clock(), 1.0)
        states.append(value(house, "penstock_breaker_state", provider="one", model="x"))
        clock.move(30)
        states.append(value(house, "penstock_breaker_state", provider="one", model="x"))
        assert states == [0, 2, 1]
        assert value(house, "penstock_breaker_state", provider="two", model="y") == 0


@in_loop
async def test_lessons_are_counted() -> None:
    """How many were learned of a provider, and how many are kept."""
    async with open_house(settings()) as house:
        house.lessons.learn(("box", "m"), "no tools", ability="tools")
        house.lessons.forget_all()
        assert value(house, "penstock_lessons_learned_total", provider="box") == 1
        assert value(house, "penstock_lessons") == 0
