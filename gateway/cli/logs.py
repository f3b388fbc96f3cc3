"""`penstock logs`: the gateway's log (`format = "json"`), told again: some of it, and as people read it."""

import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from gateway.cli import Failure

_LOOK_SECONDS: Final = 0.25
_FAILED: Final = 400


@click.command("logs")
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True), default="-")
@click.option("--follow", "-f", is_flag=True, help="Go on with what is written from now on.")
@click.option("--failed", is_flag=True, help="Only what went wrong.")
@click.option("--session", metavar="NAME", help="Only one session.")
@click.option("--model", metavar="NAME", help="Only one model, as it was asked for or as it was served.")
@click.option("--provider", metavar="NAME", help="Only one provider.")
@click.option("--caller", metavar="NAME", help="Only one caller.")
@click.option("--json", "as_json", is_flag=True, help="Print the lines as they are.")
def command(file: str, *, follow: bool, as_json: bool, **wanted: Any) -> None:
    """Show the log in FILE, or on stdin: penstock serve --log-format json 2>&1 | penstock logs."""
    for line in _lines(file, follow=follow):
        entry = _entry(line)
        if entry is None:
            if not as_json and not any(wanted.values()):
                click.echo(line)
        elif _fits(entry, **wanted):
            click.echo(line if as_json else _for_people(entry))


def _lines(file: str, *, follow: bool) -> Iterator[str]:
    if file == "-":
        yield from _ended(iter(sys.stdin.readline, ""))
        return
    try:
        with Path(file).open(encoding="utf-8", errors="replace") as opened:
            yield from _ended(_grown(opened) if follow else opened)
    except OSError as failure:
        raise Failure(f"{file} cannot be read: {failure.strerror}") from None


def _grown(opened: Any) -> Iterator[str]:
    """The lines of a file, and those that come: a line is whole when its end is there."""
    begun = ""
    while True:
        begun += opened.readline()
        if begun.endswith("\n"):
            yield begun
            begun = ""
            continue
        try:
            time.sleep(_LOOK_SECONDS)
        except KeyboardInterrupt:  # the usual end of it
            return


def _ended(lines: Iterable[str]) -> Iterator[str]:
    return (line.rstrip("\r\n") for line in lines)


def _entry(line: str) -> dict[str, Any] | None:
    """A line as the gateway writes it; None for what is none."""
    try:
        entry = msgspec.json.decode(line, type=dict[str, Any])
    except msgspec.DecodeError:
        return None
    return entry if "message" in entry else None


def _fits(entry: dict[str, Any], *, failed: bool, model: str | None, **exactly: str | None) -> bool:
    if failed and entry.get("level") != "error" and entry.get("status", 0) < _FAILED:
        return False
    if model is not None and model not in (entry.get("model"), entry.get("target")):
        return False
    return all(value is None or entry.get(name) == value for name, value in exactly.items())


def _for_people(entry: dict[str, Any]) -> str:
    if entry["message"] != "request":
        return f"{entry.get('time', '')} {entry.get('level', '')} {entry['message']}"
    asked, target = entry.get("model", ""), f"{entry.get('provider', '')}/{entry.get('target', '')}"
    parts = [
        entry.get("time", ""),
        str(entry.get("status", "")),
        entry.get("outcome", ""),
        entry.get("caller", ""),
        f"{asked} → {target}" if target.strip("/") else asked,
        f"{entry.get('total_ms', 0):.0f} ms",
        _tokens(entry),
        f"${entry['cost']}" if entry.get("cost") else "",
        entry.get("failed", ""),
        entry.get("error", ""),
    ]
    return "  ".join(_printable(part) for part in parts if part)


def _tokens(entry: dict[str, Any]) -> str:
    read = entry.get("input", 0) + entry.get("cache_read", 0) + entry.get("cache_write", 0)
    return f"in {read} out {entry.get('output', 0)}" if read else ""


def _printable(text: str) -> str:
    """What others chose must not speak to the terminal."""
    return text if text.isprintable() else text.encode("unicode_escape").decode()
