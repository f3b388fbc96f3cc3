"""How many connections to a provider there may be, and how long they are kept."""

from typing import Annotated

from msgspec import Meta

from gateway.configuration.document_table import Duration, Table
from gateway.configuration.problems import Problem, dotted
from gateway.configuration.quantities import seconds
from gateway.settings import Connections

# More than a machine has ports for.
_MOST = 65535


class Pooling(Table, frozen=True):
    """The connections to a provider, in each worker, for each of its keys and each dialect it speaks."""

    most: Annotated[
        int | None,
        Meta(description="Connections at once; for one more it is waited as for a new one. Default: any."),
    ] = None
    keep_alive: Annotated[
        Duration | None, Meta(description="How long an idle connection is kept. 0 keeps none.")
    ] = None
    ahead: Annotated[
        int, Meta(description="Idle connections that are opened and kept ready before anybody asks.")
    ] = 0


def resolve_connections(provider: str, raw: Pooling, problems: list[Problem]) -> Connections:
    """The settings; what is wrong with them goes to the list."""

    def report(key: str, problem: str, remedy: str) -> None:
        problems.append(Problem(dotted("providers", provider, "connections", key), problem, remedy))

    keep_alive = Connections().keep_alive
    if raw.most is not None and not 1 <= raw.most <= _MOST:
        report("most", f"must be from 1 to {_MOST}", "leave it out for any number")
    if not 0 <= raw.ahead <= _MOST:
        report("ahead", f"must be from 0 to {_MOST}", "leave it out for none")
    elif raw.most is not None and raw.ahead > raw.most:
        report("ahead", f"more than there may be at once ({raw.most})", "lower it, or raise most")
    try:
        keep_alive = keep_alive if raw.keep_alive is None else seconds(raw.keep_alive)
    except ValueError as failure:
        report("keep_alive", str(failure), 'say how long, such as "75s"')
    if raw.ahead and not keep_alive:
        report("ahead", "no idle connection is kept: keep_alive is 0", "leave one of the two out")
    return Connections(most=raw.most or 0, keep_alive=keep_alive, ahead=raw.ahead)
