"""Requests of gemini, made and read in one line each."""

import json
from typing import Any

import msgspec

from adapters.conversation import ChatRequest
from adapters.dialects.gemini.request_read import read_request

PATH = "/v1beta/models/gemini-3-pro:generateContent"
STREAM = "/v1beta/models/gemini-3-pro:streamGenerateContent"


def read(path: str = PATH, **fields: Any) -> ChatRequest:
    """A request with these fields."""
    fields = {"contents": "Hi", **fields}
    return read_request(json.dumps(fields).encode(), path)


def raw(value: object) -> msgspec.Raw:
    """A value as it stands in a body."""
    return msgspec.Raw(json.dumps(value).encode())


def user(*parts: object) -> dict[str, object]:
    """A content of the user's."""
    return {"role": "user", "parts": list(parts)}


def model(*parts: object) -> dict[str, object]:
    """A content of the model's."""
    return {"role": "model", "parts": list(parts)}


def text(words: str, **fields: object) -> dict[str, object]:
    """A part of text."""
    return {"text": words, **fields}


def call(name: str, args: object = None, **fields: object) -> dict[str, object]:
    """A part that calls; `id` may be among its fields."""
    return {"functionCall": {"name": name, **({} if args is None else {"args": args}), **fields}}


def answer(name: str, response: object = None, **fields: object) -> dict[str, object]:
    """A part that answers a call."""
    told = {} if response is None else {"response": response}
    return {"functionResponse": {"name": name, **told, **fields}}


def inline(media_type: str, **fields: object) -> dict[str, object]:
    """Bytes of a type."""
    return {"inlineData": {"mimeType": media_type, "data": "QUJD", **fields}}
