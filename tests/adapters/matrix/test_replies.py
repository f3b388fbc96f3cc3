"""The replies of the matrix: whole, streamed, cut anywhere, each client is told what its golden says."""

import json

import msgspec
import pytest

from adapters.events import BrokenOff, Reply, ToolBlock, collect
from adapters.table import DIALECTS
from tests.adapters.cuts import single_bytes
from tests.adapters.matrix.cases import Case, pretty
from tests.adapters.matrix.heard import value_of
from tests.adapters.matrix.replies import (
    ERRORS_TOLD,
    PARSED,
    REPLIES,
    TOLD,
    TOLD_WHOLE,
    name_of_stream,
    opened,
    read_whole,
    stream,
    stream_reader,
    told_as_stream,
    told_error,
    told_stream,
    told_whole,
)
from tests.adapters.reading import must_be_in_order, read, read_alike

every_case = pytest.mark.parametrize("case", REPLIES.values(), ids=REPLIES)
every_client = pytest.mark.parametrize(("case", "client"), TOLD.values(), ids=TOLD)
every_whole = pytest.mark.parametrize(("case", "client"), TOLD_WHOLE.values(), ids=TOLD_WHOLE)
every_error = pytest.mark.parametrize(("case", "client"), ERRORS_TOLD.values(), ids=ERRORS_TOLD)


def settled(reply: Reply) -> Reply:
    """A reply without what wholes and streams differ in: blanks in arguments, times, what was dropped."""
    blocks = tuple(
        ToolBlock(block.id, block.name, json.dumps(value_of(block.arguments)), block.namespace, block.custom)
        if isinstance(block, ToolBlock)
        else block
        for block in reply.blocks
    )
    return msgspec.structs.replace(reply, blocks=blocks, created=0, dropped=())


def kept(case: Case, name: str) -> str:
    """A golden, its line ends untouched."""
    return (case.place / name).read_bytes().decode()


@every_case
def test_a_stream_is_read_alike_however_it_is_cut(case: Case) -> None:
    """Whole, cut in two at every byte, byte by byte: the same events, one block at a time, one end."""
    must_be_in_order(read_alike(lambda: stream_reader(case.dialect), stream(case)))


@every_case
def test_a_stream_adds_up_to_the_whole(case: Case) -> None:
    """What is collected of a stream is what is read of the whole, and the same of it was dropped."""
    reader = stream_reader(case.dialect)
    told = read(reader, [stream(case)])
    if not (case.place / "whole.json").exists():
        with pytest.raises(BrokenOff):
            collect(told)
        return
    whole = read_whole(case)
    assert settled(collect(told)) == settled(whole)
    assert sorted(reader.dropped) == sorted(whole.dropped)


@every_client
def test_a_stream_is_told_as_its_golden_says(case: Case, client: str) -> None:
    """The bytes are the golden's, whether the provider's came at once or one by one."""
    golden = kept(case, name_of_stream(DIALECTS[client]))
    assert opened(told_stream(case, client, [stream(case)]).decode()) == golden
    assert opened(told_stream(case, client, single_bytes(stream(case))).decode()) == golden


@every_whole
def test_a_whole_reply_is_told_as_its_golden_says(case: Case, client: str) -> None:
    """Every field and their order are the golden's."""
    document = json.loads(told_whole(case, client))
    assert opened(pretty(document)) == kept(case, f"{client}.json")


@pytest.mark.parametrize(("case", "client"), PARSED.values(), ids=PARSED)
def test_whole_and_streams_say_the_same(case: Case, client: str) -> None:
    """What a client reads whole it reads of the stream, and of the stream that the whole makes (A20)."""
    whole = settled(DIALECTS[client].read_reply(told_whole(case, client)))
    for told in (told_stream(case, client, [stream(case)]), told_as_stream(case, client)):
        events = read(stream_reader(client), [told])
        must_be_in_order(events)
        assert settled(collect(events)) == whole


@every_error
def test_an_error_is_told_as_its_golden_says(case: Case, client: str) -> None:
    """Status, body and when to come back, in the client's dialect."""
    assert pretty(told_error(case, client)) == kept(case, f"{client}.json")
