"""A folder for one run of an agent, laid over the user's: everything in it is theirs but what one file says.

Some agents take from a file alone where they are to go. So a run is given a folder of links to the user's
own, in which that file is a copy that leads here. When the run is over, what the agent made or changed
itself is carried home; what leads here is not.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from gateway.cli import Failure
from gateway.cli.changes import Change, Values, applied, undone
from gateway.cli.jsonc import Broken

_PRIVATE: Final = 0o600


@contextmanager
def overlaid(own: Path, name: str, values: Values, folder: str) -> Iterator[Path]:
    """A folder in which the folder of the run lies, called `folder`. Raises Failure where the file is broken.

    `own` is the user's folder, `name` the file in it that is to hold `values`, in JSON.
    """
    text, changes = _told(own / name, values)
    with tempfile.TemporaryDirectory(prefix="penstock-run-") as made:
        laid = Path(made) / folder
        laid.mkdir()
        for entry in own.iterdir() if own.is_dir() else ():
            if entry.name != name:
                (laid / entry.name).symlink_to(entry.absolute())
        file = laid / name
        file.write_text(text, encoding="utf-8")
        file.chmod(_PRIVATE)
        try:
            yield Path(made)
        finally:
            if file.exists():
                _keep_what_changed(file, text, changes)
            _carry(laid, own)


def _told(file: Path, values: Values) -> tuple[str, tuple[Change, ...]]:
    try:
        before = file.read_text(encoding="utf-8-sig") if file.exists() else ""
        return applied("json", before, values)
    except (OSError, UnicodeDecodeError, Broken) as failure:
        raise Failure(f"{file}: {failure}") from None


def _keep_what_changed(file: Path, told: str, changes: tuple[Change, ...]) -> None:
    """Leave the file as the agent changed it, without what led here; nothing where it changed nothing."""
    try:
        text = file.read_text(encoding="utf-8-sig")
        back = "" if text == told else undone("json", text, changes)
    except (UnicodeDecodeError, Broken):
        back = ""
    if back:
        file.write_text(back, encoding="utf-8")
    else:
        file.unlink()


def _carry(folder: Path, own: Path) -> None:
    """Take home what is no link: the agent made it, or put it in the place of one."""
    for entry in folder.iterdir():
        if entry.is_symlink():
            continue
        own.mkdir(parents=True, exist_ok=True)
        if entry.is_dir():
            shutil.copytree(entry, own / entry.name, symlinks=True, dirs_exist_ok=True)
        else:
            shutil.copy2(entry, (own / entry.name).resolve())
