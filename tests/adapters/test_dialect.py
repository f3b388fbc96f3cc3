"""What every dialect of the table promises, on recorded agent traffic and on bodies that are wrong."""

import json
from typing import Any

import pytest

from adapters.dialect import Dialect, Peek, Tap
from adapters.fault import Fault, FaultKind, Malformed
from adapters.table import DIALECTS
from tests.adapters.cuts import cuts, recorded_bodies, recorded_streams

ANTHROPIC = DIALECTS["anthropic-messages"]
CHAT = DIALECTS["openai-chat"]
RESPONSES = DIALECTS["openai-responses"]

every_dialect = pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
# Streams of events; those of lines are their dialect's own to test.
OF_EVENTS = {name: one for name, one in DIALECTS.items() if one.stream_media.startswith(b"text/event-stream")}
every_event_stream = pytest.mark.parametrize("dialect", OF_EVENTS.values(), ids=OF_EVENTS)
# Where a request says all in its body; what is said in the path is its dialect's own to test. So is that a
# request streams which does not say so.
IN_BODY = {name: dialect for name, dialect in OF_EVENTS.items() if not dialect.path_names_model}
every_body = pytest.mark.parametrize("dialect", IN_BODY.values(), ids=IN_BODY)
BODIES = recorded_bodies()


def dialect_of(name: str) -> Dialect:
    """The dialect an agent's recorded body is in."""
    if name.startswith("codex/") or name == "opencode/0005":
        return RESPONSES
    return CHAT if name in {"opencode/0001", "opencode/0002", "opencode/0003"} else ANTHROPIC


def limit_of(dialect: Dialect) -> str:
    """What a dialect calls the limit of a reply."""
    return "max_output_tokens" if dialect is RESPONSES else "max_tokens"


def test_there_are_recordings() -> None:
    """The golden tests have bodies of every dialect to run on."""
    assert {dialect_of(name).name for name in BODIES} == set(IN_BODY)
    assert all(recorded_streams(name) for name in OF_EVENTS)


@pytest.mark.parametrize("name", BODIES)
def test_a_peek_at_an_agents_body_is_right(name: str) -> None:
    """What a peek says is what a whole decode of the same body says."""
    body = BODIES[name]
    whole: dict[str, Any] = json.loads(body)
    thinking = whole.get("thinking", {}).get("type") in ("enabled", "adaptive") or "reasoning" in whole
    limit = whole.get(limit_of(dialect_of(name)))
    told = Peek(whole["model"], whole.get("stream", False), limit, thinking)
    assert dialect_of(name).peek(body, "") == told


@pytest.mark.parametrize("name", BODIES)
def test_renaming_an_agents_body_changes_the_models_span_alone(name: str) -> None:
    """The golden test of feature A1: the renamed body is the recorded one but for the model's value."""
    body = BODIES[name]
    old = json.dumps(json.loads(body)["model"]).encode()
    start = body.index(b'"model":' + old) + len(b'"model":')
    renamed = dialect_of(name).rename(body, "some-other-model")
    assert renamed == body[:start] + b'"some-other-model"' + body[start + len(old) :]
    assert dialect_of(name).rename(renamed, json.loads(old)) == body


@pytest.mark.parametrize("name", BODIES)
def test_the_estimate_of_an_agents_body_is_plausible(name: str) -> None:
    """An agent's body weighs a plausible share of its bytes: envelope and metadata weigh nothing."""
    body = BODIES[name]
    assert len(body) / 10 < dialect_of(name).estimate(body) < len(body) / 2


def is_callable(tool: dict[str, Any]) -> bool:
    """Whether the client runs a tool, as each dialect says it."""
    return "input_schema" in tool or "function" in tool or tool.get("type") in ("function", "custom")


@pytest.mark.parametrize("name", BODIES)
def test_an_agents_prompt_is_read(name: str) -> None:
    """The last words of the user and the tools that can be called are found."""
    whole = json.loads(BODIES[name])
    prompt = dialect_of(name).read_prompt(BODIES[name], "")
    offered = [tool for tool in whole.get("tools", []) if not tool.get("defer_loading")]
    callable_tools = [tool for tool in offered if is_callable(tool)]
    assert prompt.model == whole["model"]
    assert prompt.text
    assert len(prompt.tools) == len(callable_tools)


WRONG: dict[str, tuple[bytes, str, str | None]] = {
    "empty": (b"", "The request body is empty; a JSON object is expected.", None),
    "not JSON": (b"hello", "The request body is not valid JSON: invalid character (byte 0).", None),
    "an array": (b"[]", "The request body must be a JSON object, not an array.", None),
    "no model": (b"{}", "`model` is required.", "model"),
    "an empty model": (b'{"model":""}', "`model` must not be empty.", "model"),
    "a null model": (b'{"model":null}', "`model` must be a string, not null.", "model"),
    "a number for a model": (b'{"model":5}', "`model` must be a string, not an integer.", "model"),
    "a string for stream": (
        b'{"model":"x","stream":"true"}',
        "`stream` must be a boolean, not a string.",
        "stream",
    ),
    "a number for stream": (
        b'{"model":"x","stream":1}',
        "`stream` must be a boolean, not an integer.",
        "stream",
    ),
    "a string for max_tokens": (
        b'{"model":"x","max_tokens":"5"}',
        "`max_tokens` must be an integer, not a string.",
        "max_tokens",
    ),
    "too deep": (b'{"model":"x","a":' + b"[" * 50_000, "The request body is nested too deeply.", None),
    "bad UTF-8": (b'{"model":"\xff"}', "The request body is not valid UTF-8: invalid start byte.", None),
}


@every_body
@pytest.mark.parametrize(("body", "message", "param"), WRONG.values(), ids=WRONG)
def test_a_wrong_body_is_told_in_plain_words(
    dialect: Dialect, body: bytes, message: str, param: str | None
) -> None:
    """Peeking at a wrong body names what is wrong, and the field where there is one."""
    limit = limit_of(dialect)
    with pytest.raises(Malformed) as caught:
        dialect.peek(body.replace(b"max_tokens", limit.encode()), "")
    told = (str(caught.value).replace(limit, "max_tokens"), caught.value.param)
    assert told == (message, limit if param == "max_tokens" else param)


READ: dict[str, tuple[bytes, Peek]] = {
    "a model": (b'{"model":"x"}', Peek("x")),
    "a mark": (b'\xef\xbb\xbf{"model":"x"}', Peek("x")),
    "an escaped key": (b'{"mod\\u0065l":"x"}', Peek("x")),
    "a stream": (b'{"model":"x","stream":true}', Peek("x", stream=True)),
    "no stream": (b'{"model":"x","stream":false}', Peek("x")),
    "nulls": (b'{"stream":null,"max_tokens":null,"model":"x"}', Peek("x")),
    "a limit": (b'{"model":"x","max_tokens":5}', Peek("x", max_tokens=5)),
    "a huge limit": (
        b'{"model":"x","max_tokens":99999999999999999999}',
        Peek("x", max_tokens=99999999999999999999),
    ),
    "unknown fields": (b'{"model":"x","a":{"model":5,"stream":"x"},"b":[{}]}', Peek("x")),
    "bytes that are no UTF-8 elsewhere": (b'{"model":"x","a":"\xff"}', Peek("x")),
}


@every_body
@pytest.mark.parametrize(("body", "seen"), READ.values(), ids=READ)
def test_a_peek_reads_what_routing_asks(dialect: Dialect, body: bytes, seen: Peek) -> None:
    """Model, stream and limit are read whatever stands around them; null means absent."""
    assert dialect.peek(body.replace(b"max_tokens", limit_of(dialect).encode()), "") == seen


def fed(dialect: Dialect, chunks: list[bytes]) -> Tap:
    """A tap that was fed these chunks of a stream that then ended."""
    tap = dialect.tap()
    for chunk in chunks:
        tap.feed(chunk)
    tap.finish()
    return tap


STREAMS = [(DIALECTS[name], stream) for name in DIALECTS for stream in recorded_streams(name).values()]


@pytest.mark.parametrize(("dialect", "stream"), STREAMS)
def test_a_tap_sees_the_same_however_a_recorded_stream_is_cut(dialect: Dialect, stream: bytes) -> None:
    """Usage, end, fault and alignment are those of the whole stream at every cut and byte by byte."""
    whole = fed(dialect, [stream])
    assert whole.usage.input > 0
    for chunks in cuts(stream):
        tap = fed(dialect, chunks)
        assert (tap.usage, tap.ended, tap.fault) == (whole.usage, whole.ended, whole.fault)
        assert (tap.aligned, tap.garbled) == (True, False)


@pytest.mark.parametrize(("dialect", "stream"), STREAMS)
def test_a_tap_sees_the_same_frame_by_frame_and_in_crlf(dialect: Dialect, stream: bytes) -> None:
    """The usual chunks, one frame each, and other line ends change nothing."""
    whole = fed(dialect, [stream])
    stream = stream.replace(b"\r\n", b"\n")
    frames = [frame + b"\n\n" for frame in stream.split(b"\n\n")[:-1]]
    crlf = stream.replace(b"\n", b"\r\n")
    for chunks in (frames, [crlf], [frame.replace(b"\n", b"\r\n") for frame in frames]):
        tap = fed(dialect, chunks)
        assert (tap.usage, tap.ended, tap.fault, tap.aligned) == (whole.usage, whole.ended, whole.fault, True)


@every_event_stream
@pytest.mark.parametrize(
    "body", [b"<!DOCTYPE html><html>", b'{"error":{"message":"x"}}', b"\x1f\x8b\x08", b"ok\n"]
)
def test_a_tap_knows_what_is_no_stream(dialect: Dialect, body: bytes) -> None:
    """HTML, JSON and compressed bytes are garbled, and neither ended nor at fault."""
    for chunks in cuts(body):
        tap = fed(dialect, chunks)
        assert (tap.garbled, tap.ended, tap.fault) == (True, False, None)


@every_dialect
def test_a_sign_of_life_is_seen_by_no_one(dialect: Dialect) -> None:
    """What may be said into a silent stream is a whole frame without usage, end or fault."""
    tap = fed(dialect, [dialect.sign_of_life] * 2)
    assert (tap.aligned, tap.ended, tap.fault, tap.garbled, tap.usage.input) == (True, False, None, False, 0)
    assert dialect.sign_of_life.endswith(b"\n\n" if dialect.name in OF_EVENTS else b"\n")


FAULTS: dict[FaultKind, Fault] = {
    "invalid_request": Fault("invalid_request", 400, "bad"),
    "authentication": Fault("authentication", 401, "who?"),
    "permission": Fault("permission", 403, "no"),
    "not_found": Fault("not_found", 404, "where?"),
    "too_large": Fault("too_large", 413, "big"),
    "rate_limited": Fault("rate_limited", 429, "slow down"),
    "overloaded": Fault("overloaded", 529, "busy"),
    "upstream": Fault("upstream", 502, "provider"),
    "timeout": Fault("timeout", 504, "late"),
    "internal": Fault("internal", 500, "ours"),
}


@every_dialect
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_an_error_that_was_written_is_read_again(dialect: Dialect, fault: Fault) -> None:
    """Kind, status and message survive the dialect's own error body, a quote and a line end included."""
    fault = Fault(fault.kind, fault.status, f'{fault.message} "é"\n')
    read = dialect.read_error(fault.status, dialect.write_error(fault, "req_1"))
    assert read is not None
    assert (read.kind, read.status, read.message) == (fault.kind, fault.status, fault.message)


@every_dialect
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_failure_ends_a_stream_and_is_no_clean_end(dialect: Dialect, fault: Fault) -> None:
    """The in-band end is one frame the dialect's own tap reads as a fault, never as an end."""
    frame = dialect.tap().failure(fault, "req_1")
    assert b"[DONE]" not in frame
    for chunks in cuts(frame):
        tap = fed(dialect, chunks)
        assert tap.fault is not None
        assert (tap.fault.message, tap.ended, tap.aligned) == (fault.message, False, True)


@every_dialect
@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'"x"', b"{}", b'{"error":null}', b'{"error":[]}', b"[" * 50_000, b"\xff"]
)
def test_what_is_no_error_of_the_dialect_is_none(dialect: Dialect, body: bytes) -> None:
    """A body in another shape is not read as an error."""
    assert dialect.read_error(500, body) is None


@every_dialect
@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"{}", b'{"usage":{}}', b"[" * 50_000, b'{"error":{}}']
)
def test_usage_is_not_read_from_what_is_no_reply(dialect: Dialect, body: bytes) -> None:
    """A body that is not the dialect's reply is refused."""
    with pytest.raises(Malformed):
        dialect.read_usage(body)


@every_dialect
def test_a_count_is_written_as_one_number(dialect: Dialect) -> None:
    """The answer of a token count is the number under the dialect's own word."""
    word = {"gemini": "totalTokens"}.get(dialect.name, "input_tokens")
    assert json.loads(dialect.write_count(334)) == {word: 334}


ODD = [
    b'{"model":"x"}',
    b'{"messages":5,"system":7,"tools":"x"}',
    b'{"messages":[1,null,"x",[],{"role":5,"content":7},{"content":[1,null,{"type":5},{"type":"text"}]}]}',
    b'{"messages":[{"content":[{"type":"document","source":5},{"type":"tool_result","content":{"a":1}}]}]}',
    b'{"input":5,"reasoning":7}',
    b'{"input":[1,null,"x",[],{"role":5,"content":7},{"content":[1,null,{"type":5},{"type":"input_text"}]}]}',
    b'{"input":[{"type":[]},{"type":"reasoning","summary":5},{"role":"user","content":[{"type":"input_file"}]}]}',
    b'{"messages":[{"content":[{"type":"input_audio"},{"type":"file","file":"x"},{"type":"image_url"}]}]}',
    b'{"messages":[{"content":' + b'[{"type":"tool_result","content":' * 400 + b"1" + b"}]" * 400 + b"}]}",
    b"not JSON",
    b"",
    b"[" * 50_000,
]


@every_dialect
@pytest.mark.parametrize("body", ODD)
def test_an_estimate_never_raises(dialect: Dialect, body: bytes) -> None:
    """Whatever the shape, there is a number of at least one."""
    assert dialect.estimate(body) >= 1


@every_dialect
@pytest.mark.parametrize("body", ODD[:8])
def test_reading_a_prompt_of_an_odd_shape_finds_nothing(dialect: Dialect, body: bytes) -> None:
    """What the demo provider cannot read is as if it were not there."""
    prompt = dialect.read_prompt(
        dialect.rename(body, "x") if b'"model"' in body else b'{"model":"x",' + body[1:], ""
    )
    assert (prompt.text, prompt.tools, prompt.answered) == ("", (), False) or prompt.answered


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("indent", [None, 1, "\t"])
def test_renaming_keeps_the_layout_of_a_body(name: str, indent: int | str | None) -> None:
    """The same bodies, written with spaces and lines, are renamed as exactly; the model may come last."""
    whole: dict[str, Any] = json.loads(BODIES[name])
    model = whole.pop("model")
    written = json.dumps({**whole, "model": model}, indent=indent)
    head, _, tail = written.rpartition(json.dumps(model))
    renamed = dialect_of(name).rename(written.encode(), "other")
    assert renamed == f'{head}"other"{tail}'.encode()


@pytest.mark.parametrize("name", BODIES)
def test_a_cut_body_is_no_body(name: str) -> None:
    """A body that was cut anywhere is refused, by a peek and by a rename."""
    body = BODIES[name]
    for end in range(1, len(body), max(1, len(body) // 50)):
        with pytest.raises(Malformed, match=r"not valid JSON|empty"):
            dialect_of(name).peek(body[:end], "")
        with pytest.raises(Malformed, match=r"not valid JSON|empty"):
            dialect_of(name).rename(body[:end], "x")


@pytest.mark.parametrize("name", BODIES)
def test_the_estimate_grows_with_the_body(name: str) -> None:
    """One more turn weighs more, by about its words."""
    whole: dict[str, Any] = json.loads(BODIES[name])
    before = dialect_of(name).estimate(json.dumps(whole).encode())
    whole["input" if "input" in whole else "messages"].append({"role": "user", "content": "word " * 400})
    assert 500 <= dialect_of(name).estimate(json.dumps(whole).encode()) - before <= 510
