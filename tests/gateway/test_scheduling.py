"""The threads of a worker wait for each other's turns, and only while it is busy."""

import asyncio
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from gateway import scheduling
from gateway.scheduling import BUSY, CALM, SPAN, Scheduling
from gateway.timekeeper import TICK
from tests.gateway.indoors import Client, open_house, settings
from tests.gateway.loops import Clock, in_loop

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a policy of Linux")


class Worker:
    """A clock, and what is used of a core as it passes."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.used = 50.0
        self.scheduling = Scheduling(lambda: self.used)
        self.passes(SPAN, 0.0)

    def passes(self, seconds: float, share: float) -> None:
        """Time, with such a share of it used."""
        self.now += seconds
        self.used += seconds * share
        self.scheduling.look(self.now)


@contextmanager
def another_thread() -> Iterator[int]:
    """A thread beside this one, by the system's number."""
    over, begun = threading.Event(), threading.Event()

    def wait() -> None:
        begun.set()
        over.wait()

    thread = threading.Thread(target=wait)
    thread.start()
    begun.wait()
    assert thread.native_id is not None
    try:
        yield thread.native_id
    finally:
        over.set()
        thread.join()


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Whatever happens, the threads of the tests are as they were."""
    yield
    for thread in scheduling.THREADS.iterdir():
        os.sched_setscheduler(int(thread.name), os.SCHED_OTHER, os.sched_param(0))


def test_all_threads_take_turns_while_it_is_busy() -> None:
    """From the one share on, until below the other; between them it stays as it is."""
    worker = Worker()
    with another_thread() as other:
        for share, policy in (
            (BUSY - 0.05, os.SCHED_OTHER),
            (BUSY + 0.05, os.SCHED_BATCH),
            (CALM + 0.05, os.SCHED_BATCH),
            (CALM - 0.05, os.SCHED_OTHER),
            (BUSY - 0.05, os.SCHED_OTHER),
        ):
            worker.passes(SPAN, share)
            assert os.sched_getscheduler(0) == os.sched_getscheduler(other) == policy
            assert worker.scheduling.batched == (policy == os.SCHED_BATCH)


def test_it_is_judged_by_a_span_and_not_by_a_moment() -> None:
    """What is used between two ticks says little."""
    worker = Worker()
    worker.passes(SPAN / 2, 1.0)
    assert os.sched_getscheduler(0) == os.SCHED_OTHER
    worker.passes(SPAN / 2, 0.0)
    assert os.sched_getscheduler(0) == os.SCHED_OTHER


def test_a_thread_with_a_policy_of_its_own_keeps_it() -> None:
    """Somebody knew why."""
    worker = Worker()
    with another_thread() as other:
        os.sched_setscheduler(other, os.SCHED_IDLE, os.sched_param(0))
        worker.passes(SPAN, 1.0)
        assert os.sched_getscheduler(other) == os.SCHED_IDLE
        worker.passes(SPAN, 0.0)
        assert os.sched_getscheduler(other) == os.SCHED_IDLE


def test_a_system_that_forbids_it_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sandbox may: everything else goes on."""
    asked: list[int] = []

    def forbidden(thread: int, *_: object) -> None:
        asked.append(thread)
        raise PermissionError

    monkeypatch.setattr(os, "sched_setscheduler", forbidden)
    worker = Worker()
    worker.passes(SPAN, 1.0)
    worker.passes(SPAN, 1.0)
    monkeypatch.undo()
    assert len(asked) == 1
    assert not worker.scheduling.batched


@in_loop
async def test_the_timekeeper_looks_at_each_tick() -> None:
    """This is where a worker hears of it."""
    looked: list[float] = []

    class Watched(Scheduling):
        def look(self, now: float) -> None:
            looked.append(now)

    async with open_house(settings(), Clock()) as house:
        assert house.timekeeper.scheduling is None  # nobody's threads but a worker's are arranged
        house.timekeeper.scheduling = Watched()
        client = Client(body=())
        asking = asyncio.ensure_future(client.ask(house))
        await asyncio.sleep(TICK * 3)
        client.arrive(b"{}", more=False)
        await asking
    assert looked
