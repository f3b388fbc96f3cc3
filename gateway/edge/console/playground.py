"""The playground: a request in any dialect to any model, streamed, with the decision beside it.

It is the page that asks, as any client would: this only says what can be asked for.
"""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from adapters.table import DIALECTS
from gateway.edge.console.desk import Desk

TITLES: Final = {
    "anthropic-messages": "Anthropic Messages",
    "openai-chat": "OpenAI Chat Completions",
    "openai-responses": "OpenAI Responses",
    "gemini": "Gemini",
    "ollama": "Ollama",
}
GLOBS: Final = frozenset("*?[")


async def page(desk: Desk, request: Request) -> Response:
    """The page."""
    settings = desk.house.settings
    names = [name for name in settings.models if not GLOBS.intersection(name) and not name.startswith("re:")]
    seen = [f"{provider}/{model}" for provider, model in desk.house.breakers.states(desk.house.clock())]
    offered = list(dict.fromkeys([*names, *seen, *(["demo"] if "demo" in desk.house.providers else [])]))
    return desk.page(
        request,
        "playground.html",
        dialects=[(name, TITLES.get(name, name)) for name in DIALECTS],
        models=offered,
        first=request.query_params.get("model") or (offered[0] if offered else ""),
        keys_required=settings.server.keys_required,
    )
