"""The upstreams of a chaos run: who was asked for what, in order, and which replies were said to their end.

The first step of a path names the kind of fault, the second the dialect; the request's text holds a mark of
its own, by which a try, a reply and a line of the log are known to belong together.
"""

import json
import re
import threading
from collections import defaultdict

from tests.chaos.kinds import KINDS, OPENING_MARK, well
from tests.upstream.memory import Memory
from tests.upstream.plan import Said
from tests.upstream.provider import spoken
from tests.upstream.refusal import Asked, Refused
from tests.upstream.replies import ordinary
from tests.upstream.scripts import whole
from tests.upstream.steps import Script, Send, Stage, Step
from tests.upstream.voice import Voice, voice_of
from tests.upstream.voices.frames import dumped
from tests.upstream.wire import Request

MARK = re.compile(rb"mark-\d+-\d+")
WELL = "well"


class Books:
    """What the upstreams know. `asked`: the providers that were, by mark; `served`: those that said it all.

    `refused` are words of requests that the real API would have refused.
    """

    def __init__(self) -> None:
        self.asked: dict[str, list[str]] = defaultdict(list)
        self.served: dict[str, list[str]] = defaultdict(list)
        self.refused: list[str] = []
        self._lock = threading.Lock()

    def __call__(self, request: Request) -> Script:
        """Answer one request, well or as its kind of fault does."""
        voice = voice_of(request)
        if voice is None:
            return ordinary(request)
        _, kind, dialect, *_ = request.path.split("/")
        provider = f"{kind}-{dialect}"
        found = MARK.search(request.body)
        mark = found[0].decode() if found else "no mark"
        with self._lock:
            self.asked[mark].append(provider)
        try:
            return self._script(voice, request, provider, mark)
        except Refused as refused:
            self.refused.append(f"{provider}: {refused.words}")
            return whole(dumped(voice.error(refused.status, refused.words, {})).encode(), refused.status)

    def write_served(self, mark: str, provider: str) -> None:
        """A reply was said to its end."""
        with self._lock:
            self.served[mark].append(provider)

    def _script(self, voice: Voice, request: Request, provider: str, mark: str) -> Script:
        memory = Memory()
        asked = Asked(json.loads(request.body), request.path)
        voice.check(asked, memory)
        heard = voice.hear(asked)
        said = Said(0, heard.model, text_of(mark, provider))
        ready = spoken(voice, said, heard, memory)
        kind = provider.removesuffix(f"-{voice.name}")
        fault = KINDS[kind].fault if kind != WELL else None
        if fault is None:
            return self._noted(well(ready), mark, provider)
        serves = KINDS[kind].meaning(streamed=heard.stream) == "serves"
        return self._noted(fault(ready), mark, provider) if serves else fault(ready)

    def _noted(self, script: Script, mark: str, provider: str) -> Script:
        """The script, and behind the last that it says a note that all was said."""
        end = max(place for place, step in enumerate(script) if isinstance(step, Send)) + 1
        return (*script[:end], Served(self, mark, provider), *script[end:])


class Served(Step, frozen=True):
    """Writes down that the reply was said to its end."""

    books: Books
    mark: str
    provider: str

    async def play(self, stage: Stage) -> None:
        """Write it."""
        del stage
        self.books.write_served(self.mark, self.provider)


def text_of(mark: str, provider: str) -> str:
    """What a provider says to a request."""
    return f"{OPENING_MARK}{mark} of {provider}: é日本🙂»"
