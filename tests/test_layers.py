"""Who may import whom: design.md section 3 as data, held against every import in the packages.

A module stands on a rung of its package's ladder and imports only from rungs below its own, and
from its own family: the modules that share its stem (`gateway.relay`, `gateway.relay_body`). On an
open rung families may import each other too. What the ladders do not name has no place, and fails.
"""

import re
import sys
from pathlib import Path
from typing import NamedTuple

from tests.imports import cycles, imports_of, package_of, runtime_graph
from tests.sources import CHECKOUT, PACKAGES


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
        Rung("bell", ("gateway.bell",)),
        Rung("front door", ("gateway.app", "gateway.paths", "gateway.probing", "gateway.socket"), open=True),
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
                "gateway.reload",
                "gateway.visitors",
                "gateway.limits",
                "gateway.budgets",
                "gateway.keeping",
                "gateway.booking",
                "gateway.spending",
                "gateway.auth",
                "gateway.routing",
                "gateway.admission",
                "gateway.affinity",
                "gateway.allowing",
                "gateway.array",
                "gateway.catalogue",
                "gateway.state",
                "gateway.packing",
                "gateway.plan",
                "gateway.judgement",
                "gateway.fitness",
                "gateway.explaining",
                "gateway.overriding",
                "gateway.client",
                "gateway.crossing",
                "gateway.drift",
                "gateway.silence",
                "gateway.timekeeper",
                "gateway.replies",
                "gateway.sessions",
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
                "gateway.caller",
                "gateway.credentials",
                "gateway.decision",
                "gateway.decrees",
                "gateway.sealing",
                "gateway.seat",
                "gateway.turns",
                "gateway.control",
                "gateway.codings",
                "gateway.errors",
                "gateway.estimates",
                "gateway.failure",
                "gateway.fields",
                "gateway.grants",
                "gateway.guesses",
                "gateway.window",
                "gateway.framing",
                "gateway.heads",
                "gateway.health",
                "gateway.lessons",
                "gateway.source",
                "gateway.provider",
                "gateway.listening",
                "gateway.listing",
                "gateway.local",
                "gateway.intercom",
                "gateway.journal",
                "gateway.lateness",
                "gateway.scheduling",
                "gateway.leaving",
                "gateway.memory",
                "gateway.load",
                "gateway.opening",
                "gateway.minting",
                "gateway.pins",
                "gateway.prices",
                "gateway.redaction",
                "gateway.registry",
                "gateway.retries",
                "gateway.roles",
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
                "adapters.survey",
                "adapters.sse",
                "adapters.tokens",
                "adapters.translation",
                "adapters.writer",
            ),
            open=True,
        ),
    ),
    "store": (
        # What works on several tables, or on all.
        Rung(
            "across tables", ("store.backup", "store.dearest", "store.export", "store.names", "store.writer")
        ),
        Rung(
            "tables",
            (
                "store.budgets",
                "store.documents",
                "store.keys",
                "store.learned",
                "store.ledger",
                "store.prices",
                "store.principals",
                "store.retention",
                "store.rollups",
                "store.usage",
            ),
        ),
        Rung(
            "connection",
            (
                "store.audit",
                "store.connect",
                "store.errors",
                "store.migrate",
                "store.migrations",
                "store.paging",
                "store.rows",
                "store.spool",
                "store.sums",
                "store.transaction",
            ),
            open=True,
        ),
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
    "jinja2": ("gateway.edge",),
    "msgspec": ("adapters.*", "gateway.*", "store.*"),
    "multidict": ("gateway.upstream", "gateway.control"),
    "prometheus_client": ("gateway.edge",),
    "ruamel": ("gateway.cli",),
    "starlette": ("gateway.edge",),
    "theine_core": ("gateway.tinylfu",),
    "tomlkit": ("gateway.cli",),
    "uvloop": ("gateway.serve",),
    "yarl": ("gateway.upstream", "gateway.control", "gateway.provider"),
}

# What a leaf leaves alone although Python brings it: the adapters do no I/O, the store knows no network.
# The store's ledger has a thread of its own, which waits for the disk so that nobody else must.
WAITING = ("asyncio", "http", "select", "selectors", "socket", "ssl", "subprocess")
NOT_FOR = {
    "adapters": (*WAITING, "os", "pathlib", "sqlite3", "threading"),
    "store": (*WAITING, "sqlite3"),
    "gateway": (),
}

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
