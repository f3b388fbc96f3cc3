"""The cases of the wire layer: one row each, and the body each sends."""

import msgspec

from bench.workloads import CHAT_BODY, CHAT_PATH, CROSSED_BODY, MESSAGES_BODY, MESSAGES_PATH

KILO = 1_000


def padded(size: int, model: bytes = b"gpt-4o") -> bytes:
    """A chat body of `size` bytes: one long text after a short one, as an agent's history is."""
    start = (
        b'{"model":"%b","messages":[{"role":"user","content":"Read on."},{"role":"user","content":"' % model
    )
    end = b'"}],"max_tokens":100}'
    line = b'def answer(question):\\n    return \\"42\\"\\n'  # escapes, as code in JSON has them
    left = size - len(start) - len(end)
    return start + line * (left // len(line)) + b"x" * (left % len(line)) + end


class Case(msgspec.Struct, frozen=True):
    """One load. `quick`: also part of the short run."""

    name: str
    title: str
    path: str
    body: bytes
    connections: int = 32
    quick: bool = False


CASES = (
    Case("chat", "chat, small body", CHAT_PATH, CHAT_BODY, quick=True),
    Case("messages", "messages, small body", MESSAGES_PATH, MESSAGES_BODY, quick=True),
    Case("crossed", "messages to chat, translated, small body", MESSAGES_PATH, CROSSED_BODY, quick=True),
    Case("chat_1", "chat, small body, 1 connection", CHAT_PATH, CHAT_BODY, connections=1),
    Case("chat_256", "chat, small body, 256 connections", CHAT_PATH, CHAT_BODY, connections=256),
    Case("body_5k", "chat, 5 KB", CHAT_PATH, padded(5 * KILO)),
    Case("body_100k", "chat, 100 KB, 1 connection", CHAT_PATH, padded(100 * KILO), connections=1),
    Case("body_350k", "chat, 350 KB, 1 connection", CHAT_PATH, padded(350 * KILO), connections=1, quick=True),
    Case("body_2m", "chat, 2 MB, 1 connection", CHAT_PATH, padded(2_000 * KILO), connections=1),
)
# An agent's body, written anew on the way: only the peers layer asks for it.
CROSSED_350K = Case(
    "crossed_350k",
    "messages to chat, translated, 350 KB, 1 connection",
    MESSAGES_PATH,
    padded(350 * KILO, b"bench-crossed"),
    connections=1,
)
STREAMS = 32
