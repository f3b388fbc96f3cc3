"""`[prices]`: how dollars are said, what is taken where nothing is, and which mistakes are refused."""

import pytest

from gateway.configuration.prices import price_by_hand
from gateway.configuration.problems import ConfigurationError
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


def test_each_kind_of_token_and_a_request_may_have_a_price(read: Load) -> None:
    """What is written for an hour, what is thought, and what each request costs beside its tokens."""
    text = '[prices."box/*"]\ninput = 3\noutput = 15\ncache_write_1h = 6\nreasoning = 20\nrequest = "0.005"'
    found = read(BOX + text).settings.prices["box/*"]
    assert (found.cache_write_1h, found.reasoning, found.request) == (6_000_000, 20_000_000, 5000)


def test_a_long_input_may_have_prices_of_its_own(read: Load) -> None:
    """In steps, whichever is written first; what a step does not say is as in the one before."""
    long = "longer = [{ over = 500, output = 30 }, { over = 200, input = 6 }]"
    found = read(f'{BOX}[prices."box/*"]\ninput = 3\noutput = 15\nreasoning = 1\n{long}').settings.prices[
        "box/*"
    ]
    first = found.longer
    assert first is not None
    second = first.longer
    assert second is not None
    assert (found.over, first.over, second.over) == (200, 500, 0)
    assert [(one.input, one.cache_read, one.output) for one in (found, first, second)] == [
        (3_000_000, 3_000_000, 15_000_000),
        (6_000_000, 6_000_000, 15_000_000),
        (6_000_000, 6_000_000, 30_000_000),
    ]
    assert second.reasoning == 1_000_000


@pytest.mark.parametrize("longer", ["{ over = 0 }", "{ over = 9 }, { over = 9 }", "{ over = 9, input = -1 }"])
def test_wrong_steps_are_told_with_their_place(read: Load, longer: str) -> None:
    """A step that begins at nothing, or where another does, or that costs less than nothing."""
    found = problems(read, f'{BOX}[prices."box/x"]\ninput = 1\noutput = 1\nlonger = [{longer}]')
    assert any(path.startswith('prices."box/x".longer[') for path in found)


def test_what_has_no_price_may_be_given_one(read: Load) -> None:
    """`unknown` is no model's name, and needs no provider."""
    assert read("[prices.unknown]\ninput = 5\noutput = 25").settings.prices["unknown"].output == 25_000_000


def test_a_price_set_by_hand_is_spelled_the_same_way() -> None:
    """As JSON; what is wrong with it is told as of the file."""
    body = '{"input": "3.00", "output": 15}'
    assert price_by_hand(body, "store") == Price(
        input=3_000_000, output=15_000_000, cache_read=3_000_000, cache_write=3_000_000, source="store"
    )
    for wrong in (
        "{",
        "[]",
        '{"input": 1}',
        '{"input": 1, "output": -1}',
        '{"input": 1, "output": 1, "x": 1}',
    ):
        with pytest.raises(ConfigurationError):
            price_by_hand(wrong, "store")
