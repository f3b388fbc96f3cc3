"""A provider that leads an agent through a tool loop in openai-responses: a call a turn, then a closing text.

The input itself says how far it is: the number of results in it is the step to play next. Each item is
streamed as OpenAI streams one, with a single delta.
"""

import itertools
import json
from collections.abc import Iterator
from typing import Any

import msgspec

from tests.upstream.conversation import CLOSING
from tests.upstream.replies import ordinary
from tests.upstream.scripts import stream
from tests.upstream.steps import Script
from tests.upstream.wire import Request

Event = dict[str, Any]


class FunctionCall(msgspec.Struct, frozen=True):
    """A call of a function the provider asks for."""

    tool: str
    arguments: dict[str, str]


class CustomCall(msgspec.Struct, frozen=True):
    """A call of a tool that takes text as it is."""

    tool: str
    input: str


class ResponseConversation:
    """Answers /v1/responses by a plan of calls, streamed; everything else as an ordinary provider."""

    def __init__(self, *plan: FunctionCall | CustomCall) -> None:
        self.plan = plan
        self._numbers = itertools.count(1)

    def __call__(self, request: Request) -> Script:
        """Choose the reply to one request."""
        if not request.path.endswith("/responses"):
            return ordinary(request)
        body = json.loads(request.body)
        number = next(self._numbers)
        response = {"id": f"resp_{number}", "object": "response", "created_at": 0, "model": body["model"]}
        events = enumerate(_events(response, self._item(body, number)))
        return stream(_frame({"sequence_number": place, **event}) for place, event in events)

    def _item(self, body: dict[str, Any], number: int) -> Event:
        step = sum(item.get("type", "").endswith("_output") for item in body["input"])
        if step >= len(self.plan) or not body.get("tools"):
            part = {"type": "output_text", "annotations": [], "logprobs": [], "text": CLOSING}
            return {"id": f"msg_{number}", "type": "message", "role": "assistant", "content": [part]}
        call = self.plan[step]
        called = {"call_id": f"call_{step}", "name": call.tool}
        if isinstance(call, CustomCall):
            return {"id": f"ctc_{number}", "type": "custom_tool_call", **called, "input": call.input}
        arguments = json.dumps(call.arguments)
        return {"id": f"fc_{number}", "type": "function_call", **called, "arguments": arguments}


def _events(response: Event, item: Event) -> Iterator[Event]:
    place = {"output_index": 0}
    begun = {**response, "status": "in_progress", "output": []}
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}
    yield {"type": "response.output_item.added", **place, "item": {**item, **_emptied(item)}}
    yield from ({**event, **place, "item_id": item["id"]} for event in _fillings(item))
    whole = {**item, "status": "completed"}
    yield {"type": "response.output_item.done", **place, "item": whole}
    usage = {"input_tokens": 11, "output_tokens": 7, "total_tokens": 18}
    done = {**response, "status": "completed", "output": [whole], "usage": usage}
    yield {"type": "response.completed", "response": done}


def _emptied(item: Event) -> Event:
    """What is different in an item that has only begun."""
    fields: Event = {"content": [], "arguments": "", "input": ""}
    return {"status": "in_progress", **{name: value for name, value in fields.items() if name in item}}


def _fillings(item: Event) -> Iterator[Event]:
    if item["type"] == "message":
        (part,) = item["content"]
        there = {"content_index": 0}
        yield {"type": "response.content_part.added", **there, "part": {**part, "text": ""}}
        yield {"type": "response.output_text.delta", **there, "delta": part["text"], "logprobs": []}
        yield {"type": "response.output_text.done", **there, "text": part["text"], "logprobs": []}
        yield {"type": "response.content_part.done", **there, "part": part}
        return
    custom = item["type"] == "custom_tool_call"
    name, field = ("custom_tool_call_input", "input") if custom else ("function_call_arguments", "arguments")
    yield {"type": f"response.{name}.delta", "delta": item[field]}
    yield {"type": f"response.{name}.done", field: item[field]}


def _frame(event: Event) -> bytes:
    return f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n".encode()
