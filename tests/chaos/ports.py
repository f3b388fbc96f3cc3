"""Addresses that are wrong in themselves: nobody is there, nobody accepts, or TLS does not come about."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from tests.path.house import closed_port
from tests.upstream.certificates import Authority
from tests.upstream.replies import ordinary
from tests.upstream.server import Upstream
from tests.upstream.steps import Reset

MOST_WAITING = 64
GARBAGE = b"220 this is a mail server\r\n" * 4


class Door:
    """A listening socket that does one thing to whoever comes, in a thread of its own."""

    def __init__(self, welcome: Callable[[socket.socket], None]) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=256)
        self._welcome = welcome
        self._guests: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._listening.getsockname()[1])

    def close(self) -> None:
        """Let everybody go."""
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()
        for guest in self._guests:
            guest.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                guest, _ = self._listening.accept()
                self._guests.append(guest)
                self._welcome(guest)


class FullDoor:
    """A listening socket nobody accepts from, its queue full: who knocks now waits for ever."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=0)
        self._waiting: list[socket.socket] = []
        for _ in range(MOST_WAITING):
            if not self._knock():
                return
        raise AssertionError("the queue of a socket without room was never full")

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._listening.getsockname()[1])

    def close(self) -> None:
        """Let everybody go."""
        for one in (*self._waiting, self._listening):
            one.close()

    def _knock(self) -> bool:
        """Take one place; False when there was none."""
        one = socket.socket()
        one.settimeout(0.2)
        self._waiting.append(one)
        try:
            one.connect(("127.0.0.1", self.port))
        except TimeoutError:
            return False
        return True


def _garbage(guest: socket.socket) -> None:
    with contextlib.suppress(OSError):
        guest.sendall(GARBAGE)


def _silence(guest: socket.socket) -> None:
    """Nothing: it was accepted, and that is all."""
    del guest


@contextlib.contextmanager
def ports(folder: Path) -> Iterator[Mapping[str, str]]:
    """The address of each kind that is one, while they are held open."""
    with contextlib.ExitStack() as held:
        doors = {"tls-garbage": Door(_garbage), "tls-silent": Door(_silence)}
        full = FullDoor()
        resetting = Upstream(lambda _: (Reset(),))
        resetting.start()
        for closing in (*(door.close for door in doors.values()), full.close, resetting.stop):
            held.callback(closing)
        yield {
            "refused": f"http://127.0.0.1:{closed_port()}",
            "dns-gone": "http://nowhere.invalid",
            "connect-hang": f"http://127.0.0.1:{full.port}",
            "reset-at-once": resetting.address,
            **{name: f"https://localhost:{door.port}" for name, door in doors.items()},
            **{name: held.enter_context(_tls(folder, host)) for name, host in CERTIFIED.items()},
        }


# One authority is trusted by nobody; the other is known, and vouches for somebody else.
CERTIFIED = {"tls-untrusted": "localhost", "tls-other-name": "elsewhere.example"}


def authority_file(folder: Path, kind: str) -> Path | None:
    """What a provider of this kind is told to trust."""
    return folder / kind / "test-ca.pem" if kind == "tls-other-name" else None


@contextlib.contextmanager
def _tls(folder: Path, host: str) -> Iterator[str]:
    kind = next(name for name, named in CERTIFIED.items() if named == host)
    (folder / kind).mkdir()
    upstream = Upstream(ordinary, Authority(folder / kind).server_context(host))
    upstream.start()
    try:
        yield upstream.address
    finally:
        upstream.stop()
