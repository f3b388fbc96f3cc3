"""What a role may do, as bits (feature G4). Whoever asks tests a bit and knows no role."""

from enum import IntFlag
from typing import Final, Literal

Role = Literal["admin", "member", "viewer", "service"]


class Permission(IntFlag):
    """One thing that may be done.

    `OBSERVE` is to look at what all do: metrics, the state of targets, the console's first page.
    """

    CALL = 1
    OWN_USAGE = 2
    OWN_KEYS = 4
    ALL_USAGE = 8
    OBSERVE = 16
    READ = 32
    KEYS = 64
    PRINCIPALS = 128
    ROUTES = 256
    PRICES = 512
    AUDIT = 1024


SERVICE: Final = Permission.CALL | Permission.OWN_USAGE
MEMBER: Final = SERVICE | Permission.OWN_KEYS
VIEWER: Final = (
    Permission.OWN_USAGE | Permission.ALL_USAGE | Permission.OBSERVE | Permission.READ | Permission.AUDIT
)
ADMIN: Final = Permission((1 << len(Permission)) - 1)
# A number for each role: `Caller.permissions`.
ROLES: Final[dict[Role, int]] = {
    "admin": int(ADMIN),
    "member": int(MEMBER),
    "viewer": int(VIEWER),
    "service": int(SERVICE),
}
