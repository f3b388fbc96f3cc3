"""`penstock usage`, `ledger`, `backup`, `export`, `restore`: the store, for people and programs."""

import csv
import io
import json
import stat
from typing import Any

import pytest

from store import ledger, principals, rollups
from store.audit import changing
from store.connect import Database
from store.keys import create
from store.rows import Key, Principal
from store.sums import DAY
from tests.cli.machine import Machine
from tests.store.ledgers import NOON, row

SINCE = ("--since", "2020-01-01")
ROWS = [
    row(1, model="opus", key_id="k1", team_id="core", session="s1", exchange="e1", cost=250_000, output=5),
    row(
        2,
        model="opus",
        key_id="k1",
        team_id="core",
        session="s1",
        exchange="e2",
        cause="retried",
        cost=50_000,
        decision="again after 529",
    ),
    row(
        3, model="mini", key_id="k2", session="s2", exchange="e3", agent="=cmd", cost=1_000, began=NOON + DAY
    ),
    row(4, model="mini", key_id="k2", price="", cost=0, began=NOON + DAY),
]


@pytest.fixture
def kept(machine: Machine) -> Machine:
    """A machine with four attempts of two keys on two days in its ledger, some of them summed."""
    machine.configure('[store]\npath = "penstock.db"\n')
    database = Database(machine.folder / "penstock.db")
    with changing(database, "test", 5) as change:
        principals.create(change, Principal("core", "team", None, "Core"))
        create(change, Key("k1", b"1", "laptop", owner="core"))
        create(change, Key("k2", b"2", "robot"))
        ledger.insert(change.connection, ROWS)
        rollups.roll(change.connection, 3)
    database.close()
    return machine


def told(machine: Machine, *arguments: str) -> Any:
    """What a command says as JSON."""
    ended = machine.run(*arguments, "--json")
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def test_usage_is_summed_and_money_is_in_dollars(kept: Machine) -> None:
    """A line a model, the dearest first, and the total below; what has no price is named."""
    ended = kept.run("usage", *SINCE)
    lines = [line.split() for line in ended.stdout.splitlines()]
    assert lines[0] == ["model", "attempts", "input", "cache", "read", "cache", "write", "output", "cost"]
    assert [line[0] for line in lines[1:]] == ["opus", "mini", "total"]
    assert [line[-1] for line in lines[1:]] == ["$0.300000", "$0.001000", "$0.301000"]
    assert "1 of these attempts have no price" in ended.stderr


@pytest.mark.parametrize(
    ("by", "groups"),
    [
        ("key", [["k1"], ["k2"]]),
        ("team", [["core"], [""]]),
        ("cause", [["useful"], ["retried"]]),
        ("session", [["s1"], ["s2"], [""]]),
        ("day", [["2025-07-20T00:00:00Z"], ["2025-07-21T00:00:00Z"]]),
        ("hour", [["2025-07-20T12:00:00Z"], ["2025-07-21T12:00:00Z"]]),
        ("model,cause", [["opus", "useful"], ["opus", "retried"], ["mini", "useful"]]),
    ],
)
def test_usage_is_summed_by_anything(kept: Machine, by: str, groups: list[list[str]]) -> None:
    """By every word, and by several; times in order, else the dearest first."""
    rows = told(kept, "usage", *SINCE, "--by", by)
    assert [[row[word] for word in by.split(",")] for row in rows] == groups
    assert sum(float(row["cost"]) for row in rows) == pytest.approx(0.301)


def test_usage_names_whom_it_knows(kept: Machine) -> None:
    """People read names; programs get both the id and the name."""
    assert kept.run("usage", *SINCE, "--by", "key").stdout.splitlines()[1].startswith("laptop ")
    assert [row["key_name"] for row in told(kept, "usage", *SINCE, "--by", "key")] == ["laptop", "robot"]


def test_usage_is_filtered_and_cut(kept: Machine) -> None:
    """By names or ids, by times, and by how many lines are wanted."""
    assert [row["model"] for row in told(kept, "usage", *SINCE, "--key", "laptop")] == ["opus"]
    assert [row["cause"] for row in told(kept, "usage", *SINCE, "--by", "cause", "--team", "Core")] == [
        "useful",
        "retried",
    ]
    later = told(kept, "usage", "--since", "2025-07-21", "--until", "2025-07-22")
    assert [row["model"] for row in later] == ["mini"]
    cut = kept.run("usage", *SINCE, "--limit", "1")
    assert "there are more lines" in cut.stderr
    assert len(told(kept, "usage", *SINCE, "--limit", "0")) == 2
    assert kept.run("usage").stdout.startswith("nothing was used since ")
    assert kept.run("usage", "--by", "colour").returncode == 2


def test_csv_holds_no_formula(kept: Machine) -> None:
    """A client's word that a spreadsheet would compute is spelled as a word."""
    ended = kept.run("usage", *SINCE, "--by", "agent", "--csv")
    rows = list(csv.DictReader(io.StringIO(ended.stdout)))
    assert [row["agent"] for row in rows] == ["", "'=cmd"]
    assert rows[0]["cost"] == "0.300000"


def test_the_ledger_tells_one_conversation(kept: Machine) -> None:
    """The attempts of a session, a request or a key, the latest first, and nothing of others."""
    rows = told(kept, "ledger", "--session", "s1")
    assert [(row["exchange"], row["cause"], row["cost"]) for row in rows] == [
        ("e2", "retried", "0.050000"),
        ("e1", "useful", "0.250000"),
    ]
    assert rows[0]["decision"] == "again after 529"
    assert "again after 529" in kept.run("ledger", "--session", "s1").stdout
    assert "again after 529" in kept.run("ledger", "--session", "s1", "--csv").stdout
    assert len(told(kept, "ledger", "--key", "robot")) == 2
    assert told(kept, "ledger", "--exchange", "e3")[0]["model"] == "mini"
    assert "no such attempt" in kept.run("ledger", "--session", "none").stdout
    assert kept.run("ledger", "--session", "a", "--key", "b").returncode == 2
    assert "there are more" in kept.run("ledger", "--limit", "1").stderr


def test_a_backup_is_a_whole_database(kept: Machine) -> None:
    """It tells the same usage, and it never replaces a file."""
    assert "checked" in kept.run("backup", "copy.db").stdout
    assert told(kept, "usage", *SINCE, "--store", "copy.db") == told(kept, "usage", *SINCE)
    again = kept.run("backup", "copy.db")
    assert (again.returncode, "never replaces" in again.stderr) == (1, True)


def test_an_export_is_restored(kept: Machine) -> None:
    """Every table as JSON Lines for its owner only, and back into an empty database, all or nothing."""
    counts = told(kept, "export", "out")["rows"]
    assert (counts["ledger"], counts["keys"]) == (4, 2)
    path = kept.folder / "out" / "ledger.jsonl"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert kept.run("export", "out").returncode == 1
    told(kept, "restore", "out", "--store", "new.db")
    assert told(kept, "usage", *SINCE, "--store", "new.db") == told(kept, "usage", *SINCE)
    taken = kept.run("restore", "out")
    assert (taken.returncode, "has rows already" in taken.stderr) == (1, True)
    assert kept.run("restore", "programs").returncode == 1
    assert told(kept, "export", "part", "--table", "keys")["rows"] == {"keys": 2}
