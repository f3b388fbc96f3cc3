"""The Python files of a tree, parsed: what the tests of layers, shape and tree walk over."""

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
PACKAGES = ("adapters", "gateway", "store")
EVERYTHING = (*PACKAGES, "bench", "docs", "tests", ".ci")


def python_files(root: Path, folders: tuple[str, ...]) -> Iterator[Path]:
    """Every Python file under the folders, in a stable order."""
    for folder in folders:
        yield from sorted((root / folder).rglob("*.py"))


@functools.cache
def parsed(path: Path) -> ast.Module:
    """The syntax tree of one file; parsed once, because several tests walk the same files."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def plant(root: Path, files: dict[str, str]) -> Path:
    """Write a small tree of sources, for a test that shows a rule can fail."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root
