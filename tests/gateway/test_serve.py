"""What a worker is set to before it serves."""

import gc
from collections.abc import Iterator

import pytest

from gateway.app import App
from gateway.house import House
from gateway.serve import spare_collector
from tests.gateway.indoors import MESSAGE, STREAM, Client, open_house, settings
from tests.gateway.loops import in_loop


@pytest.fixture
def collector() -> Iterator[None]:
    """The collector as it was, afterwards."""
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


@pytest.mark.usefixtures("collector")
def test_the_collector_waits_for_more_objects() -> None:
    """Only how many new ones it waits for is another number."""
    older = gc.get_threshold()[1:]
    spare_collector()
    assert gc.get_threshold() == (10_000, *older)


@in_loop
async def test_a_request_leaves_the_collector_nothing() -> None:
    """However many there were, streamed or whole, none of them is left in a cycle."""
    async with open_house(settings()) as house:
        await asked(house, 2)
        gc.collect()
        before = len(gc.get_objects())
        gc.disable()
        try:
            await asked(house, 50)
            after = len(gc.get_objects())
        finally:
            gc.enable()
        assert after - before < 50, "less than one object a request"


async def asked(house: House, times: int) -> None:
    """So many requests of each kind."""
    for _ in range(times):
        for body in (MESSAGE, STREAM):
            client = Client(body=body)
            await App(house)(client.scope, client.receive, client.send)
