"""The least an ASGI application can do with a request: read it, answer it."""

from bench.inprocess import Receive, Scope, Send
from bench.workloads import COUNTED_REPLY

START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(COUNTED_REPLY))],
}
END = {"type": "http.response.body", "body": COUNTED_REPLY, "more_body": False}


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Read the body to its end and send the constant reply."""
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    await send(START)
    await send(END)
