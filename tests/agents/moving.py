"""A session of a real agent whose provider goes down: where it went on, and what was said there.

The first provider leads the agent through the first turn and is then away, or busy, or breaks off; the second
speaks another dialect, has a memory of its own, and leads on from the turn the conversation has come to.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from tests.agents.clients import Client, Run
from tests.agents.crossing import MODELS
from tests.agents.installed import agent
from tests.agents.rig import Finished, Rig
from tests.agents.seen import Seen, seen
from tests.path.conftest import Start
from tests.upstream.faults import Fault
from tests.upstream.plan import Call, Turn
from tests.upstream.provider import Provider
from tests.upstream.server import Upstream
from tests.upstream.steps import Script, Stage, Step
from tests.upstream.voice import voice_of
from tests.upstream.wire import Request

CONFIGURATION = """
[server]
discover = false
[log]
format = "json"
[providers.first]
dialect = "{here}"
base_url = "{first}"
api_key = "dummy"
[providers.second]
dialect = "{there}"
base_url = "{second}"
api_key = "dummy"
[models]
"*" = ["first", "second/{model}"]
"""
# Each command leaves a line for every time it was run.
FIRST_COMMAND = "echo one | tee -a first.txt"
SECOND_COMMAND = "echo two | tee -a second.txt"
SECOND_BEGINS = 100
FIRST_THOUGHT = "One file is easily made by a command."
SECOND_THOUGHT = "The other is made likewise."
SHELLS: Mapping[str, Callable[[str], Call]] = {
    "claude": lambda command: Call("Bash", {"command": command, "description": "Makes a file"}),
    "codex": lambda command: Call("exec_command", {"cmd": command}),
}


def plan_of(client: Client) -> tuple[Turn, Turn]:
    """Two turns, each a thought, words and a command."""
    shell = SHELLS[client.name]
    return (
        Turn((shell(FIRST_COMMAND),), "First a file: é日本🙂.", FIRST_THOUGHT),
        Turn((shell(SECOND_COMMAND),), "Then another.", SECOND_THOUGHT),
    )


class Die(Step, frozen=True):
    """The provider goes down: nobody listens there any more, and its connections are closed."""

    upstream: Upstream

    async def play(self, stage: Stage) -> None:
        """Go down."""
        del stage
        self.upstream.go_down()


class Mortal:
    """A provider that goes down behind its first reply."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self.upstream: Upstream | None = None

    def __call__(self, request: Request) -> Script:
        """Answer, and go down when that was a reply."""
        script = self.provider(request)
        if voice_of(request) is None or self.upstream is None:
            return script
        return (*script, Die(self.upstream))


class Moved(msgspec.Struct, frozen=True):
    """What came of a session: how it ended, both providers, and the lines of the log."""

    folder: Path
    finished: Finished
    sent: list[Request]
    first: Provider
    second: Provider
    client: Client
    there: str
    lines: list[dict[str, Any]]

    def runs(self, name: str) -> int:
        """How often the command that writes this file was run."""
        file = self.folder / name
        return len(file.read_text(encoding="utf-8").split()) if file.exists() else 0

    @property
    def here_last(self) -> Seen:
        """The longest conversation the client sent."""
        return seen(self.client.dialect, max(self.sent, key=lambda request: len(request.body)).body)

    @property
    def there_last(self) -> Seen:
        """The longest conversation that reached the second provider."""
        return seen(self.there, max(self.second.asked, key=lambda request: len(request.body)).body)

    def served_by(self) -> Iterator[str]:
        """Who served each request, in order; an agent that hangs up behind the last word is told as gone."""
        return (line["provider"] for line in self.lines if line["outcome"] != "error")


def moved(
    folder: Path, start: Start, client: Client, there: str, faults: Mapping[int, Fault] | None = None
) -> Moved:
    """Lead an agent from a provider of its own dialect to one of another, which takes over.

    `faults` are what the first has from some request on; without any it goes down behind its first reply.
    """
    agent(client.name)
    first = Provider(plan_of(client), faults)
    second = Provider(plan_of(client), begins=SECOND_BEGINS)
    mortal = Mortal(first)
    here = Upstream(mortal)
    here.start()
    mortal.upstream = here if faults is None else None
    address = here.address
    rig = Rig(
        folder,
        start,
        second,
        lambda upstream: CONFIGURATION.format(
            here=client.dialect, there=there, first=address, second=upstream.address, model=MODELS[there]
        ),
    )
    try:
        run = Run(folder, rig.home, rig.tee.address, client.model)
        client.prepare(run)
        finished = rig.run(client.name, client.arguments(run), client.environment(run))
        sent = [request for request in rig.tee.requests if voice_of(request)]
    finally:
        rig.stop()
        here.stop()
    lines = [json.loads(line) for line in rig.house.gateway.output.splitlines() if '"generate"' in line]
    return Moved(folder, finished, sent, first, second, client, there, lines)
