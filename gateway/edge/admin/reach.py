"""Whom an official administers: everybody, or whom they stand above. The rest is not there for them.

Asked inside the transaction that acts on the answer.
"""

from typing import Any

from gateway.edge.admin.desk import Reach
from gateway.edge.admin.refusal import Refusal
from store import keys, principals
from store.errors import Unknown
from store.rows import Key, Principal


def within(connection: Any, reach: Reach, identity: str | None) -> bool:
    """Whether a principal is within reach."""
    if reach.whole:
        return True
    line = [] if identity is None or not reach.under else principals.line(connection, identity)
    return any(one.id == reach.under for one in line)


def key_of(connection: Any, reach: Reach, identity: str) -> Key:
    """A key within reach. Raises Unknown."""
    key = keys.of(connection, identity)
    if reach.key != identity and not within(connection, reach, key.owner):
        raise Unknown("there is no key of this id")
    return key


def principal_of(connection: Any, reach: Reach, identity: str) -> Principal:
    """A principal within reach. Raises Unknown."""
    principal = principals.of(connection, identity)
    if not within(connection, reach, identity):
        raise Unknown("there is nobody of this id")
    return principal


def check_named(connection: Any, reach: Reach, identity: str | None, field: str) -> None:
    """Whoever a field names must be there and within reach. Raises Refusal (400) that names the field."""
    if identity is None:
        if not reach.whole:
            raise Refusal(400, f"{field}: name one at or below {reach.under}", field)
        return
    try:
        principal_of(connection, reach, identity)
    except Unknown as error:
        raise Refusal(400, f"{field}: {error}", field) from error
