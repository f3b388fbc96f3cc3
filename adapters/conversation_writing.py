"""What the writers of requests of all dialects share: the names of tools, and what had no place.

A dialect's writer puts a body together; here it is kept what was dropped on the way, each name once, and what
a provider refuses is taken out of it again.
"""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from adapters.conversation import ChatRequest, Quirks, ServerTool, Tool, Written, given
from adapters.conversation_tools import Names, offered
from adapters.events import CITATIONS
from adapters.fault import Malformed

Json = dict[str, object]

# How a lowered limit is named among what was dropped.
CLAMPED: Final = "max_tokens(clamped)"

# The field of OpenAI's APIs that names a conversation to their prompt cache.
CACHE_KEY: Final = "prompt_cache_key"

# What OpenAI's two APIs have in common and nobody else knows, and how Chat calls it.
_OPENAI: Final = frozenset(("openai-chat", "openai-responses"))
_SHARED: Final = {
    "metadata": "metadata",
    "store": "store",
    "safety_identifier": "safety_identifier",
    "verbosity": "verbosity",
    "text.verbosity": "verbosity",
}

_ENCODE = msgspec.json.Encoder().encode


class Writing:
    """One request being written in a dialect, which is called `name`."""

    __slots__ = ("_dropped", "_names", "_own", "_quirks", "_request")

    def __init__(self, request: ChatRequest, quirks: Quirks, name: str, names: Names) -> None:
        self._request = request
        self._quirks = quirks
        self._own = request.dialect == name
        if request.continues and not self._own:
            raise _not_kept(request.continues)
        self._names = names
        # In order, each once.
        self._dropped: dict[str, None] = dict.fromkeys(request.unread)
        if request.cited and not self._own:
            self._dropped[CITATIONS] = None

    def _offered(self, name: str) -> list[Tool | ServerTool]:
        """The tools that can be sent; raise `Malformed` where one that cannot is forced."""
        if not self._request.tools:
            return []
        tools, lost = offered(self._request, name)
        self._drop(lost)
        return tools

    def _drop(self, names: Iterable[str]) -> None:
        for name in names:
            self._dropped[name] = None

    def _refuse(self, settings: Json) -> None:
        """Take out what the provider is known to refuse."""
        if not self._quirks.refuses:
            return
        refused = [name for name in settings if name in self._quirks.refuses]
        self._drop(refused)
        for name in refused:
            del settings[name]

    def _elsewhere(self) -> Iterator[tuple[str, object]]:
        """What goes on of another dialect's settings: the name of the conversation, its own before ours."""
        request = self._request
        key = request.extras.get(CACHE_KEY, request.cache_key) if self._quirks.cache_key else None
        kept = self._shared_names()
        self._drop(name for name in request.extras if name not in kept and (name != CACHE_KEY or key is None))
        if key is not None:
            yield CACHE_KEY, key

    def _shared(self) -> dict[str, msgspec.Raw]:
        """What the client said to one of OpenAI's APIs and the other takes as well, by Chat's names."""
        kept, extras = self._shared_names(), self._request.extras
        return {name: extras[key] for key, name in kept.items() if key in extras and given(extras[key])}

    def _shared_names(self) -> dict[str, str]:
        return _SHARED if self._quirks.shared_settings and self._request.dialect in _OPENAI else {}

    def _finished(self, body: Json) -> Written:
        return Written(_ENCODE(body), tuple(self._dropped), self._names.changed)


def _not_kept(setting: str) -> Malformed:
    """Say that turns are missing by the code after which Anthropic's SDK sends all of them."""
    return Malformed(
        f"`{setting}`: the turns before these are kept by a provider, and this request goes to another one."
        " Send the whole conversation.",
        param=setting,
        status=404,
        code=f"{setting}_not_found",
    )
