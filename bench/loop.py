"""The event loop under which allocations are counted: asyncio's own, with the cheapest possible `call_soon`.

memray follows Python calls through a profile hook, and with that hook set the interpreter makes a
frame object per call and a bound method per call of a C method: half of what it then counts would
not be there. The hook can be taken off, but uvloop takes the interpreter's lock in a way that
brings it back at every turn. asyncio's loop leaves it off, but makes five objects a call where
uvloop makes one. This one makes one too: for the null application the count equals, to the last
allocation, what uvloop costs when a hook in C counts instead of memray.
"""

import asyncio
import contextvars
from collections import deque
from collections.abc import Callable
from typing import Any


class Turn:
    """A call that is due: what `call_soon` gives back."""

    __slots__ = ("argument", "callback", "context")

    def __init__(
        self, callback: Callable[..., object], argument: object, context: contextvars.Context
    ) -> None:
        self.callback: Callable[..., object] | None = callback
        self.argument = argument
        self.context = context

    def cancel(self) -> None:
        """Forget the call."""
        self.callback = None

    def cancelled(self) -> bool:
        """Whether it was forgotten."""
        return self.callback is None


NOTHING = object()


class CountingLoop(asyncio.SelectorEventLoop):
    """Runs what is due; looks at timers and sockets only when nothing is."""

    def __init__(self) -> None:
        super().__init__()
        self._due: deque[Turn] = deque()
        self._context = contextvars.copy_context()

    def call_soon(  # type: ignore[override]  # a Turn is all anybody asks of a Handle
        self, callback: Callable[..., object], *arguments: Any, context: contextvars.Context | None = None
    ) -> Turn:
        """Call back in the next turn; more than one argument is not worth being cheap about."""
        if len(arguments) > 1:
            return super().call_soon(callback, *arguments, context=context)  # type: ignore[return-value]
        turn = Turn(callback, arguments[0] if arguments else NOTHING, context or self._context)
        self._due.append(turn)
        return turn

    def _run_once(self) -> None:
        due = self._due
        if not due:
            super()._run_once()  # type: ignore[misc]
            return
        left = len(due)
        while left:  # a range would be two objects
            left -= 1
            turn = due.popleft()
            if turn.callback is None:
                continue
            if turn.argument is NOTHING:
                turn.context.run(turn.callback)
            else:
                turn.context.run(turn.callback, turn.argument)
