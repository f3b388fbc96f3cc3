"""What is looked at: a gateway at a URL, and where it can be had, the upstream behind it.

The one whole conversation that many checks look at is held once, and kept.
"""

from functools import cached_property
from typing import Final

import msgspec

from gateway.cli.doctor.asking import Answer, Asking, Fields, ask
from gateway.cli.doctor.echo import Echo, Heard, Play
from gateway.cli.doctor.voices import MESSAGES, Voice

# Between two words of the stream that is watched for whether it flows.
PACE: Final = 0.06
CANARY: Final = "pst_doctorcanary_0123456789abcdef0123456789abcdef01234567890"
EVERY_CODING: Final = ("accept-encoding", "gzip, deflate, br, zstd")
MODELS: Final = "/v1/models?limit=1000"


class Said(msgspec.Struct, frozen=True):
    """One exchange from both ends: the client's answer, and what reached the upstream."""

    answer: Answer
    heard: tuple[Heard, ...] = ()


class Patient:
    """See the head of this file. `key` is what a client says to it; `silence` how long one waits for a sign.

    `own_login`: the client's credential is meant to go on to the upstream.
    """

    def __init__(self, url: str, key: str = CANARY, model: str = "", voice: Voice = MESSAGES) -> None:
        self.url = url.rstrip("/")
        self.key = key
        self.model = model
        self.voice = voice
        self.echo: Echo | None = None
        self.silence = 20.0
        self.own_login = False

    def behind(self, echo: Echo, silence: float, *, own_login: bool = False) -> "Patient":
        """The same, with an echo upstream behind it."""
        self.echo, self.silence, self.own_login = echo, silence, own_login
        return self

    def get(self, path: str, *fields: tuple[str, str], method: str = "GET") -> Answer:
        """Ask for something that has no body, as a client of the Anthropic API."""
        # Both, because some gateways look at one of them only, and this is not about that.
        keys = [("authorization", f"Bearer {self.key}"), ("x-api-key", self.key)]
        headers = [*keys, ("anthropic-version", "2023-06-01"), *fields]
        return ask(self.url, Asking(method, path, headers))

    def post(self, path: str, body: bytes, fields: Fields | None = None, patience: float = 30.0) -> Answer:
        """Send a body as the voice does."""
        headers = self.voice.headers(self.key) if fields is None else fields
        return ask(self.url, Asking("POST", path, headers, body, patience))

    def generate(self, *more: tuple[str, str]) -> Answer:
        """Ask the model for a stream."""
        query = "?beta=true" if self.voice is MESSAGES else ""
        fields = [*self.voice.headers(self.key), *more]
        patience = 30.0 + self.silence
        return self.post(self.voice.path + query, self.voice.asked(self.model), fields, patience)

    def hear(self, play: Play, *more: tuple[str, str]) -> Said:
        """Have the upstream play something, ask, and look at both ends."""
        assert self.echo is not None
        self.echo.plays(play)
        answer = self.generate(*more)
        return Said(answer, tuple(self.echo.heard))

    def paced(self) -> Play:
        """A stream that takes its time: a pause before each word."""
        voice = self.voice
        slowly: list[bytes | float] = [*voice.opening]
        for frame in voice.words():
            slowly += [PACE, frame]
        return voice.streamed([*slowly, *voice.closing])

    @cached_property
    def stream(self) -> Said:
        """A whole conversation, as Codex asks for it: nothing is offered to be compressed with."""
        return self.hear(self.paced()) if self.echo is not None else Said(self.generate())

    @cached_property
    def offered(self) -> Said:
        """The same, as Claude Code asks for it: every coding is offered."""
        if self.echo is not None:
            return self.hear(self.paced(), EVERY_CODING)
        return Said(self.generate(EVERY_CODING))

    @cached_property
    def listed(self) -> Answer:
        """The list of models, as Claude Code asks for it."""
        return self.get(MODELS)

    @cached_property
    def refusal(self) -> Answer:
        """The answer to what is no request at all."""
        return self.post(MESSAGES.path, b'{"model": ', MESSAGES.headers(self.key))
