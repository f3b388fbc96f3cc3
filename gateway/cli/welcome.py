"""What `penstock serve` prints when it is up: where it listens, what it found, what to type next."""

import shlex
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from adapters.table import DIALECTS
from gateway import version
from gateway.cli.agents import AGENTS, Agent, exports, login
from gateway.configuration.addresses import local_url, spell
from gateway.configuration.discovery import DEMO
from gateway.configuration.loading import Configuration
from gateway.settings import ProviderSettings, ServerSettings, Settings, leads_of

_CURLS = {
    "openai-chat": (
        "/v1/chat/completions",
        '{"model":"%s","stream":true,"messages":[{"role":"user","content":"Hello"}]}',
    ),
    "openai-responses": ("/v1/responses", '{"model":"%s","stream":true,"input":"Hello"}'),
    "anthropic-messages": (
        "/v1/messages",
        '{"model":"%s","stream":true,"max_tokens":256,"messages":[{"role":"user","content":"Hello"}]}',
    ),
}
_GLOB = frozenset("*?[")
_PASSTHROUGH = "the client's own login"
_NO_KEY = "no key needed"


def welcome(configuration: Configuration) -> str:
    """The whole text, for a person."""
    settings = configuration.settings
    parts = (
        _head(configuration),
        provider_lines(settings.providers),
        _curls(settings),
        _agents(configuration),
    )
    return "\n".join(line for part in parts for line in part)


def _head(configuration: Configuration) -> Iterable[str]:
    server = configuration.settings.server
    workers = f"{server.workers} worker{'s' if server.workers > 1 else ''}"
    keys = "keys required" if server.keys_required else "no keys asked for"
    yield f"penstock {version()} listens at http://{spell(server.host, server.port)} ({workers}, {keys})"
    yield f"configuration: {configuration.path or 'no file; providers come from the environment'}"
    if configuration.settings.admin is not None or not server.keys_required:
        yield f"console: {local_url(server.host, server.port)}/console"


def provider_lines(providers: Iterable[ProviderSettings]) -> Iterable[str]:
    """A table: name, dialects, where the key came from (never the key), and the models by name."""
    rows = [
        (each.name, ", ".join(dialects(each)), login_of(each), " ".join(each.families)) for each in providers
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    yield ""
    yield "providers"
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield f"  {'  '.join(cells)}".rstrip()


def dialects(provider: ProviderSettings) -> tuple[str, ...]:
    """What a provider speaks; demo speaks everything."""
    return tuple(DIALECTS) if provider.row == DEMO else tuple(sorted(provider.base_urls))


def login_of(provider: ProviderSettings) -> str:
    """How penstock logs in there, in words."""
    several = f"{len(provider.api_keys)} keys" if provider.api_keys else "key"
    words = {"key": f"{several} from {provider.key_source}", "passthrough": _PASSTHROUGH, "none": _NO_KEY}
    return words[provider.credential]


def _curls(settings: Settings) -> Iterable[str]:
    url = local_url(settings.server.host, settings.server.port)
    key = ' -H "authorization: Bearer $PENSTOCK_KEY"' if settings.server.keys_required else ""
    yield ""
    yield "try"
    for dialect, (path, body) in _CURLS.items():
        model = _example(settings, dialect)
        if model is not None:
            yield f"  curl -N {url}{path}{key} -H 'content-type: application/json' \\"
            yield f"    -d '{body % model}'"


def _example(settings: Settings, dialect: str) -> str | None:
    """A model that answers in this dialect: an alias of the user's own, demo, or a word to be replaced."""
    speaking = {provider.name for provider in settings.providers if dialect in dialects(provider)}
    for alias, lead in settings.models.items():
        if not _GLOB.intersection(alias) and leads_of(lead)[0].partition("/")[0] in speaking:
            return alias
    if DEMO in speaking:
        return "demo"
    families = [glob for each in settings.providers if each.name in speaking for glob in each.families]
    return next(iter(families), "MODEL" if speaking else None)


def _agents(configuration: Configuration) -> Iterable[str]:
    first, *others = (agent for agent in AGENTS.values() if agent.command)
    yield ""
    yield first.title
    yield from _runs(first, configuration)
    yield f"  {_by_hand(first, configuration.settings)}"
    yield f"others: {', '.join(agent.name for agent in others)}"


def _runs(agent: Agent, configuration: Configuration) -> Iterable[str]:
    run = f"  {_program()} run"
    if login(agent, configuration.settings) == "nobody":
        yield f"{run} --demo {agent.name}    (demo answers)"
        yield f"{run} {agent.name}           (with your own login, passed through to {agent.home})"
        return
    yield " ".join([run, *_same_place(configuration), agent.name])


def _program() -> str:
    """What starts this program again: its name where the shell finds it by that, else what was typed."""
    typed, found = Path(sys.argv[0]), shutil.which("penstock")
    if typed.name != "penstock" or (found and typed.exists() and typed.samefile(found)):
        return "penstock"
    return shlex.quote(sys.argv[0])


def _same_place(configuration: Configuration) -> Iterable[str]:
    """The options without which `run`, typed elsewhere, would not find this penstock."""
    server, default = configuration.settings.server, ServerSettings()
    if configuration.path:
        yield f"--config {shlex.quote(str(configuration.path.resolve()))}"
    if (server.host, server.port) != (default.host, default.port):
        yield f"--listen {spell(server.host, server.port)}"


def _by_hand(agent: Agent, settings: Settings) -> str:
    key = {"PENSTOCK_KEY": '"$PENSTOCK_KEY"'}
    assignments = exports(agent, settings, key)
    return " ".join([*(f"{name}={value}" for name, value in assignments.items()), agent.command])
