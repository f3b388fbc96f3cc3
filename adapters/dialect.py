"""What a dialect offers: one frozen Struct of data and functions per dialect, role-free.

Nothing in a dialect knows whether it serves a client or a provider. The table (`table.py`) lists
the dialects; the gateway's paths, key headers and error shapes all derive from it.
"""

from collections.abc import Callable
from typing import Literal, Protocol

import msgspec

from adapters.conversation import ChatRequest, Quirks, Written
from adapters.events import Reply, Usage
from adapters.fault import Fault
from adapters.reader import Reader
from adapters.request import Prompt
from adapters.writer import Writer

Operation = Literal["generate", "count_tokens", "embed"]


class Peek(msgspec.Struct, frozen=True, gc=False):
    """What routing may ask of a request before anything else is decoded."""

    model: str
    stream: bool = False
    max_tokens: int | None = None
    thinking: bool = False


class Endpoint(msgspec.Struct, frozen=True, gc=False):
    """A path a dialect answers, as clients spell it (`/v1/messages`); `{model}` stands for any model's."""

    path: str
    operation: Operation


class ModelEntry(msgspec.Struct, frozen=True, gc=False):
    """One line of a models list. `created` is in seconds since the epoch."""

    id: str
    owner: str
    created: int = 0


class Tap(Protocol):
    """Looks into the bytes of one event stream that pass untouched; never changes them.

    `usage` is what was counted so far; `ended` says the terminal event was seen; `fault` is the
    in-band error that was seen; `aligned` says that the last byte fed ended a frame, so that an
    event of our own may stand here; `garbled` that the bytes are no event stream at all.
    """

    usage: Usage
    ended: bool
    fault: Fault | None
    aligned: bool
    garbled: bool

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes, cut anywhere; raise `sse.EventTooLarge` over 4 MiB in one event."""

    def finish(self) -> bytes:
        """The stream is over: read what a missing last newline held back. `ended` is final after this.

        What it gives is still to be said to the client: nothing, where the bytes pass untouched.
        """

    def sign_of_life(self) -> bytes:
        """What may be said now while the stream is silent; nothing where the dialect has one for all."""

    def failure(self, fault: Fault, request_id: str) -> bytes:
        """Write the in-band end of this stream, ready to send: it broke off after what was fed so far."""


class ArrayFraming(Protocol):
    """Turns the bytes of a dialect's event stream, in whole events, into those of a JSON array."""

    def feed(self, chunk: bytes) -> bytes:
        """Take the next events."""

    def finish(self) -> bytes:
        """Close the array."""


class Dialect(msgspec.Struct, frozen=True, kw_only=True):
    """One family of APIs: how it spells requests, replies, streams and errors.

    What reads a request takes its body and its path, for some dialects say things in the path; `locate`
    gives the path of an operation, for a model, streamed or not. `peek` and `rename` raise `Malformed`.
    `rename` changes the span of the top-level model and no other byte. `read_prompt` is what the demo
    provider reads of a request. `read_usage` finds usage in a whole reply and raises `Malformed` when the
    body is not a reply of this dialect. `write_stream` gives one frame an item; its flag says whether the
    client asked for usage. `sign_of_life` is what may be said while a stream is silent; a tap writes the
    end of a broken one. `stream_media` is the content type of a stream, `stream_query` the query that
    asks for it so; `headers` must be on every request; `models_path` lists the models, and `show_path`
    shows the one its body names. `path_names_model` says that a path does; `array` makes what turns a
    stream into a JSON array, for clients that do not ask with `stream_query`. `read_request` and
    `write_request` take a request to and from the middle and raise `Malformed`. `read_reply`,
    `stream_reader` and `stream_writer` do the same for replies; the writer's flag is that of
    `write_stream`.
    """

    name: str
    endpoints: tuple[Endpoint, ...]
    locate: Callable[[Operation, str, bool], str]
    peek: Callable[[bytes, str], Peek]
    rename: Callable[[bytes, str], bytes]
    read_prompt: Callable[[bytes, str], Prompt]
    read_usage: Callable[[bytes], Usage]
    tap: Callable[[], Tap]
    estimate: Callable[[bytes], int]
    write_count: Callable[[int], bytes]
    write_reply: Callable[[Reply], bytes]
    write_stream: Callable[[Reply, bool], list[bytes]]
    write_error: Callable[[Fault, str], bytes]
    read_error: Callable[[int, bytes], Fault | None]
    write_models: Callable[[list[ModelEntry]], bytes]
    write_model: Callable[[ModelEntry], bytes]
    credential: Callable[[str], tuple[bytes, bytes]]
    sign_of_life: bytes
    stream_media: bytes = b"text/event-stream; charset=utf-8"
    stream_query: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    models_path: str = "/v1/models"
    show_path: str = ""
    path_names_model: bool = False
    array: Callable[[], ArrayFraming] | None = None
    read_request: Callable[[bytes, str], ChatRequest]
    write_request: Callable[[ChatRequest, Quirks], Written]
    read_reply: Callable[[bytes], Reply]
    stream_reader: Callable[[], Reader]
    stream_writer: Callable[[bool], Writer]
