"""JSON as people keep it in files: with comments and a comma too many, changed in place.

A text is read into a tree that remembers where each value stands; a change cuts and splices the text there
and leaves every other character as it was. After each change the text is read again: what it says now must
be what was meant, or the change is refused.
"""

import json
import re
from typing import Any, Final

import msgspec

Path = tuple[str, ...]
_SPACE: Final = re.compile(r"(?:\s+|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_STRING: Final = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"')
_WORD: Final = re.compile(r"[-+.\w]+")
# What may stand behind a member on its line and still belongs to it.
_TAIL: Final = re.compile(r"[ \t]*(,?)[ \t]*(?://[^\n]*|/\*[^\n]*?\*/[ \t]*)?(?=\r?\n)")
_DEEPEST: Final = 200


class Broken(ValueError):
    """A text that is no JSON, or that cannot be changed as asked; the message names the line."""


class Member(msgspec.Struct, frozen=True):
    """One member of an object: where it begins, its name and its value."""

    start: int
    name: str
    value: "Node"


class Node(msgspec.Struct, frozen=True):
    """A value and its place in the text; `members` are an object's, None where it is none."""

    start: int
    end: int
    value: Any
    members: list[Member] | None = None

    def member(self, name: str) -> Member | None:
        """The member of that name; the last, as a parser sees it."""
        return next((one for one in reversed(self.members or []) if one.name == name), None)


def decoded(text: str) -> Any:
    """What the text says; nothing but comments says an empty object. Raises Broken."""
    return _Reader(text).whole().value


def value_at(text: str, path: Path) -> tuple[bool, Any]:
    """Whether there is a value, and which."""
    node = _Reader(text).whole()
    for name in path:
        member = node.member(name)
        if member is None:
            return False, None
        node = member.value
    return True, node.value


def placed(text: str, path: Path, value: Any) -> str:
    """The text with a value at a path, and with the objects on the way there. Raises Broken."""
    text = text if text.strip() else "{}\n"
    whole = _Reader(text).whole()
    if whole.members is None:
        raise Broken("expected an object at the top")
    node, depth = whole, 0
    while depth < len(path) and (member := node.member(path[depth])) is not None:
        node, depth = member.value, depth + 1
        if depth < len(path) and node.members is None:
            raise Broken(f"{'.'.join(path[:depth])} is no object, at {_place(text, node.start)}")
    style = _Style(text, whole)
    if depth == len(path):
        new = style.spelled(value, depth)
        changed = text[: node.start] + new + text[node.end :]
    else:
        changed = _inserted(text, node, style.member(path[depth:], value, depth), (style, depth))
    return _checked(changed, changed_value(whole.value, path, value))


def removed(text: str, path: Path) -> str:
    """The text without the member at a path; the same text where there is none. Raises Broken."""
    node = whole = _Reader(text).whole()
    parent, place = node, -1
    for name in path:
        parent, member = node, node.member(name)
        if member is None or parent.members is None:
            return text
        place, node = parent.members.index(member), member.value
    assert parent.members is not None
    return _checked(_cut(text, parent.members, place), changed_value(whole.value, path))


def value_in(found: Any, path: Path) -> tuple[bool, Any]:
    """Whether there is a value at a path of what was decoded, and which."""
    for name in path:
        if not isinstance(found, dict) or name not in found:
            return False, None
        found = found[name]
    return True, found


def changed_value(value: Any, path: Path, new: Any = msgspec.UNSET) -> Any:
    """The same value with another one at a path; UNSET for none."""
    changed = dict(value)
    if len(path) > 1:
        changed[path[0]] = changed_value(value.get(path[0], {}), path[1:], new)
    elif new is msgspec.UNSET:
        changed.pop(path[0], None)
    else:
        changed[path[0]] = new
    return changed


def _inserted(text: str, node: Node, member: str, where: "tuple[_Style, int]") -> str:
    """The text with a member more at the end of an object."""
    assert node.members is not None
    style, depth = where
    newline, margin = _newline(text), style.margin(depth)
    if not node.members:
        outer = style.margin(depth - 1)
        inside = text[node.start + 1 : node.end - 1].rstrip()
        return (
            f"{text[: node.start + 1]}{inside}{newline}{margin}{member}{newline}{outer}{text[node.end - 1 :]}"
        )
    last = node.members[-1].value.end
    if "\n" not in text[node.start : last]:
        return f"{text[:last]}, {member}{text[last:]}"
    tail = _TAIL.match(text, last)
    if tail is None:
        return f"{text[:last]},{newline}{margin}{member}{text[last:]}"
    # A comment behind the last member stays on its line; a comma that was too many is one too many still.
    comma = tail[1]
    first = text[last : tail.end()] if comma else "," + text[last : tail.end()]
    return f"{text[:last]}{first}{newline}{margin}{member}{comma}{text[tail.end() :]}"


def _cut(text: str, members: list[Member], place: int) -> str:
    """The text without one member: its line when it has one to itself, and one comma."""
    start, end = members[place].start, members[place].value.end
    following = re.compile(r"\s*,").match(text, end)
    if following is None and place:
        # The last one: the comma behind the one before it goes, what stands between them stays.
        comma = text.index(",", _behind_space(text, members[place - 1].value.end))
        text = text[:comma] + text[comma + 1 :]
        start, end = start - 1, end - 1
    elif following is not None:
        end = following.end()
    line = text.rfind("\n", 0, start) + 1
    rest = re.compile(r"[ \t]*\r?\n").match(text, end)
    if rest is not None and not text[line:start].strip():
        return text[:line] + text[rest.end() :]
    if following is None:
        return text[:start].rstrip(" \t") + text[end:]
    return text[:start] + text[end:].lstrip(" \t")


def _checked(text: str, meant: Any) -> str:
    if decoded(text) != meant:
        raise Broken("it is written in a way that cannot be changed without losing something")
    return text


def _behind_space(text: str, position: int) -> int:
    """Where spaces and comments end."""
    found = _SPACE.match(text, position)
    assert found is not None
    return found.end()


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _place(text: str, position: int) -> str:
    return f"line {text.count(chr(10), 0, position) + 1}"


class _Style:
    """How a text is indented, as far as its first member shows."""

    def __init__(self, text: str, whole: Node) -> None:
        self._newline = _newline(text)
        first = whole.members[0].start if whole.members else 0
        before = text[text.rfind("\n", 0, first) + 1 : first]
        self._unit = before if before and not before.strip() else "  "
        self._flat = bool(whole.members) and "\n" not in text[whole.start : whole.end]

    def margin(self, depth: int) -> str:
        """What stands before a member so deep inside."""
        return self._unit * (depth + 1)

    def spelled(self, value: Any, depth: int) -> str:
        """A value over several lines, or on one where the whole text is."""
        if self._flat:
            return json.dumps(value, ensure_ascii=False)
        text = json.dumps(value, ensure_ascii=False, indent=self._unit)
        return text.replace("\n", self._newline + self._unit * depth)

    def member(self, path: Path, value: Any, depth: int) -> str:
        """The first step of a path as a member, with the rest of it inside."""
        for name in reversed(path[1:]):
            value = {name: value}
        return f"{json.dumps(path[0], ensure_ascii=False)}: {self.spelled(value, depth + 1)}"


class _Reader:
    """Reads one text from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def whole(self) -> Node:
        """The only value of the text."""
        self._skip()
        if self._at == len(self._text):
            return Node(self._at, self._at, {}, [])
        node = self._value(0)
        self._skip()
        if self._at < len(self._text):
            raise self._broken("nothing may follow")
        return node

    def _value(self, depth: int) -> Node:
        if depth > _DEEPEST:
            raise self._broken("it is too deep")
        opening = self._text[self._at : self._at + 1]
        if opening == "{":
            return self._object(depth)
        if opening == "[":
            return self._array(depth)
        start = self._at
        if opening != '"':
            return self._word(start)
        value = self._string()
        return Node(start, self._at, value)

    def _word(self, start: int) -> Node:
        word = _WORD.match(self._text, start)
        if word is None:
            raise self._broken("a value is missing")
        try:
            value = msgspec.json.decode(word[0])
        except msgspec.DecodeError:
            raise self._broken(f"{word[0][:20]} is no value") from None
        self._at = word.end()
        return Node(start, self._at, value)

    def _string(self) -> str:
        found = _STRING.match(self._text, self._at)
        if found is None:
            raise self._broken("a name or a text in quotes is missing")
        try:
            value: str = json.loads(found[0])
        except ValueError:
            raise self._broken("a text is not as JSON spells it") from None
        self._at = found.end()
        return value

    def _object(self, depth: int) -> Node:
        start = self._at
        members: list[Member] = []
        self._at += 1
        while not self._closed("}", bool(members)):
            begins = self._at
            name = self._string()
            self._skip()
            if self._text[self._at : self._at + 1] != ":":
                raise self._broken("a colon is missing")
            self._at += 1
            self._skip()
            members.append(Member(begins, name, self._value(depth + 1)))
        return Node(start, self._at, {one.name: one.value.value for one in members}, members)

    def _array(self, depth: int) -> Node:
        start: int = self._at
        items: list[Any] = []
        self._at += 1
        while not self._closed("]", bool(items)):
            items.append(self._value(depth + 1).value)
        return Node(start, self._at, items)

    def _closed(self, closing: str, behind_one: bool) -> bool:  # noqa: FBT001 - whether a comma is due
        """Whether the object or array ends here; else what comes next begins here."""
        self._skip()
        if behind_one and self._text[self._at : self._at + 1] == ",":
            self._at += 1
            self._skip()
            behind_one = False
        if self._text[self._at : self._at + 1] == closing:
            self._at += 1
            return True
        if behind_one:
            raise self._broken(f"a comma or a {closing} is missing")
        return False

    def _skip(self) -> None:
        self._at = _behind_space(self._text, self._at)

    def _broken(self, words: str) -> Broken:
        return Broken(f"it is no JSON: {words}, at {_place(self._text, self._at)}")
