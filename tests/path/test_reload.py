"""The configuration changed under a running gateway, over real sockets: nobody's request fails of it."""

import signal
import threading
import time
from pathlib import Path

import msgspec
import pytest

from tests.path.client import Reply
from tests.path.conftest import Start
from tests.path.dialects import MESSAGES
from tests.path.house import House, configuration
from tests.upstream.scripts import LAST_CHUNK, begun, chunk
from tests.upstream.server import Upstream
from tests.upstream.steps import Gate, Send

BODY = b'{"model":"moving","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}'
TO = ("ant/claude-opus-5-5", "only-messages/claude-haiku-4-5")
PATIENCE = 20.0


class Running:
    """A gateway and its file."""

    def __init__(self, start: Start, replay: Upstream, *, server: str = "", end: str = "") -> None:
        self._base = configuration(replay, server)
        self.gateway = start(self._base + end)
        self.house = House(self.gateway, replay)

    @property
    def file(self) -> Path:
        """Where its configuration is."""
        return self.gateway.folder / "penstock.toml"

    def write(self, end: str, *, without: str = "") -> None:
        """Write the file anew: what all tests have but for one provider, and this at its end."""
        kept = self._base
        if without:
            before, _, rest = kept.partition(f"[providers.{without}]")
            kept = before + rest[rest.index("\n[") :]
        self.file.write_text(kept + end)

    def hang_up(self) -> None:
        """Send SIGHUP, as an operator does."""
        self.gateway.process.send_signal(signal.SIGHUP)

    def ask(self, body: bytes = BODY) -> Reply:
        """A small request, answered by what the upstream answers to anybody."""
        return self.house.post(MESSAGES, body)


@pytest.fixture
def running(gateway: Start, replay: Upstream) -> Running:
    """One gateway a test."""
    return Running(gateway, replay)


def wait_for(running: Running, standing: str) -> None:
    """Wait until the gateway says so of its configuration."""
    deadline = time.monotonic() + PATIENCE
    while running.house.call("GET", "/readyz").json()["configuration"] != standing:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_file_that_is_edited_is_followed(running: Running) -> None:
    """Nobody says anything: the gateway looks at its file, and a new name leads where it says."""
    assert running.ask().status == 404
    running.write(f'moving = "{TO[0]}"\n')
    running.gateway.wait_for_output("configuration read again; changed: models")
    assert running.ask().status == 200


def test_a_wrong_file_is_kept_out_with_its_words(running: Running) -> None:
    """The log has each problem, its place and its remedy, `/readyz` says so, and the old one serves on."""
    running.write('moving = "antt/x"\nother = "nobody"\n')
    running.hang_up()
    output = running.gateway.wait_for_output("models.other: ")
    line = next(line for line in output.splitlines() if "models.moving: " in line)
    assert "configuration refused, the old one is kept: models.moving: " in line
    assert "ant" in line.partition("did you mean")[2]
    wait_for(running, "refused")
    assert running.ask(BODY.replace(b"moving", b"quick-claude")).status == 200
    running.write(f'moving = "{TO[0]}"\n')
    running.hang_up()
    wait_for(running, "current")
    assert running.ask().status == 200


def test_a_provider_removed_under_a_stream_ends_it_well(running: Running) -> None:
    """The stream goes on to its last event from a provider that is no longer there for anybody else."""
    opening, end = MESSAGES.events[:4], MESSAGES.events[4:]
    rest = (*(Send(chunk(event)) for event in end), Send(LAST_CHUNK))
    exchange = running.house.replay.plays((*begun(opening), Gate(), *rest))
    wire = running.house.open(MESSAGES, exchange, MESSAGES.body("only-messages/claude-x", stream=True))
    wire.read_head()
    wire.read_until(opening[-1])
    running.write("", without="only-messages")
    running.hang_up()
    running.gateway.wait_for_output("configuration read again; changed: providers")
    assert running.ask(BODY.replace(b"moving", b"only-messages/claude-x")).status == 404
    exchange.release()
    assert wire.read_until(end[-1]).endswith(end[-1])
    wire.close()


def test_every_worker_follows(gateway: Start, replay: Upstream) -> None:
    """With two workers SIGHUP reaches both: after it nobody is served by the old configuration."""
    running = Running(gateway, replay, server="workers = 2\nreload = false")
    running.write(f'moving = "{TO[0]}"\n')
    running.hang_up()
    wait_for_count(running, 2)
    assert {running.ask().status for _ in range(20)} == {200}


def test_no_request_fails_while_names_move(gateway: Start, replay: Upstream) -> None:
    """Some hundred requests while an alias is moved to and fro: each is served by the one or the other."""
    running = Running(gateway, replay, end=f'moving = "{TO[0]}"\n')
    served: list[tuple[int, str | None]] = []
    over = threading.Event()

    def keep_asking() -> None:
        while not over.is_set():
            reply = running.ask()
            served.append((reply.status, reply.header("x-penstock-provider")))

    clients = [threading.Thread(target=keep_asking) for _ in range(4)]
    for client in clients:
        client.start()
    for move in range(1, 11):
        running.write(f'moving = "{TO[move % 2]}"\n')
        running.hang_up()
        wait_for_count(running, move)
    over.set()
    for client in clients:
        client.join()
    assert set(served) == {(200, "ant"), (200, "only-messages")}
    assert len(served) > 200


def test_a_key_is_good_as_soon_as_it_is_there(gateway: Start, replay: Upstream) -> None:
    """Added, it opens the door; removed, it does not."""
    keys = {name: f"pst_{name * 12}_" + name * 43 for name in "ab"}
    tables = {name: f'\n[keys.{name}]\nsecret = "{key}"\n' for name, key in keys.items()}
    running = Running(gateway, replay, end=tables["a"])
    for count, there in enumerate(("a", "ab", "b")):
        if count:
            running.write("".join(tables[name] for name in there))
            running.hang_up()
            wait_for_count(running, count)
        asked = msgspec.json.encode(msgspec.json.decode(BODY) | {"model": "quick-claude"})
        headers = [[("x-api-key", keys[name])] for name in "ab"]
        statuses = [running.house.post(MESSAGES, asked, one).status for one in headers]
        assert statuses == [200 if name in there else 401 for name in "ab"]


def wait_for_count(running: Running, count: int) -> None:
    """Wait until the configuration has been read so many times."""
    deadline = time.monotonic() + PATIENCE
    while running.gateway.output.count("configuration read again") < count:
        assert time.monotonic() < deadline
        time.sleep(0.01)
