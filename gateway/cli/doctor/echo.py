"""The echo upstream: a provider on this machine that keeps what reaches it and answers as it is told.

It stands where a provider would, behind the gateway that is looked at, so that both ends are known. One
check at a time is under way: what it plays it plays to every request that wants a reply, until the next.
"""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import msgspec

_MODELS: Final = (
    b'{"object":"list","data":[{"id":"claude-echo","object":"model","type":"model"}],"has_more":false}'
)
_COUNT: Final = b'{"input_tokens":42}'
_JSON: Final = ("content-type", "application/json")


class Play(msgspec.Struct, frozen=True, kw_only=True):
    """An answer: bytes are sent, numbers are seconds of silence. `cut`: it ends where it stands."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = (_JSON,)
    steps: tuple[bytes | float, ...] = ()
    cut: bool = False


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it reached the upstream; names of headers as they were spelled."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        """The value of a header, several of one name joined; empty where it is not there."""
        return ", ".join(value for key, value in self.headers if key.lower() == name)


class Echo:
    """Answers until it is closed. `heard` is what came since it was last told what to play."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self.heard: list[Heard] = []
        self.play = Play()
        self.closing = threading.Event()
        self._server = _Server((host, port), _Handler)
        self._server.echo = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def plays(self, play: Play) -> None:
        """Answer so from now on."""
        self.heard = []
        self.play = play

    def close(self) -> None:
        """Listen no more."""
        self.closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # Claude Code counts over many connections at once; one that does not fit comes again a second later.
    request_queue_size = 128
    echo: Echo

    def handle_error(self, request: Any, client_address: Any) -> None:  # as socketserver calls it
        """Whoever hangs up is a gateway at work: nothing to tell."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        self._keep(b"")
        self._answer(Play(steps=(_MODELS,)))

    def do_POST(self) -> None:
        path = self.path.partition("?")[0]
        counted = path.endswith("/count_tokens")
        self._keep(self._body())
        self._answer(Play(steps=(_COUNT,)) if counted else self.server.echo.play)

    def log_message(self, *_arguments: Any) -> None:
        """Say nothing: the report is what counts."""

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("transfer-encoding", ""):
            return self.rfile.read(int(self.headers.get("content-length") or 0))
        body = b""
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _keep(self, body: bytes) -> None:
        heard = Heard(method=self.command, target=self.path, headers=tuple(self.headers.items()), body=body)
        self.server.echo.heard.append(heard)

    def _answer(self, play: Play) -> None:
        self.send_response(play.status)
        for name, value in play.headers:
            self.send_header(name, value)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for step in play.steps:
            if isinstance(step, float):
                self.server.echo.closing.wait(step)
            else:
                self._chunk(step)
        if play.cut:
            self.close_connection = True
        else:
            self._chunk(b"")

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))
        self.wfile.flush()
