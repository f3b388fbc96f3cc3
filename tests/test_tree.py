"""What must hold of the files of the project as they are committed: where they may point, what is locked.

That every source file opens with a docstring is ruff's to check (D100, D104).
"""

import functools
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.sources import CHECKOUT

# In pieces, so that this file does not name what no file may name.
REGISTRIES = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("yarnpkg", "com"),
        ("crates", "io"),
        ("deb", "debian", "org"),
    )
]
REGISTRY = re.compile("|".join(map(re.escape, REGISTRIES)))
SOMEONES_MACHINE = re.compile(r"(?<![\w.~:/-])/(?:home|root|Users|work|mnt|opt|tmp/venv)/\w+")
# Recorded as the clients sent them, paths of their machines included; and the case planted below.
RECORDED = ("tests/fixtures/", "tests/test_tree.py")

LOCKS = ("requirements.lock", "requirements-dev.lock")
LOCKED = re.compile(r"([\w.-]+)==([^\s;]+)( ;.*?)?((?: +--hash=sha256:[0-9a-f]{64})*)")
NAME = re.compile(r"[\w.-]+")


@functools.cache
def committed() -> dict[str, str]:
    """The text of every file that is, or is about to be, committed."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listing, cwd=CHECKOUT, check=True, capture_output=True).stdout.decode()
    files = [CHECKOUT / name for name in names.split("\0") if name]
    return {
        path.relative_to(CHECKOUT).as_posix(): path.read_bytes().decode("utf-8", "replace")
        for path in files
        if path.is_file()
    }


def pointing(pattern: re.Pattern[str], files: dict[str, str]) -> list[str]:
    """Every place in the files that the pattern finds, as `file:line: what`."""
    return [
        f"{name}:{text.count(chr(10), 0, match.start()) + 1}: {match[0]}"
        for name, text in files.items()
        for match in pattern.finditer(text)
    ]


def locked(text: str) -> dict[str, tuple[str, int]]:
    """What a lock file names: package to version and number of hashes; any other line is a failure."""
    lines = [line for line in text.replace("\\\n", "").splitlines() if not re.match(r" *(#|$)", line)]
    matches = {line: LOCKED.fullmatch(line) for line in lines}
    assert [line for line, match in matches.items() if not match] == []
    return {match[1]: (match[2], match[4].count("--hash=")) for match in matches.values() if match}


def normal(requirement: str) -> str:
    """The name of a requirement as a lock file spells it."""
    name = NAME.match(requirement)
    assert name, requirement
    return re.sub(r"[-_.]+", "-", name[0]).lower()


def project() -> dict[str, Any]:
    """The project as pyproject.toml tells it."""
    return tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))


def lock(name: str) -> dict[str, tuple[str, int]]:
    """One lock file of the checkout, read."""
    return locked((CHECKOUT / name).read_text(encoding="utf-8"))


def test_no_file_names_a_registry() -> None:
    """Where packages are fetched from is the machine's business: no file names a registry's host."""
    assert pointing(REGISTRY, committed()) == []


def test_no_file_points_into_someones_machine() -> None:
    """No file but a recording names a path that exists on one machine only."""
    files = {name: text for name, text in committed().items() if not name.startswith(RECORDED)}
    assert pointing(SOMEONES_MACHINE, files) == []


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (REGISTRY, "\nsee https://" + REGISTRIES[0] + "/simple"),
        (SOMEONES_MACHINE, "\nopen('/home/ann/x')"),
        (SOMEONES_MACHINE, "\n/root/notes"),
    ],
)
def test_what_no_file_may_name_is_found(pattern: re.Pattern[str], text: str) -> None:
    """A planted registry or path is found, with its line."""
    found = pointing(pattern, {"x.md": text})
    assert len(found) == 1
    assert found[0].startswith("x.md:2: ")


@pytest.mark.parametrize("text", ["https://example.com/home/ann", "~/mnt/x", "GET /v1/models", "./opt/x"])
def test_what_a_file_may_name_is_not_found(text: str) -> None:
    """Addresses, relative paths and paths of an API are no one's machine."""
    assert pointing(SOMEONES_MACHINE, {"x.md": text}) == []


@pytest.mark.parametrize("name", LOCKS)
def test_everything_locked_has_its_hashes(name: str) -> None:
    """Each line of a lock file pins a version and the hashes of its files."""
    assert [package for package, (_, hashes) in lock(name).items() if hashes == 0] == []


@pytest.mark.parametrize("package", ["aiohttp", "granian", "msgspec", "uvloop"])
def test_locks_hold_for_every_platform(package: str) -> None:
    """What is compiled is locked for all the systems it is published for, not for the one that locked it."""
    assert lock("requirements.lock")[package][1] > 20


def test_a_line_without_hashes_is_found() -> None:
    """The reader of lock files sees a package that has none."""
    hashed = "a==1 ; python_version < '3' \\\n    --hash=sha256:" + "0" * 64
    assert locked(f"{hashed}\nb==2\n    # via a\n") == {"a": ("1", 1), "b": ("2", 0)}


@pytest.mark.parametrize("line", ["--index-url https://example.com/simple", "a @ file:///b.whl", "a>=1"])
def test_a_line_that_pins_nothing_is_found(line: str) -> None:
    """An index, a path or a range in a lock file fails its reader."""
    with pytest.raises(AssertionError):
        locked(line)


def test_what_the_project_needs_is_locked() -> None:
    """Every dependency is in the lock that installs it, and both locks agree on its version."""
    runtime, everything = lock("requirements.lock"), lock("requirements-dev.lock")
    told = project()["project"]
    assert {normal(line) for line in told["dependencies"]} <= runtime.keys()
    assert {normal(line) for line in told["optional-dependencies"]["dev"]} <= everything.keys()
    assert runtime.items() <= everything.items()


def test_the_extra_and_the_group_are_one_list() -> None:
    """`pip install .[dev]` and `--group dev` bring the same."""
    extra = project()["project"]["optional-dependencies"]["dev"]
    assert sorted(extra) == sorted(project()["dependency-groups"]["dev"])


def test_the_agents_are_locked() -> None:
    """The agent clients are pinned to one version each, with the hash of what npm fetches."""
    folder = CHECKOUT / ".ci" / "agents"
    wanted = json.loads((folder / "package.json").read_text(encoding="utf-8"))["dependencies"]
    packages = json.loads((folder / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert {name: packages[f"node_modules/{name}"]["version"] for name in wanted} == wanted
    assert [name for name, package in packages.items() if name and "integrity" not in package] == []


def test_scripts_of_ci_can_be_run() -> None:
    """What people and CI start by name is executable."""
    for name in ("run", "setup", "test", "wheel", "agents/install"):
        assert Path(CHECKOUT / ".ci" / name).stat().st_mode & 0o111, name


@pytest.mark.parametrize(
    ("reason", "code", "verdict"),
    [
        ("npm is not installed: no Claude Code", 0, "1 skipped, 0 of them unexpected"),
        ("it failed on Tuesday", 1, "x::test_y: it failed on Tuesday\n1 skipped, 1 of them unexpected"),
    ],
)
def test_an_unexpected_skip_fails_ci(tmp_path: Path, reason: str, code: int, verdict: str) -> None:
    """A test skipped for a reason that is not written down fails the run, and is named."""
    results = tmp_path / "tests.xml"
    case = f'<testcase classname="x" name="test_y"><skipped message="{reason}"/></testcase>'
    results.write_text(f"<testsuites><testsuite>{case}</testsuite></testsuites>", encoding="utf-8")
    command = [sys.executable, ".ci/skips.py", str(results), ".ci/expected-skips.txt"]
    run = subprocess.run(command, cwd=CHECKOUT, check=False, capture_output=True, text=True)
    assert run.returncode == code
    assert run.stdout.rstrip().endswith(verdict)
