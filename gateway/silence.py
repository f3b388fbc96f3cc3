"""Waiting for an upstream: what it says is heard piece by piece, and what to do when it says nothing.

Whoever waits is woken by the timekeeper when `wake_at` has come, or by the watch on the client. The
decision is a pure function of times: wait on, say a sign of life, or give up.
"""

from typing import Final, Literal

from gateway import client
from gateway.errors import UpstreamError
from gateway.state import Exchange

Verdict = Literal["wait", "sign", "give up"]
NEVER: Final = float("inf")


def judge(now: float, give_up_at: float, sign_at: float) -> Verdict:
    """What a silence calls for."""
    if now >= give_up_at:
        return "give up"
    return "sign" if now >= sign_at else "wait"


def expect(exchange: Exchange, limit: float) -> None:
    """From now on the upstream has `limit` seconds: a stream to say something, a whole reply to be whole."""
    exchange.heard_at = exchange.signed_at = exchange.house.clock()
    exchange.limit = limit
    exchange.wake_at = min(_sign_at(exchange), _give_up_at(exchange))


async def hear(exchange: Exchange) -> bytes:
    """The next bytes of the reply, decoded; b"" at its end. Raises UpstreamError, or what interrupted it."""
    source = exchange.source
    assert source is not None
    while (data := source.pull()) is None:
        if await source.wait():
            await attend(exchange)
    exchange.heard_at = exchange.house.clock()
    return data


async def attend(exchange: Exchange) -> None:
    """Woken without data: wait on, or raise UpstreamError or what interrupted the exchange."""
    if exchange.interrupted is not None:
        raise exchange.interrupted
    now = exchange.house.clock()
    verdict = judge(now, _give_up_at(exchange), _sign_at(exchange))
    if verdict == "give up":
        raise _too_long(exchange)
    if verdict == "sign":
        exchange.signed_at = now
        await _show_life(exchange)
    exchange.wake_at = min(_sign_at(exchange), _give_up_at(exchange))


async def reassure(exchange: Exchange) -> None:
    """While what comes is not shown: a sign of life where the client has had none for too long."""
    if exchange.part == "second":
        return
    now = exchange.house.clock()
    if now - exchange.signed_at >= exchange.house.settings.server.sign_of_life:
        exchange.signed_at = now
        await _show_life(exchange)


def _give_up_at(exchange: Exchange) -> float:
    """A stream has its limit anew after every word; a whole reply has one for all of it."""
    since = exchange.sent_at if exchange.relay == "whole" else exchange.heard_at
    return since + exchange.limit


def _sign_at(exchange: Exchange) -> float:
    if exchange.relay != "stream" or exchange.part == "second":
        return NEVER
    return max(exchange.heard_at, exchange.signed_at) + exchange.house.settings.server.sign_of_life


async def _show_life(exchange: Exchange) -> None:
    """A ping or a comment. Only whole events are ever sent, so that it may stand anywhere."""
    if not exchange.head_sent:
        # Nothing is known of the reply yet, and a client's patience ends: from here errors go in band.
        await client.open_stream(
            exchange, [(b"content-type", exchange.dialect.stream_media), client.NO_CACHE]
        )
    exchange.signs += 1
    own = exchange.tap.sign_of_life() if exchange.tap is not None else b""
    await client.say(exchange, own or exchange.dialect.sign_of_life)


def _too_long(exchange: Exchange) -> UpstreamError:
    if exchange.head_at:
        words = f"it said nothing for {exchange.limit:g} seconds in the middle of its reply"
        return UpstreamError("body", "timeout", words)
    return UpstreamError("head", "timeout", f"it did not answer within {exchange.limit:g} seconds")
