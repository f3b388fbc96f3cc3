"""What Claude Code really sent, recorded: it arrives at every upstream, nothing refused and nothing lost."""

import json
import re
from collections.abc import Iterator

from tests.agents.recordings import Recording, recordings
from tests.agents.seen import Seen
from tests.cases import claude
from tests.cases.arrived import arrived
from tests.cases.stage import MESSAGES, OLLAMA, Led, Stage, There, foreign_to
from tests.path.client import Reply
from tests.upstream.memory import Trusting

# Of the connection of today, not of the recorded one.
OURS = ("content-type", "transfer-encoding")


def recorded() -> Iterator[Recording]:
    """Every request for a message."""
    for recording in recordings():
        if recording.name.startswith("claude/") and recording.request.path.endswith("/messages"):
            yield recording


def squashed(text: str) -> str:
    """A text without its blanks, which may stand otherwise where it was joined."""
    return re.sub(r"\s", "", text)


def lost(here: Seen, there: Seen) -> Iterator[str]:
    """What was sent and did not arrive."""
    everything = squashed(there.everything)
    for text in (*here.system, *here.said):
        if squashed(text) not in everything and claude.BILLING[:26] not in text:
            yield f"a text: {text[:80]}"
    mine, yours = list(here.calls.values()), list(there.calls.values())
    if [(call.name, call.arguments) for call in mine] != [(call.name, call.arguments) for call in yours]:
        yield f"calls: {mine} arrived as {yours}"
    for one, other in zip(mine, yours, strict=False):
        if squashed(one.result or "") not in squashed(other.result or ""):
            yield f"a result: {one.result} arrived as {other.result}"
    if missing := [image for image in here.images if image not in there.images]:
        yield f"{len(missing)} images"


def ask(stage: Stage, recording: Recording, there: There) -> tuple[Reply, Led]:
    """Send it again, to another model."""
    led = stage.lead(memory=Trusting())
    body = {**json.loads(recording.request.body), "model": there.asked}
    headers = [pair for pair in recording.headers if pair[0] not in OURS]
    return stage.post(recording.request.target, body, *headers, led.header), led


@foreign_to(MESSAGES)
def test_recorded_requests_arrive_whole(stage: Stage, there: There) -> None:
    """At strict upstreams of other dialects: every text, call, result and image, and the answer is whole."""
    wrong, whole = [], 0
    for recording in recorded():
        reply, led = ask(stage, recording, there)
        if there.dialect == OLLAMA and b"application/pdf" in recording.request.body:
            assert reply.status == 400
            continue
        claude.answered(reply)
        here = arrived(MESSAGES, recording.request.body)
        wrong += [
            f"{recording.name}: {words}" for words in lost(here, arrived(there.dialect, led.request.body))
        ]
        whole += 1
    assert wrong == []
    assert whole > 30
