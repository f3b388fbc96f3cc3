"""That the rules of layers catch what they forbid, and let pass what they allow: planted, one by one."""

from pathlib import Path

import pytest

from tests.imports import cycles, runtime_graph
from tests.sources import plant
from tests.test_layers import ADVICE, misplaced

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
