"""What tokens cost: by name, by the longest glob, and never nothing for what nobody knows."""

from gateway.prices import Prices
from gateway.settings import Price


def price(dollars: int) -> Price:
    """A price that is told from others by its input."""
    return Price(input=dollars, output=0, cache_read=0, cache_write=0)


def test_the_name_before_the_longest_glob() -> None:
    """Exact, then the most particular glob; a provider's name may be a glob too."""
    prices = Prices(
        {"ant/*": price(1), "ant/claude-*": price(2), "ant/claude-opus": price(3), "*/gpt-?": price(4)}
    )
    found = [
        prices.of(*name.split("/", 1)) for name in ("ant/x", "ant/claude-y", "ant/claude-opus", "b/gpt-5")
    ]
    assert [one and one.input for one in found] == [1, 2, 3, 4]


def test_the_unknown_has_no_price() -> None:
    """Not nothing: none."""
    assert Prices({"ant/*": price(1)}).of("box", "x") is None
    assert Prices().of("ant", "x") is None
