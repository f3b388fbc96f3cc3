"""The requests of the matrix: each case taken to every dialect that is not its own, as the gateway does it.

Inputs are kept in lines, to be read, and sent without blanks, as clients send them; in one of them
`<sealed MAKER SIGNATURE>` is the seal a client was given.
"""

import json
import re
from typing import Any

import msgspec

from adapters.conversation import ChatRequest
from adapters.fault import Malformed
from adapters.seal import sealed
from adapters.table import DIALECTS
from tests.adapters.matrix.cases import ASKED, Case, cases, pretty, quirks_of

Golden = dict[str, Any]

_SEALED = re.compile("<sealed ([a-z-]+) ([^>]+)>")
REQUESTS = cases("requests")
CROSSINGS = {
    f"{case.name} to {target}": (case, target) for case in REQUESTS.values() for target in case.others
}


def read(case: Case) -> ChatRequest:
    """The request as the middle has it; raises Malformed."""
    return DIALECTS[case.dialect].read_request(body(case), case.path)


def body(case: Case) -> bytes:
    """The body as the client sends it."""
    text = (case.place / "input.json").read_text(encoding="utf-8")
    document = json.loads(_SEALED.sub(lambda seal: sealed(seal[1], seal[2]), text))
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def sent(case: Case, target: str) -> Golden:
    """What is sent for a case in a dialect, and what is not; or the words it is refused with."""
    dialect, (_, model) = DIALECTS[target], ASKED[target]
    try:
        request = msgspec.structs.replace(read(case), model=model)
        written = dialect.write_request(request, quirks_of(target))
    except Malformed as malformed:
        return {"refused": str(malformed)}
    return {
        "path": dialect.locate("generate", model, request.stream),
        "dropped": list(written.dropped),
        "tools": msgspec.to_builtins(written.tools),
        "estimate": dialect.estimate(written.body),
        "body": json.loads(written.body),
    }


def write() -> None:
    """Write every golden anew."""
    for case, target in CROSSINGS.values():
        (case.place / f"{target}.json").write_text(pretty(sent(case, target)), encoding="utf-8")
