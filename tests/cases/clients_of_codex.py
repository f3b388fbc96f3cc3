"""Codex as a client: the requests it was recorded with, the SDK that reads what it is answered, and its echo.

Codex sends back every item it was given, a thought with `content: null`, and then what its tools brought.
"""

import functools
import json
import tarfile
import threading
from typing import Any

import openai
from openai.types.responses import Response

from tests.agents.recordings import FOLDER
from tests.agents.seen import Seen
from tests.cases.arrived import arrived
from tests.cases.stage import Led, Stage, There
from tests.path.client import Reply
from tests.upstream.plan import Json
from tests.upstream.tee import split_requests
from tests.upstream.wire import Request

PATH = "/v1/responses"
OF_THE_CONNECTION = {"host", "content-length", "authorization", "content-type"}
OUTPUTS = {"function_call": "function_call_output", "custom_tool_call": "custom_tool_call_output"}


@functools.cache
def recorded(name: str) -> Request:
    """A request of Codex's, such as `http-shell/0001`."""
    with tarfile.open(FOLDER / "codex.tar.xz") as archive:
        file = archive.extractfile(f"codex/{name}.http")
        assert file is not None
        return next(split_requests(file.read()))


def asked(name: str, there: There, **fields: object) -> Json:
    """The body of a recorded request, for a model of a dialect; fields are replaced."""
    body: Json = json.loads(recorded(name).body)
    return {**body, "model": there.asked, **fields}


def post(stage: Stage, led: Led, body: Json) -> Reply:
    """Ask on the wire, with the headers Codex sends."""
    headers = [pair for pair in recorded("http-shell/0001").headers if pair[0] not in OF_THE_CONNECTION]
    return stage.post(PATH, body, led.header, *headers)


class Answer:
    """What the SDK made of a stream: its events as they came, and the response it gathered."""

    def __init__(self, events: list[Any], response: Response) -> None:
        self.events = events
        self.response = response

    @property
    def items(self) -> list[Json]:
        """The items as they stood on the wire."""
        return [plain(event.item) for event in self.events if event.type == "response.output_item.done"]

    def only(self, kind: str) -> Json:
        """The one item of a kind."""
        (item,) = [item for item in self.items if item["type"] == kind]
        return item

    def told(self, kind: str) -> str:
        """The deltas of a kind, joined."""
        return "".join(event.delta for event in self.events if event.type == f"response.{kind}.delta")


def answer(stage: Stage, led: Led, body: Json) -> Answer:
    """Ask as Codex does and read with OpenAI's SDK, which must find a completed response."""
    found = streamed(stage, led, body)
    assert found.response.status == "completed", found.events[-1]
    return found


def streamed(stage: Stage, led: Led, body: Json, seen: threading.Event | None = None) -> Answer:
    """Ask as Codex does and read with OpenAI's SDK, however it ends; `seen` is set when there was text."""
    events: list[Any] = []
    with client(stage, led) as sdk, sdk.responses.stream(**for_sdk(body)) as stream:
        for event in stream:
            events.append(event)
            if seen is not None and event.type == "response.output_text.delta":
                seen.set()
    return Answer(events, events[-1].response)


def plain(item: Any) -> Json:
    """An item as it stood on the wire, without what the SDK puts into it."""
    found: Json = item.model_dump(mode="json", exclude_unset=True, warnings=False)
    found.pop("parsed_arguments", None)
    for part in found.get("content") or []:
        part.pop("parsed", None)
    return found


def client(stage: Stage, led: Led) -> openai.OpenAI:
    """OpenAI's SDK, at the gateway."""
    headers = dict([led.header])
    return openai.OpenAI(
        base_url=f"{stage.house.address}/v1", api_key="dummy", max_retries=0, default_headers=headers
    )


def for_sdk(body: Json) -> Json:
    """A body as arguments: what the SDK does not know, or would not let pass, goes beside them."""
    beside = {"tools", "client_metadata", "text"}
    rest = {name: value for name, value in body.items() if name not in {*beside, "stream"}}
    return {**rest, "extra_body": {name: body[name] for name in beside if name in body}}


def echoed(items: list[Json]) -> list[Json]:
    """Items as Codex sends them back."""
    return [{**item, "content": None} if item["type"] == "reasoning" else item for item in items]


def output_of(call: Json, output: object = "done") -> Json:
    """What a tool brought, as Codex says it."""
    return {"type": OUTPUTS[call["type"]], "id": "out_1", "call_id": call["call_id"], "output": output}


def seen_by(led: Led, there: There) -> Seen:
    """What the last request said to the provider; fails when one was refused."""
    return arrived(there.dialect, led.request.body)
