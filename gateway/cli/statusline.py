"""`penstock statusline`: one line for Claude Code, which asks for it with JSON on stdin (its `statusLine`).

The session's sums come from the gateway's memory; it has 200 ms to say them. Claude Code must never wait for
us or see us fail: whatever is wrong, there is a line, and the exit code is 0.
"""

import os
import sys
from contextlib import suppress
from typing import Any, Final
from urllib.parse import quote

import click
import msgspec

from gateway.cli.asking import Silent, ask, own_key
from gateway.cli.options import configured
from gateway.configuration.addresses import local_url
from gateway.configuration.problems import ConfigurationError

_PATIENCE_SECONDS: Final = 0.2
_MILLION: Final = 1_000_000
_THOUSAND: Final = 1000
_LONGEST_INPUT: Final = 1_000_000


class _Model(msgspec.Struct):
    id: str = ""
    display_name: str = ""


class _Cost(msgspec.Struct):
    total_cost_usd: float | None = None


class _Window(msgspec.Struct):
    used_percentage: float | None = None


class _Told(msgspec.Struct):
    """What Claude Code says of itself; all of it may be missing in another version."""

    session_id: str = ""
    model: _Model = msgspec.field(default_factory=_Model)
    cost: _Cost = msgspec.field(default_factory=_Cost)
    context_window: _Window = msgspec.field(default_factory=_Window)


class _Session(msgspec.Struct):
    """What the gateway says of the session."""

    provider: str = ""
    target: str = ""
    input: int = 0
    cache_read: int = 0
    cache_write: int = 0
    output: int = 0
    cost: int = 0
    unpriced: int = 0
    requests: int = 0
    errors: int = 0
    left: dict[str, str] = {}


@click.command("statusline")
@click.option("--url", metavar="URL", help="Where the gateway is; else where Claude Code is pointed.")
def command(url: str | None) -> None:
    """Print a line for Claude Code: who answers, tokens, cost, cache, limits."""
    with suppress(Exception):  # a line is better than none, whatever is wrong
        sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    told = _Told()
    with suppress(msgspec.DecodeError, OSError):
        told = msgspec.json.decode(sys.stdin.buffer.read(_LONGEST_INPUT), type=_Told)
    click.echo(" · ".join(part for part in _parts(told, _session(told.session_id, url)) if part))


def _session(name: str, url: str | None) -> _Session | None:
    """The session as the gateway knows it; None where it does not, or does not say in time."""
    pointed = os.environ.get("ANTHROPIC_BASE_URL", "")
    # The token of the environment is for the gateway of the environment, and for nobody else.
    key = own_key() or ("" if url else os.environ.get("ANTHROPIC_AUTH_TOKEN", ""))
    try:
        where = url or pointed or _configured()
        answer = ask(where, f"/debug/sessions/{quote(name, safe='')}", key, _PATIENCE_SECONDS)
        return msgspec.json.decode(answer, type=_Session)
    except (Silent, ConfigurationError, msgspec.DecodeError, OSError):
        return None


def _configured() -> str:
    server = configured(None).settings.server
    return local_url(server.host, server.port)


def _parts(told: _Told, session: _Session | None) -> list[str]:
    name = told.model.display_name or told.model.id or "penstock"
    window = told.context_window.used_percentage
    context = f"context {window:.0f}%" if window is not None else ""
    if session is None:
        return [name, context, _dollars(told.cost.total_cost_usd)]
    return [
        f"{name} → {session.provider}/{session.target}" if session.provider else name,
        context,
        _tokens(session),
        _cost(told, session),
        f"{session.errors} of {session.requests} failed" if session.errors else "",
        _left(session.left),
    ]


def _tokens(session: _Session) -> str:
    read = session.input + session.cache_read + session.cache_write
    if not read:
        return ""
    cached = f" ({100 * session.cache_read // read}% cached)" if session.cache_read else ""
    return f"in {_short(read)}{cached} out {_short(session.output)}"


def _cost(told: _Told, session: _Session) -> str:
    """What the gateway knows it cost; where it has no prices, what the client reckons."""
    if session.cost and not session.unpriced:
        return _dollars(session.cost / _MILLION)
    return _dollars(told.cost.total_cost_usd)


def _left(left: dict[str, str]) -> str:
    return ", ".join(
        f"{value}% of the budget left"
        if kind == "budget_percent"
        else f"{_short(_number(value))} {kind} left"
        for kind, value in left.items()
    )


def _number(text: str) -> Any:
    return int(text) if text.isdigit() else 0


def _dollars(amount: float | None) -> str:
    return f"${amount:.2f}" if amount else ""


def _short(number: int) -> str:
    if number < _THOUSAND:
        return str(number)
    return f"{number / _THOUSAND:.1f}k" if number < _MILLION else f"{number / _MILLION:.1f}M"
