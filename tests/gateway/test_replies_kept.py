"""Kept replies told in their other form."""

from adapters.events import ToolBlock, collect
from adapters.table import DIALECTS
from gateway.replies_kept import kept_reply, told_again
from tests.adapters.reading import read

GEMINI = DIALECTS["gemini"]
CALLS = (
    b'{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f"}},{"functionCall":{"name":"g"}}]},'
    b'"finishReason":"STOP"}],"responseId":"r1"}'
)


def test_calls_that_were_kept_without_ids_are_told_with_them() -> None:
    """Who made them gave none, and the stream that tells them has one for each."""
    kept = kept_reply(GEMINI, CALLS, streamed=False, counted=True)
    assert kept
    stream = told_again(GEMINI, kept, stream=True, counts=True)
    assert stream
    told = collect(read(GEMINI.stream_reader(), [stream]))
    ids = [block.id for block in told.blocks if isinstance(block, ToolBlock)]
    assert len(set(ids)) == 2
    assert all(ids)
    assert told.id == "r1"
