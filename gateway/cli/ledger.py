"""`penstock ledger`: single attempts, the latest first: those of one conversation, one request or one key."""

from typing import Any, Final

import click
import msgspec

from gateway.cli.moments import spelled
from gateway.cli.naming import meant
from gateway.cli.options import config_option
from gateway.cli.storing import opened, store_option
from gateway.cli.tables import Form, form_options, note, printed
from gateway.configuration.quantities import dollars
from store import ledger
from store.connect import Connection
from store.ledger import Filter
from store.names import KEY
from store.rows import TIMES, Attempt

COLUMNS: Final = (
    "began",
    "exchange",
    "attempt",
    "provider",
    "model",
    "cause",
    "outcome",
    "status",
    "seconds",
    "input",
    "cache_read",
    "output",
    "cost",
    "decision",
)
MOST: Final = 10_000


@click.command("ledger")
@click.option("--exchange", metavar="ID", help="The attempts of one request.")
@click.option("--session", metavar="ID", help="The attempts of one conversation.")
@click.option("--key", metavar="KEY", help="The attempts of one key, by its id or name.")
@click.option("--limit", type=click.IntRange(1, MOST), default=50, help="So many lines. [50]")
@form_options
@config_option
@store_option
def command(form: Form, config: str | None, file: str | None, limit: int, **which: str | None) -> None:
    """Show single attempts, the latest first: what each used and cost, what became of it, and why it was."""
    asked = [(name, value) for name, value in which.items() if value is not None]
    if len(asked) > 1:
        raise click.UsageError("one of --exchange, --session and --key at a time")
    with opened(config, file) as database, database.reading() as connection:
        by, value = _narrowed(asked, connection)
        page = ledger.page(connection, by, value, "", limit)
    rows = [_row(kept.attempt) for kept in page.rows]
    if form != "table":
        printed(rows, COLUMNS, form)
    elif rows:
        printed([{**row, "cost": f"${row['cost']}"} for row in rows], COLUMNS, form)
    else:
        click.echo("there is no such attempt in the ledger" if asked else "the ledger is empty")
    if page.cursor:
        note(f"there are more: --limit shows up to {MOST}")


def _narrowed(asked: list[tuple[str, str]], connection: Connection) -> tuple[Filter | None, str]:
    for name, value in asked:
        if name == "key":
            return KEY, meant(connection, KEY, value)
        return ("exchange", value) if name == "exchange" else ("session", value)
    return None, ""


def _row(attempt: Attempt) -> dict[str, Any]:
    row = msgspec.structs.asdict(attempt)
    del row["charges"]
    for name in TIMES:
        row[name] = spelled(row[name])
    row["seconds"] = f"{max(0, attempt.ended - attempt.began) / 1000:.1f}"
    row["cost"] = dollars(attempt.cost)
    return row
