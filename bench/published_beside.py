"""Loads others published that need another set-up than the rest: a reply cache, and a Gemini that thinks.

universal-claude-router's bodies never change, so its own cache answers them: ours are measured without a
cache among the others, and here with one. FkLLMProxy stood before the real Gemini, with a limiter that
would refuse most of its load: ours is translated from chat to a fake one of fixed latency, without and with
everything a team has on.
"""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from bench.samples import Found, Results
from bench.tables import count, latency, table
from bench.wire import peers
from bench.wire.cases import Case
from bench.wire.peers import LOAD_CORE, Peer, Served, Upstreams
from bench.wire.processes import free_ports, running, wait_until_open
from bench.wire.rounds import Round, Size, run_round
from bench.workloads import CHAT_PATH, MESSAGES_MODEL, MESSAGES_PATH

CACHE = '[cache]\nresponses = "on"\nforce = true\n'
GEMINI = """\
[providers.thinking]
dialect = "gemini"
base_url = "http://127.0.0.1:{port}/v1beta"
api_key = "sk-upstream-0000"
[models]
"gemini-2.5-flash" = "thinking"
"""
FKLLM = b'{"model":"gemini-2.5-flash","messages":[{"role":"user","content":"Hello"}],"max_tokens":10}'
THEIRS = "150 a second, 200 to 300 MB, before the real Gemini"


def _cached(connections: int, text: str, most: int, theirs: str) -> tuple[Case, str]:
    said = [{"role": "user", "content": text}]
    body = msgspec.json.encode({"model": MESSAGES_MODEL, "messages": said, "max_tokens": most})
    title = f"messages, {connections} connections, from the cache"
    return Case(f"cached_{connections}", title, MESSAGES_PATH, body, connections), theirs


CACHED = dict(
    (
        _cached(50, "Cached test", 10, "500 to 1 000 a second"),
        _cached(100, "What is 2+2?", 50, "400 to 800 a second"),
        _cached(200, "Test message", 10, "300 to 600 a second"),
    )
)
# By name: milliseconds that Gemini thinks, and whether everything is on or keys alone.
GEMINIS = {
    f"gemini-{thinking}{'' if on else '-open'}": (thinking, on)
    for thinking in (0, 50)
    for on in (False, True)
}
TO_GEMINI = Case("to_gemini", "chat to gemini, 10 connections", CHAT_PATH, FKLLM, 10)


def measure(folder: Path, seconds: int) -> list[Found]:
    """Each load, so many seconds."""
    found: list[Found] = []
    size = Size(rounds=1, seconds=seconds, streams=1, repeats=1, cases=(), streamed=())
    with peers.upstreams(folder) as behind:
        text = peers.everything(folder, behind, "cached") + CACHE
        with peers.penstock_serving(Served("cached"), folder, text) as peer:
            cases = msgspec.structs.replace(size, cases=tuple(CACHED))
            run_round(Round(0, cases, folder, (peer,)), found)
    with ExitStack() as stack:
        opened = tuple(stack.enter_context(_before_gemini(folder, name)) for name in GEMINIS)
        cases = msgspec.structs.replace(size, cases=(TO_GEMINI,))
        run_round(Round(0, cases, folder, opened), found)
    return found


def markdown(results: Results) -> str:
    """The table, or nothing when it was not run."""
    rows = [
        ("universal-claude-router", case.title, *_found(results, case, "cached"), theirs)
        for case, theirs in CACHED.items()
        if results.spread(case.name, "cached")
    ]
    for name, (thinking, on) in GEMINIS.items():
        if results.spread(TO_GEMINI.name, name):
            title = f"{TO_GEMINI.title}, it thinks {thinking} ms, {'everything on' if on else 'keys alone'}"
            rows.append(("FkLLMProxy", title, *_found(results, TO_GEMINI, name), THEIRS))
    return table(("published by", "over sockets", "per second", "p50 / p99", "failed", "theirs"), rows)


def _found(results: Results, case: Case, name: str) -> tuple[str, str, str]:
    pace, failed = (results.middle(case.name, name, what) for what in ("per_second", "failed"))
    return count(pace), latency(results, case.name, name), f"{failed or 0:.0f}"


@contextmanager
def _before_gemini(folder: Path, name: str) -> Iterator[Peer]:
    """A penstock before a Gemini that thinks, with keys alone or with everything on."""
    thinking, on = GEMINIS[name]
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "bench.wire.slow", str(port), str(thinking / 1000), "gemini"]
    log = folder / f"{name}-upstream.log"
    with running("slow", command, core=LOAD_CORE, log=log) as program:
        wait_until_open(port, program, log)
        behind = Upstreams(port, port)
        text = peers.everything(folder, behind, name) if on else peers.penstock_configuration(behind)
        text = text.replace("[models]\n", GEMINI.format(port=port), 1)
        with peers.penstock_serving(Served(name), folder, text) as peer:
            yield peer
