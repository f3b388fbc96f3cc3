"""Prices over the admin API: set, live, listed, taken back."""

from pathlib import Path

import pytest

from tests.gateway.edge.administration import Admin, following
from tests.gateway.loops import in_loop

PRICE = {"input": "3", "output": "15.25", "longer": [{"over": 200_000, "input": "6"}]}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the configuration is."""
    return tmp_path / "penstock.toml"


def of(admin: Admin, model: str) -> tuple[int, int, str] | None:
    """What a model of `ant` costs in, and out, as the next request would pay, and who says so."""
    price = admin.house.prices.of("ant", model)
    return None if price is None else (price.input, price.output, price.source)


@in_loop
async def test_a_price_counts_from_the_next_request_on(file: Path) -> None:
    """It is known in this worker when the reply is there, and no more when it is deleted."""
    async with following(file) as admin:
        assert of(admin, "odd-model") is None
        told = await admin.told("PUT", "/prices", {"provider": "ant", "model": "odd-*", "price": PRICE})
        assert told["price"]["output"] == "15.25"
        assert of(admin, "odd-model") == (3_000_000, 15_250_000, "store")
        await admin.ask("DELETE", "/prices?provider=ant&model=odd-*")
        assert of(admin, "odd-model") is None
        assert (await admin.told("GET", "/prices"))["rows"] == []


@in_loop
async def test_they_are_listed_page_by_page(file: Path) -> None:
    """By provider and model, as they were set; a second price of the same model replaces the first."""
    async with following(file) as admin:
        for model, amount in (("b", "1"), ("a", "1"), ("c", "1"), ("a", "2")):
            price = {"input": amount, "output": "0.000001"}
            await admin.told("PUT", "/prices", {"provider": "ant", "model": model, "price": price})
        first = await admin.told("GET", "/prices?limit=2")
        rest = await admin.told("GET", f"/prices?limit=2&cursor={first['cursor']}")
        rows = [(one["model"], one["price"]["input"]) for one in first["rows"] + rest["rows"]]
        assert rows == [("a", "2.00"), ("b", "1.00"), ("c", "1.00")]
        assert first["rows"][0]["price"]["output"] == "0.000001"


@in_loop
async def test_they_are_there_after_a_start(file: Path) -> None:
    """A worker that starts knows them before its first request."""
    async with following(file) as admin:
        await admin.told("PUT", "/prices", {"provider": "ant", "model": "x", "price": PRICE})
    async with following(file) as admin:
        assert of(admin, "x") == (3_000_000, 15_250_000, "store")
