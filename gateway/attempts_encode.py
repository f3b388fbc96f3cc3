"""What is sent to a target: the body as it came or written anew, and the head before it."""

from typing import Final

from adapters.fault import Fault
from gateway import codings, crossing
from gateway.attempts_lessons import heeded
from gateway.crossing import Letter, Way
from gateway.errors import Refused
from gateway.fields import fields_of
from gateway.plan import Target
from gateway.provider import Door, Provider
from gateway.state import Exchange

UNENCODED: Final = b"identity"
# Below this a request leaves as one buffer; above it copying the body costs more than a second write.
JOIN_LIMIT: Final = 64 * 1024
# Methods that say nothing of a body they do not have.
BODILESS: Final = frozenset((b"GET", b"HEAD", b"DELETE", b"OPTIONS"))
CREDENTIALS: Final = frozenset((b"authorization", b"x-api-key"))


def request_for(exchange: Exchange, target: Target, door: Door) -> tuple[bytes, bytes]:
    """What is sent first, and what after it: a small body leaves with its head. Raises Refused, Malformed."""
    if exchange.operation == "forward":
        return _forwarded(exchange, target, door)
    way = crossing.way_to(exchange, target)
    if way != "carried":
        body, path = _passed(exchange, target, way)
        fields, query = _fields(exchange, target.provider, door), exchange.query
        asked = UNENCODED if exchange.relay == "stream" else codings.acceptable(exchange.offered_codings)
    else:
        letter = _carried(exchange, target)
        body, path, fields, query, asked = letter.body, letter.path, letter.fields, letter.query, UNENCODED
    if exchange.house.lessons.any:
        body, fields = heeded(exchange, target, body, fields)
    place = door.target(path)
    if query:
        place = b"%b?%b" % (place, query)
    length = len(body)
    with_head, after = (body, b"") if length < JOIN_LIMIT else (b"", body)
    seat = exchange.seat
    request = b"POST %b HTTP/1.1\r\n%b%baccept-encoding: %b\r\ncontent-length: %d\r\n\r\n%b" % (
        place,
        door.constant if seat is None else door.constants[seat.key],
        fields,
        asked,
        length,
        with_head,
    )
    return request, after


def _forwarded(exchange: Exchange, target: Target, door: Door) -> tuple[bytes, bytes]:
    """A request as it came, whatever its method: only its credential is another."""
    fields = _fields(exchange, target.provider, door)
    if exchange.coding:
        fields += b"content-encoding: %b\r\n" % exchange.coding
    place, seat = door.place(exchange.path), exchange.seat
    if exchange.query:
        place = b"%b?%b" % (place, exchange.query)
    method, body = exchange.scope["method"].encode(), exchange.body
    length = b"content-length: %d\r\n" % len(body) if body or method not in BODILESS else b""
    exchange.body_mode = b"verbatim"
    head = b"%b %b HTTP/1.1\r\n%b%baccept-encoding: %b\r\n%b\r\n" % (
        method,
        place,
        door.constant if seat is None else door.constants[seat.key],
        fields,
        exchange.offered_codings or UNENCODED,
        length,
    )
    return head, body


def _passed(exchange: Exchange, target: Target, way: Way) -> tuple[bytes, str]:
    """The body as it came but for the model's name, and the path, which in some dialects holds it too."""
    peek, path = exchange.peek, exchange.path
    assert peek is not None
    dialect, renamed = exchange.dialect, target.model != peek.model
    if renamed and dialect.path_names_model:
        assert exchange.operation != "forward"
        assert exchange.operation != "models"
        assert exchange.operation != "none"
        path = dialect.locate(exchange.operation, target.model, exchange.relay == "stream")
    if way == "relieved":
        return crossing.relieved(exchange, target), path
    exchange.body_mode = b"model-span" if renamed else b"verbatim"
    if exchange.untagged:
        exchange.body_mode = b"rewritten(tag)"
    return dialect.rename(exchange.body, target.model) if renamed else exchange.body, path


def _fields(exchange: Exchange, provider: Provider, door: Door) -> bytes:
    fields = exchange.fields
    if door.overridden:
        fields = fields_of([pair for pair in exchange.forward if pair[0] not in door.overridden])
    if provider.settings.credential == "passthrough":
        fields += _own_credential(exchange, provider)
    return fields


def _carried(exchange: Exchange, target: Target) -> Letter:
    """The request in the target's dialect. Raises Refused (401) where only a client's own login could go."""
    provider = target.provider
    if provider.settings.credential == "passthrough":
        words = (
            f"provider `{provider.name}` takes the client's own credential, which a client of "
            f"{exchange.dialect.name} does not have: give this provider a key of its own"
        )
        raise Refused(Fault("authentication", 401, words, code="missing_api_key"))
    if exchange.operation == "embed":
        return crossing.carry_embedding(exchange, target)
    return crossing.carry(exchange, target)


def _own_credential(exchange: Exchange, provider: Provider) -> bytes:
    """The client's own credential, for the provider that may have it. Raises Refused (401)."""
    pairs = [pair for pair in exchange.credentials if pair[0] in CREDENTIALS]
    if not pairs:
        words = f"provider `{provider.name}` takes the client's own credential, and this request carries none"
        raise Refused(Fault("authentication", 401, words, code="missing_api_key"))
    return fields_of(pairs)
