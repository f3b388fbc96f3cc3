"""What is written into an agent's own files, and how it is taken out again.

Beside each installation stands a record: the file as it was (a copy), what was set in it and what stood there
before. To undo it, a file that is still as it was left becomes the copy, byte for byte. One that was changed
since then keeps the change: only values that are still ours go, one by one. Files are replaced whole, by
renaming: nobody sees half of one. A file that is not understood is left alone.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import msgspec

from gateway.cli import Failure
from gateway.cli.changes import NOTATIONS, Change, Notation, applied, undone
from gateway.cli.jsonc import Broken

_MARK: Final = b"\xef\xbb\xbf"
_PRIVATE: Final = 0o600
_EMPTY: Final = ("", "{}")


class Wanted(msgspec.Struct, frozen=True):
    """A file, how it is written, and the values it is to hold."""

    file: Path
    notation: Notation
    values: Mapping[tuple[str, ...], Any]

    def __repr__(self) -> str:
        return f"Wanted({str(self.file)!r}, {list(self.values)})"


class Changed(msgspec.Struct, frozen=True):
    """One file of an installation. `copy` is the name of the copy, "" where there was no file."""

    file: str
    notation: Notation
    copy: str
    after: str
    folders: tuple[str, ...]
    changes: tuple[Change, ...]


class Record(msgspec.Struct, frozen=True):
    """An installation; `folders` were made for the record itself."""

    files: tuple[Changed, ...]
    folders: tuple[str, ...] = ()


class Step(msgspec.Struct, frozen=True):
    """What happens to one file: what it holds now, without us, and with us; None is no file."""

    file: Path
    now: bytes | None
    without: bytes | None
    then: bytes | None
    changed: Changed | None = None


def value_in(file: Path, notation: Notation, path: tuple[str, ...]) -> Any:
    """The value a file sets, or None. Raises Failure where it is broken."""
    data = _read(file)
    with _told(file):
        return None if data is None else NOTATIONS[notation].value_at(_text(data)[1], path)[1]


def record_of(agent: str) -> Record | None:
    """The installation that is there, if any."""
    file = _home(agent) / "record.json"
    try:
        return msgspec.json.decode(file.read_bytes(), type=Record)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as failure:
        raise Failure(f"{file}: {failure}") from None


def installing(agent: str, files: tuple[Wanted, ...]) -> list[Step]:
    """What is to be done for an agent, an older installation taken out first. Raises Failure."""
    record = record_of(agent)
    older = {changed.file: changed for changed in (record.files if record else ())}
    steps = []
    for number, want in enumerate(files):
        now = _read(want.file)
        before = older.pop(str(want.file), None)
        with _told(want.file):
            without = now if before is None else _without(agent, before, now)
            then, changes = _with(want, without)
        changed = _noted(want, number, (without, then), changes)
        if before is not None:
            changed = msgspec.structs.replace(changed, folders=before.folders)
        steps.append(Step(want.file, now, without, then, changed))
    return steps + [_undone(agent, changed) for changed in older.values()]


def uninstalling(agent: str) -> list[Step]:
    """What is to be done to be rid of an installation. Raises Failure."""
    record = record_of(agent)
    if record is None:
        raise Failure(f"penstock is not installed for {agent}")
    return [_undone(agent, changed) for changed in record.files]


def carry_out(agent: str, steps: list[Step]) -> None:
    """Do it, and keep the record of it or forget it. Raises Failure; a file is whole in any case."""
    old = record_of(agent)
    home = _home(agent)
    kept = old.folders if old else _missing(home)
    files = tuple(step.changed for step in steps if step.changed is not None)
    with _locked(home):
        for step in steps:
            if step.changed is not None and step.without is not None:
                _write(home / step.changed.copy, step.without)
        if files:
            _write(home / "record.json", msgspec.json.encode(Record(files, kept)))
        for step in steps:
            _replace(step)
        if not files:
            shutil.rmtree(home)
            _remove_empty(kept)
    for changed in old.files if old and not files else ():
        _remove_empty(changed.folders)


def _with(want: Wanted, data: bytes | None) -> tuple[bytes, tuple[Change, ...]]:
    mark, text = _text(data or b"")
    text, changes = applied(want.notation, text, want.values)
    return mark + text.encode(), changes


def _without(agent: str, changed: Changed, data: bytes | None) -> bytes | None:
    """The file without what is ours in it."""
    if data is None:
        return None
    if _digest(data) == changed.after:
        return (_home(agent) / changed.copy).read_bytes() if changed.copy else None
    mark, text = _text(data)
    text = undone(changed.notation, text, changed.changes)
    return None if not changed.copy and text.strip() in _EMPTY else mark + text.encode()


def _noted(
    want: Wanted, number: int, data: tuple[bytes | None, bytes], changes: tuple[Change, ...]
) -> Changed:
    without, then = data
    copy = "" if without is None else f"{number}-{want.file.name}"
    folders = _missing(want.file.parent)
    return Changed(str(want.file), want.notation, copy, _digest(then), folders, changes)


def _undone(agent: str, changed: Changed) -> Step:
    file = Path(changed.file)
    now = _read(file)
    with _told(file):
        without = _without(agent, changed, now)
    return Step(file, now, without, without)


# --- files


def _home(agent: str) -> Path:
    state = os.environ.get("XDG_STATE_HOME")
    return (Path(state) if state else Path.home() / ".local" / "state") / "penstock" / "installed" / agent


@contextmanager
def _told(file: Path) -> Iterator[None]:
    """What is wrong with a file is said with its name, and that it was left alone."""
    try:
        yield
    except (Broken, UnicodeDecodeError, RecursionError, OSError) as failure:
        raise Failure(f"{file}: {failure}\n    it was left as it is; mend it and try again") from None


def _read(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as failure:
        raise Failure(f"{file} cannot be read: {failure.strerror}") from None


def _text(data: bytes) -> tuple[bytes, str]:
    mark = _MARK if data.startswith(_MARK) else b""
    return mark, data[len(mark) :].decode()


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _missing(folder: Path) -> tuple[str, ...]:
    """The folders that would have to be made, the outermost first."""
    chain = [folder, *folder.parents]
    return tuple(str(one) for one in reversed(chain) if not one.exists())


def _remove_empty(folders: tuple[str, ...]) -> None:
    for folder in reversed(folders):
        with suppress(OSError):  # there is something in it, which is not ours
            Path(folder).rmdir()


@contextmanager
def _locked(home: Path) -> Iterator[None]:
    """One installation at a time, where the system can say so."""
    home.mkdir(parents=True, exist_ok=True)
    try:
        import fcntl  # noqa: PLC0415 - Windows has none
    except ImportError:
        yield
        return
    handle = os.open(home.parent, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _replace(step: Step) -> None:
    """Put a file into its new state, unless somebody has changed it meanwhile."""
    if step.now == step.then:
        return
    if _read(step.file) != step.now:
        raise Failure(f"{step.file} was changed by somebody else just now\n    try again")
    if step.then is None:
        Path(os.path.realpath(step.file)).unlink()
    else:
        _write(step.file, step.then)


def _write(file: Path, data: bytes) -> None:
    """Replace a file whole: where a link leads, and with the permissions it has."""
    target = Path(os.path.realpath(file))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".penstock-", delete=False) as new:
            new.write(data)
            new.flush()
            os.fsync(new.fileno())
        if target.exists():
            shutil.copymode(target, new.name)
            with suppress(OSError):  # only root may give a file away
                os.chown(new.name, target.stat().st_uid, target.stat().st_gid)
        else:
            Path(new.name).chmod(_PRIVATE)
        Path(new.name).replace(target)
    except OSError as failure:
        raise Failure(f"{file} cannot be written: {failure.strerror}") from None
