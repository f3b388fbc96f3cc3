"""Keys in memory: who carries one, what stands above it, and why it does not open."""

from typing import Any

import pytest
from msgspec.structs import asdict

from gateway.caller import Caller, Scope, Shut
from gateway.grants import Grants, settings_of
from gateway.minting import Minted, mint
from gateway.registry_snapshot import NEVER, Found, Snapshot
from gateway.roles import ROLES, Role
from gateway.settings import Budget, LimitSettings
from store.rows import Key, Principal, PrincipalKind

ALL = Scope("everybody")
TIGHT = Scope("everybody", LimitSettings(concurrent=9))
SLOW = settings_of(Grants(limits=LimitSettings(requests_per_minute=5)))


def snapshot(**fields: Any) -> tuple[Snapshot, Minted]:
    """A snapshot with a key, and one more that nobody asks for."""
    made, minted = Snapshot(), mint()
    other = mint()
    made.put_keys([Key(minted.id, minted.digest, "ann", **fields), Key(other.id, other.digest, "other")])
    return made, minted


def find(made: Snapshot, key: str, now: int = 100, over: Scope = ALL) -> Found | None:
    """Who carries a key."""
    return made.find(key.encode(), over, now)


def code(made: Snapshot, key: str, now: int = 100) -> str | None:
    """Why a key does not open; "" for one that does, None for one that nobody knows."""
    found = find(made, key, now)
    if found is None:
        return None
    return (found.said.fault.code or "?") if isinstance(found.said, Shut) else ""


def caller(made: Snapshot, key: str, over: Scope = ALL) -> Caller:
    """Who carries a key that opens."""
    found = find(made, key, over=over)
    assert found is not None
    assert isinstance(found.said, Caller)
    return found.said


def test_a_key_alone() -> None:
    """A key that nobody stands above has its name, its id and nothing else."""
    made, minted = snapshot()
    assert asdict(caller(made, minted.key)) == asdict(Caller(name="ann", key_id=minted.id))
    assert len(made) == 2


def test_a_key_that_is_nearly_right() -> None:
    """The public part alone opens nothing, nor does any other secret behind it."""
    made, minted = snapshot()
    for wrong in (minted.key[:-1] + "~", mint(minted.id).key, mint().key, minted.id, "", minted.key + "x"):
        assert find(made, wrong) is None


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"state": "blocked"}, "key_blocked"),
        ({"state": "revoked"}, "key_revoked"),
        ({"expires": 100}, "key_expired"),
        ({"expires": 101}, ""),
        ({"state": "blocked", "expires": 50}, "key_blocked"),
        ({"owner": "nobody"}, "key_unreadable"),
        ({"settings": '{"later": 1}'}, "key_unreadable"),
        ({"settings": '{"limits": {"concurrent": -1}}'}, "key_unreadable"),
    ],
)
def test_each_state_is_told(fields: dict[str, Any], expected: str) -> None:
    """Whoever holds the secret is told why it is shut; what cannot be read lets nobody in."""
    made, minted = snapshot(**fields)
    assert code(made, minted.key) == expected
    assert code(made, mint(minted.id).key) is None


def test_two_secrets_while_one_replaces_the_other() -> None:
    """After a rotation both open until the overlap is over, and then the new one alone."""
    old, made = mint(), Snapshot()
    new = mint(old.id)
    made.put_keys([Key(old.id, new.digest, "ann", expires=900, former_digest=old.digest, former_until=200)])
    assert [code(made, one.key, 199) for one in (old, new)] == ["", ""]
    assert [code(made, one.key, 200) for one in (old, new)] == ["key_rotated", ""]
    ends = [found.until for one in (old, new) if (found := find(made, one.key))]
    assert ends == [200, 900]


def test_a_key_that_never_ends() -> None:
    """Without an expiry what was found holds for ever."""
    made, minted = snapshot()
    found = find(made, minted.key)
    assert found is not None
    assert found.until == NEVER


def tree(made: Snapshot, blocked: str = "") -> None:
    """An organisation, a team, a project and a user, all with limits but the project."""
    kinds: tuple[PrincipalKind, ...] = ("organisation", "team", "project", "user")
    above = [None, "organisation", "team", "project"]
    made.put_principals(
        Principal(
            kind,
            kind,
            parent,
            f"the {kind}",
            state="blocked" if kind == blocked else "active",
            settings="{}" if kind == "project" else SLOW,
        )
        for kind, parent in zip(kinds, above, strict=True)
    )


def test_the_tree_above_a_key() -> None:
    """All ids are known, and every level that bounds something is a scope, from the top down."""
    own = Grants(budgets=(Budget(5, "day"),), overrides=True)
    made, minted = snapshot(owner="user", settings=settings_of(own))
    tree(made)
    found = caller(made, minted.key, TIGHT)
    ids = (found.user_id, found.project_id, found.team_id, found.organisation_id, found.team)
    assert ids == ("user", "project", "team", "organisation", "the team")
    scopes = ["everybody", "organisation:organisation", "team:team", "user:user", f"key:{minted.id}"]
    assert [scope.id for scope in found.scopes] == scopes
    assert found.scopes[-1].budgets == own.budgets
    assert (found.overrides, found.allowed) == (True, None)


@pytest.mark.parametrize("kind", ["organisation", "team", "project", "user"])
def test_whoever_is_blocked_shuts_out_all_below(kind: str) -> None:
    """A key is shut while anybody above it is, and is told who."""
    made, minted = snapshot(owner="user")
    tree(made, kind)
    found = find(made, minted.key)
    assert found is not None
    assert isinstance(found.said, Shut)
    fault = found.said.fault
    assert (fault.code, f"the {kind}" in fault.message) == ("key_owner_blocked", True)
    assert (found.said.caller.name, found.said.caller.permissions) == ("ann", 0)


def test_grants_add_up_from_all_levels() -> None:
    """What is granted at one level bounds those below it."""
    made, minted = snapshot(owner="team", settings=settings_of(Grants(models=("claude-*",))))
    made.put_principals(
        [
            Principal("team", "team", "organisation", "t", settings=settings_of(Grants(providers=("ant",)))),
            Principal("organisation", "organisation", None, "o"),
        ]
    )
    allowed = caller(made, minted.key).allowed
    assert allowed is not None
    served = [
        allowed.serves("x", "", *one) for one in (("ant", "claude-1"), ("box", "claude-1"), ("ant", "g"))
    ]
    assert served == [True, False, False]


@pytest.mark.parametrize(
    ("key", "user", "expected"),
    [("admin", "admin", "admin"), ("admin", "member", "member"), ("service", "admin", "service")],
)
def test_a_users_key_may_no_more_than_the_user(key: Role, user: Role, expected: Role) -> None:
    """The permissions of a key are those of its role that its user has as well."""
    made, minted = snapshot(owner="ann", role=key)
    made.put_principals([Principal("ann", "user", None, "ann", role=user)])
    assert caller(made, minted.key).permissions == ROLES[expected]


def test_a_role_that_only_looks_calls_nothing() -> None:
    """A viewer's key is let in, and may use no model."""
    made, minted = snapshot(role="viewer")
    allowed = caller(made, minted.key).allowed
    assert allowed is not None
    assert not allowed.calls


def test_what_is_gone_is_forgotten() -> None:
    """A key that is no longer in the store is nobody's."""
    made, minted = snapshot()
    made.drop([minted.id, "unknown"])
    assert find(made, minted.key) is None
