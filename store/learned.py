"""What was learned from upstreams, so that no restart learns it again: lessons and estimates of tokens.

The gateway keeps both in memory and brings them here from time to time, as they are then.
"""

from collections.abc import Iterable
from typing import Final

import apsw
import msgspec

from store.rows import Estimate, Lesson, inserting, read, selected

_LESSON: Final = inserting("lessons", Lesson)
_ESTIMATE: Final = (
    f"{inserting('estimates', Estimate)} ON CONFLICT (provider, model) DO UPDATE SET "
    "ratio = excluded.ratio, reported = excluded.reported, updated = excluded.updated "
    "WHERE excluded.updated >= updated"
)


def keep_lessons(connection: apsw.Connection, lessons: Iterable[Lesson]) -> None:
    """Keep these lessons and no other: what was forgotten in memory is forgotten here."""
    connection.execute("DELETE FROM lessons")
    connection.executemany(_LESSON, map(msgspec.structs.astuple, lessons))


def lessons(connection: apsw.Connection, now: int) -> list[Lesson]:
    """The lessons that still hold at a time."""
    found = connection.execute(f"SELECT {selected(Lesson)} FROM lessons WHERE until > ? ORDER BY id", (now,))
    return list(read(Lesson, found))


def keep_estimates(connection: apsw.Connection, estimates: Iterable[Estimate]) -> None:
    """Keep what is known of some models; of two workers the later one is believed."""
    connection.executemany(_ESTIMATE, map(msgspec.structs.astuple, estimates))


def estimates(connection: apsw.Connection) -> list[Estimate]:
    """What is known of every model."""
    found = connection.execute(f"SELECT {selected(Estimate)} FROM estimates ORDER BY provider, model")
    return list(read(Estimate, found))
