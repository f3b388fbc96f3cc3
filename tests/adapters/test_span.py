"""The span of the top-level model: replaced, and nothing else."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.fault import Malformed
from adapters.span import replace_model

# `<>` marks where the model's value stands, quotes included.
SPANS: dict[str, bytes] = {
    "alone": b'{"model":<>}',
    "first": b'{"model":<>,"max_tokens":1}',
    "last": b'{"max_tokens":1,"stream":true,"model":<>}',
    "in the middle": b'{"a":null,"model":<>,"b":[1,2]}',
    "spaces everywhere": b' \n{ "a" : [ 1 , 2 ] ,\r\n\t"model"\t:\n <> \n, "b" : { } }\n ',
    "a byte order mark": b'\xef\xbb\xbf{"model":<>}',
    "a mark and spaces": b'\xef\xbb\xbf \n{"a":1,"model": <>}',
    "an escaped key": b'{"mod\\u0065l":<>,"a":1}',
    "a key all in escapes": b'{"\\u006d\\u006f\\u0064\\u0065\\u006c":<>}',
    "nested before": b'{"a":{"model":"x","b":[{"model":"y"}]},"model":<>}',
    "nested after": b'{"model":<>,"a":{"model":"x"}}',
    "as a value": b'{"a":"model","b":["model","model"],"model":<>}',
    "inside a string": b'{"a":"\\"model\\":\\"x\\"","model":<>}',
    "keys that look like it": b'{"models":1,"Model":2,"xmodel":3,"mod\\\\el":4,"model":<>}',
    "strings of escapes": b'{"a":"\\\\","b":"\\"","c":"\\\\\\"}","model":<>}',
    "brackets in strings": b'{"a":"}]{[","model":<>,"b":"]}"}',
    "numbers": b'{"a":-1.5e+10,"b":0,"model":<>,"c":12}',
    "an empty key": b'{"":1,"model":<>}',
    "other bytes": '{"é日🙂":"é日🙂","model":<>}'.encode(),
    "bytes that are no UTF-8 in a value": b'{"a":"\xff\xfe","model":<>}',
    "another key twice": b'{"a":1,"a":22,"model":<>,"a":"x"}',
    "another key twice, beginning alike": b'{"a":12,"model":<>,"a":1}',
    "another key twice, nested": b'{"a":{"model":"x","a":["}"]},"a":[1],"a":"\\"","model":<>,"a":{}}',
    "another key twice, literals": b'{"a":true,"a":null ,"a":-1.5e3\n,"a":false,"model":<>,"a":[]}',
    "a value that holds what follows": b'{"a":1,"model":<>,"a":{"x":1,"model":"y"}}',
}
VALUES = [
    b'"m"',
    b'""',
    b'"claude-opus-5-5"',
    b'"a\\"b\\\\"',
    '"日本"'.encode(),
    b"7",
    b"null",
    b'{"a":["}"]}',
    b"[]",
]


@pytest.mark.parametrize("template", SPANS.values(), ids=SPANS)
@pytest.mark.parametrize("value", VALUES)
def test_only_the_models_span_changes(template: bytes, value: bytes) -> None:
    """The value of the top-level model is replaced; every other byte stays as it came."""
    assert replace_model(template.replace(b"<>", value), "new") == template.replace(b"<>", b'"new"')


NAMES = [
    ("x", b'"x"'),
    ('a"b', b'"a\\"b"'),
    ("日本", '"日本"'.encode()),
    ("a\\b\n", b'"a\\\\b\\n"'),
    ("", b'""'),
]


@pytest.mark.parametrize(("model", "written"), NAMES)
def test_the_new_name_is_written_as_json(model: str, written: bytes) -> None:
    """Whatever a name contains, the body stays JSON and says that name."""
    body = replace_model(b'{"model":"x"}', model)
    assert body == b'{"model":' + written + b"}"
    assert json.loads(body) == {"model": model}


REFUSED = {
    "no model": (b'{"a":1}', "`model` is required."),
    "an empty object": (b"{}", "`model` is required."),
    "only a nested one": (b'{"a":{"model":"x"}}', "`model` is required."),
    "twice": (b'{"model":"x","model":"y"}', "`model` is given more than once."),
    "twice the same": (b'{"model":"x","a":1,"model":"x"}', "`model` is given more than once."),
    "twice, once in escapes": (b'{"model":"x","mod\\u0065l":"y"}', "`model` is given more than once."),
    "an array": (b'["model"]', "The request body must be a JSON object, not an array."),
    "not JSON": (
        b'{"model":"x"',
        "The request body is not valid JSON: it ends in the middle of a value (byte 12).",
    ),
    "nothing": (b"", "The request body is empty; a JSON object is expected."),
}


@pytest.mark.parametrize(("body", "message"), REFUSED.values(), ids=REFUSED)
def test_a_body_without_one_model_is_refused(body: bytes, message: str) -> None:
    """Where the model is missing, doubled or not to be found, the error says so."""
    with pytest.raises(Malformed) as caught:
        replace_model(body, "new")
    assert (str(caught.value), caught.value.status) == (message, 400)


KEYS = st.text(max_size=4) | st.sampled_from(["model", "a", "b"])
VALUE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(
    members=st.lists(st.tuples(KEYS.filter(lambda key: key != "model"), VALUE), max_size=6),
    place=st.integers(0, 6),
    old=VALUE,
    new=st.text(max_size=10),
    escaped=st.booleans(),
)
def test_any_object_keeps_its_other_bytes(
    members: list[tuple[str, object]], place: int, old: object, new: str, *, escaped: bool
) -> None:
    """Whatever surrounds the model, doubled keys included, only its value changes."""
    written = [f"{json.dumps(key, ensure_ascii=escaped)}: {json.dumps(value)}" for key, value in members]
    before = "".join(f"{member}, " for member in written[:place])
    after = "".join(f" ,{member}" for member in written[place:])
    body = f'{{{before}"model":{json.dumps(old)}{after}}}'.encode("utf-8", "surrogatepass")
    told = f'{{{before}"model":'.encode(), msgspec.json.encode(new), f"{after}}}".encode()
    assert replace_model(body, new) == b"".join(told)


HOSTILE = {
    "nested models": lambda size: b'{"a":[' + b'{"model":"x"},' * size + b'1],"model":"x"}',
    "a key given often": lambda size: b"{" + b'"a":1,' * size + b'"model":"x","a":"' + b"y" * size + b'"}',
    "a large value given often": lambda size: (
        b"{" + b'"a":{"b":[1]},' * size + b'"model":"x","a":[' + b"1," * size + b"1]}"
    ),
    "many keys": lambda size: b"{" + b"".join(b'"%d":1,' % key for key in range(size)) + b'"model":"x"}',
    "a string of escapes": lambda size: b'{"a":"' + b'\\"' * size + b'","model":"x"}',
    "escapes in a doubled key": lambda size: b'{"a":"' + b'\\"' * size + b'","a":1,"model":"x"}',
    "spaces": lambda size: b"{" + b" " * size + b'"model"' + b" " * size + b":" + b" " * size + b'"x"}',
}


@pytest.mark.parametrize("size", [1, 10, 100, 1000, 100_000])
@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE)
def test_hostile_bodies_cost_their_size(make: object, size: int) -> None:
    """Bodies made to be walked again and again are renamed at once: a square would not end."""
    assert callable(make)
    body = make(size)
    head, _, tail = body.rpartition(b'"x"')
    assert replace_model(body, "new") == head + b'"new"' + tail


def test_half_a_surrogate_pair_stays_where_the_model_is_renamed() -> None:
    """A body that holds half a pair, in a key or in a value, goes on as it came but for the model."""
    body = rb'{"messages":[{"x":"a\ud83d"}],"\ude00":1, "model":"x","y":"\ud83d]"}'
    assert replace_model(body, "m") == body.replace(b'"model":"x"', b'"model":"m"')
