"""A provider that leads an agent by a plan, in any dialect, and refuses what the real one would refuse.

`refused` holds the requests it refused, and why: an agent that ends happily proves little without it. The
conversation itself says which turn of the plan is next; a request without tools gets the closing text, or an
answer of the shape it asks for.
"""

import json
from collections.abc import Iterable, Mapping

import msgspec

from tests.upstream.faults import Fault, Spoken
from tests.upstream.memory import Memory
from tests.upstream.plan import CLOSING, Heard, Json, Said, Turn, fitting, said
from tests.upstream.refusal import Asked, Refused
from tests.upstream.replies import ordinary
from tests.upstream.scripts import whole
from tests.upstream.steps import Script
from tests.upstream.voice import Voice, voice_of
from tests.upstream.voices.frames import dumped
from tests.upstream.wire import Request


class Refusal(msgspec.Struct, frozen=True):
    """A request that was refused, and the words."""

    request: Request
    words: str


class Provider:
    """Answers requests to generate by a plan; everything else as an ordinary provider.

    `faults` are what goes wrong, by the number of the request to generate, the first being 0. What a reply
    is called goes by that number, counted from `begins`: two providers of one session call none alike.
    """

    def __init__(
        self,
        plan: Iterable[Turn],
        faults: Mapping[int, Fault] | None = None,
        memory: Memory | None = None,
        begins: int = 0,
    ) -> None:
        self.plan = tuple(plan)
        self.faults = faults or {}
        self.memory = memory or Memory()
        self.begins = begins
        self.asked: list[Request] = []
        self.refused: list[Refusal] = []

    def __call__(self, request: Request) -> Script:
        """Choose the reply to one request."""
        voice = voice_of(request)
        if voice is None:
            return ordinary(request)
        number = len(self.asked)
        self.asked.append(request)
        try:
            return self._script(voice, request, number)
        except Refused as refused:
            self.refused.append(Refusal(request, refused.words))
            error = voice.error(refused.status, refused.words, refused.details)
            return whole(dumped(error).encode(), refused.status)

    def _script(self, voice: Voice, request: Request, number: int) -> Script:
        asked = Asked(_body(request), request.path, request.header("anthropic-beta") or "")
        try:
            voice.check(asked, self.memory)
            heard = voice.hear(asked)
            reply = self._reply(heard, self.begins + number)
        except LookupError as missing:
            # A key that is not there, or a tool that the plan needs and the request does not offer.
            raise Refused(f"The replay upstream cannot go on: {missing!r}") from missing
        ready = spoken(voice, reply, heard, self.memory)
        fault = self.faults.get(number)
        if fault is not None:
            return fault.script(ready)
        return ready.whole() if heard.stream else whole(ready.pieces[0])

    def _reply(self, heard: Heard, number: int) -> Said:
        if not heard.tools:
            text = CLOSING if heard.shape is None else dumped(fitting(heard.shape))
            return Said(number, heard.model, text)
        if heard.turn < len(self.plan):
            return said(self.plan[heard.turn], heard, number)
        return Said(number, heard.model, CLOSING, "Nothing is left to do.")


def _body(request: Request) -> Json:
    try:
        body = json.loads(request.body)
    except ValueError:
        raise Refused("The body is not JSON.") from None
    if not isinstance(body, dict):
        raise Refused("The body is no JSON object.")
    return body


def spoken(voice: Voice, reply: Said, heard: Heard, memory: Memory) -> Spoken:
    """Spell a reply as a request wants it: whole, or as a stream."""
    pieces = list(voice.events(reply, heard, memory)) if heard.stream else [voice.whole(reply, heard, memory)]
    return Spoken(
        voice.media if heard.stream else "application/json",
        pieces,
        lambda words: voice.failure(words, reply),
        lambda status, words, details: dumped(voice.error(status, words, details)).encode(),
    )
