"""What would become of a request, in words and as data: the decision, without doing any of it (feature I12).

It is made by the functions that decide about requests, which are told to say why. Nothing is sent, no turn is
taken and nothing is counted.
"""

from typing import Final

import msgspec

from adapters.dialect import Dialect
from adapters.events import Usage
from adapters.fault import Fault
from adapters.request import decode_body
from adapters.table import DIALECTS
from gateway import overriding
from gateway.allowing import allow
from gateway.errors import Refused
from gateway.limits_left import Left, budgets_left, limits_left
from gateway.plan import Choice, Target
from gateway.prices import cost
from gateway.redaction import redact
from gateway.routing import Ruled
from gateway.settings import Price, Tier
from gateway.state import Exchange, weighed

MILLION: Final = 1_000_000
MEMBERS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
# Members that only one dialect has at the top of a request.
TELLING: Final = {
    "contents": "gemini",
    "input": "openai-responses",
    "prompt": "ollama",
    "options": "ollama",
    "keep_alive": "ollama",
    "system": "anthropic-messages",
    "stop_sequences": "anthropic-messages",
    "thinking": "anthropic-messages",
}


class Stop(msgspec.Struct, omit_defaults=True):
    """One target: how the request gets there, its breaker, and what it would cost there, in dollars.

    `input_cost` is without a prompt cache, `most_cost` with as much output as is asked for at most.
    """

    provider: str
    model: str
    dialect: str
    crossing: str
    breaker: str
    tokens: int
    input_cost: str = ""
    most_cost: str = ""
    price: str = ""


class Decision(msgspec.Struct, omit_defaults=True, kw_only=True):
    """Everything that was decided. `refused`: what the client would be told instead of a reply."""

    dialect: str
    operation: str
    model: str
    profile: str = ""
    scenario: str = ""
    agent: str = ""
    rules: list[Ruled] = []
    route: str = ""
    tiers: list[Tier] = []
    targets: list[Stop] = []
    left_out: list[str] = []
    beyond: dict[str, str] = {}
    limits: list[Left] = []
    refused: str = ""
    status: int = 0
    words: list[str] = []


def recognised(body: bytes, *, anthropic: bool = False) -> Dialect:
    """The dialect that a body is probably spelled in. Raises Malformed."""
    members = decode_body(MEMBERS, body)
    for name, dialect in TELLING.items():
        if name in members:
            return DIALECTS[dialect]
    claude = bytes(members.get("model", b"")).startswith(b'"claude')
    return DIALECTS["anthropic-messages" if anthropic or claude else "openai-chat"]


def explained(exchange: Exchange) -> Decision:
    """The decision about a request that was identified and read. Raises Malformed."""
    exchange.body_at = exchange.house.clock()
    exchange.peek = peek = exchange.dialect.peek(exchange.body, exchange.path)
    decision = Decision(
        dialect=exchange.dialect.name,
        operation=exchange.operation,
        model=peek.model,
        profile=exchange.profile,
    )
    try:
        _plan(exchange, decision)
    except Refused as refusal:
        decision.refused, decision.status = refusal.fault.message, refusal.fault.status
    decision.limits = _limits(exchange)
    decision.agent = redact(exchange.agent.decode("latin-1"))
    decision.words = _words(decision)
    return decision


def _plan(exchange: Exchange, decision: Decision) -> None:
    """As `plan` in exchange.py. Raises Refused."""
    kept = exchange.house.router.found(exchange, decision.rules)
    plan = kept.plan
    exchange.targets = plan.first() if isinstance(plan, Choice) else plan
    decision.route = kept.label
    decision.scenario = next((one.scenario for one in decision.rules if one.scenario), "")
    if kept.lead is not None:
        decision.tiers = list(kept.lead.tiers)
    if exchange.caller.allowed is not None:
        _allow(exchange, decision)
    if exchange.overrides:
        overriding.narrow(exchange)
    if len(exchange.targets) > 1:
        exchange.targets, lacks = exchange.house.fitness.judged(exchange)
        decision.left_out += [str(lack) for lack in lacks]
    weight = weighed(exchange)
    decision.targets = [_stop(exchange, target, weight) for target in exchange.targets]
    recourse = exchange.targets[0].recourse if exchange.targets else None
    decision.beyond = {} if recourse is None else {k: v for k, v in _said(recourse) if v}
    if not exchange.targets:
        raise Refused(Fault("invalid_request", 400, "no target can serve this request"))


def _allow(exchange: Exchange, decision: Decision) -> None:
    """What the caller may use of it. Raises Refused, and says before which targets that would have been."""
    try:
        allow(exchange)
    finally:
        decision.left_out = list(exchange.left_out)


def _limits(exchange: Exchange) -> list[Left]:
    """What is left to the caller. A request counts when it is let in, and not one that is explained."""
    house = exchange.house
    if house.limits is None:
        return []
    account = house.limits.account(exchange.caller)
    return [*limits_left(account, house.clock()), *budgets_left(account, house.calendar())]


def _said(recourse: msgspec.Struct) -> list[tuple[str, str]]:
    return list(msgspec.structs.asdict(recourse).items())


def _stop(exchange: Exchange, target: Target, weighed: int) -> Stop:
    house, provider = exchange.house, target.provider
    tokens = house.estimates.mended(provider.name, target.model, weighed)
    same = target.dialect is exchange.dialect
    price = house.prices.of(provider.name, target.model)
    output = exchange.peek.max_tokens if exchange.peek is not None else None
    return Stop(
        provider=provider.name,
        model=target.model,
        dialect=target.dialect.name,
        crossing="passthrough" if same else "translation",
        breaker=target.breaker.state(house.clock()),
        tokens=tokens,
        input_cost=_cost(price, Usage(input=tokens)),
        most_cost="" if output is None else _cost(price, Usage(input=tokens, output=max(output, 0))),
        price="" if price is None else price.source,
    )


def _cost(price: Price | None, usage: Usage) -> str:
    """What this would cost, in dollars."""
    found = cost(usage, price)
    return "" if found is None else f"{found / MILLION:.6f}"


def _words(decision: Decision) -> list[str]:
    """The decision for people, a sentence a line."""
    asked = f"{decision.operation} of {decision.dialect}, for `{decision.model[:200]}`"
    words = [f"{asked}, at the base URL of the profile {decision.profile}" if decision.profile else asked]
    words += [_passed(rule) for rule in decision.rules]
    if decision.rules and all(rule.unmet for rule in decision.rules):
        words.append("no rule takes it: its name decides")
    if decision.refused:
        return [*words, f"it is refused with a {decision.status}: {decision.refused}"]
    words.append(f"{decision.route or 'the name itself'} says where it goes")
    words += [
        f"{'or, ' if place else ''}of {', '.join(share.to for share in tier.shares)}: {tier.strategy}"
        for place, tier in enumerate(decision.tiers)
        if len(tier.shares) > 1
    ]
    words += [f"left out: {lack}" for lack in decision.left_out]
    words += [_told(place, stop) for place, stop in enumerate(decision.targets, 1)]
    words += [f"where it is {case.replace('_', ' ')}: {where}" for case, where in decision.beyond.items()]
    words += [left.words() for left in decision.limits]
    return words


def _passed(rule: Ruled) -> str:
    """One rule for people."""
    return f"{rule.where} is passed over: {rule.unmet}" if rule.unmet else f"{rule.where} takes it"


def _told(place: int, stop: Stop) -> str:
    """One target for people."""
    said = f", {stop.input_cost} dollars without a cache" if stop.input_cost else ", of unknown price"
    most = f", {stop.most_cost} at most with the reply" if stop.most_cost else ""
    rest = "" if stop.breaker == "closed" else f"; its breaker is {stop.breaker.replace('_', '-')}"
    return (
        f"{place}. {stop.provider}/{stop.model} by {stop.crossing} in {stop.dialect}, "
        f"about {stop.tokens} tokens of input{said}{most}{rest}"
    )
