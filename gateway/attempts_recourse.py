"""Where a request goes that its ordinary targets cannot answer: it is too long, or refused (feature F9).

Each way out is taken once, after the ordinary targets have said so and before anything was shown. A reply may
refuse without an error, as Gemini's do: it is one that ends for that reason and holds nothing to show.
"""

from typing import Final, Literal

from adapters.fault import Fault, Malformed
from adapters.refusals import CODE, refused
from gateway import codings
from gateway.allowing import permitted
from gateway.errors import Refused
from gateway.failure import TOO_LONG, Failure, of_fault
from gateway.plan import Target
from gateway.state import Exchange

Way = Literal["too_long", "refused"]

WAYS: Final[tuple[Way, ...]] = ("too_long", "refused")
REFUSAL: Final = Fault("invalid_request", 400, "the provider's filter refused this request", code=CODE)


def open_ways(target: Target, taken: set[Way]) -> bool:
    """Whether there is a way out of this target that was not taken yet."""
    recourse = target.recourse
    if recourse is None:
        return False
    return any(getattr(recourse, way) and way not in taken for way in WAYS)


def way_out(exchange: Exchange, target: Target, failure: Failure, taken: set[Way]) -> list[Target]:
    """The targets to turn to after a failure that ends the ordinary course; none without a way out."""
    way = _way_of(failure)
    if target.recourse is None or way is None or way in taken:
        return []
    name: str = getattr(target.recourse, way)
    if not name:
        return []
    taken.add(way)
    try:
        embed = exchange.operation == "embed"
        found = exchange.house.router.plan(exchange.dialect.name, name, embed=embed, profile=exchange.profile)
    except Refused:
        return []
    return [one for one in permitted(exchange, found) if one.breaker is not target.breaker]


def _way_of(failure: Failure) -> Way | None:
    if failure.worth == TOO_LONG:
        return "too_long"
    fault = failure.fault
    return "refused" if fault is not None and refused(fault.message, fault.code) else None


def heeds_refusal(exchange: Exchange) -> bool:
    """Whether a reply that only refuses is a failure: another target is there for that."""
    recourse = exchange.target.recourse if exchange.target is not None else None
    return exchange.others and recourse is not None and bool(recourse.refused)


def refusal_in(exchange: Exchange) -> Failure | None:
    """What failed where a whole reply holds a refusal and nothing else, and another may do better."""
    head = exchange.head
    assert head is not None
    if exchange.relay == "stream" or exchange.operation != "generate" or not heeds_refusal(exchange):
        return None
    body = codings.decoder(head.coding).feed(exchange.first) if exchange.coded else exchange.first
    try:
        reply = exchange.dialect.read_reply(body)
    except Malformed:
        return None
    return of_fault(REFUSAL, "refused") if reply.stop == "refusal" and not reply.blocks else None
