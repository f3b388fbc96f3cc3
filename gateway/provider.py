"""A configured provider as it lives in a worker: addresses, credential, connections.

What every request to it has in common (target, host, credential, the operator's own headers) is put
together once, here; a provider's key is written to no other place.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import quote, urlsplit

import msgspec
from yarl import URL

from adapters.dialect import Dialect
from adapters.embedding_table import EMBEDDINGS
from adapters.provider import join
from adapters.table import DIALECTS
from gateway.credentials import DEAD_REST, Credentials
from gateway.settings import ProviderSettings
from gateway.turns import Turns
from gateway.upstream_dial import Dialler, proxy_for
from gateway.upstream_pool import Figures, Pool

# Some dialects name the model in the path, and a client chooses names: what is kept is bounded.
TARGETS_KEPT: Final = 1024
# What may stand in a path as it is (RFC 3986, 3.3); an address that is written encoded stays so.
PATH_MARKS: Final = "/:@!$&'()*+,;=~%"
# From here on a key is none of the words that boxes without keys are given (`test`, `ollama`, `not-needed`).
SURELY_A_KEY: Final = 16
# The dialects to be spoken to a provider that does not speak the client's: the richest first.
PREFERRED: Final = ("anthropic-messages", "openai-responses", "gemini", "openai-chat", "ollama")


class Door:
    """One dialect of one provider: its address and what each request to it begins with.

    `constant` are the header lines every request carries, with the provider's key or the first of several,
    and `pool` its connections; `constants` and `pools` the same for each key; `overridden` the client's
    headers that those lines replace.
    """

    __slots__ = (
        "_base",
        "_prefix",
        "_targets",
        "constant",
        "constants",
        "dialler",
        "models",
        "overridden",
        "pool",
        "pools",
    )

    def __init__(self, settings: ProviderSettings, dialect: Dialect) -> None:
        base = settings.base_urls[dialect.name]
        url = URL(base)
        self.dialler = Dialler(
            url,
            proxy=proxy_for(url, settings.proxy),
            ca_file=settings.ca_file,
            connect=settings.timeouts.connect,
        )
        self._base = base
        self._prefix = self.dialler.target_prefix()
        self._targets: dict[str, bytes] = {}
        self.models = self.target(dialect.models_path)
        keys = settings.api_keys or (settings.api_key,)
        self.constants = tuple(self._constant(settings, dialect, url, key) for key in keys)
        self.constant = self.constants[0]
        self.pools = tuple(Pool(self.dialler.dial, settings.connections) for _ in keys)
        self.pool = self.pools[0]
        self.overridden = frozenset(name.lower().encode() for name in settings.headers)

    def target(self, path: str) -> bytes:
        """The request target there of a path as clients spell it."""
        found = self._targets.get(path)
        if found is None:
            if len(self._targets) >= TARGETS_KEPT:
                self._targets.clear()
            found = (self._prefix + quote(urlsplit(join(self._base, path)).path, safe=PATH_MARKS)).encode()
            self._targets[path] = found
        return found

    def figures(self) -> Figures:
        """What the connections do, those of all keys together."""
        told = [msgspec.structs.astuple(pool.figures()) for pool in self.pools]
        return Figures(*map(sum, zip(*told, strict=True)))

    def place(self, path: str) -> bytes:
        """The request target there of any path, which is encoded already."""
        return (self._prefix + urlsplit(join(self._base, path)).path).encode()

    def _constant(self, settings: ProviderSettings, dialect: Dialect, url: URL, key: str | None) -> bytes:
        pairs = [(b"host", url.authority.rpartition("@")[2].encode())]
        if settings.credential == "key" and key:
            pairs.append(dialect.credential(key))
        pairs += [
            (name.lower().encode(), value.encode("latin-1")) for name, value in settings.headers.items()
        ]
        proxy_authorization = self.dialler.proxy_authorization()
        if proxy_authorization is not None:
            pairs.append((b"proxy-authorization", proxy_authorization))
        return b"".join(b"%b: %b\r\n" % pair for pair in pairs)


class Provider:
    """One provider and a door per dialect it speaks. Without an address, penstock answers itself.

    `credentials` is what is known of its keys where it has several, `turns` who is there where it takes
    only so many. `guarded`: nobody asks it without a seat.
    """

    __slots__ = (
        "_others",
        "_secret",
        "credentials",
        "doors",
        "guarded",
        "local",
        "name",
        "settings",
        "turns",
    )

    def __init__(self, settings: ProviderSettings, credential_rest: float = DEAD_REST) -> None:
        self.name = settings.name
        self.settings = settings
        self.local = not settings.base_urls
        self._secret = (settings.api_key or "").encode()
        self._others = tuple(key.encode() for key in settings.api_keys[1:])
        count = len(settings.api_keys)
        self.credentials = Credentials(count, credential_rest) if count else None
        self.turns = Turns(settings.concurrency) if settings.concurrency else None
        self.guarded = self.credentials is not None or self.turns is not None
        self.doors = {name: Door(settings, DIALECTS[name]) for name in settings.base_urls if name in DIALECTS}

    def speaks(self, dialect: str) -> bool:
        """Whether requests of this dialect can go there as they are."""
        return self.local or dialect in self.doors

    def dialect_for(self, client: Dialect) -> Dialect:
        """The dialect to speak there for a client: its own, else the richest."""
        if self.speaks(client.name):
            return client
        return next(DIALECTS[name] for name in PREFERRED if name in self.doors)

    def embedding_dialect_for(self, client: Dialect) -> Dialect | None:
        """The dialect to ask there for embeddings; None where no dialect of this provider has them."""
        if self.speaks(client.name):
            return client
        return next((DIALECTS[name] for name in PREFERRED if name in self.doors and name in EMBEDDINGS), None)

    def key_at(self, now: float) -> int:
        """The place of a key for what is asked beside requests: the first that is well."""
        keys = self.credentials.all if self.credentials is not None else ()
        return next((place for place, key in enumerate(keys) if key.ready(now)), 0)

    def redact(self, data: bytes) -> bytes:
        """What this provider said, without its keys: some quote the one they refuse (feature N4)."""
        if self._others:
            for secret in self._others:
                data = _without(data, secret) if secret in data else data
        # find: `in` makes an exception before it looks (CPython 3.11), and this sees every header field.
        if not self._secret or data.find(self._secret) < 0:
            return data
        return _without(data, self._secret)

    def settle(self, credential_rest: float) -> None:
        """Keys that are refused are left alone for as long from now on."""
        if self.credentials is not None:
            self.credentials.rest = credential_rest

    def retire(self, now: float) -> None:
        """No new request comes here: idle connections are closed, and others when they are given back."""
        for pool in self._pools():
            pool.retire()
        self.expire(now)

    def busy(self) -> bool:
        """Whether anybody has a connection of it."""
        return any(opened > idle for opened, idle in (pool.counts() for pool in self._pools()))

    def expire(self, now: float) -> None:
        """Close connections that have been idle for too long."""
        for pool in self._pools():
            pool.expire(now)

    def prepare(self, clock: Callable[[], float]) -> None:
        """Open connections ahead, where there are to be any."""
        if self.settings.connections.ahead:
            for pool in self._pools():
                pool.prepare(clock)

    async def close(self) -> None:
        """Close every connection."""
        for pool in self._pools():
            pool.close()
        for door in self.doors.values():
            await door.dialler.close()

    def _pools(self) -> Iterator[Pool]:
        return (pool for door in self.doors.values() for pool in door.pools)


def _without(data: bytes, secret: bytes) -> bytes:
    """Take a key out; one as short as a word only where it stands alone."""
    if len(secret) >= SURELY_A_KEY:
        return data.replace(secret, b"[redacted]")
    return re.sub(rb"(?<![\w-])%b(?![\w-])" % re.escape(secret), b"[redacted]", data)
