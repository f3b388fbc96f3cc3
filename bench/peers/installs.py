"""Installs the peers once, each as its lock file says, into `.cache/peers`.

LiteLLM gets a venv of its own, for it pins what penstock does not want; Portkey and
claude-code-router share a folder of node modules. Where packages come from is the machine's
business: the lock files hold versions and hashes, and no address.
"""

import json
import shutil
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
CACHE = HERE.parent.parent / ".cache" / "peers"
NODE_MODULES = CACHE / "node" / "node_modules"
ROUTER = "@musistudio/claude-code-router"
PORTKEY = "@portkey-ai/gateway"
OLDEST_NODE = 20


class Missing(Exception):
    """A peer that cannot be had on this machine, and why."""


def litellm() -> Path:
    """The program of LiteLLM, installed when it is not there yet as the lock says."""
    home, lock = CACHE / "litellm", HERE / "litellm.lock"
    if not _same(lock, home / "installed.lock"):
        shutil.rmtree(home, ignore_errors=True)
        _say("LiteLLM into .cache/peers; once, a few minutes")
        venv.create(home, with_pip=True)
        pip = [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _run([*pip, "--require-hashes", "--requirement", str(lock)], "LiteLLM")
        shutil.copy(lock, home / "installed.lock")
    return home / "bin" / "litellm"


def node_modules() -> Path:
    """The folder with the peers written for Node, installed when it is not there yet as the lock says."""
    home, lock = CACHE / "node", HERE / "package-lock.json"
    if shutil.which("npm") is None or node_version() < OLDEST_NODE:
        raise Missing(f"Node {OLDEST_NODE} and npm are needed")
    if not _same(lock, home / "installed.json"):
        _say("Portkey and claude-code-router into .cache/peers; once")
        home.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, home)
        # No package here needs a script of its own to be run.
        quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")
        _run(["npm", "ci", "--prefix", str(home), *quiet], "the peers written for Node")
        shutil.copy(lock, home / "installed.json")
    return NODE_MODULES


def versions() -> dict[str, str]:
    """What is installed of the peers, and the Node that runs them."""
    found = {}
    for wheel in sorted((CACHE / "litellm").glob("lib/python*/site-packages/litellm-*.dist-info")):
        found["litellm"] = wheel.name.removeprefix("litellm-").removesuffix(".dist-info")
    for name, package in (("portkey", PORTKEY), ("claude-code-router", ROUTER)):
        described = NODE_MODULES / package / "package.json"
        if described.is_file():
            found[name] = str(json.loads(described.read_text())["version"])
    if found.keys() & {"portkey", "claude-code-router"}:
        found["node"] = _node_says().removeprefix("v")
    return found


def node_version() -> int:
    """The first number of the version of Node, 0 when there is none."""
    number = _node_says().removeprefix("v").partition(".")[0]
    return int(number) if number.isdigit() else 0


def _node_says() -> str:
    if shutil.which("node") is None:
        return ""
    command = ["node", "--version"]
    return subprocess.run(command, check=False, capture_output=True, text=True).stdout.strip()


def _same(lock: Path, installed: Path) -> bool:
    return installed.is_file() and installed.read_bytes() == lock.read_bytes()


def _run(command: list[str], what: str) -> None:
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    if ended.returncode:
        last = (ended.stderr or ended.stdout).strip().splitlines()[-1:]
        raise Missing(f"{what} cannot be installed: {' '.join(last)}")


def _say(what: str) -> None:
    print(f"installing {what}", file=sys.stderr, flush=True)
