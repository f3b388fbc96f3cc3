"""Which path of the console leads to which page, and who may go there."""

from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from gateway.edge.console import conversations, keys, playground, routes, session, usage
from gateway.edge.console.desk import FOLDER, HEADERS, Desk
from gateway.edge.console.session import COOKIE, LASTS
from gateway.house import House
from gateway.window import whole
from store.errors import StoreError

Handler = Callable[[Desk, Request], Awaitable[Response]]
Answer = Callable[[Request], Awaitable[Response]]

READ: Final = ("GET",)
CHANGE: Final = ("POST",)
HANDLERS: Final[tuple[tuple[str, tuple[str, ...], Handler], ...]] = (
    ("/console/usage", READ, usage.page),
    ("/console/conversations", READ, conversations.page),
    ("/console/conversations/{session:path}", READ, conversations.one),
    ("/console/keys", READ, keys.page),
    ("/console/keys", CHANGE, keys.create),
    ("/console/keys/{id}", READ, keys.one),
    ("/console/keys/{id}/{verb}", CHANGE, keys.change),
    ("/console/routes", READ, routes.page),
    ("/console/routes/{provider}/test", CHANGE, routes.test),
    ("/console/playground", READ, playground.page),
)
TYPES: Final = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", "": "text/plain"}
MOST_FORM: Final = 64 * 1024  # bytes
FOREIGN: Final = "a change is asked for by a page of this console only"
WRONG: Final = "this is not the admin key"


def build_console(house: House) -> Starlette:
    """The console of one worker."""
    desk = Desk(house)
    site = _Site(desk)
    listed = [Route(path, site.guarded(handler), methods=methods) for path, methods, handler in HANDLERS]
    return Starlette(
        routes=[
            Route("/console", site.guarded(_now)),
            Route("/console/live", site.guarded(_live)),
            Route("/console/sign-in", site.sign_in, methods=["POST"]),
            Route("/console/sign-out", site.guarded(_sign_out), methods=["POST"]),
            Route("/console/static/{name:path}", _static),
            *listed,
        ]
    )


class _Site:
    """Who may see what."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def guarded(self, handler: Handler) -> Answer:
        """A handler, for those who may."""

        async def answer(request: Request) -> Response:
            desk = self._desk
            said = session.standing(desk.house.settings, request, desk.house.calendar())
            if said in ("sign_in", "closed"):
                return self._turned_away(request, said == "sign_in")
            if request.method == "POST":
                refused = _refused(request)
                if refused is not None:
                    return refused
            try:
                return await handler(desk, request)
            except StoreError as error:
                return desk.page(request, "trouble.html", 503, words=str(error))

        return answer

    async def sign_in(self, request: Request) -> Response:
        """Take the admin key, and give a cookie for it. Wrong ones are counted by address, as everywhere."""
        desk, house = self._desk, self._desk.house
        digest = session.admin_digest(house.settings)
        address = request.client.host if request.client else ""
        refused = _refused(request)
        if refused is not None:
            return refused
        if not digest:
            return self._turned_away(request, sign_in=False)
        seconds = house.guesses.wait(address, house.clock())
        if seconds:
            words = f"too many wrong keys came from this address: wait {whole(seconds)} seconds"
            return desk.page(request, "sign_in.html", 429, words=words)
        form = await desk.form(request)
        if not session.opens(digest, form.get("key", "")):
            house.guesses.wrong(address, house.clock())
            return desk.page(request, "sign_in.html", 401, words=WRONG)
        answer = RedirectResponse("/console", 303, HEADERS)
        answer.set_cookie(
            COOKIE,
            session.sealed(digest, house.calendar()),
            max_age=LASTS,
            path="/console",
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="strict",
        )
        return answer

    def _turned_away(self, request: Request, sign_in: bool) -> Response:  # noqa: FBT001  # which of two pages
        if not sign_in:
            return self._desk.page(request, "closed.html", 403)
        asks_page = "text/html" in request.headers.get("accept", "")
        answer = self._desk.page(request, "sign_in.html", 200 if asks_page else 401, words="")
        answer.headers["hx-redirect"] = "/console"
        return answer


def _refused(request: Request) -> Response | None:
    """What is said to a change that no page of ours asks for, or that is too large."""
    if not session.same_site(request):
        return Response(FOREIGN, 403, HEADERS, "text/plain")
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or int(length) > MOST_FORM:
        return Response(f"at most {MOST_FORM} bytes are taken here", 413, HEADERS, "text/plain")
    return None


async def _now(desk: Desk, request: Request) -> Response:
    return desk.page(request, "now.html")


async def _live(desk: Desk, request: Request) -> Response:  # noqa: ARG001  # as every handler
    return StreamingResponse(
        desk.live.watch(), headers={**HEADERS, "x-accel-buffering": "no"}, media_type="text/event-stream"
    )


async def _sign_out(desk: Desk, request: Request) -> Response:  # noqa: ARG001  # as every handler
    answer = RedirectResponse("/console", 303, HEADERS)
    answer.delete_cookie(COOKIE, path="/console")
    return answer


def _shipped() -> dict[str, tuple[bytes, str, str]]:
    """The files that pages load, as they came with the package: content, type and tag."""
    folder = FOLDER / "static"
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            tag = f'"{sha256(content).hexdigest()[:16]}"'
            name = path.relative_to(folder).as_posix()
            found[name] = (content, TYPES.get(path.suffix, TYPES[""]), tag)
    return found


SHIPPED: Final = _shipped()


async def _static(request: Request) -> Response:
    """A style, a script: no secret, and the same for all."""
    found = SHIPPED.get(request.path_params["name"])
    if found is None:
        return Response("there is no such file", 404, HEADERS, "text/plain")
    content, kind, tag = found
    headers = {**HEADERS, "cache-control": "no-cache", "etag": tag}
    if request.headers.get("if-none-match") == tag:
        return Response(None, 304, headers)
    return Response(content, 200, headers, kind)
