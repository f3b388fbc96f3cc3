"""Web pages at the door: which of them may talk to this gateway (feature N5).

A page in a browser may call any address, that of this machine too, and by a name of its own that it makes
point here. Where a key is asked for, that keeps it out; elsewhere the name it called must be this machine's,
and the page one that is served here or was configured. Programs send no `Origin` and are not concerned.

What was configured may read the replies, too (CORS); nobody else is told anything of the kind.
"""

import ipaddress
from typing import Final

from adapters.fault import Fault
from gateway.errors import Refused
from gateway.settings import ServerSettings
from gateway.state import Exchange, Pair

LOCAL: Final = "localhost"
KEPT: Final = 256  # spellings of names that are known to be good
PREFLIGHT_LASTS: Final = b"600"  # seconds

FOREIGN_HOST: Final = Fault(
    "permission",
    403,
    "this gateway asks for no key, and answers only to the names of this machine; another one may be "
    "added to `hosts` of [server]",
    code="host_not_allowed",
)
FOREIGN_ORIGIN: Final = Fault(
    "permission",
    403,
    "a web page may not talk to this gateway: it asks for no key, and pages of anybody could; a page that "
    "may is added to `origins` of [server]",
    code="origin_not_allowed",
)


class Visitors:
    """What one configuration says of them. `open`: no key is asked for."""

    __slots__ = ("_good", "_hosts", "_origins", "open")

    def __init__(self, server: ServerSettings) -> None:
        self.open = not server.keys_required
        self._hosts = frozenset(name.lower() for name in server.hosts)
        self._origins = frozenset(origin.lower().encode() for origin in server.origins)
        self._good: set[bytes] = set()

    def check(self, exchange: Exchange) -> None:
        """Note a configured page on the exchange. Raises Refused (403) for who may not talk to us."""
        host = origin = b""
        for name, value in exchange.scope["headers"]:
            if name == b"host":
                host = value
            elif name == b"origin":
                origin = value
        if host and host not in self._good and (self.open or self._hosts):
            self._check_host(host)
        if not origin:
            return
        if origin.lower() in self._origins:
            exchange.origin = origin
        elif self.open and origin.lower() != b"http://" + host.lower():
            raise Refused(FOREIGN_ORIGIN)

    def preflight(self, headers: list[Pair]) -> list[Pair] | None:
        """What a browser is answered that asks whether a page may; None where that is nobody's business."""
        fields = dict(headers)
        origin = fields.get(b"origin", b"")
        if b"access-control-request-method" not in fields or origin.lower() not in self._origins:
            return None
        asked = fields.get(b"access-control-request-headers", b"")
        return [
            *allowing(origin),
            (b"access-control-allow-methods", b"GET, POST"),
            *([(b"access-control-allow-headers", asked)] if asked else []),
            (b"access-control-max-age", PREFLIGHT_LASTS),
            (b"content-length", b"0"),
        ]

    def _check_host(self, host: bytes) -> None:
        name = name_of(host)
        if name not in self._hosts and not (self.open and is_local(name)):
            raise Refused(FOREIGN_HOST)
        if len(self._good) < KEPT:
            self._good.add(host)


def visitors_for(server: ServerSettings) -> Visitors | None:
    """None where every visitor needs a key and nothing is said of names and pages."""
    if server.keys_required and not server.hosts and not server.origins:
        return None
    return Visitors(server)


def allowing(origin: bytes) -> list[Pair]:
    """The fields by which a browser lets a page read a reply."""
    return [
        (b"access-control-allow-origin", origin),
        (b"access-control-expose-headers", b"*"),
        (b"vary", b"origin"),
    ]


def name_of(host: bytes) -> str:
    """The name without its port, in small letters."""
    text = host.decode("latin-1").lower()
    if text.startswith("["):
        return text.partition("]")[0] + "]"
    return text.partition(":")[0]


def is_local(name: str) -> bool:
    """Whether it is one by which a machine calls itself."""
    if name == LOCAL or name.endswith("." + LOCAL):
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False
