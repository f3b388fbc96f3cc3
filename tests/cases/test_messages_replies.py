"""Cases 18 to 22: what Claude Code reads, from whatever the upstream streams."""

import json
from typing import Any

import msgspec
import pytest
from anthropic.types import Message

from tests.adapters import frames
from tests.cases import claude
from tests.cases.stage import BY_NAME, CHAT, Stage, There, over, until
from tests.path.client import Wire
from tests.path.house import House
from tests.upstream.exchange import Exchange
from tests.upstream.plan import CLOSING, Call, Turn
from tests.upstream.scripts import JSON, chunk, chunked, head, raw, stream, whole
from tests.upstream.steps import Gate, Send

LINES = tuple(Call("Bash", {"command": f"echo {number} é日本🙂"}) for number in range(3))
TURN = Turn(LINES, "Three at once: é日本🙂.", "None of them depends on another.")
HERE = BY_NAME[CHAT]


def ask(stage: Stage, exchange: Exchange, there: There = HERE, **fields: Any) -> Any:
    """Ask what a script answers."""
    asked = claude.body(there, **fields)
    return stage.post(claude.PATH, asked, *claude.HEADERS, exchange.header)


def shown(message: Message) -> list[tuple[str, Any]]:
    """What a message shows, by kind: a thought without words is a signature's place, and shows nothing."""
    kept: list[tuple[str, Any]] = []
    for block in message.content:
        if block.type == "tool_use":
            kept.append((block.type, (block.name, block.input)))
        elif block.type == "text":
            kept.append((block.type, block.text))
        elif block.type == "thinking" and block.thinking:
            kept.append((block.type, block.thinking))
    return kept


def interleaved() -> list[bytes]:
    """Three calls whose pieces come in turns, as a provider of openai-chat may stream them."""
    written = [json.dumps(dict(call.arguments)) for call in LINES]
    opened = [frames.call(index, id=f"call_{index}", name="Bash") for index in range(3)]
    pieces = [
        frames.call(index, text[start : start + 9])
        for start in range(0, 27, 9)
        for index, text in enumerate(written)
    ]
    rest = [frames.call(index, text[27:]) for index, text in enumerate(written) if text[27:]]
    said = frames.delta(role="assistant", content="Three at once.")
    return [said, *opened, *pieces, *rest, frames.delta("tool_calls"), frames.DONE]


def test_case_18_interleaved_calls_are_one_block_at_a_time(stage: Stage) -> None:
    """Three calls that come in turns are three blocks, each closed before the next, with their arguments."""
    message = claude.answered(ask(stage, stage.plays(stream(interleaved()))))
    calls = [block for block in message.content if block.type == "tool_use"]
    assert [call.input for call in calls] == [call.arguments for call in LINES]
    assert [call.id for call in calls] == ["call_0", "call_1", "call_2"]
    assert message.stop_reason == "tool_use"


@over()
def test_case_18_parallel_calls_of_any_upstream(stage: Stage, there: There) -> None:
    """Three calls side by side come as three blocks, in order, from every dialect."""
    led = stage.lead(TURN)
    message = claude.answered(claude.ask(stage, led, claude.body(there)))
    calls = [block for block in message.content if block.type == "tool_use"]
    assert [(call.name, call.input) for call in calls] == [("Bash", call.arguments) for call in LINES]
    assert len({call.id for call in calls}) == 3


@pytest.mark.parametrize("arguments", ["", "{}"], ids=["none", "an empty object"])
def test_case_19_no_arguments_are_an_empty_input(stage: Stage, arguments: str) -> None:
    """However a provider spells that there are none."""
    pieces = [frames.call(0, id="call_0", name="Bash"), frames.call(0, arguments) if arguments else b""]
    script = stream([*filter(None, pieces), frames.delta("tool_calls"), frames.DONE])
    (call,) = claude.answered(ask(stage, stage.plays(script))).content
    assert call.type == "tool_use"
    assert call.input == {}


@over()
def test_case_19_no_arguments_of_any_upstream(stage: Stage, there: There) -> None:
    """A call without arguments is a call with an empty input, streamed and whole."""
    for streamed in (True, False):
        led = stage.lead(Turn((Call("Bash"),)))
        message = claude.answered(claude.ask(stage, led, claude.body(there, stream=streamed)))
        call = message.content[-1]
        assert call.type == "tool_use"
        assert call.input == {}


def test_case_19_broken_arguments_are_passed_as_they_are(stage: Stage) -> None:
    """What is no JSON reaches the client as the model wrote it: Claude Code answers it with an error."""
    broken = '{"command": "echo "hi""}'
    pieces = [frames.call(0, broken, id="call_0", name="Bash"), frames.delta("tool_calls"), frames.DONE]
    reply = ask(stage, stage.plays(stream(pieces)))
    assert reply.status == 200
    told = list(claude.events(reply.body))
    claude.must_be_ordered(told)
    deltas = [event["delta"] for event in told if event["type"] == "content_block_delta"]
    assert "".join(delta["partial_json"] for delta in deltas) == broken


def test_case_19_broken_arguments_in_a_whole_reply(stage: Stage) -> None:
    """There they stand as a string, so that the message itself stays JSON."""
    broken = '{"command": "echo "hi""}'
    call = {"id": "call_0", "type": "function", "function": {"name": "Bash", "arguments": broken}}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
    document = {"id": "c", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice]}
    reply = ask(stage, stage.plays(whole(json.dumps(document).encode())), stream=False)
    assert reply.status == 200
    (block,) = reply.json()["content"]
    assert (block["name"], block["input"]) == ("Bash", broken)


@over()
def test_case_20_text_is_the_same_however_it_is_cut(stage: Stage, there: There) -> None:
    """One byte a write, inside code points and inside events, is what it is in one write."""
    led = stage.lead(Turn((LINES[0],), "é日本🙂 " * 3, "ü日🙂"))
    whole_reply = claude.ask(stage, led, claude.body(there))
    spoken = stage.spoken(there, led)
    media = {"content-type": there.voice.media}
    bytewise = chunked([spoken[at : at + 1] for at in range(len(spoken))], headers=media)
    cut_reply = ask(stage, stage.plays(bytewise), there)
    one, other = shown(claude.answered(whole_reply)), shown(claude.answered(cut_reply))
    assert ("text", "é日本🙂 " * 3) in one
    assert one == other


@over()
def test_case_21_a_stream_is_told_as_anthropic_tells_it(stage: Stage, there: There) -> None:
    """Named events, usage first and last, blocks in pairs, a reason, an end; the SDK gathers the message."""
    led = stage.lead(TURN)
    reply = claude.ask(stage, led, claude.body(there, thinking={"type": "adaptive", "display": "updates"}))
    message = claude.answered(reply)
    assert reply.header("content-type") == "text/event-stream; charset=utf-8"
    assert [kind for kind, _ in shown(message)] == ["thinking", "text", *["tool_use"] * 3]
    assert message.model == (there.model if there.dialect == "anthropic-messages" else there.asked)
    assert message.usage.output_tokens == 7
    assert message.usage.input_tokens + (message.usage.cache_read_input_tokens or 0) in (11, 16)
    assert message.id.startswith("msg_")


@over()
def test_case_21_a_thinking_upstream_shows_life(stage: Stage, there: There) -> None:
    """While nothing comes, pings do; the reply behind them is whole."""
    led = stage.lead(TURN)
    claude.ask(stage, led, claude.body(there))
    spoken = stage.spoken(there, led)
    opening = head(200, {"content-type": there.voice.media, "transfer-encoding": "chunked"})
    exchange = stage.plays((*raw(opening), Gate(), Send(chunk(spoken)), Send(b"0\r\n\r\n")))
    with open_stream(stage.house, exchange, claude.body(there)) as wire:
        assert wire.read_head().status == 200
        seen = until(wire, b"event: ping")
        seen += until(wire, b"event: ping")
        exchange.release()
        rest, complete = wire.read_body()
    assert complete
    assert b"event: message_stop" in rest
    claude.must_be_ordered(list(claude.events(seen + rest)))


def open_stream(house: House, exchange: Exchange, asked: dict[str, Any]) -> Wire:
    """Ask, and leave the reply to be read."""
    wire = Wire(house.address)
    wire.send(
        "POST", claude.PATH, [*JSON.items(), *claude.HEADERS, exchange.header], msgspec.json.encode(asked)
    )
    return wire


@over()
def test_case_22_the_fallback_without_a_stream_is_the_same_message(stage: Stage, there: There) -> None:
    """After an error in a stream Claude Code asks again without one: the message is whole."""
    led = stage.lead(TURN)
    streamed = claude.answered(claude.ask(stage, led, claude.body(there)))
    timeout = ("x-stainless-timeout", "300")
    fallback = claude.body(there, stream=False, max_tokens=64_000)
    found = claude.answered(claude.ask(stage, led, fallback, timeout))
    assert shown(found) == shown(streamed)
    assert found.stop_reason == streamed.stop_reason == "tool_use"
    assert found.usage.output_tokens == 7
    assert CLOSING not in led.text
