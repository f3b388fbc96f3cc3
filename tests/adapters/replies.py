"""Replies for the writers to write: one of each shape."""

from adapters.events import Reply, TextBlock, ThinkingBlock, ToolBlock, Usage

USAGE = Usage(input=12, cache_read=100, cache_write_5m=5, cache_write_1h=7, output=40, reasoning=9)
TEXT = 'Hello, "é日本🙂"!\nA second line, long enough for several pieces.'
ARGUMENTS = '{"path":"a b/é","lines":[1,2,{"x":null}]}'

TEXT_ONLY = Reply("0a1b", "some-model", (TextBlock(TEXT),), "end", USAGE, created=1_700_000_000)
THINKING = Reply(
    "0a1b", "some-model", (ThinkingBlock("Hm, well, hm.", "c2ln"), TextBlock(TEXT)), "end", USAGE
)
TOOLS = Reply(
    "0a1b",
    "some-model",
    (
        TextBlock(TEXT),
        ToolBlock("call_1", "Read", ARGUMENTS),
        ToolBlock("call_2", "mcp__x__odd_name-1", "{}"),
    ),
    "tool_use",
    USAGE,
)
CUT_SHORT = Reply("0a1b", "some-model", (TextBlock("Hel"),), "max_tokens", USAGE)
SILENT = Reply("0a1b", "some-model", (), "end", Usage())

REPLIES = {"text": TEXT_ONLY, "thinking": THINKING, "tools": TOOLS, "cut short": CUT_SHORT, "silent": SILENT}
