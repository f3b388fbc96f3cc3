"""Conversations: the latest, the dearest and those that are looked for; and the attempts of one in order."""

import itertools
from collections.abc import Iterable
from typing import Final, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from gateway.edge.console.desk import Desk
from store import dearest, ledger
from store.connect import Connection
from store.names import KEY, Names
from store.rows import Attempt, Kept
from store.sums import DAY

MOST: Final = 50
LOOKED_AT: Final = 1000  # rows of the ledger, for the latest conversations
MOST_ATTEMPTS: Final = 500
DEAREST_DAYS: Final = 30


class Talk(NamedTuple):
    """One conversation in a list. `last`: milliseconds, 0 where that is not known."""

    session: str
    last: int
    agent: str
    key: str
    models: str
    attempts: int
    input: int
    cached: int
    output: int
    cost: int


class Whole(NamedTuple):
    """One conversation: its attempts in order, and their sums. `longest`: in milliseconds."""

    attempts: list[Attempt]
    key: str
    input: int
    cached: int
    output: int
    cost: int
    wasted: int
    longest: int
    more: bool


async def page(desk: Desk, request: Request) -> Response:
    """The conversations: those whose names begin as is asked, else the latest first, or the dearest."""
    since = desk.now() - DEAREST_DAYS * DAY
    wanted = request.query_params.get("find", "").strip()
    order = "dearest" if request.query_params.get("order") == "dearest" else "latest"
    if wanted:
        order = "found"
        talks = await desk.asked(lambda connection: _begun(connection, wanted))
    elif order == "dearest":
        talks = await desk.asked(lambda connection: _dearest(connection, since))
    else:
        talks = await desk.asked(_latest)
    return desk.page(request, "conversations.html", talks=talks, order=order, wanted=wanted, most=MOST)


async def one(desk: Desk, request: Request) -> Response:
    """One conversation."""
    session = request.path_params["session"]
    found = await desk.asked(lambda connection: _whole(connection, session))
    missing = found is not None and not found.attempts
    return desk.page(request, "conversation.html", 404 if missing else 200, whole=found, session=session)


def _latest(connection: Connection) -> list[Talk]:
    return _talks(connection, ledger.page(connection, limit=LOOKED_AT).rows)


def _begun(connection: Connection, name: str) -> list[Talk]:
    """Those whose names begin so, the latest first."""
    found = ledger.sessions_like(connection, name, MOST)
    pages = (ledger.page(connection, "session", one, limit=MOST_ATTEMPTS).rows for one in found)
    return sorted(_talks(connection, itertools.chain(*pages)), key=lambda talk: -talk.last)


def _talks(connection: Connection, rows: Iterable[Kept]) -> list[Talk]:
    """The conversations of rows that come the latest first."""
    names = Names(connection)
    talks: dict[str, Talk] = {}
    for kept in rows:
        row = kept.attempt
        talk = talks.get(row.session)
        if talk is None:
            if not row.session or len(talks) >= MOST:
                continue
            talk = Talk(row.session, row.began, row.agent, names.of(KEY, row.key_id), "", 0, 0, 0, 0, 0)
        talks[row.session] = _added(talk, row)
    return list(talks.values())


def _added(talk: Talk, row: Attempt) -> Talk:
    models = talk.models.split(", ") if talk.models else []
    return talk._replace(
        models=", ".join([*models, *([row.model] if row.model not in models else [])]),
        attempts=talk.attempts + 1,
        input=talk.input + read(row),
        cached=talk.cached + row.cache_read,
        output=talk.output + row.output,
        cost=talk.cost + row.cost,
    )


def _dearest(connection: Connection, since: int) -> list[Talk]:
    names = Names(connection)
    return [
        Talk(
            session=str(found.group[0]),
            last=0,
            agent=str(found.group[1]),
            key=names.of(KEY, str(found.group[2])),
            models="",
            attempts=found.attempts,
            input=found.input + found.cache_read + found.cache_write_5m + found.cache_write_1h,
            cached=found.cache_read,
            output=found.output,
            cost=found.cost,
        )
        for found in dearest.sessions(connection, since, MOST)
    ]


def _whole(connection: Connection, session: str) -> Whole:
    found = ledger.page(connection, "session", session, limit=MOST_ATTEMPTS)
    rows = sorted((kept.attempt for kept in found.rows), key=lambda row: (row.began, row.attempt))
    return Whole(
        attempts=rows,
        key=Names(connection).of(KEY, rows[0].key_id) if rows else "",
        input=sum(map(read, rows)),
        cached=sum(row.cache_read for row in rows),
        output=sum(row.output for row in rows),
        cost=sum(row.cost for row in rows),
        wasted=sum(row.cost for row in rows if row.cause != "useful"),
        longest=max((row.ended - row.began for row in rows), default=0) or 1,
        more=bool(found.cursor),
    )


def read(row: Attempt) -> int:
    """Tokens that the model read, from its prompt cache or not."""
    return row.input + row.cache_read + row.cache_write_5m + row.cache_write_1h
