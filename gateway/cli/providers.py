"""`penstock providers`: those that are configured, whether they answer, and which are there to be configured.

A provider is tried by asking for its list of models, which costs nothing: with each of its keys.
"""

import asyncio
import os
import time
from collections.abc import Iterable
from typing import Any, Final

import click
import msgspec

from adapters.table import DIALECTS, PROVIDERS
from gateway.cli import Failure
from gateway.cli.options import config_option, configured
from gateway.cli.tables import Form, form_options, printed
from gateway.cli.welcome import dialects, login_of
from gateway.configuration.addresses import is_loopback
from gateway.configuration.discovery import find
from gateway.configuration.problems import nearest
from gateway.settings import ProviderSettings

_PATIENCE_SECONDS: Final = 10.0
_LOCAL_PATIENCE_SECONDS: Final = 1.0
_UNSOUND: Final = 1


class _List(msgspec.Struct):
    """As every dialect lists: under one name or the other."""

    data: list[Any] = []
    models: list[Any] = []


@click.group("providers")
def command() -> None:
    """List providers, try them, or find those that could be configured."""


@command.command("list")
@config_option
@form_options
def listed(config: str | None, form: Form) -> None:
    """List the providers of the configuration; keys are named by where they come from."""
    rows = [
        {
            "provider": each.name,
            "dialects": ", ".join(dialects(each)),
            "login": login_of(each),
            "models": " ".join(each.families),
            "address": ", ".join(dict.fromkeys(each.base_urls.values())),
        }
        for each in configured(config).settings.providers
    ]
    printed(rows, ("provider", "dialects", "login", "models", "address"), form)


@command.command("test")
@click.argument("names", nargs=-1)
@config_option
@form_options
def tested(names: tuple[str, ...], config: str | None, form: Form) -> None:
    """Ask providers for their models, with each key; the exit code is 1 when one does not answer well."""
    providers = {each.name: each for each in configured(config).settings.providers}
    for name in names:
        if name not in providers:
            raise Failure(f"there is no provider {name}; {nearest(name, providers)}")
    wanted = [providers[name] for name in names] if names else list(providers.values())
    rows = asyncio.run(_try_all(wanted, _PATIENCE_SECONDS))
    printed(rows, ("provider", "key", "answer", "models", "milliseconds"), form)
    if not all(row["ok"] for row in rows):
        raise SystemExit(_UNSOUND)


@command.command("discover")
@form_options
def discovered(form: Form) -> None:
    """Find providers by the keys in the environment, and servers on this machine that answer."""
    rows = [
        {"provider": name, "like": each.row, "found": f"${each.variable}", "configuration": "none needed"}
        for name, each in find(os.environ, PROVIDERS.values()).items()
    ]
    local = [
        ProviderSettings(name=row.name, row=row.name, base_urls=dict(row.base_urls))
        for row in PROVIDERS.values()
        if row.base_urls and all(is_loopback(_host(url)) for url in row.base_urls.values())
    ]
    for tried in asyncio.run(_try_all(local, _LOCAL_PATIENCE_SECONDS)):
        if tried["ok"]:
            name = tried["provider"]
            row = {"provider": name, "like": name, "found": f"answers, {tried['models']} models"}
            rows.append({**row, "configuration": f'[providers.{name}] like = "{name}"'})
    if not rows and form == "table":
        click.echo("nothing was found: no key in the environment, no server at the usual ports")
        return
    printed(rows, ("provider", "like", "found", "configuration"), form)


def _host(url: str) -> str:
    return url.partition("://")[2].partition("/")[0].rpartition(":")[0]


async def _try_all(providers: Iterable[ProviderSettings], patience: float) -> list[dict[str, Any]]:
    """Every provider with every key, all at once."""
    tried = (_try(each, key, patience) for each in providers for key in range(max(len(each.api_keys), 1)))
    return list(await asyncio.gather(*tried))


async def _try(settings: ProviderSettings, key: int, patience: float) -> dict[str, Any]:
    """What came of asking one provider with one of its keys."""
    # Said here: the client of upstreams is half the start of a command that asks nobody.
    from gateway.errors import UpstreamError  # noqa: PLC0415
    from gateway.listing import ask_for_models  # noqa: PLC0415
    from gateway.provider import Provider  # noqa: PLC0415

    row: dict[str, Any] = {"provider": settings.name, "key": key + 1 if settings.api_key else None}
    if not settings.base_urls:
        return {**row, "ok": True, "answer": "well: penstock answers itself", "models": 1, "milliseconds": 0}
    if settings.credential == "passthrough":
        return {**row, "ok": True, "answer": "not tried: it takes the client's own login"}
    provider, began = Provider(settings), time.monotonic()
    name, door = next((name, provider.doors[name]) for name in DIALECTS if name in provider.doors)
    try:
        async with asyncio.timeout(patience):
            constant = door.constants[key]
            status, body = await ask_for_models(door, DIALECTS[name], constant, time.monotonic)
        answer, models = _judged(status, provider.redact(body))
    except TimeoutError:
        answer, models = f"no answer within {patience:g} s", None
    except UpstreamError as failure:
        answer, models = str(failure), None
    finally:
        await provider.close()
    took = round((time.monotonic() - began) * 1000)
    return {**row, "ok": answer == "well", "answer": answer, "models": models, "milliseconds": took}


def _judged(status: int, body: bytes) -> tuple[str, int | None]:
    if status in (401, 403):
        return f"{status}: it does not take the key", None
    if status != 200:
        return f"{status}: {body[:100].decode('utf-8', 'replace')}", None
    try:
        found = msgspec.json.decode(body, type=_List)
    except msgspec.DecodeError:
        return "200, and no list of models: is the address right?", None
    return "well", len(found.data) + len(found.models)
