"""Requests that real agents sent, as they were recorded: one archive a client, `<case>/NNNN.http` in it."""

import tarfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tests.upstream.tee import split_requests
from tests.upstream.wire import Request

FOLDER = Path(__file__).parent.parent / "fixtures" / "recorded"
# Header fields that belong to the recorded connection, and are written anew on ours.
OF_THE_CONNECTION = {"host", "connection", "content-length"}


class Recording(msgspec.Struct, frozen=True):
    """One recorded request and where it comes from."""

    name: str
    request: Request

    @property
    def headers(self) -> list[tuple[str, str]]:
        """The headers to send again."""
        return [pair for pair in self.request.headers if pair[0] not in OF_THE_CONNECTION]


def recordings() -> Iterator[Recording]:
    """Every recorded POST."""
    for archive in sorted(FOLDER.glob("*.tar.xz")):
        yield from _in_archive(archive)


def _in_archive(archive: Path) -> Iterator[Recording]:
    with tarfile.open(archive) as members:
        for member in members:
            file = members.extractfile(member)
            assert file is not None
            request = next(split_requests(file.read()))
            if request.method == "POST":
                yield Recording(member.name, request)
