"""New versions of clients, over real sockets: what a gateway has seen, told by the command line."""

import json

from click.testing import CliRunner

from gateway.cli import main
from tests.agents.recordings import recordings
from tests.path.conftest import Start
from tests.path.house import House, configuration
from tests.upstream.scripts import stream
from tests.upstream.server import Upstream

RECORDED = next(
    one
    for one in recordings()
    if one.request.path == "/v1/messages" and b'"context_management"' in one.request.body
)


def test_a_recorded_agent_is_seen(gateway: Start, replay: Upstream) -> None:
    """Its betas, fields and endpoint, under its name and version; nothing of it was there before."""
    house = House(gateway(configuration(replay)), replay)
    place = ["drift", "--url", house.address]
    assert CliRunner().invoke(main, place).stdout == "nothing has been seen\n"
    exchange = replay.plays(stream([]))
    headers = [(name, value) for name, value in RECORDED.headers if name != "user-agent"]
    told = [*headers, ("user-agent", "claude-cli/9.9.9 (external, cli)"), exchange.header]
    house.call("POST", RECORDED.request.target, told, RECORDED.request.body)
    lines = CliRunner().invoke(main, [*place, "--client", "claude-cli"]).stdout.splitlines()
    assert any(line.endswith("claude-cli 9.9.9  field  context_management") for line in lines)
    assert any(line.endswith("endpoint  anthropic-messages generate") for line in lines)
    found = json.loads(CliRunner().invoke(main, [*place, "--json"]).stdout)["first_seen"]
    betas = dict(RECORDED.headers)["anthropic-beta"].split(",")
    assert set(betas) == {one["name"] for one in found if one["kind"] == "beta"}
    assert CliRunner().invoke(main, [*place, "--client", "nobody"]).stdout == "nothing has been seen\n"
