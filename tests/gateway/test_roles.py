"""What each role may do."""

import pytest

from gateway.roles import ROLES, Permission, Role
from tests.sources import CHECKOUT

MAY: dict[Role, set[str]] = {
    "service": {"CALL", "OWN_USAGE"},
    "member": {"CALL", "OWN_USAGE", "OWN_KEYS"},
    "viewer": {"OWN_USAGE", "ALL_USAGE", "OBSERVE", "READ", "AUDIT"},
    "admin": {one.name or "" for one in Permission},
}


def test_the_page_says_the_same() -> None:
    """Each role has its row in docs/keys.md, and a `yes` for each permission in their order."""
    page = (CHECKOUT / "docs" / "keys.md").read_text(encoding="utf-8")
    for role, bits in ROLES.items():
        row = next(line for line in page.splitlines() if line.startswith(f"| `{role}`"))
        said = [cell.strip() == "yes" for cell in row.split("|")[2:-1]]
        assert said == [bool(bits & one) for one in Permission], role


@pytest.mark.parametrize("role", ROLES)
def test_what_a_role_may(role: Role) -> None:
    """Each role has just these permissions: whoever looks cannot call, whoever calls cannot look around."""
    assert {one.name for one in Permission if ROLES[role] & one} == MAY[role]
