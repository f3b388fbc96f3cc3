"""Where keys, usage and budgets are kept: `[store]`, checked and resolved. Opens nothing."""

from pathlib import Path
from typing import Final

from gateway.configuration.document_server import Store
from gateway.configuration.problems import Problem
from gateway.settings import StoreSettings

MEMORY: Final = ":memory:"
# A hundred years: sums of times stay numbers.
_MOST_DAYS: Final = 36_500


def resolve_store(raw: Store, folder: Path, workers: int, problems: list[Problem]) -> StoreSettings:
    """What is kept, and where. A path is relative to the folder of the configuration."""
    problems += [
        Problem(f"store.{name}", f"expected days, from 1 to {_MOST_DAYS}")
        for name in ("keep_rows", "keep_sums")
        if not 1 <= getattr(raw, name) <= _MOST_DAYS
    ]
    if raw.keep_sums < raw.keep_rows:
        words = f"the sums of rows that are kept for {raw.keep_rows} days would be gone before them"
        problems.append(Problem("store.keep_sums", words, "expected at least as many days as keep_rows"))
    return StoreSettings(
        path=_path(raw.path, folder, workers, problems), keep_rows=raw.keep_rows, keep_sums=raw.keep_sums
    )


def _path(said: str, folder: Path, workers: int, problems: list[Problem]) -> str:
    if said == MEMORY and workers > 1:
        remedy = "name a file, or serve with one worker"
        problems.append(Problem("store.path", "each worker would have a memory of its own", remedy))
    if said in ("", MEMORY):
        return said
    if "\0" in said:
        problems.append(Problem("store.path", "a path has no zero byte in it"))
        return ""
    path = folder / Path(said).expanduser()
    if path.is_dir():
        words = f"{path} is a folder"
        problems.append(Problem("store.path", words, f"name a file in it, such as {path / 'penstock.db'}"))
    elif not path.parent.is_dir():
        words = f"there is no folder {path.parent}"
        problems.append(Problem("store.path", words, "make it, or name a file in one that is there"))
    return str(path)
