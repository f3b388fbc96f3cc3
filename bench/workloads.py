"""The requests that are measured and what the faked upstream answers to each: bytes, made once.

The two chat bodies and the simple message are the ones other gateways published for their own
figures, so that ours can be laid beside them.
"""

import msgspec

CHAT_MODEL = "gpt-4o"
MESSAGES_MODEL = "bench-model"
CROSSED_MODEL = "bench-crossed"  # a client of anthropic-messages, a provider of openai-chat
RECROSSED_MODEL = "bench-recrossed"  # the other way round
KEY = "pst_0123456789ab_" + 43 * "k"  # as long as the keys penstock makes

CHAT_BODY = (
    b'{"model":"gpt-4o","messages":[{"role":"system","content":"You are helpful."},'
    b'{"role":"user","content":"Explain the theory of relativity in one sentence."}]}'
)
CHAT_STREAM_BODY = b'{"model":"gpt-4o","messages":[{"role":"user","content":"Hello"}],"stream":true}'
MESSAGES_BODY = b'{"model":"bench-model","messages":[{"role":"user","content":"Hello!"}],"max_tokens":100}'
MESSAGES_STREAM_BODY = (
    b'{"model":"bench-model","messages":[{"role":"user","content":"Hello!"}],"max_tokens":100,"stream":true}'
)
CROSSED_BODY = MESSAGES_BODY.replace(b"bench-model", CROSSED_MODEL.encode())
CROSSED_STREAM_BODY = MESSAGES_STREAM_BODY.replace(b"bench-model", CROSSED_MODEL.encode())
RECROSSED_STREAM_BODY = CHAT_STREAM_BODY.replace(b"gpt-4o", RECROSSED_MODEL.encode())
COUNT_BODY = b'{"model":"bench-model","messages":[{"role":"user","content":"Hello!"}]}'

CHAT_REPLY = (
    b'{"id":"chatcmpl-test","object":"chat.completion","created":1234567890,"model":"gpt-4o","choices":'
    b'[{"index":0,"message":{"role":"assistant","content":"Hello!"},"finish_reason":"stop"}]}'
)
# As providers reply: they all tell what was used, and who finds nothing told counts by itself. The one above
# is what others measure with.
COUNTED_REPLY = CHAT_REPLY[:-1] + b',"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}}'
MESSAGES_REPLY = (
    b'{"id":"bench-123","type":"message","role":"assistant","model":"bench-model","content":'
    b'[{"type":"text","text":"Benchmark response"}],"stop_reason":"end_turn","stop_sequence":null,'
    b'"usage":{"input_tokens":10,"output_tokens":5}}'
)
# Asked of each provider once, then kept: what is measured is the answer from memory.
MODELS_REPLY = b'{"object":"list","data":[{"id":"gpt-4o","object":"model","created":0,"owned_by":"bench"}]}'
COUNT_REPLY = b'{"input_tokens":10}'


def chat_event(text: bytes) -> bytes:
    """One chat chunk that adds `text` (no character that JSON escapes)."""
    return (
        b'data: {"id":"chatcmpl-test","object":"chat.completion.chunk","created":1234567890,'
        b'"model":"gpt-4o","choices":[{"index":0,"delta":{"content":"'
        + text
        + b'"},"finish_reason":null}]}\n\n'
    )


def messages_event(text: bytes) -> bytes:
    """One content_block_delta that adds `text` (no character that JSON escapes)."""
    return (
        b"event: content_block_delta\n"
        b'data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"'
        + text
        + b'"}}\n\n'
    )


MESSAGES_STARTED = (
    b'event: message_start\ndata: {"type":"message_start","message":{"id":"bench-123","type":"message",'
    b'"role":"assistant","model":"bench-model","content":[],"stop_reason":null,"stop_sequence":null,'
    b'"usage":{"input_tokens":10,"output_tokens":1}}}\n\n'
    b'event: content_block_start\ndata: {"type":"content_block_start","index":0,'
    b'"content_block":{"type":"text","text":""}}\n\n'
)
MESSAGES_ENDED = (
    b'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n'
    b'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn",'
    b'"stop_sequence":null},"usage":{"output_tokens":5}}\n\n'
    b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
)
CHAT_ENDED = b"data: [DONE]\n\n"
# What a translation needs beside: why the reply stopped.
CHAT_STOPPED = (
    b'data: {"id":"chatcmpl-test","object":"chat.completion.chunk","created":1234567890,"model":"gpt-4o",'
    b'"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n' + CHAT_ENDED
)


def whole(body: bytes) -> tuple[bytes, ...]:
    """A whole reply as the upstream's socket delivers it: one piece."""
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body)
    return (head + body,)


def chunked(frames: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """A streamed reply as the upstream's socket delivers it: head, then one piece a frame, then the end."""
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    pieces = [b"%x\r\n%b\r\n" % (len(frame), frame) for frame in frames]
    pieces[-1] += b"0\r\n\r\n"
    return (head, *pieces)


class Workload(msgspec.Struct, frozen=True):
    """One request and the pieces its upstream answers with; no pieces: no upstream is asked.

    `sends` is how many ASGI body messages the harness's own null application answers with. `house` is the
    one that is asked (`inprocess.HOUSES`): what most have not turned on is measured in a house of its own.
    """

    name: str
    method: str
    path: str
    body: bytes = b""
    reply: bytes = b""
    pieces: tuple[bytes, ...] = ()
    sends: int = 1
    house: str = "usual"


def streamed(name: str, path: str, body: bytes, frames: tuple[bytes, ...]) -> Workload:
    """A workload whose reply arrives a frame at a time."""
    return Workload(name, "POST", path, body, b"".join(frames), chunked(frames), len(frames))


CHAT_PATH = "/v1/chat/completions"
MESSAGES_PATH = "/v1/messages"
DELTAS = 64  # the extra events of the long streams: their price over the short ones is the price of a delta

WORKLOADS: dict[str, Workload] = {
    workload.name: workload
    for workload in (
        Workload("chat", "POST", CHAT_PATH, CHAT_BODY, CHAT_REPLY, whole(CHAT_REPLY)),
        streamed(
            "chat_stream", CHAT_PATH, CHAT_STREAM_BODY, (chat_event(b"hi"), chat_event(b"!"), CHAT_ENDED)
        ),
        Workload("messages", "POST", MESSAGES_PATH, MESSAGES_BODY, MESSAGES_REPLY, whole(MESSAGES_REPLY)),
        streamed(
            "messages_stream",
            MESSAGES_PATH,
            MESSAGES_STREAM_BODY,
            (MESSAGES_STARTED, messages_event(b"hi"), messages_event(b"!"), MESSAGES_ENDED),
        ),
        Workload(
            "count_tokens",
            "POST",
            f"{MESSAGES_PATH}/count_tokens",
            COUNT_BODY,
            COUNT_REPLY,
            whole(COUNT_REPLY),
        ),
        Workload("crossed", "POST", MESSAGES_PATH, CROSSED_BODY, b"", whole(CHAT_REPLY)),
        streamed(
            "crossed_stream",
            MESSAGES_PATH,
            CROSSED_STREAM_BODY,
            (chat_event(b"hi"), chat_event(b"!"), CHAT_STOPPED),
        ),
        streamed(
            "recrossed_stream",
            CHAT_PATH,
            RECROSSED_STREAM_BODY,
            (MESSAGES_STARTED, messages_event(b"hi"), messages_event(b"!"), MESSAGES_ENDED),
        ),
        Workload(
            "messages_limited",
            "POST",
            MESSAGES_PATH,
            MESSAGES_BODY,
            MESSAGES_REPLY,
            whole(MESSAGES_REPLY),
            house="limited",
        ),
        Workload(
            "messages_ledger",
            "POST",
            MESSAGES_PATH,
            MESSAGES_BODY,
            MESSAGES_REPLY,
            whole(MESSAGES_REPLY),
            house="keeping",
        ),
        Workload(
            "messages_team",
            "POST",
            MESSAGES_PATH,
            MESSAGES_BODY,
            MESSAGES_REPLY,
            whole(MESSAGES_REPLY),
            house="team",
        ),
        Workload("models", "GET", "/v1/models", pieces=whole(MODELS_REPLY)),
        Workload("healthz", "GET", "/healthz"),
    )
}

LONG_STREAMS: dict[str, Workload] = {
    "chat_stream": streamed(
        "chat_delta", CHAT_PATH, CHAT_STREAM_BODY, (chat_event(b"hi"),) * (DELTAS + 2) + (CHAT_ENDED,)
    ),
    "messages_stream": streamed(
        "messages_delta",
        MESSAGES_PATH,
        MESSAGES_STREAM_BODY,
        (MESSAGES_STARTED, *(messages_event(b"hi"),) * (DELTAS + 2), MESSAGES_ENDED),
    ),
    "crossed_stream": streamed(
        "crossed_delta",
        MESSAGES_PATH,
        CROSSED_STREAM_BODY,
        (chat_event(b"hi"),) * (DELTAS + 2) + (CHAT_STOPPED,),
    ),
    "recrossed_stream": streamed(
        "recrossed_delta",
        CHAT_PATH,
        RECROSSED_STREAM_BODY,
        (MESSAGES_STARTED, *(messages_event(b"hi"),) * (DELTAS + 2), MESSAGES_ENDED),
    ),
}
