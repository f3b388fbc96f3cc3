"""What each role may do."""

import pytest

from gateway.roles import ROLES, Permission, Role

MAY: dict[Role, set[str]] = {
    "service": {"CALL", "OWN_USAGE"},
    "member": {"CALL", "OWN_USAGE", "OWN_KEYS"},
    "viewer": {"OWN_USAGE", "ALL_USAGE", "OBSERVE", "READ", "AUDIT"},
    "admin": {one.name or "" for one in Permission},
}


@pytest.mark.parametrize("role", ROLES)
def test_what_a_role_may(role: Role) -> None:
    """Each role has just these permissions: whoever looks cannot call, whoever calls cannot look around."""
    assert {one.name for one in Permission if ROLES[role] & one} == MAY[role]
