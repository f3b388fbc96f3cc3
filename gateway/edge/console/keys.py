"""Keys and budgets: made, bounded, blocked, rotated, revoked. What is changed here is live at once.

A secret is on the page that answers its making, and on no other.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, get_args

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gateway.budgets_periods import ROLLING, a_span, period_at, word_of
from gateway.configuration.quantities import dollars, micro_dollars
from gateway.edge.console.desk import Desk
from gateway.grants import Grants, Ungrantable, grants_of, settings_of
from gateway.minting import mint
from gateway.roles import Role
from gateway.settings import Budget, LimitSettings, Span
from store import budgets, keys, principals, usage
from store.audit import Change
from store.connect import Connection
from store.errors import Conflict, Unknown
from store.rows import EMPTY, Key, Principal
from store.sums import DAY
from store.usage import Question, Sum

MOST: Final = 200
OVERLAP: Final = DAY
DAYS: Final = 30
MOST_DAYS: Final = 36_500
LONGEST_NAME: Final = 100
SECOND: Final = 1000
NO_VERB: Final = "nothing of this name can be done to a key"
LIMITS: Final = ("requests_per_minute", "tokens_per_minute", "concurrent")


class Listed(NamedTuple):
    """A key in the list: how it stands now, and what it may in words."""

    key: Key
    standing: str
    owner: str
    may: str
    cost: int


class Drawer(NamedTuple):
    """The keys, and who they may belong to."""

    listed: list[Listed]
    owners: list[Principal]
    more: bool


class One(NamedTuple):
    """One key: what it may, as it is filled in, and what it used."""

    listed: Listed
    said: dict[str, str]
    models: list[Sum]
    spent: list[tuple[Budget, int]]


class Wrong(Exception):
    """What was filled in cannot be: the message says why."""


async def page(desk: Desk, request: Request) -> Response:
    """The list, and the form for a new one."""
    return await _page(desk, request)


async def create(desk: Desk, request: Request) -> Response:
    """Make a key, and show it: this once."""
    form = await desk.form(request)
    try:
        key, secret = _made(form, desk.now())
        await desk.change(lambda change: _kept(change, key))
    except (Wrong, Conflict, Unknown) as error:
        return await _page(desk, request, wrong=str(error), said=form, status=400)
    return await _page(desk, request, made=(key.name, secret))


async def one(desk: Desk, request: Request) -> Response:
    """One key."""
    return await _one(desk, request)


async def change(desk: Desk, request: Request) -> Response:
    """Block, unblock, rotate, revoke, or set what it may."""
    identity, verb = request.path_params["id"], request.path_params["verb"]
    form = await desk.form(request)
    secret = ""
    try:
        if verb == "rotate":
            new = mint(identity)
            secret, until = new.key, desk.now() + OVERLAP
            await desk.change(lambda change: keys.rotate(change, identity, new.digest, until))
        elif verb == "bound":
            await desk.change(lambda change: _bounded(change, identity, form))
        elif verb in VERBS:
            await desk.change(lambda change: VERBS[verb](change, identity))
        else:
            return await _one(desk, request, wrong=NO_VERB, status=404)
    except (Wrong, Conflict, Unknown) as error:
        return await _one(desk, request, wrong=str(error), status=400)
    return await _one(desk, request, secret=secret)


VERBS: Final[Mapping[str, Callable[[Change, str], Key]]] = {
    "block": keys.block,
    "unblock": keys.unblock,
    "revoke": keys.revoke,
}


async def _page(desk: Desk, request: Request, status: int = 200, **context: Any) -> Response:
    now = desk.now()
    drawer = await desk.asked(lambda connection: _drawer(connection, now))
    shown = {"made": None, "wrong": "", "said": {}, **context}
    configured = [(key.name, _words(key.limits)) for key in desk.house.settings.keys]
    roles, windows = get_args(Role), get_args(Span)
    return desk.page(
        request,
        "keys.html",
        status,
        drawer=drawer,
        configured=configured,
        roles=roles,
        windows=windows,
        required=desk.house.settings.server.keys_required,
        **shown,
    )


async def _one(desk: Desk, request: Request, status: int = 200, **context: Any) -> Response:
    now, identity = desk.now(), request.path_params["id"]
    try:
        found = await desk.asked(lambda connection: _found(connection, identity, now))
    except Unknown:
        return await _page(desk, request, 404, wrong="there is no key of this id")
    if found is None:
        return await _page(desk, request)
    shown = {"secret": "", "wrong": "", "windows": get_args(Span), "days": DAYS, **context}
    return desk.page(request, "key.html", status, found=found, **shown)


def _made(form: Mapping[str, str], now: int) -> tuple[Key, str]:
    """The key that was asked for, and its secret. Raises Wrong."""
    name, role, days = form.get("name", "").strip(), form.get("role", "member"), form.get("days", "")
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise Wrong(f"a key has a name, of up to {LONGEST_NAME} characters")
    if _number(form, "days") > MOST_DAYS:
        raise Wrong(f"it expires too late: say up to {MOST_DAYS:,} days, or nothing")
    if role not in get_args(Role):
        raise Wrong("there is no such role")
    new = mint()
    expires = now + _number(form, "days") * DAY if days else 0
    key = Key(
        id=new.id,
        digest=new.digest,
        name=name,
        role=role,  # type: ignore[arg-type]  # it was looked at
        owner=form.get("owner") or None,
        created=now,
        expires=expires,
        settings=_granted(Grants(), form),
    )
    return key, new.key


def _kept(change: Change, key: Key) -> None:
    if key.owner:
        principals.of(change.connection, key.owner)  # says that there is nobody of this id
    keys.create(change, key)


def _bounded(change: Change, identity: str, form: Mapping[str, str]) -> Key:
    before = grants_of(keys.of(change.connection, identity).settings)
    return keys.update(change, identity, {"settings": _granted(before, form)})


def _granted(before: Grants, form: Mapping[str, str]) -> str:
    """What was filled in, as it is kept; what the form does not ask for stays. Raises Wrong."""
    limits = {name: _number(form, name) for name in LIMITS}
    dollars_said = form.get("dollars", "").strip().lstrip("$")
    try:
        amount = micro_dollars(dollars_said) if dollars_said else None
    except ValueError as error:
        raise Wrong(f"the budget: {error}") from None
    window = form.get("window", "day")
    if window not in get_args(Span):
        raise Wrong("there is no such window of time")
    grants = msgspec.structs.replace(
        before,
        models=tuple(form.get("models", "").replace(",", " ").split()),
        providers=tuple(form.get("providers", "").replace(",", " ").split()),
        limits=msgspec.structs.replace(before.limits, **limits),
        budgets=_budgets(before, amount, window),
    )
    settings = settings_of(grants)
    try:
        grants_of(settings)
    except Ungrantable as error:
        raise Wrong(str(error)) from None
    return settings


def _budgets(before: Grants, amount: int | None, window: str) -> tuple[Budget, ...]:
    """The first budget as it was filled in, none where nothing was; what else there is stays."""
    rolling = bool(before.budgets) and before.budgets[0].rolling
    others = [one for one in before.budgets[1:] if (one.window, one.rolling) != (window, rolling)]
    if amount is None:
        return tuple(others)
    first = Budget(amount, window, rolling)  # type: ignore[arg-type]  # it was looked at
    return (first, *others)


def _number(form: Mapping[str, str], name: str) -> int:
    text = form.get(name, "").strip() or "0"
    if not text.isdecimal() or not text.isascii() or len(text) > 9:
        raise Wrong(f"{name.replace('_', ' ')}: expected a whole number, or nothing")
    return int(text)


def _drawer(connection: Connection, now: int) -> Drawer:
    found = keys.page(connection, limit=MOST)
    since = now - DAYS * DAY
    sums = usage.page(connection, Question(("key_id",), since=since), limit=1000).rows
    costs = {str(one.group[0]): one.cost for one in sums}
    owners = principals.page(connection, limit=1000).rows
    names = {owner.id: owner.name for owner in owners}
    listed = [_listed(key, names, costs.get(key.id, 0), now) for key in found.rows]
    return Drawer(listed, owners, bool(found.cursor))


def _found(connection: Connection, identity: str, now: int) -> One:
    """Raises Unknown."""
    key = keys.of(connection, identity)
    since = now - DAYS * DAY
    models = usage.page(connection, Question(("model",), {"key_id": identity}, since)).rows
    names = {key.owner: principals.of(connection, key.owner).name} if key.owner else {}
    listed = _listed(key, names, sum(one.cost for one in models), now)
    return One(listed, _said(key), models, _spent(connection, key, now))


def _spent(connection: Connection, key: Key, now: int) -> list[tuple[Budget, int]]:
    """The budgets of a key, with what was spent of each in its window."""
    found = []
    for budget in _readable(key).budgets:
        today = now // SECOND
        start = period_at(budget.window, today).start
        if budget.rolling:
            start = today - ROLLING[budget.window][0]
        word = word_of(budget.window, rolling=budget.rolling)
        found.append((budget, budgets.of(connection, f"key:{key.id}", word, start * SECOND)))
    return found


def _listed(key: Key, names: Mapping[str, str], cost: int, now: int) -> Listed:
    owner = names.get(key.owner or "", key.owner or "")
    return Listed(key, keys.standing(key, now), owner, _may(key.settings), cost)


def _may(settings: str) -> str:
    try:
        grants = grants_of(settings)
    except Ungrantable:
        return "cannot be read"
    words = [*grants.models, *(f"{glob}/…" for glob in grants.providers), _words(grants.limits)]
    words += [
        f"${dollars(one.dollars).rstrip('0').rstrip('.')} {a_span(one.window)}" for one in grants.budgets
    ]
    return ", ".join(filter(None, words))


def _words(limits: LimitSettings) -> str:
    said = msgspec.structs.asdict(limits)
    return ", ".join(f"{most:,} {name.replace('_', ' ')}" for name, most in said.items() if most)


def _readable(key: Key) -> Grants:
    try:
        return grants_of(key.settings or EMPTY)
    except Ungrantable:
        return Grants()


def _said(key: Key) -> dict[str, str]:
    """What a key may, as it stands in the form."""
    grants = _readable(key)
    budget = grants.budgets[0] if grants.budgets else None
    limits = msgspec.structs.asdict(grants.limits)
    return {
        "models": " ".join(grants.models),
        "providers": " ".join(grants.providers),
        **{name: str(limits[name] or "") for name in LIMITS},
        "dollars": dollars(budget.dollars).rstrip("0").rstrip(".") if budget else "",
        "window": budget.window if budget else "day",
    }
