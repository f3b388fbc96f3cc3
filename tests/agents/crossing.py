"""One cell of the table: a client, an upstream dialect, and everything that must have arrived.

`cross` runs the agent and returns what is wrong, in words; nothing means that all of it holds: at the client
(exit code, closing text, files) and at the upstream (nothing refused; every turn; calls, results, images,
signatures and words as the client sent them).
"""

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tests.agents.clients import CLIENTS, FIRST, PICTURE, SECOND, THIRD, Client, Run
from tests.agents.rig import Finished, Rig
from tests.agents.seen import Seen, seen
from tests.path.conftest import Start
from tests.upstream.plan import CLOSING
from tests.upstream.provider import Provider
from tests.upstream.voice import voice_of
from tests.upstream.wire import Request

# What the client's model leads to, by the dialect of the provider; between two of a kind it is not renamed.
MODELS = {
    "anthropic-messages": "claude-sonnet-5",
    "openai-chat": "gpt-5.1",
    "openai-responses": "gpt-5.1",
    "gemini": "gemini-3-pro-preview",
}
UPSTREAMS = tuple(MODELS)
CELLS = tuple((client, dialect) for client in CLIENTS for dialect in UPSTREAMS)
CONFIGURATION = """
[server]
discover = false
[providers.behind]
dialect = "{dialect}"
base_url = "{address}"
api_key = "dummy"
[models]
"*" = "{leads}"
"""
# Words for Anthropic's own accounting, which nobody else is to have.
BILLING = "x-anthropic-billing-header"
SHORTEST = 4


class Crossed(msgspec.Struct, frozen=True):
    """What came of a cell; `problems` is empty where all is well."""

    client: str
    dialect: str
    problems: list[str]
    requests: list[Request] = []
    sent: list[Request] = []
    finished: Finished | None = None


def cross(name: str, dialect: str, folder: Path, start: Start) -> Crossed:
    """Lead an agent through its plan over an upstream of one dialect."""
    client = CLIENTS[name]
    provider = Provider(client.plan(folder))
    leads = "behind" if client.dialect == dialect else f"behind/{MODELS[dialect]}"
    rig = Rig(
        folder,
        start,
        provider,
        lambda upstream: CONFIGURATION.format(dialect=dialect, address=upstream.address, leads=leads),
    )
    try:
        (folder / "picture.png").write_bytes(PICTURE)
        run = Run(folder, rig.home, rig.tee.address, client.model)
        client.prepare(run)
        finished = rig.run(client.name, client.arguments(run), client.environment(run))
        sent = [request for request in rig.tee.requests if voice_of(request)]
    finally:
        rig.stop()
    problems = [
        *_at_the_client(folder, finished),
        *_at_the_upstream(client, dialect, provider, sent),
    ]
    return Crossed(name, dialect, problems, provider.asked, sent, finished)


def _at_the_client(folder: Path, finished: Finished) -> Iterator[str]:
    if finished.code != 0:
        yield f"the agent ended with {finished.code}: {_tail(finished.errors or finished.output)}"
    if not finished.output.strip().endswith(CLOSING):
        yield f"the closing text was not shown: {_tail(finished.output)!r}"
    for file, text in (("one.txt", FIRST), ("two.txt", SECOND), ("three.txt", THIRD)):
        path = folder / file
        found = path.read_text(encoding="utf-8") if path.exists() else None
        if found != text:
            yield f"{file} holds {found!r}"


def _at_the_upstream(client: Client, dialect: str, provider: Provider, sent: list[Request]) -> Iterator[str]:
    for refusal in provider.refused:
        yield f"refused: {refusal.words}"
    if not provider.asked or not sent:
        yield "nothing reached the upstream"
        return
    # The longest conversation is the agent's own; titles and the like are short.
    there = seen(dialect, max(provider.asked, key=_length).body)
    here = seen(client.dialect, max(sent, key=_length).body)
    calls = [call for turn in provider.plan for call in turn.calls]
    if len(there.calls) != len(calls):
        yield f"{len(there.calls)} of {len(calls)} calls came back"
    if client.dialect == dialect and _bodies(sent) != _bodies(provider.asked):
        yield "bodies were changed on their way"
    if client.sees and not here.images:
        yield "the client sent no image"
    yield from lost(here, there, provider)
    yield from _unsigned(client, there, provider)


def lost(here: Seen, there: Seen, provider: Provider) -> Iterator[str]:
    """What the client sent and the upstream did not get."""
    for mine, yours in zip(here.calls.values(), there.calls.values(), strict=False):
        if mine.name != yours.name or not _same(mine.arguments, yours.arguments):
            yield f"the call {mine.name}({mine.arguments}) arrived as {yours.name}({yours.arguments})"
        if missing := _missing(mine.result or "", yours.result or ""):
            yield f"the result of {mine.name} lost {missing[0]!r}: {yours.result!r}"
    if missing := _missing("\n".join(here.system), there.everything):
        yield f"{len(missing)} lines of the system text are lost: {missing[0][:100]!r}"
    if missing := _missing("\n".join(here.said), there.everything):
        yield f"{len(missing)} lines of what was said are lost: {missing[0][:100]!r}"
    if lost := [image for image in here.images if image not in there.images]:
        yield f"{len(lost)} of {len(here.images)} images did not arrive as images"
    if missing := sorted(set(here.tools) - set(there.tools)):
        yield f"tools that were not offered: {missing}"
    if not _thought(there, provider):
        yield f"thoughts that were not asked for, or lost: {there.thoughts}"


def _same(mine: object, yours: object) -> bool:
    """Text for a tool that takes text may stand in one argument of a function."""
    return mine == yours or (isinstance(yours, dict) and list(yours.values()) == [mine])


def _thought(there: Seen, provider: Provider) -> bool:
    """A thought that came back is one of the plan's, or one that was shown empty."""
    known = {turn.thinking for turn in provider.plan} | {""}
    return set(there.thoughts) <= known


def _unsigned(client: Client, there: Seen, provider: Provider) -> Iterator[str]:
    """Signatures are handed out with each turn; the last is on its way when the agent ends."""
    handed = provider.memory.signatures[: len(provider.plan)]
    if client.signs and (missing := [signature for signature in handed if signature not in there.signatures]):
        yield f"{len(missing)} of {len(handed)} signatures did not come back"


def _missing(mine: str, yours: str) -> list[str]:
    """The lines of a text that are nowhere in another, as they are or inside JSON."""
    whole = _bare(yours)
    lines = (line.strip() for line in mine.split("\n"))
    return [
        line for line in lines if len(line) >= SHORTEST and BILLING not in line and _bare(line) not in whole
    ]


def _bare(text: str) -> str:
    return re.sub(r"\\+n|\s", "", text).replace("\\", "")


def _bodies(requests: list[Request]) -> list[bytes]:
    """In no order of theirs: clients have several connections."""
    return sorted(request.body for request in requests)


def _length(request: Request) -> int:
    return len(request.body)


def _tail(text: str) -> str:
    return text.strip()[-300:]
