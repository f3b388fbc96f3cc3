"""Thoughts of one dialect, shown to clients that keep signatures on calls alone, and what comes back of them.

The SDKs of the clients gather the reply; the client's next request is made of what they gathered, with the
thoughts' own words and without.
"""

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from openai.types.chat import ChatCompletion

from adapters.conversation import PLAIN, Thinking
from adapters.dialect import Dialect
from adapters.dialects import anthropic_messages, gemini, openai_chat, openai_responses
from adapters.events import Block, Reply, TextBlock, ThinkingBlock, ToolBlock, Usage, collect
from adapters.seal import is_sealed
from adapters.translation import Shown, StreamTranslation, translate_reply
from tests.adapters.dialects.gemini.sdk import chunks_of, parts_of, whole_of
from tests.adapters.oracles import gathered_by_openai
from tests.adapters.reading import read

GEMINI, CHAT = gemini.DIALECT, openai_chat.DIALECT
MAKERS = {
    "anthropic-messages": anthropic_messages.DIALECT,
    "openai-responses": openai_responses.DIALECT,
}
Body = dict[str, Any]
FLAG = True

TEXT = TextBlock("é🙂\n")
CALL, BESIDE = ToolBlock("call_1", "f", '{"a":1}'), ToolBlock("call_2", "g", "{}")
THOUGHT, AGAIN = ThinkingBlock('h"é🙂', "c2ln"), ThinkingBlock("m", "c2hu")
REPLIES: dict[str, tuple[Block, ...]] = {
    "a call": (THOUGHT, CALL),
    "words and calls": (THOUGHT, TEXT, CALL, BESIDE),
    "words first": (TEXT, THOUGHT, CALL),
    "two thoughts": (THOUGHT, AGAIN, CALL),
    "thoughts around words": (THOUGHT, TEXT, AGAIN, CALL, BESIDE),
    "a thought without words": (ThinkingBlock("", "c2ln"), TEXT, CALL),
    "calls after each other": (THOUGHT, CALL, AGAIN, BESIDE),
}


def shown_whole(maker: Dialect, client: Dialect, blocks: tuple[Block, ...]) -> bytes:
    """A whole reply as the client gets it."""
    reply = Reply("0a1b", "up-1", blocks, "tool_use", Usage(input=1, output=1))
    shown = Shown("asked-for", "spare", 7, maker=maker.name)
    return translate_reply(maker.write_reply(reply), maker.read_reply, client.write_reply, shown)[0]


def shown_stream(maker: Dialect, client: Dialect, blocks: tuple[Block, ...]) -> bytes:
    """A stream as the client gets it."""
    reply = Reply("0a1b", "up-1", blocks, "tool_use", Usage(input=1, output=1))
    shown = Shown("asked-for", "spare", 7, maker=maker.name)
    crossing = StreamTranslation(maker.stream_reader(), client.stream_writer(FLAG), shown)
    return crossing.feed(b"".join(maker.write_stream(reply, FLAG))) + crossing.finish()


def gathered_parts(maker: Dialect, blocks: tuple[Block, ...], *, streamed: bool) -> list[Body]:
    """The parts that the SDK of Google gathers."""
    if streamed:
        chunks = chunks_of(shown_stream(maker, GEMINI, blocks))
        parts = [part for chunk in chunks for part in parts_of(chunk)]
    else:
        parts = parts_of(whole_of(shown_whole(maker, GEMINI, blocks)))
    return [part.model_dump(mode="json", by_alias=True, exclude_none=True) for part in parts]


def gathered_message(maker: Dialect, blocks: tuple[Block, ...], *, streamed: bool) -> Body:
    """The message that the SDK of OpenAI gathers."""
    if streamed:
        completion = gathered_by_openai(shown_stream(maker, CHAT, blocks))
    else:
        completion = ChatCompletion.model_validate_json(shown_whole(maker, CHAT, blocks))
    message: Body = completion.choices[0].message.model_dump(mode="json", exclude_none=True)
    for call in message["tool_calls"]:
        call["function"].pop("parsed_arguments", None)
    return message


def of_gemini(maker: Dialect, blocks: tuple[Block, ...], *, streamed: bool, words: bool) -> bytes:
    """The next request of a client of gemini."""
    parts = gathered_parts(maker, blocks, streamed=streamed)
    kept = [part for part in parts if words or not part.get("thought")]
    contents: list[Body] = [{"role": "user", "parts": [{"text": "x"}]}, {"role": "model", "parts": kept}]
    for part in kept:
        if "functionCall" in part:
            named = {key: part["functionCall"][key] for key in ("id", "name")}
            answer = {"functionResponse": {**named, "response": {"output": "ok"}}}
            contents.append({"role": "user", "parts": [answer]})
    return json.dumps({"contents": contents}).encode()


def of_chat(maker: Dialect, blocks: tuple[Block, ...], *, streamed: bool, words: bool) -> bytes:
    """The next request of a client of openai-chat."""
    message = gathered_message(maker, blocks, streamed=streamed)
    if not words:
        message.pop("reasoning_content", None)
    answers = [
        {"role": "tool", "tool_call_id": call["id"], "content": "ok"} for call in message["tool_calls"]
    ]
    return json.dumps(
        {"model": "m", "messages": [{"role": "user", "content": "x"}, message, *answers]}
    ).encode()


# How the reply comes, and whether the words of its thoughts come back.
WAYS = {
    "streamed, with words": {"streamed": True, "words": True},
    "streamed": {"streamed": True, "words": False},
    "whole, with words": {"streamed": False, "words": True},
    "whole": {"streamed": False, "words": False},
}
Client = Callable[..., bytes]
CLIENTS: dict[str, tuple[Dialect, Client]] = {"gemini": (GEMINI, of_gemini), "openai-chat": (CHAT, of_chat)}


@pytest.mark.parametrize("name", REPLIES)
@pytest.mark.parametrize("maker", MAKERS.values(), ids=MAKERS)
@pytest.mark.parametrize(("client", "asks"), CLIENTS.values(), ids=CLIENTS)
@pytest.mark.parametrize("way", WAYS)
def test_thoughts_come_back_where_they_were(
    name: str, maker: Dialect, client: Dialect, asks: Client, way: str
) -> None:
    """Words, signature and place are the maker's again, and no thought stands there twice."""
    body = asks(maker, REPLIES[name], **WAYS[way])
    request = client.read_request(body, "/v1beta/models/m:generateContent")
    parts = [part for turn in request.turns if turn.role == "assistant" for part in turn.parts]
    thoughts = [(part.text, part.maker) for part in parts if isinstance(part, Thinking)]
    told = [block for block in REPLIES[name] if isinstance(block, ThinkingBlock)]
    assert thoughts == [(block.text, maker.name) for block in told]
    kinds = [type(part).__name__ for part in parts if not _is_empty(part)]
    expected = [type(block).__name__ for block in REPLIES[name]]
    if client is CHAT and name == "calls after each other":
        expected = ["ThinkingBlock", "ToolBlock", "ThinkingBlock", "ToolBlock"]
    assert kinds == [_KINDS[kind] for kind in expected]
    again = maker.write_request(msgspec.structs.replace(request, model="m"), PLAIN)
    assert again.body.count(b"c2ln") == 1


_KINDS = {"ThinkingBlock": "Thinking", "TextBlock": "Text", "ToolBlock": "ToolCall"}


def _is_empty(part: object) -> bool:
    return getattr(part, "text", None) == "" and not isinstance(part, Thinking)


def test_a_signature_of_google_goes_to_a_client_of_chat_and_back() -> None:
    """Gemini's own signature of a call is on the call again; what it thought aloud is not signed."""
    blocks = (ThinkingBlock("hm"), ThinkingBlock("", "c2ln"), CALL, BESIDE)
    for way in WAYS.values():
        request = CHAT.read_request(of_chat(GEMINI, blocks, **way), "")
        written = json.loads(GEMINI.write_request(request, PLAIN).body)
        first, second = written["contents"][1]["parts"]
        assert (first["thoughtSignature"], "thoughtSignature" in second) == ("c2ln", False)


ODD: dict[str, object] = {
    "nothing": None,
    "no object": 5,
    "an empty one": {},
    "of another": {"openai": {}},
    "null": {"google": None},
    "empty": {"google": {"thought_signature": ""}},
    "a number": {"google": {"thought_signature": 5}},
}


@pytest.mark.parametrize("extra", ODD.values(), ids=ODD)
def test_what_a_call_carries_besides_is_skipped(extra: object) -> None:
    """What is no signature is not read, and harms nothing."""
    function = {"name": "f", "arguments": "{}"}
    call = {"id": "1", "type": "function", "function": function, "extra_content": extra}
    messages = [{"role": "user", "content": "x"}, {"role": "assistant", "tool_calls": [call]}]
    request = CHAT.read_request(json.dumps({"model": "m", "messages": messages}).encode(), "")
    assert [type(part).__name__ for part in request.turns[1].parts] == ["ToolCall"]


def test_a_signature_that_is_no_seal_is_googles() -> None:
    """A client that had it of Google's own API of this dialect hands it to Google's other one."""
    extra = {"google": {"thought_signature": "c2ln"}}
    call = {"id": "1", "type": "function", "function": {"name": "f"}, "extra_content": extra}
    messages = [{"role": "user", "content": "x"}, {"role": "assistant", "tool_calls": [call]}]
    request = CHAT.read_request(json.dumps({"model": "m", "messages": messages}).encode(), "")
    assert request.turns[1].parts[0] == Thinking("", "c2ln", maker="gemini")


def test_a_chat_without_calls_carries_nothing() -> None:
    """An answer has no place for a signature; the thought itself is shown as ever."""
    blocks = (ThinkingBlock("hm", "c2ln"), TEXT)
    for left in (
        shown_whole(MAKERS["anthropic-messages"], CHAT, blocks),
        shown_stream(MAKERS["anthropic-messages"], CHAT, blocks),
    ):
        assert b"extra_content" not in left
    stream = shown_stream(MAKERS["anthropic-messages"], CHAT, blocks)
    told = collect(read(CHAT.stream_reader(), [stream]))
    assert told.blocks == (ThinkingBlock("hm"), TEXT)


def test_a_signature_of_the_clients_own_dialect_is_no_seal() -> None:
    """Where nothing is sealed nothing is carried: a chat has no signatures of its own to write."""
    reply = Reply("1", "m", (ThinkingBlock("hm", "c2ln"), CALL), "tool_use", Usage())
    assert not is_sealed("c2ln")
    assert b"extra_content" not in CHAT.write_reply(reply) + b"".join(CHAT.write_stream(reply, FLAG))
