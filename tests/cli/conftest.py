"""Fixtures of the command line's tests."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.machine import Machine
from tests.cli.upstream import Upstream


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """A clean machine; nothing started on it outlives the test."""
    clean = Machine(tmp_path)
    try:
        yield clean
    finally:
        clean.close()


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """A provider on this machine."""
    provider = Upstream()
    try:
        yield provider
    finally:
        provider.close()


@pytest.fixture
def free_port() -> int:
    """A port nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def stranger() -> Iterator[tuple[str, int]]:
    """Something that listens and is no penstock: it hangs up on everybody."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_hang_up, args=(listener,))
        thread.start()
        yield listener.getsockname()
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def _hang_up(listener: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while True:
            listener.accept()[0].close()
