"""Which of a plan's targets a caller may use (feature G5): by the name asked for, and by what would serve.

Only callers come here whose key, or somebody above it, says which models or providers there are for them, or
whose role calls nobody. What they may not use is told to be none of theirs, with a 404: clients say then that
something is wrong with the model, and not with the key.
"""

from collections.abc import Iterable
from typing import Final

from adapters.dialect import ModelEntry
from adapters.fault import Fault
from gateway.errors import Refused
from gateway.grants import Allowed
from gateway.plan import Target, Targets
from gateway.state import Exchange

NO_CALLS: Final = Fault("permission", 403, "the role of this key calls no models", code="calls_not_allowed")
UNREAD: Final = Fault(
    "permission",
    403,
    "this key is for certain models only, and what is asked for on this path is not read here",
    code="path_not_allowed",
)


def allow(exchange: Exchange) -> None:
    """Leave of the plan what the caller may use. Raises Refused: 404 for what is not theirs, 403."""
    allowed = exchange.caller.allowed
    assert allowed is not None
    assert exchange.peek is not None
    if not allowed.calls:
        raise Refused(NO_CALLS)
    if exchange.operation == "forward":
        if not allowed.unnamed:
            raise Refused(UNREAD)
    elif not _asks(exchange, allowed, exchange.use or exchange.peek.model):
        raise Refused(_none(f"the model `{exchange.peek.model[:200]}` is not among those of this key"))
    kept = permitted(exchange, exchange.targets)
    there = set(map(id, kept))
    lost = [one for one in exchange.targets if id(one) not in there]
    exchange.left_out += tuple(f"{_name(one)} is not among those of the key" for one in lost)
    if lost and not kept:
        raise Refused(_none(f"{_name(lost[0])}, which would serve this, is not among those of this key"))
    exchange.targets = kept


def permitted(exchange: Exchange, targets: Iterable[Target]) -> Targets:
    """Those of some targets that the caller may use."""
    allowed = exchange.caller.allowed
    if allowed is None or exchange.peek is None:
        return tuple(targets)
    # What somebody has said instead of a model may keep the model's name: that must fit by itself.
    asked = "" if exchange.use else exchange.peek.model
    bare = _bare(exchange, asked) if asked else ""
    return tuple(one for one in targets if allowed.serves(asked, bare, one.provider.name, one.model))


def listed(exchange: Exchange, allowed: Allowed, entries: list[ModelEntry]) -> list[ModelEntry]:
    """Those of a list of models that the caller may ask for."""
    router, shown = exchange.house.router, []
    for entry in entries:
        bare, leads = router.leads(exchange.dialect.name, entry.id, exchange.profile)
        serves = any(allowed.serves(entry.id, bare, *lead) for lead in leads)
        if serves and allowed.asks(entry.id, bare):
            shown.append(entry)
    return shown


def _asks(exchange: Exchange, allowed: Allowed, model: str) -> bool:
    if exchange.named:
        return allowed.asks(model, f"{exchange.named}/{model}")
    return allowed.asks(model, _bare(exchange, model))


def _bare(exchange: Exchange, model: str) -> str:
    """The name without the provider before it."""
    if exchange.named:
        return model
    return exchange.house.router.leads(exchange.dialect.name, model, exchange.profile)[0]


def _none(words: str) -> Fault:
    return Fault("not_found", 404, words, code="model_not_allowed", param="model")


def _name(target: Target) -> str:
    return f"{target.provider.name}/{target.model[:100]}"
