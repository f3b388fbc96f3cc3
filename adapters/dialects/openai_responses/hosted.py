"""Items of tools that run at the provider, or that only its models know how to call.

Nobody else takes such an item as it is, but most can be told in words, so that a conversation goes on at
another provider. An image that was made, a click on a screen, an approval cannot: there it is refused.
"""

import msgspec

from adapters.dialects.openai_responses.wire import NULL
from adapters.request import decode_part

# Kind -> the fields that say what happened.
_SAID: dict[str, tuple[str, ...]] = {
    "web_search_call": ("action",),
    "file_search_call": ("queries", "results"),
    "code_interpreter_call": ("code", "outputs"),
    "mcp_call": ("server_label", "name", "arguments", "output", "error"),
    "mcp_list_tools": ("server_label", "tools", "error"),
    "local_shell_call": ("action",),
    "local_shell_call_output": ("output",),
    "shell_call": ("action",),
    "shell_call_output": ("output",),
    "apply_patch_call": ("operation",),
    "apply_patch_call_output": ("status", "output"),
    "tool_search_call": ("arguments",),
    "tool_search_output": ("tools",),
}

_DECODE = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_ENCODE = msgspec.json.Encoder().encode


def words_of(kind: str, raw: msgspec.Raw, place: str) -> str | None:
    """Return what an item says, in words that begin with its kind; None where words cannot say it."""
    names = _SAID.get(kind)
    if names is None:
        return None
    fields = decode_part(_DECODE, raw, place)
    said = {name: fields[name] for name in names if fields.get(name, NULL) != NULL}
    return f"[{kind}] {_ENCODE(said).decode('utf-8', 'replace')}"
