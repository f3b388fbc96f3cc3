"""A provider's keys, taken out of what it says."""

import pytest

from gateway.provider import Provider
from tests.gateway.indoors import provider

LONG = "sk-ant-planted-0001112223334445"
SAID = [
    (LONG, b'{"error":"wrong key %b."}' % LONG.encode(), b'{"error":"wrong key [redacted]."}'),
    (LONG, b"x%bx" % LONG.encode(), b"x[redacted]x"),
    ("test", b"no such model: qwen3:latest, try latest_one or my-test", None),
    ("test", b"the key `test` is wrong", b"the key `[redacted]` is wrong"),
    ("k", b"server: fake-upstream", None),
    ("a.b", b"a.b, not axb", b"[redacted], not axb"),
]


@pytest.mark.parametrize(("key", "said", "left"), SAID)
def test_a_key_is_taken_out_and_words_that_hold_it_stay(key: str, said: bytes, left: bytes | None) -> None:
    """A key goes wherever it stands; one as short as a word, for a box that asks for none, as a word."""
    for keys in ({"api_key": key}, {"api_key": "another-key-of-this-box", "api_keys": ("x" * 20, key)}):
        one = Provider(provider("box", "http://127.0.0.1:1", "openai-chat", **keys))
        assert one.redact(said) == (said if left is None else left)
