"""`penstock lessons`: what a running gateway has learned of models: listed, exported, forgotten."""

from typing import Final
from urllib.parse import quote

import click
import msgspec

from gateway.cli.debug import ask, place_of
from gateway.cli.options import config_option
from gateway.lessons import Row

_PLACE: Final = "/debug/lessons"
_ALL: Final = "all"


class _Listed(msgspec.Struct):
    lessons: list[Row]


@click.command("lessons")
@config_option
@click.option("--url", metavar="URL", help="Where the gateway is; else where the configuration says.")
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON, to be kept.")
@click.option("--forget", metavar="ID", help='Have one forgotten, or "all".')
def command(config: str | None, url: str | None, forget: str | None, *, as_json: bool) -> None:
    """Show what a running gateway has learned of models, or have it forgotten.

    With several workers one of them answers: each learns for itself.
    """
    where = place_of(config, url)
    if forget is not None:
        place = _PLACE if forget == _ALL else f"{_PLACE}/{quote(forget, safe='')}"
        told = msgspec.json.decode(ask(where, "DELETE", place), type=dict[str, int])
        click.echo(f"forgotten: {told['forgotten']}")
        return
    answer = ask(where, "GET", _PLACE)
    if as_json:
        click.echo(msgspec.json.format(answer, indent=2).decode())
        return
    lessons = msgspec.json.decode(answer, type=_Listed).lessons
    for lesson in lessons:
        click.echo(_line(lesson))
    if not lessons:
        click.echo("nothing has been learned")


def _line(lesson: Row) -> str:
    until = f"{lesson.until:%Y-%m-%d %H:%M}"
    model = f"{lesson.provider}/{lesson.model}"
    return f"{lesson.id}  {model}  {lesson.what}  used {lesson.used}, until {until}\n    {lesson.words}"
