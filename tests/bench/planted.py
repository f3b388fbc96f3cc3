"""Applications for the tests of the gate: the null one and the gateway, each with something added."""

import json
from collections.abc import Awaitable, Callable
from importlib import import_module

from bench.inprocess import Application, Dial, Message, Null, Receive, Scope, Send, penstock
from gateway.settings import Settings

KEPT: list[str] = []
Around = Callable[[Scope, Receive, Send], Awaitable[None]]


def with_wrapped_send(settings: Settings, dial: Dial) -> Application:
    """The null application behind a wrapper round `send`."""
    return _wrap_send(Null(settings, dial))


def with_decoded_body(settings: Settings, dial: Dial) -> Application:
    """The null application, decoding each body once more than it needs."""
    return _decode(Null(settings, dial))


def _decode(application: Application) -> Application:
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


def gateway_with_decoded_body(settings: Settings, dial: Dial) -> Application:
    """The gateway, each body decoded once more before it is asked."""
    return _decode(penstock(settings, dial))


def gateway_with_heavy_import(settings: Settings, dial: Dial) -> Application:
    """The gateway, with a package at its start that it does not need."""
    import_module("hypothesis")
    return penstock(settings, dial)


def gateway_with_large_start(settings: Settings, dial: Dial) -> Application:
    """The gateway, with memory taken at its start that it never gives back."""
    application = penstock(settings, dial)
    KEPT.extend(str(number) for number in range(300_000))
    return application


def _wrap_send(application: Application) -> Application:
    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        async def pass_on(message: Message) -> None:
            await send(message)

        await application(scope, receive, pass_on)

    return wrapped
