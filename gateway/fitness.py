"""Which targets of a plan can serve a request, as far as that is known before anything is sent (feature R6).

What is known is what the configuration says of a model and what its provider has taught; of what nobody has
said anything, everything is expected. Only plans of several targets are sifted: with one the client hears the
provider's own words. Where all are known to be unable, the client is told what each of them lacks; where one
of them only lacks room, in the words by which clients make a conversation shorter.
"""

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Final

import msgspec

from adapters.complaints import Ability
from adapters.fault import Fault, Malformed
from adapters.needs import Needs, needs_of
from adapters.overflow import CODE, Overflow
from gateway.allowing import permitted
from gateway.errors import Refused
from gateway.estimates import Estimates
from gateway.lessons import Lessons
from gateway.plan import Target, Targets
from gateway.settings import Capabilities
from gateway.state import Exchange, weighed

# An estimate is off by some: only what is too long by more than this is taken for too long.
MARGIN: Final = 0.1
# A request that says so has a larger window than the one that was told without it.
WIDER: Final = b"context-1m-"
WORDS: Final[dict[Ability, str]] = {
    "tools": "cannot use tools",
    "vision": "cannot look at images",
    "pdf": "cannot read documents",
    "thinking": "cannot think",
    "structured": "cannot keep to a form of the answer",
}


class Lack(msgspec.Struct, frozen=True):
    """What a target lacks for a request: abilities, room for the conversation, length of the answer."""

    target: Target
    abilities: tuple[Ability, ...] = ()
    overflow: Overflow | None = None
    output: int | None = None

    def __bool__(self) -> bool:
        return bool(self.abilities) or self.overflow is not None or self.output is not None

    @property
    def names(self) -> tuple[str, ...]:
        """What is missing, for the log and the metrics."""
        room = ("context",) if self.overflow is not None else ()
        length = ("output",) if self.output is not None else ()
        return (*self.abilities, *room, *length)

    @property
    def only_room(self) -> bool:
        """Whether a shorter conversation would be served."""
        return self.names == ("context",)

    def __str__(self) -> str:
        words = [WORDS[ability] for ability in self.abilities]
        if self.overflow is not None:
            words.append(f"holds {self.overflow.maximum} tokens, and this is about {self.overflow.tokens}")
        if self.output is not None:
            words.append(f"answers with {self.output} tokens at most")
        return f"{self.target.provider.name}/{self.target.model[:100]} {' and '.join(words)}"


def fit(
    targets: Targets, needs: Needs, known: Callable[[Target], Capabilities], tokens: Callable[[Target], int]
) -> tuple[Targets, tuple[Lack, ...]]:
    """The targets that can serve a request, and what each other lacks. `tokens`: as a target counts them."""
    lacks = [_lack(target, needs, known(target), tokens) for target in targets]
    return tuple(lack.target for lack in lacks if not lack), tuple(lack for lack in lacks if lack)


def _lack(target: Target, needs: Needs, known: Capabilities, tokens: Callable[[Target], int]) -> Lack:
    missing = tuple(sorted(one for one in needs.abilities if getattr(known, one) is False))
    overflow = None
    if known.context is not None:
        counted = tokens(target)
        if counted > known.context * (1 + MARGIN):
            overflow = Overflow(counted, known.context)
    too_much = known.output is not None and needs.output is not None and needs.output > known.output
    return Lack(target, missing, overflow, known.output if too_much else None)


class Fitness:
    """What is known of models, in one worker."""

    __slots__ = ("_estimates", "_globs", "_lessons")

    def __init__(
        self, capabilities: Mapping[str, Capabilities], lessons: Lessons, estimates: Estimates
    ) -> None:
        # The longest glob is the most particular one: what it says goes before what the others say.
        self._globs = sorted(capabilities.items(), key=lambda item: -len(item[0]))
        self._lessons = lessons
        self._estimates = estimates

    def known(self, target: Target, *, wider: bool = False) -> Capabilities:
        """What is known of a model: each from the most particular place that says it, then what it taught."""
        name = f"{target.provider.name}/{target.model}"
        said: dict[str, int | bool | None] = {}
        for glob, entry in self._globs:
            if fnmatchcase(name, glob):
                said |= {
                    key: value
                    for key, value in msgspec.structs.asdict(entry).items()
                    if said.get(key) is None
                }
        for lesson in self._lessons.of(target.provider.name, target.model):
            if lesson.ability is not None and said.get(lesson.ability) is None:
                said[lesson.ability] = False
            if lesson.window and not wider and said.get("context") is None:
                said["context"] = lesson.window
        return msgspec.convert(said, Capabilities)

    def sift(self, exchange: Exchange) -> None:
        """Leave out of the plan who cannot serve the request. Raises Refused (400) where nobody can."""
        if exchange.operation != "generate" or not (self._globs or self._lessons.any):
            return
        exchange.targets, lacks = self.judged(exchange)
        for lack in lacks:
            exchange.house.tallies.leave_out(lack.target.provider.name, lack.names[0])
        exchange.left_out += tuple(str(lack) for lack in lacks)

    def judged(self, exchange: Exchange) -> tuple[Targets, tuple[Lack, ...]]:
        """The targets that are left, and what the others lack. Raises Refused (400) where nobody can."""
        targets = exchange.targets
        wider = exchange.fields.find(WIDER) >= 0
        known = {id(one): self.known(one, wider=wider) for one in targets}
        if all(one == Capabilities() for one in known.values()):
            return targets, ()
        try:
            needs = needs_of(exchange.dialect.read_request(exchange.body, exchange.path))
        except Malformed:
            return targets, ()
        kept, lacks = fit(
            targets,
            needs,
            lambda one: known[id(one)],
            lambda one: self._tokens(exchange, one),
        )
        return kept or _beyond(exchange, lacks), lacks

    def _tokens(self, exchange: Exchange, target: Target) -> int:
        """As this target counts."""
        return self._estimates.mended(target.provider.name, target.model, weighed(exchange))


def _beyond(exchange: Exchange, lacks: tuple[Lack, ...]) -> Targets:
    """Where a request goes that nobody can serve because it is too long. Raises Refused for all others."""
    room = [lack.overflow for lack in lacks if lack.only_room and lack.overflow is not None]
    recourse = exchange.targets[0].recourse
    if room and recourse is not None and recourse.too_long:
        plan = exchange.house.router.plan
        beyond = permitted(exchange, plan(exchange.dialect.name, recourse.too_long, profile=exchange.profile))
        if beyond:
            return beyond
    model = exchange.peek.model[:200] if exchange.peek is not None else ""
    words = f"no target of `{model}` can serve this request: {'; '.join(map(str, lacks))}"
    if room:
        widest = max(room, key=lambda overflow: overflow.maximum or 0)
        raise Refused(Fault("invalid_request", 400, words, code=CODE, overflow=widest))
    raise Refused(Fault("invalid_request", 400, words, code="no_capable_target"))
