"""`penstock lessons`: what a running gateway has learned of models: listed, exported, forgotten."""

import http.client
from typing import Any, Final
from urllib.parse import quote, urlsplit

import click
import msgspec

from gateway.cli import Failure
from gateway.cli.options import config_option, configured
from gateway.configuration.addresses import local_url
from gateway.lessons import Row

_PLACE: Final = "/debug/lessons"
_PATIENCE_SECONDS: Final = 10.0
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
    where = url or _configured(config)
    if forget is not None:
        place = _PLACE if forget == _ALL else f"{_PLACE}/{quote(forget, safe='')}"
        told = msgspec.json.decode(_ask(where, "DELETE", place), type=dict[str, int])
        click.echo(f"forgotten: {told['forgotten']}")
        return
    answer = _ask(where, "GET", _PLACE)
    if as_json:
        click.echo(msgspec.json.format(answer, indent=2).decode())
        return
    lessons = msgspec.json.decode(answer, type=_Listed).lessons
    for lesson in lessons:
        click.echo(_line(lesson))
    if not lessons:
        click.echo("nothing has been learned")


def _configured(config: str | None) -> str:
    server = configured(config).settings.server
    return local_url(server.host, server.port)


def _line(lesson: Row) -> str:
    until = f"{lesson.until:%Y-%m-%d %H:%M}"
    model = f"{lesson.provider}/{lesson.model}"
    return f"{lesson.id}  {model}  {lesson.what}  used {lesson.used}, until {until}\n    {lesson.words}"


def _ask(url: str, method: str, place: str) -> bytes:
    """What the gateway answers. Raises Failure where it does not, or refuses."""
    address = urlsplit(url if "://" in url else f"http://{url}")
    connection = http.client.HTTPConnection(address.netloc, timeout=_PATIENCE_SECONDS)
    try:
        connection.request(method, place)
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException) as failure:
        raise Failure(f"no gateway answers at {url}: {failure}") from None
    finally:
        connection.close()
    if answer.status != http.HTTPStatus.OK:
        raise Failure(f"{url} answered {answer.status}: {_words(body)}")
    return body


def _words(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body, type=dict[str, Any]).get("error")
    except msgspec.DecodeError:
        return body[:200].decode("utf-8", "replace")
