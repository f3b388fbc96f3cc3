"""What tokens cost: who says so, the sum to the micro-dollar, and never nothing for the unknown."""

import math
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.events import Usage
from gateway import prices_table
from gateway.prices import DEAREST, FREE, Hand, Prices, cost, wanted
from gateway.prices_table import table
from gateway.settings import (
    FailureSettings,
    Price,
    ProviderSettings,
    Route,
    Settings,
    Share,
    StoreSettings,
    Tier,
)
from tests.gateway.loops import Clock

DAY = 86400.0


def price(dollars: int) -> Price:
    """A price that is told from others by its input."""
    return Price(input=dollars, output=0, cache_read=0, cache_write=0)


def instance(name: str, row: str | None, address: str = "https://api.example") -> ProviderSettings:
    """A configured provider like a row of the table."""
    return ProviderSettings(name=name, row=row, base_urls={"openai-chat": address})


def prices(*providers: ProviderSettings, said: dict[str, Price] | None = None, now: float = 0.0) -> Prices:
    """The prices of a configuration, at a moment."""
    return Prices(Settings(providers=providers, prices=said or {}), Hand(), lambda: now)


def test_the_name_before_the_longest_glob() -> None:
    """Exact, then the most particular glob; a provider's name may be a glob too."""
    said = {"ant/*": price(1), "ant/claude-*": price(2), "ant/claude-opus": price(3), "*/gpt-?": price(4)}
    names = ("ant/x", "ant/claude-y", "ant/claude-opus", "b/gpt-5")
    found = [prices(said=said).of(*name.split("/", 1)) for name in names]
    assert [one and one.input for one in found] == [1, 2, 3, 4]


def test_the_unknown_has_no_price() -> None:
    """Not nothing: none."""
    assert prices(said={"ant/*": price(1)}).of("box", "x") is None
    assert Prices().of("ant", "x") is None
    assert cost(Usage(input=1000, output=1000), None) is None


def test_the_configuration_before_the_hand_before_the_table() -> None:
    """Each of the three is asked when the one before has nothing to say, and each is named."""
    hand = Hand()
    there = Prices(Settings(providers=(instance("east", "anthropic"),), prices={"east/mine": price(1)}), hand)
    listed = there.of("east", "claude-opus-4-5")
    assert listed is not None
    assert listed.source == table().source
    hand.set({"east/claude-opus-*": Price(input=7, output=7, cache_read=7, cache_write=7, source="store")})
    found = [there.of("east", name) for name in ("mine", "claude-opus-4-5", "claude-sonnet-4-5")]
    assert [one and one.source for one in found] == ["configuration", "store", table().source]
    hand.set({})
    assert there.of("east", "claude-opus-4-5") == listed


def test_a_known_name_costs_what_the_data_set_says() -> None:
    """Dollars for a million tokens: 5 in, 25 out, 0.50 read, 6.25 and 10 written, of Claude Opus 4.5."""
    found = prices(instance("anthropic", "anthropic")).of("anthropic", "claude-opus-4-5-20251101")
    assert found == Price(
        input=5_000_000,
        output=25_000_000,
        cache_read=500_000,
        cache_write=6_250_000,
        cache_write_1h=10_000_000,
        source=table().source,
    )


def test_an_address_tells_the_provider_that_has_no_row() -> None:
    """Claude at Bedrock under its names there, and at Vertex by the prices of who makes it."""
    bedrock = instance("aws", None, "https://bedrock-runtime.us-east-1.amazonaws.com")
    vertex = instance("vertex", None, "https://us-east5-aiplatform.googleapis.com/v1")
    there = prices(bedrock, vertex)
    assert there.of("aws", "anthropic.claude-opus-4-5-20251101-v1:0") is not None
    assert there.of("vertex", "claude-sonnet-4-5@20250929") is not None
    assert there.of("vertex", "gemini-2.5-pro") is not None
    assert prices(instance("box", None, "https://models.example")).of("box", "claude-opus-4-5") is None


def test_a_model_that_is_handed_on_costs_what_it_costs_there() -> None:
    """Hugging Face names who serves behind the model; where nobody is named, nobody knows."""
    there = prices(instance("hf", "huggingface"))
    assert there.of("hf", "openai/gpt-oss-120b:groq") is not None
    assert there.of("hf", "openai/gpt-oss-120b") is None
    assert there.of("hf", "openai/gpt-oss-120b:nobody") is None


def test_a_date_without_hyphens_is_the_same_date() -> None:
    """As others spell the names of OpenAI's models."""
    there = prices(instance("openai", "openai"))
    assert there.of("openai", "gpt-4o-20240513") == there.of("openai", "gpt-4o-2024-05-13") != None  # noqa: E711


@pytest.mark.parametrize(
    ("row", "address", "model", "free"),
    [
        ("demo", "demo://here", "demo", True),
        ("ollama", "http://127.0.0.1:11434", "llama3.2", True),
        ("ollama", "http://127.0.0.1:11434", "gpt-oss:120b-cloud", False),
        ("ollama", "http://192.0.2.7:11434", "llama3.2", False),
        (None, "http://127.0.0.1:8000", "x", False),
        ("openai", "http://127.0.0.1:8000", "x", False),
    ],
)
def test_only_what_runs_here_is_free(row: str | None, address: str, model: str, *, free: bool) -> None:
    """A box of the table at this machine, and demo; any other door on this machine may lead elsewhere."""
    assert (prices(instance("box", row, address)).of("box", model) is FREE) is free


def test_a_price_changes_on_its_day() -> None:
    """Claude Opus 4.6 had a dearer price for long inputs until 13 March 2026."""
    clock = Clock(1_773_273_600.0)  # 12 March 2026
    there = Prices(Settings(providers=(instance("a", "anthropic"),)), Hand(), clock)
    before = there.of("a", "claude-opus-4-6")
    clock.move(DAY)
    after = there.of("a", "claude-opus-4-6")
    assert before is not None
    assert after is not None
    assert (before.over, after.over) == (200_000, 0)


USED = Usage(input=100, cache_read=1000, cache_write_5m=10, cache_write_1h=1, output=50, reasoning=20)
PRICE = Price(input=3_000_000, output=15_000_000, cache_read=300_000, cache_write=3_750_000)


@pytest.mark.parametrize(
    ("usage", "changes", "dollars"),
    [
        (USED, {}, 300 + 300 + 37.5 + 3.75 + 750),
        (USED, {"cache_write_1h": 6_000_000}, 300 + 300 + 37.5 + 6 + 750),
        (USED, {"reasoning": 1_000_000}, 300 + 300 + 37.5 + 3.75 + 450 + 20),
        (USED, {"request": 5000}, 300 + 300 + 37.5 + 3.75 + 750 + 5000),
        (USED, {"over": 1111, "longer": price(6_000_000)}, 300 + 300 + 37.5 + 3.75 + 750),
        (USED, {"over": 1110, "longer": price(6_000_000)}, 600),
        (Usage(output=5, reasoning=9), {"reasoning": 0}, 0),
        (Usage(), {}, 0),
        (Usage(cache_read=1), {}, 0.3),
    ],
)
def test_the_cost_is_exact_and_rounded_up(usage: Usage, changes: dict[str, Any], dollars: float) -> None:
    """Every kind at its price, in whole micro-dollars; the least use costs one."""
    assert cost(usage, msgspec.structs.replace(PRICE, **changes)) == math.ceil(dollars)


def test_millions_of_tokens_are_summed_without_an_error() -> None:
    """Integers: no rounding on the way, whatever the size."""
    used = Usage(input=10**12 + 1, output=3)
    assert cost(used, Price(input=75, output=1, cache_read=0, cache_write=0)) == 75_000_001


COUNTS = st.integers(0, 10**12)
RATES = st.integers(0, 10**9)


@given(st.lists(COUNTS, min_size=5, max_size=5), st.lists(RATES, min_size=4, max_size=4))
@example([2**40, 3, 1, 1, 1], [2**13, 1, 1, 1])
@example([2**40 - 1, 1, 0, 0, 0], [2**13, 1, 0, 0])
def test_the_sum_is_that_of_whole_numbers(counts: list[int], rates: list[int]) -> None:
    """Floats are added up as far as they are exact, and integers beyond: nobody can tell where that is."""
    used = Usage(*counts)
    asked = Price(input=rates[0], output=rates[1], cache_read=rates[2], cache_write=rates[3])
    total = (
        used.input * asked.input
        + used.output * asked.output
        + used.cache_read * asked.cache_read
        + (used.cache_write_5m + used.cache_write_1h) * asked.cache_write
    )
    assert cost(used, asked) == -(-total // 1_000_000)


def test_what_is_unknown_costs_the_dearest_of_its_provider() -> None:
    """For budgets: as [prices] says, else the dearest there, else a written price. Never nothing."""
    said = {"unknown": price(9)}
    there = prices(instance("a", "anthropic"), instance("n", "nvidia"), now=1_790_000_000.0)
    dearest = there.unknown("a")
    assert dearest.output >= 75_000_000
    assert there.unknown("n") is DEAREST
    assert prices(instance("a", "anthropic"), said=said).unknown("a").input == 9


def _two(strategy: str = "weighted") -> Settings:
    tier = Tier((Share("a"), Share("b")), strategy=strategy)  # type: ignore[arg-type]
    return Settings(models={"m": Route((tier,))}, failure=FailureSettings(leaving="always"))


def test_prices_are_asked_for_where_something_depends_on_them() -> None:
    """A ledger, a choice by price or that of leaving, prices of one's own; one target alone needs none."""
    keys = ProviderSettings(name="a", row="openai", base_urls={}, api_keys=("1", "2"))
    assert not wanted(Settings(models={"m": "a"}))
    assert not wanted(_two())
    assert wanted(_two("cheapest"))
    assert wanted(Settings(models={"m": Route((Tier((Share("a"),)), Tier((Share("b"),))))}))
    assert wanted(Settings(providers=(keys,)))
    assert wanted(Settings(prices={"a/b": PRICE}))
    assert wanted(Settings(store=StoreSettings(path=":memory:")))


def test_the_table_is_read_before_the_first_request_where_it_is_needed() -> None:
    """What a request would have to wait for is there by then; where no price matters nothing is read."""
    prices_table.shelf.cache_clear()
    Prices(Settings(providers=(instance("a", "anthropic"),))).warm()
    assert prices_table.shelf.cache_info().currsize == 0
    prices(instance("a", "anthropic"), said={"unknown": price(1)}).warm()
    assert prices_table.shelf.cache_info().currsize == 1
