"""What is answered on which path, and in whose words. All of it is made from the table of dialects.

A path as clients spell it is tidied first: some say `/v1` in the base URL and again after it. Paths that
name the model are matched by their form, and known by one spelling from there on.
"""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple
from urllib.parse import parse_qs, quote, unquote

from adapters.dialect import Dialect, Endpoint
from adapters.embedding_table import EMBEDDINGS
from adapters.fault import Fault
from adapters.table import DIALECTS
from gateway.configuration.problems import nearest
from gateway.errors import Refused
from gateway.state import Scope, Work


class Route(NamedTuple):
    """What a path leads to, and the path as the dialect spells it."""

    dialect: Dialect
    operation: Work
    path: str


class Listing(NamedTuple):
    """A list of models, or one of them."""

    dialect: Dialect
    model: str


MODEL: Final = "{model}"
ANTHROPIC: Final = DIALECTS["anthropic-messages"]
CHAT: Final = DIALECTS["openai-chat"]
GEMINI: Final = DIALECTS.get("gemini", CHAT)
PREFIXES: Final = [
    (prefix, DIALECTS[name])
    for prefix, name in (("/v1/messages", ANTHROPIC.name), ("/v1beta", GEMINI.name), ("/api/", "ollama"))
    if name in DIALECTS
]
TOLD_BY_HEADER: Final = {b"anthropic-version": ANTHROPIC, b"x-goog-api-key": GEMINI}
RESPONSES: Final = "/v1/responses"
MODELS: Final = "/v1/models"
EXPLAIN: Final = "/v1/explain"
DIALECT_FIELD: Final = b"x-penstock-dialect"
# Every path that is posted to. A dialect's embeddings stand in a table of their own.
ENDPOINTS: Final = [
    (dialect, endpoint) for dialect in DIALECTS.values() for endpoint in dialect.endpoints
] + [(DIALECTS[name], Endpoint(path, "embed")) for name, codec in EMBEDDINGS.items() for path in codec.paths]
ROUTES: Final = {
    endpoint.path: Route(dialect, endpoint.operation, endpoint.path)
    for dialect, endpoint in ENDPOINTS
    if MODEL not in endpoint.path
}
# Lists of models on paths that only one dialect has.
LISTS: Final = {one.models_path: one for one in DIALECTS.values() if one.models_path != MODELS}
# Where one model is asked for with a body.
SHOWS: Final = {one.show_path: one for one in DIALECTS.values() if one.show_path}
# Before the name of a provider, and any path there.
NAMED: Final = "/p/"
# The base URL of a profile: its name comes next, and then any path of any dialect.
PROFILES: Final = "/route/"
SLASHES: Final = re.compile("/{2,}")
VERSION_TWICE: Final = re.compile("^(?:/v1(?:beta)?)+(?=/v1(?:beta)?/|/api/)")
READING: Final = frozenset(("GET", "HEAD"))

CLIMBS: Final = Refused(Fault("invalid_request", 400, "a path with `.` or `..` in it is not passed on"))
NO_ADMIN: Final = Refused(
    Fault(
        "not_found",
        404,
        "the admin API is off; set `key` of [admin] in the configuration to turn it on",
        code="admin_off",
    )
)
NO_WEBSOCKET: Final = Refused(
    Fault("invalid_request", 426, "no WebSocket here: send POST requests over HTTP", code="upgrade_required"),
    ((b"upgrade", b"HTTP/1.1"),),
)


class _Pattern(NamedTuple):
    """Paths that name the model; `form` takes every version, `before` and `after` make the one spelling."""

    form: re.Pattern[str]
    before: str
    after: str
    dialect: Dialect
    operation: Work


def _pattern(dialect: Dialect, endpoint: Endpoint) -> _Pattern:
    before, _, after = endpoint.path.partition(MODEL)
    _, _, rest = before.removeprefix("/").partition("/")
    form = re.compile(f"/v1(?:beta)?/{re.escape(rest)}(.+){re.escape(after)}")
    return _Pattern(form, before, after, dialect, endpoint.operation)


PATTERNS: Final = [_pattern(dialect, endpoint) for dialect, endpoint in ENDPOINTS if MODEL in endpoint.path]


def tidy(path: str) -> str:
    """A path as it was meant: clients say `/v1` in the base URL and again after it, and slashes anywhere."""
    path = SLASHES.sub("/", path)
    return VERSION_TWICE.sub("", path if path == "/" else path.rstrip("/"))


def named(scope: Scope) -> tuple[str, str]:
    """The provider that a path names, and the path there, encoded as it came."""
    raw = scope.get("raw_path", b"") or quote(scope["path"]).encode()
    whole = raw.partition(b"?")[0].decode("ascii", "replace")
    name, _, path = whole.lstrip("/").removeprefix(NAMED.strip("/") + "/").partition("/")
    return unquote(name), "/" + path


def climbs(path: str) -> bool:
    """Whether an encoded path leaves the place it is joined to."""
    return any(unquote(part).strip() in (".", "..") for part in re.split("[/\\\\]|%2[fF]|%5[cC]", path))


def of_profile(scope: Scope) -> Scope:
    """A request to the base URL of a profile as it is without that; the profile's name is in its scope."""
    path = tidy(scope["path"])
    if not path.startswith(PROFILES) or "profile" in scope:
        return scope
    name, _, rest = path.removeprefix(PROFILES).partition("/")
    return {**scope, "path": tidy(f"/{rest}"), "raw_path": b"", "profile": name}


def asked_about(scope: Scope) -> Route | None:
    """What the request was meant for that is to be explained; None where nothing says so. Raises Refused."""
    said = {name: values[-1] for name, values in parse_qs(scope["query_string"].decode("latin-1")).items()}
    if "path" in said:
        route = route_of(tidy(said["path"]))
        if route is None:
            words = f"nothing is asked of a model on {said['path'][:200]}"
            raise Refused(Fault("not_found", 404, words, code="unknown_path"))
        return route
    fields = (value.decode("latin-1") for name, value in scope["headers"] if name == DIALECT_FIELD)
    name = said.get("dialect") or next(fields, "")
    if name and name not in DIALECTS:
        words = f"`{name[:200]}` is no API that is spoken here; {nearest(name, DIALECTS)}"
        raise Refused(Fault("invalid_request", 400, words, code="unknown_dialect"))
    return Route(DIALECTS[name], "generate", "") if name else None


def no_profile(name: str, profiles: Iterable[str]) -> Refused:
    """There is no profile of this name."""
    hint = nearest(name, profiles)
    words = f"there is no profile `{name[:200]}`{'; ' if hint else ''}{hint}"
    return Refused(Fault("not_found", 404, words, code="unknown_profile"))


def route_of(path: str) -> Route | None:
    """What a tidy path leads to, when something is asked there."""
    route = ROUTES.get(path)
    if route is not None or not path.startswith("/v1"):
        return route
    for pattern in PATTERNS:
        found = pattern.form.fullmatch(path)
        if found:
            spelled = f"{pattern.before}{found[1]}{pattern.after}"
            return Route(pattern.dialect, pattern.operation, spelled)
    return None


def listing_of(scope: Scope, path: str) -> Listing | None:
    """The list of models, or the one model, that a tidy path asks for."""
    if ":" in path and route_of(path) is not None:
        return None  # what is done with a model, and no question about it
    if path == MODELS or path.startswith("/v1/models/"):
        return Listing(_told_by_head(scope), path[len(MODELS) + 1 :])
    for whole, dialect in LISTS.items():
        if path == whole or path.startswith(whole + "/"):
            return Listing(dialect, path[len(whole) + 1 :])
    return None


def dialect_of(scope: Scope, path: str) -> Dialect:
    """Whose words to use on a path that is shared or unknown."""
    for prefix, dialect in PREFIXES:
        if path.startswith(prefix):
            return dialect
    return _told_by_head(scope)


def _told_by_head(scope: Scope) -> Dialect:
    for name, _ in scope["headers"]:
        if name in TOLD_BY_HEADER:
            return TOLD_BY_HEADER[name]
    # Google's clients may carry their key in the query.
    return GEMINI if scope["query_string"].startswith(b"key=") else CHAT


def refusal(scope: Scope, path: str) -> Refused:
    """Why nothing answers this method on this path."""
    method = scope["method"]
    if path == RESPONSES and any(name == b"upgrade" for name, _ in scope["headers"]):
        return NO_WEBSOCKET
    posted = path in SHOWS or path == EXPLAIN or route_of(path) is not None
    if posted or path in ("/", "/api/hello", "/api/version") or listing_of(scope, path) is not None:
        allowed = "POST" if posted else "GET, HEAD"
        fault = Fault("invalid_request", 405, f"{method[:20]} is not answered on {path[:200]}; use {allowed}")
        return Refused(fault, ((b"allow", allowed.encode()),))
    if path.startswith(RESPONSES + "/"):
        words = f"no response is kept here: {RESPONSES} answers POST, and nothing is found under it later"
        return Refused(Fault("not_found", 404, words, code="response_not_found"))
    forms = [f"{pattern.before}{MODEL}{pattern.after}" for pattern in PATTERNS]
    known = ", ".join([*ROUTES, *forms, MODELS, *LISTS, *SHOWS, EXPLAIN])
    words = f"nothing answers on {path[:200]}; the paths here are {known}"
    return Refused(Fault("not_found", 404, words, code="unknown_path"))
