"""What this dialect writes into names and opaque texts so as to know it again when it comes back.

OpenAI binds the encrypted content of a reasoning item to the item's id, and refuses it under another one:
the middle has one text for a signature, so both travel in it. A compaction that we wrote is a summary under
our seal; what is under none is OpenAI's own.
"""

from typing import Final

from adapters.seal import sealed, unsealed

NAME: Final = "openai-responses"
# The tool of a client that searches for its own tools: it has an item of its own instead of a function's.
SEARCH: Final = "tool_search"
# Where a plain function of that very name stands in the middle, so that the two are told apart.
FUNCTIONS: Final = "functions"
# Whose seal a summary bears: no dialect has this name.
_SUMMARY: Final = "summary"


def packed(item: str, content: str) -> str:
    """Return encrypted content and the id of its item as one signature; none of none."""
    if not content:
        return ""
    return f"{item} {content}" if item or " " in content else content


def unpacked(signature: str) -> tuple[str, str]:
    """Return the id, if there is one, and the encrypted content of a signature."""
    item, blank, content = signature.partition(" ")
    return (item, content) if blank else ("", item)


def is_packed(signature: str) -> bool:
    """Tell whether a signature is one that `packed` made."""
    return " " in signature


def plain_home(name: str) -> str:
    """Return the namespace in the middle of a function without one."""
    return FUNCTIONS if name == SEARCH else ""


def is_search(name: str, namespace: str) -> bool:
    """Tell whether a tool is the client's search for tools."""
    return name == SEARCH and not namespace


def written_home(name: str, namespace: str) -> str:
    """Return the namespace as the client knows it."""
    return "" if (name, namespace) == (SEARCH, FUNCTIONS) else namespace


def sealed_summary(text: str) -> str:
    """Return a summary as the content of a compaction."""
    return sealed(_SUMMARY, text)


def opened_summary(content: str) -> str | None:
    """Return the summary in the content of a compaction: None if it is not ours, empty if it is broken."""
    seal = unsealed(content, NAME)
    return None if seal.maker == NAME else seal.signature if seal.maker == _SUMMARY else ""
