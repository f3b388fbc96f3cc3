"""Lessons put to use: a refused field is left out of the request, which is tried again, and of later ones.

Learning asks whether what was refused may be left out at all, and whether that would change this request;
a lesson that did not help is forgotten at once. Of a request that passes, no other byte moves.
"""

import re
from fnmatch import fnmatchcase
from typing import Final

from adapters.complaints import read_complaint
from adapters.members import changed
from adapters.spare import Spared, spared
from gateway import crossing
from gateway.failure import Failure
from gateway.fitness import WIDER
from gateway.lessons import Lesson
from gateway.plan import Target
from gateway.state import Exchange

_BETAS: Final = re.compile(rb"^anthropic-beta: ([^\r\n]*)\r\n", re.MULTILINE)


def heeded(exchange: Exchange, target: Target, body: bytes, fields: bytes) -> tuple[bytes, bytes]:
    """The body and the header lines without what this target has refused before."""
    for lesson in exchange.house.lessons.of(target.provider.name, target.model):
        if lesson.spared is None:
            continue
        left, kept, names = _without(lesson.spared, body, fields)
        if not names:
            continue
        if left is not body and exchange.body_mode != b"rewritten(translation)":
            exchange.body_mode = b"rewritten(lesson)"
        exchange.dropped += names
        body, fields = left, kept
        lesson.used += 1
    return body, fields


def learn(exchange: Exchange, failure: Failure, tried: set[str]) -> tuple[Failure, bool]:
    """The failure as it is to be judged after what it teaches, and whether the same target may now do better.

    `tried` are the lessons this request has tried to heed already: one that is taught twice was no help.
    """
    fault, target = failure.fault, exchange.target
    if failure.kind != "request" or fault is None or not exchange.house.settings.failure.learn:
        return failure, False
    if target is None:
        return failure, False
    lessons, whose = exchange.house.lessons, (target.provider.name, target.model)
    if fault.overflow is not None:
        if fault.overflow.maximum and exchange.fields.find(WIDER) < 0:
            lessons.learn_window(whose, fault.message, fault.overflow.maximum)
        return failure, False
    complaint = read_complaint(fault.message)
    if complaint is None:
        return failure, False
    # A model that cannot think is not asked to, and so is able.
    if complaint.ability is not None and complaint.ability != "thinking":
        _note(exchange, lessons.learn(whose, fault.message, ability=complaint.ability))
        failure = failure.replaced(elsewhere=True)
    found = spared(target.dialect.name, complaint)
    sent = _sent(exchange, target) if found else b""
    new = [
        lessons.learn(whose, fault.message, spared=one)
        for one in found
        if _without(one, sent, exchange.fields)[2]
    ]
    if not new or any(lesson.id in tried for lesson in new):
        for lesson in new:
            lessons.forget(lesson.id)
        return failure, False
    for lesson in new:
        _note(exchange, lesson)
        tried.add(lesson.id)
    return failure, True


def _note(exchange: Exchange, lesson: Lesson) -> None:
    whose = f"{lesson.provider}/{lesson.model[:100]}"
    exchange.house.journal.say(
        "info", f"id={exchange.request_id.decode()} taught by {whose}: {lesson.what}: {lesson.words}"
    )


def _sent(exchange: Exchange, target: Target) -> bytes:
    """The body that was refused. One that was written here is written once more: nobody kept it."""
    way, dropped = crossing.way_to(exchange, target), exchange.dropped
    if way == "passed":
        return exchange.body
    if way == "relieved":
        body = crossing.relieved(exchange, target)
    elif exchange.operation == "embed":
        body = crossing.carry_embedding(exchange, target).body
    else:
        body = crossing.carry(exchange, target).body
    exchange.dropped = dropped
    return body


def _without(one: Spared, body: bytes, fields: bytes) -> tuple[bytes, bytes, tuple[str, ...]]:
    """The body and the header lines without it, and the names of what was left out of them."""
    names: list[str] = []
    if one.change is not None:
        left = changed(body, one.change)
        if left is body and one.change.only:
            # It holds more than settings, and so stays with its beta.
            return body, fields, ()
        if left is not body:
            names.append(one.change.name)
        body = left
    if one.betas:
        fields, gone = _without_betas(fields, one.betas)
        names += gone
    return body, fields, tuple(names)


def _without_betas(fields: bytes, globs: tuple[str, ...]) -> tuple[bytes, list[str]]:
    gone: list[str] = []

    def kept(match: re.Match[bytes]) -> bytes:
        betas = [beta.strip() for beta in match[1].decode("latin-1").split(",")]
        refused = [beta for beta in betas if any(fnmatchcase(beta, glob) for glob in globs)]
        if not refused:
            return match[0]
        gone.extend(refused)
        left = ",".join(beta for beta in betas if beta not in refused)
        return b"anthropic-beta: %b\r\n" % left.encode("latin-1") if left else b""

    return _BETAS.sub(kept, fields), gone
