"""Clients of gemini: Google's SDK, what Gemini CLI was recorded with, and how it sends a turn back.

Gemini CLI hands back what was said and called, a signature with the part it came on, and no thoughts.
"""

import functools
import json
import tarfile
from typing import Any

from google import genai
from google.genai import types

from tests.agents.recordings import FOLDER
from tests.cases.stage import Led, Stage, There
from tests.path.client import Reply
from tests.upstream.conversations import SCHEMA
from tests.upstream.plan import Json
from tests.upstream.tee import split_requests

TOOLS = [
    {"functionDeclarations": [{"name": "read", "description": "Reads.", "parametersJsonSchema": SCHEMA}]}
]


@functools.cache
def recorded(name: str) -> bytes:
    """The body of a request of Gemini CLI's, such as `print-shell/0001`."""
    with tarfile.open(FOLDER / "gemini" / "requests.tar.xz") as archive:
        file = archive.extractfile(f"gemini-cli/{name}.http")
        assert file is not None
        return next(split_requests(file.read())).body


def path_of(there: There, *, stream: bool = True) -> str:
    """Where a model of an upstream dialect is asked."""
    how = "streamGenerateContent?alt=sse" if stream else "generateContent"
    return f"/v1beta/models/{there.asked}:{how}"


def post(stage: Stage, led: Led, there: There, body: Json, *, stream: bool = True) -> Reply:
    """Ask on the wire."""
    return stage.post(path_of(there, stream=stream), body, led.header, ("x-goog-api-key", "dummy"))


def client(stage: Stage, led: Led) -> genai.Client:
    """Google's SDK, at the gateway."""
    options = types.HttpOptions(base_url=stage.house.address, headers=dict([led.header]))
    return genai.Client(api_key="dummy", http_options=options)


def chunks_in(stream: bytes) -> list[Json]:
    """The chunks of a stream of events; nothing else may stand in it."""
    lines = [line for line in stream.split(b"\n") if line.strip()]
    assert all(line.startswith(b"data: ") for line in lines), lines
    return [json.loads(line.removeprefix(b"data: ")) for line in lines]


def parts_in(chunks: list[Json]) -> list[Json]:
    """All parts of the chunks, in order."""
    return [part for chunk in chunks for one in chunk["candidates"] for part in one["content"]["parts"]]


def echoed(parts: list[Json]) -> Json:
    """A turn as Gemini CLI sends it back."""
    return {"role": "model", "parts": [part for part in parts if not part.get("thought")]}


def answers(parts: list[Json], **response: Any) -> Json:
    """What each call brought, as Gemini CLI says it: with the id the call came with."""
    calls = [part["functionCall"] for part in parts if "functionCall" in part]
    results = [{"id": call["id"], "name": call["name"], "response": response} for call in calls]
    return {"role": "user", "parts": [{"functionResponse": result} for result in results]}
