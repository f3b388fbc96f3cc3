"""What a request needs of a model: tools, eyes, thought, a form of the answer, and room."""

import msgspec

from adapters.complaints import Ability
from adapters.conversation import ChatRequest, Media, Part, ToolResult


class Needs(msgspec.Struct, frozen=True):
    """The abilities a request asks for, and how long an answer it wants at most, in tokens."""

    abilities: frozenset[Ability]
    output: int | None = None


def needs_of(request: ChatRequest) -> Needs:
    """Find what a request needs. A tool that nobody may call is not needed."""
    found: set[Ability] = set()
    if request.tools and (request.choice is None or request.choice.mode != "none"):
        found.add("tools")
    if request.reasoning is not None and request.reasoning.thinks and request.reasoning.effort != "none":
        found.add("thinking")
    if request.format is not None and request.format.schema is not None:
        found.add("structured")
    for turn in request.turns:
        for part in turn.parts:
            found |= _needed_for(part)
    return Needs(frozenset(found), request.max_tokens)


def _needed_for(part: Part) -> set[Ability]:
    """What a part must be looked at with; a tool may bring what has to be looked at."""
    if isinstance(part, ToolResult):
        return {ability for inner in part.parts for ability in _needed_for(inner)}
    if isinstance(part, Media):
        return {"vision"} if part.kind == "image" else {"pdf"} if part.kind == "document" else set()
    return set()
