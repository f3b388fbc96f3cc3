"""Who may come to the admin API: the right credential, by a name of ours, and from no foreign page (N5, N6).

A page in a browser cannot send the credential unless it has it; that its origin is looked at as well keeps a
page that was given it by mistake from another site. Guesses count like those at the other doors.
"""

from hashlib import sha256
from hmac import compare_digest
from typing import Final

from starlette.requests import Request

from gateway.auth import secret_of
from gateway.caller import Caller, Shut
from gateway.configuration.addresses import is_loopback
from gateway.edge.admin.desk import Official, Reach
from gateway.edge.admin.refusal import Refusal
from gateway.house import House
from gateway.visitors import is_local, name_of
from gateway.window import whole

HEADERS: Final = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
UNKNOWN: Final = "this credential is not known here"
NONE_SENT: Final = "send the key of [admin] as `Authorization: Bearer …`"
FOREIGN_NAME: Final = "the admin API does not answer to this name; add it to `hosts` of [server]"
_CHALLENGE: Final = {"www-authenticate": "Bearer"}


def admit(request: Request, house: House) -> Official:
    """Who asks. Raises Refusal (401, 403, 429, 503)."""
    _check_names(request, house)
    address, now = request.client.host if request.client else "", house.clock()
    seconds = house.guesses.wait(address, now)
    if seconds:
        house.guesses.turned_away += 1
        refusal = Refusal(429, "too many wrong credentials have come from this address")
        refusal.headers["retry-after"] = str(whole(seconds))
        raise refusal
    said = [value for name in ("authorization", "x-api-key") for value in request.headers.getlist(name)]
    known = [_official(house, value.encode("latin-1")) for value in said]
    for found in known:
        if isinstance(found, Official):
            return found
    for found in known:
        # Whoever is told why holds the right secret: that is no guess.
        if isinstance(found, Shut):
            raise _challenged(found.fault.status, found.fault.message)
    for _ in said:
        house.guesses.wrong(address, now)
    raise _challenged(401, UNKNOWN if said else NONE_SENT)


def _challenged(status: int, words: str) -> Refusal:
    refusal = Refusal(status, words)
    if status == 401:
        refusal.headers.update(_CHALLENGE)
    return refusal


def _official(house: House, credential: bytes) -> Official | Shut | None:
    """Who carries a credential, or why it does not open; None where nobody knows it."""
    admin = house.settings.admin
    # By digest, in constant time: how long it takes tells nothing about the key.
    if admin is not None and compare_digest(sha256(secret_of(credential)).digest(), admin.digest):
        return Official("admin")
    caller = house.callers.known(credential)
    if not isinstance(caller, Caller):
        return caller
    above = caller.user_id or caller.project_id or caller.team_id or caller.organisation_id
    own = Reach(under=caller.user_id) if caller.user_id else Reach(key=caller.key_id)
    return Official(f"key:{caller.key_id}", caller.permissions, Reach(under=above), own)


def _check_names(request: Request, house: House) -> None:
    """The name that was called and the page that asks. Raises Refusal (403)."""
    server, host = house.settings.server, request.headers.get("host", "")
    name = name_of(host.encode("latin-1"))
    named = name in {one.lower() for one in server.hosts}
    if host and not named and (server.hosts or is_loopback(server.host)) and not is_local(name):
        raise Refusal(403, FOREIGN_NAME, "host")
    origin = request.headers.get("origin")
    if origin is None:
        return
    ours = {f"http://{host}", f"https://{host}"} if host else set()
    if origin.lower() not in {one.lower() for one in ours}:
        raise Refusal(403, "pages of other sites may not use the admin API", "origin")
