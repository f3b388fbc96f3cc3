"""What is to be done for a request: may it be answered from the cache, kept there, shared. Pure.

The configuration says it for all, for models and for keys, and the most particular word counts. A client may
ask for less by `cache-control` (RFC 9111, 5.2.1) and `x-penstock-cache`, and never for more.
"""

from fnmatch import fnmatchcase
from typing import Final

import msgspec

from adapters.fault import Fault
from gateway.errors import Refused
from gateway.settings import CacheSettings, Caching, CachingFor
from gateway.state import Pair

FOREVER: Final = float("inf")
OWN_FIELD: Final = b"x-penstock-cache"
FIELD: Final = b"cache-control"


class Wish(msgspec.Struct, frozen=True):
    """What is to be done: `most_age` in seconds; `only`: from the cache or not at all."""

    reads: bool = False
    writes: bool = False
    shares: bool = False
    most_age: float = FOREVER
    only: bool = False


def caching_for(settings: CacheSettings, caller: str, model: str) -> Caching:
    """What the configuration says: the caller's key before the model's name before what is said for all."""
    found = settings.usual
    for said in (_of_model(settings, model), settings.keys.get(caller)):
        if said is not None:
            over = {name: value for name, value in msgspec.structs.asdict(said).items() if value is not None}
            found = msgspec.structs.replace(found, **over)
    return found


def _of_model(settings: CacheSettings, model: str) -> CachingFor | None:
    """Exactly so named, else by the longest glob."""
    fitting = [name for name in settings.models if name == model or fnmatchcase(model, name)]
    best = max(fitting, key=lambda name: (name == model, len(name)), default=None)
    return None if best is None else settings.models[best]


def wish(caching: Caching, headers: list[Pair], *, reconnects: bool) -> Wish:
    """What is to be done for a request with these header fields. Raises Refused (400)."""
    control, own = _field(headers, FIELD), _field(headers, OWN_FIELD).strip().lower()
    if own not in (b"", b"off", b"refresh"):
        words = "x-penstock-cache is off or refresh, or left out"
        raise Refused(Fault("invalid_request", 400, words, code="invalid_cache_header"))
    said = _directives(control)
    aside = own == b"off" or "no-store" in said
    fresh = aside or own == b"refresh" or "no-cache" in said
    return Wish(
        reads=caching.responses in ("on", "read") and not fresh,
        writes=caching.responses in ("on", "write") and not aside,
        shares=(caching.coalesce or reconnects) and not fresh,
        most_age=_seconds(said.get("max-age")),
        only="only-if-cached" in said,
    )


def _field(headers: list[Pair], name: bytes) -> bytes:
    return b",".join(value for key, value in headers if key == name)


def _directives(control: bytes) -> dict[str, str]:
    parts = (part.partition("=") for part in control.decode("latin-1").lower().split(","))
    return {name.strip(): value.strip().strip('"') for name, _, value in parts if name.strip()}


def _seconds(value: str | None) -> float:
    """A `max-age`; one that is no number is as good as none (RFC 9111, 4.2.1: treat it as stale)."""
    if value is None:
        return FOREVER
    return float(value) if value.isascii() and value.isdigit() else 0.0
