"""How far the estimate of tokens is off, model by model, learnt from what providers report (feature A7).

An estimate weighs bytes by kind of content, and every tokenizer cuts them a little differently. The share by
which it is off is the same for requests of one kind, so a running ratio mends it. Weighing costs as much as
decoding the whole body: a model's first requests are weighed, then one in ten minutes.

Of an answer whose tokens nobody told only the bytes are known that the client was sent.
"""

from collections.abc import Callable
from typing import Final

import msgspec

# Enough to know a model by, and how much each request counts once it is known.
FIRST: Final = 20
SHARE: Final = 0.1
PAUSE: Final = 600.0  # seconds
# A ratio beyond these is no tokenizer's: something was counted that was not in the body.
LEAST: Final = 0.2
MOST: Final = 5.0
MODELS_KEPT: Final = 1024
# Bytes of JSON that are about a token, in requests and in whole replies.
PLAIN: Final = 4
# Bytes of a stream that are about a token, its events' frames included: from the recordings in
# tests/fixtures/streams (July 2026).
STREAMED: Final = {
    "anthropic-messages": 40,
    "openai-chat": 150,
    "openai-responses": 60,
    "gemini": 20,
    "ollama": 100,
}


class Learnt(msgspec.Struct):
    """What is known of one model: its ratio, of how many reports, and when a request is weighed again."""

    ratio: float = 1.0
    weighed: int = 0
    reported: int = 0
    due: float = 0.0


class Estimates:
    """The ratios of one worker. `clock` is the house's, in seconds."""

    __slots__ = ("_clock", "_models")

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._models: dict[tuple[str, str], Learnt] = {}

    def weighs(self, provider: str, model: str) -> bool:
        """Whether this request to a model is to be weighed: it is asked once a request."""
        learnt = self._models.get((provider, model))
        if learnt is None:
            if len(self._models) >= MODELS_KEPT:
                self._models.clear()
            learnt = self._models[provider, model] = Learnt()
        now = self._clock()
        if learnt.weighed >= FIRST and now < learnt.due:
            return False
        learnt.weighed += 1
        learnt.due = now + PAUSE
        return True

    def learn(self, provider: str, model: str, estimated: int, reported: int) -> None:
        """Take what a provider counted where so much was estimated."""
        learnt = self._models.get((provider, model))
        if learnt is None or estimated <= 0 or not LEAST <= reported / estimated <= MOST:
            return
        learnt.reported += 1
        # The mean of all at first, then a share for the newest.
        learnt.ratio += (reported / estimated - learnt.ratio) * max(1 / learnt.reported, SHARE)

    def mended(self, provider: str, model: str, estimated: int) -> int:
        """An estimate as this model's provider would probably count."""
        learnt = self._models.get((provider, model))
        return estimated if learnt is None else max(1, round(estimated * learnt.ratio))


def bytes_a_token(dialect: str, relay: str) -> int:
    """How many bytes of an answer are about a token, as this dialect spells it."""
    return STREAMED[dialect] if relay == "stream" else PLAIN
