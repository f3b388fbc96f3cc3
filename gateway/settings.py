"""The settings of a running penstock: resolved, checked, frozen.

Reading files and the environment is `configuration/`'s work.
"""

import signal
from typing import Annotated, Literal

import msgspec

# How a worker is told that it is about to be stopped; Windows has no such signal.
LEAVING: signal.Signals | None = getattr(signal, "SIGUSR1", None)
# How it is told to read its configuration again.
RENEWAL: signal.Signals | None = getattr(signal, "SIGUSR2", None)

# The dialect that marks in a request what is to be kept in the prompt cache.
MARKING = "anthropic-messages"
CredentialMode = Literal["key", "passthrough", "none"]
LeavingPolicy = Literal["price", "always", "never"]
Strategy = Literal["weighted", "round_robin", "least_busy", "fastest", "cheapest"]
CacheMode = Literal["off", "on", "read", "write"]
Span = Literal["hour", "day", "week", "month"]
# Nobody's budget is larger than a thousand million dollars.
MOST_MONEY = 10**15


class Timeouts(msgspec.Struct, frozen=True, kw_only=True):
    """Time limits by phase, in seconds (feature F4)."""

    connect: float = 5.0
    first_byte: float = 60.0
    first_byte_thinking: float = 600.0
    idle: float = 120.0
    whole: float = 600.0


class Connections(msgspec.Struct, frozen=True, kw_only=True):
    """The connections to one address with one key: `most` at once (0: any number), `ahead` opened unasked."""

    most: int = 0
    keep_alive: float = 75.0
    ahead: int = 0


class ProviderSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One configured provider. `base_urls`: dialect name -> address. `row`: the table row it is like, if any.

    `api_keys` are all of its keys where it has several; `api_key` is then the first of them.
    `concurrency`: requests at once, 0 for any number. `probe`: seconds between two looks at whether it is
    there, 0 for none.
    `key_source` says where the key came from, fit to be shown; the repr shows nothing that may be a secret.
    """

    name: str
    row: str | None
    base_urls: dict[str, str]
    credential: CredentialMode = "none"
    api_key: str | None = None
    api_keys: tuple[str, ...] = ()
    key_source: str = ""
    headers: dict[str, str] = {}
    proxy: str | None = None
    ca_file: str | None = None
    timeouts: Timeouts = Timeouts()
    connections: Connections = Connections()
    concurrency: int = 0
    cache_breakpoints: bool = False
    probe: float = 0.0
    families: tuple[str, ...] = ()
    pace: float = 0.02

    def __repr__(self) -> str:
        return f"ProviderSettings({self.name!r}, credential={self.credential!r}, {sorted(self.base_urls)})"


class Share(msgspec.Struct, frozen=True):
    """One target as it is written, "provider" or "provider/model", and how often it is chosen in its tier."""

    to: str
    weight: int = 1


class Recourse(msgspec.Struct, frozen=True):
    """Where a request goes that is too long for its targets, or whose content they refuse: names.

    `hedge`: after how many seconds without content the next target is asked as well; 0 for never.
    """

    too_long: str = ""
    refused: str = ""
    hedge: float = 0.0


class Tier(msgspec.Struct, frozen=True):
    """Targets of one rank: each request begins with one of them, and the others are next.

    `timeouts` are those that are other than the provider's. `affinity`: conversations stay where they are.
    """

    shares: tuple[Share, ...]
    strategy: Strategy = "weighted"
    timeouts: dict[str, float] = {}
    affinity: bool = True
    recourse: Recourse | None = None


# What a name of `models` begins with that is a regular expression.
EXPRESSION = "re:"


class Route(msgspec.Struct, frozen=True):
    """Tiers, tried in order."""

    tiers: tuple[Tier, ...]


def tiers_of(lead: str | Route) -> tuple[Tier, ...]:
    """The tiers of an entry of `models`: a target alone is one of one."""
    return lead.tiers if isinstance(lead, Route) else (Tier((Share(lead),)),)


def leads_of(lead: str | Route) -> tuple[str, ...]:
    """The targets of an entry of `models`, as they are written, in order."""
    return tuple(share.to for tier in tiers_of(lead) for share in tier.shares)


class When(msgspec.Struct, frozen=True, kw_only=True):
    """The conditions of a rule; all that are given must hold.

    `model`: globs, one of which must fit. `headers`: globs by the name of a field, in small letters. `time`:
    minutes of the day from and to, in UTC. `days`: 0 is Monday.
    """

    scenario: str | None = None
    model: tuple[str, ...] = ()
    dialect: str | None = None
    tokens_over: int | None = None
    tokens_under: int | None = None
    tools: bool | None = None
    images: bool | None = None
    thinking: bool | None = None
    stream: bool | None = None
    web_search: bool | None = None
    headers: dict[str, str] = {}
    key: str | None = None
    team: str | None = None
    agent: str | None = None
    time: tuple[int, int] | None = None
    days: tuple[int, ...] = ()


class Rule(msgspec.Struct, frozen=True):
    """Where requests go for which all of this holds. `where`: its place in the configuration."""

    when: When
    lead: str | Route
    where: str


class Scenarios(msgspec.Struct, frozen=True, kw_only=True):
    """What is long, and which models are small (globs). Nothing is long at 0."""

    long_context_tokens: int = 60_000
    background_models: tuple[str, ...] = ("*haiku*", "*-mini*", "*nano*", "*flash-lite*")


class Profile(msgspec.Struct, frozen=True):
    """Names and rules of one base URL."""

    models: dict[str, str | Route]
    rules: tuple[Rule, ...] = ()


class RoutingSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How names are understood, and what goes before them.

    `by_provider`: whether a client may say "provider/model".
    """

    by_provider: bool = True
    rules: tuple[Rule, ...] = ()
    scenarios: Scenarios = Scenarios()
    profiles: dict[str, Profile] = {}


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """What a million tokens cost, in millionths of a dollar. `source`: who says so, and of when.

    None is as what it is a part of: what is written to the cache for an hour as what is written for five
    minutes, reasoning as output. `request` is what each request costs beside its tokens. An input of more
    than `over` tokens makes all of the request cost what `longer` says, where that is there.
    """

    input: int
    output: int
    cache_read: int
    cache_write: int
    cache_write_1h: int | None = None
    reasoning: int | None = None
    request: int = 0
    over: int = 0
    longer: "Price | None" = None
    source: str = "configuration"


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What a model can do; None where it is not known. `context` and `output` are in tokens."""

    context: int | None = None
    output: int | None = None
    tools: bool | None = None
    vision: bool | None = None
    pdf: bool | None = None
    thinking: bool | None = None
    structured: bool | None = None


class FailureSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How often a request is tried, and how long what fails is left alone. In seconds.

    `patience`: what a second of waiting costs, in millionths of a dollar.

    `learn`: whether what an upstream refuses is left out, for as long as `remember` says.
    `reconnect`: how long a call goes on whose client was cut off, for it may come back.
    """

    tries: int = 4
    tries_per_target: int = 2
    pause: float = 0.1
    deadline: float = 120.0
    rest: float = 30.0
    credential_rest: float = 300.0
    queue: float = 10.0
    leaving: LeavingPolicy = "price"
    wait_at_most: float = 20.0
    patience: int = 10_000
    worth_waiting_tokens: int = 20_000
    learn: bool = True
    remember: float = 86400.0
    reconnect: float = 0.0


class Caching(msgspec.Struct, frozen=True, kw_only=True):
    """What is done for a request: answered from the cache and kept there, and shared with the same in flight.

    `force`: whether answers are kept that would be another each time. `ttl`: for how long, in seconds.
    """

    responses: CacheMode = "off"
    coalesce: bool = False
    force: bool = False
    ttl: float = 300.0


class CachingFor(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of it for a model or a key; None where nothing is."""

    responses: CacheMode | None = None
    coalesce: bool | None = None
    force: bool | None = None
    ttl: float | None = None


class CacheSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What is cached: for all, by the model asked for (a name or a glob), and by the caller's key's name."""

    usual: Caching = Caching()
    max_entries: int = 10_000
    max_bytes: int = 64 * 1024 * 1024
    models: dict[str, CachingFor] = {}
    keys: dict[str, CachingFor] = {}

    @property
    def off(self) -> bool:
        """Whether nothing is cached for anybody, and nothing shared."""
        said: list[Caching | CachingFor] = [self.usual, *self.models.values(), *self.keys.values()]
        return not any((one.responses or "off") != "off" or one.coalesce for one in said)


class LimitSettings(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """How much may be asked for: in any minute, and at once. 0 is any number."""

    requests_per_minute: int = 0
    tokens_per_minute: int = 0
    input_tokens_per_minute: int = 0
    output_tokens_per_minute: int = 0
    concurrent: int = 0


class Budget(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """How much may be spent in a window of time, in micro-dollars. One that is `rolling` ends now."""

    dollars: Annotated[int, msgspec.Meta(ge=0, le=MOST_MONEY)]
    window: Span
    rolling: bool = False


class BudgetSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The budgets over everybody, and the address that is told when one is passed (it may hold a secret)."""

    everybody: tuple[Budget, ...] = ()
    webhook: str = ""

    def __repr__(self) -> str:
        return f"BudgetSettings({self.everybody!r})"


class KeySettings(msgspec.Struct, frozen=True):
    """One of our own keys, as its SHA-256 digest (32 bytes). `overrides`: whether it may say where to go.

    `models` and `providers`: globs of what it may use; none is any.
    """

    name: str
    digest: bytes
    overrides: bool = False
    limits: LimitSettings = LimitSettings()
    budgets: tuple[Budget, ...] = ()
    role: Literal["admin", "member", "viewer", "service"] | None = None
    models: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()


class ServerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where and how penstock listens. Sizes in bytes, times in seconds.

    `memory` of all workers: 0 is any, None what the container may have.
    """

    host: str = "127.0.0.1"
    port: int = 4747
    workers: int = 1
    keys_required: bool = False
    max_body: int = 32 * 1024 * 1024
    max_headers: int = 64 * 1024
    body_timeout: float = 60.0
    max_inside: int = 2000
    drain: float = 30.0
    sign_of_life: float = 15.0
    websockets: bool = True
    reload: bool = True
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    guesses: int = 20
    compress: Literal["remote", "always", "never"] = "remote"
    memory: int | None = None


class StoreSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where is kept what is kept: the path of a file, ":memory:", or "" for nowhere. Times in days."""

    path: str = ""
    keep_rows: int = 30
    keep_sums: int = 400


class AdminSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The admin API: the SHA-256 digest of its key (32 bytes), and the folder of backups, "" for none."""

    digest: bytes
    backups: str = ""


class LogSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`format`: "text" or "json"; `level`: "off", "error", "info" or "debug"."""

    level: str = "info"
    format: str = "text"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything one worker needs to build its House.

    `models`: what clients ask for -> "provider" or "provider/model", or several of them.
    """

    server: ServerSettings = ServerSettings()
    providers: tuple[ProviderSettings, ...] = ()
    models: dict[str, str | Route] = {}
    routing: RoutingSettings = RoutingSettings()
    prices: dict[str, Price] = {}
    capabilities: dict[str, Capabilities] = {}
    failure: FailureSettings = FailureSettings()
    cache: CacheSettings = CacheSettings()
    keys: tuple[KeySettings, ...] = ()
    limits: LimitSettings = LimitSettings()
    budgets: BudgetSettings = BudgetSettings()
    store: StoreSettings = StoreSettings()
    admin: AdminSettings | None = None
    log: LogSettings = LogSettings()
