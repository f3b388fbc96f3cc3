"""The tables of `penstock.toml` that say who may call where, and what is written down."""

from typing import Annotated, Literal

from msgspec import Meta

from gateway.configuration.document_table import Duration, Size, Table


class Server(Table, frozen=True):
    """Where and how penstock listens."""

    listen: Annotated[str, Meta(description="Address and port; port 0 is any free one.")] = "127.0.0.1:4747"
    workers: Annotated[int, Meta(description="Processes that serve.")] = 1
    keys: Annotated[
        Literal["none", "required"] | None,
        Meta(
            description='Whether callers need one of our keys. Default: "required" when there are [keys], '
            "or a store and other machines can reach it."
        ),
    ] = None
    discover: Annotated[
        bool, Meta(description="Whether providers are also found in the environment, and demo is offered.")
    ] = True
    max_body: Annotated[Size, Meta(description="The largest request body taken.")] = "32MiB"
    max_inside: Annotated[
        int, Meta(description="Requests under way in each worker; more are told to come back (503).")
    ] = 2000
    drain: Annotated[Duration, Meta(description="How long streams may go on after SIGTERM.")] = "30s"
    sign_of_life: Annotated[Duration, Meta(description="Silence before a stream says it is alive.")] = "15s"
    websockets: Annotated[
        bool,
        Meta(description="Whether a WebSocket may be opened on /v1/responses, as Codex's own provider does."),
    ] = True
    reload: Annotated[
        bool, Meta(description="Whether this file is read again when it has changed; SIGHUP always does.")
    ] = True
    hosts: Annotated[
        list[str] | None,
        Meta(description="Names by which it may be called; without keys, beside this machine's own."),
    ] = None
    origins: Annotated[
        list[str] | None,
        Meta(description='Web pages that may call it and read the replies, such as "https://chat.example".'),
    ] = None
    guesses: Annotated[
        int, Meta(description="Wrong keys a minute from one address, in each worker; 0 is any number.")
    ] = 20
    compress: Annotated[
        Literal["remote", "always", "never"],
        Meta(
            description="For which clients whole replies over 1 KB are compressed, if they ask for it: "
            "those on other machines, all, or none."
        ),
    ] = "remote"
    memory: Annotated[
        Size | None,
        Meta(
            description="What all workers may have together; caches shrink from 80 % on. 0 is any. "
            "Default: what the container may have."
        ),
    ] = None


class Allowance(Table, frozen=True):
    """How much may be spent in a window of time, by all workers together."""

    dollars: Annotated[int | float | str, Meta(description='Dollars, such as "10.00".')]
    window: Annotated[
        Literal["hour", "day", "week", "month"],
        Meta(description="Of the calendar, in UTC; a week begins on Monday."),
    ]
    rolling: Annotated[
        bool, Meta(description="Whether it is the last hour, day, week, 30 days instead, at any time.")
    ] = False


class Quota(Table, frozen=True):
    """How much may be asked for, in each worker, and spent. 0 is any number."""

    requests_per_minute: Annotated[int, Meta(description="Requests in any minute.")] = 0
    tokens_per_minute: Annotated[int, Meta(description="Tokens in any minute, in and out together.")] = 0
    input_tokens_per_minute: Annotated[int, Meta(description="Tokens of input in any minute.")] = 0
    output_tokens_per_minute: Annotated[int, Meta(description="Tokens of output in any minute.")] = 0
    concurrent: Annotated[int, Meta(description="Requests under way at once.")] = 0
    budgets: Annotated[
        list[Allowance], Meta(description="How much may be spent; all of them hold. Needs a [store].")
    ] = []


class Notices(Table, frozen=True):
    """Who is told when budgets are spent."""

    webhook: Annotated[
        str,
        Meta(
            description="An address that gets JSON by POST when 75, 95 and 100 % of a budget are spent; "
            'by reference where it holds a secret: "${VAR}".'
        ),
    ] = ""


class Key(Table, frozen=True):
    """One of our own keys: `penstock key new` makes it."""

    secret: Annotated[str | None, Meta(description='The key, by reference: "${VAR}".')] = None
    sha256: Annotated[str | None, Meta(description="Its SHA-256 digest in hexadecimal.")] = None
    overrides: Annotated[
        bool, Meta(description="Whether its requests may say where they go, and how long they wait.")
    ] = False
    role: Annotated[
        Literal["admin", "member", "viewer", "service"] | None,
        Meta(description="What it may do. Default: call models, and look at the metrics."),
    ] = None
    models: Annotated[list[str] | None, Meta(description="Globs of the models it may use. Default: any.")] = (
        None
    )
    providers: Annotated[
        list[str] | None, Meta(description="Globs of the providers it may use. Default: any.")
    ] = None
    limits: Quota = Quota()


class Store(Table, frozen=True):
    """Where keys, usage and budgets are kept, and for how long."""

    path: Annotated[
        str,
        Meta(
            description='The database: a file, beside this one where no folder is said, or ":memory:". '
            "Nothing is kept without one."
        ),
    ] = ""
    keep_rows: Annotated[int, Meta(description="Days that a row of the ledger is kept: one an attempt.")] = 30
    keep_sums: Annotated[int, Meta(description="Days that its sums by hour and day are kept.")] = 400


class Admin(Table, frozen=True):
    """The admin API, under /admin/v1. It is off unless there is a key for it."""

    key: Annotated[
        str | None, Meta(description='Its key, by reference: "${VAR}". At least 32 characters.')
    ] = None
    sha256: Annotated[str | None, Meta(description="Instead, the SHA-256 digest of it in hexadecimal.")] = (
        None
    )
    backups: Annotated[
        str | None, Meta(description="The folder that backups are written into. Default: there are none.")
    ] = None


class Log(Table, frozen=True):
    """What is logged, and how."""

    level: Annotated[
        Literal["off", "error", "info", "debug"],
        Meta(description='"info" has a line for every request, "error" for those that failed with a 5xx.'),
    ] = "info"
    format: Annotated[Literal["text", "json"], Meta(description="For people, or one object a line.")] = "text"
