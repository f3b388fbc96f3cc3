"""`penstock keys` and `penstock principals`: made, listed, changed, shut out, and never a secret twice."""

import hashlib
import http.client
import json
import time
from typing import Any

import pytest

from store import audit, keys
from store.audit import Wanted
from store.connect import Database
from tests.cli.machine import Machine, Server


@pytest.fixture
def kept(machine: Machine) -> Machine:
    """A machine whose configuration keeps a store."""
    machine.configure('[store]\npath = "penstock.db"\n')
    return machine


def told(machine: Machine, *arguments: str) -> Any:
    """What a command says as JSON."""
    ended = machine.run(*arguments, "--json")
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def database(machine: Machine) -> Database:
    """The store of the machine."""
    return Database(machine.folder / "penstock.db")


def test_a_key_is_shown_once_and_its_hash_is_kept(kept: Machine) -> None:
    """What `create` prints opens; the store has nothing but its digest, and no list tells either."""
    ended = kept.run("keys", "create", "laptop")
    secret = ended.stdout.strip()
    public = secret.split("_")[1]
    assert (secret[:4], len(public), len(secret)) == ("pst_", 12, 4 + 12 + 1 + 43)
    store = database(kept)
    with store.reading() as connection:
        found = keys.by_digest(connection, hashlib.sha256(secret.encode()).digest(), 0)
    store.close()
    assert found is not None
    assert (found.id, found.name) == (public, "laptop")
    shown = kept.run("keys", "list").stdout + json.dumps(told(kept, "keys", "show", public))
    assert "laptop" in shown
    assert secret[17:] not in shown
    assert found.digest.hex() not in shown


@pytest.mark.parametrize("asked", [True, False])
def test_keys_that_nobody_is_asked_for_are_said_to_be_so(machine: Machine, *, asked: bool) -> None:
    """A store alone asks for none on this machine: who makes keys hears that they hold for nobody."""
    server = '[server]\nkeys = "required"\n' if asked else ""
    machine.configure(f'{server}[store]\npath = "penstock.db"\n')
    made = machine.run("keys", "create", "laptop")
    _, errors = machine.serve().stop()
    assert ('keys = "required"' in made.stderr) is not asked
    assert ("nobody is asked for one" in errors) is not asked


def test_what_a_key_may_is_what_was_said(kept: Machine) -> None:
    """Models, providers, limits and budgets are granted as the options say, in words and as data."""
    made = told(
        kept,
        *("keys", "create", "robot", "--role", "service", "--expires", "2099-01-01"),
        *("--model", "claude-*", "--model", "fast", "--provider", "anthropic"),
        *("--requests-per-minute", "60", "--concurrent", "4"),
        *("--budget", "10/day", "--budget", "2.50/hour/rolling", "--overrides"),
    )
    assert made["grants"] == {
        "models": ["claude-*", "fast"],
        "providers": ["anthropic"],
        "limits": {"requests_per_minute": 60, "concurrent": 4},
        "budgets": [
            {"dollars": "10.000000", "window": "day", "rolling": False},
            {"dollars": "2.500000", "window": "hour", "rolling": True},
        ],
        "overrides": True,
    }
    assert (made["role"], made["expires"]) == ("service", "2099-01-01T00:00:00Z")
    assert "$2.5 an hour (rolling)" in made["may"]


def test_a_change_leaves_what_is_not_said(kept: Machine) -> None:
    """`change` sets what it is told; "" allows all models again, and ends budgets."""
    kept.run("keys", "create", "a", "--model", "x", "--budget", "1/day", "--concurrent", "2")
    changed = told(kept, "keys", "change", "a", "--name", "b", "--requests-per-minute", "5")
    assert changed["grants"]["limits"] == {"concurrent": 2, "requests_per_minute": 5}
    assert changed["grants"]["models"] == ["x"]
    freed = told(kept, "keys", "change", "b", "--model", "", "--budget", "", "--expires", "never")
    assert freed["grants"] == {"limits": {"concurrent": 2, "requests_per_minute": 5}}


def test_keys_are_blocked_rotated_and_revoked(kept: Machine) -> None:
    """Each verb changes the state that is listed, a rotation shows a new secret, and revoked is for ever."""
    first = kept.run("keys", "create", "a").stdout.strip()
    assert told(kept, "keys", "block", "a")["state"] == "blocked"
    assert told(kept, "keys", "unblock", "a")["state"] == "active"
    rotated = told(kept, "keys", "rotate", "a", "--overlap", "1h")
    assert rotated["secret"].split("_")[1] == first.split("_")[1]
    assert rotated["secret"] != first
    assert rotated["former_until"]
    assert told(kept, "keys", "revoke", "a")["state"] == "revoked"
    again = kept.run("keys", "unblock", "a")
    assert (again.returncode, again.stderr) == (1, "penstock: this key was revoked, for ever\n")


def test_every_change_is_written_down(kept: Machine) -> None:
    """The audit names the command line and who sat at it."""
    kept.run("keys", "create", "a")
    kept.run("keys", "block", "a")
    store = database(kept)
    with store.reading() as connection:
        changes = audit.page(connection, Wanted()).rows
    store.close()
    assert [change.action for change in changes] == ["key.block", "key.create"]
    assert all(change.actor.startswith("command line") for change in changes)


def test_two_keys_of_one_name_are_told_apart(kept: Machine) -> None:
    """A name that several keys have is refused with their ids; an id always says which."""
    ids = [told(kept, "keys", "create", "twin")["id"] for _ in range(2)]
    refused = kept.run("keys", "block", "twin")
    assert refused.returncode == 1
    assert all(one in refused.stderr for one in ids)
    assert told(kept, "keys", "block", ids[0])["state"] == "blocked"
    assert "there is no key nobody" in kept.run("keys", "show", "nobody").stderr


@pytest.mark.parametrize("name", ["", " ", "n" * 201, "a\nb", "\x1b[31mred"])
def test_a_name_is_one_that_can_be_seen_and_said(kept: Machine, name: str) -> None:
    """As the admin API has it: not empty, not endless, and it does not speak to a terminal."""
    for arguments in (("keys", "create"), ("principals", "create", "team", "--id", "t")):
        ended = kept.run(*arguments, name)
        assert ended.returncode == 2
        assert "expected a name of 1 to 200 characters" in ended.stderr
    assert told(kept, "keys", "create", "日本語 ✓")["name"] == "日本語 ✓"


def test_a_budget_of_nothing_lets_nothing_be_spent(kept: Machine) -> None:
    """It is no way to say that there is none: who says 0 does not want a key without bounds."""
    made = told(kept, "keys", "create", "a", "--budget", "0/day")
    assert made["grants"]["budgets"] == [{"dollars": "0.000000", "window": "day", "rolling": False}]
    assert made["may"] == "$0 a day"


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--budget", "10", "is not dollars and a window"),
        ("--budget", "x/day", "is not dollars and a window"),
        ("--budget", "1/year", "windows are hour, day, week, month"),
        ("--expires", "yesterday", "is not a time"),
        ("--expires", "2001-01-01", "has passed"),
        ("--budget", "0.0000001/day", "is not dollars and a window"),
        ("--budget", "1000000000/day", "is not dollars and a window"),
        ("--concurrent", "-1", "0<=x<=1000000000"),
        ("--concurrent", "99999999999", "0<=x<=1000000000"),
        ("--model", "m" * 257, "a name or a glob"),
        ("--provider", "a\x1b[31m", "a name or a glob"),
        ("--role", "king", "is not one of"),
    ],
)
def test_what_cannot_be_granted_is_wrong_usage(kept: Machine, option: str, value: str, words: str) -> None:
    """Wrong values end with 2 and a word that says what is understood; no key is made."""
    ended = kept.run("keys", "create", "a", option, value)
    assert ended.returncode == 2
    assert words in ended.stderr


def test_the_tree_is_made_and_shown(kept: Machine) -> None:
    """Principals stand below each other, by ids made of their names, and keys belong to them."""
    kept.run("principals", "create", "organisation", "Acme Works", "--budget", "500/month")
    kept.run("principals", "create", "team", "Core", "--under", "Acme Works", "--model", "claude-*")
    kept.run("principals", "create", "user", "Ada", "--under", "core")
    assert told(kept, "keys", "create", "laptop", "--owner", "Ada")["owner"] == "ada"
    lines = kept.run("principals", "list").stdout.splitlines()
    assert [line.split("  ")[0] for line in lines[1:2]] == ["Acme Works"]
    assert lines[2].startswith("  Core")
    assert lines[3].startswith("    Ada")
    assert told(kept, "principals", "change", "core", "--state", "blocked")["state"] == "blocked"
    kept_below = kept.run("principals", "delete", "core")
    assert (kept_below.returncode, "stand below Core" in kept_below.stderr) == (1, True)
    kept.run("principals", "create", "user", "Bob")
    kept.run("principals", "create", "user", "Eve")
    assert told(kept, "principals", "delete", "eve")["id"] == "eve"
    assert kept.run("principals", "delete", "bob").stdout == "user Bob is gone\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("team", "T", "--under", "u"), "no team stands under a user"),
        (("user", "U", "--under", "nobody"), "there is nobody called nobody"),
        (("user", "u"), "the id u is taken"),
    ],
)
def test_what_cannot_stand_is_refused(kept: Machine, arguments: tuple[str, ...], words: str) -> None:
    """A higher kind under a lower one, a parent that is not there, and an id that is taken are refused."""
    kept.run("principals", "create", "user", "U")
    ended = kept.run("principals", "create", *arguments)
    assert ended.returncode == 1
    assert words in ended.stderr


def test_without_a_store_a_command_says_what_to_do(machine: Machine) -> None:
    """No store, one in memory, a missing file, and one that is none: each has its own words."""
    assert "names no store" in machine.run("keys", "list").stderr
    machine.configure('[store]\npath = ":memory:"\n')
    assert "in memory" in machine.run("usage").stderr
    assert "there is no database" in machine.run("usage", "--store", "none.db").stderr
    (machine.folder / "text.db").write_text("no database, and long enough to be looked at as one" * 20)
    ended = machine.run("usage", "--store", "text.db")
    assert ended.returncode == 1
    assert ended.stderr.startswith("penstock: text.db: ")


def test_a_running_gateway_follows(machine: Machine) -> None:
    """A key that is made opens, blocked it does not, rotated both its secrets do, without a restart."""
    machine.configure(
        '[server]\nkeys = "required"\nguesses = 0\ndiscover = false\n'
        '[store]\npath = "penstock.db"\n[providers.demo]\n'
    )
    server = machine.serve()
    secret = machine.run("keys", "create", "laptop").stdout.strip()
    until_answered(server, secret, 200)
    machine.run("keys", "block", "laptop")
    until_answered(server, secret, 401)
    machine.run("keys", "unblock", "laptop")
    rotated = told(machine, "keys", "rotate", "laptop")["secret"]
    until_answered(server, rotated, 200)
    until_answered(server, secret, 200)
    server.stop()


def until_answered(server: Server, secret: str, status: int) -> None:
    """Ask with a key until it is answered so: a worker follows within a second."""
    deadline = time.monotonic() + 20
    while (said := answered(server, secret)) != status:
        assert time.monotonic() < deadline, said


def answered(server: Server, secret: str) -> int:
    """What the list of models is answered with."""
    connection = http.client.HTTPConnection(*server.address, timeout=20)
    try:
        connection.request("GET", "/v1/models", headers={"authorization": f"Bearer {secret}"})
        return connection.getresponse().status
    finally:
        connection.close()
