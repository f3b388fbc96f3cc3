"""A gateway before strict providers, as the numbered cases hold it: ask as a client does, look at both ends.

Each test leads its own `Provider` by a plan; a request finds it by the name in `baggage`, a header the
gateway passes on in every dialect. `There` is an upstream dialect, `Led` one test's provider.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import pytest

from tests.path.client import Reply, Wire
from tests.path.house import House, configuration
from tests.upstream.exchange import Exchange
from tests.upstream.faults import Fault
from tests.upstream.memory import Memory
from tests.upstream.plan import Heard, Said, Turn, said
from tests.upstream.provider import Provider
from tests.upstream.refusal import Asked
from tests.upstream.replies import ordinary
from tests.upstream.scripts import JSON
from tests.upstream.server import Upstream
from tests.upstream.steps import Script
from tests.upstream.voice import VOICES, Voice
from tests.upstream.wire import Request

Pairs = list[tuple[str, str]]
MESSAGES, CHAT, RESPONSES, GEMINI, OLLAMA = (
    "anthropic-messages",
    "openai-chat",
    "openai-responses",
    "gemini",
    "ollama",
)


class There(msgspec.Struct, frozen=True):
    """An upstream dialect: a provider that speaks no other, a model of it, and the suffix of both addresses.

    `hasty` is the same provider with limits of a moment, for what is silent too long.
    """

    dialect: str
    provider: str
    model: str
    suffix: str

    @property
    def asked(self) -> str:
        """The model as a client asks for it."""
        return f"only-{self.provider}/{self.model}"

    @property
    def hasty(self) -> str:
        """The same model, of the provider that is not waited for."""
        return f"hasty-{self.provider}/{self.model}"

    @property
    def voice(self) -> Voice:
        """How the provider speaks."""
        return next(voice for voice in VOICES if voice.name == self.dialect)


UPSTREAMS = (
    There(MESSAGES, "messages", "claude-opus-5-5", ""),
    There(CHAT, "chat", "gpt-5.1", "/v1"),
    There(RESPONSES, "responses", "gpt-5.1", "/v1"),
    There(GEMINI, "gemini", "gemini-3-pro-preview", "/v1beta"),
    There(OLLAMA, "ollama", "gpt-oss:20b", ""),
)
BY_NAME = {there.dialect: there for there in UPSTREAMS}
HASTY = """
[providers.hasty-{provider}]
dialect = "{dialect}"
base_url = "{address}{suffix}"
api_key = "${{CHAT_KEY}}"
timeouts = {{ connect = "2s", first_byte = "700ms", first_byte_thinking = "700ms", idle = "700ms", \
whole = "700ms" }}
"""
MOST_PIECES = 150
QUICK_TO_SIGN = 'sign_of_life = "200ms"'
LOG = '\n[log]\nformat = "json"\n'
# What a client hears of a refusal is what these cases are about, and one must not teach the next.
UNTEACHABLE = "\n[failure]\nlearn = false\n"


def over(*dialects: str) -> pytest.MarkDecorator:
    """Run a test over these upstream dialects; over all without any."""
    chosen = [there for there in UPSTREAMS if there.dialect in (dialects or BY_NAME)]
    return pytest.mark.parametrize("there", chosen, ids=lambda there: there.dialect)


def foreign_to(*dialects: str) -> pytest.MarkDecorator:
    """Run a test over every upstream dialect but these."""
    return over(*(there.dialect for there in UPSTREAMS if there.dialect not in dialects))


def staged(replay: Upstream) -> str:
    """The configuration of the stage."""
    hasty = (
        HASTY.format(
            provider=there.provider, dialect=there.dialect, address=replay.address, suffix=there.suffix
        )
        for there in UPSTREAMS
    )
    return configuration(replay, QUICK_TO_SIGN) + "".join(hasty) + UNTEACHABLE + LOG


class Cast:
    """Who answers: the provider a request names, or an ordinary one."""

    def __init__(self) -> None:
        self.providers: dict[str, Callable[[Request], Script]] = {}

    def __call__(self, request: Request) -> Script:
        """Choose the reply to one request."""
        return self.providers.get(request.header("baggage") or "", ordinary)(request)


class Led:
    """One test's provider, and the name that leads to it."""

    def __init__(self, name: str, provider: Provider) -> None:
        self.name = name
        self.provider = provider

    @property
    def header(self) -> tuple[str, str]:
        """The header a request carries to be answered by this provider."""
        return ("baggage", self.name)

    @property
    def request(self) -> Request:
        """The last request to generate; fails when one was refused or none came."""
        assert not self.provider.refused, [refusal.words for refusal in self.provider.refused]
        return self.provider.asked[-1]

    @property
    def body(self) -> dict[str, Any]:
        """What that request said."""
        return dict(msgspec.json.decode(self.request.body))

    @property
    def text(self) -> str:
        """The same as it stood on the wire."""
        return self.request.body.decode()

    def heard(self, there: There) -> Heard:
        """What the provider makes of that request, as one for a stream."""
        asked = Asked(self.body, self.request.path, self.request.header("anthropic-beta") or "")
        return msgspec.structs.replace(there.voice.hear(asked), stream=True)

    def said(self, there: There) -> Said:
        """What the provider says to it."""
        heard = self.heard(there)
        return said(self.provider.plan[heard.turn], heard, 0)


def until(wire: Wire, marker: bytes) -> bytes:
    """Read pieces of a stream to the one that ends a marker; signs of life alone are not read for ever."""
    seen = b""
    for _ in range(MOST_PIECES):
        seen += wire.read_piece()
        if marker in seen:
            return seen
    raise AssertionError(f"{marker!r} never came: {seen[-500:]!r}")


class Stage:
    """The gateway and the upstream behind it."""

    def __init__(self, house: House, cast: Cast) -> None:
        self.house = house
        self.cast = cast

    def lead(
        self, *turns: Turn, faults: Mapping[int, Fault] | None = None, memory: Memory | None = None
    ) -> Led:
        """Put up a provider that says these turns, and then its closing text."""
        name = f"led-{len(self.cast.providers)}"
        provider = Provider(turns, faults, memory)
        self.cast.providers[name] = provider
        return Led(name, provider)

    def pieces(self, there: There, led: Led) -> list[bytes]:
        """What this provider would stream to its last request, piece by piece."""
        heard = led.heard(there)
        return list(there.voice.events(led.said(there), heard, led.provider.memory))

    def spoken(self, there: There, led: Led) -> bytes:
        """The same in one piece."""
        return b"".join(self.pieces(there, led))

    def plays(self, *scripts: Script) -> Exchange:
        """Put up scripts instead: one for each request that carries the exchange's header."""
        return self.house.replay.plays(*scripts)

    def post(self, path: str, body: Mapping[str, Any] | bytes, *headers: tuple[str, str]) -> Reply:
        """Post a body; it is JSON."""
        written = body if isinstance(body, bytes) else msgspec.json.encode(body)
        return self.house.call("POST", path, [*JSON.items(), *headers], written)
