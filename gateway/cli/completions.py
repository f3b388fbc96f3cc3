"""`penstock completions`: what a shell needs to complete commands, options and their values."""

import click
from click.shell_completion import BashComplete, get_completion_class

_NAME = "penstock"
_VARIABLE = "_PENSTOCK_COMPLETE"


class _AnyBash(BashComplete):
    """The script alone: whoever asks for it need not have bash here, nor a new one."""

    @staticmethod
    def _check_version() -> None:
        """It is for the shell that reads the script."""


@click.command("completions")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print completions for SHELL.

    bash: eval "$(penstock completions bash)" in ~/.bashrc. zsh: the same in ~/.zshrc, after compinit.
    fish: penstock completions fish > ~/.config/fish/completions/penstock.fish
    """
    kind = _AnyBash if shell == "bash" else get_completion_class(shell)
    assert kind is not None
    program = click.get_current_context().find_root().command
    click.echo(kind(program, {}, _NAME, _VARIABLE).source())
