"""What is told of the latest sessions (`gateway/sessions.py`)."""

from typing import Any, Final

from gateway.house import House
from gateway.limits_told import tell_openai
from gateway.redaction import redact
from gateway.sessions import Session
from gateway.state import Pair

_REMAINING: Final = "x-ratelimit-remaining-"


def listed(house: House) -> list[dict[str, Any]]:
    """All that are kept, the latest first."""
    return [
        {"session": redact(name.decode("latin-1")), **session.told()}
        for name, session in house.sessions.latest()
    ]


def one(house: House, name: str) -> dict[str, Any] | None:
    """One session, with what the limits leave to who is asking in it."""
    session = house.sessions.find(name.encode("latin-1", "replace"))
    return None if session is None else {**session.told(), "left": _left(house, session)}


def _left(house: House, session: Session) -> dict[str, str]:
    """What remains of each kind of limit, and the share of the fullest budget that was spent."""
    if house.limits is None or not session.caller.scopes:
        return {}
    account = house.limits.account(session.caller)
    fields: list[Pair] = []
    tell_openai(account, house.clock(), fields)
    told = {name.decode(): value.decode() for name, value in fields}
    left = {
        name.removeprefix(_REMAINING): value for name, value in told.items() if name.startswith(_REMAINING)
    }
    if account.allowances:
        spent = max(allowance.level(house.calendar()) for allowance in account.allowances)
        left["budget_percent"] = f"{max(100 - 100 * spent, 0):.0f}"
    return left
