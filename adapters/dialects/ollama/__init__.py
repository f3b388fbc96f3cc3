"""ollama: the native API of Ollama, on a machine of one's own or in its cloud."""

from adapters.dialect import Dialect, Endpoint
from adapters.dialects.ollama.reply import (
    credential,
    read_error,
    read_usage,
    write_count,
    write_error,
    write_model,
    write_models,
    write_reply,
)
from adapters.dialects.ollama.reply_read import read_reply
from adapters.dialects.ollama.request import estimate, peek, read_prompt
from adapters.dialects.ollama.request_read import NAME, read_request
from adapters.dialects.ollama.request_write import write_request
from adapters.dialects.ollama.stream import SIGN_OF_LIFE, StreamWriter, Tap, write_stream
from adapters.dialects.ollama.stream_read import StreamReader
from adapters.dialects.ollama.wire import CHAT_PATH, EMBED_PATH, GENERATE_PATH
from adapters.span import replace_model

DIALECT = Dialect(
    name=NAME,
    endpoints=(Endpoint(CHAT_PATH, "generate"), Endpoint(GENERATE_PATH, "generate")),
    locate=lambda operation, _model, _stream: EMBED_PATH if operation == "embed" else CHAT_PATH,
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
    sign_of_life=SIGN_OF_LIFE,
    stream_media=b"application/x-ndjson",
    models_path="/api/tags",
    show_path="/api/show",
    read_request=read_request,
    write_request=write_request,
    read_reply=read_reply,
    stream_reader=StreamReader,
    stream_writer=lambda _include_usage: StreamWriter(),
)
