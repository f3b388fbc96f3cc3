"""Cases 45, 48 to 51 and 54: what Codex must see of a stream, and of a reply that failed."""

import threading
from itertools import pairwise

import openai
import pytest

from tests.cases import clients_of_codex as codex
from tests.cases.clients_of_faults import ENDS, Coded, Instead, Late
from tests.cases.stage import GEMINI, MESSAGES, RESPONSES, Stage, There, over
from tests.upstream.codings import CODINGS
from tests.upstream.faults import Status
from tests.upstream.plan import CLOSING, Call, Turn

FIRST = "apply-patch-and-parallel/0001"
SHELL = Call("exec_command", {"cmd": "ls"})
PATCH = Call("apply_patch", text="*** Begin Patch\n*** End Patch\n")
ALIVE = "response.in_progress"


@over()
def test_case_45_one_response_told_in_order(stage: Stage, there: There) -> None:
    """One id, each item opened and done once, numbers rising, and the completed response last, with usage."""
    led = stage.lead(Turn((SHELL, PATCH), "Two at once: é日本🙂.", "Both are needed."))
    events = codex.answer(stage, led, codex.asked(FIRST, there)).events
    assert events[0].type == "response.created"
    assert len({event.response.id for event in events if hasattr(event, "response")}) == 1
    # A sign of life may stand anywhere, and is no fact of the response.
    numbers = [event.sequence_number for event in events]
    assert all(first < second for first, second in pairwise(numbers))
    last = events[-1].response
    kinds = [item.type for item in last.output if item.type != "reasoning"]
    assert kinds == ["message", "function_call", "custom_tool_call"]
    for kind in ("added", "done"):
        told = [event.item.id for event in events if event.type == f"response.output_item.{kind}"]
        assert told == [item.id for item in last.output]
    done = [event.item for event in events if event.type == "response.output_item.done"]
    assert [codex.plain(item) for item in done] == [codex.plain(item) for item in last.output]
    assert last.usage.input_tokens == 11 + 5 * (there.dialect == MESSAGES)
    assert last.usage.output_tokens == 7
    assert last.usage.total_tokens == last.usage.input_tokens + last.usage.output_tokens


@over()
def test_case_45_deltas_stand_inside_their_item(stage: Stage, there: There) -> None:
    """Whatever is added names the open item, by its id and its place."""
    led = stage.lead(Turn((SHELL, PATCH), "Two at once.", "Both are needed."))
    events = codex.answer(stage, led, codex.asked(FIRST, there)).events
    opened: tuple[str, int] | None = None
    for event in events:
        if event.type == "response.output_item.added":
            assert opened is None
            opened = (event.item.id, event.output_index)
        elif event.type == "response.output_item.done":
            assert opened == (event.item.id, event.output_index)
            opened = None
        elif not hasattr(event, "response"):
            assert opened == (event.item_id, event.output_index)


@over()
def test_case_48_a_429_always_says_when_to_come_back(stage: Stage, there: There) -> None:
    """Without a time of the provider's there is one of ours, in whole seconds: else Codex ends."""
    led = stage.lead(faults={0: Status(429, "Slow down.")})
    reply = codex.post(stage, led, codex.asked(FIRST, there))
    assert reply.status == 429
    assert (reply.header("retry-after") or "").isdigit()
    assert reply.json()["error"]["message"] == "Slow down."
    assert reply.json()["error"]["code"] != "insufficient_quota"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [((("retry-after", "7"),), "7"), ((("retry-after", "0.5"),), "1"), ((("retry-after-ms", "1700"),), "2")],
    ids=["whole", "fraction", "milliseconds"],
)
@over(MESSAGES, "openai-chat", RESPONSES, GEMINI, "ollama")
def test_case_48_a_time_of_the_providers_is_told_in_whole_seconds(
    stage: Stage, there: There, headers: tuple[tuple[str, str], ...], seconds: str
) -> None:
    """Codex gives up at a fraction."""
    led = stage.lead(faults={0: Status(429, "Slow down.", headers)})
    with codex.client(stage, led) as sdk, pytest.raises(openai.RateLimitError) as caught:
        sdk.responses.create(model=there.asked, input="Hello.")
    assert caught.value.response.headers["retry-after"] == seconds


@over()
def test_case_49_an_error_in_the_stream_is_tried_again(stage: Stage, there: There) -> None:
    """The response that began has failed with `server_error`; never `server_is_overloaded`, nor `error`."""
    seen = threading.Event()
    led = stage.lead(Turn((SHELL,), "Some words.", "A thought."), faults={0: Late(b"So", seen)})
    found = codex.streamed(stage, led, codex.asked(FIRST, there), seen)
    assert found.events[-1].type == "response.failed"
    assert "error" not in {event.type for event in found.events}
    assert found.response.error is not None
    assert found.response.error.code == "server_error"
    assert "overloaded" in found.response.error.message
    assert len({event.response.id for event in found.events if hasattr(event, "response")}) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 529])
@over()
def test_case_50_tries_are_not_multiplied(stage: Stage, there: There, status: int) -> None:
    """Codex asks 30 times in 24 seconds: each of these is one request upstream, and a 503 has a time."""
    led = stage.lead(faults={0: Status(status, "It is down.")})
    reply = codex.post(stage, led, codex.asked(FIRST, there))
    assert len(led.provider.asked) == 1
    assert reply.status in (status, 503)
    assert reply.json()["error"]["message"] == "It is down."
    assert (reply.header("retry-after") or "").isdigit() == (reply.status == 503)


@over()
def test_case_51_a_limit_makes_it_incomplete(stage: Stage, there: There) -> None:
    """What stopped at a limit is no completed response, whatever it had said by then."""
    led = stage.lead(faults={0: Instead(*ENDS[there.dialect])})
    found = codex.streamed(stage, led, codex.asked(FIRST, there))
    assert found.events[-1].type == "response.incomplete"
    assert CLOSING in found.told("output_text")
    if there.dialect != RESPONSES:
        assert found.response.incomplete_details is not None
        assert found.response.incomplete_details.reason == "max_output_tokens"


@over()
def test_case_51_no_limit_of_our_own(stage: Stage, there: There) -> None:
    """Where a dialect demands a limit it is a large one, else there is none."""
    led = stage.lead()
    codex.answer(stage, led, codex.asked(FIRST, there))
    body = led.body
    if there.dialect == MESSAGES:
        assert body["max_tokens"] >= 32_000
    assert not {"max_completion_tokens", "max_output_tokens", "num_predict"} & {
        *body,
        *body.get("options", {}),
    }
    assert "maxOutputTokens" not in body.get("generationConfig", {})


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
@over()
def test_case_54_nothing_is_compressed(stage: Stage, there: There, *, stream: bool) -> None:
    """Codex offers no coding, and can read none."""
    led = stage.lead()
    reply = codex.post(stage, led, codex.asked(FIRST, there, stream=stream))
    assert reply.status == 200
    assert reply.header("content-encoding") is None
    assert CLOSING.encode() in reply.body or stream


@pytest.mark.parametrize("coding", CODINGS)
@over()
def test_case_54_not_even_by_the_provider(stage: Stage, there: There, coding: str) -> None:
    """What a provider compresses unasked is read here."""
    led = stage.lead(faults={0: Coded(coding), 1: Coded(coding)})
    assert codex.answer(stage, led, codex.asked(FIRST, there)).response.output_text == CLOSING
    reply = codex.post(stage, led, codex.asked(FIRST, there, stream=False))
    assert reply.header("content-encoding") is None
    assert reply.json()["status"] == "completed"
