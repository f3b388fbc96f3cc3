"""What a check is and what it finds. Knows no gateway and no client: a check is words and a function."""

from collections.abc import Callable, Iterable
from typing import Final, Generic, Literal, TypeVar

import msgspec

Level = Literal["ok", "skipped", "warn", "fail"]
Subject = TypeVar("Subject")

# What the command ends with: nothing to mend, something to look at, something that breaks a client.
CODES: Final = {"ok": 0, "skipped": 0, "warn": 1, "fail": 2}
# How a level is marked for people; the same width, so that names stand below each other.
MARKS: Final = {"ok": "ok  ", "skipped": "skip", "warn": "WARN", "fail": "FAIL"}


class Seen(msgspec.Struct, frozen=True):
    """What one check saw, and what that means. `mend` where the general advice is not the right one."""

    level: Level
    words: str
    mend: str = ""


class Check(msgspec.Struct, Generic[Subject], frozen=True):
    """One thing that clients need. `asks`: what is looked at; `why`: who breaks without it, and how."""

    name: str
    asks: str
    why: str
    mend: str
    look: Callable[[Subject], Seen]

    def at(self, place: str, subject: Subject) -> "Finding":
        """Look at a subject."""
        return self.found(place, self.look(subject))

    def found(self, place: str, seen: Seen) -> "Finding":
        """What was seen, as a finding; why and how to mend it only where something is to be mended."""
        if seen.level in ("ok", "skipped"):
            return Finding(self.name, seen.level, place, seen.words)
        return Finding(self.name, seen.level, place, seen.words, self.why, seen.mend or self.mend)


class Finding(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one check found at one place."""

    check: str
    level: Level
    place: str
    seen: str
    why: str = ""
    mend: str = ""

    @property
    def lines(self) -> list[str]:
        """The finding for people."""
        told = [f"{MARKS[self.level]}  {self.check}: {self.seen}"]
        told += [f"      why: {self.why}"] if self.why else []
        return [*told, f"      mend: {self.mend}"] if self.mend else told


def ok(words: str) -> Seen:
    """Nothing is wrong."""
    return Seen("ok", words)


def skipped(words: str) -> Seen:
    """It could not be looked at, and why."""
    return Seen("skipped", words)


def warn(words: str, mend: str = "") -> Seen:
    """Some client, or some day, will have trouble."""
    return Seen("warn", words, mend)


def fail(words: str, mend: str = "") -> Seen:
    """A client breaks."""
    return Seen("fail", words, mend)


def worst(findings: Iterable[Finding]) -> int:
    """The exit code."""
    return max((CODES[finding.level] for finding in findings), default=0)
