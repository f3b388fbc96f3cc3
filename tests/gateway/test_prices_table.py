"""The table of prices penstock brings along: it is what the data set says, and tells models as that does."""

import datetime as dt
import itertools
import math

import pytest
from genai_prices import Usage as TheirUsage
from genai_prices import calc_price
from genai_prices.data import providers as theirs
from genai_prices.types import ModelInfo, Provider

from adapters.events import Usage
from adapters.table import PROVIDERS
from docs.prices import written
from gateway.prices import cost
from gateway.prices_table import FILE, Rates, Term, current, section_at, shelf, table
from tests.gateway.test_prices import instance, prices

# Rows that the data set does not know; what is theirs has to be said in [prices].
UNPRICED = {"qwen", "nvidia", "github"}
MOMENTS = [
    dt.datetime.fromisoformat(f"{moment}+00:00")
    for moment in ("2025-12-01T00:00", "2026-11-21T02:30", "2026-11-21T12:00", "2027-02-01T23:59")
]
USES = (Usage(100, 20, 30, 4, 50), Usage(300_000, 1, 1, 1, 7))


def test_the_table_is_what_the_installed_data_set_says() -> None:
    """Whoever moves the data set writes the table anew (`just prices`); only the day may differ."""
    day = table().source.rpartition(" ")[2]
    assert FILE.read_bytes() == written(day)


def test_every_row_of_the_providers_has_a_section_or_a_reason() -> None:
    """A row that is added is found there under its own name or another, is free, or stands in the list."""
    for row in PROVIDERS.values():
        name = row.name if row.prices is None else row.prices
        sections = (
            [one for one in table().sections if one.startswith(name[:-1])] if name[-1:] == "*" else [name]
        )
        boxes = row.key_variable is None
        known = bool(name) and all(shelf(one) is not None for one in sections) and bool(sections)
        assert known is not (boxes or row.name in UNPRICED), row.name


@pytest.mark.parametrize(
    ("row", "model"),
    [
        ("anthropic", "claude-sonnet-4-5-20250929"),
        ("openai", "gpt-5.1"),
        ("gemini", "gemini-2.5-flash"),
        ("groq", "llama-3.3-70b-versatile"),
        ("xai", "grok-4"),
        ("deepseek", "deepseek-chat"),
        ("mistral", "mistral-large-latest"),
        ("openrouter", "anthropic/claude-sonnet-4.5"),
        ("together", "meta-llama/Llama-3.3-70B-Instruct-Turbo"),
        ("fireworks", "accounts/fireworks/models/gpt-oss-120b"),
        ("cerebras", "gpt-oss-120b"),
        ("moonshot", "kimi-k2-0905-preview"),
        ("zai", "glm-4.6"),
        ("minimax", "MiniMax-M2"),
        ("perplexity", "sonar-pro"),
        ("huggingface", "openai/gpt-oss-120b:groq"),
    ],
)
def test_well_known_models_have_a_price_at_their_provider(row: str, model: str) -> None:
    """Under the names that clients say, capitals included."""
    found = prices(instance(row, row), now=1_795_000_000.0).of(row, model)
    assert found is not None
    assert found.input > 0


@pytest.mark.parametrize("provider", theirs, ids=lambda one: one.id)
def test_the_table_costs_what_its_source_costs(provider: Provider) -> None:
    """Every model, found by its own name, at several moments, short and long, to the micro-dollar."""
    there = shelf(provider.id)
    for model in provider.models:
        terms = there.terms(model.id.lower()) if there is not None else None
        for at, usage in itertools.product(MOMENTS, USES):
            if terms is not None:
                assert cost(usage, current(terms, at.timestamp())) == _their_cost(provider, model, usage, at)


def _their_cost(provider: Provider, model: ModelInfo, usage: Usage, at: dt.datetime) -> int:
    written_all = usage.cache_write_5m + usage.cache_write_1h
    used = TheirUsage(
        input_tokens=usage.input + usage.cache_read + written_all,
        cache_read_tokens=usage.cache_read,
        cache_write_tokens=written_all,
        cache_write_1h_tokens=usage.cache_write_1h,
        output_tokens=usage.output,
    )
    price = calc_price(used, model.id, provider_id=provider.id, genai_request_timestamp=at)
    return math.ceil(price.total_price * 1_000_000)


def test_a_time_of_day_may_end_the_day_after() -> None:
    """From 16:30 until 00:30 holds at both ends of a day, and not in its middle."""
    term = Term(Rates(1), between=("16:30", "00:30"))
    held = [term.holds("2026-01-01", minute) for minute in ("16:29", "16:30", "23:59", "00:29", "00:30")]
    assert held == [False, True, True, True, False]


def test_an_address_of_nobody_is_nobodys() -> None:
    """And an address that has another inside is not the other's."""
    assert section_at("https://api.openai.com/v1") == "openai"
    assert section_at("https://models.example/https://api.openai.com") == ""
