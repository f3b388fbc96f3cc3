"""A sweep for planted secrets over all that is kept and shown: store, spool, copies, logs, counts, admin."""

import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.path.client import Reply, Wire
from tests.path.conftest import Start
from tests.path.dialects import CHAT, MESSAGES, Dialect
from tests.path.house import House, Pairs, closed_port
from tests.path.process import PATIENCE, ROOT, clean_environment
from tests.upstream.replies import events, ordinary
from tests.upstream.scripts import JSON, begun, stream, whole
from tests.upstream.server import Upstream
from tests.upstream.steps import Close, Script

ANT_KEY = "sk-ant-PLANTED1provider1messages"
BOX_KEY = "sk-box-PLANTED1provider1chat"
FILE_KEY = "pst_plantedpub13_PLANTED1client1key1of1the1file00000000000000000"
ADMIN_KEY = "PLANTED1key1of1the1admin1api1000000000000"
LOOSE = {
    "x-request-id": "sk-ant-PLANTED1request1id0000",
    "x-session-id": "sk-proj-PLANTED1session1id000",
    "x-claude-code-agent-id": "ghp_PLANTED1agent1id00000000",
    "user-agent": "agent/1.0 sk-ant-PLANTED1user1agent00",
    "traceparent": "sk-ant-PLANTED1trace1parent0",
    "cookie": "session-PLANTED1cookie",
}
QUERY = "PLANTED1query1key"
FOREIGN = "PLANTED1credential1of1somebody"
MARK = "PLANTED1"
# Rows of the ledger: fewer are no sweep.
ENOUGH = 50
LEVELS = ("off", "error", "info", "debug")
LISTS = ("keys", "principals", "usage", "ledger", "budgets", "audit", "openapi.json")
DEBUG = ("metrics", "log", "lessons", "caches", "drift", "sessions")
SHOWN = ("/metrics", "/readyz", "/console", *(f"/debug/{name}" for name in DEBUG))
PAGES = ("", "/usage", "/conversations", "/keys", "/routes", "/playground", "/conversations/[redacted]")
COMMANDS = (
    ("check",),
    ("check", "--json"),
    ("show", "--all"),
    ("models",),
    ("providers", "list"),
    ("keys", "list"),
    ("keys", "list", "--json"),
    ("principals", "list"),
    ("usage", "--json"),
    ("ledger", "--json"),
    ("export", "exported"),
    ("backup", "copied.db"),
)

CONFIGURATION = """
[server]
discover = false
keys = "required"
guesses = 0
[log]
level = "debug"
format = "json"
[admin]
key = "${{ADMIN_KEY}}"
[store]
path = "{store}"
[keys.file]
secret = "${{FILE_KEY}}"
[providers.ant]
like = "anthropic"
base_url = "{ant}"
api_key = "${{ANT_KEY}}"
timeouts = {{ first_byte = "500ms" }}
[providers.box]
dialect = "openai-chat"
base_url = "{box}/v1"
api_key = "${{BOX_KEY}}"
timeouts = {{ first_byte = "500ms" }}
[models]
"claude-*" = ["ant", "box/gpt-5.1"]
"gpt-*" = "box"
closed = "ant/nothing"
"""


class Swept(msgspec.Struct, frozen=True):
    """All that was shown and kept: by name what said it, and the secrets that were made on the way."""

    shown: dict[str, str]
    kept: dict[str, bytes]
    made: list[str]
    log: str


class Sweep:
    """One gateway with a store, and everything that is asked of it."""

    def __init__(self, start: Start, ant: Upstream, box: Upstream, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            "ANT_KEY": ANT_KEY,
            "BOX_KEY": BOX_KEY,
            "FILE_KEY": FILE_KEY,
            "ADMIN_KEY": ADMIN_KEY,
        }
        self.store = folder / "penstock.db"
        text = CONFIGURATION.format(ant=ant.address, box=box.address, store=self.store, closed=closed_port())
        self.running = start(text, self.environment)
        self.houses = {MESSAGES.name: House(self.running, ant), CHAT.name: House(self.running, box)}
        self.house = self.houses[MESSAGES.name]
        self.shown: dict[str, str] = {}
        self.made: list[str] = []

    def keep(self, name: str, reply: Reply) -> Reply:
        """What a client or an operator was told."""
        self.shown[f"{len(self.shown)}: {name}"] = repr(reply)
        return reply

    def admin(self, method: str, path: str, body: object = None, key: str = ADMIN_KEY) -> Reply:
        """Ask the admin API; what it tells once is not among what is swept."""
        headers = [("authorization", f"Bearer {key}"), *JSON.items()]
        sent = None if body is None else msgspec.json.encode(body)
        return self.house.call(method, f"/admin/v1/{path}", headers, sent)

    def make_keys(self) -> None:
        """A key, its secret rotated once; then calls that are wrong, with secrets where none belong."""
        made = self.admin("POST", "keys", {"name": "ada"})
        again = self.admin("POST", f"keys/{made.json()['id']}/rotate", {})
        self.made += [reply.json()["secret"] for reply in (made, again)]
        wrong: list[Any] = [
            {"name": ANT_KEY * 200},
            {"name": "x", "secret": FOREIGN},
            {"name": "x", "role": FILE_KEY},
            {"name": "x", "models": FOREIGN},
            FOREIGN,
        ]
        for body in wrong:
            self.keep("admin, wrong", self.admin("POST", "keys", body))
        self.keep("admin, wrong key", self.admin("GET", "keys", key=FOREIGN))
        self.keep("admin, unknown id", self.admin("GET", f"keys/{FILE_KEY}"))

    def ask(self) -> None:
        """Requests that end well, badly, in the middle, at every level of the log, with keys everywhere."""
        for level in LEVELS:
            self.keep("level", self._level(level))
            for dialect, name, script in every_script():
                if level == "debug" or name == "refused":
                    self._exchange(dialect, name, script)

    def _level(self, level: str) -> Reply:
        said = msgspec.json.encode({"level": level})
        return self.house.call("PUT", "/debug/log", JSON.items(), said)

    def _exchange(self, dialect: Dialect, name: str, script: Script) -> None:
        exchange = self.houses[dialect.name].replay.plays(script)
        for credential in carried(self.made[-1]):
            headers = [*credential, *LOOSE.items(), exchange.header]
            path = f"{dialect.path}?key={QUERY}"
            body = dialect.body(stream="stream" in name)
            self.keep(name, self.house.post(dialect, body, headers, path))

    def look(self) -> None:
        """Everything that is shown to operators."""
        for path in LISTS:
            self.keep(path, self.admin("GET", path))
        for path in SHOWN:
            self.keep(path, self.house.call("GET", path, [("x-api-key", self.made[-1])]))
        self._look_at_pages()
        explained = [("x-api-key", self.made[-1]), *LOOSE.items()]
        self.keep("explain", self.house.post(MESSAGES, MESSAGES.body(), explained, "/v1/explain"))

    def _look_at_pages(self) -> None:
        """The console, signed in: its pages, and what they are told while requests go by."""
        form = f"key={ADMIN_KEY}".encode()
        kind = ("content-type", "application/x-www-form-urlencoded")
        entered = self.house.call("POST", "/console/sign-in", [kind, ("origin", self.house.address)], form)
        assert entered.status == 303, entered
        cookie = ("cookie", (entered.header("set-cookie") or "").partition(";")[0])
        for page in PAGES:
            reply = self.keep(f"console{page}", self.house.call("GET", f"/console{page}", [cookie]))
            assert reply.status in (200, 404), reply
        with Wire(self.house.address) as wire:
            wire.send("GET", "/console/live", [cookie])
            assert wire.read_head().status == 200
            for _ in range(2):
                self._exchange(MESSAGES, "well", whole(MESSAGES.whole))
                self.shown[f"{len(self.shown)}: live"] = wire.read_until(b"\n\n").decode()

    def run_commands(self) -> None:
        """What the command line prints and writes."""
        for arguments in COMMANDS:
            finished = subprocess.run(
                [sys.executable, "-m", "gateway", *self._placed(arguments)],
                cwd=ROOT,
                env=clean_environment(self.folder, self.environment),
                capture_output=True,
                text=True,
                timeout=PATIENCE,
                check=False,
            )
            assert finished.returncode == 0, (arguments, finished.stderr)
            self.shown[" ".join(arguments)] = finished.stdout + finished.stderr

    def _placed(self, arguments: tuple[str, ...]) -> list[str]:
        file = str(self.running.folder / "penstock.toml")
        names = {"exported": str(self.folder / "exported"), "copied.db": str(self.folder / "copied.db")}
        return [*(names.get(one, one) for one in arguments), "--config", file]

    def files(self, below: str = "") -> dict[str, bytes]:
        """Every file that is there: the database, its log, its spool, the copies."""
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in (self.folder / below).rglob("*")
            if path.is_file()
        }

    def spooled(self) -> dict[str, bytes]:
        """The files of the spool, once the database was locked for long enough.

        The database itself is not read meanwhile: whoever closes a file gives up all locks it has on it.
        """
        lock = sqlite3.connect(self.store, isolation_level=None)
        lock.execute("BEGIN IMMEDIATE")
        deadline = time.monotonic() + PATIENCE
        found: dict[str, bytes] = {}
        while not found and time.monotonic() < deadline:
            self._exchange(MESSAGES, "well", whole(MESSAGES.whole))
            found = {name: data for name, data in self.files(f"{self.store.name}-spool").items() if data}
        lock.execute("ROLLBACK")
        lock.close()
        return found

    def settle(self) -> None:
        """Wait until the database has the rows, those of the spool, too."""
        deadline = time.monotonic() + PATIENCE
        reader = sqlite3.connect(self.store)
        while reader.execute("SELECT count(*) FROM ledger").fetchone()[0] <= ENOUGH:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        reader.close()


def scripts(dialect: Dialect, key: str) -> dict[str, Script]:
    """What a provider answers: well, cut off, and with the key it was given in each place there is."""
    told = dialect.upstream_error(f"Incorrect API key provided: {key}.")
    return {
        "well": whole(dialect.whole, headers=[*JSON.items(), ("request-id", key), ("x-request-id", key)]),
        "well, a stream": stream(events(dialect.name)),
        "cut in a stream": (*begun(dialect.events[:3]), Close()),
        "refused": whole(told, 401),
        "failed": whole(told, 500),
        "wrong": whole(told, 400),
        "wrong, a stream": whole(told, 400),
    }


def every_script() -> Iterator[tuple[Dialect, str, Script]]:
    """What each of the two providers answers."""
    for dialect, key in ((MESSAGES, ANT_KEY), (CHAT, BOX_KEY)):
        for name, script in scripts(dialect, key).items():
            yield dialect, name, script


def carried(key: str) -> list[Pairs]:
    """The ways a client carries its key, others' credentials beside it; and a key that is not known."""
    rest = [("authorization", f"Bearer {FOREIGN}"), ("api-key", FOREIGN)]
    return [
        [("x-api-key", key), *rest],
        [("authorization", f"Bearer {key}"), ("x-goog-api-key", FOREIGN)],
        [("x-api-key", FILE_KEY)],
        [("x-api-key", FOREIGN)],
    ]


@pytest.fixture(scope="module")
def swept(gateway: Start, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Swept]:
    """Plant secrets, have everything happen, gather all that is shown and kept."""
    ant, box = Upstream(ordinary), Upstream(ordinary)
    ant.start()
    box.start()
    sweep = Sweep(gateway, ant, box, tmp_path_factory.mktemp("kept"))
    sweep.make_keys()
    sweep.ask()
    sweep.look()
    spooled = sweep.spooled()
    sweep.settle()
    sweep.run_commands()
    kept = {**spooled, **sweep.files()}
    sweep.running.stop()
    kept |= {f"at the end: {name}": data for name, data in sweep.files().items()}
    yield Swept(sweep.shown, kept, sweep.made, sweep.running.output)
    ant.stop()
    box.stop()


def test_the_sweep_saw_enough(swept: Swept) -> None:
    """Rows were written, spooled, exported and copied, and the log has lines of them."""
    assert {name.partition("/")[0] for name in swept.kept} >= {"penstock.db", "penstock.db-wal", "exported"}
    assert "copied.db" in swept.kept
    assert swept.kept["exported/ledger.jsonl"].count(b"\n") > ENOUGH
    assert any("spool" in name for name in swept.kept)
    assert swept.log.count("\n") > 100
    assert all(len(secret) > 40 for secret in swept.made)


def test_nothing_that_is_shown_holds_a_secret(swept: Swept) -> None:
    """No reply of the path, of the admin API, of /debug and /metrics, and no command."""
    assert [name for name, text in swept.shown.items() if _secret(text, swept)] == []


def test_nothing_that_is_kept_holds_a_secret(swept: Swept) -> None:
    """No database, log of one, spool, export or backup."""
    assert [name for name, data in swept.kept.items() if _secret(data.decode("latin-1"), swept)] == []


def test_no_line_of_the_log_holds_a_secret(swept: Swept) -> None:
    """At no level."""
    assert [line for line in swept.log.splitlines() if _secret(line, swept)] == []


def _secret(text: str, swept: Swept) -> bool:
    return MARK in text or any(one in text or one.rpartition("_")[2] in text for one in swept.made)
