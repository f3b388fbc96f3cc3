"""Who is asking: from the credentials a request came with to a caller.

Our own keys are known by their SHA-256 digest alone. With `keys = "none"` (loopback only, feature
G1) everybody is the local caller, and what the client carries is a provider's credential, which
only a passthrough provider is ever given.
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from adapters.fault import Fault
from gateway.cache import Figures
from gateway.caller import NOBODY, Caller, Shut, configured, local, scope_of_all
from gateway.errors import Refused
from gateway.guesses import Guesses
from gateway.minting import digest_of, public_part
from gateway.roles import Permission
from gateway.settings import Settings
from gateway.state import Exchange, Scope
from gateway.window import whole

if TYPE_CHECKING:
    from gateway.registry import Registry

BEARER: Final = b"bearer "
# How many keys are kept as they were sent, for how long in seconds, and up to which length.
KNOWN_KEPT: Final = 10_000
KNOWN_FOR: Final = 30.0
UNKNOWN_FOR: Final = 5.0
LONGEST_KEPT: Final = 512
KEY_FIELDS: Final = frozenset((b"authorization", b"x-api-key"))
NO_KEY: Final = Fault(
    "authentication",
    401,
    "no key: send a penstock key as `Authorization: Bearer pst_...` or `x-api-key`",
    code="missing_api_key",
)
WRONG_KEY: Final = Fault(
    "authentication", 401, "this key is not known to this gateway", code="invalid_api_key"
)
TOO_MANY_GUESSES: Final = Fault(
    "rate_limited",
    429,
    "too many wrong keys have come from this address; wait, and then send a right one",
    code="too_many_guesses",
)
NOT_YET: Final = Shut(
    NOBODY,
    Fault(
        "overloaded",
        503,
        "the keys of this gateway have not been read yet; try again in a moment",
        code="keys_not_loaded",
        retry_after=1,
    ),
)
UNAUTHORISED: Final = 401
# Whose key one is, or why it does not open, or that nobody knows it.
Known = Caller | Shut | None
CHALLENGE: Final = ((b"www-authenticate", b"Bearer"), (b"x-should-retry", b"false"))


class Callers:
    """The keys that open the door, by digest, and who carries them."""

    __slots__ = (
        "__weakref__",
        "_built",
        "_by_digest",
        "_clock",
        "_everybody",
        "_guesses",
        "_hits",
        "_known",
        "_misses",
        "_registry",
        "_required",
        "local",
    )

    def __init__(
        self,
        settings: Settings,
        clock: Callable[[], float] = time.monotonic,
        guesses: Guesses | None = None,
        registry: "Registry | None" = None,
    ) -> None:
        everybody = self._everybody = scope_of_all(settings)
        self.local = local(everybody)
        self._registry = registry
        if registry is not None:
            registry.rememberers.add(self)
        self._guesses = guesses or Guesses(0)
        self._by_digest = {key.digest: configured(key, everybody) for key in settings.keys}
        self._clock = clock
        self._known: dict[bytes, tuple[Known, float]] = {}
        self._built: dict[str, Caller] = {}
        self._required = settings.server.keys_required
        # Floats, exact to 2 ** 53: as in tallies.py.
        self._hits = self._misses = 0.0

    def identify(self, exchange: Exchange) -> None:
        """Set the caller, and take our own key from the credentials. Raises Refused (401, 429)."""
        if not self._required:
            exchange.caller = self.local
            return
        if not exchange.credentials:
            raise Refused(NO_KEY, CHALLENGE)
        if self._guesses.kept:
            self._turn_away_guesser(_address_of(exchange.scope))
        shut: Shut | None = None
        for pair in exchange.credentials:
            found = self.known(pair[1])
            if found.__class__ is Caller:
                exchange.caller = found
                self._take_out(exchange)
                return
            shut = found if isinstance(found, Shut) else shut
        if shut is not None:
            # Whoever is told why holds the right secret: that is no guess.
            exchange.caller = shut.caller
            raise Refused(shut.fault, CHALLENGE if shut.fault.status == UNAUTHORISED else ())
        address, now = _address_of(exchange.scope), self._clock()
        for _ in exchange.credentials:
            self._guesses.wrong(address, now)
        raise Refused(WRONG_KEY, CHALLENGE)

    def _turn_away_guesser(self, address: str) -> None:
        """Before any key is looked at. Raises Refused (429)."""
        seconds = self._guesses.wait(address, self._clock())
        if seconds:
            self._guesses.turned_away += 1
            raise Refused(replace(TOO_MANY_GUESSES, retry_after=whole(seconds)))

    def caller_of(self, credential: bytes) -> Caller | None:
        """Who carries this key; None where it opens nothing."""
        found = self.known(credential)
        return found if isinstance(found, Caller) else None

    def known(self, credential: bytes) -> Known:
        """Whose key this is, or why it does not open; None where nobody knows it.

        By digest: the time taken is the same for a key that is nearly right.

        What was found is kept for a while under the key as it was sent, which is hashed once and not with
        every request; that it is unknown, for a shorter one.
        """
        now = self._clock()
        found = self._known.get(credential)
        if found is not None and found[1] > now:
            self._hits += 1
            return found[0]
        self._misses += 1
        secret = secret_of(credential)
        caller = self._by_digest.get(digest_of(secret))
        if caller is not None or self._registry is None:
            return self._keep(credential, caller, now + (KNOWN_FOR if caller is not None else UNKNOWN_FOR))
        return self._look_up(self._registry, credential, secret, now)

    def _look_up(self, registry: "Registry", credential: bytes, secret: bytes, now: float) -> Known:
        """In the keys of the store, in memory."""
        found = registry.find(secret, self._everybody)
        if found is None:
            if not registry.loaded and public_part(secret):
                return NOT_YET
            return self._keep(credential, None, now + UNKNOWN_FOR)
        until = now + min(KNOWN_FOR, registry.seconds_until(found.until))
        if isinstance(found.said, Shut):
            return self._keep(credential, found.said, until)
        # However a key is spelled and whenever it is looked up again: it is one caller.
        if len(self._built) >= KNOWN_KEPT:
            self._built.clear()
        return self._keep(credential, self._built.setdefault(found.key_id, found.said), until)

    def _keep(self, credential: bytes, found: Known, until: float) -> Known:
        """Strangers choose what they send: what is kept is bounded, and full means start again."""
        if len(credential) <= LONGEST_KEPT:
            if len(self._known) >= KNOWN_KEPT:
                self._known.clear()
            self._known[credential] = (found, until)
        return found

    def figures(self) -> Figures:
        """How many keys are known as they were sent, and how often that was of use."""
        return Figures(len(self._known), None, int(self._hits), int(self._misses))

    def clear(self) -> int:
        """Forget how keys are spelled: the next request with each is hashed again."""
        count = len(self._known)
        self._known.clear()
        self._built.clear()
        return count

    def halve(self) -> int:
        """Forget the half that is known longest."""
        older = list(self._known)[: (len(self._known) + 1) // 2]
        for credential in older:
            del self._known[credential]
        self._built.clear()
        return len(older)

    def _take_out(self, exchange: Exchange) -> None:
        """Keys of ours reach nobody; what else there is may be meant for a passthrough provider."""
        if len(exchange.credentials) == 1:
            exchange.credentials.clear()
        else:
            exchange.credentials = [pair for pair in exchange.credentials if self.known(pair[1]) is None]

    def named(self, name: str) -> Caller:
        """Who carries the key of this name, as far as the configuration says."""
        known = (one for one in self._by_digest.values() if one.name == name)
        stranger = Caller(name=name, key_id=name) if self._required else replace(self.local, name=name)
        return next(known, stranger)

    def open_to(self, scope: Scope) -> bool:
        """Whether its header fields open a door to those who may look at what all do.

        It wants a key wherever keys are required.
        """
        if not self._required:
            return True
        address, now = _address_of(scope), self._clock()
        keys = [value for name, value in scope["headers"] if name in KEY_FIELDS]
        if self._guesses.wait(address, now):
            return False
        found = [self.known(key) for key in keys]
        for _ in range(found.count(None)):
            self._guesses.wrong(address, now)
        return any(isinstance(one, Caller) and one.permissions & Permission.OBSERVE for one in found)


def _address_of(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else ""


def secret_of(value: bytes) -> bytes:
    """The credential itself, without the scheme before it."""
    return value[len(BEARER) :].strip() if value[: len(BEARER)].lower() == BEARER else value
