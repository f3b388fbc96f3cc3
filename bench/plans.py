"""What a plan costs: to load many routes, to look one up, and to take one from the cache of plans.

Targets (features R12, B5): 10 000 routes load within a second; a plan from the cache takes at most 15 µs and
10 allocations, whatever the number of routes. Allocations are exact; times are the processor's, of today.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from adapters.table import DIALECTS
from bench.allocations import allocated, quiet
from gateway.configuration.loading import load
from gateway.credentials import NONE
from gateway.house import House
from gateway.state import Exchange, Message

SIZES = (1, 10, 100, 1000, 10_000)
OPERATIONS = 2000
WARM_UP = 300
PROVIDERS = """
[server]
discover = false
[log]
level = "off"
[providers.one]
dialect = "openai-chat"
base_url = "http://127.0.0.1:9/v1"
api_key = "sk-one"
[providers.two]
dialect = "anthropic-messages"
base_url = "http://127.0.0.1:9"
api_key = "sk-two"
[models]
"""
WEIGHTED = (
    '"name-{number}" = {{ strategy = "weighted", targets = ['
    '{{ to = "one/model-{number}", weight = 3 }}, {{ to = "two/model-{number}" }}]'
)
# Routes as people write them, by turns: a name, several targets, shares with affinity and without, a pattern.
ROUTES = (
    '"name-{number}" = "one/model-{number}"',
    '"name-{number}" = ["one/model-{number}", "two/model-{number}"]',
    WEIGHTED + " }}",
    WEIGHTED + ", affinity = false }}",
    '"name-{number}-*" = "two/model-{number}"',
)
SESSION = b"0192f0c1-1d3a-7c55-9d0f-2f7a0f4b1c11"
OTHER_SESSION = b"0192f0c1-1d3a-7c55-9d0f-2f7a0f4b1c12"
# A conversation that has been at one of the targets goes there first.
AT_HOME = "at home"
# A client that names no session is known again by how its conversation begins.
NO_SESSION = "no session"
KINDS = ("one target", "two targets", "weighted", "no affinity", "pattern")


class Cost(msgspec.Struct, frozen=True):
    """Of so many routes: processor seconds to load; by kind of route, microseconds and allocations."""

    routes: int
    load: float
    looked_up: dict[str, float]
    cached: dict[str, float]
    allocations: dict[str, float]


def main(arguments: Sequence[str]) -> int:
    """Measure and print."""
    costs = [measure(int(size)) for size in arguments or SIZES]
    sys.stdout.write("\n".join(table(costs)) + "\n")
    return 0


def measure(routes: int) -> Cost:
    """Load so many routes, and plan with the last of each kind."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "penstock.toml"
        file.write_text(configuration(routes), encoding="utf-8")
        began = time.process_time()
        house = House(load(file, environment={"HOME": folder}).settings)
        loaded = time.process_time() - began
    names = last_names(routes)
    asked = {kind: exchange_for(house, name, SESSION) for kind, name in names.items()}
    if "weighted" in names:
        asked[NO_SESSION] = exchange_for(house, names["weighted"])
        asked[AT_HOME] = at_home(exchange_for(house, names["weighted"], OTHER_SESSION))
    return Cost(
        routes=routes,
        load=loaded,
        looked_up={kind: _looked_up(one) for kind, one in asked.items()},
        cached={kind: _timed(one) for kind, one in asked.items()},
        allocations={kind: _allocations(one) for kind, one in asked.items()},
    )


def configuration(routes: int) -> str:
    """A file with so many routes."""
    lines = (ROUTES[number % len(ROUTES)].format(number=number) for number in range(routes))
    return PROVIDERS + "\n".join(lines) + "\n"


def last_names(routes: int) -> dict[str, str]:
    """For each kind of route there is, a name that leads along the last of it."""
    found = {}
    for number in range(max(0, routes - len(ROUTES)), routes):
        kind = KINDS[number % len(ROUTES)]
        found[kind] = f"name-{number}-any" if kind == "pattern" else f"name-{number}"
    return found


def exchange_for(house: House, model: str, session: bytes = b"") -> Exchange:
    """A request for a model, as it stands before it is planned."""
    dialect = DIALECTS["openai-chat"]
    body = msgspec.json.encode({"model": model, "messages": [{"role": "user", "content": "hi"}]})
    path = "/v1/chat/completions"
    found = Exchange(house, dialect, "generate", path, {}, _nothing_comes, _nobody_hears, house.clock())
    found.session, found.body, found.body_at = session, body, house.clock()
    found.peek = dialect.peek(body, path)
    return found


def at_home(exchange: Exchange) -> Exchange:
    """A request of a conversation that the second target has answered."""
    exchange.house.router.route(exchange)
    if exchange.pin is not None:
        place = max(target.where for target in exchange.targets)
        exchange.pin.live(place, NONE, exchange.house.clock())
    return exchange


def table(costs: Sequence[Cost]) -> list[str]:
    """The costs as lines to read."""
    head = (
        f"{'routes':>7} {'load s':>7}  {'plan':12} {'looked up µs':>13} {'cached µs':>10} {'allocations':>12}"
    )
    lines = [head]
    for cost in costs:
        lines += [
            f"{cost.routes:>7} {cost.load:>7.3f}  {kind:12} {cost.looked_up[kind]:>13.2f} "
            f"{cost.cached[kind]:>10.2f} {cost.allocations[kind]:>12g}"
            for kind in cost.cached
        ]
    return lines


def _timed(exchange: Exchange) -> float:
    """Microseconds of a plan from the cache: the best of some rounds, which a busy machine disturbs least."""
    _plan(exchange, WARM_UP)
    return min(_seconds(lambda: _plan(exchange, OPERATIONS)) for _ in range(5)) / OPERATIONS * 1e6


def _looked_up(exchange: Exchange) -> float:
    """Microseconds of a plan that is in no cache: the best of some."""
    plans = exchange.house.router.plans
    best = float("inf")
    for _ in range(50):
        plans.clear()
        best = min(best, _seconds(lambda: _plan(exchange, 1)))
    return best * 1e6


def _allocations(exchange: Exchange) -> float:
    """Of one plan from the cache; what a run costs once falls out."""
    with quiet():
        _plan(exchange, WARM_UP)
        allocated(lambda: _plan(exchange, OPERATIONS))
        short = allocated(lambda: _plan(exchange, OPERATIONS))
        long = allocated(lambda: _plan(exchange, 2 * OPERATIONS))
    return round((long - short) / OPERATIONS, 1)


def _plan(exchange: Exchange, count: int) -> None:
    route = exchange.house.router.route
    for _ in range(count):
        route(exchange)


def _seconds(run: Callable[[], None]) -> float:
    began = time.process_time()
    run()
    return time.process_time() - began


async def _nothing_comes() -> Message:
    raise AssertionError("a plan reads nothing")


async def _nobody_hears(message: Message) -> None:
    raise AssertionError(f"a plan says nothing: {message}")
