"""The conversations that cost most, found without summing all of them: there may be hundreds of thousands.

Looked for are those with the dearest rows, by day, agent and model; only theirs are summed. A conversation
whose every row is cheap and that has very many of them can be passed over.
"""

from heapq import nlargest
from typing import Final

import apsw
import msgspec

from store.sums import COUNTED, DAY, SUMS
from store.usage import Sum

# So many rows are looked at for each conversation that is wanted.
ROWS_EACH: Final = 10
_BEHIND: Final = "FROM ledger NOT INDEXED WHERE number > (SELECT number FROM marks WHERE name = 'rolled')"
_WHO: Final = "session, agent, key_id"
_DAY: Final = "SELECT min(day) FROM usage_sessions WHERE day >= ?"
_DEAREST: Final = (
    "SELECT cost, session FROM usage_sessions WHERE day = ? AND cost >= ? AND session <> '' "
    "ORDER BY cost DESC LIMIT ?"
)
_UNROLLED: Final = (
    f"SELECT sum(cost), session {_BEHIND} AND began >= ? AND session <> '' GROUP BY session "
    "ORDER BY 1 DESC LIMIT ?"
)
_SUMMED: Final = (
    f"SELECT session, max(agent), max(key_id), {', '.join(f'sum({name}) AS {name}' for name in SUMS)} FROM ("
    f"SELECT {_WHO}, {', '.join(SUMS)} FROM usage_sessions WHERE day >= ?1 "
    "AND session IN (SELECT value FROM json_each(?3)) "
    f"UNION ALL SELECT {_WHO}, {', '.join(f'{COUNTED[name]} AS {name}' for name in SUMS)} {_BEHIND} "
    f"AND began >= ?2 AND session IN (SELECT value FROM json_each(?3)) GROUP BY {_WHO}) "
    "GROUP BY session ORDER BY cost DESC, session LIMIT ?4"
)


def sessions(connection: apsw.Connection, since: int, limit: int = 100) -> list[Sum]:
    """The dearest since the day of a time in milliseconds, in groups of session, agent and key."""
    day = since // DAY
    names = msgspec.json.encode(_candidates(connection, day, limit * ROWS_EACH)).decode()
    found = connection.execute(_SUMMED, (day, day * DAY, names, limit))
    return [Sum(tuple(values[:3]), *values[3:]) for values in found]


def _candidates(connection: apsw.Connection, day: int, most: int) -> list[str]:
    """Those with the dearest rows: of each day what is dearer than all that was found before."""
    dearest = connection.execute(_UNROLLED, (day * DAY, most)).fetchall()
    while True:
        ((found,),) = connection.execute(_DAY, (day,)).fetchall()
        if found is None:
            return list(dict.fromkeys(str(name) for _, name in dearest))
        least = dearest[-1][0] if len(dearest) == most else 0
        dearest += connection.execute(_DEAREST, (found, least, most)).fetchall()
        dearest = nlargest(most, dearest)
        day = int(found) + 1
