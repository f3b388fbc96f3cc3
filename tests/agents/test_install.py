"""The real agents behind `penstock install`: they go through a running gateway, and then are as before."""

import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.agents.installed import agent
from tests.agents.test_run import CONFIGURATION, FILES, Desk, desk
from tests.path.conftest import Start
from tests.upstream.plan import CLOSING

__all__ = ["desk"]
pytestmark = pytest.mark.agents


def typed(desk: Desk, *arguments: str) -> None:
    """Type a command of penstock's."""
    command = [sys.executable, "-m", "gateway", *arguments]
    subprocess.run(command, cwd=desk.folder, env=desk.environment(), capture_output=True, check=True)


def test_an_installed_agent_goes_through_the_gateway(desk: Desk, gateway: Start) -> None:
    """The user's files lead elsewhere but while they are told of penstock; then they are as before."""
    text = CONFIGURATION.format(
        dialect=desk.client.dialect, address=desk.upstream.address, model=desk.client.model
    )
    running = gateway(text, {})
    place = urlsplit(running.address).netloc
    before = {name: (desk.home / name).read_bytes() for name in FILES[desk.client.name]}
    typed(
        desk,
        *("install", desk.client.name, "--model", desk.client.model),
        *("--config", str(desk.file), "--listen", place),
    )
    ended = subprocess.run(
        [str(agent(desk.client.name)), *desk.arguments()],
        cwd=desk.folder,
        env=desk.alone(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    running.stop()
    assert (ended.returncode, ended.stdout.strip()[-len(CLOSING) :]) == (0, CLOSING), ended.stderr
    assert desk.provider.refused == []
    assert len(desk.provider.asked) >= len(desk.provider.plan)
    typed(desk, "uninstall", desk.client.name)
    assert {name: (desk.home / name).read_bytes() for name in before} == before
    assert not (Path(desk.home) / ".local" / "state" / "penstock").exists()
