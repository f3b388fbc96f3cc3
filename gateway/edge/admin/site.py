"""The Starlette application of the admin API: a request is let in, read, done, and answered."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any, Final

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.edge.admin.contract import Contract, Operation
from gateway.edge.admin.desk import Desk, Official, Probe, Reach
from gateway.edge.admin.door import HEADERS, admit
from gateway.edge.admin.openapi import PREFIX, document_of
from gateway.edge.admin.reading import asked, body_of, decoded, fitted
from gateway.edge.admin.refusal import Refusal, reply_of
from gateway.edge.admin.table import CONTRACTS
from gateway.house import House
from store.errors import Conflict, Incompatible, StoreError, Unavailable, Unfit, Unknown

JSON: Final = "application/json"
DOCUMENT: Final = f"{PREFIX}/openapi.json"
_STATUSES: Final[dict[type[StoreError], int]] = {
    Unknown: 404,
    Conflict: 409,
    Unfit: 400,
    Unavailable: 503,
    Incompatible: 503,
}


class Office:
    """The handlers of one worker."""

    def __init__(self, house: House, probe: Probe) -> None:
        self._house = house
        self._probe = probe
        self._document = b""

    async def document(self, request: Request) -> Response:
        """The OpenAPI document; for who may use what it tells about."""
        try:
            admit(request, self._house)
        except Refusal as refusal:
            return refused(refusal)
        if not self._document:
            self._document = msgspec.json.encode(document_of(CONTRACTS))
        return Response(self._document, media_type=JSON, headers=HEADERS)

    def route(self, path: str, contracts: Iterable[Contract]) -> Route:
        """The route of a path, with all that may be done there."""
        by_method: dict[str, Contract] = {contract.operation.method: contract for contract in contracts}

        async def endpoint(request: Request) -> Response:
            method = "GET" if request.method == "HEAD" else request.method
            return await self._answer(request, by_method[method])

        return Route(PREFIX + path, endpoint, methods=list(by_method))

    async def _answer(self, request: Request, contract: Contract) -> Response:
        try:
            return await self._done(request, contract)
        except Refusal as refusal:
            return refused(refusal)
        except StoreError as error:
            return refused(_of_store(error))
        except Exception as error:  # noqa: BLE001  # nobody is shown what went wrong inside
            name = contract.operation.name
            self._house.journal.say("error", f"admin API: {name} failed: {type(error).__name__}: {error}")
            return refused(Refusal(500, "penstock failed on this request; its log says why"))

    async def _done(self, request: Request, contract: Contract) -> Response:
        operation = contract.operation
        who = admit(request, self._house)
        reach = reach_of(who, operation)
        given: dict[str, Any] = {}
        for name, kind in contract.places.items():
            given[name] = fitted_place(name, request.path_params[name], kind)
        if contract.query:
            given["query"] = asked(request.scope["query_string"], contract.query)
        elif request.scope["query_string"]:
            raise Refusal(400, "no parameters are expected here", "query")
        if contract.body:
            given["body"] = decoded(await body_of(request), contract.body)
        reply = await operation.run(Desk(self._house, who, reach, self._probe), **given)
        if operation.status == 204:
            return Response(status_code=204, headers=HEADERS)
        return Response(msgspec.json.encode(reply), operation.status, HEADERS, JSON)


def build_admin(house: House, probe: Probe) -> Starlette:
    """The admin API of one worker; `probe` asks a provider's model for one token."""
    office = Office(house, probe)
    by_path = groupby(
        sorted(CONTRACTS, key=lambda one: one.operation.path), key=lambda one: one.operation.path
    )
    return Starlette(
        routes=[Route(DOCUMENT, office.document), *(office.route(*item) for item in by_path)],
        exception_handlers={HTTPException: _off_the_map},
    )


def refused(refusal: Refusal) -> Response:
    """A refusal as it is sent."""
    headers = {**HEADERS, **refusal.headers}
    return Response(msgspec.json.encode(reply_of(refusal)), refusal.status, headers, JSON)


def reach_of(who: Official, operation: Operation) -> Reach:
    """What there is for who asks to do this. Raises Refusal (403)."""
    if who.permissions & operation.needs:
        if operation.scoped or who.reach.whole:
            return who.reach
        raise Refusal(403, "this is for those who administer the whole gateway")
    if who.permissions & operation.own:
        return who.own
    raise Refusal(403, "the role of this key does not allow it")


def fitted_place(name: str, text: str, kind: Any) -> Any:
    """What a place of a path stands for. Raises Refusal (400)."""
    model = msgspec.defstruct("Place", [(name, kind)])
    return getattr(fitted({name: text}, model), name)


async def _off_the_map(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        refusal = Refusal(405, f"{request.method[:20]} is not answered here")
        refusal.headers.update(error.headers or {})
    else:
        refusal = Refusal(404, f"nothing is there; {DOCUMENT} tells every path")
    return refused(refusal)


def _of_store(error: StoreError) -> Refusal:
    status = next(status for kind, status in _STATUSES.items() if isinstance(error, kind))
    field = "cursor" if "cursor" in str(error) else None
    return Refusal(status, str(error), field)
