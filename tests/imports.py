"""Which modules of a tree import which: the walk under the tests of layers. Knows no rule."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.sources import PACKAGES, parsed, python_files


class Import(NamedTuple):
    """One import in a module. `typing_only` when it stands under `if TYPE_CHECKING`."""

    target: str
    line: int
    typing_only: bool


def imports_of(root: Path) -> dict[str, list[Import]]:
    """Every module of the packages, with what it imports."""
    paths = {module_name(root, path): path for path in python_files(root, PACKAGES)}
    known = set(paths)
    return {
        module: [
            Import(target, node.lineno, typing_only)
            for node, typing_only in import_nodes(parsed(path))
            for target in targets(node, module, known, folder=path.name == "__init__.py")
        ]
        for module, path in paths.items()
    }


def module_name(root: Path, path: Path) -> str:
    """The dotted name of a file."""
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def is_typing_check(node: ast.AST) -> bool:
    """Whether a node is `if TYPE_CHECKING:`."""
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def import_nodes(node: ast.AST, *, typing_only: bool = False) -> Iterator[tuple[ast.stmt, bool]]:
    """Every import statement under a node, inside functions too, and whether only type checkers see it."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child, typing_only
        yield from import_nodes(child, typing_only=typing_only or is_typing_check(child))


def targets(node: ast.stmt, module: str, known: set[str], *, folder: bool) -> Iterator[str]:
    """The modules a statement imports; `from package import module` is an import of that module."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        near = module.split(".") if folder else module.split(".")[:-1]
        origin = near[: len(near) - node.level + 1] if node.level else []
        source = ".".join([*origin, *filter(None, [node.module])])
        inside = [f"{source}.{alias.name}" for alias in node.names]
        yield from {name if name in known else source for name in inside}


def package_of(module: str) -> str:
    """The first name of a dotted one."""
    return module.partition(".")[0]


def runtime_graph(root: Path) -> dict[str, set[str]]:
    """What each module of ours imports of ours when it runs."""
    imports = imports_of(root)
    return {
        module: {found.target for found in imported if found.target in imports and not found.typing_only}
        for module, imported in imports.items()
    }


def cycles(graph: dict[str, set[str]]) -> list[set[str]]:
    """The groups of modules that import each other in a ring: each can be reached from each."""
    reach = {name: reached(graph, name) for name in graph}
    rings = {frozenset(other for other in reach[name] if name in reach[other]) for name in graph}
    return [set(ring) for ring in rings if ring]


def reached(graph: dict[str, set[str]], start: str) -> set[str]:
    """Every module that importing `start` imports in turn."""
    seen: set[str] = set()
    ahead = list(graph[start])
    while ahead:
        name = ahead.pop()
        if name not in seen:
            seen.add(name)
            ahead.extend(graph[name])
    return seen
