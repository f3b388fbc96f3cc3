"""What an operation is, read off the function that does it: path, parameters, body, reply, what may go wrong.

A function takes the desk it works at, the places of its path by their names, `query` and `body` where it has
them; its annotations are what may be sent and what is replied, its docstring is its description. Routes,
checks and the document are all made of this, so that they cannot differ.
"""

import inspect
import re
from collections.abc import Awaitable, Callable
from typing import Any, Final, Literal, get_type_hints

import msgspec

from gateway.roles import Permission

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]

_PLACES: Final = re.compile(r"\{(\w+)\}")
_ALWAYS: Final = (401, 403, 429)


class Operation(msgspec.Struct, frozen=True):
    """One line of the table. `refusals`: what it may answer beside what all like it do.

    `needs` is what one must be permitted, `own` what will do for what is one's own. `stored`: whether it
    needs the database. `scoped`: whether those may use it who administer a part only.
    """

    method: Method
    path: str
    run: Callable[..., Awaitable[Any]]
    needs: Permission
    own: Permission = Permission(0)
    status: int = 200
    refusals: tuple[int, ...] = ()
    stored: bool = True
    scoped: bool = False

    @property
    def name(self) -> str:
        """What it is called in the document."""
        return self.run.__name__


class Contract(msgspec.Struct, frozen=True):
    """What is sent and what is answered. `places` are of the path, by name."""

    operation: Operation
    words: str
    places: dict[str, Any]
    query: Any
    body: Any
    reply: Any
    statuses: tuple[int, ...]


def contract_of(operation: Operation) -> Contract:
    """The contract of an operation. Raises TypeError when its function does not take what its path names."""
    run = operation.run
    hints = get_type_hints(run, include_extras=True)
    reply = hints.pop("return")
    desk, *names = inspect.signature(run).parameters
    named = _PLACES.findall(operation.path)
    if [name for name in names if name not in ("query", "body")] != named or desk != "desk":
        raise TypeError(f"{operation.name} does not take what {operation.path} names")
    places = {name: hints[name] for name in named}
    query, body = hints.get("query"), hints.get("body")
    found = {*_ALWAYS, *operation.refusals}
    found |= {400} if query or body else set()
    found |= {413, 415} if body else set()
    found |= {400, 404} if places else set()
    found |= {409, 503} if operation.stored else set()
    words = inspect.getdoc(run) or ""
    return Contract(operation, words, places, query, body, reply, tuple(sorted(found)))
