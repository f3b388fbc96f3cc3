"""What is granted to a key, or to somebody above it: models and providers, how much, for how much money.

It stands as JSON in the `settings` of the store's keys and principals, and is read strictly: a field that is
not known here is refused, for it would be a limit that does not hold. Money is whole micro-dollars in there.
"""

from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Annotated, Final, TypeVar

import msgspec

from gateway.settings import Budget, LimitSettings

What = TypeVar("What", bound=tuple[str, ...])
Glob = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
# No limit is larger than what a float counts exactly.
MOST: Final = 2**53
# Of each caller's: how many names are remembered that were allowed or not. Clients choose them.
NAMES_KEPT: Final = 256


class Grants(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """What is granted at one level. `models` and `providers` are globs, none is any; all levels must allow.

    `overrides`: whether a key may say where its requests go; of those above a key it says nothing.
    """

    models: Annotated[tuple[Glob, ...], msgspec.Meta(max_length=1000)] = ()
    providers: Annotated[tuple[Glob, ...], msgspec.Meta(max_length=1000)] = ()
    limits: LimitSettings = LimitSettings()
    budgets: Annotated[tuple[Budget, ...], msgspec.Meta(max_length=16)] = ()
    overrides: bool = False


NOTHING_SAID: Final = Grants()
_DECODE: Final = msgspec.json.Decoder(Grants).decode


class Ungrantable(ValueError):
    """Settings that grant nothing that can be understood: the message says what is wrong, and where."""


def grants_of(settings: str | bytes) -> Grants:
    """Read the `settings` of a row. Raises Ungrantable with the path of what is wrong (`$.limits…`)."""
    try:
        found = _DECODE(settings)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Ungrantable(str(error)) from error
    for name, most in msgspec.structs.asdict(found.limits).items():
        if not 0 <= most <= MOST:
            raise Ungrantable(f"Expected 0, which is any number, or more - at `$.limits.{name}`")
    windows = [(one.window, one.rolling) for one in found.budgets]
    for place, window in enumerate(windows):
        if window in windows[:place]:
            raise Ungrantable(f"Expected one budget for each kind of window - at `$.budgets[{place}]`")
    return found


def settings_of(grants: Grants) -> str:
    """Spell grants for the `settings` of a row."""
    return msgspec.json.encode(grants).decode()


class Allowed:
    """Which models and providers one caller may use: what each level over it says of that, all of which hold.

    `calls`: whether any at all; a caller whose role may only look may use none.
    """

    __slots__ = ("_levels", "_models", "_targets", "calls")

    def __init__(self, levels: tuple[Grants, ...], *, calls: bool = True) -> None:
        self._levels = levels
        self.calls = calls
        self._models: dict[tuple[str, str], bool] = {}
        self._targets: dict[tuple[str, str, str, str], bool] = {}

    @property
    def unnamed(self) -> bool:
        """Whether what names no model may be asked for: where any model may be."""
        return not any(one.models for one in self._levels)

    def asks(self, model: str, bare: str) -> bool:
        """Whether a model may be asked for, by its name or by that without the provider before it."""
        return _kept(self._models, (model, bare), self._asks)

    def serves(self, asked: str, bare: str, provider: str, model: str) -> bool:
        """Whether a provider's model may serve a request for a name, which is told as to `asks`.

        A level that says the name itself, and not with a glob, takes in wherever that leads.
        """
        return _kept(self._targets, (asked, bare, provider, model), self._serves)

    def _asks(self, names: tuple[str, str]) -> bool:
        return all(not one.models or _fits(names, one.models) for one in self._levels)

    def _serves(self, what: tuple[str, str, str, str]) -> bool:
        asked, bare, provider, model = what
        names = (model, f"{provider}/{model}")
        return all(
            (not one.providers or _fits((provider,), one.providers))
            and (not one.models or _says(one.models, asked, bare) or _fits(names, one.models))
            for one in self._levels
        )


def allowed_by(levels: tuple[Grants, ...], *, calls: bool) -> Allowed | None:
    """What these levels allow; None where that is everything."""
    saying = tuple(one for one in levels if one.models or one.providers)
    return None if calls and not saying else Allowed(saying, calls=calls)


def _kept(there: dict[What, bool], what: What, find: Callable[[What], bool]) -> bool:
    """What was found before; bounded, and full means start again."""
    found = there.get(what)
    if found is None:
        if len(there) >= NAMES_KEPT:
            there.clear()
        found = there[what] = find(what)
    return found


def _says(globs: tuple[str, ...], *names: str) -> bool:
    # A client may ask for a glob, too: that is no name that anybody has said.
    return any(name in globs and not any(mark in name for mark in "*?[") for name in names)


def _fits(names: tuple[str, ...], globs: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, glob) for glob in globs for name in names)
