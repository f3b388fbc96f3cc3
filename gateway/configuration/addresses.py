"""Addresses: where penstock listens, and which upstream addresses may be configured at all."""

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

_PORT = re.compile(r"[0-9]{1,5}")
_LARGEST_PORT = 65535
_VISIBLE = re.compile(r"[!-~]+")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_ANTHROPIC = "anthropic.com"


def parse_listen(text: str) -> tuple[str, int]:
    """`127.0.0.1:4747` or `[::1]:4747` as host and port. Raises `ValueError` that says what is expected."""
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]") if host.startswith("[") else host
    host = "127.0.0.1" if host == "localhost" else host
    if not colon or not _is_address(host) or (":" in host and not text.startswith("[")):
        message = 'expected an address and a port, such as "127.0.0.1:4747", "[::1]:4747" or "0.0.0.0:4747"'
        raise ValueError(message)
    if not _PORT.fullmatch(port) or int(port) > _LARGEST_PORT:
        message = "the port must be a number from 0 to 65535 (0: any free one)"
        raise ValueError(message)
    return host, int(port)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the host."""
    return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


def reachable(host: str) -> str:
    """The address at which this machine reaches what listens at the host."""
    if not ipaddress.ip_address(host).is_unspecified:
        return host
    return "::1" if ":" in host else "127.0.0.1"


def local_url(host: str, port: int) -> str:
    """The URL at which this machine reaches what listens at host and port."""
    return f"http://{spell(reachable(host), port)}"


def spell(host: str, port: int) -> str:
    """Host and port as one would type them."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def url_problem(text: str) -> str | None:
    """What is wrong with an http(s) address that we are to call, without showing it: it may hold a secret."""
    if not _VISIBLE.fullmatch(text):
        return "an address holds no spaces, control characters or letters beyond ASCII"
    parts = _split(text)
    if parts is None or parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        return "expected an address that begins with http:// or https:// and a host"
    if parts.query or parts.fragment or text.endswith(("?", "#")):
        return "an address holds no query and no fragment"
    return None


def has_credentials(text: str) -> bool:
    """Whether a user name or a password stands in the address."""
    parts = _split(text)
    return parts is not None and "@" in parts.netloc


def belongs_to_anthropic(url: str) -> bool:
    """Whether a client's own credential may go there: Anthropic over TLS, or this machine (for tests)."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if is_loopback(host):
        return True
    return parts.scheme == "https" and host.endswith(f".{_ANTHROPIC}")


def leads_to(url: str, host: str, port: int) -> bool:
    """Whether the URL is the very address at which we listen ourselves."""
    parts = _split(url)
    if parts is None or parts.hostname is None:
        return False
    if (parts.port or _DEFAULT_PORTS.get(parts.scheme)) != port:
        return False
    ours_is_local = is_loopback(host) or ipaddress.ip_address(host).is_unspecified
    return parts.hostname == host or (ours_is_local and is_loopback(parts.hostname))


def _split(text: str) -> SplitResult | None:
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
