"""The clients penstock knows how to point at itself: one row each, and what a row means for one run."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Literal

import msgspec

from gateway.configuration.addresses import local_url
from gateway.configuration.discovery import DEMO, OUR_KEYS, PLACEHOLDER
from gateway.settings import ProviderSettings, Settings, leads_of

Login = Literal["ours", "own", "nobody"]


class Agent(msgspec.Struct, frozen=True, kw_only=True):
    """A client: how it is told where to go and what to say there.

    `home` is the provider it talks to by itself, `model` a name it may ask for. `credentials` are
    variables that hold its own login, removed when ours is used instead; `detours` would lead it past
    us. `command` is empty for what cannot be run, only pointed.
    """

    name: str
    title: str
    home: str
    model: str
    address_variable: str
    address_suffix: str = ""
    token_variable: str
    command: str = ""
    install: str = ""
    credentials: tuple[str, ...] = ()
    detours: tuple[str, ...] = ()


AGENTS = {
    agent.name: agent
    for agent in (
        Agent(
            name="claude",
            title="Claude Code",
            home="anthropic",
            model="claude-sonnet-4-5",
            address_variable="ANTHROPIC_BASE_URL",
            token_variable="ANTHROPIC_AUTH_TOKEN",  # noqa: S106 - the name of a variable
            command="claude",
            install="npm install -g @anthropic-ai/claude-code",
            credentials=("ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN"),
            detours=("CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX", "CLAUDE_CODE_USE_FOUNDRY"),
        ),
        Agent(
            name="openai",
            title="clients of OpenAI's API",
            home="openai",
            model="gpt-5",
            address_variable="OPENAI_BASE_URL",
            address_suffix="/v1",
            token_variable="OPENAI_API_KEY",  # noqa: S106 - the name of a variable
        ),
    )
}


def login(agent: Agent, settings: Settings) -> Login:
    """Whose credential the agent's requests will travel on; "nobody": no provider would take them."""
    serving = _serving(agent, settings)
    if serving is None:
        return "nobody"
    return "own" if serving.credential == "passthrough" else "ours"


def exports(agent: Agent, settings: Settings, environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that point the agent at this penstock; no token when it brings its own login."""
    url = local_url(settings.server.host, settings.server.port) + agent.address_suffix
    variables = {agent.address_variable: url}
    if login(agent, settings) != "own":
        variables[agent.token_variable] = token(settings, environment)
    return variables


def token(settings: Settings, environment: Mapping[str, str]) -> str:
    """What a client says to us: the caller's key, or any word when none is asked for."""
    return environment.get("PENSTOCK_KEY", "") if settings.server.keys_required else PLACEHOLDER


def is_ours(value: str) -> bool:
    """Whether a credential is one that only penstock understands."""
    return value == PLACEHOLDER or value.startswith(OUR_KEYS)


def _serving(agent: Agent, settings: Settings) -> ProviderSettings | None:
    """The provider that would take the agent's requests: demo only where the user said so."""
    for glob, lead in settings.models.items():
        if fnmatchcase(agent.model, glob):
            named = leads_of(lead)[0].partition("/")[0]
            return next((each for each in settings.providers if each.name == named), None)
    real = [each for each in settings.providers if each.row != DEMO]
    by_name = [each for each in real if any(fnmatchcase(agent.model, glob) for glob in each.families)]
    at_home = [each for each in real if each.row == agent.home]
    return next(iter(by_name + at_home), None)
