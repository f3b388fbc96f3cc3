"""Starts each peer others wrote, set up as its own documentation says, before the bench's upstreams.

Each asks for a key where it can, writes no more than it must, and runs as one process, as penstock's
one worker does. A peer carries only what it is made for.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.peers import installs
from bench.wire.peers import PEER_CORE, Peer, Upstreams, environment
from bench.wire.processes import free_ports, running, wait_until_open
from bench.workloads import KEY

PATIENCE = 120.0
# None of them answers so much that more would load it more.
CONNECTIONS = 8
UPSTREAM_KEY = "sk-upstream-0000"
LITELLM = """\
model_list:
  - model_name: gpt-4o
    litellm_params: {{model: openai/gpt-4o, api_base: "{whole}/v1", api_key: {key}}}
  - model_name: bench-crossed
    litellm_params: {{model: openai/gpt-4o, api_base: "{whole}/v1", api_key: {key}}}
  - model_name: bench-stream
    litellm_params: {{model: openai/gpt-4o, api_base: "{events}/v1", api_key: {key}}}
litellm_settings:
  use_chat_completions_url_for_anthropic_messages: true
general_settings:
  master_key: {master}
"""


@contextmanager
def litellm(folder: Path, behind: Upstreams) -> Iterator[Peer]:
    """LiteLLM's proxy: a master key, no database, its prices from its own package."""
    program_file = installs.litellm()
    (port,) = free_ports(1)
    configuration = folder / "litellm.yaml"
    whole, events = _addresses(behind)
    configuration.write_text(LITELLM.format(whole=whole, events=events, key=UPSTREAM_KEY, master=KEY))
    command = [str(program_file), "--config", str(configuration), "--host", "127.0.0.1"]
    command += ["--port", str(port), "--num_workers", "1", "--telemetry", "False"]
    log = folder / "litellm.log"
    given = {**_environment(), "LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR"}
    # It takes a hundred events that are all alike for a model gone mad, and ends the stream.
    given["REPEATED_STREAMING_CHUNK_LIMIT"] = "1000000"
    with running("litellm", command, core=PEER_CORE, log=log, environment=given) as program:
        wait_until_open(port, program, log, PATIENCE)
        carries = ("chat", "crossed", "body_350k", "crossed_350k", "events", "crossed_events")
        yield Peer("litellm", program, port, port, carries, exact=False, connections=CONNECTIONS)


@contextmanager
def portkey(folder: Path, behind: Upstreams) -> Iterator[Peer]:
    """Portkey's gateway: each request says where it goes, as Portkey's clients do. It asks for no key."""
    modules = installs.node_modules()
    (port,) = free_ports(1)
    server = modules / installs.PORTKEY / "build" / "start-server.js"
    command = ["node", str(server), "--headless", f"--port={port}"]
    log = folder / "portkey.log"
    given = {**_environment(), "NODE_ENV": "production"}
    whole, events = _addresses(behind)
    with running("portkey", command, core=PEER_CORE, log=log, environment=given) as program:
        wait_until_open(port, program, log, PATIENCE)
        yield Peer(
            "portkey",
            program,
            port,
            port,
            carries=("chat", "body_350k", "events", "paced"),
            headers={"x-portkey-provider": "openai", "x-portkey-custom-host": f"{whole}/v1"},
            stream_headers={"x-portkey-custom-host": f"{events}/v1"},
            exact=False,
            connections=CONNECTIONS,
        )


@contextmanager
def router(folder: Path, behind: Upstreams) -> Iterator[Peer]:
    """claude-code-router with a configuration of its second version: a key, no log; messages only."""
    modules = installs.node_modules()
    (port,) = free_ports(1)
    home = folder / "claude-code-router"
    settings = home / ".claude-code-router"
    settings.mkdir(parents=True)
    (settings / "config.json").write_text(json.dumps(router_configuration(port, behind)))
    command = ["node", str(modules / installs.ROUTER / "dist" / "cli.js"), "start"]
    log = folder / "claude-code-router.log"
    given = {**_environment(), "HOME": str(home), "NODE_ENV": "production"}
    with running("claude-code-router", command, core=PEER_CORE, log=log, environment=given) as program:
        wait_until_open(port, program, log, PATIENCE)
        yield Peer(
            "claude-code-router",
            program,
            port,
            port,
            carries=("crossed", "crossed_350k", "crossed_events"),
            models={"bench-crossed": "whole,gpt-4o", "bench-stream": "events,gpt-4o"},
            exact=False,
            connections=CONNECTIONS,
        )


def router_configuration(port: int, behind: Upstreams) -> dict[str, Any]:
    """What claude-code-router reads: both upstreams as providers, the bench's key."""
    providers = [
        {
            "name": name,
            "api_base_url": f"{address}/v1/chat/completions",
            "api_key": UPSTREAM_KEY,
            "models": ["gpt-4o"],
        }
        for name, address in zip(("whole", "events"), _addresses(behind), strict=True)
    ]
    return {
        "HOST": "127.0.0.1",
        "PORT": port,
        "APIKEY": KEY,
        "LOG": False,
        "NON_INTERACTIVE_MODE": True,
        "API_TIMEOUT_MS": 600_000,
        "Providers": providers,
        "Router": {"default": "whole,gpt-4o"},
    }


def _addresses(behind: Upstreams) -> tuple[str, str]:
    return f"http://127.0.0.1:{behind.whole}", f"http://127.0.0.1:{behind.events}"


def _environment() -> dict[str, str]:
    """This environment without any provider's key: a peer would take it for its own."""
    return {name: value for name, value in environment().items() if not name.endswith("_KEY")}
