"""Whether who asks sits at this machine."""

import ipaddress

from starlette.requests import Request

LOCAL_NAMES = frozenset(("localhost", "127.0.0.1", "[::1]"))
# A proxy at this machine says so of whom it speaks for.
FORWARDED = frozenset(("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip"))


def from_here(request: Request) -> bool:
    """The peer is this machine and speaks for itself, and so is the name it called.

    A web page can make any name point here, and a proxy calls us by ours for whoever calls it.
    """
    if not FORWARDED.isdisjoint(request.headers.keys()):
        return False
    peer = request.client.host if request.client else ""
    host = request.headers.get("host", "")
    name = host if host.endswith("]") else host.rpartition(":")[0] or host
    try:
        return ipaddress.ip_address(peer).is_loopback and name in LOCAL_NAMES
    except ValueError:
        return False
