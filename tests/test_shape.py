"""How long, how deep and how named: the figures of style.md, held against every function and module.

Lines are code lines: blanks, comments and docstrings cost nothing. Complexity, the number of
arguments and annotations are ruff's to check; here stands only that ruff is told the same figures
and that no line asks it to look away.
"""

import ast
import io
import re
import statistics
import tokenize
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.sources import CHECKOUT, EVERYTHING, PACKAGES, parsed, plant, python_files

FUNCTION_MEDIAN = 8
FUNCTION_95TH_PERCENTILE = 30
FUNCTION_LONGEST = 60
NESTING_DEEPEST = 3
MODULE_LONGEST = 400
ARGUMENTS_MOST = 5
COMPLEXITY_HIGHEST = 10
# The adapters are where a wrong byte hides, so they are tested most.
TEST_LINES_PER_ADAPTER_LINE = 1.5

# Names that say nothing of what is inside; a file is a noun of the field.
EMPTY_NAMES = {"base", "common", "helper", "helpers", "manager", "misc", "service", "util", "utils"}

# What ruff checks of the shape and no line may excuse: annotations (but for Any), complexity, size.
RULES_OF_SHAPE = re.compile(r"ANN[02]\d*|C901|PLR091[235]")
LOOKS_AWAY = re.compile(rf"#\s*noqa(?!:)|#\s*noqa:[^#]*\b(?:{RULES_OF_SHAPE.pattern})")

SILENT = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}

Function = ast.FunctionDef | ast.AsyncFunctionDef
Block = (
    ast.If | ast.For | ast.AsyncFor | ast.While | ast.Try | ast.TryStar | ast.With | ast.AsyncWith | ast.Match
)


class Shape(NamedTuple):
    """One function, measured."""

    where: str
    lines: int
    nesting: int


def code_lines(path: Path) -> set[int]:
    """The numbers of the lines that hold code."""
    tokens = tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline)
    spans = [(token.start[0], token.end[0]) for token in tokens if token.type not in SILENT]
    lines = {line for first, last in spans for line in range(first, last + 1)}
    return lines - docstring_lines(parsed(path))


def docstring_lines(tree: ast.Module) -> set[int]:
    """The numbers of the lines that docstrings fill."""
    owners = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    texts = [node.body[0] for node in ast.walk(tree) if isinstance(node, owners) and ast.get_docstring(node)]
    return {line for text in texts for line in range(text.lineno, (text.end_lineno or text.lineno) + 1)}


def shapes(root: Path, folders: tuple[str, ...]) -> Iterator[Shape]:
    """Every function under the folders, measured."""
    for path in python_files(root, folders):
        code = code_lines(path)
        for node in ast.walk(parsed(path)):
            if isinstance(node, Function):
                lines = len(code & set(range(node.lineno, (node.end_lineno or node.lineno) + 1)))
                yield Shape(f"{path.relative_to(root)}:{node.lineno} {node.name}", lines, nesting(node))


def nesting(node: ast.AST) -> int:
    """How many blocks stand inside each other under a node; a function inside starts anew."""
    return max((depth_of(child, node) for child in ast.iter_child_nodes(node)), default=0)


def depth_of(child: ast.AST, parent: ast.AST) -> int:
    """The blocks a child adds: itself, unless it is an `elif`, and those inside it."""
    if isinstance(child, Function | ast.ClassDef | ast.Lambda):
        return 0
    chained = isinstance(parent, ast.If) and parent.orelse == [child] and isinstance(child, ast.If)
    return nesting(child) + (isinstance(child, Block) and not chained)


def too_long(root: Path) -> list[str]:
    """Functions and modules past the longest."""
    functions = [
        f"{shape.where} has {shape.lines} lines of code, at most {FUNCTION_LONGEST}"
        for shape in shapes(root, EVERYTHING)
        if shape.lines > FUNCTION_LONGEST
    ]
    lengths = {
        path: len(path.read_text(encoding="utf-8").splitlines()) for path in python_files(root, EVERYTHING)
    }
    return functions + [
        f"{path.relative_to(root)} has {length} lines, at most {MODULE_LONGEST}: split it by ideas"
        for path, length in lengths.items()
        if length > MODULE_LONGEST
    ]


def too_deep(root: Path) -> list[str]:
    """Functions with blocks inside blocks past the deepest."""
    return [
        f"{shape.where} nests {shape.nesting} deep, at most {NESTING_DEEPEST}: leave early or name the inside"
        for shape in shapes(root, EVERYTHING)
        if shape.nesting > NESTING_DEEPEST
    ]


def badly_named(root: Path) -> list[str]:
    """Files and folders whose name says nothing of what is inside."""
    return [
        f"{path.relative_to(root)} is named for nothing in particular: name what is inside"
        for path in python_files(root, EVERYTHING)
        if EMPTY_NAMES & set(re.split(r"[/_.]", path.relative_to(root).as_posix()))
    ]


def looked_away(root: Path) -> list[str]:
    """Lines that ask ruff to overlook a rule of shape, or every rule at once."""
    return [
        f"{path.relative_to(root)}:{number} looks away from the shape: {line.strip()}"
        for path in python_files(root, EVERYTHING)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if LOOKS_AWAY.search(line)
    ]


def spread(root: Path) -> tuple[float, float]:
    """Median and 95th percentile of the lengths of what is shipped."""
    lengths = sorted(shape.lines for shape in shapes(root, PACKAGES))
    return statistics.median(lengths), lengths[int(len(lengths) * 0.95)]


def lines_in(root: Path, folder: str) -> int:
    """The lines of code under one folder."""
    return sum(len(code_lines(path)) for path in python_files(root, (folder,)))


def test_most_functions_are_short() -> None:
    """Half the functions and nineteen in twenty are as short as those of good protocol libraries."""
    median, high = spread(CHECKOUT)
    assert median <= FUNCTION_MEDIAN
    assert high <= FUNCTION_95TH_PERCENTILE


def test_nothing_is_too_long() -> None:
    """No function and no module passes the longest that one can still hold in the head."""
    assert too_long(CHECKOUT) == []


def test_nothing_is_too_deep() -> None:
    """No function nests more than three blocks."""
    assert too_deep(CHECKOUT) == []


def test_every_name_says_what_is_inside() -> None:
    """No file is a drawer for things that found no name."""
    assert badly_named(CHECKOUT) == []


def test_no_line_asks_ruff_to_look_away_from_the_shape() -> None:
    """Complexity, arguments and annotations are kept, not excused."""
    assert looked_away(CHECKOUT) == []


def test_ruff_is_told_the_same_figures() -> None:
    """What ruff enforces of the shape is on everywhere, with the figures written here."""
    lint = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["ruff"]["lint"]
    excused = {*lint["ignore"], *(rule for rules in lint["per-file-ignores"].values() for rule in rules)}
    assert lint["select"] == ["ALL"]
    assert lint["mccabe"]["max-complexity"] == COMPLEXITY_HIGHEST
    assert lint["pylint"]["max-args"] == ARGUMENTS_MOST
    # Whole codes only: a prefix could excuse a rule of shape unseen.
    assert [rule for rule in excused if not re.fullmatch(r"[A-Z]+\d{3,}", rule)] == []
    assert [rule for rule in excused if RULES_OF_SHAPE.match(rule)] == []


def test_adapters_are_tested_more_than_they_are_long() -> None:
    """For every line of the adapters stand one and a half of tests."""
    wanted = TEST_LINES_PER_ADAPTER_LINE * lines_in(CHECKOUT, "adapters")
    assert lines_in(CHECKOUT, "tests/adapters") >= wanted


LONG = "def f():\n" + "    x = 1\n" * 60
WORDY = (
    'def f():\n    """Say.\n\n' + "    More.\n" * 80 + '    """\n' + "    # why\n\n" * 60 + "    return 1\n"
)
DEEP = """
def f(a):
    for b in a:
        if b:
            with b:
                try:
                    b()
                finally:
                    pass
"""
CHAINED = "def f(a):\n    if a == 1:\n        pass\n" + "    elif a:\n        pass\n" * 5


@pytest.mark.parametrize(
    ("check", "path", "text", "complaint"),
    [
        (too_long, "gateway/x.py", LONG, "gateway/x.py:1 f has 61 lines of code, at most 60"),
        (too_long, "tests/x.py", "x = 1\n" * 401, "tests/x.py has 401 lines, at most 400: split it by ideas"),
        (too_deep, "adapters/x.py", DEEP, "x.py:2 f nests 4 deep, at most 3"),
        (badly_named, "store/key_utils.py", "", "store/key_utils.py is named for nothing"),
        (badly_named, "gateway/common/x.py", "", "gateway/common/x.py is named for nothing"),
        (looked_away, "gateway/x.py", "def f(): ...  # no" + "qa: C901", "gateway/x.py:1 looks away"),
        (looked_away, "gateway/x.py", "x = 1  # no" + "qa", "gateway/x.py:1 looks away"),
    ],
)
def test_each_rule_catches_what_it_forbids(
    tmp_path: Path, check: Callable[[Path], list[str]], path: str, text: str, complaint: str
) -> None:
    """A planted file that breaks one rule is found, alone, and told in words."""
    found = check(plant(tmp_path, {path: text}))
    assert len(found) == 1
    assert complaint in found[0]


@pytest.mark.parametrize("text", [WORDY, CHAINED, "import os  # no" + "qa: F401"])
def test_what_costs_nothing_passes(tmp_path: Path, text: str) -> None:
    """Docstrings, comments, blanks and `elif` are no length or depth; other rules may be excused."""
    root = plant(tmp_path, {"gateway/x.py": text})
    assert [*too_long(root), *too_deep(root), *badly_named(root), *looked_away(root)] == []


def test_long_functions_move_the_spread(tmp_path: Path) -> None:
    """One long function in twenty shows in the 95th percentile and not in the median."""
    text = "def f():\n    return 1\n" * 19 + "def f():\n" + "    x = 1\n" * 40
    assert spread(plant(tmp_path, {"gateway/x.py": text})) == (2, 41)
