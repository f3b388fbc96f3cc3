"""Finds the configuration, lays environment and flags over it, reads it strictly, resolves it to `Settings`.

1. find: --config, $PENSTOCK_CONFIG, ./penstock.toml, the user's configuration folder; else nothing
2. lay over: PENSTOCK_… variables, then flags (`overrides.py`)
3. expand references (`references.py`)
4. fit into the file's Structs (`strictness.py`)
5. check and resolve, section by section

Every step adds its problems to one list; they are raised together. What step 5 says of a part that
an earlier step already found broken is left out, because it would only be an echo.
"""

import hashlib
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec

from adapters.table import DIALECTS, PROVIDERS
from gateway.configuration.addresses import is_loopback, parse_listen
from gateway.configuration.administration import resolve_admin
from gateway.configuration.caching import resolve_cache
from gateway.configuration.capabilities import resolve_capabilities
from gateway.configuration.document import Document, Routes
from gateway.configuration.document_server import Key, Server
from gateway.configuration.granting import check_grants
from gateway.configuration.limiting import resolve_budgets, resolve_limits, resolve_webhook
from gateway.configuration.overrides import Overlay
from gateway.configuration.prices import resolve_prices
from gateway.configuration.problems import ConfigurationError, Problem, dotted
from gateway.configuration.provider_settings import Surroundings, resolve_providers
from gateway.configuration.quantities import seconds, size
from gateway.configuration.references import Expander, sources
from gateway.configuration.routes import resolve_failure, resolve_models
from gateway.configuration.rules import Known, resolve_routing
from gateway.configuration.storing import resolve_store
from gateway.configuration.strictness import read
from gateway.settings import BudgetSettings, KeySettings, LogSettings, ServerSettings, Settings

FILE_NAME = "penstock.toml"

_DIGEST = re.compile(r"[0-9a-fA-F]{64}")
_HOST = re.compile(r"[A-Za-z0-9._-]+|\[[0-9a-fA-F:.]+\]")
_SECRET = re.compile(r"[!-~]{16,}")
_MOST_WORKERS = 256
# A worker takes some 45 MB before the first request.
_LEAST_MEMORY = 64 * 1024 * 1024
_MAKE_A_KEY = (
    "make a key with `penstock key new` and paste its lines into the configuration, or name a file for keys "
    "as store.path and make one with `penstock keys create`"
)

Amount = TypeVar("Amount", int, float)


class Configuration(msgspec.Struct, frozen=True):
    """Settings, and the file they were read from, if any."""

    settings: Settings
    path: Path | None


def load(
    config: str | Path | None = None,
    *,
    environment: Mapping[str, str],
    flags: Mapping[str, object] | None = None,
    routes: Routes | None = None,
) -> Configuration:
    """The configuration of this machine. Raises `ConfigurationError` with everything that is wrong.

    `flags` are values of the command line by their place in the file (`server.listen`); None is no value.
    `routes` were set while running. They are laid over the file's, and no reference in them is followed.
    """
    path = locate(config, environment)
    overlay = Overlay(_parse(path) if path else {})
    overlay.lay_environment(environment)
    overlay.lay_flags(flags or {})
    folder = path.resolve().parent if path else Path.cwd()
    expander = Expander(environment, folder)
    document, misfits = read(expander.table(overlay.document))
    document = document if routes is None else _laid_over(document, routes)
    broken = [*expander.problems, *misfits]
    around = _Around(dict(environment), folder, _key_sources(overlay, path))
    settings, wrong = _resolve(document, around)
    problems = broken + _without_echoes(wrong, broken)
    if problems:
        raise ConfigurationError(_name_origin(problem, overlay.origins) for problem in problems)
    return Configuration(settings, path)


def locate(config: str | Path | None, environment: Mapping[str, str]) -> Path | None:
    """The file to read. One that was named must exist, the usual places may be empty."""
    for named, by in ((config, "--config"), (environment.get("PENSTOCK_CONFIG"), "PENSTOCK_CONFIG")):
        if named:
            return _existing(Path(named).expanduser(), by)
    home = environment.get("XDG_CONFIG_HOME")
    folder = Path(home) if home and Path(home).is_absolute() else _home(environment) / ".config"
    usual = (Path(FILE_NAME), folder / "penstock" / FILE_NAME)
    return next((path for path in usual if path.is_file()), None)


def _home(environment: Mapping[str, str]) -> Path:
    home = environment.get("HOME")
    return Path(home) if home else Path("~").expanduser()


def _existing(path: Path, named_by: str) -> Path:
    if not path.exists():
        raise ConfigurationError([Problem(named_by, f"there is no file {path}")])
    return path


def _parse(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as failure:
        problem = Problem(str(path), f"cannot be read: {failure.strerror}")
    except tomllib.TOMLDecodeError as failure:
        problem = Problem(str(path), f"is not TOML: {failure}")
    except UnicodeDecodeError:
        problem = Problem(str(path), "is not TOML: it is not UTF-8 text")
    raise ConfigurationError([problem])


def _key_sources(overlay: Overlay, path: Path | None) -> dict[str, str]:
    """Where each provider's keys stand, by the provider's name, read before references are followed."""
    providers = overlay.document.get("providers")
    found = {}
    for name, table in providers.items() if isinstance(providers, dict) else ():
        for key in ("api_key", "api_keys") if isinstance(table, dict) else ():
            texts = table.get(key)
            texts = [texts] if isinstance(texts, str) else texts
            if isinstance(texts, list) and texts:
                origin = overlay.origins.get(dotted("providers", name, key))
                found[name] = sources(" ".join(map(str, texts))) or (f"${origin}" if origin else str(path))
    return found


def _without_echoes(wrong: list[Problem], broken: list[Problem]) -> list[Problem]:
    spoiled = {tuple(problem.path.split(".")[:2]) for problem in broken}
    if any(len(part) == 1 for part in spoiled):
        return []
    return [problem for problem in wrong if tuple(problem.path.split(".")[:2]) not in spoiled]


def _laid_over(document: Document, routes: Routes) -> Document:
    return msgspec.structs.replace(
        document,
        models={**document.models, **routes.models},
        rules=[*routes.rules, *document.rules],
    )


def _name_origin(problem: Problem, origins: Mapping[str, str]) -> Problem:
    origin = origins.get(problem.path)
    return msgspec.structs.replace(problem, path=f"{origin} ({problem.path})") if origin else problem


class _Around(msgspec.Struct, frozen=True):
    """What a document is resolved against."""

    environment: dict[str, str]
    folder: Path
    key_sources: dict[str, str]


def _resolve(document: Document, around: _Around) -> tuple[Settings, list[Problem]]:
    problems: list[Problem] = []
    keys = _keys(document, problems)
    server = _server(document, problems)
    surroundings = Surroundings(
        rows=PROVIDERS,
        dialects=tuple(DIALECTS),
        environment=around.environment,
        server=server,
        folder=around.folder,
        key_sources=around.key_sources,
    )
    providers = resolve_providers(document, surroundings, problems)
    names = {provider.name for provider in providers} | document.providers.keys()
    check_grants(document.keys, names, problems)
    settings = Settings(
        server=server,
        providers=providers,
        models=resolve_models(document.models, names, problems),
        routing=resolve_routing(document, Known(names, tuple(DIALECTS)), problems),
        prices=resolve_prices(document.prices, names, problems),
        capabilities=resolve_capabilities(document.capabilities, names, problems),
        failure=resolve_failure(document.failure, problems),
        cache=resolve_cache(document.cache, document.keys.keys(), problems),
        keys=keys,
        limits=resolve_limits(document.limits, "limits", problems),
        budgets=BudgetSettings(
            everybody=resolve_budgets(document.limits, "limits", problems, stored=bool(document.store.path)),
            webhook=resolve_webhook(document.budgets, problems),
        ),
        store=resolve_store(document.store, around.folder, server.workers, problems),
        admin=resolve_admin(document.admin, around.folder, problems),
        log=LogSettings(level=document.log.level, format=document.log.format),
    )
    return settings, problems


def _server(document: Document, problems: list[Problem]) -> ServerSettings:
    raw = document.server
    host, port = _listen(raw, problems)
    stored = bool(document.store.path)
    wanted = bool(document.keys) or (stored and not is_loopback(host))
    required = raw.keys == "required" or (raw.keys is None and wanted)
    if not 1 <= raw.workers <= _MOST_WORKERS:
        problems.append(Problem("server.workers", f"expected a number from 1 to {_MOST_WORKERS}"))
    if raw.guesses < 0:
        problems.append(Problem("server.guesses", "expected 0 or more"))
    if raw.max_inside < 1:
        problems.append(Problem("server.max_inside", "expected 1 or more"))
    if required and not document.keys and not stored:
        problems.append(Problem("server.keys", "keys are required and there is none", _MAKE_A_KEY))
    elif not required and not is_loopback(host):
        problems.append(
            Problem(
                "server.listen",
                f"other machines can reach {host}, and no key is asked for: anybody could spend your money",
                f'listen at 127.0.0.1, or {_MAKE_A_KEY} and set server.keys = "required"',
            )
        )
    return ServerSettings(
        host=host,
        port=port,
        workers=raw.workers,
        keys_required=required,
        max_body=_amount("max_body", size, raw.max_body, problems),
        max_inside=raw.max_inside,
        drain=_amount("drain", seconds, raw.drain, problems),
        sign_of_life=_amount("sign_of_life", _some_seconds, raw.sign_of_life, problems),
        websockets=raw.websockets,
        reload=raw.reload,
        hosts=_hosts(raw, problems),
        origins=_origins(raw, problems),
        guesses=raw.guesses,
        compress=raw.compress,
        memory=_memory(raw, problems),
    )


def _memory(raw: Server, problems: list[Problem]) -> int | None:
    if raw.memory is None:
        return None
    try:
        memory = 0 if raw.memory in (0, "0") else size(raw.memory)
    except ValueError as failure:
        problems.append(Problem("server.memory", str(failure)))
        return 0
    if 0 < memory < _LEAST_MEMORY * raw.workers:
        words = "too little: a worker alone takes most of it"
        problems.append(Problem("server.memory", words, "say 64MiB or more for each worker, or 0 for any"))
    return memory


def _hosts(raw: Server, problems: list[Problem]) -> tuple[str, ...]:
    for number, name in enumerate(raw.hosts or ()):
        if not _HOST.fullmatch(name):
            remedy = "a name or an address as it stands in a URL, without scheme and port: gateway.example"
            problems.append(Problem(f"server.hosts[{number}]", f'"{name}" is no name of a host', remedy))
    return tuple(raw.hosts or ())


def _origins(raw: Server, problems: list[Problem]) -> tuple[str, ...]:
    for number, origin in enumerate(raw.origins or ()):
        parts = urlsplit(origin)
        if not parts.netloc or origin != f"{parts.scheme}://{parts.netloc}":
            remedy = "scheme, name and port if it has one, and nothing after it: https://chat.example"
            problems.append(Problem(f"server.origins[{number}]", f'"{origin}" is no origin', remedy))
    return tuple(raw.origins or ())


def _listen(raw: Server, problems: list[Problem]) -> tuple[str, int]:
    try:
        return parse_listen(raw.listen)
    except ValueError as failure:
        problems.append(Problem("server.listen", str(failure)))
        return parse_listen(Server().listen)


def _amount(
    key: str, understand: Callable[[float | str], Amount], value: float | str, problems: list[Problem]
) -> Amount:
    try:
        return understand(value)
    except ValueError as failure:
        problems.append(Problem(f"server.{key}", str(failure)))
        return understand(1)


def _some_seconds(value: float | str) -> float:
    amount = seconds(value)
    if amount == 0:
        raise ValueError("expected more than nothing")
    return amount


def _keys(document: Document, problems: list[Problem]) -> tuple[KeySettings, ...]:
    resolved: dict[bytes, KeySettings] = {}
    for name, key in document.keys.items():
        path = dotted("keys", name)
        limits = resolve_limits(key.limits, f"{path}.limits", problems)
        stored = bool(document.store.path)
        budgets = resolve_budgets(key.limits, f"{path}.limits", problems, stored=stored)
        digest, problem = _digest(key)
        if problem is not None:
            problems.append(Problem(path, problem, _MAKE_A_KEY))
        elif digest in resolved:
            problems.append(Problem(path, f"is the same key as {dotted('keys', resolved[digest].name)}"))
        one = KeySettings(
            *(name, digest, key.overrides, limits, budgets),
            role=key.role,
            models=tuple(key.models or ()),
            providers=tuple(key.providers or ()),
        )
        resolved.setdefault(digest, one)
    return tuple(resolved.values())


def _digest(key: Key) -> tuple[bytes, str | None]:
    if (key.secret is None) == (key.sha256 is None):
        return b"", "expected either secret or sha256"
    if key.secret is not None:
        problem = (
            None
            if _SECRET.fullmatch(key.secret)
            else "a secret is at least 16 characters, none of them a space"
        )
        return hashlib.sha256(key.secret.encode()).digest(), problem
    if not _DIGEST.fullmatch(key.sha256 or ""):
        return b"", "sha256 must be 64 hexadecimal digits"
    return bytes.fromhex(key.sha256 or ""), None
