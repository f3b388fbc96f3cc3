"""The replies of the matrix: told to clients of every dialect, whole and streamed, as the gateway does it."""

import json
import re
from collections.abc import Iterable

import msgspec

from adapters.conversation import ClientTool
from adapters.dialect import Dialect
from adapters.events import Reply
from adapters.fault import client_status
from adapters.reader import Reader
from adapters.seal import is_sealed, unsealed
from adapters.table import DIALECTS
from adapters.translation import Shown, StreamTranslation, translate_reply
from tests.adapters.matrix.cases import Case, cases, pretty

REPLIES = cases("replies")
ERRORS = cases("errors")
# A reply is told to clients of its own dialect, too: what is kept to be said again goes through the middle.
TOLD = {f"{case.name} to {client}": (case, client) for case in REPLIES.values() for client in case.clients}
TOLD_WHOLE = {name: told for name, told in TOLD.items() if (told[0].place / "whole.json").exists()}
# Arguments that are no JSON: a whole message of Anthropic's holds them as a string, its SDK fails at them or
# shows what it could read, and Claude Code copes.
BROKEN_ARGUMENTS = ("chat-broken-arguments", "chat-cut-at-limit")
PARSED = {
    name: (case, client)
    for name, (case, client) in TOLD_WHOLE.items()
    if client != "anthropic-messages" or case.name not in BROKEN_ARGUMENTS
}
ERRORS_TOLD = {
    f"{case.name} to {client}": (case, client) for case in ERRORS.values() for client in case.others
}
REQUEST = "req_0123456789abcdef"
_SEALS = re.compile(r"[A-Za-z0-9+/]{16,}={0,2}")


def shown(case: Case, client: str) -> Shown:
    """What the client is to see: the model it asked for, its own tools, signatures that are sealed."""
    return Shown(
        model="asked-for",
        id="spare",
        created=1_700_000_000,
        tools=msgspec.convert(case.tools, dict[str, ClientTool]),
        maker="" if client == case.dialect else case.dialect,
        include_usage=case.include_usage,
    )


def whole(case: Case) -> bytes:
    """The whole reply as the provider gave it: without the blanks it is kept with."""
    document = json.loads((case.place / "whole.json").read_bytes())
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def stream(case: Case) -> bytes:
    """The stream as the provider gave it."""
    (path,) = case.place.glob("stream.*")
    return path.read_bytes()


def read_whole(case: Case) -> Reply:
    """The whole reply as the middle has it."""
    return DIALECTS[case.dialect].read_reply(whole(case))


def stream_reader(dialect: str) -> Reader:
    """A reader of streams of a dialect."""
    return DIALECTS[dialect].stream_reader()


def told_whole(case: Case, client: str) -> bytes:
    """The whole reply as a client reads it."""
    read, write_whole = DIALECTS[case.dialect].read_reply, DIALECTS[client].write_reply
    return translate_reply(whole(case), read, write_whole, shown(case, client))[0]


def told_stream(case: Case, client: str, chunks: Iterable[bytes]) -> bytes:
    """The stream as a client reads it, of a provider's that came in chunks."""
    writer = DIALECTS[client].stream_writer(case.include_usage)
    translation = StreamTranslation(stream_reader(case.dialect), writer, shown(case, client))
    return b"".join([*(translation.feed(chunk) for chunk in chunks), translation.finish()])


def told_as_stream(case: Case, client: str) -> bytes:
    """The stream that a whole reply is told as (feature A20)."""
    dialect = DIALECTS[client]
    return b"".join(dialect.write_stream(shown(case, client).reply(read_whole(case)), case.include_usage))


def told_error(case: Case, client: str) -> dict[str, object]:
    """The error as a client reads it."""
    document = json.loads((case.place / "case.json").read_bytes())
    fault = DIALECTS[case.dialect].read_error(document["status"], (case.place / "input.json").read_bytes())
    assert fault
    body = json.loads(DIALECTS[client].write_error(fault, REQUEST))
    return {"status": client_status(client, fault), "retry_after": fault.retry_after, "body": body}


def opened(text: str) -> str:
    """Text with its seals told by what is in them: how they are made is no matter of the matrix."""
    return _SEALS.sub(_open, text)


def _open(found: re.Match[str]) -> str:
    if not is_sealed(found[0]):
        return found[0]
    seal = unsealed(found[0], "")
    return f"<sealed {seal.maker} {seal.signature or seal.redacted}>"


def name_of_stream(dialect: Dialect) -> str:
    """The name of the golden that holds what a client of a dialect is streamed."""
    return f"{dialect.name}.{'ndjson' if b'ndjson' in dialect.stream_media else 'sse'}"


def write() -> None:
    """Write every golden anew."""
    for case, client in TOLD.values():
        text = told_stream(case, client, [stream(case)]).decode()
        (case.place / name_of_stream(DIALECTS[client])).write_text(opened(text), encoding="utf-8", newline="")
    for case, client in TOLD_WHOLE.values():
        document = json.loads(told_whole(case, client))
        (case.place / f"{client}.json").write_text(opened(pretty(document)), encoding="utf-8")
    for case, client in ERRORS_TOLD.values():
        (case.place / f"{client}.json").write_text(pretty(told_error(case, client)), encoding="utf-8")
