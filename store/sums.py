"""What is summed of the ledger, and by what: the tables of sums as data, for who fills and who asks them."""

from typing import Final

HOUR: Final = 3_600_000  # milliseconds
DAY: Final = 24 * HOUR

_WHO: Final = ("key_id", "user_id", "project_id", "team_id", "organisation_id", "agent")
_WHAT: Final = ("provider", "model", "cause", "outcome")

# Each table of sums: the period it counts in first, then what it tells apart, as in its primary key.
TABLES: Final[dict[str, tuple[str, ...]]] = {
    "usage_hours": ("hour", *_WHO, *_WHAT),
    "usage_days": ("day", *_WHO, *_WHAT),
    "usage_sessions": ("day", "key_id", "session", "agent", "parent_agent", "model", "cause"),
}

_TOKENS: Final = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output", "reasoning")
SUMS: Final = ("attempts", "estimated", "unpriced", *_TOKENS, "cost")

# Between which numbers the rows are that a line is of.
SPAN: Final = ("first_row", "last_row")

# How a period and a sum are had from rows of the ledger.
COUNTED: Final = {
    "hour": f"began / {HOUR}",
    "day": f"began / {DAY}",
    "attempts": "count(*)",
    "estimated": "sum(estimated)",
    # A row that used tokens and has no price was not free: nobody knew what it cost.
    "unpriced": f"sum(price = '' AND {' + '.join(_TOKENS)} > 0)",
    **{name: f"sum({name})" for name in (*_TOKENS, "cost")},
    "first_row": "min(number)",
    "last_row": "max(number)",
}
