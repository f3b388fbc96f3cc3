"""Writes the parts of these pages that the code knows better: `python -m docs.generate` (the recipe `docs`).

A part stands between `<!-- generated:NAME -->` and `<!-- /generated:NAME -->`; everything else on a page
is written by hand. tests/test_docs.py holds the pages to what this makes.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import cast

import msgspec
from msgspec import inspect

from adapters.dialects.anthropic_messages.wire import ERROR_TYPES
from adapters.openai import ERROR_WORDS
from adapters.table import DIALECTS, PROVIDERS
from docs import checks, dialects
from gateway import catalogue, codings, heads, ingress, judgement, socket, tallies
from gateway.cli.options import PLACES
from gateway.configuration.document import Document
from gateway.configuration.provider_settings import RESERVED_HEADERS
from gateway.configuration.strictness import plain
from gateway.edge.admin.refusal import WORDS
from gateway.edge.admin.table import CONTRACTS
from gateway.edge.metrics import exposition
from gateway.house import House
from gateway.journal import Line
from gateway.settings import Connections, ProviderSettings, ServerSettings, Settings, Timeouts

FOLDER = Path(__file__).resolve().parent
PART = re.compile(r"(<!-- generated:([\w-]+) -->\n).*?(<!-- /generated:\2 -->)", re.DOTALL)
NOTHING = "-"
# The step of a path that the user names: a provider, a key, a model.
NAMED = "NAME"
# What marks a step into the items of an array, which no variable reaches.
ITEM = "[]"

_TYPES = {
    frozenset((inspect.StrType,)): "string",
    frozenset((inspect.BoolType,)): "true or false",
    frozenset((inspect.IntType,)): "whole number",
    frozenset((inspect.IntType, inspect.StrType)): "size",
    frozenset((inspect.StrType, inspect.ListType)): "string, or array of strings",
    frozenset((inspect.StrType, inspect.ListType, inspect.StructType)): "string, array or table",
    frozenset((inspect.IntType, inspect.FloatType, inspect.StrType)): "duration",
    frozenset((inspect.DictType,)): "table of strings",
}
_ITEMS = {
    inspect.StrType: "array of strings",
    inspect.LiteralType: "array of strings",
    inspect.StructType: "array of tables",
}
# Defaults that the file leaves open, because something else decides when nothing is said there.
_RESOLVED = {
    **{
        f"providers.{NAMED}.timeouts.{name}": value
        for name, value in msgspec.structs.asdict(Timeouts()).items()
    },
    f"providers.{NAMED}.connections.keep_alive": Connections().keep_alive,
    f"providers.{NAMED}.pace": ProviderSettings(name="", row=None, base_urls={}).pace,
}
_FLAGS = {place: f"--{name.replace('_', '-')}" for name, place in PLACES.items()}


def main() -> None:
    """Bring every page up to date."""
    for page in sorted(FOLDER.glob("*.md")):
        page.write_text(filled(page.read_text(encoding="utf-8")), encoding="utf-8")


def filled(text: str) -> str:
    """A page with its generated parts as they should be. Raises KeyError for a part nobody makes."""
    return PART.sub(lambda match: f"{match[1]}\n{PARTS[match[2]]()}\n\n{match[3]}", text)


def _table(heads_of_columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads_of_columns, ["---"] * len(heads_of_columns), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def _code(value: object) -> str:
    return f"`{value}`"


# The configuration.


def keys() -> str:
    """Every key of penstock.toml, a table of Markdown for each table of the file."""
    return "\n\n".join(_tables(cast("inspect.StructType", inspect.type_info(Document)), ()))


def _tables(struct: inspect.StructType, path: tuple[str, ...]) -> Iterable[str]:
    # What stands in a profile stands in the main tables, too, and is told there.
    alike = path[:1] == ("profiles",)
    leaves = [field for field in struct.fields if alike or not _inner(field)]
    if path:
        columns = ("key", "type", "default", "environment", "what it is")
        words = (struct.cls.__doc__ or "").partition("\n")[0]
        rows = [_row(field, path) for field in leaves]
        heading = f"[{'.'.join(path).replace(ITEM, '')}]"
        heading = f"[{heading}]" if path[-1].endswith(ITEM) else heading
        yield f"### `{heading}`\n\n{words}\n\n{_table(columns, rows)}"
    for field in () if alike else struct.fields:
        inner = _inner(field)
        if inner is not None:
            yield from _tables(inner[0], (*path, *inner[1]))
        elif not path:
            yield _open_table(field)
        for step, choice in _choices(field):
            yield from _tables(choice, (*path, *step))


def _inner(field: inspect.Field) -> tuple[inspect.StructType, tuple[str, ...]] | None:
    """The table a field holds, if it holds one, and the steps on the way there, some of the user's naming."""
    kind, name = plain(field.type), field.encode_name
    steps: tuple[str, ...] = (name,)
    if isinstance(kind, inspect.DictType):
        kind, steps = plain(kind.value_type), (name, NAMED)
    elif isinstance(kind, inspect.ListType):
        kind, steps = plain(kind.item_type), (name + ITEM,)
    return (kind, steps) if isinstance(kind, inspect.StructType) else None


def _choices(field: inspect.Field) -> Iterable[tuple[tuple[str, ...], inspect.StructType]]:
    """The tables that may stand in a field beside plain values, in a table or an array of names."""
    kind = plain(field.type)
    if not isinstance(kind, (inspect.DictType, inspect.ListType)):
        return
    is_table = isinstance(kind, inspect.DictType)
    step = (field.encode_name, NAMED) if is_table else (field.encode_name + ITEM,)
    value = plain(kind.value_type if isinstance(kind, inspect.DictType) else kind.item_type)
    for member in value.types if isinstance(value, inspect.UnionType) else ():
        if isinstance(plain(member), inspect.StructType):
            yield step, cast("inspect.StructType", plain(member))


def _open_table(field: inspect.Field) -> str:
    variable = _code(_variable((field.encode_name, NAMED)))
    words = f"{_description(field.type)} Environment: {variable}."
    return f"### `[{field.encode_name}]`\n\n{words}"


def _row(field: inspect.Field, path: tuple[str, ...]) -> tuple[str, ...]:
    whole = (*path, field.encode_name)
    flag = _FLAGS.get(".".join(whole))
    variable = _variable((*whole, NAMED) if isinstance(plain(field.type), inspect.DictType) else whole)
    override = f"{_code(variable)}, {_code(flag)}" if flag else _code(variable)
    override = NOTHING if ITEM in variable else override
    default = _default(field, ".".join(whole))
    return _code(field.encode_name), _type(field.type), default, override, _description(field.type)


def _variable(path: Iterable[str]) -> str:
    return "PENSTOCK_" + "__".join(path).upper()


def _default(field: inspect.Field, path: str) -> str:
    value = _RESOLVED.get(path, field.default)
    if value in (None, msgspec.NODEFAULT):
        return NOTHING
    if isinstance(value, float):
        return _code(f'"{value:g}s"' if value >= 1 else f'"{value * 1000:g}ms"')
    return _code(msgspec.json.encode(value).decode())


def _type(kind: inspect.Type) -> str:
    if _description(kind).startswith("Dollars"):
        return "dollars"
    kind = plain(kind)
    if isinstance(kind, inspect.LiteralType):
        return " or ".join(_code(f'"{value}"') for value in kind.values)
    if isinstance(kind, inspect.ListType):
        return _ITEMS.get(type(plain(kind.item_type)), "array of strings and tables")
    members = kind.types if isinstance(kind, inspect.UnionType) else (kind,)
    return _TYPES[frozenset(type(plain(member)) for member in members)]


def _description(kind: inspect.Type) -> str:
    return (
        str((kind.extra_json_schema or {}).get("description", ""))
        if isinstance(kind, inspect.Metadata)
        else ""
    )


def reserved_headers() -> str:
    """The headers no provider can be given."""
    return _listed(sorted(RESERVED_HEADERS))


def providers() -> str:
    """The providers penstock knows by name."""
    rows = [
        (
            _code(row.name),
            row.title,
            ", ".join(row.base_urls) or ", ".join(DIALECTS),
            _code(row.key_variable) if row.key_variable else NOTHING,
            " ".join(map(_code, row.families)) or NOTHING,
        )
        for row in PROVIDERS.values()
    ]
    return _table(("name", "who", "speaks", "key", "models that are its own"), rows)


# HTTP.


def request_headers() -> str:
    """What does not go on to the provider as it came."""
    reasons = {
        ingress.DROP: "removed",
        ingress.CREDENTIAL: 'removed: a key, for penstock or for a provider with `auth = "passthrough"`',
        ingress.LENGTH: "written anew",
        ingress.CODINGS: "written anew: `identity` for a stream, else what of yours penstock can read",
        ingress.CODED: "removed: the body is decoded and goes on plain; kept on paths forwarded unread",
        ingress.IDENTITY: "becomes the request's id in every reply and in the log",
        ingress.CONNECTION: "removed, with every header it names",
    }
    rows = [(_listed(_named(ingress.FIELDS, use)), words) for use, words in reasons.items()]
    return _table(("header", "what happens"), [*rows, (_code("x-penstock-*"), "removed")])


def reply_headers() -> str:
    """What does not come back from the provider as it came."""
    reasons = {
        heads.DROP: "removed",
        heads.CONNECTION: "removed, with every header it names",
        heads.UPSTREAM_ID: "comes back as `x-penstock-upstream-request-id`",
        heads.CODING: "kept when you offered that coding and the reply is whole; streams come back decoded",
    }
    return _table(
        ("header", "what happens"),
        [(_listed(_named(heads.USES, use)), words) for use, words in reasons.items()],
    )


def _named(uses: dict[bytes, int], wanted: int) -> list[str]:
    return [name.decode() for name, use in uses.items() if use == wanted]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(_code, names))


def error_words() -> str:
    """How each dialect calls each kind of fault."""
    rows = [
        (kind, _code(ERROR_TYPES[kind]), _code(word), _code(code) if code else NOTHING)
        for kind, (word, code) in ERROR_WORDS.items()
    ]
    columns = (
        "kind",
        "`type` in anthropic-messages",
        "`type` in openai-chat",
        "`code` in openai-chat, if no other",
    )
    return _table(columns, rows)


def limits() -> str:
    """The limits that no setting changes."""
    server = ServerSettings()
    rows = (
        ("headers of a request that go on, together", f"{server.max_headers} bytes", "431"),
        ("path and query", f"{ingress.MAX_TARGET} bytes", "414"),
        ("time for a request's body to arrive", f"{server.body_timeout:g} s", "408"),
        ("a whole reply, decoded", f"{codings.MAX_DECODED} bytes", "502"),
        (
            "`retry-after` of a 429",
            f"at most {judgement.RETRY_CAP} s, {judgement.RETRY_DEFAULT} s if not said",
            NOTHING,
        ),
        ("time for providers to list their models", f"{catalogue.DEADLINE:g} s", "left out of the list"),
        ("models told apart in the metrics", str(tallies.MOST_LABELS), f"counted as `{tallies.OTHER}`"),
        ("how long a list of models is kept", f"{catalogue.KEPT:g} s", NOTHING),
        ("a WebSocket on which nothing happens", f"{socket.IDLE / 60:g} min", "closed"),
    )
    return _table(("what", "limit", "beyond it"), rows)


def metrics() -> str:
    """Every metric, from the exposition of a house in which nothing has happened."""
    text = exposition(House(Settings())).decode()
    kinds = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))
    helps = re.findall(r"^# HELP (\S+) (.*)$", text, re.MULTILINE)
    return _table(
        ("metric", "type", "what it counts"), [(_code(name), kinds[name], words) for name, words in helps]
    )


def log_fields() -> str:
    """What a line of the log may say."""
    return _listed(Line.__struct_fields__)


def doctors_checks() -> str:
    """What `penstock doctor` looks at, a table for each place."""
    return "\n\n".join(f"### {place}\n\n{_table(checks.COLUMNS, rows)}" for place, rows in checks.groups())


def _of_dialects(table: Callable[[], dialects.Table]) -> Callable[[], str]:
    return lambda: _table(*table())


def admin_operations() -> str:
    """Every operation of the admin API, with what it needs."""
    rows = [
        (
            _code(f"{one.operation.method} {one.operation.path}"),
            " ".join(one.words.split()),
            ", ".join(flag.name or "" for flag in one.operation.needs | one.operation.own).lower(),
        )
        for one in CONTRACTS
    ]
    return _table(("operation", "what it does", "permission"), rows)


def admin_errors() -> str:
    """Every error of the admin API."""
    return _table(
        ("status", "`type`", "when"),
        [(str(status), _code(word), when) for status, (word, when) in WORDS.items()],
    )


PARTS: dict[str, Callable[[], str]] = {
    **{name: _of_dialects(table) for name, table in dialects.TABLES.items()},
    "admin-operations": admin_operations,
    "admin-errors": admin_errors,
    "keys": keys,
    "reserved-headers": reserved_headers,
    "providers": providers,
    "request-headers": request_headers,
    "reply-headers": reply_headers,
    "error-words": error_words,
    "limits": limits,
    "metrics": metrics,
    "log-fields": log_fields,
    "checks": doctors_checks,
}

if __name__ == "__main__":
    main()
