"""What `penstock.toml` may say: the raw file as strict Structs, before anything is resolved.

Nothing here has an effect of its own. `configuration.py` turns it into `settings.py`'s Structs;
`penstock schema` prints it for editors. A repr shows no values, because any string may be a secret.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from gateway.configuration.connecting import Pooling
from gateway.configuration.document_server import Admin, Key, Log, Notices, Quota, Server, Store
from gateway.configuration.document_table import Duration, Size, Table

Dollars = Annotated[
    int | float | str,
    Meta(description='Dollars for a million tokens, such as "3.00".', examples=["3.00", 15]),
]


class Limits(Table, frozen=True):
    """Time limits of a call, where they are other than the provider's."""

    first_byte: Annotated[Duration | None, Meta(description="Until a stream begins.")] = None
    first_byte_thinking: Annotated[
        Duration | None, Meta(description="The same, when the request asks the model to think.")
    ] = None
    idle: Annotated[Duration | None, Meta(description="Between two pieces of a stream.")] = None
    whole: Annotated[Duration | None, Meta(description="Until a reply that is not streamed is there.")] = None


class Timeouts(Limits, frozen=True):
    """Time limits by phase of a call to a provider."""

    connect: Annotated[Duration | None, Meta(description="Until a connection is open.")] = None


class Provider(Table, frozen=True):
    """One provider: a known name, another instance (`like`), or any address (`dialect`, `base_url`)."""

    like: Annotated[str | None, Meta(description="The known provider this one is an instance of.")] = None
    dialect: Annotated[str | None, Meta(description="What it speaks, such as openai-chat.")] = None
    base_url: Annotated[str | None, Meta(description="Its address, with or without a final /v1.")] = None
    api_key: Annotated[str | None, Meta(description='Its key: "${VAR}" or "${file:path}".')] = None
    api_keys: Annotated[
        list[str] | None,
        Meta(description="Several keys instead of one: taken in turn, and left alone while refused."),
    ] = None
    auth: Annotated[
        Literal["key", "passthrough", "none"] | None,
        Meta(description="With api_key, with the client's own credential (Anthropic only), or not at all."),
    ] = None
    headers: Annotated[dict[str, str], Meta(description="Headers added to every request to it.")] = {}
    proxy: Annotated[
        str | None,
        Meta(description='An HTTP proxy for this provider; "" is none, whatever the environment says.'),
    ] = None
    ca_file: Annotated[str | None, Meta(description="Certificates to trust instead of the system's.")] = None
    timeouts: Timeouts = Timeouts()
    connections: Pooling = Pooling()
    cache_breakpoints: Annotated[
        bool,
        Meta(
            description="Whether marks of the prompt cache are set for clients that set none "
            "(anthropic-messages only)."
        ),
    ] = False
    concurrency: Annotated[
        int | None,
        Meta(description="Requests at once, in each worker; the others wait. Default: any number."),
    ] = None
    models: Annotated[
        list[str] | None,
        Meta(description="Globs of model names that go to it when no alias says otherwise."),
    ] = None
    probe: Annotated[
        Duration | None,
        Meta(description="How often it is asked for its models to see whether it is there. Default: never."),
    ] = None
    pace: Annotated[Duration | None, Meta(description="Time between two words of the demo provider.")] = None


class Target(Table, frozen=True):
    """One target of a group, where it has a weight; without one its name alone will do."""

    to: Annotated[str, Meta(description='"provider" or "provider/model".')]
    weight: Annotated[
        int | None, Meta(description="How often it is chosen, against the others. Default: 1.")
    ] = None


class Group(Table, frozen=True):
    """Several targets of equal rank: each request begins with one of them, and the others are next."""

    targets: Annotated[list[str | Target], Meta(description="The targets, by name or with a weight.")]
    strategy: Annotated[
        Literal["weighted", "round_robin", "least_busy", "fastest", "cheapest", "in_order"],
        Meta(
            description="Which one a request begins with: one drawn by weight, the next in turn, the one "
            "with the fewest requests under way, the one that answers soonest, the one that costs least, or "
            "always the first."
        ),
    ] = "weighted"
    affinity: Annotated[
        bool, Meta(description="Whether a conversation stays with its target, and its key, of several.")
    ] = True
    timeouts: Limits = Limits()
    too_long: Annotated[
        str | None, Meta(description="Where a conversation goes that is too long for its targets.")
    ] = None
    refused: Annotated[
        str | None, Meta(description="Where a request goes whose content the filter of a target refuses.")
    ] = None
    hedge: Annotated[
        Duration | None,
        Meta(description="The next target is asked as well when the first has shown nothing for this time."),
    ] = None


class Failure(Table, frozen=True):
    """How often a request is tried, and when a target that fails is left alone."""

    tries: Annotated[int, Meta(description="Tries of one request, over all its targets.")] = 4
    tries_per_target: Annotated[int, Meta(description="Of them at one target, if others are left.")] = 2
    pause: Annotated[
        Duration,
        Meta(description="Before a further try at a target: a random time up to this, doubled with each."),
    ] = "100ms"
    deadline: Annotated[
        Duration, Meta(description="No further try begins later than this after the request was planned.")
    ] = "2m"
    rest: Annotated[
        Duration, Meta(description="How long a target is left alone once too many tries at it have failed.")
    ] = "30s"
    queue: Annotated[
        Duration, Meta(description="How long a request waits for its turn at a provider with a concurrency.")
    ] = "10s"
    leaving: Annotated[
        Literal["price", "always", "never"],
        Meta(
            description="A throttled target that holds a conversation's prompt cache: waited for where "
            "leaving costs more, left at once, or waited for."
        ),
    ] = "price"
    wait_at_most: Annotated[Duration, Meta(description="For longer it is not waited for.")] = "20s"
    patience: Annotated[
        int | float | str, Meta(description="Dollars that a second of waiting costs, for `leaving`.")
    ] = "0.01"
    worth_waiting_tokens: Annotated[
        int, Meta(description="Warm tokens that are worth ten seconds, where a price is not known.")
    ] = 20_000
    credential_rest: Annotated[
        Duration, Meta(description="How long one of several keys is left alone that its provider refuses.")
    ] = "5m"
    learn: Annotated[
        bool,
        Meta(description="Whether settings and betas that a model refuses are left out from then on."),
    ] = True
    remember: Annotated[
        Duration,
        Meta(description="How long what was learned so is kept, and later requests sent without it."),
    ] = "24h"
    reconnect: Annotated[
        Duration,
        Meta(
            description="How long a call goes on whose client was cut off, so that the same request finds "
            "its reply. 0: it ends at once."
        ),
    ] = 0


class CacheFor(Table, frozen=True):
    """What is said of the cache for a model or a key; what is left out is as for all."""

    responses: Annotated[
        Literal["off", "on", "read", "write"] | None,
        Meta(description="Whether replies are cached for it: read and written, only one of both, or not."),
    ] = None
    coalesce: Annotated[
        bool | None, Meta(description="Whether equal requests in flight share one call to the provider.")
    ] = None
    force: Annotated[
        bool | None, Meta(description="Whether replies are cached that would be another each time.")
    ] = None
    ttl: Annotated[Duration | None, Meta(description="How long a reply is kept.")] = None


class Cache(Table, frozen=True):
    """Replies that are given again, and calls that are shared."""

    responses: Annotated[
        Literal["off", "on", "read", "write"],
        Meta(description="Whether replies are cached: read and written, only one of both, or not."),
    ] = "off"
    coalesce: Annotated[
        bool, Meta(description="Whether equal requests in flight share one call to the provider.")
    ] = False
    force: Annotated[
        bool,
        Meta(
            description="Whether replies are cached that would be another each time: without a seed or a "
            "temperature of at most 0.3."
        ),
    ] = False
    ttl: Annotated[Duration, Meta(description="How long a reply is kept.")] = "5m"
    max_entries: Annotated[int, Meta(description="Replies kept in each worker.")] = 10_000
    max_bytes: Annotated[Size, Meta(description="Bytes they may take there.")] = "64MiB"
    models: Annotated[
        dict[str, CacheFor],
        Meta(description="The same for models, by the name asked for or a glob; the longest counts."),
    ] = {}
    keys: Annotated[
        dict[str, CacheFor], Meta(description="The same for callers, by the name of their key; counts most.")
    ] = {}


class Routing(Table, frozen=True):
    """How the names that clients ask for are understood."""

    by_provider: Annotated[
        bool,
        Meta(description='Whether a client may name the provider itself: "provider/model".'),
    ] = True


class Scenarios(Table, frozen=True):
    """What the scenarios of rules mean by long, and by small."""

    long_context_tokens: Annotated[
        int, Meta(description="Estimated tokens of input beyond which a context is long; 0: never.")
    ] = 60_000
    background_models: Annotated[
        list[str] | None,
        Meta(
            description="Globs of the small models that agents work in the background with. Default: "
            '["*haiku*", "*-mini*", "*nano*", "*flash-lite*"].'
        ),
    ] = None


class When(Table, frozen=True):
    """The conditions of a rule: all that are given must hold."""

    scenario: Annotated[
        Literal["long_context", "background", "thinking", "web_search", "image", "subagent"] | None,
        Meta(description="What the request is for; it has the first scenario that fits, in this order."),
    ] = None
    model: Annotated[str | list[str] | None, Meta(description="The model asked for: a glob, or several.")] = (
        None
    )
    dialect: Annotated[str | None, Meta(description="The API the client speaks, such as openai-chat.")] = None
    tokens_over: Annotated[int | None, Meta(description="More estimated tokens of input than this.")] = None
    tokens_under: Annotated[int | None, Meta(description="Fewer estimated tokens of input.")] = None
    tools: Annotated[bool | None, Meta(description="Whether it offers tools.")] = None
    images: Annotated[bool | None, Meta(description="Whether there is an image to look at.")] = None
    thinking: Annotated[bool | None, Meta(description="Whether the model is asked to think.")] = None
    stream: Annotated[bool | None, Meta(description="Whether a stream is asked for.")] = None
    web_search: Annotated[bool | None, Meta(description="Whether the provider is to search the web.")] = None
    headers: Annotated[dict[str, str], Meta(description="Header fields: a glob for each name.")] = {}
    key: Annotated[str | None, Meta(description="The name of the caller's key, as a glob.")] = None
    team: Annotated[
        str | None, Meta(description="The team its key belongs to, by name or id, as a glob.")
    ] = None
    agent: Annotated[str | None, Meta(description="The subagent that asks, as a glob.")] = None
    time: Annotated[str | None, Meta(description='A part of the day in UTC: "22:00-06:00".')] = None
    days: Annotated[
        list[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]] | None,
        Meta(description="Days of the week, in UTC."),
    ] = None


class Rule(Table, frozen=True):
    """Where requests go for which its conditions hold; the first rule that fits goes before all names."""

    use: Annotated[
        str | list[str | Group] | Group,
        Meta(description="As in [models]: a name of it, a target, a list of them, or a group."),
    ]
    when: Annotated[When, Meta(description="The conditions; none of them for what no rule before took.")] = (
        When()
    )


class Profile(Table, frozen=True):
    """Names and rules of the base URL /route/NAME; what it does not set is as without it."""

    models: Annotated[
        dict[str, str | list[str | Group] | Group],
        Meta(description="As [models], and before it."),
    ] = {}
    rules: Annotated[list[Rule] | None, Meta(description="As [[rules]], and instead of them.")] = None


class LongPrice(Table, frozen=True):
    """What a request costs whose input is long: dollars for a million tokens; the rest is as for others."""

    over: Annotated[int, Meta(description="Tokens of input, cached ones too, beyond which it is long.")]
    input: Annotated[Dollars | None, Meta(description="As for others.")] = None
    output: Annotated[Dollars | None, Meta(description="As for others.")] = None
    cache_read: Annotated[Dollars | None, Meta(description="As for others.")] = None
    cache_write: Annotated[Dollars | None, Meta(description="As for others.")] = None
    cache_write_1h: Annotated[Dollars | None, Meta(description="As for others.")] = None
    reasoning: Annotated[Dollars | None, Meta(description="As for others.")] = None


class Price(Table, frozen=True):
    """What a model costs: dollars for a million tokens."""

    input: Annotated[Dollars, Meta(description="Dollars for a million tokens of input that no cache held.")]
    output: Annotated[Dollars, Meta(description="Dollars for a million tokens of output.")]
    cache_read: Annotated[
        Dollars | None, Meta(description="Dollars for a million read from the prompt cache. Default: input.")
    ] = None
    cache_write: Annotated[
        Dollars | None, Meta(description="Dollars for a million written to it. Default: input.")
    ] = None
    cache_write_1h: Annotated[
        Dollars | None,
        Meta(description="Dollars for a million written to it for an hour. Default: cache_write."),
    ] = None
    reasoning: Annotated[
        Dollars | None, Meta(description="Dollars for a million that it thinks. Default: output.")
    ] = None
    request: Annotated[
        int | float | str, Meta(description="Dollars for each request, beside its tokens.")
    ] = 0
    longer: Annotated[
        list[LongPrice] | None, Meta(description="What it costs when the input is long, by how long it is.")
    ] = None


class Capabilities(Table, frozen=True):
    """What a model can do. A plan of several targets leaves out those that are known to be unable."""

    context: Annotated[int | None, Meta(description="The tokens a conversation may have.")] = None
    output: Annotated[int | None, Meta(description="The tokens an answer may have.")] = None
    tools: Annotated[bool | None, Meta(description="Whether it can use tools.")] = None
    vision: Annotated[bool | None, Meta(description="Whether it can look at images.")] = None
    pdf: Annotated[bool | None, Meta(description="Whether it can read documents.")] = None
    thinking: Annotated[bool | None, Meta(description="Whether it can think before it answers.")] = None
    structured: Annotated[bool | None, Meta(description="Whether it can keep to a schema.")] = None


class Routes(Table, frozen=True):
    """Where requests go, as it is set while running: laid over the file's own names, and before its rules."""

    models: Annotated[
        dict[str, str | list[str | Group] | Group], Meta(description="As [models] of the configuration.")
    ] = {}
    rules: Annotated[list[Rule], Meta(description="As [[rules]]; they come before those of the file.")] = []


class Document(Table, frozen=True):
    """The configuration of penstock. Everything has a default."""

    server: Server = Server()
    providers: dict[str, Provider] = {}
    models: Annotated[
        dict[str, str | list[str | Group] | Group],
        Meta(
            description='What clients ask for (a name, a glob or a regular expression, "re:…") -> "provider" '
            'or "provider/model" or another name, a list of them to be tried in order, or a group of equal '
            "rank."
        ),
    ] = {}
    routing: Routing = Routing()
    scenarios: Scenarios = Scenarios()
    rules: list[Rule] = []
    profiles: dict[str, Profile] = {}
    prices: dict[str, Price] = {}
    capabilities: dict[str, Capabilities] = {}
    failure: Failure = Failure()
    cache: Cache = Cache()
    keys: dict[str, Key] = {}
    limits: Quota = Quota()
    budgets: Notices = Notices()
    store: Store = Store()
    admin: Admin = Admin()
    log: Log = Log()


def schema() -> dict[str, object]:
    """The JSON schema of the file, for editors."""
    return msgspec.json.schema(Document)
