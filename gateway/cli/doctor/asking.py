"""The client that doctor is: it asks as agents do, and keeps of the answer what a library would hide.

One connection for each request, no proxy of the environment, no redirect followed, nothing decoded.
"""

import http.client
import ssl
import time
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

import msgspec

PATIENCE: Final = 30.0
_PIECE: Final = 65536
Fields = Sequence[tuple[str, str]]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came back. `status` 0: nothing did, and `broken` says why. Moments are seconds since asking.

    `pieces` are the bytes of the body with the moments they came at; `broken` in the middle of a body says
    how it ended. `version` is 10 or 11, as HTTP spells it.
    """

    status: int = 0
    version: int = 11
    headers: tuple[tuple[str, str], ...] = ()
    pieces: tuple[tuple[float, bytes], ...] = ()
    broken: str = ""
    took: float = 0.0

    @property
    def body(self) -> bytes:
        """All of it."""
        return b"".join(piece for _, piece in self.pieces)

    def header(self, name: str) -> str:
        """The first value of a header; empty where it is not there."""
        return next((value for key, value in self.headers if key == name), "")

    def moment(self, text: bytes) -> float | None:
        """When the body first held a text."""
        seen = b""
        for moment, piece in self.pieces:
            seen += piece
            if text in seen:
                return moment
        return None

    def json(self) -> object:
        """The body, read; None where it is no JSON."""
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None


class Asking(msgspec.Struct, frozen=True):
    """What is asked. `patience`: seconds of silence before it is given up."""

    method: str
    path: str
    fields: Fields = ()
    body: bytes | None = None
    patience: float = PATIENCE


def ask(url: str, asking: Asking) -> Answer:
    """Ask at a URL. Raises nothing: an answer says what went wrong."""
    parts = urlsplit(url)
    began = time.monotonic()
    connection = _connection(parts.scheme, parts.netloc, asking.patience)
    try:
        connection.putrequest(asking.method, parts.path.rstrip("/") + asking.path, skip_accept_encoding=True)
        for name, value in asking.fields:
            connection.putheader(name, value)
        if asking.body is not None:
            connection.putheader("content-length", str(len(asking.body)))
        connection.endheaders(asking.body)
        return _answer(connection.getresponse(), began)
    except ssl.SSLError as failure:
        return Answer(broken=f"TLS: {failure.reason or failure}", took=time.monotonic() - began)
    except TimeoutError:
        return Answer(broken=f"no answer within {asking.patience:g} seconds", took=time.monotonic() - began)
    except (OSError, http.client.HTTPException) as failure:
        return Answer(broken=_words(failure), took=time.monotonic() - began)
    finally:
        connection.close()


def _connection(scheme: str, place: str, patience: float) -> http.client.HTTPConnection:
    if scheme == "https":
        return http.client.HTTPSConnection(place, timeout=patience)
    return http.client.HTTPConnection(place, timeout=patience)


def _answer(response: http.client.HTTPResponse, began: float) -> Answer:
    pieces: list[tuple[float, bytes]] = []
    broken = ""
    expected = response.length
    try:
        while piece := response.read1(_PIECE):
            pieces.append((time.monotonic() - began, piece))
    except TimeoutError:
        broken = "it fell silent"
    except (OSError, http.client.HTTPException) as failure:
        broken = _words(failure)
    if expected is not None and sum(len(piece) for _, piece in pieces) < expected:
        broken = broken or "the connection ended before the body did"
    return Answer(
        status=response.status,
        version=response.version,
        headers=tuple((name.lower(), value) for name, value in response.getheaders()),
        pieces=tuple(pieces),
        broken=broken,
        took=time.monotonic() - began,
    )


def _words(failure: Exception) -> str:
    if isinstance(failure, http.client.IncompleteRead):
        return "the connection ended before the body did"
    if isinstance(failure, http.client.RemoteDisconnected):
        return "the connection was closed without an answer"
    return str(getattr(failure, "strerror", None) or f"{failure}" or type(failure).__name__).lower()
