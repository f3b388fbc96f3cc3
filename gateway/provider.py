"""A configured provider as it lives in a worker: addresses, credential, connections.

What every request to it has in common (target, host, credential, the operator's own headers) is put
together once, here; a provider's key is written to no other place.
"""

from urllib.parse import urlsplit

from yarl import URL

from adapters.dialect import Dialect
from adapters.provider import join
from adapters.table import DIALECTS
from gateway.settings import ProviderSettings
from gateway.upstream import Pool
from gateway.upstream_dial import Dialler, proxy_for

MODELS_PATH = "/v1/models"


class Door:
    """One dialect of one provider: its address and what each request to it begins with.

    `targets` maps a path as clients spell it to the request target there; `constant` are the header
    lines every request carries; `overridden` the client's headers that those replace.
    """

    __slots__ = ("constant", "dialler", "overridden", "pool", "targets")

    def __init__(self, settings: ProviderSettings, dialect: Dialect) -> None:
        base = settings.base_urls[dialect.name]
        url = URL(base)
        self.dialler = Dialler(
            url,
            proxy=proxy_for(url, settings.proxy),
            ca_file=settings.ca_file,
            connect=settings.timeouts.connect,
        )
        self.pool = Pool(self.dialler.dial)
        paths = [endpoint.path for endpoint in dialect.endpoints] + [MODELS_PATH]
        prefix = self.dialler.target_prefix()
        self.targets = {path: (prefix + urlsplit(join(base, path)).path).encode() for path in paths}
        self.constant = self._constant(settings, dialect, url)
        self.overridden = frozenset(name.lower().encode() for name in settings.headers)

    def _constant(self, settings: ProviderSettings, dialect: Dialect, url: URL) -> bytes:
        pairs = [(b"host", url.authority.rpartition("@")[2].encode())]
        if settings.credential == "key" and settings.api_key:
            pairs.append(dialect.credential(settings.api_key))
        pairs += [
            (name.lower().encode(), value.encode("latin-1")) for name, value in settings.headers.items()
        ]
        proxy_authorization = self.dialler.proxy_authorization()
        if proxy_authorization is not None:
            pairs.append((b"proxy-authorization", proxy_authorization))
        return b"".join(b"%b: %b\r\n" % pair for pair in pairs)


class Provider:
    """One provider and a door per dialect it speaks. Without an address, penstock answers itself."""

    __slots__ = ("_secret", "doors", "local", "name", "settings")

    def __init__(self, settings: ProviderSettings) -> None:
        self.name = settings.name
        self.settings = settings
        self.local = not settings.base_urls
        self._secret = (settings.api_key or "").encode()
        self.doors = {name: Door(settings, DIALECTS[name]) for name in settings.base_urls if name in DIALECTS}

    def speaks(self, dialect: str) -> bool:
        """Whether requests of this dialect can go there as they are."""
        return self.local or dialect in self.doors

    def redact(self, data: bytes) -> bytes:
        """What this provider said, without its key: some quote the one they refuse (feature N4)."""
        # find: `in` makes an exception before it looks (CPython 3.11), and this sees every header field.
        if not self._secret or data.find(self._secret) < 0:
            return data
        return data.replace(self._secret, b"[redacted]")

    def expire(self, now: float) -> None:
        """Close connections that have been idle for too long."""
        for door in self.doors.values():
            door.pool.expire(now)

    async def close(self) -> None:
        """Close every connection."""
        for door in self.doors.values():
            door.pool.close()
            await door.dialler.close()
