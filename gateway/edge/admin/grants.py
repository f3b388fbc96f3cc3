"""What a key or a principal may do and use, as the admin API spells it and as it is kept."""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from gateway.edge.admin.reading import misfit
from gateway.edge.admin.refusal import Refusal
from gateway.edge.admin.words import Amount, Dollars, Glob, Taken, dollars_of, micro_of
from gateway.grants import Grants, Ungrantable, grants_of, settings_of
from gateway.settings import Budget, LimitSettings, Span
from store.rows import EMPTY

Globs = Annotated[tuple[Glob, ...], Meta(max_length=1000)]
Models = Annotated[Globs, Meta(description="Globs of the models it may use; none: any.")]
Providers = Annotated[Globs, Meta(description="Globs of the providers it may use; none: any.")]


class LimitsSaid(Taken, frozen=True, kw_only=True):
    """How much may be asked for, in any minute and at once. 0 is any number."""

    requests_per_minute: Amount = 0
    tokens_per_minute: Amount = 0
    input_tokens_per_minute: Amount = 0
    output_tokens_per_minute: Amount = 0
    concurrent: Amount = 0


class BudgetSaid(Taken, frozen=True, kw_only=True):
    """How many dollars may be spent in a window: of the calendar, in UTC, or a rolling one."""

    dollars: Dollars
    window: Span
    rolling: bool = False


Budgets = Annotated[tuple[BudgetSaid, ...], Meta(max_length=16)]


class GrantsToBe(Taken, frozen=True, kw_only=True):
    """What may be set of it; what is left out stays as it is."""

    models: Models | UnsetType = UNSET
    providers: Providers | UnsetType = UNSET
    limits: LimitsSaid | UnsetType = UNSET
    budgets: Budgets | UnsetType = UNSET
    overrides: bool | UnsetType = UNSET


class GrantsShown(msgspec.Struct, frozen=True, kw_only=True):
    """What it may do and use. Empty lists are no restriction."""

    models: tuple[str, ...]
    providers: tuple[str, ...]
    limits: LimitsSaid
    budgets: tuple[BudgetSaid, ...]
    overrides: bool


def shown(settings: str) -> dict[str, Any]:
    """The fields of GrantsShown, of what is kept."""
    kept = _kept(settings)
    budgets = tuple(
        BudgetSaid(dollars=dollars_of(one.dollars), window=one.window, rolling=one.rolling)
        for one in kept.budgets
    )
    limits = LimitsSaid(**msgspec.structs.asdict(kept.limits))
    return {**msgspec.structs.asdict(kept), "limits": limits, "budgets": budgets}


def settled(said: GrantsToBe, settings: str = EMPTY) -> str:
    """What is to be kept: what was, with what was said. Raises Refusal (400) that names the field."""
    fields = {
        name: value for name in GrantsToBe.__struct_fields__ if (value := getattr(said, name)) is not UNSET
    }
    if said.limits is not UNSET:
        fields["limits"] = LimitSettings(**msgspec.structs.asdict(said.limits))
    if said.budgets is not UNSET:
        fields["budgets"] = tuple(
            Budget(micro_of(one.dollars), one.window, one.rolling) for one in said.budgets
        )
    spelled = settings_of(msgspec.structs.replace(_kept(settings), **fields))
    try:
        grants_of(spelled)
    except Ungrantable as error:
        raise misfit(error) from error
    return spelled


def _kept(settings: str) -> Grants:
    """What a row grants. Raises Refusal (409) for what is not understood in this version."""
    try:
        return grants_of(settings)
    except Ungrantable as error:
        raise Refusal(409, f"what is kept of it cannot be read: {error}") from error
