"""gemini: Google's Generative Language API, as AI Studio's clients speak it."""

from adapters.dialect import Dialect, Endpoint
from adapters.dialects.gemini.array import ArrayStream
from adapters.dialects.gemini.media_read import NAME
from adapters.dialects.gemini.reply import (
    read_error,
    read_usage,
    write_count,
    write_error,
    write_model,
    write_models,
    write_reply,
)
from adapters.dialects.gemini.reply_read import read_reply
from adapters.dialects.gemini.request import estimate, locate, peek, read_prompt, rename
from adapters.dialects.gemini.request_read import read_request
from adapters.dialects.gemini.request_write import write_request
from adapters.dialects.gemini.stream import SIGN_OF_LIFE, StreamWriter, Tap, write_stream
from adapters.dialects.gemini.stream_read import StreamReader


def _credential(key: str) -> tuple[bytes, bytes]:
    return b"x-goog-api-key", key.encode()


DIALECT = Dialect(
    name=NAME,
    endpoints=(
        Endpoint("/v1beta/models/{model}:generateContent", "generate"),
        Endpoint("/v1beta/models/{model}:streamGenerateContent", "generate"),
        Endpoint("/v1beta/models/{model}:countTokens", "count_tokens"),
    ),
    locate=locate,
    peek=peek,
    rename=rename,
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
    sign_of_life=SIGN_OF_LIFE,
    stream_media=b"text/event-stream",
    stream_query=b"alt=sse",
    models_path="/v1beta/models",
    path_names_model=True,
    array=ArrayStream,
    read_request=read_request,
    write_request=write_request,
    read_reply=read_reply,
    stream_reader=StreamReader,
    stream_writer=lambda _: StreamWriter(),
)
