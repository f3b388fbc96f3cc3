"""Requests made for a provider without a connection, and the bytes it would send."""

import json

from tests.upstream.plan import Json
from tests.upstream.steps import Script, Send
from tests.upstream.wire import Request


def request(target: str, body: Json, *headers: tuple[str, str]) -> Request:
    """A request as it would have been read from the wire."""
    return Request(
        connection=1,
        number=1,
        head=b"",
        method="POST",
        target=target,
        headers=headers,
        body=json.dumps(body).encode(),
    )


def sent(script: Script) -> str:
    """All that a script writes."""
    return b"".join(step.data for step in script if isinstance(step, Send)).decode()
