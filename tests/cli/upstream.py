"""An Anthropic that answers every question alike and keeps the heads of the requests."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

_REPLY = (
    b'{"id":"msg_1","type":"message","role":"assistant","model":"claude-x","content":[{"type":"text","text":"Hi"}],'
    b'"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":1}}'
)


class Upstream:
    """Answers on loopback until it is closed; `heads` are the requests' header lines."""

    def __init__(self) -> None:
        self.heads: list[str] = []
        heads = self.heads

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["content-length"]))
                heads.append("\n".join(f"{name}: {value}" for name, value in self.headers.items()))
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(_REPLY)))
                self.end_headers()
                self.wfile.write(_REPLY)

            def log_message(self, *_arguments: Any) -> None:
                """Say nothing: the test's own output is what counts."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
