"""`[admin]`, checked and resolved: its key becomes a digest, its folder of backups an absolute path."""

import re
from hashlib import sha256
from pathlib import Path
from typing import Final

from gateway.configuration.document_server import Admin
from gateway.configuration.problems import Problem
from gateway.settings import AdminSettings

_DIGEST: Final = re.compile(r"[0-9a-fA-F]{64}")
_KEY: Final = re.compile(r"[!-~]{32,}")
_MAKE_ONE: Final = 'say key = "${PENSTOCK_ADMIN_KEY}", and put 32 or more random characters there'


def resolve_admin(raw: Admin, folder: Path, problems: list[Problem]) -> AdminSettings | None:
    """The settings of the admin API; None where it is off. Relative folders begin at the given one."""
    if raw == Admin():
        return None
    backups = "" if raw.backups is None else _folder(folder / Path(raw.backups).expanduser(), problems)
    if (raw.key is None) == (raw.sha256 is None):
        problems.append(Problem("admin", "expected either key or sha256", _MAKE_ONE))
        return None
    if raw.key is not None:
        if not _KEY.fullmatch(raw.key):
            problem = "a key of the admin API is at least 32 characters, none of them a space"
            problems.append(Problem("admin.key", problem, _MAKE_ONE))
        return AdminSettings(digest=sha256(raw.key.encode()).digest(), backups=backups)
    if not _DIGEST.fullmatch(raw.sha256 or ""):
        problems.append(Problem("admin.sha256", "sha256 must be 64 hexadecimal digits"))
        return None
    return AdminSettings(digest=bytes.fromhex(raw.sha256 or ""), backups=backups)


def _folder(folder: Path, problems: list[Problem]) -> str:
    if not folder.is_dir():
        remedy = "make it, for penstock alone"
        problems.append(Problem("admin.backups", f"there is no folder {folder}", remedy))
    return str(folder)
