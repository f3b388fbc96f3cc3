"""READ FIRST: the whole life of a request, as one list of calls.

    identify            headers to caller; a stranger never makes us read megabytes
    read the body       counted while reading, and decoded where it is compressed
    peek                model, stream, thinking: no more is decoded
    plan                targets in order
    enter               a permit, or a refusal with the time to come back
    recall              where it is asked for: a kept reply, or one that is being given to another
    first good attempt  encode, send, judge, until the first bytes worth showing are in hand
    pump                to the client, as fast as it reads; one that leaves ends the upstream
    answer              whatever was raised: before the head a status, after it an error event
    close               always, once: connection, permit, counts, the line in the log

Stages never import each other: what they share is the exchange. Passthrough is how the body and the
reply cross, chosen per target, and not a path of its own.
"""

from typing import Final

from msgspec import json, structs

from adapters.dialect import Dialect, ModelEntry, Peek
from adapters.fault import Fault
from gateway import attempts_trial as trial
from gateway import client, ingress, overriding
from gateway.accounting import account
from gateway.allowing import allow, listed
from gateway.answer import answer
from gateway.array import as_array
from gateway.attempts import first_good_attempt
from gateway.errors import Refused
from gateway.explaining import explained, recognised
from gateway.ingress_unpacking import unpack
from gateway.recall import left, recalled
from gateway.relay import pump
from gateway.state import Exchange, Work

# What is known of a body that is nobody's here.
NOTHING: Final = Peek("")


async def run(exchange: Exchange) -> None:
    """One request that wants a model's reply, or a count of its tokens."""
    house = exchange.house
    house.timekeeper.enrol(exchange)
    try:
        identify(exchange)
        if not ingress.take_body(exchange, await exchange.receive()):
            await ingress.read_rest(exchange)
        if exchange.coding:
            await unpack(exchange)
        peek(exchange)
        plan(exchange)
        house.admission.enter(exchange)
        if house.limits is not None:
            house.limits.enter(exchange)
        if house.replies is None or not await recalled(exchange, house.replies, ask):
            await first_good_attempt(exchange)
        await pump(exchange)
        trial.ended(exchange)
    except Exception as error:  # noqa: BLE001  # the one place where everything is answered
        trial.broke(exchange, error)
        await answer(exchange, error)
    finally:
        close(exchange)


async def ask(exchange: Exchange) -> None:
    """A call that several clients share: it has no permit and no client of its own. Raises what failed."""
    exchange.house.timekeeper.enrol(exchange)
    try:
        await first_good_attempt(exchange)
        await pump(exchange)
        trial.ended(exchange)
    except Exception as error:
        trial.broke(exchange, error)
        if not exchange.head_sent:
            raise
        await answer(exchange, error)
    finally:
        close(exchange)


def identify(exchange: Exchange) -> None:
    """Sort the head of the request and find out who asks."""
    house = exchange.house
    ingress.read_head(exchange, house.settings.server)
    if house.visitors is not None:
        house.visitors.check(exchange)
    house.callers.identify(exchange)
    if exchange.overrides:
        overriding.heed(exchange)
    exchange.identified_at = house.clock()


def peek(exchange: Exchange) -> None:
    """Learn what routing asks of the request."""
    house = exchange.house
    exchange.body_at = house.clock()
    if exchange.began >= house.drift.next:
        house.drift.look(exchange)
    if exchange.operation == "forward":
        exchange.peek, exchange.relay = NOTHING, "raw"
        return
    exchange.peek = found = exchange.dialect.peek(exchange.body, exchange.path)
    if found.stream and exchange.operation == "generate":
        exchange.relay = "stream"
        if exchange.dialect.array is not None:
            as_array(exchange, exchange.dialect.array)


def plan(exchange: Exchange) -> None:
    """Find the targets to try: those that can serve the request, as far as that is known."""
    exchange.house.router.route(exchange)
    if exchange.caller.allowed is not None:
        allow(exchange)
    if exchange.overrides:
        overriding.narrow(exchange)
    if len(exchange.targets) > 1:
        exchange.house.fitness.sift(exchange)
    exchange.planned_at = exchange.house.clock()


def close(exchange: Exchange) -> None:
    """Give back what was taken, and account for it."""
    exchange.closed = True
    house = exchange.house
    house.timekeeper.dismiss(exchange)
    if exchange.watcher is not None:
        exchange.watcher.cancel()
    if exchange.listener is not None:
        left(exchange, exchange.listener)
    trial.over(exchange)
    house.give_back(exchange)
    house.admission.leave(exchange)
    if house.limits is not None:
        house.limits.leave(exchange)
    account(exchange)
    exchange.body = exchange.first = b""


async def list_models(exchange: Exchange, model: str) -> None:
    """The models this client may ask for, or the one it names."""
    try:
        identify(exchange)
        entries = await exchange.house.catalogue.entries(exchange.dialect.name, exchange.profile)
        if exchange.caller.allowed is not None:
            entries = listed(exchange, exchange.caller.allowed, entries)
        await client.say_whole(exchange, 200, [client.JSON], _write_models(exchange.dialect, entries, model))
    except Exception as error:  # noqa: BLE001  # as in `run`
        await answer(exchange, error)
    finally:
        close(exchange)


async def show_model(exchange: Exchange) -> None:
    """The model that a body names."""
    try:
        identify(exchange)
        if not ingress.take_body(exchange, await exchange.receive()):
            await ingress.read_rest(exchange)
        if exchange.coding:
            await unpack(exchange)
        exchange.peek = exchange.dialect.peek(exchange.body, exchange.path)
        entries = await exchange.house.catalogue.entries(exchange.dialect.name, exchange.profile)
        if exchange.caller.allowed is not None:
            entries = listed(exchange, exchange.caller.allowed, entries)
        body = _write_models(exchange.dialect, entries, exchange.peek.model)
        await client.say_whole(exchange, 200, [client.JSON], body)
    except Exception as error:  # noqa: BLE001  # as in `run`
        await answer(exchange, error)
    finally:
        close(exchange)


def _write_models(dialect: Dialect, entries: list[ModelEntry], model: str) -> bytes:
    if not model:
        return dialect.write_models(entries)
    for entry in entries:
        if entry.id == model:
            return dialect.write_model(entry)
    words = f"the model `{model[:200]}` is not listed here; GET /v1/models lists what is"
    raise Refused(Fault("not_found", 404, words, "model_not_found", "model"))


async def explain(exchange: Exchange, asked: tuple[Dialect, Work, str] | None) -> None:
    """What would become of the request in the body, sent to this path of this dialect, or of one like it."""
    try:
        identify(exchange)
        if not ingress.take_body(exchange, await exchange.receive()):
            await ingress.read_rest(exchange)
        if exchange.coding:
            await unpack(exchange)
        anthropic = any(name == b"anthropic-version" for name, _ in exchange.forward)
        found = asked or (recognised(exchange.body, anthropic=anthropic), "generate", "")
        meant = structs.replace(exchange, dialect=found[0], operation=found[1], path=found[2])
        await client.say_whole(exchange, 200, [client.JSON], json.encode(explained(meant)))
    except Exception as error:  # noqa: BLE001  # as in `run`
        await answer(exchange, error)
    finally:
        close(exchange)


async def refuse(exchange: Exchange, refusal: Refused) -> None:
    """A path or a method that nothing here answers, said in the dialect of the path."""
    try:
        ingress.read_head(exchange, exchange.house.settings.server)
        if exchange.began >= exchange.house.drift.next:
            exchange.house.drift.look(exchange)
        raise refusal
    except Refused as error:
        await answer(exchange, error)
    finally:
        close(exchange)
