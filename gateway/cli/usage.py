"""`penstock usage`: what was used and what it cost, by whatever it is asked by, from the store."""

from typing import Any, Final, get_args

import click
import msgspec

from gateway.cli.moments import Past, spelled
from gateway.cli.naming import meant
from gateway.cli.options import config_option
from gateway.cli.storing import now, opened, store_option
from gateway.cli.tables import Form, form_options, note, printed
from gateway.configuration.quantities import dollars
from store import usage
from store.connect import Connection
from store.names import Names
from store.sums import DAY, HOUR
from store.usage import NEVER, Dimension, Question, Sum

# What people say for what the sums are by.
WORDS: Final[dict[str, Dimension]] = {
    name.removesuffix("_id").replace("_", "-"): name for name in get_args(Dimension)
}
FILTERS: Final = tuple(word for word in WORDS if word not in usage.TIMES)
PERIODS: Final = {"hour": HOUR, "day": DAY}
USUALLY: Final = 30 * DAY
PAGE: Final = 1000
COLUMNS: Final = ("attempts", "input", "cache_read", "cache_write", "output", "cost")


class _By(click.ParamType[tuple[str, ...]]):
    """Several of the words, with commas between."""

    name = "what"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """The words, each once."""
        words = tuple(value.split(",")) if isinstance(value, str) else value
        for word in words:
            if word not in WORDS:
                self.fail(f"{word!r} is none of {', '.join(WORDS)}", param, ctx)
        return tuple(dict.fromkeys(words))


def _filters(command: Any) -> Any:
    for word in reversed(FILTERS):
        name = word.replace("-", "_")
        command = click.option(f"--{word}", name, metavar="WHICH", help=f"Of this {word} only.")(command)
    return command


@click.command("usage")
@click.option("--by", type=_By(), default="model", help="What to sum by, with commas between. [model]")
@click.option("--since", type=Past(), help="From then on. [30d]")
@click.option("--until", type=Past(), help="Until then. [now]")
@_filters
@click.option("--limit", type=click.IntRange(min=0), default=50, help="So many lines; 0 is all. [50]")
@form_options
@config_option
@store_option
def command(form: Form, config: str | None, file: str | None, **asked: Any) -> None:
    """Show what was used and what it cost: by model, key, user, team, day, session, agent and more.

    The cause says what it was spent for: `useful` answered a client, `retried` and `fallback` were tries that
    failed, `aborted` was left by its client.
    """
    by: tuple[str, ...] = asked["by"]
    since = now() - USUALLY if asked["since"] is None else asked["since"]
    only = {word: asked[word.replace("-", "_")] for word in FILTERS}
    with opened(config, file) as database, database.reading() as connection:
        names = Names(connection)
        said = {
            WORDS[word]: meant(connection, WORDS[word], text)
            for word, text in only.items()
            if text is not None
        }
        until = NEVER if asked["until"] is None else asked["until"]
        question = Question(tuple(WORDS[word] for word in by), said, since, until)
        sums, more = _answer(connection, question, asked["limit"])
        rows = [_row(by, one, names) for one in sums]
        total = _figures(usage.total(connection, question))
    if form != "table":
        printed(rows, (*by, *COLUMNS), form)
        return
    if not rows:
        click.echo(f"nothing was used since {spelled(since)}")
        return
    shown = [_for_people(row, by) for row in rows]
    printed(shown, (*by, *COLUMNS), form, {by[0]: "total", **_for_people(total, ())})
    if total["unpriced"]:
        note(f"{total['unpriced']} of these attempts have no price: what they cost is not known")
    if more:
        note("there are more lines: --limit 0 shows all")


def _answer(connection: Connection, question: Question, limit: int) -> tuple[list[Sum], bool]:
    """The groups, as many as are wanted, and whether there are more."""
    found: list[Sum] = []
    cursor = ""
    while True:
        left = limit - len(found) if limit else PAGE
        page = usage.page(connection, question, cursor, min(left, PAGE))
        found += page.rows
        cursor = page.cursor
        if not cursor or (limit and len(found) >= limit):
            return found, bool(cursor)


def _row(by: tuple[str, ...], one: Sum, names: Names) -> dict[str, Any]:
    """One group for programs: ids with their names beside them, times in RFC 3339, money in dollars."""
    row: dict[str, Any] = {}
    for word, value in zip(by, one.group, strict=True):
        if word in PERIODS:
            row[word] = spelled(int(value) * PERIODS[word])
            continue
        row[word] = value
        if WORDS[word].endswith("_id"):
            row[f"{word}_name"] = names.of(WORDS[word], str(value))
    return {**row, **_figures(one)}


def _figures(one: Sum) -> dict[str, Any]:
    figures = msgspec.structs.asdict(one)
    del figures["group"]
    figures["cost"] = dollars(one.cost)
    return figures


def _for_people(row: dict[str, Any], by: tuple[str, ...]) -> dict[str, Any]:
    shown = dict(row)
    for word in by:
        if word in PERIODS:
            shown[word] = row[word][: 10 if word == "day" else 16].replace("T", " ")
        shown[word] = row.get(f"{word}_name") or shown[word]
    shown["cache_write"] = row["cache_write_5m"] + row["cache_write_1h"]
    shown["cost"] = f"${row['cost']}"
    return shown
