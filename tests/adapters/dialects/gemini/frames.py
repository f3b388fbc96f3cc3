"""Frames of gemini as Google writes them, made in one line each."""

import json
from typing import Any

HEAD = {"modelVersion": "up-1", "responseId": "0a1b"}


def chunk(*candidates: dict[str, Any], **fields: Any) -> bytes:
    """A chunk of a stream."""
    document = {"candidates": list(candidates), **HEAD, **fields}
    return b"data: %b\r\n\r\n" % json.dumps(document, ensure_ascii=False).encode()


def candidate(*parts: dict[str, Any], finish: str | None = None, **fields: Any) -> dict[str, Any]:
    """The only candidate of a reply."""
    ending = {} if finish is None else {"finishReason": finish}
    return {"content": {"parts": list(parts), "role": "model"}, "index": 0, **ending, **fields}


def parts(*told: dict[str, Any], finish: str | None = None, **fields: Any) -> bytes:
    """A chunk with these parts."""
    return chunk(candidate(*told, finish=finish), **fields)


def text(words: str, **fields: Any) -> dict[str, Any]:
    """A part of text."""
    return {"text": words, **fields}


def thought(words: str, **fields: Any) -> dict[str, Any]:
    """A part of thinking."""
    return {"text": words, "thought": True, **fields}


def call(name: str, args: Any = None, identity: str | None = "1", **fields: Any) -> dict[str, Any]:
    """A part that calls a function."""
    named = {} if identity is None else {"id": identity}
    arguments = {} if args is None else {"args": args}
    return {"functionCall": {"name": name, **arguments, **named}, **fields}


def body(*told: dict[str, Any], finish: str | None = "STOP", **fields: Any) -> bytes:
    """A whole reply with these parts."""
    document = {"candidates": [candidate(*told, finish=finish)], **HEAD, **fields}
    return json.dumps(document, ensure_ascii=False).encode()


STOP = parts(finish="STOP")
SIGNED = {"thoughtSignature": "c2ln"}
