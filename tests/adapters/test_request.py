"""The words of a body that cannot be read."""

import msgspec
import pytest

from adapters.fault import Malformed
from adapters.request import Prompt, checked_model, decode_body, decode_fields, decode_part


class Thing(msgspec.Struct):
    """A shape to decode."""

    text: str | None = None
    count: int | None = None
    ratio: float | None = None
    flag: bool | None = None
    items: list[int] | None = None
    inner: dict[str, int] | None = None


DECODE = msgspec.json.Decoder(Thing).decode

NOT_READ: dict[str, tuple[bytes, str, str | None]] = {
    "empty": (b"", "The request body is empty; a JSON object is expected.", None),
    "blank": (b" \r\n\t", "The request body is empty; a JSON object is expected.", None),
    "only a mark": (b"\xef\xbb\xbf", "The request body is empty; a JSON object is expected.", None),
    "not JSON": (b"hello", "The request body is not valid JSON: invalid character (byte 0).", None),
    "a form": (b"model=x&a=b", "The request body is not valid JSON: invalid character (byte 0).", None),
    "a trailing comma": (
        b'{"text":"x",}',
        "The request body is not valid JSON: trailing comma in object (byte 12).",
        None,
    ),
    "a bare newline": (
        b'{"text":"a\nb"}',
        "The request body is not valid JSON: invalid character (byte 10).",
        None,
    ),
    "two documents": (b"{} {}", "The request body is not valid JSON: trailing characters (byte 4).", None),
    "half a document": (
        b'{"text":',
        "The request body is not valid JSON: it ends in the middle of a value (byte 8).",
        None,
    ),
    "UTF-16": (
        "{}".encode("utf-16"),
        "The request body is not valid JSON: invalid character (byte 0).",
        None,
    ),
    "bad UTF-8": (b'{"text":"\xff"}', "The request body is not valid UTF-8: invalid start byte.", None),
    "an array": (b"[1]", "The request body must be a JSON object, not an array.", None),
    "a string": (b'"x"', "The request body must be a JSON object, not a string.", None),
    "a number": (b"1", "The request body must be a JSON object, not an integer.", None),
    "null": (b"null", "The request body must be a JSON object, not null.", None),
    "not a string": (b'{"text":1}', "`text` must be a string, not an integer.", "text"),
    "not an integer": (b'{"count":"1"}', "`count` must be an integer, not a string.", "count"),
    "not whole": (b'{"count":1.5}', "`count` must be an integer, not a decimal number.", "count"),
    "not a number": (b'{"ratio":[]}', "`ratio` must be a decimal number, not an array.", "ratio"),
    "not a boolean": (b'{"flag":"true"}', "`flag` must be a boolean, not a string.", "flag"),
    "not an array": (b'{"items":{}}', "`items` must be an array, not an object.", "items"),
    "inside an array": (b'{"items":[1,"x"]}', "`items[1]` must be an integer, not a string.", "items[1]"),
    "too deep": (b'{"x":' + b"[" * 100_000, "The request body is nested too deeply.", None),
    "too deep and whole": (
        b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        "The request body is nested too deeply.",
        None,
    ),
}


@pytest.mark.parametrize(("body", "message", "param"), NOT_READ.values(), ids=NOT_READ)
def test_what_is_wrong_with_a_body_is_said_in_plain_words(
    body: bytes, message: str, param: str | None
) -> None:
    """Each way of being wrong has its own sentence, and the field where there is one."""
    with pytest.raises(Malformed) as caught:
        decode_body(DECODE, body)
    assert (str(caught.value), caught.value.param, caught.value.status) == (message, param, 400)


@pytest.mark.parametrize(
    "body", [b'{"count":1}', b' {"count":1}\n', b'\xef\xbb\xbf{"count":1}', b'{"count":1,"x":[{}]}']
)
def test_a_good_body_is_read(body: bytes) -> None:
    """Spaces, a byte order mark and unknown fields are no fault."""
    assert decode_body(DECODE, body).count == 1


HALVES: dict[str, tuple[str, str]] = {
    "before a letter": ("h\\ud83di", "h\ufffdi"),
    "at the end": ("h\\ud83d", "h\ufffd"),
    "the second half": ("\\uDE00i", "\ufffdi"),
    "before another escape": ("\\ud83d\\u0041", "\ufffdA"),
    "beside a whole pair": ("\\ud83d\\ude00\\ud83d", "\U0001f600\ufffd"),
    "a backslash before it": ("\\\\ud83d\\ud83d", "\\ud83d\ufffd"),
    "beside other letters": ("é\\ud83d", "é\ufffd"),
}


@pytest.mark.parametrize(("written", "read"), HALVES.values(), ids=HALVES)
def test_half_a_surrogate_pair_costs_one_sign(written: str, read: str) -> None:
    """A text that was cut inside an emoji does not end the conversation that holds it."""
    body = f'{{"text":"{written}","count":1}}'.encode()
    assert decode_body(DECODE, body) == Thing(text=read, count=1)
    assert decode_part(msgspec.json.Decoder(str).decode, f'"{written}"'.encode(), "x") == read


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"text":"\\ud83d","count":"1"}', "`count` must be an integer, not a string."),
        (b'{"text":"\\ud83d",}', "The request body is not valid JSON: trailing comma in object (byte 17)."),
        (
            b'{"text":"\\ud83d\\ude00",}',
            "The request body is not valid JSON: trailing comma in object (byte 23).",
        ),
    ],
)
def test_what_else_is_wrong_beside_half_a_pair_is_told(body: bytes, message: str) -> None:
    """A body that was mended is judged as any other."""
    with pytest.raises(Malformed) as caught:
        decode_body(DECODE, body)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (msgspec.UNSET, "`model` is required."),
        ("", "`model` must not be empty."),
        (" \n", "`model` must not be empty."),
    ],
)
def test_a_request_must_name_a_model(model: str | msgspec.UnsetType, message: str) -> None:
    """A missing or empty model is an error of the field `model`."""
    with pytest.raises(Malformed) as caught:
        checked_model(model)
    assert (str(caught.value), caught.value.param) == (message, "model")


def test_a_models_name_is_kept_as_it_is() -> None:
    """A name that is there is not changed."""
    assert checked_model(" box/x ") == " box/x "


def test_a_prompt_offers_nothing_unless_told() -> None:
    """A bare prompt has no tools, forces none and answers none."""
    prompt = Prompt(model="m")
    assert (prompt.tools, prompt.tool_choice, prompt.forced_tool, prompt.answered) == (
        (),
        "auto",
        None,
        False,
    )


def test_fields_that_are_kept_raw_are_text_to_the_last_byte() -> None:
    """What goes on as it came is looked at where the decoder does not look."""
    decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
    assert decode_fields(decode, '{"a":"é🙂"}'.encode()).keys() == {"a"}
    with pytest.raises(Malformed, match="not valid UTF-8"):
        decode_fields(decode, b'{"a":"\xff"}')
