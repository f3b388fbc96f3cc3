"""`penstock restore`: what `penstock export` wrote, taken into a database that is empty, all or nothing."""

from collections.abc import Iterator
from pathlib import Path

import click

from gateway.cli import Failure
from gateway.cli.export import ENDING
from gateway.cli.options import config_option
from gateway.cli.storing import opened, store_option
from gateway.cli.tables import echo_json
from store import export


@click.command("restore")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@config_option
@store_option
def command(folder: Path, config: str | None, file: str | None, *, as_json: bool) -> None:
    """Take the tables in DIR into the database, which must be empty or not there yet: all rows, or none."""
    found = [(table, folder / f"{table}{ENDING}") for table in export.TABLES]
    there = [(table, path) for table, path in found if path.is_file()]
    if not there:
        raise Failure(f"{folder} holds nothing that `penstock export` wrote")
    with opened(config, file, make=True) as database:
        count = export.imported(database, ((table, _lines(path)) for table, path in there))
    if as_json:
        echo_json({"rows": count, "tables": [table for table, _ in there]})
    else:
        click.echo(f"{count:,} rows of {len(there)} tables")


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as source:
            yield from source
    except OSError as failure:
        raise Failure(f"{path} cannot be read: {failure.strerror}") from None
