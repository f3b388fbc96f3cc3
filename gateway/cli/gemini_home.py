"""A home for one run of Gemini CLI, laid over the user's.

Gemini CLI takes how it logs in from its settings alone, and asks when they name none. So a run is given a
folder in which everything is the user's (links to it) but the settings, which are a copy that names the
login with a key. When the run is over, what the agent made or changed itself is carried home; the name of
the login is not.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from gateway.cli import Failure
from gateway.cli.jsonc import Broken, placed, removed, value_at

LOGIN: Final = ("security", "auth", "selectedType")
WITH_A_KEY: Final = "gemini-api-key"
_FOLDER: Final = ".gemini"
_SETTINGS: Final = "settings.json"
_PRIVATE: Final = 0o600


def own_folder() -> Path:
    """Where the user's files are."""
    return Path(os.environ.get("GEMINI_CLI_HOME") or Path.home()) / _FOLDER


@contextmanager
def overlaid() -> Iterator[dict[str, str]]:
    """The variable that leads to such a home; none where the user's own will do. Raises Failure."""
    own = own_folder()
    try:
        before = (own / _SETTINGS).read_text(encoding="utf-8-sig") if (own / _SETTINGS).exists() else ""
        named, login = value_at(before, LOGIN)
        text = placed(before, LOGIN, WITH_A_KEY)
    except (OSError, UnicodeDecodeError, Broken) as failure:
        raise Failure(f"{own / _SETTINGS}: {failure}") from None
    if login == WITH_A_KEY:
        yield {}
        return
    with tempfile.TemporaryDirectory(prefix="penstock-run-") as name:
        folder = Path(name) / _FOLDER
        folder.mkdir()
        for entry in own.iterdir() if own.is_dir() else ():
            if entry.name != _SETTINGS:
                (folder / entry.name).symlink_to(entry.absolute())
        settings = folder / _SETTINGS
        settings.write_text(text, encoding="utf-8")
        settings.chmod(_PRIVATE)
        try:
            yield {"GEMINI_CLI_HOME": name}
        finally:
            if settings.read_text(encoding="utf-8-sig") == text:
                settings.unlink()
            else:
                _restore(settings, (named, login))
            _carry(folder, own)


def _restore(settings: Path, login: tuple[bool, Any]) -> None:
    """The settings as the agent changed them, with the login the user has."""
    try:
        changed = settings.read_text(encoding="utf-8-sig")
        if value_at(changed, LOGIN) == (True, WITH_A_KEY):
            back = placed(changed, LOGIN, login[1]) if login[0] else removed(changed, LOGIN)
            settings.write_text(back, encoding="utf-8")
    except Broken:
        settings.unlink()


def _carry(folder: Path, own: Path) -> None:
    """Take home what is no link: the agent made it, or put it in the place of one."""
    for entry in folder.iterdir():
        if entry.is_symlink():
            continue
        own.mkdir(exist_ok=True)
        if entry.is_dir():
            shutil.copytree(entry, own / entry.name, symlinks=True, dirs_exist_ok=True)
        else:
            shutil.copy2(entry, (own / entry.name).resolve())
