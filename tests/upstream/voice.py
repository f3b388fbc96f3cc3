"""The dialects a provider of this upstream speaks, one row each, and which of them a request is in."""

import re
from collections.abc import Callable, Iterable

import msgspec

from tests.upstream.memory import Memory
from tests.upstream.plan import Heard, Json, Said
from tests.upstream.refusal import Asked
from tests.upstream.strict import chat as strict_chat
from tests.upstream.strict import gemini as strict_gemini
from tests.upstream.strict import messages as strict_messages
from tests.upstream.strict import ollama as strict_ollama
from tests.upstream.strict import responses as strict_responses
from tests.upstream.voices import chat, gemini, messages, ollama, responses
from tests.upstream.voices.frames import Details
from tests.upstream.wire import Request

EVENTS = "text/event-stream; charset=utf-8"


class Voice(msgspec.Struct, frozen=True, kw_only=True):
    """How a dialect is heard, refused and spoken. `path` matches the paths that generate."""

    name: str
    path: str
    hear: Callable[[Asked], Heard]
    check: Callable[[Asked, Memory], None]
    whole: Callable[[Said, Heard, Memory], bytes]
    events: Callable[[Said, Heard, Memory], Iterable[bytes]]
    error: Callable[[int, str, Details], Json]
    failure: Callable[[str, Said], bytes]
    media: str = EVENTS


GEMINI = Voice(
    name="gemini",
    path=r"/models/[^/]+:(?:streamG|g)enerateContent",
    hear=strict_gemini.hear,
    check=strict_gemini.check,
    whole=gemini.whole,
    events=gemini.events,
    error=gemini.error,
    failure=gemini.failure,
    media="text/event-stream",
)
# What `:streamGenerateContent` answers to who does not ask for events.
GEMINI_ARRAY = msgspec.structs.replace(GEMINI, events=gemini.array, media="application/json; charset=UTF-8")
VOICES = (
    Voice(
        name="anthropic-messages",
        path=r"/messages",
        hear=strict_messages.hear,
        check=strict_messages.check,
        whole=messages.whole,
        events=messages.events,
        error=messages.error,
        failure=messages.failure,
    ),
    Voice(
        name="openai-chat",
        path=r"/chat/completions",
        hear=strict_chat.hear,
        check=strict_chat.check,
        whole=chat.whole,
        events=chat.events,
        error=chat.error,
        failure=chat.failure,
    ),
    Voice(
        name="openai-responses",
        path=r"/responses",
        hear=strict_responses.hear,
        check=strict_responses.check,
        whole=responses.whole,
        events=responses.events,
        error=responses.error,
        failure=responses.failure,
    ),
    GEMINI,
    Voice(
        name="ollama",
        path=r"/api/chat",
        hear=strict_ollama.hear,
        check=strict_ollama.check,
        whole=ollama.whole,
        events=ollama.events,
        error=ollama.error,
        failure=ollama.failure,
        media="application/x-ndjson",
    ),
)


def voice_of(request: Request) -> Voice | None:
    """The dialect a request to generate is in; None for any other request."""
    found = next((voice for voice in VOICES if re.search(f"{voice.path}$", request.path)), None)
    return GEMINI_ARRAY if found is GEMINI and "alt=sse" not in request.target else found
