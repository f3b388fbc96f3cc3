"""Messages on a socket: what a client says, and what it is told besides the events of a response.

Pure: text to facts and back, in the words of OpenAI's WebSocket mode. What a message holds is not looked
at beyond its envelope; everything else goes on as it came. Errors have the shape Codex reads, which skips
one whose `code` is no string and then waits for minutes.
"""

from typing import Final

import msgspec

from adapters.dialect import Dialect
from adapters.fault import Fault, kind_of
from adapters.table import DIALECTS
from gateway.errors import Refused
from gateway.state import Pair

DIALECT: Final[Dialect] = DIALECTS["openai-responses"]
# What a message says to the socket, or what the socket says itself: it does not go on.
ENVELOPE: Final = frozenset(("type", "generate", "previous_response_id", "stream"))
# Header fields of a reply that speak of its body, which is written anew.
OF_THE_BODY: Final = frozenset((b"content-type", b"content-length", b"content-encoding"))
TRUE: Final = msgspec.Raw(b"true")
BUSY: Final = Fault(
    "invalid_request",
    409,
    "a response is being made on this socket and another request waits for it: send the next one after it",
    code="response_in_progress",
)
NO_TEXT: Final = Fault("invalid_request", 400, "a binary message is not understood: send JSON as text")
NO_INPUT: Final = Refused(
    Fault("invalid_request", 400, "`input` is neither a string nor a list of items", param="input")
)
NO_LANES: Final = Refused(
    Fault(
        "invalid_request",
        400,
        "a socket holds one conversation here: open another one instead of naming a `stream_id`",
        param="stream_id",
    )
)
NO_STEERING: Final = "a response is not steered here: say it with the next request"


class _Envelope(msgspec.Struct):
    """What of a message concerns the socket."""

    type: str = ""
    model: str | None = None
    generate: bool | None = None
    store: bool | None = None
    previous_response_id: str | None = None
    stream_id: str | None = None
    input: msgspec.Raw = msgspec.Raw(b"")


class Ask(msgspec.Struct, frozen=True):
    """A `response.create`. `items` is its input as items, with commas between them."""

    fields: dict[str, msgspec.Raw]
    items: bytes
    model: str
    generate: bool
    stored: bool
    previous: str | None

    def body(self, before: bytes) -> bytes:
        """The request it stands for, `before` being the items of the conversation up to it."""
        fields = {name: value for name, value in self.fields.items() if name not in ENVELOPE}
        if self.previous is not None:
            fields["input"] = msgspec.Raw(b"[%b]" % b",".join(part for part in (before, self.items) if part))
        return _ENCODE({**fields, "stream": TRUE})


class _Steer(msgspec.Struct):
    """What a client wants said to a response that is being made."""

    input: msgspec.Raw = msgspec.Raw(b"null")
    previous_response_id: msgspec.Raw = msgspec.Raw(b"null")


class _Steering(msgspec.Struct, tag_field="type", tag="response.steer.failed"):
    """What was to be said is given back: the client says it with its next request."""

    error: dict[str, str]
    steer: _Steer
    sequence_number: int = 0


class _ErrorEvent(msgspec.Struct, tag_field="type", tag="error", omit_defaults=True):
    """An error that ends a turn, with the status and the headers a reply over HTTP would have had."""

    status: int
    error: msgspec.Raw
    headers: dict[str, str] = {}


class _ErrorBody(msgspec.Struct):
    """A body that says an error."""

    error: msgspec.Raw


class _Words(msgspec.Struct):
    """What clients insist on in an error."""

    message: str
    code: str | None = None


_ENCODE: Final = msgspec.json.Encoder().encode
_READ_ENVELOPE: Final = msgspec.json.Decoder(_Envelope).decode
_READ_FIELDS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_READ_STEER: Final = msgspec.json.Decoder(_Steer).decode
_READ_ERROR: Final = msgspec.json.Decoder(_ErrorBody).decode
_READ_WORDS: Final = msgspec.json.Decoder(_Words).decode


def read(data: bytes) -> Ask | bytes:
    """What a client asks, or what it is told at once, which may be nothing. Raises Refused (400)."""
    try:
        envelope, fields = _READ_ENVELOPE(data), _READ_FIELDS(data)
    except (msgspec.MsgspecError, RecursionError) as error:
        words = f"the message is not read as a JSON object of WebSocket mode: {error}"
        raise Refused(Fault("invalid_request", 400, words)) from error
    if envelope.type == "response.processed":
        return (
            b""  # Codex says so where it is told to; it waits for no answer, and would take any for the next
        )
    if envelope.type == "response.steer":
        return _not_steered(data)
    if envelope.type != "response.create":
        words = f"a message of type `{envelope.type[:100]}` is not understood here; send `response.create`"
        raise Refused(Fault("invalid_request", 400, words, param="type"))
    if envelope.stream_id is not None:
        raise NO_LANES
    return Ask(
        fields=fields,
        items=_items(bytes(envelope.input).strip()),
        model=envelope.model or "",
        generate=envelope.generate is not False,
        stored=envelope.store is not False,
        previous=envelope.previous_response_id or None,
    )


def _items(raw: bytes) -> bytes:
    if raw.startswith(b"["):
        return raw[1:-1].strip()
    if raw.startswith(b'"'):
        return b'{"type":"message","role":"user","content":%b}' % raw
    if raw in (b"", b"null"):
        return b""
    raise NO_INPUT


def _not_steered(data: bytes) -> bytes:
    error = {
        "type": "invalid_request_error",
        "code": "steering_not_supported",
        "message": NO_STEERING,
    }
    return _ENCODE(_Steering(error, _READ_STEER(data)))


def unknown_previous(previous: str, cap: int) -> Fault:
    """The error for a response that is not remembered; `cap` is how much would be, where it is too long."""
    words = f"Previous response with id '{previous[:200]}' not found on this socket."
    if cap:
        words = f"{words} Its conversation is longer than the {cap} bytes that are kept."
    words += " Send the whole input, without `previous_response_id`."
    return Fault("invalid_request", 400, words, "previous_response_not_found", "previous_response_id")


def idle_too_long(seconds: float) -> Fault:
    """The error for a socket on which nothing happens, in the words that make clients connect again."""
    words = f"Responses websocket connection limit reached ({seconds / 60:g} minutes without a message). "
    words += "Create a new websocket connection to continue."
    return Fault("invalid_request", 400, words, "websocket_connection_limit_reached")


def tell_fault(fault: Fault) -> bytes:
    """The event that tells a fault of our own."""
    error = _READ_ERROR(DIALECT.write_error(fault, "")).error
    headers = {} if fault.retry_after is None else {"retry-after": str(fault.retry_after)}
    return _ENCODE(_ErrorEvent(fault.status, error, headers))


def tell_reply(status: int, headers: list[Pair], body: bytes) -> bytes:
    """The event that tells what over HTTP is a reply with an error status; its words stay as they are."""
    shown = {
        name.decode("latin-1"): value.decode("latin-1") for name, value in headers if name not in OF_THE_BODY
    }
    return _ENCODE(_ErrorEvent(status, _error_in(status, body), shown))


def _error_in(status: int, body: bytes) -> msgspec.Raw:
    try:
        error = _READ_ERROR(body).error
        _READ_WORDS(error)
    except msgspec.MsgspecError:
        fault = DIALECT.read_error(status, body)
        if fault is None:
            fault = Fault(kind_of(status), status, f"the provider answered {status}")
        return _READ_ERROR(DIALECT.write_error(fault, "")).error
    return error
