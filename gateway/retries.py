"""How often requests may be sent again: who fails must not be asked twice as much.

Every request earns a part of a try, every try after the first takes a whole one. What is saved is bounded: a
quiet hour pays for no storm.
"""

from typing import Final

# A try is paid for by five requests (a budget of 20 % of the traffic, feature F2), and ten are saved at most.
# Whole numbers and small ones: they are there already, where a float would be made for every request.
PRICE: Final = 5
SAVED: Final = 50


class Retries:
    """The budget of one worker."""

    __slots__ = ("_saved",)

    def __init__(self) -> None:
        self._saved = SAVED

    def earn(self) -> None:
        """A request has come."""
        if self._saved < SAVED:
            self._saved += 1

    def take(self) -> bool:
        """Take a further try; False when there is none left."""
        if self._saved < PRICE:
            return False
        self._saved -= PRICE
        return True
