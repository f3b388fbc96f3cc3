"""Who may see the console: whoever signed in with the admin key, or, where no key is asked for, this machine.

Signed in is who holds a cookie that this start of the gateway has sealed. It tells nothing, and is good for
some hours; a restart ends all of them. A page elsewhere can neither send it (SameSite) nor ask for a change:
that needs an `Origin` which is ours.
"""

import hmac
from hashlib import sha256
from typing import Final, Literal
from urllib.parse import urlsplit

from starlette.requests import Request

from gateway.edge.peers import from_here
from gateway.sealing import SECRET
from gateway.settings import Settings

COOKIE: Final = "penstock_console"
LASTS: Final = 8 * 3600  # seconds

Standing = Literal["open", "signed_in", "sign_in", "closed"]


def standing(settings: Settings, request: Request, now: float) -> Standing:
    """What somebody may: all (open, signed_in), to sign in, or nothing because nobody could."""
    digest = admin_digest(settings)
    if digest:
        return "signed_in" if holds(request.cookies.get(COOKIE, ""), digest, now) else "sign_in"
    return "open" if not settings.server.keys_required and from_here(request) else "closed"


def admin_digest(settings: Settings) -> bytes:
    """The digest of the admin key; nothing where there is none."""
    return b"" if settings.admin is None else settings.admin.digest


def opens(digest: bytes, key: str) -> bool:
    """Whether a key that was typed in is the admin key."""
    return hmac.compare_digest(sha256(key.strip().encode()).digest(), digest)


def sealed(digest: bytes, now: float) -> str:
    """The cookie of who has shown the admin key with this digest."""
    until = str(int(now) + LASTS)
    return f"{until}.{_seal(digest, until)}"


def holds(cookie: str, digest: bytes, now: float) -> bool:
    """Whether a cookie was sealed by this start, for this admin key, and is still good."""
    until, _, seal = cookie.partition(".")
    if not until.isdecimal() or not until.isascii() or len(until) > 12:
        return False
    return hmac.compare_digest(seal.encode(), _seal(digest, until).encode()) and int(until) > now


def same_site(request: Request) -> bool:
    """Whether a change is asked for by a page of ours: every browser says where a POST comes from."""
    origin = urlsplit(request.headers.get("origin", ""))
    return bool(origin.netloc) and origin.netloc == request.headers.get("host", "")


def _seal(digest: bytes, until: str) -> str:
    return hmac.new(SECRET + digest, until.encode(), sha256).hexdigest()
