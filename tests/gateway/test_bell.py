"""A bell is rung by signals and by threads, and whoever waits for it hears every stroke."""

import signal
import threading

from gateway.bell import Bell

OFTEN = 60


def test_a_signal_may_ring_at_any_moment_of_waiting() -> None:
    """Also in the moment in which the wait begins, in the thread that waits."""
    bell = Bell()
    former = signal.signal(signal.SIGUSR1, lambda *_: bell.set())
    waiting = threading.get_ident()

    def ring() -> None:
        for _ in range(OFTEN):
            heard.acquire()
            signal.pthread_kill(waiting, signal.SIGUSR1)

    heard = threading.Semaphore()
    ringing = threading.Thread(target=ring)
    try:
        ringing.start()
        for _ in range(OFTEN):
            assert bell.wait(60)
            bell.clear()
            heard.release()
        ringing.join()
    finally:
        signal.signal(signal.SIGUSR1, former)


def test_it_is_set_until_it_is_cleared() -> None:
    """Two strokes are one; a wait in vain ends when its time is over."""
    bell = Bell()
    assert not bell.is_set()
    assert not bell.wait(0.001)
    bell.set()
    bell.set()
    assert bell.wait()
    assert bell.is_set()
    assert bell.wait()
    bell.clear()
    assert not bell.is_set()
    assert not bell.wait(0)


def test_another_thread_may_ring() -> None:
    """As a worker's watcher does when the worker ends."""
    bell = Bell()
    ringing = threading.Thread(target=bell.set)
    ringing.start()
    assert bell.wait(60)
    ringing.join()
