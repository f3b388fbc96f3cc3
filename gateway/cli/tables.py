"""What commands print: a table for people, JSON or CSV for programs, from the same rows."""

import csv
import io
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal

import click
import msgspec

Form = Literal["table", "json", "csv"]
Cell = str | int | bool | None
Row = Mapping[str, Any]
NOTHING: Final = "-"


def form_options(command: Callable[..., None]) -> Callable[..., None]:
    """`--json` and `--csv`, as the argument `form`."""
    flag = click.option
    command = flag("--csv", "form", flag_value="csv", help="Print CSV, with a head.")(command)
    command = flag("--json", "form", flag_value="json", help="Print JSON.")(command)
    return flag("--table", "form", flag_value="table", default=True, hidden=True, type=str)(command)


def printed(rows: Sequence[Row], columns: Sequence[str], form: Form, last: Row | None = None) -> None:
    """Print rows. A table has these columns and ends with `last`; JSON and CSV have all that rows hold."""
    if form == "json":
        echo_json(rows)
    elif form == "csv":
        click.echo(_csv(rows, columns), nl=False)
    else:
        click.echo("\n".join(_lines([*rows, *([last] if last else [])], columns)))


def echo_json(document: object) -> None:
    """Print one JSON document."""
    click.echo(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())


def _csv(rows: Sequence[Row], columns: Sequence[str]) -> str:
    plain = [name for name, value in rows[0].items() if not isinstance(value, dict)] if rows else []
    names = plain or list(columns)
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _safe(row[name]) for name in names} for row in rows)
    return text.getvalue()


def _safe(value: Any) -> Any:
    """A word that somebody else chose must not be a formula where the file is opened in a spreadsheet."""
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t")) else value


def _lines(rows: Sequence[Row], columns: Sequence[str]) -> list[str]:
    titles = [name.replace("_", " ") for name in columns]
    cells = [[_cell(row.get(name)) for name in columns] for row in rows]
    numbers = [bool(rows) and all(_is_number(row.get(name)) for row in rows) for name in columns]
    widths = [max(map(len, column)) for column in zip(titles, *cells, strict=True)]
    return [_line(line, widths, numbers) for line in (titles, *cells)]


def _line(cells: Sequence[str], widths: Sequence[int], numbers: Sequence[bool]) -> str:
    placed = zip(cells, widths, numbers, strict=True)
    return "  ".join(
        cell.rjust(width) if number else cell.ljust(width) for cell, width, number in placed
    ).rstrip()


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool)) or _is_money(value)


def _is_money(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("$")


def _cell(value: Any) -> str:
    """One value for people: nothing in it can end the line or speak to a terminal."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    text = "" if value is None else str(value)
    return (text if text.isprintable() else text.encode("unicode_escape").decode()) or NOTHING


def note(words: str) -> None:
    """Something for people that is no part of what was asked for."""
    click.echo(words, file=sys.stderr)
