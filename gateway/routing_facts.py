"""What rules may ask of one request. Each fact is found when it is first asked, and once.

The scenarios stand in a fixed order, and a request has the first that fits:

    long_context   more input than `scenarios.long_context_tokens`, by an estimate
    background     a small model is asked for: `scenarios.background_models`
    thinking       the model is asked to think
    web_search     the provider is asked to search the web
    image          there is an image to look at
    subagent       an agent of an agent asks: it says so in a header, or in a tag of the system prompt
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Final

import msgspec

from adapters.dialect import Dialect, Peek
from adapters.survey import Tag, asks_for_search, offers_tools, shows_images, subagent_of
from gateway.caller import NOBODY, Caller
from gateway.settings import Scenarios
from gateway.state import Pair

# A text has no more tokens than bytes. An image may, and a file (`fileData`, `file_data`): what may be one is
# weighed. Python looks for five bytes in a third of the time that it takes for more of them (350 KB: 55 µs
# and 165; CPython 3.11).
BIG: Final = (b"image", b"leDat", b"le_da")


class Request(msgspec.Struct, frozen=True):
    """One request, as rules see it. `moment`: now, in seconds since the epoch."""

    dialect: Dialect
    body: bytes
    path: str
    peek: Peek
    headers: Iterable[Pair] = ()
    caller: Caller = NOBODY
    agent: str = ""
    moment: Callable[[], float] = lambda: 0.0


class Facts:
    """The facts of one request."""

    def __init__(self, request: Request, scenarios: Scenarios) -> None:
        self.request = request
        self._scenarios = scenarios
        # The tokens of the input, once they were asked for.
        self.weight = 0

    @cached_property
    def scenario(self) -> str:
        """The first scenario that fits, or none."""
        return next((name for name, fits in SCENARIOS.items() if fits(self)), "")

    @property
    def tokens(self) -> int:
        """About how many tokens the input has."""
        if not self.weight:
            self.weight = self.request.dialect.estimate(self.request.body)
        return self.weight

    @cached_property
    def tools(self) -> bool:
        """Whether tools are offered."""
        return offers_tools(self.request.body)

    @cached_property
    def images(self) -> bool:
        """Whether there is an image to look at."""
        request = self.request
        return shows_images(request.dialect, request.body, request.path)

    @cached_property
    def web_search(self) -> bool:
        """Whether the provider is asked to search the web."""
        return asks_for_search(self.request.body)

    @cached_property
    def tag(self) -> Tag | None:
        """The tag of a subagent."""
        return subagent_of(self.request.body)

    @cached_property
    def agent(self) -> str:
        """The agent of an agent that asks: by its header, else by its tag."""
        return self.request.agent or ("" if self.tag is None else self.tag.name)

    @cached_property
    def headers(self) -> dict[str, str]:
        """The header fields; of several of one name the last."""
        return {name.decode("latin-1"): value.decode("latin-1") for name, value in self.request.headers}

    @cached_property
    def time(self) -> datetime:
        """Now, in UTC."""
        return datetime.fromtimestamp(self.request.moment(), UTC)

    def over(self, tokens: int) -> bool:
        """Whether the input has more tokens than so many. Small bodies are not weighed for that."""
        body = self.request.body
        if len(body) <= tokens and not any(word in body for word in BIG):
            return False
        return self.tokens > tokens

    def long(self) -> bool:
        """Whether the input is long."""
        limit = self._scenarios.long_context_tokens
        return limit > 0 and self.over(limit)

    def small(self) -> bool:
        """Whether a small model is asked for."""
        model = self.request.peek.model
        return any(fnmatchcase(model, glob) for glob in self._scenarios.background_models)


SCENARIOS: Final[dict[str, Callable[[Facts], bool]]] = {
    "long_context": Facts.long,
    "background": Facts.small,
    "thinking": lambda facts: facts.request.peek.thinking,
    "web_search": lambda facts: facts.web_search,
    "image": lambda facts: facts.images,
    "subagent": lambda facts: facts.agent != "",
}
