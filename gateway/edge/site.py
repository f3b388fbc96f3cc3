"""The Starlette application of the edge."""

import asyncio
import time
from importlib import import_module
from json import JSONDecodeError

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.edge import joining
from gateway.edge.figures import figures
from gateway.edge.joining import (
    joined_caches,
    joined_figures,
    joined_lessons,
    joined_session,
    joined_sessions,
)
from gateway.edge.metrics import CONTENT_TYPE, exposition
from gateway.edge.peers import from_here
from gateway.edge.sessions import listed, one
from gateway.house import House
from gateway.intercom import Intercom
from gateway.journal import LEVELS


class Site:
    """The handlers, with the house they tell about, and with the other workers where there are some."""

    def __init__(self, house: House, intercom: Intercom | None) -> None:
        self._house = house
        self._intercom = intercom

    async def _others(self, question: bytes) -> list[bytes]:
        return [] if self._intercom is None else await self._intercom.ask(question)

    async def _changed(self, question: bytes, name: str) -> int:
        """How much the others have changed."""
        said = name.encode("latin-1", "replace").partition(b"\n")[0]
        return sum(map(int, await self._others(question + said)))

    async def ready(self, request: Request) -> Response:  # noqa: ARG002  # Starlette passes it
        """Three truths apart; the state of upstreams is none of them (feature I14)."""
        serves = not self._house.admission.closing
        keeping, reload = self._house.keeping, self._house.reload
        persists = keeping is None or keeping.persists
        registry = self._house.registry
        synchronised = registry is None or registry.synchronised
        truths = {"serves": serves, "persists": persists, "synchronised": synchronised}
        told = {**truths, "configuration": "current" if reload is None else reload.standing}
        return JSONResponse(told, status_code=200 if serves else 503)

    async def metrics(self, request: Request) -> Response:
        """All counts, as Prometheus reads them. Behind a key where keys are required."""
        if not self._house.callers.open_to(request.scope):
            return JSONResponse({"error": "a key is required"}, status_code=401)
        return Response(exposition(self._house), media_type=CONTENT_TYPE)

    async def figures(self, request: Request) -> Response:
        """The same counts as JSON, of all workers, for those it may be shown to."""
        if not self._house.callers.open_to(request.scope):
            return JSONResponse({"error": "a key is required"}, status_code=401)
        told = joined_figures(figures(self._house), await self._others(joining.FIGURES))
        return Response(told, media_type="application/json")

    async def log(self, request: Request) -> Response:
        """Read or change the level of the log while running; from this machine only."""
        if not from_here(request):
            return JSONResponse(
                {"error": "the log's level is changed from this machine only"}, status_code=403
            )
        if request.method != "PUT":
            return JSONResponse({"level": self._house.journal.level})
        return await self._set_level(request)

    async def _set_level(self, request: Request) -> Response:
        # A web page cannot send this type to another site without asking first, and nobody answers that here.
        if request.headers.get("content-type", "").partition(";")[0] != "application/json":
            return JSONResponse({"error": "send application/json"}, status_code=415)
        try:
            document = await request.json()
        except (JSONDecodeError, UnicodeDecodeError, RecursionError):
            return JSONResponse({"error": "the body is not JSON"}, status_code=400)
        level = document.get("level") if isinstance(document, dict) else None
        if not isinstance(level, str) or level not in LEVELS:
            return JSONResponse({"error": f"`level` must be one of {', '.join(LEVELS)}"}, status_code=400)
        self._house.journal.set_level(level)
        await self._others(joining.LEVEL + level.encode())
        return JSONResponse({"level": level})

    async def lessons(self, request: Request) -> Response:
        """List what was learned, or forget it, one lesson or all; from this machine only."""
        if not from_here(request):
            return JSONResponse({"error": "lessons are told to this machine only"}, status_code=403)
        lessons, identity = self._house.lessons, request.path_params.get("id")
        if request.method != "DELETE":
            rows = joined_lessons(lessons.rows(time.time()), await self._others(joining.LESSONS))
            return Response(msgspec.json.encode({"lessons": rows}), media_type="application/json")
        forgotten = lessons.forget_all() if identity is None else int(lessons.forget(identity))
        forgotten += await self._changed(joining.FORGET, identity or "")
        if forgotten or identity is None:
            return JSONResponse({"forgotten": forgotten})
        return JSONResponse({"error": f"there is no lesson {identity}"}, status_code=404)

    async def drift(self, request: Request) -> Response:
        """List what clients were seen to send for the first time; from this machine only."""
        if not from_here(request):
            return JSONResponse({"error": "what clients send is told to this machine only"}, status_code=403)
        told = msgspec.json.encode({"first_seen": self._house.drift.sightings()})
        return Response(told, media_type="application/json")

    async def caches(self, request: Request) -> Response:
        """List the caches, or empty one; from this machine only."""
        if not from_here(request):
            return JSONResponse({"error": "caches are told to this machine only"}, status_code=403)
        caches, name = self._house.caches(), request.path_params.get("name")
        if name is None:
            told = joined_caches(joining.caches_of(self._house), await self._others(joining.CACHES))
            return Response(msgspec.json.encode({"caches": told}), media_type="application/json")
        if name not in caches:
            words = f"there is no cache {name}; there are {', '.join(caches)}"
            return JSONResponse({"error": words}, status_code=404)
        # A web page can send a form anywhere, and cannot send this type without asking first.
        if request.headers.get("content-type", "").partition(";")[0] != "application/json":
            return JSONResponse({"error": "send application/json"}, status_code=415)
        cleared = caches[name].clear() + await self._changed(joining.CLEAR, name)
        return JSONResponse({"cleared": cleared})

    async def sessions(self, request: Request) -> Response:
        """The latest sessions; from this machine only."""
        if not from_here(request):
            return JSONResponse({"error": "sessions are listed to this machine only"}, status_code=403)
        others = await self._others(joining.SESSIONS)
        return JSONResponse({"sessions": joined_sessions(listed(self._house), others)})

    async def session(self, request: Request) -> Response:
        """What one session has used, and what is left to its caller. Behind a key where keys are required."""
        if not self._house.callers.open_to(request.scope):
            return JSONResponse({"error": "a key is required"}, status_code=401)
        name = request.path_params["name"]
        # A name with the end of a line in it is nobody's.
        others = await self._others(joining.SESSION + name.encode("latin-1", "replace").partition(b"\n")[0])
        found = joined_session(one(self._house, name), others)
        if found is None:
            return JSONResponse({"error": "no request of that session was seen of late"}, status_code=404)
        return JSONResponse(found)


class _Console:
    """The console, which is loaded when it is first asked for: nobody else pays for its templates."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._app is None:
            # In a thread: streams must not wait while it is read from the disk.
            loaded = await asyncio.to_thread(import_module, "gateway.edge.console.site")
            self._app = loaded.build_console(self._house)
        await self._app(scope, receive, send)


def build_site(house: House, intercom: Intercom | None = None) -> Starlette:
    """The edge of one worker."""
    site, console = Site(house, intercom), _Console(house)
    return Starlette(
        routes=[
            Route("/readyz", site.ready),
            Route("/metrics", site.metrics),
            Route("/debug/metrics", site.figures),
            Route("/debug/log", site.log, methods=["GET", "PUT"]),
            Route("/debug/lessons", site.lessons, methods=["GET", "DELETE"]),
            Route("/debug/drift", site.drift),
            Route("/debug/caches", site.caches),
            Route("/debug/sessions", site.sessions),
            Route("/debug/sessions/{name}", site.session),
            Route("/debug/caches/{name}/clear", site.caches, methods=["POST"]),
            Route("/console", console),
            Route("/console/{page:path}", console),
            Route("/debug/lessons/{id}", site.lessons, methods=["DELETE"]),
        ]
    )
