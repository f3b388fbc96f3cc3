"""Where a reply comes from, whoever makes it."""

import asyncio
from typing import Protocol

from gateway.upstream import Head


class Source(Protocol):
    """Where a reply comes from, pulled piece by piece: an upstream's wire, or penstock itself (local.py)."""

    def head(self) -> Head | None:
        """Status and headers; None when they are not there yet."""

    def pull(self) -> bytes | None:
        """All that has arrived of the body; b"" at its end; None when nothing is there yet."""

    def wait(self) -> asyncio.Future[bool]:
        """Done when something may have come; true when it was a nudge."""

    def complete(self) -> bool:
        """Whether all of the reply has arrived, pulled or not."""

    def at_end(self) -> bool:
        """Whether the whole reply has been pulled."""

    def nudge(self) -> None:
        """Wake whoever waits, now or next."""

    def abort(self) -> None:
        """Close at once."""
