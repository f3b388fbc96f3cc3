"""What the store says when it cannot do as asked: our own errors, so that nobody else knows SQLite's."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Literal

import apsw

Trouble = Literal["busy", "full", "read_only", "missing", "damaged", "failing"]


class StoreError(Exception):
    """Anything the store refuses or cannot do."""


class Unavailable(StoreError):
    """The database cannot be used as it is now; the same call may succeed later. `kind` says why not."""

    def __init__(self, kind: Trouble, message: str) -> None:
        super().__init__(message)
        self.kind: Trouble = kind


class Incompatible(StoreError):
    """The file is not a database of this program, or one of a later version of it."""


class Unknown(StoreError):
    """What is to be changed is not there."""


class Conflict(StoreError):
    """The change does not agree with what is kept: taken, out of date, or still in use."""


class Unfit(StoreError):
    """A value that cannot be kept: too large a number, text that is no Unicode, a cursor nobody gave out."""


_KINDS: Final[tuple[tuple[type[apsw.Error], Trouble], ...]] = (
    (apsw.BusyError, "busy"),
    (apsw.LockedError, "busy"),
    (apsw.FullError, "full"),
    (apsw.ReadOnlyError, "read_only"),
    (apsw.PermissionsError, "read_only"),
    (apsw.CantOpenError, "missing"),
    (apsw.CorruptError, "damaged"),
    (apsw.NotADBError, "damaged"),
)


@contextmanager
def translated() -> Iterator[None]:
    """What SQLite raises inside leaves as one of the errors above."""
    try:
        yield
    except apsw.ConstraintError as error:
        raise Conflict(str(error)) from error
    except apsw.Error as error:
        kind = _kind_of(error)
        raise Unavailable(kind, f"the database is {_WORDS[kind]}: {error}") from error
    except (OverflowError, UnicodeEncodeError) as error:
        raise Unfit(f"a value cannot be kept: {error}") from error


def _kind_of(error: apsw.Error) -> Trouble:
    return next((kind for raised, kind in _KINDS if isinstance(error, raised)), "failing")


_WORDS: Final[dict[Trouble, str]] = {
    "busy": "locked by somebody else",
    "full": "full",
    "read_only": "read only",
    "missing": "not to be opened",
    "damaged": "damaged",
    "failing": "failing",
}
