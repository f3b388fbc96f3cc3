"""What the rules of routing may ask of a request's body beside a peek: tools, images, web search, a tag.

Each question is asked only where a rule has it. A look for the words a fact is spelled with comes first:
nearly every answer is that they are not there, and nothing is decoded for that.
"""

import re
from contextlib import suppress

import msgspec

from adapters.dialect import Dialect
from adapters.fault import Malformed
from adapters.members import array_items, members_of
from adapters.needs import needs_of
from adapters.request import BOM

# How dialects spell what holds an image. Quoted: in a text the quotation marks are escaped.
_IMAGE = re.compile(rb'"(?:image|image_url|input_image|images|inlineData|inline_data|fileData|file_data)"')
_SEARCH = re.compile(rb'"(?:web_search|google_?search)', re.IGNORECASE)
_SEARCH_MEMBERS = ("googlesearch", "googlesearchretrieval")
_TAG = re.compile(
    rb"(?:<|\\u003[cC])penstock-subagent(?:>|\\u003[eE])([A-Za-z0-9_.:@/ -]{1,64})"
    rb"(?:<|\\u003[cC])\\?/penstock-subagent(?:>|\\u003[eE])"
)
_SYSTEM = ("system", "instructions", "systeminstruction")
_TURNS = ("messages", "input")
_SYSTEM_ROLES = ("system", "developer")


class _Offer(msgspec.Struct):
    """The tools a request offers, wherever a dialect has them."""

    tools: list[msgspec.Raw] | None = None
    functions: list[msgspec.Raw] | None = None
    web_search_options: dict[str, msgspec.Raw] | None = None


class _Turn(msgspec.Struct):
    role: str = ""


class Tag(msgspec.Struct, frozen=True):
    """`<penstock-subagent>NAME</penstock-subagent>` in a system prompt: the name, and where it stands."""

    name: str
    start: int
    end: int


_DECODE_OFFER = msgspec.json.Decoder(_Offer).decode
_DECODE_TOOL = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_DECODE_TURN = msgspec.json.Decoder(_Turn).decode


def offers_tools(body: bytes) -> bool:
    """Whether the model is offered any tool."""
    offer = _offer(body)
    return bool(offer.tools or offer.functions)


def asks_for_search(body: bytes) -> bool:
    """Whether the model is to search the web by a tool of its provider's."""
    if _SEARCH.search(body) is None:
        return False
    offer = _offer(body)
    return offer.web_search_options is not None or any(map(_searches, offer.tools or ()))


def _offer(body: bytes) -> _Offer:
    with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _DECODE_OFFER(body.removeprefix(BOM))
    return _Offer()  # an odd shape is the provider's to judge


def _searches(tool: msgspec.Raw) -> bool:
    with suppress(msgspec.DecodeError):
        members = _DECODE_TOOL(tool)
        if any(name.replace("_", "").lower() in _SEARCH_MEMBERS for name in members):
            return True
        return bytes(members.get("type", b"")).startswith(b'"web_search')
    return False


def shows_images(dialect: Dialect, body: bytes, path: str) -> bool:
    """Whether there is an image to look at, in a turn or in what a tool brought."""
    if _IMAGE.search(body) is None:
        return False
    try:
        return "vision" in needs_of(dialect.read_request(body, path)).abilities
    except Malformed:
        return True  # what cannot be read may well be one


def subagent_of(body: bytes) -> Tag | None:
    """The tag of a subagent in the system prompt; what users and models say is not asked."""
    if b"penstock-subagent" not in body:
        return None
    with suppress(Malformed, msgspec.DecodeError):
        for start, end in _system_spans(body):
            found = _TAG.search(body, start, end)
            if found:
                return Tag(found[1].decode(), found.start(), found.end())
    return None


def without(body: bytes, tag: Tag) -> bytes:
    """The body without the tag, every other byte as it came."""
    return body[: tag.start] + body[tag.end :]


def _system_spans(body: bytes) -> list[tuple[int, int]]:
    """Where a system prompt stands: in a member of its own, or in turns of that role."""
    spans = []
    for name, start, end in members_of(body):
        if name.replace("_", "").lower() in _SYSTEM:
            spans.append((start, end))
        elif name in _TURNS and body.startswith(b"[", start):
            spans += [span for span in array_items(body, start, end) if _is_system(body[slice(*span)])]
    return spans


def _is_system(turn: bytes) -> bool:
    with suppress(msgspec.DecodeError):
        return _DECODE_TURN(turn).role in _SYSTEM_ROLES
    return False
