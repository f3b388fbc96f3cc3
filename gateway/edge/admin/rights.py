"""What nobody gives away who does not have it."""

from gateway.edge.admin.desk import Desk
from gateway.edge.admin.refusal import Refusal
from gateway.roles import ROLES, Role


def check_role(desk: Desk, role: Role) -> None:
    """A role that is given may do nothing that who gives it may not. Raises Refusal (403)."""
    if ROLES[role] & ~desk.who.permissions:
        raise Refusal(403, f"role: {role} may do more than you", "role")
