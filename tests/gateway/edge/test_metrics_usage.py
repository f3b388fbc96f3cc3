"""What the metrics say of streams, of penstock's own time, and of tokens and their cost."""

import pytest
from msgspec.structs import replace

from gateway.settings import Price, StoreSettings
from tests.gateway.edge.test_metrics import value
from tests.gateway.failing import EVENTS, ask, failing
from tests.gateway.indoors import MESSAGE, STREAM, Client, open_house, provider, settings, tiers
from tests.gateway.loops import in_loop
from tests.upstream.scripts import begun, stream, whole
from tests.upstream.server import Upstream
from tests.upstream.steps import Close


@in_loop
async def test_own_time_is_told_by_stage_and_adds_up() -> None:
    """Each request that was planned is in all three stages, and they are what own time is in all."""
    async with open_house(settings()) as house:
        for body in (MESSAGE, STREAM):
            await Client(body=body).ask(house)
        for stage in ("auth", "plan", "rest"):
            assert value(house, "penstock_stage_seconds_count", stage=stage) == 2
        whole, parts = (value(house, f"penstock_{name}_seconds_sum") for name in ("own", "stage"))
        assert whole == pytest.approx(parts)


@in_loop
async def test_gaps_are_of_streams_with_tokens() -> None:
    """One value a stream; a whole reply has none."""
    async with open_house(settings()) as house:
        await Client(body=MESSAGE).ask(house)
        assert value(house, "penstock_token_gap_seconds_count") == 0
        await Client(body=STREAM).ask(house)
        assert value(house, "penstock_token_gap_seconds_count", relay="stream") == 1


@in_loop
async def test_an_end_has_a_phase(alone: Upstream) -> None:
    """A stream that never comes ends before its head, one that breaks or is whole after it."""
    broken = (*begun(EVENTS[:4]), Close())
    async with open_house(failing(alone, tiers("one/x"))) as house:
        for script in ((Close(),), broken, stream(EVENTS)):
            await ask(house, alone.plays(script), streamed=True)
        ends = [("error", "before_head"), ("error", "after_head"), ("complete", "after_head")]
        name = "penstock_stream_outcomes_total"
        assert [value(house, name, outcome=outcome, phase=phase) for outcome, phase in ends] == [1, 1, 1]
        assert value(house, name) == 3


@in_loop
async def test_what_was_used_costs(alone: Upstream) -> None:
    """Dollars by model where prices are asked for; what nobody has a price for is counted, and said once."""
    price = Price(input=2_000_000, output=10_000_000, cache_read=0, cache_write=0)
    given = replace(settings(provider("ant", alone.address)), prices={"ant/known": price})
    usage = b'{"type":"message","usage":{"input_tokens":100,"output_tokens":50}}'
    async with open_house(given) as house:
        for name in (b"known", b"known", b"strange", b"strange"):
            script = alone.plays(whole(usage))
            body = b'{"model":"ant/%b","messages":[]}' % name
            await Client(body=body, headers=[(b"baggage", script.name.encode())]).ask(house)
        assert value(house, "penstock_cost_dollars_total", model="known") == pytest.approx(0.0014)
        assert value(house, "penstock_unpriced_requests_total", model="strange") == 2
        assert value(house, "penstock_unpriced_requests_total") == 2


@in_loop
async def test_with_a_ledger_the_cost_is_its_sum(alone: Upstream) -> None:
    """Tries in vain cost, too: what the metric says is what the rows say, to the micro-dollar."""
    price = Price(input=2_000_000, output=10_000_000, cache_read=0, cache_write=0)
    kept = replace(failing(alone), prices={"*/*": price}, store=StoreSettings(path=":memory:"))
    async with open_house(kept) as house:
        for script in (stream(EVENTS), (*begun(EVENTS[:4]), Close())):
            await ask(house, alone.plays(script), streamed=True)
        assert house.keeping is not None
        house.keeping.ledger.flush()
        with house.keeping.database.reading() as connection:
            ((spent, rows),) = connection.execute("SELECT sum(cost), count(*) FROM ledger")
        assert rows >= 2
        assert value(house, "penstock_cost_dollars_total") == pytest.approx(spent / 1_000_000)
