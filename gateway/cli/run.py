"""`penstock run`: an agent started with what it needs to find us, and a gateway when none answers.

Whose login the agent's requests travel on is decided from the configuration:

- a provider would take them with a key of ours: the agent gets a word of ours instead of its own login
- nothing would take them: a gateway for this run passes the agent's own login through to its home, where
  that is allowed; else there is no run
- --demo: a gateway for this run in which demo answers everything

Nothing of the user's files is touched; arguments, signals and the exit code pass.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import Any, NoReturn

import click
import msgspec

from adapters.table import PROVIDERS
from gateway.cli import Failure
from gateway.cli.agents import AGENTS, PROXIES, RUNNABLE, Agent, exports, is_ours, login, plain_names, token
from gateway.cli.companion import Companion, beside
from gateway.cli.listed import models_at
from gateway.cli.options import config_option, listen_option
from gateway.cli.pointing import Place, Pointed, pointed
from gateway.configuration.addresses import is_loopback, leads_to, local_url, reachable, spell
from gateway.configuration.discovery import DEMO
from gateway.configuration.loading import load
from gateway.listening import answers_as_penstock
from gateway.settings import ServerSettings, Settings

_NOT_FOUND = 127
_KILLED = 128
_NO_KEYS = {"PENSTOCK_SERVER__KEYS": "none"}
_ONLY_DEMO = {
    "PENSTOCK_SERVER__DISCOVER": "false",
    "PENSTOCK_PROVIDERS__DEMO__LIKE": DEMO,
    "PENSTOCK_PROVIDERS__DEMO__MODELS": '["*"]',
}
_OURSELVES = "127.0.0.1,localhost,::1"
# SIGHUP and SIGQUIT do not exist everywhere, so they are looked up by name.
_ENDING = ("SIGTERM", "SIGHUP")
_FROM_THE_TERMINAL = ("SIGINT", "SIGQUIT")


class _Plan(msgspec.Struct, frozen=True):
    """The settings of the run, and the gateway it needs; `reusable` when one that answers already will do."""

    settings: Settings
    companion: Companion
    reusable: bool


class _Wish(msgspec.Struct, frozen=True):
    """What was asked of the run: `model` is what the agent is to ask for, "" for what it likes."""

    config: str | None
    listen: str | None
    demo: bool
    model: str
    log: str | None


@click.command("run", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@config_option
@listen_option
@click.option("--demo", is_flag=True, help="Let the demo provider answer everything.")
@click.option("--model", metavar="MODEL", default="", help="The model the agent is to ask for.")
@click.option("--log", metavar="FILE", help="Where the gateway's own output goes; default: nowhere.")
@click.argument("agent", type=click.Choice(RUNNABLE))
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(agent: str, arguments: tuple[str, ...], **choices: Any) -> None:
    """Run AGENT through penstock; everything behind its name goes to the agent."""
    row, wish = AGENTS[agent], _Wish(**choices)
    if wish.demo and row.asks_first and not wish.model:
        wish = msgspec.structs.replace(wish, model=row.model)
    program = _find(row)
    plan = _plan(row, wish)
    arguments = arguments[1:] if arguments[:1] == ("--",) else arguments
    with _leaving_in_order(), ExitStack() as stack:
        server = _gateway(plan, stack)
        settings = msgspec.structs.replace(plan.settings, server=server)
        given = _given(row, settings, wish, stack)
        environment = {**_agent_environment(row, settings, wish.model), **given.variables}
        code = _run([program, *given.arguments, *arguments], environment)
    raise SystemExit(code)


def _find(agent: Agent) -> str:
    program = shutil.which(agent.command)
    if program is None:
        click.echo(f"penstock: there is no {agent.command} on this machine", err=True)
        click.echo(f"    install {agent.title}: {agent.install}", err=True)
        raise SystemExit(_NOT_FOUND)
    return program


def _plan(agent: Agent, wish: _Wish) -> _Plan:
    if wish.demo:
        return _prepare(_only_demo(os.environ), os.devnull, wish.log, wish.listen)
    settings = load(wish.config, environment=os.environ, flags={"server.listen": wish.listen}).settings
    whose, server = login(agent, settings, wish.model), settings.server
    if whose == "ours" and server.keys_required and not os.environ.get("PENSTOCK_KEY"):
        raise Failure("this penstock asks for a key\n    set PENSTOCK_KEY to yours first")
    if whose == "nobody":
        _refuse_what_cannot_pass(agent, wish.model)
    changes = {f"PENSTOCK_PROVIDERS__{agent.home.upper()}__AUTH": "passthrough"} if whose == "nobody" else {}
    if whose != "ours" and server.keys_required:
        # A request carries one credential, and here it is the agent's own; this gateway serves one person.
        changes |= _NO_KEYS
    if not changes:
        return _Plan(settings, Companion(os.environ, wish.config, wish.log), reusable=True)
    host = server.host if is_loopback(server.host) else "127.0.0.1"
    environment = _without_ourselves(agent, server, {**os.environ, **changes})
    return _prepare(environment, wish.config, wish.log, spell(host, server.port))


def _refuse_what_cannot_pass(agent: Agent, model: str) -> None:
    """Only where its home takes a client's own login from us can a run do without a provider."""
    home = PROVIDERS.get(agent.home)
    if home is not None and home.passthrough:
        return
    wanted = model or agent.model
    what = f"answers {wanted}" if wanted else "is configured"
    key = f"set {home.key_variable}, or " if home is not None and not model else ""
    raise Failure(
        f"no provider {what}, and {agent.title}'s own login goes nowhere but to its home\n"
        f"    {key}lead the name somewhere in [models], or try: penstock run --demo {agent.name}"
    )


def _prepare(
    environment: Mapping[str, str], config: str | None, log: str | None, listen: str | None
) -> _Plan:
    settings = load(config, environment=environment, flags={"server.listen": listen}).settings
    return _Plan(settings, Companion(environment, config, log), reusable=False)


def _only_demo(environment: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in environment.items() if not name.startswith("PENSTOCK_")}
    return kept | _ONLY_DEMO


def _without_ourselves(agent: Agent, server: ServerSettings, environment: dict[str, str]) -> dict[str, str]:
    """Without what `penstock env` exported: a gateway of our own is not to call the other one."""
    if leads_to(environment.get(agent.address_variable, ""), server.host, server.port):
        del environment[agent.address_variable]
    return environment


def _gateway(plan: _Plan, stack: ExitStack) -> ServerSettings:
    server = plan.settings.server
    if plan.reusable and answers_as_penstock(reachable(server.host), server.port):
        # Said, because it answers as it was configured, and not as this folder and environment would have it.
        place = local_url(server.host, server.port)
        click.echo(f"penstock: using the gateway at {place}, which has its own configuration", err=True)
        return server
    return stack.enter_context(beside(plan.companion, server))


def _given(agent: Agent, settings: Settings, wish: _Wish, stack: ExitStack) -> Pointed:
    """What the agent is given beside what all of its kind get; what is written is gone with the stack."""
    server, key = settings.server, token(settings, os.environ)
    place = Place(local_url(server.host, server.port), key, wish.model)
    if agent.needs_model:
        listed = models_at(place.url, key)
        chosen = wish.model or next(plain_names(settings), DEMO if wish.demo else (*listed, "")[0])
        if not chosen:
            raise Failure(f"no model is known by name\n    name one: penstock run --model NAME {agent.name}")
        place = msgspec.structs.replace(place, model=chosen, models=listed)
    return pointed(agent.name, place, exports(agent, settings, os.environ, place.model), stack)


def _agent_environment(agent: Agent, settings: Settings, model: str) -> dict[str, str]:
    passing = login(agent, settings, model) == "own"
    dropped = set(agent.detours) if passing else {*agent.detours, *agent.credentials}
    if is_ours(os.environ.get(agent.token_variable, "")):
        dropped.add(agent.token_variable)
    return {name: value for name, value in os.environ.items() if name not in dropped} | _direct(os.environ)


def _direct(environment: Mapping[str, str]) -> dict[str, str]:
    """No proxy stands between the agent and this machine."""
    if not any(environment.get(name) for name in PROXIES):
        return {}
    present = environment.get("NO_PROXY") or environment.get("no_proxy")
    value = f"{present},{_OURSELVES}" if present else _OURSELVES
    return {"NO_PROXY": value, "no_proxy": value}


@contextmanager
def _leaving_in_order() -> Iterator[None]:
    """A signal that ends us unwinds, so that the gateway we started ends as well."""

    def leave(number: int, _frame: FrameType | None) -> NoReturn:
        raise SystemExit(_KILLED + number)

    with _handling(leave, *_ENDING):
        yield


def _run(command_line: list[str], environment: Mapping[str, str]) -> int:
    """The agent's exit code. Ctrl-C reaches the agent by itself; a signal sent to us alone is handed on."""
    with _handling(lambda _number, _frame: None, *_FROM_THE_TERMINAL):
        agent = subprocess.Popen(command_line, env=dict(environment))  # noqa: S603 - what the user asked for
        with _handling(lambda number, _frame: agent.send_signal(number), *_ENDING):
            code = agent.wait()
    return _KILLED - code if code < 0 else code


@contextmanager
def _handling(handler: Callable[[int, FrameType | None], object], *names: str) -> Iterator[None]:
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)
