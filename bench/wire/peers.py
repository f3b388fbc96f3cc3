"""What is measured and what it stands before: penstock, nginx, a bare granian, and their upstreams.

Every peer gets the same two upstreams: nginx that returns a constant for whole replies, and
`events.py` for streams. Peers share one core, upstreams and load the other.
"""

import hashlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from bench.wire.processes import Program, free_ports, running, wait_until_open
from bench.workloads import COUNTED_REPLY, KEY, MESSAGES_PATH, MESSAGES_REPLY

PEER_CORE = 0
LOAD_CORE = 1
EVENTS = 200
INTERVAL = 0.002

# Bodies stay in memory: a proxy that writes them to disk is measured against the disk.
NGINX = """\
daemon off;
master_process off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr error;
worker_rlimit_nofile 16384;
events {{ worker_connections 8192; }}
http {{
  access_log off;
  keepalive_requests 1000000000;
  keepalive_timeout 600s;
  client_max_body_size 0;
  client_body_buffer_size 4m;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
{servers}
}}
"""
UPSTREAM = """\
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    default_type application/json;
    location = {messages} {{ return 200 '{messages_reply}'; }}
    location / {{ return 200 '{chat_reply}'; }}
  }}
"""
PROXY = """\
  upstream {name} {{ server 127.0.0.1:{upstream}; keepalive 512; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_pass http://{name};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering {buffering};
    }}
  }}
"""
PENSTOCK = """\
[server]
discover = false
keys = "{keys}"
[providers.whole]
dialect = "openai-chat"
base_url = "http://127.0.0.1:{whole}/v1"
api_key = "sk-upstream-0000"
[providers.anthropic-whole]
dialect = "anthropic-messages"
base_url = "http://127.0.0.1:{whole}"
api_key = "sk-upstream-0000"
[providers.events]
dialect = "openai-chat"
base_url = "http://127.0.0.1:{events}/v1"
api_key = "sk-upstream-0000"
[models]
"gpt-4o" = "whole"
"bench-model" = "anthropic-whole"
"bench-crossed" = "whole"
"bench-stream" = "events"
"bench-bulk" = "events"
[log]
level = "{level}"
format = "json"
[keys.bench]
sha256 = "{digest}"
"""
# What a team has on beside keys, the log and the metrics. Nobody comes near these limits and budgets, and
# nothing here is as long as the rule wants it: what is measured is that they are kept and asked.
TEAM = """\
[keys.bench.limits]
requests_per_minute = 100_000_000
tokens_per_minute = 100_000_000_000
concurrent = 100_000
budgets = [{{ dollars = 100_000_000, window = "day" }}]
[limits]
requests_per_minute = 100_000_000
[prices."*/*"]
input = 3
output = 15
[[rules]]
when = {{ tokens_over = 10_000_000 }}
use = "anthropic-whole/long"
[store]
path = "{path}"
"""


class Upstreams(msgspec.Struct, frozen=True):
    """The ports of the upstreams of whole replies and of streams."""

    whole: int
    events: int


class Peer(msgspec.Struct, frozen=True):
    """A running proxy, the ports it takes whole requests and streams at, and how it wants to be asked.

    `carries` names the cases it is asked for, none: every one. Headers are sent beside those that
    all get, with streams `stream_headers`; `models` are the names it knows models by, where those are
    others. One that is `exact` passes the bytes of a chat on as they came. `connections` is how many it
    is asked through at most: what a slow one has begun and not ended when a load is over counts for nothing.
    """

    name: str
    program: Program
    whole: int
    stream: int
    carries: tuple[str, ...] = ()
    headers: dict[str, str] = {}
    stream_headers: dict[str, str] = {}
    models: dict[str, str] = {}
    exact: bool = True
    connections: int = 256

    def does(self, case: str) -> bool:
        """Whether it is asked for this case."""
        return not self.carries or case in self.carries

    def named(self, body: bytes) -> bytes:
        """A body with the model's name as this peer knows it."""
        for name, known in self.models.items():
            body = body.replace(b'"model":"%b"' % name.encode(), b'"model":"%b"' % known.encode(), 1)
        return body


class Served(msgspec.Struct, frozen=True):
    """How a penstock is served: what of `gateway.serve.Tuning` is other, its workers, and its cores."""

    name: str
    changed: dict[str, object] = {}
    workers: int = 1
    core: int | str = PEER_CORE


@contextmanager
def upstreams(folder: Path) -> Iterator[Upstreams]:
    """Start both upstreams on the core of the load."""
    whole, events = free_ports(2)
    server = UPSTREAM.format(
        port=whole,
        messages=MESSAGES_PATH,
        messages_reply=MESSAGES_REPLY.decode(),
        chat_reply=COUNTED_REPLY.decode(),
    )
    command = [sys.executable, "-m", "bench.wire.events", str(events), str(EVENTS), str(INTERVAL)]
    log = folder / "events.log"
    with (
        _nginx("upstream", server, folder, LOAD_CORE) as (nginx, nginx_log),
        running("events", command, core=LOAD_CORE, log=log) as streaming,
    ):
        wait_until_open(whole, nginx, nginx_log)
        wait_until_open(events, streaming, log)
        yield Upstreams(whole, events)


@contextmanager
def nginx(folder: Path, behind: Upstreams) -> Iterator[Peer]:
    """nginx as a proxy: replies buffered when whole, passed on at once when streamed."""
    whole, stream = free_ports(2)
    servers = PROXY.format(name="whole", upstream=behind.whole, port=whole, buffering="on")
    servers += PROXY.format(name="events", upstream=behind.events, port=stream, buffering="off")
    with _nginx("nginx", servers, folder, PEER_CORE) as (program, log):
        wait_until_open(whole, program, log)
        yield Peer("nginx", program, whole, stream)  # what it is asked to translate it copies


@contextmanager
def penstock(folder: Path, behind: Upstreams) -> Iterator[Peer]:
    """penstock with everything on, and a JSON log line a request into a file."""
    with penstock_serving(Served("penstock"), folder, everything(folder, behind)) as peer:
        yield peer


@contextmanager
def penstock_keys(folder: Path, behind: Upstreams) -> Iterator[Peer]:
    """penstock that asks for keys and writes its log, with neither limits nor a ledger."""
    with penstock_serving(Served("penstock-keys"), folder, penstock_configuration(behind)) as peer:
        yield msgspec.structs.replace(peer, carries=("chat", "messages", "crossed", "events"))


@contextmanager
def penstock_plain(folder: Path, behind: Upstreams) -> Iterator[Peer]:
    """penstock that asks for no key and writes no log line: what everything else costs is the difference."""
    text = penstock_configuration(behind, keys="none", level="off").partition("[keys.bench]")[0]
    with penstock_serving(Served("penstock-plain"), folder, text) as peer:
        yield msgspec.structs.replace(peer, carries=("chat", "events"))


@contextmanager
def granian(folder: Path, _behind: Upstreams) -> Iterator[Peer]:
    """A bare ASGI application under granian that answers by itself: the floor under penstock."""
    (port,) = free_ports(1)
    log = folder / "granian.log"
    command = [sys.executable, "-m", "granian", "--interface", "asgi", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--workers", "1", "--runtime-mode", "mt", "--http", "1", "--no-ws"]
    command += ["--log-level", "error", "--loop", "uvloop", "bench.wire.bare:application"]
    with running("granian", command, core=PEER_CORE, log=log) as program:
        wait_until_open(port, program, log)
        yield Peer("granian", program, port, port, carries=("chat",))


def penstock_configuration(behind: Upstreams, *, keys: str = "required", level: str = "info") -> str:
    """The text of penstock.toml."""
    digest = hashlib.sha256(KEY.encode()).hexdigest()
    return PENSTOCK.format(whole=behind.whole, events=behind.events, keys=keys, level=level, digest=digest)


def everything(folder: Path, behind: Upstreams, name: str = "penstock") -> str:
    """The text of a penstock.toml with keys, limits, budgets, a rule, a ledger, a JSON log."""
    return penstock_configuration(behind) + TEAM.format(path=folder / f"{name}.db")


def penstock_command(folder: Path, name: str, configuration: str, port: int) -> list[str]:
    """Write the configuration and return the command that serves it."""
    path = folder / f"{name}.toml"
    path.write_text(configuration)
    command = [sys.executable, "-m", "gateway", "serve", "--config", str(path)]
    return [*command, "--listen", f"127.0.0.1:{port}"]


def environment() -> dict[str, str]:
    """This environment without proxies and without anything meant for penstock."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("PENSTOCK_") and not name.lower().endswith("_proxy")
    }


@contextmanager
def penstock_tuned(folder: Path, behind: Upstreams, served: Served) -> Iterator[Peer]:
    """penstock with everything on, its server set otherwise."""
    text = everything(folder, behind, served.name)
    text = text.replace("[server]\n", f"[server]\nworkers = {served.workers}\n", 1)
    with penstock_serving(served, folder, text) as peer:
        yield peer


@contextmanager
def penstock_serving(served: Served, folder: Path, configuration: str) -> Iterator[Peer]:
    """penstock with the text of a penstock.toml."""
    (port,) = free_ports(1)
    name = served.name
    log = folder / f"{name}.log"
    command = penstock_command(folder, name, configuration, port)
    if served.changed:
        place = command.index("gateway")
        command[place : place + 1] = ["bench.tuned", msgspec.json.encode(served.changed).decode()]
    with running(name, command, core=served.core, log=log, environment=environment()) as program:
        wait_until_open(port, program, log)
        yield Peer(name, program, port, port)


@contextmanager
def _nginx(name: str, servers: str, folder: Path, core: int) -> Iterator[tuple[Program, Path]]:
    home = folder / name
    home.mkdir(exist_ok=True)
    (home / "nginx.conf").write_text(NGINX.format(folder=home, servers=servers))
    log = folder / f"{name}.log"
    command = ["nginx", "-p", str(home), "-e", "stderr", "-c", str(home / "nginx.conf")]
    with running(name, command, core=core, log=log, environment=environment()) as program:
        yield program, log
