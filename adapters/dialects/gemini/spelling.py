"""The two spellings of fields in requests: Google takes `systemInstruction` and `system_instruction` alike.

Readers know the first one. A body that holds the second is spelled anew before it is read; names inside
what is the client's own (arguments, results, schemas' properties, labels) are left as they are.
"""

import re

import msgspec

from adapters.fault import Malformed
from adapters.request import decode_body

FIELDS = (
    "systemInstruction",
    "toolConfig",
    "generationConfig",
    "safetySettings",
    "cachedContent",
    "generateContentRequest",
    "serviceTier",
    "thoughtSignature",
    "inlineData",
    "fileData",
    "functionCall",
    "functionResponse",
    "executableCode",
    "codeExecutionResult",
    "videoMetadata",
    "mediaResolution",
    "mimeType",
    "fileUri",
    "displayName",
    "functionDeclarations",
    "parametersJsonSchema",
    "responseJsonSchema",
    "googleSearch",
    "googleSearchRetrieval",
    "codeExecution",
    "urlContext",
    "googleMaps",
    "fileSearch",
    "computerUse",
    "functionCallingConfig",
    "allowedFunctionNames",
    "retrievalConfig",
    "maxOutputTokens",
    "topP",
    "topK",
    "stopSequences",
    "candidateCount",
    "presencePenalty",
    "frequencyPenalty",
    "responseLogprobs",
    "responseMimeType",
    "responseSchema",
    "responseModalities",
    "speechConfig",
    "thinkingConfig",
    "thinkingBudget",
    "thinkingLevel",
    "includeThoughts",
)
# What the client or the user wrote: nothing in it is a field.
_THEIRS = frozenset(
    (
        "args",
        "response",
        "parameters",
        "parametersJsonSchema",
        "responseJsonSchema",
        "responseSchema",
        "labels",
    )
)


def snake(name: str) -> str:
    """Return the other spelling of a field."""
    return re.sub("[A-Z]", lambda match: f"_{match[0].lower()}", name)


_CAMEL = {snake(name): name for name in FIELDS}
_OTHER = re.compile(rb'"(?:%b)"\s*:' % "|".join(map(re.escape, _CAMEL)).encode())
_ENCODE = msgspec.json.Encoder().encode
_DECODE = msgspec.json.Decoder().decode


def respelled(body: bytes) -> bytes:
    """Return a body with its fields in the first spelling; as it came when they are, as nearly always."""
    if _OTHER.search(body) is None:
        return body
    try:
        return _ENCODE(_respell(decode_body(_DECODE, body)))
    except RecursionError as error:
        raise Malformed("The request body is nested too deeply.") from error


def _respell(value: object) -> object:
    if isinstance(value, list):
        return [_respell(item) for item in value]
    if not isinstance(value, dict):
        return value
    named = ((_CAMEL.get(key, key), inner) for key, inner in value.items())
    return {key: inner if key in _THEIRS else _respell(inner) for key, inner in named}
