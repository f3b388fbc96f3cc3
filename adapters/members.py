"""Members of a JSON object taken out of it or called by another name, every other byte as it came.

For what is left out of a request that is otherwise passed on byte for byte. Names are compared without regard
to how they join words: `thinkingConfig` is `thinking_config`, as Google's APIs have it.
"""

from collections.abc import Iterator

import msgspec

from adapters.request import BOM, decode_body
from adapters.span import after_space, name_at, value_end

_DECODE = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_NAME = msgspec.json.Decoder(str).decode
_ITEMS = msgspec.json.Decoder(list[msgspec.Raw]).decode
_ENCODE = msgspec.json.Encoder().encode


class Change(msgspec.Struct, frozen=True):
    """One member to be left out, by its path from the top.

    `value`: only where it says exactly this. `beside`: only where this one stands next to it. `only`: only
    where it holds nothing but these. `instead`: it is not left out, but goes by this name.
    """

    path: tuple[str, ...]
    value: str = ""
    beside: str = ""
    only: tuple[str, ...] = ()
    instead: str = ""

    @property
    def name(self) -> str:
        """What is changed, in words."""
        value = f"={self.value}" if self.value else ""
        beside = f" beside {self.beside}" if self.beside else ""
        instead = f" as {self.instead}" if self.instead else ""
        return f"{'.'.join(self.path)}{value}{beside}{instead}"


class _Member(msgspec.Struct, frozen=True):
    """Where a member stands: its name, its value, and where the value before it ended."""

    name: str
    before: int
    start: int
    value: int
    end: int


def plain(name: str) -> str:
    """A member's name without what joins its words."""
    return name.replace("_", "").lower()


def changed(body: bytes, change: Change) -> bytes:
    """The object with a change made, or the very same bytes where there is none to make. Raises Malformed."""
    start = after_space(body, len(BOM) if body.startswith(BOM) else 0)
    inside = _changed_object(body[start:], change, change.path)
    return body if inside is None else body[:start] + inside


def _changed_object(text: bytes, change: Change, path: tuple[str, ...]) -> bytes | None:
    """An object with the change made in it; None where there is nothing to change."""
    values = {name: bytes(raw) for name, raw in decode_body(_DECODE, text).items()}
    wanted, deeper = plain(path[0]), path[1:]
    if all(plain(name) != wanted for name in values):
        return None
    if not deeper and not _meant(values, change, wanted):
        return None
    if change.instead in values:
        # It says so already under the other name.
        change = msgspec.structs.replace(change, instead="")
    pieces: list[bytes] = []
    end = 1
    for member in _members(text, values):
        end = member.end
        of_it = plain(member.name) == wanted
        kept = _changed_member(text, member, change, deeper) if of_it else text[member.start : end]
        if kept is not None:
            # The first that is kept takes the place of the first there was.
            pieces += (text[member.before : member.start] if pieces else b"", kept)
    made = b"".join((text[: after_space(text, 1)], *pieces, text[end:]))
    return None if made == text else made


def _changed_member(text: bytes, member: _Member, change: Change, deeper: tuple[str, ...]) -> bytes | None:
    """What a member becomes; None where it goes."""
    whole = text[member.start : member.end]
    if not deeper:
        if not change.instead:
            return None
        return _ENCODE(change.instead) + text[name_at(text, member.start) : member.end]
    value = text[member.value : member.end]
    inside = _changed_object(value, change, deeper) if value.startswith(b"{") else None
    return whole if inside is None else text[member.start : member.value] + inside


def _meant(values: dict[str, bytes], change: Change, wanted: str) -> bool:
    """Whether the member is one the change is about."""
    names = {plain(name) for name in values}
    value = next(raw for name, raw in values.items() if plain(name) == wanted)
    if change.value and value.strip(b'"') != change.value.encode():
        return False
    if change.beside and plain(change.beside) not in names:
        return False
    return not change.only or _holds_only(value, change.only)


def _holds_only(value: bytes, names: tuple[str, ...]) -> bool:
    if not value.startswith(b"{"):
        return True
    allowed = {plain(name) for name in names}
    return all(plain(name) in allowed for name in _DECODE(value))


def _members(text: bytes, values: dict[str, bytes]) -> Iterator[_Member]:
    """The members of an object, one after another."""
    position = before = 1
    while (key := name_at(text, start := after_space(text, position))) > 0:
        name = decode_body(_NAME, text[start:key])
        value = after_space(text, after_space(text, key) + 1)
        end = value_end(text, value, values[name])
        yield _Member(name, before, start, value, end)
        before = end
        position = after_space(text, end) + 1


def members_of(body: bytes) -> list[tuple[str, int, int]]:
    """The members of a body's object: the name, and where the value begins and ends. Raises Malformed."""
    start = after_space(body, len(BOM) if body.startswith(BOM) else 0)
    text = body[start:]
    values = {name: bytes(raw) for name, raw in decode_body(_DECODE, text).items()}
    return [(each.name, start + each.value, start + each.end) for each in _members(text, values)]


def array_items(body: bytes, start: int, end: int) -> list[tuple[int, int]]:
    """Where the items of an array begin and end that stands there; the JSON is right, for it was decoded."""
    spans = []
    position = start + 1
    for raw in decode_body(_ITEMS, body[start:end]):
        position = after_space(body, position)
        spans.append((position, position + len(memoryview(raw))))
        # Behind an item stands a comma, with space before and after it, or the end.
        position = after_space(body, spans[-1][1]) + 1
    return spans
