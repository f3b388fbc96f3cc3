"""Affinity: a conversation stays with the target and the key that hold its prompt cache (feature R7).

Only requests whose plan leaves a choice come here. Within a group the target where most of the conversation
is warm goes first, whatever the strategy says; between the tiers of a plan the order is as it is written.
"""

from collections.abc import Callable, Hashable
from hashlib import blake2b
from typing import Final

from gateway.credentials import NONE
from gateway.decision import stays
from gateway.opening import opening
from gateway.pins import Pin, Pins
from gateway.plan import Choice, Targets
from gateway.state import Exchange

LONGEST: Final = 128


class Affinity:
    """Of one worker."""

    __slots__ = ("_clock", "pins")

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.pins = Pins()

    def order(self, exchange: Exchange, choice: Choice) -> Targets:
        """The targets for a request, its own first; and its pin is found."""
        conversation = conversation_of(exchange)
        if conversation is None:
            return choice.order()
        now = self._clock()
        exchange.pin = pin = self.pins.of(conversation, now)
        if not pin.homes:
            return choice.order()
        targets = choice.order_for(pin, now)
        if choice.led and pin.best(targets[0].where, now) is not None:
            exchange.decision = stays(exchange.decision)
        return targets


def conversation_of(exchange: Exchange) -> Hashable:
    """By what a conversation is known: who asks, what for, and the client's session or its opening."""
    assert exchange.peek is not None
    model = exchange.peek.model
    if exchange.session:
        return exchange.caller.key_id, model, _short(exchange.session), _short(exchange.agent)
    begun = opening(exchange.body)
    return (exchange.caller.key_id, model, begun) if begun else None


def _short(said: bytes) -> bytes:
    """What a client calls a session or an agent; a digest of what is long, for it may fill a header."""
    return said if len(said) <= LONGEST else blake2b(said, digest_size=LONGEST // 2).digest()


def settle(exchange: Exchange, pin: Pin) -> None:
    """A try has gone well: the conversation lives there. What its cache holds is known at the end."""
    target, seat = exchange.target, exchange.seat
    assert target is not None
    now = exchange.house.clock()
    home = pin.live(target.where, NONE if seat is None else seat.key, now)
    if exchange.usage is not None:
        home.hear(exchange.usage, now)
