"""Async tests as pytest runs them: each on a loop of its own, which must be left with nothing on it."""

import asyncio
import functools
import itertools
import types
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any, ParamSpec

P = ParamSpec("P")
# Longer than anything here takes: a test that waits for ever fails by it.
PATIENCE = 10.0


class Clock:
    """A clock in the test's hand, in seconds."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        """The time."""
        return self.now

    def move(self, seconds: float) -> None:
        """Let so much time pass."""
        self.now += seconds


def in_loop(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Run a test on a loop of its own, and fail when it leaves a task there."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        asyncio.run(_alone(test(*args, **kwargs)))

    return run


async def _alone(test: Awaitable[None]) -> None:
    async with asyncio.timeout(PATIENCE):
        await test
        await until(lambda: len(asyncio.all_tasks()) == 1)


async def until(holds: Callable[[], object]) -> None:
    """Wait until something holds; the patience of the whole test is its limit."""
    while not holds():  # noqa: ASYNC110  # what is waited for happens in other threads and sockets
        await asyncio.sleep(0.001)


async def cancelled_at(suspension: int, coroutine: Coroutine[Any, Any, Any]) -> bool:
    """Run a coroutine, cancelled at its n-th suspension; whether it came that far."""
    task = asyncio.get_running_loop().create_task(_cancelling(suspension, coroutine))
    await asyncio.wait([task])
    if task.cancelled():
        return True
    assert task.exception() is None, task.exception()
    return False


async def _cancelling(suspension: int, coroutine: Coroutine[Any, Any, Any]) -> None:
    await _steps(suspension, coroutine)


@types.coroutine
def _steps(suspension: int, coroutine: Coroutine[Any, Any, Any]) -> Generator[Any, Any, None]:
    task = asyncio.current_task()
    assert task is not None
    step: Callable[[], Any] = functools.partial(coroutine.send, None)
    for number in itertools.count(1):
        try:
            waited_for = step()
        except StopIteration:
            return
        if number == suspension:
            asyncio.get_running_loop().call_soon(task.cancel)
        try:
            yield waited_for
            step = functools.partial(coroutine.send, None)
        except asyncio.CancelledError as error:
            step = functools.partial(coroutine.throw, error)
