"""The order of turns that APIs insist on: a tool's results right after the turn that called it.

Clients answer calls in the order they finish, put words before results, or a system message between. Here
each result goes to its call, in the order of the calls, and everything else keeps its place after them.
"""

from collections.abc import Sequence

from adapters.conversation import Part, ToolCall, ToolResult, Turn
from adapters.fault import Malformed

# Without one of these there is nothing to arrange.
_ANSWERED = (ToolCall, ToolResult)


def arranged(turns: Sequence[Turn]) -> list[Turn]:
    """Return the turns with every result after its call, in a user turn of results alone.

    An id may be used again: a result answers the last call that has it. Raise `Malformed` for a result
    that answers none.
    """
    if not _has_tools(turns):
        return [turn for turn in turns if turn.parts]
    ordered: list[Turn] = []
    answers: dict[str, list[Part]] = {}
    waiting: list[tuple[int, list[list[Part]]]] = []
    for turn in turns:
        rest = _without_results(turn, answers)
        if rest:
            ordered.append(turn if len(rest) == len(turn.parts) else Turn(turn.role, tuple(rest)))
        calls = {part.id: list[Part]() for part in turn.parts if isinstance(part, ToolCall)}
        if calls:
            answers.update(calls)
            waiting.append((len(ordered), list(calls.values())))
    # From the end, so that the places noted before stay right.
    for place, results in reversed(waiting):
        parts = tuple(result for answer in results for result in answer)
        if parts:
            ordered.insert(place, Turn("user", parts))
    return ordered


def _has_tools(turns: Sequence[Turn]) -> bool:
    for turn in turns:
        for part in turn.parts:
            if isinstance(part, _ANSWERED):
                return True
    return False


def _without_results(turn: Turn, answers: dict[str, list[Part]]) -> list[Part]:
    rest: list[Part] = []
    for part in turn.parts:
        if not isinstance(part, ToolResult):
            rest.append(part)
        elif part.id in answers:
            answers[part.id].append(part)
        else:
            raise Malformed(f"`{part.place}`: no tool call has the id {part.id!r} that this result answers.")
    return rest
