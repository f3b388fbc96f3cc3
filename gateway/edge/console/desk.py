"""What the pages have in common: the house they tell about, how they are made, and how they ask the store."""

import asyncio
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar
from urllib.parse import parse_qsl

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response

from gateway import version
from gateway.edge.admin.desk import Desk as Counter
from gateway.edge.admin.desk import Official, Reach
from gateway.edge.console.live import Live
from gateway.edge.console.session import admin_digest
from gateway.edge.console.spelling import FILTERS
from gateway.house import House
from store.audit import Change
from store.connect import Connection, Database
from store.errors import Conflict

FOLDER: Final = Path(__file__).parent
# Nothing but what this gateway serves is ever loaded by a page, and no page may frame it.
HEADERS: Final = {
    "content-security-policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
    ),
    "x-content-type-options": "nosniff",
    # With "no-referrer" a browser says `Origin: null` for a form, and we could not tell ours from others.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}

MOST_FIELDS: Final = 50
# Who makes changes here, as the audit names them.
ACTOR: Final = "console"
NOWHERE: Final = "there is no store, and keys are kept in one"

Found = TypeVar("Found")


class Page(NamedTuple):
    """A page as the navigation lists it. `key`: what is typed after `g` to go there."""

    path: str
    title: str
    key: str


PAGES: Final = (
    Page("/console", "Now", "n"),
    Page("/console/usage", "Usage and cost", "u"),
    Page("/console/conversations", "Conversations", "c"),
    Page("/console/keys", "Keys and budgets", "k"),
    Page("/console/routes", "Routes and providers", "r"),
    Page("/console/playground", "Playground", "p"),
)


class Desk:
    """Of one worker."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.live = Live(house)

    def page(self, request: Request, template: str, status: int = 200, **context: Any) -> Response:
        """A page made from its template."""
        shared = {
            "pages": PAGES,
            "path": request.scope["path"],
            "version": version(),
            "signed_in": bool(admin_digest(self.house.settings)),
            "stored": self.house.keeping is not None,
        }
        text = templates().get_template(template).render(**shared, **context)
        return Response(text, status, HEADERS, "text/html")

    async def asked(self, question: Callable[[Connection], Found]) -> Found | None:
        """What the store answers, in a thread, for it may wait for the disk; None where there is no store."""
        if self.house.keeping is None:
            return None
        return await asyncio.to_thread(_read, self.house.keeping.database, question)

    async def change(self, work: Callable[[Change], object]) -> None:
        """Make one change, written down, and live here when this returns. Raises what the store does."""
        if self.house.keeping is None:
            raise Conflict(NOWHERE)
        await Counter(self.house, Official(ACTOR), Reach()).change(work)

    async def form(self, request: Request) -> dict[str, str]:
        """What was filled in, the last of each name."""
        body = (await request.body()).decode("utf-8", "replace")
        return dict(parse_qsl(body, max_num_fields=MOST_FIELDS))

    def now(self) -> int:
        """Milliseconds since 1970."""
        return int(self.house.calendar() * 1000)


def _read(database: Database, question: Callable[[Connection], Found]) -> Found:
    with database.reading() as connection:
        return question(connection)


@cache
def templates() -> Environment:
    """The templates, with what spells numbers, times and money in them."""
    found = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters.update(FILTERS)
    return found
