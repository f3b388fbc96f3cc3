"""`penstock top`: a running gateway, live in the terminal, from its `/debug/metrics`.

The screen is drawn anew each time with a few codes that every terminal knows, on the screen that editors use,
so that what stood there before is there again afterwards.
"""

import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

import click
import msgspec

from gateway.cli import Failure
from gateway.cli.asking import Silent, ask, own_key
from gateway.cli.options import config_option, configured
from gateway.cli.readings import Counts, ModelReading, ProviderReading, Reading, reading
from gateway.configuration.addresses import local_url

_PATIENCE_SECONDS: Final = 5.0
_OPEN: Final = "\x1b[?1049h\x1b[?25l"
_CLOSE: Final = "\x1b[?25h\x1b[?1049l"
_HOME: Final = "\x1b[H"
_LINE_END: Final = "\x1b[K\n"
_REST: Final = "\x1b[J"
_NONE: Final = "-"
_MILLI: Final = 1000
_THOUSAND: Final = 1000
_MILLION: Final = 1_000_000


@click.command("top")
@config_option
@click.option("--url", metavar="URL", help="Where the gateway is; else where the configuration says.")
@click.option("--interval", type=click.FloatRange(0.05), default=1.0, metavar="SECONDS", show_default=True)
@click.option("--once", is_flag=True, help="Print one reading and end; so it is where there is no terminal.")
@click.option("--json", "as_json", is_flag=True, help="Print a reading as one JSON object a line.")
def command(config: str | None, url: str | None, interval: float, *, once: bool, as_json: bool) -> None:
    """Show a running gateway live: requests, times, tokens, money, providers and their breakers."""
    where = url or _configured(config)
    readings = _readings(where, interval)
    if as_json:
        for each in readings:
            click.echo(msgspec.json.encode(each))
            if once:
                return
    if once or not sys.stdout.isatty():
        click.echo("\n".join(lines(next(readings), where)))
        return
    with _screen():
        for each in readings:
            _draw(lines(each, where))


def _configured(config: str | None) -> str:
    server = configured(config).settings.server
    return local_url(server.host, server.port)


def _readings(where: str, interval: float) -> Iterator[Reading]:
    """One reading after another, for ever."""
    before, then = _look(where), time.monotonic()
    while True:
        time.sleep(interval)
        after, now = _look(where), time.monotonic()
        yield reading(before, after, now - then)
        before, then = after, now


def _look(where: str) -> Counts:
    try:
        return msgspec.json.decode(ask(where, "/debug/metrics", own_key(), _PATIENCE_SECONDS), type=Counts)
    except Silent as failure:
        raise Failure(f"{failure}\n    is it running, and does it want a key (PENSTOCK_KEY)?") from None
    except msgspec.DecodeError:
        raise Failure(f"what answers at {where} is no penstock, or an older one") from None


@contextmanager
def _screen() -> Iterator[None]:
    sys.stdout.write(_OPEN)
    try:
        yield
    except KeyboardInterrupt:
        pass
    finally:
        sys.stdout.write(_CLOSE)
        sys.stdout.flush()


def _draw(shown: list[str]) -> None:
    """Over what stands there: nothing flickers as it would if the screen were emptied first."""
    width, height = shutil.get_terminal_size()
    sys.stdout.write(_HOME + _LINE_END.join(line[:width] for line in shown[: height - 1]) + _REST)
    sys.stdout.flush()


def lines(now: Reading, where: str) -> list[str]:
    """The whole picture, without any codes."""
    slow = f" (95%: {_time(now.first_byte_slow)})" if now.first_byte_slow is not None else ""
    requests = f"requests {now.rate:.1f}/s ({now.requests} in all)   failed {now.failed:.1f}/s"
    speed = f"a stream {_number(now.tokens_per_stream)} tokens/s   all {now.output_rate:.0f} tokens/s"
    workers = f"   {now.workers} workers" if now.workers > 1 else ""
    return [
        f"penstock at {where}{workers}   {datetime.now().astimezone():%H:%M:%S}",
        "",
        f"under way {now.inside}   {requests}   limited {now.limited}",
        f"first byte {_time(now.first_byte)}{slow}   own time {_time(now.own)}   {speed}",
        f"cost ${now.dollars:.2f}   ${now.dollars_per_hour:.2f}/hour",
        "",
        *_table(_PROVIDER_HEADS, [_provider(one) for one in now.providers], "no provider was asked yet"),
        "",
        *_table(_MODEL_HEADS, [_model(one) for one in now.models], "no tokens were counted yet"),
    ]


_PROVIDER_HEADS: Final = (
    "provider",
    "requests",
    "per s",
    "failed/s",
    "first byte",
    "left",
    "waiting",
    "state",
)
_MODEL_HEADS: Final = ("model", "input", "cached", "output", "in/s", "out/s", "cost", "breaker")


def _provider(one: ProviderReading) -> tuple[str, ...]:
    states = [] if one.up is None else ["up" if one.up else "DOWN"]
    resting = sum(count for state, count in one.keys.items() if state != "well")
    states += [f"{resting} of {sum(one.keys.values())} keys rest"] if resting else []
    rates = f"{one.rate:.1f}", f"{one.failed:.1f}", _time(one.first_byte)
    return (
        one.name,
        str(one.requests),
        *rates,
        str(one.failovers),
        str(one.waiting),
        ", ".join(states) or _NONE,
    )


def _model(one: ModelReading) -> tuple[str, ...]:
    read = one.input + one.cache_read
    cached = f"{100 * one.cache_read // read}%" if read else _NONE
    return (
        f"{one.provider}/{one.model}",
        _short(read),
        cached,
        _short(one.output),
        f"{one.input_rate:.0f}",
        f"{one.output_rate:.0f}",
        f"${one.dollars:.2f}",
        one.breaker.upper() or "closed",
    )


def _table(heads: tuple[str, ...], rows: list[tuple[str, ...]], otherwise: str) -> Iterator[str]:
    """Columns as wide as they need to be: the first and the last to the left, numbers to the right."""
    if not rows:
        yield otherwise
        return
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    for row in (heads, *rows):
        first, *numbers, last = row
        cells = [number.rjust(width) for number, width in zip(numbers, widths[1:-1], strict=True)]
        yield "  ".join([first.ljust(widths[0]), *cells, last])


def _time(seconds: float | None) -> str:
    if seconds is None:
        return _NONE
    return f"{seconds * _MILLI:.3g} ms" if seconds < 1 else f"{seconds:.1f} s"


def _number(number: float | None) -> str:
    return _NONE if number is None else f"{number:.0f}"


def _short(number: int) -> str:
    if number < _THOUSAND:
        return str(number)
    return f"{number / _THOUSAND:.1f}k" if number < _MILLION else f"{number / _MILLION:.1f}M"
