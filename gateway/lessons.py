"""What upstreams have taught: which fields and betas a model refuses, and what it cannot do (feature R13).

A store in memory, of one worker: bounded, each lesson for a time. It decides nothing: complaints are read in
`adapters/complaints.py`, what may be left out stands in `adapters/spare.py`, and what comes of it is done in
`attempts_lessons.py`. Rows go out and come in again, for whoever keeps them longer.
"""

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

import msgspec

from adapters.complaints import Ability
from adapters.spare import Spared
from gateway.redaction import redact

MOST_KEPT: Final = 1000
LONGEST_WORDS: Final = 300


class Lesson(msgspec.Struct):
    """One thing that is known of a provider's model: what it refuses, what it cannot do, how much it holds.

    Times are the clock's of the house, in seconds; `words` are the upstream's, without keys and cut.
    """

    id: str
    provider: str
    model: str
    spared: Spared | None
    ability: Ability | None
    words: str
    learned_at: float
    window: int = 0
    used: int = 0

    @property
    def what(self) -> str:
        """What is left out, or cannot be done."""
        if self.spared is not None:
            return self.spared.name
        return "context" if self.ability is None else f"no {self.ability}"


class Row(msgspec.Struct, frozen=True, omit_defaults=True):
    """A lesson as it is shown and kept: with times of the calendar."""

    id: str
    provider: str
    model: str
    what: str
    words: str
    learned: datetime
    until: datetime
    used: int = 0
    spared: Spared | None = None
    ability: Ability | None = None
    window: int = 0


class Lessons:
    """The lessons of one worker. `any` says that there are some at all: it is asked once a request."""

    __slots__ = ("_by_target", "_clock", "_kept", "any", "learned", "term")

    def __init__(self, clock: Callable[[], float], term: float) -> None:
        self._clock = clock
        self.term = term
        self._kept: dict[str, Lesson] = {}
        self._by_target: dict[tuple[str, str], list[Lesson]] = {}
        self.any = False
        # How many were learned, by provider.
        self.learned: dict[str, int] = {}

    @property
    def count(self) -> int:
        """How many are kept."""
        return len(self._kept)

    def of(self, provider: str, model: str) -> list[Lesson]:
        """What is known of a model, the oldest lesson first."""
        return self._by_target.get((provider, model), [])

    def learn(
        self,
        target: tuple[str, str],
        words: str,
        *,
        spared: Spared | None = None,
        ability: Ability | None = None,
    ) -> Lesson:
        """Keep a lesson of a provider's model; the one there is where it is known already."""
        provider, model = target
        lesson = Lesson("", provider, model, spared, ability, redact(words)[:LONGEST_WORDS], self._clock())
        lesson.id = sha256(f"{provider}\n{model}\n{lesson.what}".encode()).hexdigest()[:12]
        known = self._kept.get(lesson.id)
        if known is not None:
            return known
        self._keep(lesson)
        self.learned[provider] = self.learned.get(provider, 0) + 1
        return lesson

    def learn_window(self, target: tuple[str, str], words: str, tokens: int) -> None:
        """Keep how many tokens a model's conversations may have: as it was told last."""
        self.learn(target, words).window = tokens

    def forget(self, identity: str) -> bool:
        """Forget one; False where there is none of this id."""
        lesson = self._kept.pop(identity, None)
        if lesson is None:
            return False
        target = (lesson.provider, lesson.model)
        self._by_target[target].remove(lesson)
        if not self._by_target[target]:
            del self._by_target[target]
        self.any = bool(self._kept)
        return True

    def forget_providers(self, names: AbstractSet[str]) -> None:
        """Forget what providers have taught that are no longer the same."""
        for lesson in [one for one in self._kept.values() if one.provider in names]:
            self.forget(lesson.id)

    def forget_all(self) -> int:
        """Forget everything; how many there were."""
        count = len(self._kept)
        self._kept.clear()
        self._by_target.clear()
        self.any = False
        return count

    def expire(self, now: float) -> None:
        """Forget what is too old: providers learn, too."""
        for lesson in [one for one in self._kept.values() if one.learned_at + self.term <= now]:
            self.forget(lesson.id)

    def rows(self, calendar: float) -> list[Row]:
        """All of them; `calendar` is now, in Unix seconds."""
        ahead = calendar - self._clock()
        return [self._row(lesson, ahead) for lesson in self._kept.values()]

    def _row(self, lesson: Lesson, ahead: float) -> Row:
        learned = lesson.learned_at + ahead
        return Row(
            lesson.id,
            lesson.provider,
            lesson.model,
            lesson.what,
            lesson.words,
            datetime.fromtimestamp(learned, UTC),
            datetime.fromtimestamp(learned + self.term, UTC),
            lesson.used,
            lesson.spared,
            lesson.ability,
            lesson.window,
        )

    def load(self, rows: Iterable[Row], calendar: float) -> None:
        """Take in rows that were kept; what is too old is forgotten at once."""
        ahead = calendar - self._clock()
        for row in rows:
            self.forget(row.id)
            learned_at = row.learned.timestamp() - ahead
            self._keep(
                Lesson(
                    *(row.id, row.provider, row.model, row.spared, row.ability, row.words),
                    learned_at,
                    window=row.window,
                    used=row.used,
                )
            )
        self.expire(self._clock())

    def _keep(self, lesson: Lesson) -> None:
        if len(self._kept) >= MOST_KEPT:
            self.forget(next(iter(self._kept)))
        self._kept[lesson.id] = lesson
        self._by_target.setdefault((lesson.provider, lesson.model), []).append(lesson)
        self.any = True
