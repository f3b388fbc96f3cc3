"""Every reply of the matrix, read by the official SDK of its client: what went in is what it hears."""

import msgspec
import pytest

from tests.adapters.matrix.cases import Case
from tests.adapters.matrix.heard import HEARD_STREAM, HEARD_WHOLE, Heard, to_be_heard
from tests.adapters.matrix.replies import (
    PARSED,
    REPLIES,
    TOLD,
    TOLD_WHOLE,
    read_whole,
    shown,
    stream,
    told_as_stream,
    told_stream,
    told_whole,
)

BROKEN = {name: told for name, told in TOLD.items() if name not in TOLD_WHOLE}


def must_hear(case: Case, client: str) -> Heard:
    """What the client must hear; the SDK of Ollama has no place for the ids of calls."""
    heard = to_be_heard(shown(case, client).reply(read_whole(case)), client)
    if client != "ollama":
        return heard
    return msgspec.structs.replace(heard, calls=tuple(("", *call[1:]) for call in heard.calls))


@pytest.mark.parametrize(("case", "client"), TOLD_WHOLE.values(), ids=TOLD_WHOLE)
def test_the_sdk_hears_the_whole_reply(case: Case, client: str) -> None:
    """Words, thoughts, calls, the end and the counts, of a body."""
    assert HEARD_WHOLE[client](told_whole(case, client)) == must_hear(case, client)


@pytest.mark.parametrize(("case", "client"), PARSED.values(), ids=PARSED)
def test_the_sdk_hears_the_stream(case: Case, client: str) -> None:
    """The same, gathered by the SDK's own helper, of the stream and of the stream a whole is told as."""
    heard = must_hear(case, client)
    if not case.include_usage and client == "openai-chat":
        heard = msgspec.structs.replace(heard, counts=(0, 0, 0, 0))
    assert HEARD_STREAM[client](told_stream(case, client, [stream(case)])) == heard
    assert HEARD_STREAM[client](told_as_stream(case, client)) == heard


@pytest.mark.parametrize(("case", "client"), BROKEN.values(), ids=BROKEN)
def test_the_sdk_notices_a_stream_that_broke_off(case: Case, client: str) -> None:
    """No SDK takes it for a reply: it raises, or has no end to show."""
    with pytest.raises(Exception):  # noqa: B017, PT011 - each SDK has a class of its own, or none
        HEARD_STREAM[client](told_stream(case, client, [stream(case)]))


def test_broken_arguments_reach_a_client_that_can_read_them() -> None:
    """The SDK of Anthropic says what is wrong with them, and shows no call with other arguments."""
    case = REPLIES["chat-broken-arguments"]
    with pytest.raises(ValueError, match="Unable to parse tool parameter JSON"):
        HEARD_STREAM["anthropic-messages"](told_stream(case, "anthropic-messages", [stream(case)]))
