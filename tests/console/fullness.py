"""A store as a small team leaves it after a month: keys, people, and attempts of every kind."""

import random
from pathlib import Path
from typing import Any, Final

from gateway.grants import Grants, settings_of
from gateway.settings import Budget, LimitSettings
from store import audit, keys, ledger, principals, rollups
from store.connect import Database
from store.rows import Attempt, Key, Principal
from store.sums import DAY

MODELS: Final = (
    ("anthropic", "claude-opus-4-5", 5.0, 25.0),
    ("anthropic", "claude-haiku-4-5", 1.0, 5.0),
    ("openai", "gpt-5.1", 1.25, 10.0),
    ("groq", "llama-3.3-70b-versatile", 0.59, 0.79),
)
CAUSES: Final = ("useful",) * 22 + ("retried", "fallback", "aborted")
PEOPLE: Final = (("ada", "Ada"), ("ben", "Ben"), ("cleo", "Cleo"))
AGENTS: Final = ("main", "reviewer", "researcher", "")
SECOND: Final = 1000
TURNS: Final = 6


def fill(path: Path, now: int, attempts: int = 3000, seed: int = 7) -> None:
    """Make a database with a month of attempts that end at a time."""
    database = Database(path)
    with audit.changing(database, "test", now - 31 * DAY) as change:
        principals.create(change, Principal("acme", "organisation", None, "Acme"))
        principals.create(change, Principal("core", "team", "acme", "Core"))
        for identity, name in PEOPLE:
            principals.create(change, Principal(identity, "user", "core", name))
        for number, key in enumerate(_keys(now)):
            keys.create(change, key)
            if number == 3:
                keys.block(change, key.id)
    rows = list(_attempts(now, attempts, random.Random(seed)))  # noqa: S311  # the same in every run
    for start in range(0, len(rows), 1000):
        with database.writing() as connection:
            ledger.insert(connection, rows[start : start + 1000])
    more = True
    while more:
        with database.writing() as connection:
            more = rollups.roll(connection)
    database.close()


def _keys(now: int) -> list[Key]:
    bounded = settings_of(
        Grants(
            models=("claude-*", "fast"),
            limits=LimitSettings(requests_per_minute=60),
            budgets=(Budget(20_000_000, "day"),),
        )
    )
    free = settings_of(Grants())
    month = now - 31 * DAY
    return [
        Key(
            "3f9a1c07be42", b"a" * 32, "Ada's laptop", "member", owner="ada", created=month, settings=bounded
        ),
        Key(
            "b81e55d2907c", b"b" * 32, "Ben's laptop", "member", owner="ben", created=month + 1, settings=free
        ),
        Key("0c6d2aa9e1f4", b"c" * 32, "Build machine", "service", owner="core", created=month + 2),
        Key("77d1e0c3ab95", b"d" * 32, "Old script", "service", created=month + 3),
        Key("e52b9f6604d8", b"e" * 32, "Cleo on trial", owner="cleo", created=month + 4, expires=now - DAY),
    ]


def _attempts(now: int, count: int, chance: random.Random) -> list[Attempt]:
    """Conversations of a few turns each; a turn that failed is followed by the attempt that served."""
    owners = {"3f9a1c07be42": "ada", "b81e55d2907c": "ben", "0c6d2aa9e1f4": ""}
    found: list[Attempt] = []
    conversation = 0
    while len(found) < count:
        conversation += 1
        began = now - int(30 * DAY * (1 - len(found) / count) ** 1.2) - 600 * SECOND
        key = chance.choice(list(owners))
        told: dict[str, Any] = {
            "key_id": key,
            "user_id": owners[key],
            "team_id": "core",
            "organisation_id": "acme",
            "session": f"{conversation:08x}-5d1c-4b60-9f3e-{chance.getrandbits(48):012x}",
            "agent": chance.choice(AGENTS),
        }
        model = chance.choice(MODELS)
        kept = 0
        for turn in range(chance.randint(1, TURNS)):
            exchange = f"req_{conversation:06x}{turn:02x}"
            cause = chance.choice(CAUSES)
            for number, one in enumerate([cause, "useful"] if cause != "useful" else [cause], 1):
                elsewhere = number > 1 and cause == "fallback"
                asked = MODELS[(MODELS.index(model) + 1) % len(MODELS)] if elsewhere else model
                row = _attempt(asked, one, began, kept, chance)
                row["decision"] = _decision(model, number, found, turn=turn)
                began = row["ended"] + chance.randint(2, 40) * SECOND
                identity = f"{exchange}-{number}"
                found.append(Attempt(id=identity, exchange=exchange, attempt=number, **row, **told))
            kept += 9000 + chance.randint(0, 4000)
    return [row for row in found if row.ended <= now]


def _decision(model: tuple[str, str, float, float], number: int, before: list[Attempt], *, turn: int) -> str:
    """Why it was made, as a gateway would have said it."""
    if number > 1:
        last = before[-1]
        warm = f"; left: {9000 * turn} tokens warm, 12s to wait, leaving $0.010800, waiting $0.012000"
        way = "again" if last.cause == "retried" else "next"
        return f"{way} after {last.status}{warm if way == 'next' and last.status == 429 and turn else ''}"
    if "opus" not in model[1]:
        return 'glob models."claude-*"' if "claude" in model[1] else "family"
    return "alias models.smart, weighted" + (", where the conversation was" if turn else "")


def _attempt(
    model: tuple[str, str, float, float], cause: str, began: int, kept: int, chance: random.Random
) -> dict[str, Any]:
    provider, name, price_in, price_out = model
    wait = chance.randint(300, 2600)
    useful = cause in ("useful", "aborted")
    fresh, output = chance.randint(300, 3000), chance.randint(40, 1500) if useful else 0
    written = (9000 if not kept else chance.randint(800, 4000)) if useful else 0
    cost = fresh * price_in + kept * price_in * 0.1 + written * price_in * 1.25 + output * price_out
    return {
        "began": began,
        "first_byte": began + wait if useful else 0,
        "ended": began + wait + output * 11,
        "dialect": "anthropic-messages",
        "provider": provider,
        "asked": "smart" if "opus" in name else name,
        "model": name,
        "cause": cause,
        "outcome": {"useful": "complete", "aborted": "client_gone"}.get(cause, "error"),
        "status": 200 if useful else chance.choice([429, 500, 529]),
        "streamed": True,
        "input": fresh if useful else 0,
        "cache_read": kept if useful else 0,
        "cache_write_5m": written,
        "output": output,
        "cost": int(cost) if useful else 0,
        "price": "table",
    }
