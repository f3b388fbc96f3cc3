"""The clients penstock knows how to point at itself: one row each, and what variables can say of us.

What takes more than variables (flags, a file for the length of a run) is in `pointing.py`, what is written
into an agent's own configuration in `installing.py`.
"""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Final, Literal

import msgspec

from gateway.configuration.addresses import local_url
from gateway.configuration.discovery import DEMO, OUR_KEYS, PLACEHOLDER
from gateway.settings import ProviderSettings, Settings, leads_of

Login = Literal["ours", "own", "nobody"]


class Agent(msgspec.Struct, frozen=True, kw_only=True):
    """A client: how it is told where to go and what to say there.

    `home` is the provider it talks to by itself ("": none in particular), `model` a name it may ask for.
    `model_variable` says which it asks for, as `model_spelled` puts it. `constants` are set whatever the
    address. `credentials` are variables that hold its own login, removed when ours is used instead;
    `detours` would lead it past us. `command` is empty for what cannot be run, only pointed. `everywhere`:
    `penstock env` without a name speaks to it, too. `asks_first`: it has a model choose its model, where it
    is told none, and waits for what only a real one can answer. `needs_model`: it has to be told one, and
    often all there are.
    """

    name: str
    title: str
    home: str = ""
    model: str = ""
    address_variable: str = ""
    address_suffix: str = ""
    token_variable: str = ""
    model_variable: str = ""
    model_spelled: str = "{}"
    constants: dict[str, str] = {}
    command: str = ""
    install: str = ""
    credentials: tuple[str, ...] = ()
    detours: tuple[str, ...] = ()
    everywhere: bool = False
    asks_first: bool = False
    needs_model: bool = False


# Where a proxy stands between, and the agent does not know what is not to go through it.
PROXIES: Final = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
_ROWS: Final = (
    Agent(
        name="claude",
        title="Claude Code",
        home="anthropic",
        model="claude-sonnet-4-5",
        address_variable="ANTHROPIC_BASE_URL",
        token_variable="ANTHROPIC_AUTH_TOKEN",  # noqa: S106 - the name of a variable
        model_variable="ANTHROPIC_MODEL",
        command="claude",
        install="npm install -g @anthropic-ai/claude-code",
        credentials=("ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN"),
        detours=("CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX", "CLAUDE_CODE_USE_FOUNDRY"),
        everywhere=True,
    ),
    Agent(
        name="codex",
        title="Codex",
        home="openai",
        model="gpt-5.5",
        token_variable="PENSTOCK_KEY",  # noqa: S106 - the name of a variable
        command="codex",
        install="npm install -g @openai/codex",
        credentials=("OPENAI_API_KEY", "CODEX_API_KEY", "CODEX_ACCESS_TOKEN"),
    ),
    Agent(
        name="gemini",
        title="Gemini CLI",
        home="gemini",
        model="gemini-3-pro-preview",
        address_variable="GOOGLE_GEMINI_BASE_URL",
        token_variable="GEMINI_API_KEY",  # noqa: S106 - the name of a variable
        model_variable="GEMINI_MODEL",
        command="gemini",
        install="npm install -g @google/gemini-cli",
        credentials=("GOOGLE_API_KEY",),
        detours=("GOOGLE_GENAI_USE_GCA", "GOOGLE_GENAI_USE_VERTEXAI", "GEMINI_CLI_USE_COMPUTE_ADC"),
        everywhere=True,
        asks_first=True,
    ),
    Agent(
        name="opencode",
        title="opencode",
        command="opencode",
        install="npm install -g opencode-ai",
        needs_model=True,
    ),
    Agent(
        name="qwen",
        title="Qwen Code",
        model="qwen3-coder-plus",
        home="qwen",
        address_variable="OPENAI_BASE_URL",
        address_suffix="/v1",
        token_variable="OPENAI_API_KEY",  # noqa: S106 - the name of a variable
        model_variable="OPENAI_MODEL",
        command="qwen",
        install="npm install -g @qwen-code/qwen-code",
        # It heeds no NO_PROXY, so a proxy would be asked for us.
        detours=("QWEN_OAUTH", *PROXIES),
    ),
    Agent(
        name="aider",
        title="aider",
        # Its own names for these win over its files, OpenAI's do not.
        address_variable="AIDER_OPENAI_API_BASE",
        address_suffix="/v1",
        token_variable="AIDER_OPENAI_API_KEY",  # noqa: S106 - the name of a variable
        model_variable="AIDER_MODEL",
        model_spelled="openai/{}",
        command="aider",
        install="python -m pip install aider-install && aider-install",
        credentials=("OPENAI_API_KEY",),
        detours=("OPENAI_BASE_URL", "OPENAI_API_BASE"),
        needs_model=True,
    ),
    Agent(
        name="goose",
        title="goose",
        address_variable="OPENAI_HOST",
        token_variable="OPENAI_API_KEY",  # noqa: S106 - the name of a variable
        model_variable="GOOSE_MODEL",
        constants={"GOOSE_PROVIDER": "openai", "OPENAI_BASE_PATH": "v1/chat/completions"},
        command="goose",
        install="see its own page: it is no package of npm or pip",
        detours=("OPENAI_BASE_URL",),
        needs_model=True,
    ),
    Agent(
        name="crush",
        title="Crush",
        token_variable="PENSTOCK_KEY",  # noqa: S106 - the name of a variable
        command="crush",
        install="npm install -g @charmland/crush",
        needs_model=True,
    ),
    Agent(
        name="zed",
        title="Zed",
        # It makes the name of the variable out of the provider's.
        token_variable="PENSTOCK_API_KEY",  # noqa: S106 - the name of a variable
        command="zed",
        install="see its own page: it is no package of npm or pip",
        needs_model=True,
    ),
    Agent(
        name="openai",
        title="clients of OpenAI's API",
        home="openai",
        model="gpt-5",
        address_variable="OPENAI_BASE_URL",
        address_suffix="/v1",
        token_variable="OPENAI_API_KEY",  # noqa: S106 - the name of a variable
        everywhere=True,
    ),
)
AGENTS: Final = {agent.name: agent for agent in _ROWS}
# These take more than variables, and opencode's are of `pointing.py`'s making.
RUNNABLE: Final = tuple(agent.name for agent in _ROWS if agent.command)
EXPORTED: Final = tuple(agent.name for agent in _ROWS if agent.address_variable or agent.name == "opencode")


def login(agent: Agent, settings: Settings, model: str = "") -> Login:
    """Whose credential the agent's requests will travel on; "nobody": no provider would take them."""
    serving = _serving(agent, settings, model or agent.model)
    if serving is None:
        return "nobody"
    return "own" if serving.credential == "passthrough" else "ours"


def exports(
    agent: Agent, settings: Settings, environment: Mapping[str, str], model: str = ""
) -> dict[str, str]:
    """The variables that point the agent at this penstock; no token when it brings its own login."""
    variables = {}
    if agent.address_variable:
        url = local_url(settings.server.host, settings.server.port)
        variables[agent.address_variable] = url + agent.address_suffix
    if agent.token_variable and login(agent, settings, model) != "own":
        variables[agent.token_variable] = token(settings, environment)
    if agent.model_variable and model:
        variables[agent.model_variable] = agent.model_spelled.format(model)
    return variables | agent.constants


def token(settings: Settings, environment: Mapping[str, str]) -> str:
    """What a client says to us: the caller's key, or any word when none is asked for."""
    return environment.get("PENSTOCK_KEY", "") if settings.server.keys_required else PLACEHOLDER


def is_ours(value: str) -> bool:
    """Whether a credential is one that only penstock understands."""
    return value == PLACEHOLDER or value.startswith(OUR_KEYS)


def plain_names(settings: Settings) -> Iterator[str]:
    """Names a client may ask for by this configuration alone, the user's own first; none twice."""
    names = [name for name in settings.models if not set("*?[:") & set(name)]
    known = [agent.model for agent in _ROWS if agent.model and _served(agent.model, settings)]
    local = [each.name for each in settings.providers if each.row == DEMO]
    return iter(dict.fromkeys([*names, *known, *local]))


def _serving(agent: Agent, settings: Settings, model: str) -> ProviderSettings | None:
    """The provider that would take the agent's requests: demo only where the user said so."""
    named = _named(model, settings)
    if named is not None or not model:
        return named or next(iter(_real(settings)), None)
    if model != agent.model:
        return _served(model, settings)
    at_home = [each for each in _real(settings) if agent.home and each.row == agent.home]
    return _served(model, settings) or next(iter(at_home), None)


def _named(model: str, settings: Settings) -> ProviderSettings | None:
    """The provider an entry of `models` leads a name to, or the one that stands before it."""
    providers = {each.name: each for each in settings.providers}
    for glob, lead in settings.models.items():
        if model and fnmatchcase(model, glob):
            return providers.get(leads_of(lead)[0].partition("/")[0])
    return providers.get(model.partition("/")[0])


def _served(model: str, settings: Settings) -> ProviderSettings | None:
    """The provider whose models are named like this one."""
    by_name = (each for each in _real(settings) if any(fnmatchcase(model, glob) for glob in each.families))
    return next(by_name, None)


def _real(settings: Settings) -> list[ProviderSettings]:
    return [each for each in settings.providers if each.row != DEMO]
