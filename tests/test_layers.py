"""Who may import whom: design.md section 3 as data, held against every import in the packages.

A module stands on a rung of its package's ladder and imports only from rungs below its own, and
from its own family: the modules that share its stem (`gateway.relay`, `gateway.relay_body`). On an
open rung families may import each other too. What the ladders do not name has no place, and fails.
"""

import re
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.imports import cycles, imports_of, package_of, runtime_graph
from tests.sources import CHECKOUT, PACKAGES, plant


class Rung(NamedTuple):
    """Families of modules that stand equally high, by their stems; `*` is one name."""

    name: str
    stems: tuple[str, ...]
    open: bool = False


# From the top down. A new module goes where what it imports is below it and what imports it is above.
LADDERS = {
    "gateway": (
        Rung("command line", ("gateway.__main__", "gateway.cli"), open=True),
        Rung("server", ("gateway.serve",)),
        Rung("front door", ("gateway.app", "gateway.paths", "gateway.socket"), open=True),
        Rung("path and edge", ("gateway.exchange", "gateway.edge")),
        Rung(
            "stages",
            (
                "gateway.ingress",
                "gateway.attempts",
                "gateway.relay",
                "gateway.answer",
                "gateway.accounting",
                "gateway.recall",
            ),
        ),
        # The exchange knows the house it is in, and the house's timekeeper knows exchanges. Three stages are
        # objects the house keeps (callers, routes, permits): they stand with it and are called through it.
        Rung(
            "house and its exchanges",
            (
                "gateway.house",
                "gateway.auth",
                "gateway.routing",
                "gateway.admission",
                "gateway.affinity",
                "gateway.array",
                "gateway.catalogue",
                "gateway.state",
                "gateway.plan",
                "gateway.judgement",
                "gateway.fitness",
                "gateway.client",
                "gateway.crossing",
                "gateway.silence",
                "gateway.timekeeper",
                "gateway.replies",
                "gateway.sharing",
                "gateway.waiting",
            ),
            open=True,
        ),
        Rung(
            "ground",
            (
                "gateway.upstream",
                "gateway.breaker",
                "gateway.cache",
                "gateway.credentials",
                "gateway.seat",
                "gateway.turns",
                "gateway.control",
                "gateway.codings",
                "gateway.errors",
                "gateway.estimates",
                "gateway.failure",
                "gateway.fields",
                "gateway.framing",
                "gateway.heads",
                "gateway.health",
                "gateway.lessons",
                "gateway.source",
                "gateway.provider",
                "gateway.listening",
                "gateway.listing",
                "gateway.local",
                "gateway.journal",
                "gateway.leaving",
                "gateway.load",
                "gateway.opening",
                "gateway.pins",
                "gateway.prices",
                "gateway.redaction",
                "gateway.retries",
                "gateway.tallies",
                "gateway.tinylfu",
            ),
            open=True,
        ),
        Rung(
            "reading of the configuration",
            ("gateway.configuration.*",),
            open=True,
        ),
        Rung("settings", ("gateway.settings",)),
    ),
    "adapters": (
        Rung("what is asked of the table", ("adapters.quirks", "adapters.disagreements")),
        Rung("table", ("adapters.table", "adapters.embedding_table")),
        Rung("dialects and providers", ("adapters.dialects.*", "adapters.providers.*")),
        Rung(
            "contracts and what is shared",
            (
                "adapters.blocks",
                "adapters.complaints",
                "adapters.conversation",
                "adapters.dialect",
                "adapters.embeddings",
                "adapters.events",
                "adapters.fault",
                "adapters.freeform",
                "adapters.literal",
                "adapters.members",
                "adapters.ndjson",
                "adapters.needs",
                "adapters.openai",
                "adapters.overflow",
                "adapters.provider",
                "adapters.reader",
                "adapters.refusals",
                "adapters.request",
                "adapters.schema",
                "adapters.seal",
                "adapters.span",
                "adapters.spare",
                "adapters.sse",
                "adapters.tokens",
                "adapters.translation",
                "adapters.writer",
            ),
            open=True,
        ),
    ),
    "store": (
        Rung("tables", ("store.keys", "store.routes", "store.usage", "store.ledger")),
        Rung("connection", ("store.connect", "store.migrate", "store.migrations", "store.rows"), open=True),
    ),
}

# Folders whose __init__ says what they are and imports nothing of ours.
BARE = ("adapters", "adapters.dialects", "adapters.providers", "gateway", "gateway.configuration", "store")

# Which packages a package may see beside itself.
NEIGHBOURS = {"gateway": ("adapters", "store"), "adapters": (), "store": ()}

# Where each package from outside may be imported. One that is not here may be imported nowhere.
HOMES = {
    "aiohttp": ("gateway.upstream", "gateway.control"),
    "apsw": ("store.*",),
    "backports": ("gateway.codings",),
    "brotli": ("gateway.codings",),
    "click": ("gateway.cli",),
    "compression": ("gateway.codings",),
    "granian": ("gateway.serve",),
    "msgspec": ("adapters.*", "gateway.*", "store.*"),
    "multidict": ("gateway.upstream", "gateway.control"),
    "prometheus_client": ("gateway.edge",),
    "starlette": ("gateway.edge",),
    "theine_core": ("gateway.tinylfu",),
    "uvloop": ("gateway.serve",),
    "yarl": ("gateway.upstream", "gateway.control", "gateway.provider"),
}

# What a leaf leaves alone although Python brings it: the adapters do no I/O, the store knows no network.
WAITING = ("asyncio", "http", "select", "selectors", "socket", "ssl", "subprocess", "threading")
NOT_FOR = {"adapters": (*WAITING, "os", "pathlib", "sqlite3"), "store": (*WAITING, "sqlite3"), "gateway": ()}

ADVICE = "give it a place in LADDERS of tests/test_layers.py, as low as its imports allow"


class Place(NamedTuple):
    """Where a module stands: how well it fits, the height of its rung (0 is the top) and its family."""

    fit: int
    height: int
    family: str
    rung: Rung


def family_of(module: str, stem: str) -> str | None:
    """The stem as the module spells it, when it is of that family: `stem`, `stem_more` or `stem.more`."""
    spelled = re.escape(stem).replace(r"\*", r"\w+")
    match = re.fullmatch(rf"({spelled})(_\w+)?(\.[\w.]+)?", module)
    return match[1] if match else None


def place_of(module: str) -> Place | None:
    """The place of a module on its package's ladder: where the longest stem it fits says."""
    places = [
        Place(len(stem), height, family, rung)
        for height, rung in enumerate(LADDERS[package_of(module)])
        for stem in rung.stems
        if (family := family_of(module, stem))
    ]
    return max(places, default=None)


def fault_outside(module: str, target: str) -> str | None:
    """What is wrong with importing a module that is not ours."""
    package, top = package_of(module), package_of(target)
    if top in NOT_FOR[package]:
        return f"{package} waits for nothing and asks nobody, so it does not import {top}"
    if top in HOMES:
        at_home = any(family_of(module, stem) for stem in HOMES[top])
        return None if at_home else f"{top} is imported only in {', '.join(HOMES[top])}"
    if top in sys.stdlib_module_names:
        return None
    return f"{top} has no home: name the only modules that import it in HOMES of tests/test_layers.py"


def fault_inside(module: str, target: str) -> str | None:
    """What is wrong with importing a module of ours, by the neighbours and by the ladder."""
    package, other = package_of(module), package_of(target)
    if package != other:
        return None if other in NEIGHBOURS[package] else f"{package} never sees {other}"
    if module in BARE:
        return "this folder's __init__ imports nothing of ours"
    here, there = place_of(module), place_of(target)
    if not here or not there or here.family == there.family or there.height > here.height:
        return None
    if there.height < here.height:
        return f"the {here.rung.name} may not look up to the {there.rung.name}"
    return None if here.rung.open else f"the {here.rung.name} may not import each other"


def misplaced(root: Path) -> list[str]:
    """Every module without a place and every import against the rules, each as a line for the reader."""
    found = []
    for module, imports in imports_of(root).items():
        if module not in BARE and not place_of(module):
            found.append(f"{module} has no place: {ADVICE}")
        for target, line, _ in imports:
            ours = package_of(target) in PACKAGES
            fault = fault_inside(module, target) if ours else fault_outside(module, target)
            if fault:
                found.append(f"{module}:{line} imports {target}: {fault}")
    return found


def test_every_import_stays_inside_its_layer() -> None:
    """No module of the packages imports against the ladders, the neighbours or the homes."""
    assert misplaced(CHECKOUT) == []


def test_no_modules_import_each_other_in_a_ring() -> None:
    """The imports of the packages have no cycle when the program runs."""
    assert cycles(runtime_graph(CHECKOUT)) == []


def test_every_rung_names_packages_that_exist() -> None:
    """The table stays in step with the tree: each stem begins with a package of ours."""
    stems = [stem for ladder in LADDERS.values() for rung in ladder for stem in rung.stems]
    assert {package_of(stem) for stem in stems} <= set(PACKAGES)


VIOLATIONS = {
    "leaf sees trunk": ("adapters/fault.py", "import gateway.errors", "adapters never sees gateway"),
    "leaf sees leaf": ("adapters/fault.py", "from store import keys", "adapters never sees store"),
    "store sees adapters": ("store/keys.py", "import adapters.fault", "store never sees adapters"),
    "store sees gateway": ("store/keys.py", "import gateway.house", "store never sees gateway"),
    "leaf takes a package": ("adapters/fault.py", "import aiohttp", "aiohttp is imported only in"),
    "leaf waits": ("adapters/fault.py", "import asyncio", "adapters waits for nothing"),
    "store calls out": ("store/keys.py", "import socket", "store waits for nothing"),
    "aiohttp in a stage": ("gateway/relay.py", "from aiohttp import web", "aiohttp is imported only in"),
    "granian in the app": ("gateway/app.py", "import granian", "granian is imported only in"),
    "starlette on the path": (
        "gateway/exchange.py",
        "import starlette.routing",
        "starlette is imported only in",
    ),
    "metrics on the path": ("gateway/accounting.py", "import prometheus_client", "only in gateway.edge"),
    "apsw in the trunk": ("gateway/accounting.py", "import apsw", "apsw is imported only in"),
    "click in the server": ("gateway/serve.py", "import click", "click is imported only in"),
    "homeless package": ("gateway/relay.py", "import numpy", "numpy has no home"),
    "stage sees stage": (
        "gateway/relay.py",
        "import gateway.attempts",
        "the stages may not import each other",
    ),
    "stage sees the path": ("gateway/relay.py", "from gateway import exchange", "may not look up"),
    "house sees a stage": ("gateway/house.py", "import gateway.relay", "may not look up to the stages"),
    "ground sees house": (
        "gateway/errors.py",
        "import gateway.house",
        "may not look up to the house and its exchanges",
    ),
    "edge sees the path": ("gateway/edge/health.py", "import gateway.exchange", "may not import each other"),
    "only for typing": (
        "gateway/errors.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import gateway.house",
        "may not look up to the house and its exchanges",
    ),
    "inside a function": ("gateway/relay.py", "def f():\n    import gateway.attempts", "may not import each"),
    "relative": ("gateway/relay.py", "from . import attempts", "the stages may not import each other"),
    "dialect sees dialect": (
        "adapters/dialects/gemini/reply.py",
        "import adapters.dialects.ollama",
        "the dialects and providers may not import each other",
    ),
    "contract sees the table": ("adapters/fault.py", "import adapters.table", "may not look up to the table"),
    "folder imports": ("gateway/__init__.py", "import gateway.app", "__init__ imports nothing of ours"),
    "no place": ("gateway/plumbing.py", "", f"gateway.plumbing has no place: {ADVICE}"),
}
NEIGHBOURHOOD = {
    "adapters/dialects/ollama/__init__.py": "",
    "adapters/table.py": "",
    "gateway/__init__.py": "",
    "gateway/exchange.py": "",
    "gateway/attempts.py": "",
    "gateway/routing.py": "",
    "store/__init__.py": "",
}


@pytest.mark.parametrize("name", VIOLATIONS)
def test_each_rule_catches_what_it_forbids(tmp_path: Path, name: str) -> None:
    """A planted violation of each rule is found, alone, and told in words."""
    path, text, complaint = VIOLATIONS[name]
    found = misplaced(plant(tmp_path, {**NEIGHBOURHOOD, path: text}))
    assert len(found) == 1
    assert complaint in found[0]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("gateway/relay_body.py", "import gateway.relay"),
        (
            "gateway/exchange.py",
            "from gateway import house\nimport adapters.fault, store.keys",
        ),
        ("gateway/errors.py", "import gateway.upstream_dial\nimport gateway.settings"),
        ("gateway/cli/check.py", "import click\nimport gateway.settings"),
        ("adapters/table.py", "from adapters.dialects import ollama\nimport msgspec"),
    ],
)
def test_what_the_design_allows_passes(tmp_path: Path, path: str, text: str) -> None:
    """Looking down, into one's own family, along an open rung and into a leaf is allowed."""
    assert misplaced(plant(tmp_path, {**NEIGHBOURHOOD, path: text})) == []


def test_a_ring_of_imports_is_found(tmp_path: Path) -> None:
    """Three modules in a ring are named together, and the module that only imports them is not."""
    files = {
        "gateway/__init__.py": "",
        "gateway/a.py": "from gateway import b",
        "gateway/b.py": "def late():\n    import gateway.c",
        "gateway/c.py": "from gateway.a import thing",
        "gateway/d.py": "import gateway.a",
    }
    assert cycles(runtime_graph(plant(tmp_path, files))) == [{"gateway.a", "gateway.b", "gateway.c"}]


def test_a_ring_through_type_checking_only_is_none(tmp_path: Path) -> None:
    """An import that only type checkers see closes no ring."""
    files = {
        "gateway/a.py": "import gateway.b",
        "gateway/b.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import gateway.a",
    }
    assert cycles(runtime_graph(plant(tmp_path, files))) == []
