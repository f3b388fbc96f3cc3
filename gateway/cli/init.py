"""`penstock init`: a penstock.toml to begin with, of what the environment holds. No key is in it."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import click

from adapters.table import PROVIDERS
from gateway.cli import Failure
from gateway.configuration.discovery import Found, find

NAME: Final = "penstock.toml"
HEAD: Final = """\
# What penstock serves. All of it is optional: docs/configuration.md has every option and its default.
# `penstock check` reads this file and says what is wrong, and where; a running gateway follows its changes.
"""
ALONE: Final = """
[server]
listen = "127.0.0.1:4747"             # this machine only: nobody needs a key
"""
TEAM: Final = """
[server]
listen = "0.0.0.0:4747"               # other machines too: callers need keys
workers = 2

[store]
path = "penstock.db"                  # keys, usage and budgets: `penstock keys create NAME` makes a key

[admin]
key = "${PENSTOCK_ADMIN_KEY}"         # 32 characters or more: opens the console and the admin API
"""
NO_PROVIDER: Final = """
# No key of a provider is in the environment: the demo provider answers. A known one needs no more than its
# variable (ANTHROPIC_API_KEY, OPENAI_API_KEY, ...); anything else says what it speaks and where:
# [providers.box]
# dialect = "openai-chat"
# base_url = "http://127.0.0.1:8000/v1"
"""
NAMES: Final = """
# What clients ask for -> where it goes. A name that is known (claude-..., gpt-...) needs no line.
[models]
"""
# Small and capable, by provider: names to begin with, which nobody has to keep.
FAST: Final = {
    "anthropic": "anthropic/claude-haiku-4-5",
    "openai": "openai/gpt-5.1-mini",
    "gemini": "gemini/gemini-2.5-flash",
    "groq": "groq/llama-3.1-8b-instant",
}
SMART: Final = {
    "anthropic": "anthropic/claude-opus-4-5",
    "openai": "openai/gpt-5.1",
    "gemini": "gemini/gemini-2.5-pro",
    "groq": "groq/llama-3.3-70b-versatile",
}
EXAMPLE: Final = '# smart = ["anthropic/claude-opus-4-5", "openai/gpt-5.1"]   # else the next\n'


@click.command("init")
@click.option("--output", metavar="FILE", default=NAME, show_default=True, help="Write it here; - prints it.")
@click.option("--team", is_flag=True, help="For other machines too: with keys, a store and the console.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
def command(*, output: str, team: bool, force: bool) -> None:
    """Write a penstock.toml to begin with, of the providers whose keys are in the environment.

    Keys stay where they are: the file names their variables.
    """
    text = beginning(os.environ, team=team)
    if output == "-":
        click.echo(text, nl=False)
        return
    try:
        with Path(output).open("w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise Failure(f"{output} is there already; --force writes over it, --output names another") from None
    except OSError as failure:
        raise Failure(f"{output} cannot be written: {failure.strerror}") from None
    named = "" if output == NAME else f" --config {output}"
    click.echo(f"wrote {output}")
    if team and len(os.environ.get("PENSTOCK_ADMIN_KEY", "")) < 32:  # as the file says
        click.echo("set PENSTOCK_ADMIN_KEY first: export PENSTOCK_ADMIN_KEY=$(openssl rand -hex 24)")
    click.echo(f"next: penstock check{named}, then penstock serve{named}")


def beginning(environment: Mapping[str, str], *, team: bool) -> str:
    """The text, for this environment."""
    found = find(environment, PROVIDERS.values())
    return "".join((HEAD, TEAM if team else ALONE, *_providers(found), NAMES, *_models(found)))


def _providers(found: Mapping[str, Found]) -> Iterator[str]:
    if not found:
        yield NO_PROVIDER
    for name, one in found.items():
        if one.row == name:
            yield f"\n[providers.{name}]  # its address is known, and its key is ${one.variable}\n"
        else:
            yield f'\n[providers.{name}]\nlike = "{one.row}"\napi_key = "${{{one.variable}}}"\n'


def _models(found: Mapping[str, Found]) -> Iterator[str]:
    fast = next((FAST[name] for name in FAST if name in found), None)
    smart = [f'"{SMART[name]}"' for name in SMART if name in found]
    if fast is None:
        yield EXAMPLE
        return
    yield f'fast = "{fast}"\n'
    if len(smart) > 1:
        yield f"smart = [{', '.join(smart)}]   # when the first fails, the next\n"
    else:
        yield f"smart = {smart[0]}\n"
