"""anthropic-messages: the Messages API, as Anthropic's clients speak it."""

from adapters.dialect import Dialect, Endpoint, Operation
from adapters.dialects.anthropic_messages.reply import (
    read_error,
    read_usage,
    write_count,
    write_error,
    write_model,
    write_models,
    write_reply,
)
from adapters.dialects.anthropic_messages.reply_read import read_reply
from adapters.dialects.anthropic_messages.request import estimate, peek, read_prompt
from adapters.dialects.anthropic_messages.request_read import read_request
from adapters.dialects.anthropic_messages.request_write import write_request
from adapters.dialects.anthropic_messages.stream import PING, StreamWriter, Tap, write_stream
from adapters.dialects.anthropic_messages.stream_read import StreamReader
from adapters.span import replace_model

_PATHS: dict[Operation, str] = {
    "generate": "/v1/messages",
    "count_tokens": "/v1/messages/count_tokens",
}


def _credential(key: str) -> tuple[bytes, bytes]:
    return b"x-api-key", key.encode()


DIALECT = Dialect(
    name="anthropic-messages",
    endpoints=tuple(Endpoint(path, operation) for operation, path in _PATHS.items()),
    locate=lambda operation, _model, _stream: _PATHS[operation],
    peek=peek,
    rename=replace_model,
    read_prompt=read_prompt,
    read_usage=read_usage,
    tap=Tap,
    estimate=estimate,
    write_count=write_count,
    write_reply=write_reply,
    write_stream=write_stream,
    write_error=write_error,
    read_error=read_error,
    write_models=write_models,
    write_model=write_model,
    credential=_credential,
    sign_of_life=PING,
    headers=((b"anthropic-version", b"2023-06-01"),),
    read_request=read_request,
    write_request=write_request,
    read_reply=read_reply,
    stream_reader=StreamReader,
    stream_writer=lambda _: StreamWriter(),
)
