"""The one place where anything that was raised becomes an answer.

Before the head it is a status in the client's dialect, after it an error event. A client that left
gets nothing. A stream that has begun is never ended as if it were whole.
"""

import traceback

import msgspec

from adapters.fault import Fault
from gateway import client
from gateway.errors import UNEXPECTED, ClientGone, Refused, UpstreamError, fault_of
from gateway.redaction import redact
from gateway.state import Exchange


async def answer(exchange: Exchange, error: Exception) -> None:
    """Tell the client what went wrong, in its dialect."""
    if isinstance(error, ClientGone) or isinstance(exchange.interrupted, ClientGone):
        exchange.outcome = "client_gone"
        exchange.status = exchange.status or 499
        return
    exchange.outcome = "error"
    fault = _named(exchange, error)
    exchange.error = fault.message
    if fault is UNEXPECTED:
        _report(exchange, error)
    request_id = exchange.request_id.decode()
    if exchange.head_sent and exchange.relay == "raw":
        return  # nothing more can be said of it: the server cuts a reply that is not ended
    if exchange.head_sent:
        tap = exchange.tap or exchange.dialect.tap()
        await client.end_stream(exchange, tap.failure(fault, request_id))
        return
    headers = [client.JSON, *(error.headers if isinstance(error, Refused) else ())]
    if fault.retry_after is not None:
        headers.append((b"retry-after", b"%d" % fault.retry_after))
    await client.say_whole(exchange, fault.status, headers, exchange.dialect.write_error(fault, request_id))


def _named(exchange: Exchange, error: Exception) -> Fault:
    """The fault, with the provider's name before words that are about it."""
    fault = fault_of(error)
    if isinstance(error, UpstreamError) and exchange.target is not None:
        words = f"provider `{exchange.target.provider.name}`: {fault.message}"
        return msgspec.structs.replace(fault, message=words)
    return fault


def _report(exchange: Exchange, error: Exception) -> None:
    """What nobody foresaw: the log gets it in full, keys taken out, and the client an id to ask about."""
    words = "".join(traceback.format_exception(error))
    exchange.house.journal.say("error", redact(f"id={exchange.request_id.decode()} {words}"))
