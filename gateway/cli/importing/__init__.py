"""`penstock import`: another gateway's configuration as ours, with what was carried and what was not."""

import re
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from gateway.cli import Failure
from gateway.cli.importing import claude_code_router, litellm
from gateway.cli.importing.draft import Draft, Note
from gateway.cli.importing.reading import Misread, Section, read_relaxed, read_yaml
from gateway.cli.importing.spelling import spelled, told
from gateway.configuration.loading import load
from gateway.configuration.problems import ConfigurationError

_LARGEST: Final = 8 * 1024 * 1024
# Long enough for a key of ours, and no value of anybody's.
_STAND_IN: Final = "http://stands-in-for-a-value.invalid"
_SECRET_MODE: Final = 0o600
# A variable, as either of them names one.
_NAMED: Final = re.compile(r"(?:os\.environ/|\$\{?)(\w+)")


class _Kind(msgspec.Struct, frozen=True):
    read: Callable[[str], Section]
    convert: Callable[[Section, Draft], None]


class Imported(msgspec.Struct, frozen=True):
    """What came of a file: penstock.toml as text, what became of each place, and the variables to be set."""

    configuration: str
    notes: list[Note]
    variables: dict[str, str]


KINDS: Final[Mapping[str, _Kind]] = {
    "litellm": _Kind(read_yaml, litellm.convert),
    "claude-code-router": _Kind(read_relaxed, claude_code_router.convert),
}


@click.command("import")
@click.argument("kind", type=click.Choice(list(KINDS)))
@click.argument("file", type=click.Path(dir_okay=False))
@click.option("--output", metavar="FILE", help="Write penstock.toml here; else to the standard output.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@click.option("--keep-secrets", is_flag=True, help="Leave keys that stand in clear as they are.")
@click.option("--json", "as_json", is_flag=True, help="Print configuration and notes as one JSON object.")
def command(*, kind: str, file: str, as_json: bool, **asked: Any) -> None:
    """Turn the configuration of LiteLLM or claude-code-router into penstock.toml.

    Keys that stand in clear become references to variables, which are listed. What could not be carried is
    listed as well, on the standard error and at the head of the file.
    """
    try:
        imported = convert(kind, _read(file), Path(file).name, keep_secrets=asked["keep_secrets"])
    except Misread as problem:
        raise Failure(f"{file}: {problem}") from None
    if asked["output"]:
        _write(imported.configuration, asked)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(imported)))
        return
    if not asked["output"]:
        click.echo(imported.configuration, nl=False)
    for note in imported.notes:
        click.echo(told(note), err=True)
    for name, what_for in imported.variables.items():
        click.echo(f"set {name}: {what_for}", err=True)


def convert(kind: str, text: str, source: str, *, keep_secrets: bool = False) -> Imported:
    """Turn a file into ours, and hold it to what `penstock check` would say. Raises Misread."""
    draft = Draft(keep_secrets=keep_secrets)
    draft.reserved = {match[1] for match in _NAMED.finditer(text)}
    KINDS[kind].convert(KINDS[kind].read(text), draft)
    draft.finish()
    configuration = spelled(draft, source)
    problems = _problems(configuration, draft)
    if problems:
        draft.notes += problems
        configuration = spelled(draft, source)
    return Imported(configuration, draft.notes, draft.variables)


def _problems(configuration: str, draft: Draft) -> list[Note]:
    """What has still to be mended by hand."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "penstock.toml"
        path.write_text(configuration, encoding="utf-8")
        try:
            load(path, environment=dict.fromkeys(draft.variables, _STAND_IN))
        except ConfigurationError as failure:
            return [Note(one.path, "wrong", f"{one.problem}: mend it here") for one in failure.problems]
    return []


def _read(file: str) -> str:
    try:
        data = Path(file).read_bytes()
    except OSError as failure:
        raise Failure(f"{file} cannot be read: {failure.strerror}") from None
    if len(data) > _LARGEST:
        raise Failure(f"{file} is too large for a configuration")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Failure(f"{file} is not UTF-8 text") from None


def _write(configuration: str, asked: Mapping[str, Any]) -> None:
    path = Path(asked["output"])
    try:
        with path.open("w" if asked["force"] else "x", encoding="utf-8") as file:
            if asked["keep_secrets"]:
                path.chmod(_SECRET_MODE)
            file.write(configuration)
    except FileExistsError:
        remedy = "write over it with --force, or say another --output"
        raise Failure(f"{path} is there already\n    {remedy}") from None
    except OSError as failure:
        raise Failure(f"{path} cannot be written: {failure.strerror}") from None
