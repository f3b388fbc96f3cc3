"""The command line. Each command is a module that is imported when it is asked for.

A command raises; `main` answers: one clear message, no traceback, exit code 1 (2 for wrong usage).
"""

import errno
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from gateway import version
from gateway.configuration.problems import ConfigurationError

COMMANDS = {
    "serve": "Serve until a signal ends it.",
    "run": "Run an agent through penstock, starting a gateway when none answers.",
    "env": "Print exports that point clients at penstock.",
    "install": "Have an agent's own configuration lead to penstock.",
    "uninstall": "Make an agent's configuration what it was before.",
    "top": "Show a running gateway live in the terminal.",
    "statusline": "Print a line for Claude Code: who answers, tokens, cost, limits.",
    "init": "Write a penstock.toml to begin with.",
    "check": "Check the configuration and show where every model leads.",
    "show": "Show the settings as they were understood, without secrets.",
    "models": "List the models that may be asked for.",
    "providers": "List providers, try them, or find those that could be configured.",
    "logs": "Show the gateway's log: some of it, and as people read it.",
    "explain": "Show where a request would go, and why.",
    "doctor": "Find what breaks clients, and say how to mend it.",
    "lessons": "Show what a running gateway has learned of models, or have it forgotten.",
    "drift": "Show what clients were seen to send for the first time.",
    "key": "Make keys for callers.",
    "keys": "Make, list, block, rotate and revoke the keys in the store.",
    "principals": "Organisations, teams, projects and users above the keys.",
    "usage": "Show what was used and what it cost, by model, key, day, session and more.",
    "ledger": "Show single attempts: of one conversation, one request or one key.",
    "backup": "Copy the database while it is in use.",
    "export": "Write every table of the store as JSON Lines.",
    "restore": "Take an export into an empty database.",
    "import": "Turn the configuration of LiteLLM or claude-code-router into penstock.toml.",
    "completions": "Print completions for bash, zsh or fish.",
    "schema": "Print the JSON schema of penstock.toml, for editors.",
}


# Commands whose name no module may have.
_MODULES = {"import": "importing"}


class Failure(click.ClickException):
    """Something a person has to mend, said in one message."""

    def show(self, file: Any = None) -> None:
        """Print the message where errors go."""
        click.echo(f"penstock: {self.format_message()}", file=file or sys.stderr)


class _Commands(click.Group):
    """The commands by name; `--help` reads their lines from the table and imports none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click calls it so
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"gateway.cli.{_MODULES.get(cmd_name, cmd_name)}").command
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Commands from the table, so that completing one imports none."""
        if incomplete.startswith("-"):
            return super().shell_complete(ctx, incomplete)
        return [
            CompletionItem(name, help=line) for name, line in COMMANDS.items() if name.startswith(incomplete)
        ]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ConfigurationError as failure:
            raise Failure(f"the configuration cannot be used\n\n{failure}") from None
        except OSError as failure:
            if failure.errno == errno.EPIPE:  # whoever read the output has seen enough
                raise
            _give_up_output()
            raise Failure(str(failure)) from None


def _give_up_output() -> None:
    """Where what was written cannot leave: Python would try once more at the end, and say so at length."""
    try:
        sys.stdout.flush()
    except OSError:
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115  # to the end


def _print_version(context: click.Context, _option: click.Parameter, asked: bool) -> None:  # noqa: FBT001
    if asked:
        click.echo(f"penstock {version()}")
        context.exit()


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Print the version.",
)
def main() -> None:
    """A gateway for large language models: agents talk to it in the API they already speak."""
