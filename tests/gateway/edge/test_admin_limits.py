"""What is left of limits and budgets, over the admin API."""

from gateway.caller import Caller, Scope
from gateway.settings import Budget, LimitSettings
from tests.gateway.edge.administration import administered
from tests.gateway.indoors import Client, exchange_of
from tests.gateway.loops import in_loop


@in_loop
async def test_what_is_left_is_told_by_scope() -> None:
    """A request under way takes one of its scope's requests and holds some of its money; others have all."""
    async with administered() as admin:
        scopes = (
            Scope("team:red", LimitSettings(requests_per_minute=5)),
            Scope("key:ada", LimitSettings(concurrent=2), (Budget(10_000_000, "day"),)),
        )
        exchange = exchange_of(admin.house, Client())
        exchange.caller = Caller(name="ada", key_id="ada", scopes=scopes)
        assert admin.house.limits is not None
        admin.house.limits.enter(exchange)
        told = await admin.told("GET", "/limits")
        assert told["limits"] == [
            {"scope": "key:ada", "name": "concurrent", "limit": 2, "left": 1},
            {"scope": "team:red", "name": "requests_per_minute", "limit": 5, "left": 4},
        ]
        (budget,) = told["budgets"]
        assert (budget["scope"], budget["window"], budget["dollars"]) == ("key:ada", "day", "10.00")
        assert budget["resets_at"].endswith("T00:00:00Z")
        one = await admin.told("GET", "/limits?scope=team:red")
        assert (len(one["limits"]), one["budgets"]) == (1, [])
        admin.house.limits.leave(exchange)
        assert (await admin.told("GET", "/limits"))["limits"][0]["left"] == 2
