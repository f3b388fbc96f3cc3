"""The arguments of a tool call: an object on this wire, and the text a model wrote in the middle.

Text that is no JSON object stands under one key: Ollama refuses a request, and its clients a reply, whose
arguments are anything else. Read again, it is the text it was.
"""

import msgspec

RAW_KEY = "__raw"

_DECODE_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_DECODE_RAW_KEY = msgspec.json.Decoder(dict[str, str]).decode
_ENCODE = msgspec.json.Encoder().encode
# Between values a line end is a space like any other, inside of strings it is none: a line stays one.
_ONE_LINE = bytes.maketrans(b"\r\n", b"  ")


def as_object(arguments: str) -> msgspec.Raw:
    """Return arguments as a JSON object on one line."""
    if not arguments.strip():
        return msgspec.Raw(b"{}")
    try:
        _DECODE_OBJECT(arguments)
    except (ValueError, RecursionError):
        return msgspec.Raw(_ENCODE({RAW_KEY: arguments}))
    return msgspec.Raw(arguments.encode().translate(_ONE_LINE))


def as_text(raw: msgspec.Raw) -> str:
    """Return the text of arguments that came as an object; raise ValueError where they are no text."""
    text = bytes(raw).decode()
    if text == "null":
        return "{}"
    if RAW_KEY not in text:
        return text
    try:
        fields = _DECODE_RAW_KEY(text)
    except (ValueError, RecursionError):
        return text
    return fields[RAW_KEY] if fields.keys() == {RAW_KEY} else text
