"""Whether who asks sits at this machine."""

import ipaddress

from starlette.requests import Request

LOCAL_NAMES = frozenset(("localhost", "127.0.0.1", "[::1]"))


def from_here(request: Request) -> bool:
    """The peer is this machine, and so is the name it called: a web page can make any name point here."""
    peer = request.client.host if request.client else ""
    host = request.headers.get("host", "")
    name = host if host.endswith("]") else host.rpartition(":")[0] or host
    try:
        return ipaddress.ip_address(peer).is_loopback and name in LOCAL_NAMES
    except ValueError:
        return False
