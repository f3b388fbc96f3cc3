"""The demo provider's mind: a reply to any request, made of nothing but the request.

Whoever has no key yet talks to it, and load tests do. It says what it is, quotes what it was told,
thinks where thinking was asked for, and calls a tool where the client forces one or the user's words
ask for one. The same request gets the same reply, ids included. Pace and bytes are others' work.
"""

import hashlib
import re

import msgspec

from adapters.dialect import Dialect
from adapters.embeddings import EmbeddingReply, EmbeddingRequest
from adapters.events import Block, Reply, TextBlock, ThinkingBlock, ToolBlock, Usage
from adapters.request import Prompt, Tool
from adapters.schema import smallest
from adapters.tokens import weigh_json, weigh_text

QUOTE = 80

_TOOL_WORD = re.compile(r"\btools?\b", re.IGNORECASE)
_DIMENSIONS = 8
_MOST_DIMENSIONS = 4096
_MIDDLE = 127.5  # of the values of a byte
_SPACES = re.compile(r"\s+")

_THOUGHT = "There is no model behind me and little to think about: I say what I am and quote the question."
_FREE_INPUT = "demo"
_SIGNATURE = "cGVuc3RvY2sgZGVtbw=="
_GREETING = "Hello! This is penstock's demo provider: the way through works, and no model is behind it. "
_NEXT_STEP = (
    "To reach a real model, set a key, for example ANTHROPIC_API_KEY or OPENAI_API_KEY, start penstock again "
    "and ask for one of that provider's models."
)


def answer(dialect: Dialect, body: bytes, path: str = "", created: int = 0) -> Reply:
    """Answer a request of the dialect; raise `Malformed`. `created` is the time of the reply in seconds."""
    prompt = dialect.read_prompt(body, path)
    digest = hashlib.sha256(body).hexdigest()
    tool = _tool_to_call(prompt)
    blocks: list[Block] = [ThinkingBlock(_THOUGHT, _SIGNATURE)] if prompt.thinking else []
    blocks.append(TextBlock(_text(prompt, tool)))
    if tool is not None:
        blocks.append(_call(tool, digest))
    return Reply(
        id=digest[:24],
        model=prompt.model,
        blocks=tuple(blocks),
        stop="tool_use" if tool else "end",
        usage=_usage(dialect.estimate(body), blocks),
        created=created,
    )


def embed(request: EmbeddingRequest) -> EmbeddingReply:
    """Embed texts by their digests: the same text is the same vector, and nothing is meant by it."""
    size = min(request.dimensions or _DIMENSIONS, _MOST_DIMENSIONS)
    vectors = tuple(_vector(repr(given).encode(), size) for given in request.inputs)
    tokens = sum(round(weigh_text(text)) if isinstance(text, str) else len(text) for text in request.inputs)
    return EmbeddingReply(vectors, request.model, tokens)


def _vector(text: bytes, size: int) -> tuple[float, ...]:
    """Numbers between -1 and 1, of length 1 together."""
    drawn = hashlib.shake_256(text).digest(size)
    length = sum((each - _MIDDLE) ** 2 for each in drawn) ** 0.5 or 1.0
    return tuple((each - _MIDDLE) / length for each in drawn)


def _tool_to_call(prompt: Prompt) -> Tool | None:
    """Choose the tool to call: the one the client forces, one the user names, the first if asked for any."""
    if prompt.answered or not prompt.tools or prompt.tool_choice == "none":
        return None
    forced = [tool for tool in prompt.tools if tool.name == prompt.forced_tool]
    named = [tool for tool in prompt.tools if _names(prompt.text, tool.name)]
    wanted = [*forced, *named]
    if not wanted and (prompt.tool_choice == "any" or _TOOL_WORD.search(prompt.text)):
        return prompt.tools[0]
    return wanted[0] if wanted else None


def _names(text: str, name: str) -> bool:
    # A name is a whole word: `Read` is not in "already". Long texts are looked at once per tool.
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None if name in text else False


def _text(prompt: Prompt, tool: Tool | None) -> str:
    if tool is not None:
        return f"This is penstock's demo provider; you asked for a tool, so I call {tool.name}."
    result = "The tool's result arrived. " if prompt.answered else ""
    return f"{_GREETING}{result}{_quote(prompt.text)}{_NEXT_STEP}"


def _quote(text: str) -> str:
    """Quote the start of the text on one line."""
    line = _SPACES.sub(" ", text[: QUOTE * 4]).strip()
    if not line:
        return ""
    return f"You wrote: \u201c{line[:QUOTE]}{'…' if len(line) > QUOTE else ''}\u201d "


def _call(tool: Tool, digest: str) -> ToolBlock:
    arguments = smallest(tool.schema)
    text = msgspec.json.encode(arguments if isinstance(arguments, dict) else {}).decode()
    if tool.custom:
        text = _FREE_INPUT
    return ToolBlock(f"call_{digest[-24:]}", tool.name, text, tool.namespace, tool.custom)


def _usage(tokens: int, blocks: list[Block]) -> Usage:
    thought = sum(weigh_text(block.text) for block in blocks if isinstance(block, ThinkingBlock))
    said = sum(weigh_text(block.text) for block in blocks if isinstance(block, TextBlock))
    called = sum(weigh_json(block.arguments) for block in blocks if isinstance(block, ToolBlock))
    return Usage(input=tokens, output=max(1, round(thought + said + called)), reasoning=round(thought))
