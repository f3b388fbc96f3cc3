"""Applications for the tests of the gate: the null one and the gateway, each with something added."""

import json
from collections.abc import Awaitable, Callable

from bench.inprocess import Application, Dial, Message, Null, Receive, Scope, Send, penstock
from gateway.settings import Settings

Around = Callable[[Scope, Receive, Send], Awaitable[None]]


def with_wrapped_send(settings: Settings, dial: Dial) -> Application:
    """The null application behind a wrapper round `send`."""
    return _wrap_send(Null(settings, dial))


def with_decoded_body(settings: Settings, dial: Dial) -> Application:
    """The null application, decoding each body once more than it needs."""
    application = Null(settings, dial)

    async def decode(scope: Scope, receive: Receive, send: Send) -> None:
        async def received() -> Message:
            message = await receive()
            if message.get("body"):
                json.loads(message["body"])
            return message

        await application(scope, received, send)

    return decode


def slowed(settings: Settings, dial: Dial) -> Application:
    """The null application after a loop that allocates nothing that lasts."""
    application = Null(settings, dial)

    async def dawdle(scope: Scope, receive: Receive, send: Send) -> None:
        left = 200
        while left:
            left -= 1
        await application(scope, receive, send)

    return dawdle


def gateway_with_wrapped_send(settings: Settings, dial: Dial) -> Application:
    """The gateway behind a wrapper round `send`."""
    return _wrap_send(penstock(settings, dial))


def _wrap_send(application: Application) -> Application:
    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        async def pass_on(message: Message) -> None:
            await send(message)

        await application(scope, receive, pass_on)

    return wrapped
