"""openai-responses: the Responses API, as Codex and OpenAI's SDKs speak it."""

from adapters.dialect import Dialect, Endpoint
from adapters.dialects.openai_responses.marks import NAME
from adapters.dialects.openai_responses.reply import read_usage, write_reply
from adapters.dialects.openai_responses.reply_read import read_reply
from adapters.dialects.openai_responses.request import estimate, peek, read_prompt
from adapters.dialects.openai_responses.request_read import read_request
from adapters.dialects.openai_responses.request_write import write_request
from adapters.dialects.openai_responses.stream import Tap, make_writer, write_stream
from adapters.dialects.openai_responses.stream_read import StreamReader
from adapters.openai import (
    COMMENT,
    credential,
    read_error,
    write_count,
    write_error,
    write_model,
    write_models,
)
from adapters.span import replace_model

_PATH = "/v1/responses"

DIALECT = Dialect(
    name=NAME,
    endpoints=(Endpoint(_PATH, "generate"),),
    locate=lambda _operation, _model, _stream: _PATH,
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
    credential=credential,
    sign_of_life=COMMENT,
    read_request=read_request,
    write_request=write_request,
    read_reply=read_reply,
    stream_reader=StreamReader,
    stream_writer=make_writer,
)
