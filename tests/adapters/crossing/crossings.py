"""A request taken from one dialect to the other, for the tests of what crosses."""

import json
from typing import Any

from adapters.conversation import PLAIN, Quirks, Written
from adapters.dialect import Dialect
from adapters.dialects import anthropic_messages, openai_chat

Body = dict[str, Any]

HI: Body = {"role": "user", "content": "Hi"}


def body_of(fields: Body) -> bytes:
    """A request with these fields, and a model and a turn where they give none."""
    return json.dumps({"model": "m", "messages": [HI], **fields}, ensure_ascii=False).encode()


def crossed(body: bytes, source: Dialect, target: Dialect, quirks: Quirks) -> Written:
    """Take a request from one dialect to another, as the table has them."""
    return target.write_request(source.read_request(body, ""), quirks)


def to_chat(body: bytes, quirks: Quirks = PLAIN) -> Written:
    """Take a request of Anthropic's to Chat."""
    return crossed(body, anthropic_messages.DIALECT, openai_chat.DIALECT, quirks)


def to_anthropic(body: bytes, quirks: Quirks = PLAIN) -> Written:
    """Take a request of Chat's to Anthropic."""
    return crossed(body, openai_chat.DIALECT, anthropic_messages.DIALECT, quirks)


def chat_body(fields: Body, quirks: Quirks = PLAIN) -> Body:
    """What Chat gets of an Anthropic request."""
    return decoded(to_chat(body_of(fields), quirks))


def anthropic_body(fields: Body, quirks: Quirks = PLAIN) -> Body:
    """What Anthropic gets of a Chat request."""
    return decoded(to_anthropic(body_of(fields), quirks))


def decoded(written: Written) -> Body:
    """The JSON of what was written."""
    body: Body = json.loads(written.body)
    return body


def differing(body: Body, expected: Body) -> Body:
    """What a body holds in place of what was expected; an expected None stands for an absent field."""
    return {key: body.get(key) for key, value in expected.items() if body.get(key) != value}
