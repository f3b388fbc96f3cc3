"""Items of a request of openai-responses that only its maker reads: thoughts, and tools it runs itself."""

import json
from typing import Any

import msgspec
import pytest

from adapters.conversation import ChatRequest, Opaque, Thinking
from adapters.dialects.openai_responses.request_items import OwnThinking
from adapters.dialects.openai_responses.request_read import read_request
from adapters.seal import sealed

Item = dict[str, Any]
PICTURE = "data:image/png;base64,QUJD"


def raw_of(value: object) -> msgspec.Raw:
    """A value as the JSON it is sent in."""
    return msgspec.Raw(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode())


def read(items: Any, **fields: Any) -> ChatRequest:
    """A request of these items, read."""
    return read_request(bytes(raw_of({"model": "m", "input": items, **fields})))


def said(*parts: Item, role: str = "user") -> Item:
    """A message of some parts."""
    return {"type": "message", "role": role, "content": list(parts)}


def text(words: str) -> Item:
    """A text of a user's."""
    return {"type": "input_text", "text": words}


# --- thoughts -----------------------------------------------------------------------------------------


def reasoning(**fields: Any) -> Item:
    """A reasoning item."""
    return {"type": "reasoning", "id": "rs_1", "summary": [], **fields}


SUMMARY = [{"type": "summary_text", "text": "a"}, {"type": "summary_text", "text": "b"}]
THOUGHTS: dict[str, tuple[Item, Thinking]] = {
    "signed": (
        reasoning(summary=SUMMARY, content=None, encrypted_content="Z0FB"),
        Thinking("a\n\nb", "rs_1 Z0FB", maker="openai-responses"),
    ),
    "signed alone": (
        reasoning(encrypted_content="Z0FB"),
        Thinking("", "rs_1 Z0FB", maker="openai-responses"),
    ),
    "shown whole": (
        reasoning(content=[{"type": "reasoning_text", "text": "hm"}]),
        Thinking("hm", maker="openai-responses"),
    ),
    "without an id": (
        {"type": "reasoning", "summary": SUMMARY[:1], "encrypted_content": "Z0FB"},
        Thinking("a", "Z0FB", maker="openai-responses"),
    ),
    "signed by another": (
        reasoning(summary=SUMMARY[:1], encrypted_content=sealed("anthropic-messages", "c2ln")),
        Thinking("a", "c2ln", maker="anthropic-messages"),
    ),
    "hidden by another": (
        reasoning(encrypted_content=sealed("anthropic-messages", "", "eHg=")),
        Thinking("", redacted="eHg=", maker="anthropic-messages"),
    ),
    "signed by OpenAI, sealed by us": (
        reasoning(summary=SUMMARY[:1], encrypted_content=sealed("openai-responses", "rs_0 Z0FB")),
        Thinking("a", "rs_0 Z0FB", maker="openai-responses"),
    ),
}


@pytest.mark.parametrize(("item", "thought"), THOUGHTS.values(), ids=THOUGHTS)
def test_a_thought_is_read_with_its_maker(item: Item, thought: Thinking) -> None:
    """The id of the item goes with OpenAI's own content, which is bound to it."""
    ((read_part,),) = [turn.parts for turn in read([item]).turns]
    assert isinstance(read_part, Thinking)
    kept = Thinking(read_part.text, read_part.signature, read_part.redacted, read_part.maker)
    assert kept == thought


def test_a_thought_of_nothing_is_none() -> None:
    """An item that neither shows nor binds anything says nothing."""
    assert read([reasoning(), said(text("a"))]).turns[0].role == "user"


def test_a_thought_as_openai_made_it_keeps_its_bytes() -> None:
    """It can be given back as it came; one that we packed cannot."""
    item = reasoning(summary=SUMMARY, encrypted_content="Z0FB")
    ((own,),) = [turn.parts for turn in read([item]).turns]
    assert isinstance(own, OwnThinking)
    assert own.raw == raw_of(item)
    ((other,),) = [turn.parts for turn in read([reasoning(encrypted_content="rs_0 Z0FB")]).turns]
    assert not isinstance(other, OwnThinking)


def test_a_thought_that_nobody_kept_is_no_item_of_openais() -> None:
    """Without its content, an item of a request that stores nothing is known to nobody by its id."""
    item = reasoning(summary=SUMMARY)
    for store, kept in ((True, True), (False, False)):
        request = read_request(json.dumps({"model": "m", "store": store, "input": [item]}).encode())
        ((thought,),) = [turn.parts for turn in request.turns]
        assert isinstance(thought, Thinking)
        assert isinstance(thought, OwnThinking) is kept
        assert thought.text


# --- what only OpenAI has -----------------------------------------------------------------------------

WORDS: dict[str, tuple[Item, str]] = {
    "a search of the web": (
        {"type": "web_search_call", "id": "ws_1", "action": {"type": "search", "query": "é"}},
        '[web_search_call] {"action":{"type":"search","query":"é"}}',
    ),
    "a shell": (
        {"type": "local_shell_call", "call_id": "c1", "action": {"command": ["ls"]}},
        '[local_shell_call] {"action":{"command":["ls"]}}',
    ),
    "its output": (
        {"type": "local_shell_call_output", "id": "x", "output": "a"},
        '[local_shell_call_output] {"output":"a"}',
    ),
    "a search of the provider's": (
        {"type": "tool_search_call", "call_id": None, "execution": "server", "arguments": {"paths": ["a"]}},
        '[tool_search_call] {"arguments":{"paths":["a"]}}',
    ),
    "what it found": (
        {"type": "tool_search_output", "call_id": None, "tools": []},
        '[tool_search_output] {"tools":[]}',
    ),
}
SILENT: dict[str, Item] = {
    "an image it made": {"type": "image_generation_call", "id": "ig_1", "result": "QUJD"},
    "a click": {"type": "computer_call", "call_id": "c1", "action": {"type": "click"}},
    "a compaction of OpenAI's": {"type": "compaction", "encrypted_content": "gAAA"},
    "a new item": {"type": "hologram"},
}


@pytest.mark.parametrize(("item", "words"), WORDS.values(), ids=WORDS)
def test_an_item_of_a_hosted_tool_has_words(item: Item, words: str) -> None:
    """What happened can be told at a provider that does not know the item."""
    ((kept,),) = [turn.parts for turn in read([item]).turns]
    assert kept == Opaque("openai-responses", item["type"], "input[0]", raw_of(item), words)


@pytest.mark.parametrize("item", SILENT.values(), ids=SILENT)
def test_an_item_without_words_stays_as_it_came(item: Item) -> None:
    """Elsewhere it will be refused by its place."""
    ((kept,),) = [turn.parts for turn in read([item]).turns]
    assert kept == Opaque("openai-responses", item["type"], "input[0]", raw_of(item))


def test_outputs_are_the_users_and_calls_the_models() -> None:
    """An item nobody else knows stands on the side that its kind says."""
    items = [{"type": "computer_call"}, {"type": "computer_call_output"}, {"type": "mcp_approval_response"}]
    assert [turn.role for turn in read(items).turns] == ["assistant", "user", "user"]
