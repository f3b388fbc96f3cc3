"""What a caller may say in header fields of one request: where it goes, whether elsewhere too, and how long.

    x-penstock-route     a name of `[models]`, a profile, or `provider/model`: before rules and names
    x-penstock-fallback  `off`: the first target or none
    x-penstock-timeout   until the reply begins, where it is a stream, or else is there: `30s`

Where keys are required, only callers whose key has `overrides = true` may. None of these fields goes on to an
upstream, and none can name an address or a key.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from adapters.fault import Fault
from gateway.configuration.quantities import seconds
from gateway.decision import ALONE, also
from gateway.errors import Refused
from gateway.state import Exchange

OFF: Final = "off"


def heed(exchange: Exchange) -> None:
    """Read the fields. Raises Refused: 403 for a caller who may not, 400 for what makes no sense."""
    if not exchange.caller.overrides:
        name = exchange.overrides[0][0].decode()
        words = f"the key `{exchange.caller.name}` may not send `{name}`: it has no `overrides = true`"
        raise Refused(Fault("permission", 403, words, code="overrides_not_allowed"))
    for field, value in exchange.overrides:
        READERS[field](exchange, value.decode("latin-1").strip())


def narrow(exchange: Exchange) -> None:
    """Leave only the first target, where the caller wants no other."""
    if exchange.alone:
        exchange.decision = also(exchange.decision, ALONE)
        exchange.targets = tuple(
            msgspec.structs.replace(target, recourse=None) for target in exchange.targets[:1]
        )


def _route(exchange: Exchange, value: str) -> None:
    router = exchange.house.router
    if value in router.profiles and value not in router.aliases(exchange.profile):
        exchange.profile = value
    else:
        exchange.use = value


def _fallback(exchange: Exchange, value: str) -> None:
    if value.lower() not in (OFF, "on"):
        raise _nonsense("x-penstock-fallback", "is `on` or `off`")
    exchange.alone = value.lower() == OFF


def _timeout(exchange: Exchange, value: str) -> None:
    try:
        limit = seconds(value)
    except ValueError:
        limit = 0.0
    if limit <= 0:
        raise _nonsense("x-penstock-timeout", 'is a duration such as "30s" or "500ms"')
    exchange.deadline = exchange.began + limit


def _nonsense(name: str, words: str) -> Refused:
    return Refused(Fault("invalid_request", 400, f"`{name}` {words}", code="invalid_override", param=name))


READERS: Final[dict[bytes, Callable[[Exchange, str], None]]] = {
    b"x-penstock-route": _route,
    b"x-penstock-fallback": _fallback,
    b"x-penstock-timeout": _timeout,
}
