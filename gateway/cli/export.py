"""`penstock export`: every table as JSON Lines, one file each, all of one moment."""

import os
from collections.abc import Iterable
from pathlib import Path

import click

from gateway.cli import Failure
from gateway.cli.options import config_option
from gateway.cli.storing import opened, store_option
from gateway.cli.tables import echo_json
from store import export

ENDING = ".jsonl"


@click.command("export")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option("--table", "tables", multiple=True, type=click.Choice(export.TABLES), help="This one only.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@config_option
@store_option
def command(
    folder: Path, tables: tuple[str, ...], config: str | None, file: str | None, *, as_json: bool
) -> None:
    """Write every table to DIR as JSON Lines, one file each. `penstock restore` takes them in again.

    The hashes of keys are among it, so the files are readable by you only.
    """
    counts = {}
    with opened(config, file) as database, database.reading() as connection:
        _prepare(folder)
        for table in tables or export.TABLES:
            counts[table] = _written(folder / f"{table}{ENDING}", export.exported(connection, table))
    if as_json:
        echo_json({"folder": str(folder), "rows": counts})
    else:
        click.echo("\n".join(f"{folder / table}{ENDING}: {count:,} rows" for table, count in counts.items()))


def _prepare(folder: Path) -> None:
    """Raises Failure when the folder holds something already: nothing is ever replaced."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise Failure(f"{folder} is not empty; an export replaces nothing")
    except OSError as failure:
        raise Failure(f"{folder} cannot be made: {failure.strerror}") from None


def _written(path: Path, lines: Iterable[bytes]) -> int:
    count = 0
    try:
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as target:
            for count, line in enumerate(lines, 1):  # noqa: B007  # how many there were is told
                target.write(line)
    except OSError as failure:
        raise Failure(f"{path} cannot be written: {failure.strerror}") from None
    return count
