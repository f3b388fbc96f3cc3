"""What Google's API refuses of the order of turns, and of signatures that do not come back."""

from collections.abc import Iterable, Iterator

from tests.upstream.memory import Memory
from tests.upstream.plan import Json
from tests.upstream.refusal import Refused
from tests.upstream.voices.frames import dumped

# What may stand for a signature of calls that another model made.
WAIVERS = ("skip_thought_signature_validator", "context_engineering_is_the_way_to_go")


def check_order(contents: list[Json]) -> None:
    """Refuse calls that are not answered right away and in full, and answers to nothing."""
    waiting = 0
    before = ""
    for content in contents:
        calls = sum("functionCall" in part for part in content["parts"])
        answers = sum("functionResponse" in part for part in content["parts"])
        if answers and not waiting:
            raise Refused(
                "Please ensure that function response turn comes immediately after a function call turn."
            )
        if answers != waiting:
            raise Refused(
                "Please ensure that the number of function response parts is equal to the number of function "
                "call parts of the function call turn."
            )
        if calls and before == "model":
            raise Refused(
                "Please ensure that function call turn comes immediately after a user turn or after a "
                "function response turn."
            )
        waiting, before = calls, content.get("role", "user")
    if waiting:
        raise Refused("Please ensure that function call turn is followed by a function response turn.")


def check_signatures(contents: list[Json], memory: Memory) -> None:
    """Refuse signatures that this provider did not make, or made for another call."""
    for place, part in _parts(contents):
        signature = part.get("thoughtSignature")
        if signature is None or signature in WAIVERS:
            continue
        signed = memory.signed(signature)
        if signed is None:
            raise Refused("Corrupted thought signature.")
        if "functionCall" in part and signed not in ("", dumped(part["functionCall"].get("args", {}))):
            raise Refused(f"Thought signature is not valid at {place}.")


def check_signed(contents: list[Json]) -> None:
    """Refuse the current turn when the first of its calls lack signatures."""
    for number, content in _current(contents):
        calls = [part for part in content["parts"] if "functionCall" in part]
        if calls and "thoughtSignature" not in calls[0]:
            raise Refused(
                "Function call is missing a thought_signature in functionCall parts. This is required for "
                "tools to work correctly, and missing thought_signature may lead to degraded model "
                "performance. Additional data, function call "
                f"`default_api:{calls[0]['functionCall'].get('name')}` , position {number}."
            )


def _parts(contents: Iterable[Json]) -> Iterator[tuple[str, Json]]:
    for number, content in enumerate(contents):
        for place, part in enumerate(content["parts"]):
            yield f"contents[{number}].parts[{place}]", part


def _current(contents: list[Json]) -> Iterator[tuple[int, Json]]:
    """The contents since the user last said something that was no function's result."""
    spoken = [
        number
        for number, content in enumerate(contents)
        if content.get("role", "user") == "user" and not _answers(content)
    ]
    start = spoken[-1] if spoken else 0
    yield from ((number, contents[number]) for number in range(start, len(contents)))


def _answers(content: Json) -> bool:
    return any("functionResponse" in part for part in content["parts"])
