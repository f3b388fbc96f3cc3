"""`penstock backup`: a copy of the database of one moment, while the gateway runs."""

from pathlib import Path

import click

from gateway.cli.options import config_option
from gateway.cli.storing import opened, store_option
from gateway.cli.tables import echo_json
from store.backup import backup


@click.command("backup")
@click.argument("target", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@config_option
@store_option
def command(target: Path, config: str | None, file: str | None, *, as_json: bool) -> None:
    """Copy the database to FILE, which must not be there yet.

    It may be in use: nobody waits for the copy, which is of one moment and checked. To go back to it, stop
    the gateway and put it in the place of the database, without the -wal and -shm files beside that.
    """
    with opened(config, file) as database:
        size = backup(database, target)
    if as_json:
        echo_json({"file": str(target), "bytes": size})
    else:
        click.echo(f"{target}: {size:,} bytes, checked")
