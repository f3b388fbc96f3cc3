"""The requests of the matrix: each crossing writes its golden, and nothing the other side would not know."""

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from adapters.seal import sealed
from tests.adapters.matrix.cases import Case, pretty
from tests.adapters.matrix.requests import CROSSINGS, sent
from tests.adapters.matrix.sdk_requests import unknown_fields

SENT = {
    name: (case, target)
    for name, (case, target) in CROSSINGS.items()
    if b'"refused"' not in (case.place / f"{target}.json").read_bytes()
}
every_crossing = pytest.mark.parametrize(("case", "target"), CROSSINGS.values(), ids=CROSSINGS)

# What the newest SDK has no word for, and the API takes.
TAKEN = {
    "gemini": {"serviceTier"},
    "ollama": {"truncate"},
}
# The last letters of a seal's mark: nothing sealed may reach a provider.
SEAL = sealed("x", "y")[:12]


def golden(case: Case, target: str) -> dict[str, Any]:
    """What is kept of a crossing."""
    document: dict[str, Any] = json.loads((case.place / f"{target}.json").read_bytes())
    return document


@every_crossing
def test_a_request_crosses_as_its_golden_says(case: Case, target: str) -> None:
    """Path, body, names of tools, what was dropped, the estimate; or the words of the refusal."""
    assert pretty(sent(case, target)) == (case.place / f"{target}.json").read_text(encoding="utf-8")


@pytest.mark.parametrize(("case", "target"), SENT.values(), ids=SENT)
def test_the_sdk_knows_every_field(case: Case, target: str) -> None:
    """What is sent is a request by the types of the target's official SDK, nothing missing, nothing more."""
    body = golden(case, target)["body"]
    unknown = {place.partition(".parameters")[0] for place in unknown_fields(target, body)}
    # The SDK of Ollama knows less of schemas than JSON Schema has.
    assert unknown - TAKEN.get(target, set()) <= {"tools[].function"}


def strings(value: object) -> Iterator[str]:
    """Every string in a document, and those in JSON inside a string."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)
    elif isinstance(value, str):
        yield value
        with suppress(ValueError):
            yield from strings(json.loads(value) if value.startswith("{") else None)


@every_crossing
def test_nothing_sealed_leaves(case: Case, target: str) -> None:
    """Seals are opened for who made what is in them, and left out for all others."""
    assert not [text for text in strings(golden(case, target)) if SEAL in text]


@every_crossing
def test_what_is_said_arrives_or_is_refused(case: Case, target: str) -> None:
    """Every text of a turn is found in what is sent: settings may be dropped, content never is."""
    told = golden(case, target)
    arrived = "\0".join(strings(told.get("body", {})))
    said = texts_of(json.loads((case.place / "input.json").read_bytes()))
    missing = [text for text in said if text.strip() and text not in arrived]
    assert missing == [] or "refused" in told


# The keys under which the turns of a conversation stand, and those that hold words in them.
TURNS = ("messages", "contents", "input", "system", "systemInstruction", "instructions", "prompt")
WORDS = ("text", "content", "output", "refusal", "prompt", "instructions", "system", "thinking")
BILLING = "x-anthropic-billing-header"


def texts_of(body: dict[str, Any]) -> Iterator[str]:
    """The words of all turns; thoughts belong to their maker, and Anthropic's billing line to Anthropic."""
    for key in TURNS:
        yield from (text for text in words_in(body.get(key), key) if not text.startswith(BILLING))


def words_in(value: Any, key: str) -> Iterator[str]:
    """The words inside a part of a body."""
    if isinstance(value, list):
        for inner in value:
            yield from words_in(inner, key)
    elif isinstance(value, dict):
        if value.get("thought") is True or value.get("type") in ("thinking", "reasoning"):
            return
        for name, inner in value.items():
            yield from words_in(inner, name)
    elif isinstance(value, str) and key in WORDS and key != "thinking":
        yield value
