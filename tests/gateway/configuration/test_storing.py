"""Where is kept what is kept: `[store]`, and what is wrong with it."""

from pathlib import Path

import pytest

from gateway.configuration.loading import load
from gateway.configuration.problems import ConfigurationError
from gateway.settings import StoreSettings


def read(folder: Path, text: str) -> StoreSettings:
    """The `[store]` of a file in this folder."""
    file = folder / "penstock.toml"
    file.write_text(f"[providers.demo]\n{text}")
    return load(file, environment={}).settings.store


def problems(folder: Path, text: str) -> list[tuple[str, str]]:
    """What is wrong, and what mends it."""
    with pytest.raises(ConfigurationError) as caught:
        read(folder, text)
    return [(f"{one.path}: {one.problem}", one.remedy) for one in caught.value.problems]


def test_nothing_is_kept_unless_a_path_is_said(tmp_path: Path) -> None:
    """No path, no store."""
    assert read(tmp_path, "") == StoreSettings(path="", keep_rows=30, keep_sums=400)


def test_a_path_is_relative_to_the_configuration(tmp_path: Path) -> None:
    """Wherever penstock was started."""
    found = read(tmp_path, '[store]\npath = "kept.db"\nkeep_rows = 7\nkeep_sums = 7')
    assert found == StoreSettings(path=str(tmp_path / "kept.db"), keep_rows=7, keep_sums=7)


def test_a_path_may_be_absolute_and_memory_is_none(tmp_path: Path) -> None:
    """As they are said."""
    assert read(tmp_path, f'[store]\npath = "{tmp_path}/x.db"').path == f"{tmp_path}/x.db"
    assert read(tmp_path, '[store]\npath = ":memory:"').path == ":memory:"


def test_a_folder_must_be_there(tmp_path: Path) -> None:
    """Nobody makes folders that were perhaps misspelled."""
    ((problem, remedy),) = problems(tmp_path, '[store]\npath = "none/kept.db"')
    assert problem == f"store.path: there is no folder {tmp_path / 'none'}"
    assert "make it" in remedy


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    """The remedy names a file in it."""
    ((problem, remedy),) = problems(tmp_path, '[store]\npath = "."')
    assert problem == f"store.path: {tmp_path} is a folder"
    assert str(tmp_path / "penstock.db") in remedy


def test_a_path_has_no_zero_byte(tmp_path: Path) -> None:
    """As no system takes one."""
    assert problems(tmp_path, '[store]\npath = "a\\u0000b"')[0][0].startswith("store.path: a path has no")


def test_workers_do_not_share_a_memory(tmp_path: Path) -> None:
    """What one of them keeps the others would not know."""
    text = '[store]\npath = ":memory:"\n[providers.demo]\n[server]\nworkers = 2'
    (tmp_path / "penstock.toml").write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path / "penstock.toml", environment={})
    assert [problem.path for problem in caught.value.problems] == ["store.path"]


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("keep_rows = 0", ["store.keep_rows"]),
        ("keep_rows = -1", ["store.keep_rows"]),
        ("keep_sums = 36501", ["store.keep_sums"]),
        ("keep_rows = 31\nkeep_sums = 30", ["store.keep_sums"]),
    ],
)
def test_days_are_days(tmp_path: Path, text: str, paths: list[str]) -> None:
    """From one to a hundred years, and the sums as long as the rows."""
    assert [problem.split(":")[0] for problem, _ in problems(tmp_path, f"[store]\n{text}")] == paths
