"""Who is asking, once the key is known: one object for each key, made when that is first used.

Keys of the configuration become callers here, those of the store in `registry.py`.
"""

from typing import Final

import msgspec

from adapters.fault import Fault
from gateway.grants import Allowed, Grants, allowed_by
from gateway.roles import ROLES, Permission, Role
from gateway.settings import Budget, KeySettings, LimitSettings, Settings

NO_LIMITS: Final = LimitSettings()
EVERYBODY: Final = "everybody"
LOCAL: Final = "local"


class Scope(msgspec.Struct, frozen=True, gc=False):
    """Whom limits and budgets are counted for: "key:…", "user:…", "team:…" and so on, or "everybody"."""

    id: str
    limits: LimitSettings = NO_LIMITS
    budgets: tuple[Budget, ...] = ()


class Caller(msgspec.Struct, frozen=True, kw_only=True, gc=False, eq=False):
    """Who is asking. `name` is what the log says; the ids are "" where there is none.

    `key_id` is no two callers' the same: the public part of a key of the store, or the name of one in the
    configuration. `scopes` are only those over it that bound something, from the top down. `allowed` is None
    where everything is. What is kept of a caller is found by the object itself, at the price of a pointer.
    """

    name: str
    key_id: str = ""
    user_id: str = ""
    project_id: str = ""
    team_id: str = ""
    team: str = ""
    organisation_id: str = ""
    role: Role = "member"
    permissions: int = ROLES["member"]
    overrides: bool = False
    allowed: Allowed | None = None
    scopes: tuple[Scope, ...] = ()


class Shut(msgspec.Struct, frozen=True, gc=False):
    """Who carries a key that does not open, for the log, and why it does not."""

    caller: Caller
    fault: Fault


# Whoever has not been asked for a key yet.
NOBODY: Final = Caller(name="", permissions=0)


def binding(*scopes: Scope) -> tuple[Scope, ...]:
    """Those of them that bound anything."""
    return tuple(one for one in scopes if one.limits != NO_LIMITS or one.budgets)


def scope_of_all(settings: Settings) -> Scope:
    """The limits and budgets over everybody."""
    return Scope(EVERYBODY, settings.limits, settings.budgets.everybody)


def local(everybody: Scope) -> Caller:
    """Who asks where no keys are: whoever can reach this machine's own address may do anything here."""
    may = ROLES["admin"]
    return Caller(name=LOCAL, role="admin", permissions=may, overrides=True, scopes=binding(everybody))


def configured(key: KeySettings, everybody: Scope) -> Caller:
    """Who carries a key of the configuration."""
    # Whoever runs the gateway has written it into the file: unless it says less, it may look at what all do.
    permissions = ROLES["member"] | Permission.OBSERVE if key.role is None else ROLES[key.role]
    grants = Grants(models=key.models, providers=key.providers)
    return Caller(
        name=key.name,
        key_id=key.name,
        role=key.role or "member",
        permissions=permissions,
        overrides=key.overrides,
        allowed=allowed_by((grants,), calls=bool(permissions & Permission.CALL)),
        scopes=binding(everybody, Scope(f"key:{key.name}", key.limits, key.budgets)),
    )
