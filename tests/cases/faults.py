"""The table of faults: how each upstream spells what goes wrong, and what a client of each dialect must see.

`TROUBLES` are errors instead of a reply. `kind` is what the trouble is; `SAID` is how a client of a dialect
reads that. Between two of one dialect an error passes as it is. `BREAKS` are replies that break off.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from adapters.fault import FaultKind
from tests.cases.stage import CHAT, GEMINI, MESSAGES, OLLAMA, RESPONSES
from tests.path.client import Reply

Json = dict[str, Any]
NOTHING: Mapping[str, Any] = {}


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """An error as one provider says it: `details` are what its dialect has a place for beside the words."""

    words: str
    status: int
    details: Mapping[str, str | None] = NOTHING


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """One row. `told` is by upstream dialect, those left out cannot have it; `status` is what clients see.

    `words` are what they see instead of the upstream's own, by client dialect, with the words without
    numbers behind them. `final` says that no client is to try again.
    """

    kind: FaultKind
    told: Mapping[str, Told]
    status: int
    statuses: Mapping[str, int] = NOTHING
    words: Mapping[str, tuple[str, str]] = NOTHING
    headers: tuple[tuple[str, str], ...] = ()
    retry_after: str | None = None
    final: bool = False

    def seen(self, client: str, there: str) -> int:
        """The status a client sees."""
        if client == there and not self.final:
            return self.told[there].status
        return self.statuses.get(client, self.status)


def everywhere(status: int, words: str) -> Mapping[str, Told]:
    """The same words and status from all."""
    return {name: Told(words=words, status=status) for name in (MESSAGES, CHAT, RESPONSES, GEMINI, OLLAMA)}


LONG = {
    MESSAGES: ("prompt is too long: 213104 tokens > 200000 maximum", "prompt is too long: "),
    CHAT: ("This model's maximum context length is 200000 tokens. ", "Your input exceeds the context window"),
    RESPONSES: ("This model's maximum context length is 200000 tokens. ", "Your input exceeds the context"),
    GEMINI: (
        "The input token count (213104) exceeds the maximum number of tokens allowed (200000).",
        "The input token count exceeds the maximum number of tokens allowed.",
    ),
}
FOR_OUTPUT = (
    "This model's maximum context length is 200000 tokens. However, you requested 214000 tokens (150000 in "
    "the messages, 64000 in the completion). Please reduce the length of the messages or completion."
)
TOO_MUCH = {
    MESSAGES: ("input length and `max_tokens` exceed context limit: 150000 + 64000 > 200000", ""),
    CHAT: ("you requested 214000 tokens (150000 in the messages, 64000 in the completion)", ""),
    RESPONSES: ("you requested 214000 tokens (150000 in the messages, 64000 in the completion)", ""),
    GEMINI: ("The input token count (150000) exceeds the maximum number of tokens allowed (200000).", ""),
}
OVERLOADED = {MESSAGES: 529}
CODE = {"code": "context_length_exceeded"}

TROUBLES: dict[str, Trouble] = {
    "context too long": Trouble(
        kind="invalid_request",
        status=400,
        told={
            MESSAGES: Told(words="prompt is too long: 213104 tokens > 200000 maximum", status=400),
            CHAT: Told(
                words="This model's maximum context length is 200000 tokens. However, your messages resulted "
                "in 213104 tokens. Please reduce the length of the messages.",
                status=400,
                details=CODE,
            ),
            RESPONSES: Told(
                words="Your input exceeds the context window of this model. Please adjust your input.",
                status=400,
                details=CODE,
            ),
            GEMINI: Told(
                words="The input token count (213104) exceeds the maximum number of tokens allowed (200000).",
                status=400,
            ),
            OLLAMA: Told(
                words="the prompt has 213104 tokens, but the configured context size is 200000", status=500
            ),
        },
        words=LONG,
    ),
    "output budget": Trouble(
        kind="invalid_request",
        status=400,
        told={
            MESSAGES: Told(
                words="input length and `max_tokens` exceed context limit: 150000 + 64000 > 200000, decrease "
                "input length or `max_tokens` and try again",
                status=400,
            ),
            CHAT: Told(words=FOR_OUTPUT, status=400, details=CODE),
            RESPONSES: Told(words=FOR_OUTPUT, status=400),
        },
        words=TOO_MUCH,
    ),
    "thinking signature": Trouble(
        kind="invalid_request",
        status=400,
        told={
            MESSAGES: Told(words="messages.1.content.0: Invalid `signature` in `thinking` block", status=400),
            CHAT: Told(words="messages.1.content.0: Invalid `signature` in `thinking` block", status=400),
            RESPONSES: Told(
                words="The encrypted content gAAAAABo... could not be verified.",
                status=400,
                details={"code": "invalid_encrypted_content"},
            ),
            GEMINI: Told(words="Corrupted thought signature.", status=400),
        },
        words={MESSAGES: ("Invalid `signature` in `thinking` block", "messages.1.content.0: Invalid")},
    ),
    "unknown field": Trouble(
        kind="invalid_request",
        status=400,
        told={
            MESSAGES: Told(words="context_management: Extra inputs are not permitted", status=400),
            CHAT: Told(words="Unrecognized request argument supplied: verbosity", status=400),
            RESPONSES: Told(
                words="Unknown parameter: 'verbosity'.",
                status=400,
                details={"param": "verbosity", "code": "unknown_parameter"},
            ),
            GEMINI: Told(
                words='Invalid JSON payload received. Unknown name "verbosity": Cannot find field.',
                status=400,
            ),
            OLLAMA: Told(words='invalid think value: "odd"', status=400),
        },
    ),
    "our key is wrong": Trouble(
        kind="upstream", status=502, told=everywhere(401, "Incorrect API key provided."), final=True
    ),
    "forbidden": Trouble(kind="permission", status=403, told=everywhere(403, "You may not use this model.")),
    "not found": Trouble(kind="not_found", status=404, told=everywhere(404, "There is no such model.")),
    "too large": Trouble(kind="too_large", status=413, told=everywhere(413, "The request is too large.")),
    "rate limited": Trouble(
        kind="rate_limited", status=429, told=everywhere(429, "Too many requests."), retry_after="5"
    ),
    "rate limited for 7 s": Trouble(
        kind="rate_limited",
        status=429,
        told=everywhere(429, "Too many requests."),
        headers=(("retry-after", "7"),),
        retry_after="7",
    ),
    "failed": Trouble(kind="internal", status=500, told=everywhere(500, "Something broke.")),
    "unavailable": Trouble(
        kind="overloaded",
        status=503,
        statuses=OVERLOADED,
        told=everywhere(503, "The model is overloaded."),
    ),
    "overloaded": Trouble(
        kind="overloaded",
        status=503,
        statuses=OVERLOADED,
        told=everywhere(529, "Overloaded."),
    ),
}

# What a kind is called by the APIs of each dialect; ollama has words alone.
SAID: dict[str, dict[FaultKind, str]] = {
    MESSAGES: {
        "invalid_request": "invalid_request_error",
        "permission": "permission_error",
        "not_found": "not_found_error",
        "too_large": "request_too_large",
        "rate_limited": "rate_limit_error",
        "overloaded": "overloaded_error",
        "upstream": "api_error",
        "timeout": "timeout_error",
        "internal": "api_error",
    },
    CHAT: {
        "invalid_request": "invalid_request_error",
        "permission": "permission_error",
        "not_found": "invalid_request_error",
        "too_large": "invalid_request_error",
        "rate_limited": "rate_limit_error",
        "overloaded": "server_error",
        "upstream": "server_error",
        "timeout": "server_error",
        "internal": "server_error",
    },
    GEMINI: {
        "invalid_request": "INVALID_ARGUMENT",
        "permission": "PERMISSION_DENIED",
        "not_found": "NOT_FOUND",
        "too_large": "INVALID_ARGUMENT",
        "rate_limited": "RESOURCE_EXHAUSTED",
        "overloaded": "UNAVAILABLE",
        "upstream": "UNAVAILABLE",
        "timeout": "DEADLINE_EXCEEDED",
        "internal": "INTERNAL",
    },
    OLLAMA: {},
}
SAID[RESPONSES] = SAID[CHAT]


class Break(msgspec.Struct, frozen=True, kw_only=True):
    """A reply that breaks off behind the first piece that holds `behind`; how a client hears it in band.

    `says` is the error event of the upstream's own dialect instead of a cut, `silent` that nothing comes.
    """

    behind: str
    says: bool = False
    silent: bool = False
    clean: bool = False


TEXT, CALL = "First a", "Bash"
SILENCE = Break(behind=TEXT, silent=True)
BREAKS: dict[str, Break] = {
    "cut in a text": Break(behind=TEXT),
    "cut in a call": Break(behind=CALL),
    "clean end in a text": Break(behind=TEXT, clean=True),
    "clean end in a call": Break(behind=CALL, clean=True),
    "error event": Break(behind=TEXT, says=True),
}


class Wanted(msgspec.Struct, frozen=True):
    """What is asked for: a model's reply, whole or as a stream."""

    model: str
    stream: bool


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """A client of a dialect: what it asks, and where it finds what went wrong.

    `error` gives the kind and the words of an error body, `failure` those of the last frame of a stream.
    None of `endings` may stand in a stream that broke.
    """

    dialect: str
    path: Callable[[Wanted], str]
    body: Callable[[Wanted], Json]
    error: Callable[[Json], tuple[str, str]]
    failure: Callable[[bytes], tuple[str, str]]
    endings: tuple[bytes, ...]

    def heard(self, reply: Reply) -> tuple[str, str]:
        """Kind and words of a refusal."""
        return self.error(reply.json())


TOOL = {
    "type": "object",
    "properties": {"command": {"type": "string"}},
    "required": ["command"],
}
HELLO = [{"role": "user", "content": "Hello."}]
FUNCTION = {"name": "Bash", "description": "Runs.", "parameters": TOOL}


def _last(stream: bytes) -> Json:
    """The data of the last event, or the last line."""
    last = stream.rstrip().replace(b"\r\n", b"\n").split(b"\n")[-1]
    return dict(msgspec.json.decode(last.removeprefix(b"data: ")))


def _messages_error(body: Json) -> tuple[str, str]:
    assert body["type"] == "error"
    return body["error"]["type"], body["error"]["message"]


def _openai_error(body: Json) -> tuple[str, str]:
    assert {"message", "type", "param", "code"} <= body["error"].keys()
    return body["error"]["type"], body["error"]["message"]


def _gemini_error(body: Json) -> tuple[str, str]:
    return body["error"]["status"], body["error"]["message"]


def _responses_failure(stream: bytes) -> tuple[str, str]:
    event = _last(stream)
    assert (event["type"], event["response"]["status"]) == ("response.failed", "failed")
    return event["response"]["error"]["code"], event["response"]["error"]["message"]


CLIENTS = (
    Client(
        dialect=MESSAGES,
        path=lambda _asked: "/v1/messages?beta=true",
        body=lambda asked: {
            "model": asked.model,
            "max_tokens": 1024,
            "messages": HELLO,
            "tools": [{"name": "Bash", "description": "Runs.", "input_schema": TOOL}],
            "stream": asked.stream,
        },
        error=_messages_error,
        failure=lambda stream: _messages_error(_last(stream)),
        endings=(b"event: message_stop", b'"stop_reason":"'),
    ),
    Client(
        dialect=CHAT,
        path=lambda _asked: "/v1/chat/completions",
        body=lambda asked: {
            "model": asked.model,
            "messages": HELLO,
            "tools": [{"type": "function", "function": FUNCTION}],
            "stream": asked.stream,
        },
        error=_openai_error,
        failure=lambda stream: _openai_error(_last(stream)),
        endings=(b"data: [DONE]", b'"finish_reason":"'),
    ),
    Client(
        dialect=RESPONSES,
        path=lambda _asked: "/v1/responses",
        body=lambda asked: {
            "model": asked.model,
            "input": [{"type": "message", **HELLO[0]}],
            "tools": [{"type": "function", **FUNCTION}],
            "stream": asked.stream,
        },
        error=_openai_error,
        failure=_responses_failure,
        endings=(b"event: response.completed", b"event: response.incomplete"),
    ),
    Client(
        dialect=GEMINI,
        path=lambda asked: (
            f"/v1beta/models/{asked.model}:"
            f"{'streamGenerateContent?alt=sse' if asked.stream else 'generateContent'}"
        ),
        body=lambda _asked: {
            "contents": [{"role": "user", "parts": [{"text": "Hello."}]}],
            "tools": [
                {
                    "functionDeclarations": [
                        {"name": "Bash", "description": "Runs.", "parametersJsonSchema": TOOL}
                    ]
                }
            ],
        },
        error=_gemini_error,
        failure=lambda stream: _gemini_error(_last(stream)),
        endings=(b'"finishReason"',),
    ),
    Client(
        dialect=OLLAMA,
        path=lambda _asked: "/api/chat",
        body=lambda asked: {
            "model": asked.model,
            "messages": HELLO,
            "tools": [{"type": "function", "function": FUNCTION}],
            "stream": asked.stream,
        },
        error=lambda body: ("", body["error"]),
        failure=lambda stream: ("", _last(stream)["error"]),
        endings=(b'"done":true',),
    ),
)
