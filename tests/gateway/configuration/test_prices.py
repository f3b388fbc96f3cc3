"""`[prices]`: how dollars are said, what is taken where nothing is, and which mistakes are refused."""

import pytest

from gateway.settings import Price
from tests.gateway.reading import Load, problems

BOX = '[providers.box]\ndialect = "openai-chat"\nbase_url = "http://127.0.0.1:1"\nauth = "none"\n'


def test_dollars_become_whole_millionths(read: Load) -> None:
    """Strings and numbers, to the last digit: 0.1 is not nearly 0.1."""
    text = '[prices."box/*"]\ninput = "0.1"\noutput = 15\ncache_read = 0.3\ncache_write = "3.75"'
    assert read(BOX + text).settings.prices == {
        "box/*": Price(input=100_000, output=15_000_000, cache_read=300_000, cache_write=3_750_000)
    }


def test_a_cache_that_is_not_priced_costs_what_input_costs(read: Load) -> None:
    """No discount is made up."""
    found = read(BOX + '[prices."box/*"]\ninput = 3\noutput = 15').settings.prices["box/*"]
    assert (found.cache_read, found.cache_write) == (3_000_000, 3_000_000)


@pytest.mark.parametrize(
    ("name", "body", "where", "said"),
    [
        ("box", "input = 1\noutput = 1", "", "names no model"),
        ("bok/x", "input = 1\noutput = 1", "", "did you mean box"),
        ("box/x", "input = -1\noutput = 1", ".input", "dollars"),
        ("box/x", 'input = "free"\noutput = 1', ".input", "dollars"),
        ("box/x", "input = 1\noutput = nan", ".output", "dollars"),
        ("box/x", "input = 1", ".output", "must be said"),
    ],
)
def test_mistakes_are_told_with_their_place(read: Load, name: str, body: str, where: str, said: str) -> None:
    """The path in the file, and what mends it."""
    path = f'prices."{name}"' if "/" in name else f"prices.{name}"
    assert said in problems(read, f'{BOX}[prices."{name}"]\n{body}')[path + where]


def test_a_glob_may_stand_for_the_provider(read: Load) -> None:
    """Which none of the configured ones has to be."""
    assert read(BOX + '[prices."*/gpt-5*"]\ninput = 1\noutput = 2').settings.prices
