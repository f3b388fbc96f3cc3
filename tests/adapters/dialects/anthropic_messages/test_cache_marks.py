"""Marks of the prompt cache that are set by choice: where, and where the client has set one itself."""

import msgspec
import pytest

from adapters.conversation import PLAIN, Quirks
from adapters.dialect import Dialect
from adapters.dialects import anthropic_messages, openai_chat
from tests.adapters.crossing.crossings import Body, body_of, crossed, decoded

MESSAGES, CHAT = anthropic_messages.DIALECT, openai_chat.DIALECT
MARKING = Quirks(cache_marks=True)
MARK: Body = {"cache_control": {"type": "ephemeral"}}
SCHEMA: Body = {"type": "object", "properties": {}}
TOOL: Body = {"name": "Read", "input_schema": SCHEMA}
LATER: Body = {"name": "Later", "input_schema": SCHEMA, "defer_loading": True}
SEARCH: Body = {"type": "web_search_20250305", "name": "web_search"}
CALLED: Body = {
    "role": "assistant",
    "content": [{"type": "tool_use", "id": "t1", "name": "Read", "input": {}}],
}
RESULT: Body = {"type": "tool_result", "tool_use_id": "t1", "content": "x"}


def text(words: str, *, marked: bool = False) -> Body:
    """A block of text."""
    return {"type": "text", "text": words, **(MARK if marked else {})}


def user(*blocks: Body) -> Body:
    """A turn of the user's."""
    return {"role": "user", "content": list(blocks)}


def sent(fields: Body, source: Dialect = MESSAGES, quirks: Quirks = MARKING) -> Body:
    """What the provider gets."""
    return decoded(crossed(body_of(fields), source, MESSAGES, quirks))


def test_the_last_of_each_is_marked() -> None:
    """The last tool, the last block of the system and of the user's last turn: three, never more."""
    fields = {"system": [text("a"), text("b")], "tools": [{**TOOL, "name": "One"}, TOOL]}
    body = sent({**fields, "messages": [user(text("1")), CALLED, user(RESULT, text("2"))]})
    assert body["system"] == [text("a"), text("b", marked=True)]
    assert body["tools"] == [{**TOOL, "name": "One"}, {**TOOL, **MARK}]
    last = body["messages"][-1]["content"]
    assert [block.get("cache_control") for block in last] == [None, MARK["cache_control"]]
    assert msgspec.json.encode(body).count(b'"cache_control"') == 3


def test_a_string_becomes_a_block_that_can_be_marked() -> None:
    """The system and the turn as clients of other APIs have them."""
    messages = [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hi"}]
    body = sent({"messages": messages}, CHAT)
    assert body["system"] == [text("be brief", marked=True)]
    assert body["messages"] == [user(text("hi", marked=True))]


def test_without_system_and_tools_the_turn_alone_is_marked() -> None:
    """What is not there has no mark; a turn of the model's at the end has none either."""
    body = sent({"messages": [user(text("hi")), {"role": "assistant", "content": "I"}]})
    assert body["messages"] == [user(text("hi", marked=True)), {"role": "assistant", "content": "I"}]
    assert body.keys() & {"system", "tools"} == set()


def test_what_may_take_no_mark_has_none() -> None:
    """A tool that is found later, a tool of the provider's own: the one before is marked."""
    body = sent({"messages": [user(text("a"), text(""))], "tools": [TOOL, LATER, SEARCH]})
    assert body["messages"] == [user(text("a", marked=True))]
    assert body["tools"] == [{**TOOL, **MARK}, LATER, SEARCH]
    assert sent({"tools": [LATER]})["tools"] == [LATER]


MARKED_BY_CLIENT: dict[str, Body] = {
    "the system": {"system": [text("a", marked=True)]},
    "a tool": {"tools": [{**TOOL, **MARK}]},
    "a tool of the provider's": {"tools": [{**SEARCH, **MARK}]},
    "a turn": {"messages": [user(text("hi", marked=True)), CALLED, user(RESULT)]},
}


@pytest.mark.parametrize("place", MARKED_BY_CLIENT)
def test_who_marks_is_left_alone(place: str) -> None:
    """One mark of the client's is enough: it knows what it does, and all of its marks are kept."""
    fields = {"system": "s", "tools": [TOOL], **MARKED_BY_CLIENT[place]}
    assert sent(fields) == sent(fields, quirks=PLAIN)
    assert msgspec.json.encode(sent(fields)).count(b'"cache_control"') == 1


def test_all_four_marks_of_a_client_are_kept() -> None:
    """Written anew or not, in their places."""
    fields = {
        "system": [text("a", marked=True)],
        "tools": [{**TOOL, **MARK}],
        "messages": [user(text("1", marked=True)), CALLED, user({**RESULT, **MARK})],
    }
    assert msgspec.json.encode(sent(fields, quirks=PLAIN)).count(b'"cache_control"') == 4


def test_without_the_choice_nothing_is_marked() -> None:
    """The writer adds none by itself."""
    assert b"cache_control" not in msgspec.json.encode(sent({"tools": [TOOL]}, quirks=PLAIN))
