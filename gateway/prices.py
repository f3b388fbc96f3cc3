"""What tokens cost: by provider and model, in millionths of a dollar for a million tokens.

A model nobody has a price for has none: it is never taken for free.
"""

from collections.abc import Mapping
from fnmatch import fnmatchcase

from gateway.settings import Price


class Prices:
    """The prices of one settings snapshot."""

    __slots__ = ("_exact", "_globs")

    def __init__(self, prices: Mapping[str, Price] | None = None) -> None:
        self._exact = dict(prices or {})
        # The longest glob is the most particular one, as among the names of models.
        self._globs = sorted(self._exact.items(), key=lambda item: -len(item[0]))

    def of(self, provider: str, model: str) -> Price | None:
        """The price of a model at a provider, by its name or by the longest glob that fits."""
        name = f"{provider}/{model}"
        exact = self._exact.get(name)
        if exact is not None:
            return exact
        return next((price for glob, price in self._globs if fnmatchcase(name, glob)), None)
