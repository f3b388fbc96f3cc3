"""What may stand between a client and a gateway, or be one, and breaks something: one small class a fault."""

import gzip
import http.client
import json
import threading
import time
from collections.abc import Iterable, Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

Fields = list[tuple[str, str]]
COUNT = "/v1/messages/count_tokens"
_OF_THE_CONNECTION = ("host", "content-length", "transfer-encoding", "connection", "keep-alive")


class Fault:
    """Nothing wrong: each method passes on what it is given."""

    version = "HTTP/1.1"

    def answers(self, method: str, path: str) -> tuple[int, Fields, bytes] | None:
        """An answer of its own."""
        del method, path
        return None

    def request(self, fields: Fields, body: bytes) -> tuple[Fields, bytes]:
        """What goes up."""
        return fields, body

    def head(self, status: int, fields: Fields) -> tuple[int, Fields]:
        """The head of what comes back."""
        return status, fields

    def pieces(self, status: int, pieces: Iterable[bytes]) -> Iterable[bytes]:
        """The body of what comes back."""
        del status
        return pieces


class Without(Fault):
    """Header fields are dropped, of requests and of replies."""

    def __init__(self, *names: str) -> None:
        self.names = names

    def request(self, fields: Fields, body: bytes) -> tuple[Fields, bytes]:
        """Do so."""
        return [field for field in fields if field[0].lower() not in self.names], body

    def head(self, status: int, fields: Fields) -> tuple[int, Fields]:
        """Do so."""
        return status, [field for field in fields if field[0].lower() not in self.names]


class Reserialising(Fault):
    """The body is read and written anew."""

    def request(self, fields: Fields, body: bytes) -> tuple[Fields, bytes]:
        """Do so."""
        try:
            return fields, json.dumps(json.loads(body)).encode()
        except ValueError:
            return fields, body


class Buffering(Fault):
    """Nothing goes on before all is there."""

    def pieces(self, status: int, pieces: Iterable[bytes]) -> Iterable[bytes]:
        """Do so."""
        del status
        return [b"".join(pieces)]


class Swallowing(Fault):
    """Events of one name are taken out of streams."""

    def __init__(self, mark: bytes) -> None:
        self.mark = mark

    def pieces(self, status: int, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Do so."""
        del status
        for piece in pieces:
            frames = [frame for frame in piece.split(b"\n\n") if not frame.startswith(self.mark)]
            yield b"\n\n".join(frames)


class Replacing(Fault):
    """One text of replies is replaced by another."""

    def __init__(self, old: bytes, new: bytes) -> None:
        self.old = old
        self.new = new

    def pieces(self, status: int, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Do so."""
        del status
        for piece in pieces:
            yield piece.replace(self.old, self.new)


class Answering(Fault):
    """A path is answered with a status, after a while."""

    def __init__(
        self, method: str, path: str, status: int = 0, after: float = 0.0, body: bytes = b"{}"
    ) -> None:
        self.asked = (method, path)
        self.status = status
        self.after = after
        self.body = body

    def answers(self, method: str, path: str) -> tuple[int, Fields, bytes] | None:
        """Do so."""
        if (method, path.partition("?")[0]) != self.asked:
            return None
        time.sleep(self.after)
        if not self.status:
            return None
        return self.status, [("location", "http://127.0.0.1/")] if self.status == 301 else [], self.body


class Spelling(Fault):
    """Errors of one status are told in words of its own."""

    def __init__(self, status: int, told: int, words: str) -> None:
        self.status = status
        self.told = told
        self.words = words

    def head(self, status: int, fields: Fields) -> tuple[int, Fields]:
        """Do so."""
        return (self.told if status == self.status else status), fields

    def pieces(self, status: int, pieces: Iterable[bytes]) -> Iterable[bytes]:
        """Do so."""
        told = json.dumps({"type": "error", "error": {"type": "api_error", "message": self.words}}).encode()
        return [told] if status == self.status else pieces


class OffTheHour(Fault):
    """The clock is off by an hour."""

    def head(self, status: int, fields: Fields) -> tuple[int, Fields]:
        """Do so."""
        kept = [field for field in fields if field[0].lower() != "date"]
        return status, [*kept, ("Date", formatdate(time.time() - 3600, usegmt=True))]


class Compressing(Fault):
    """Everything is compressed for everybody."""

    def head(self, status: int, fields: Fields) -> tuple[int, Fields]:
        """Do so."""
        return status, [*fields, ("Content-Encoding", "gzip")]

    def pieces(self, status: int, pieces: Iterable[bytes]) -> Iterable[bytes]:
        """Do so."""
        del status
        return [gzip.compress(b"".join(pieces))]


class Resting(Fault):
    """After so many requests for a model it asks nobody any more."""

    def __init__(self, most: int) -> None:
        self.most = most

    def answers(self, method: str, path: str) -> tuple[int, Fields, bytes] | None:
        """Do so."""
        if (method, path.partition("?")[0]) != ("POST", "/v1/messages"):
            return None
        self.most -= 1
        return None if self.most >= 0 else (429, [], b"{}")


class Old(Fault):
    """It speaks HTTP/1.0."""

    version = "HTTP/1.0"


class Small(Fault):
    """Bodies over a mebibyte are refused."""

    def request(self, fields: Fields, body: bytes) -> tuple[Fields, bytes]:
        """Do so."""
        if len(body) > 1024 * 1024:
            raise TooLarge
        return fields, body


class TooLarge(Exception):
    """A body that is refused."""


class Middle:
    """Listens, and passes requests on to a gateway with its fault; `path` goes to the provider `named`."""

    def __init__(self, far: str, named: str, path: str, fault: Fault) -> None:
        self.path = path
        self.far = urlsplit(far).netloc
        self.named = named
        self.fault = fault
        self._server = _Server(("127.0.0.1", 0), _handler(fault.version))
        self._server.middle = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def there(self, path: str) -> str:
        """A path as it is asked for at the gateway: what wants a model goes to the upstream of this test."""
        wants = path.partition("?")[0] == self.path
        return f"/p/{self.named}{path}" if self.named and wants else path

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    middle: Middle

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever hangs up is no news."""


def _handler(version: str) -> type[BaseHTTPRequestHandler]:
    return type("Handler", (_Handler,), {"protocol_version": version})


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def _pass(self) -> None:
        middle = self.server.middle
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        own = middle.fault.answers(self.command, self.path)
        if own is not None:
            self._say(own[0], own[1], [own[2]])
            return
        kept = [
            (name, value) for name, value in self.headers.items() if name.lower() not in _OF_THE_CONNECTION
        ]
        if "upgrade" in self.headers:
            kept.append(("Connection", "Upgrade"))
        try:
            fields, body = middle.fault.request(kept, body)
        except TooLarge:
            self._say(413, [], [b"too large"])
            return
        self._forward(fields, body)

    do_GET = do_HEAD = do_POST = _pass  # noqa: N815  # the names http.server looks for

    def _forward(self, fields: Fields, body: bytes) -> None:
        middle = self.server.middle
        connection = http.client.HTTPConnection(middle.far, timeout=20)
        try:
            connection.putrequest(self.command, middle.there(self.path), skip_accept_encoding=True)
            for name, value in fields:
                connection.putheader(name, value)
            if body:
                connection.putheader("content-length", str(len(body)))
            connection.endheaders(body or None)
            response = connection.getresponse()
            known = [field for field in response.getheaders() if field[0].lower() not in _OF_THE_CONNECTION]
            status, answered = middle.fault.head(response.status, known)
            self._say(status, answered, middle.fault.pieces(response.status, _read(response)))
        except http.client.IncompleteRead:
            pass
        finally:
            self.close_connection = True
            connection.close()

    def _say(self, status: int, fields: Fields, pieces: Iterable[bytes]) -> None:
        chunked = self.protocol_version == "HTTP/1.1" and status >= 200 and self.command != "HEAD"
        self.send_response_only(status)
        for name, value in fields:
            self.send_header(name, value)
        if chunked:
            self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for piece in pieces if self.command != "HEAD" else ():
            if piece:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
        if chunked:
            self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_arguments: Any) -> None:
        """Say nothing."""


def _read(response: http.client.HTTPResponse) -> Iterator[bytes]:
    while piece := response.read1(65536):
        yield piece
