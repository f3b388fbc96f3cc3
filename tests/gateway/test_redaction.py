"""Keys of every shape are taken out of text; ordinary text is left as it is."""

import pytest

from gateway.redaction import looks_like_a_key, redact

TAIL = "A1b2C3d4E5f6G7h8I9j0K1l2M3n4"
SHAPES = [
    f"sk-{TAIL}",
    f"sk-ant-api03-{TAIL}_x-{TAIL}AA",
    f"sk-proj-{TAIL}",
    f"sk_live_{TAIL}",
    f"pst_0123456789ab_{TAIL}",
    f"gsk_{TAIL}",
    f"xai-{TAIL}",
    f"nvapi-{TAIL}",
    f"hf_{TAIL}",
    f"ghp_{TAIL}",
    f"github_pat_{TAIL}",
    f"glpat-{TAIL}",
    f"xoxb-123456789012-{TAIL}",
    f"AIzaSy{TAIL}",
    f"AKIA{'ABCDEFGHIJ234567'}",
    f"key-{TAIL}",
    f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ{TAIL}.{TAIL}",
    f"Bearer {TAIL}",
    f"bearer  {TAIL}==",
    "Basic dXNlcjpwYXNzd29yZDEyMw==",
]


@pytest.mark.parametrize("key", SHAPES)
@pytest.mark.parametrize("around", ["{}", "refused: {}.", '{{"error":"key {} is wrong"}}', "({}, again {})"])
def test_a_key_is_taken_out(key: str, around: str) -> None:
    """Wherever it stands, nothing that opens anything is left of it."""
    shown = redact(around.format(key, key))
    assert key not in shown
    assert TAIL not in shown
    assert "[redacted]" in shown
    assert shown[0] == around.format("[", "")[0]


@pytest.mark.parametrize(
    "text",
    [
        f"https://a.test/x?key={TAIL}&b=1",
        f"api_key={TAIL}",
        f"token={TAIL} more",
        f"client_secret={TAIL}",
        f"x-api-key: {TAIL}",
        f"password: '{TAIL}'",
        f'{{"api_key": "{TAIL}"}}',
        f"https://ann:{TAIL}@proxy.test:3128",
    ],
)
def test_what_is_named_a_secret_is_taken_out(text: str) -> None:
    """A value that is called a key, a token, a secret or a password is one, whatever it looks like."""
    assert TAIL not in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "it answered 502 with text/html, not with an error of its API",
        "the model `claude-opus-4-5-20260101` is not known; did you mean: claude-opus-4-6",
        "provider `sk`: it closed the connection without an answer",
        "risk-adjusted task-oriented mask-and-shift",
        "a key-value-store and a token bucket, the bearer of bad news",
        "no key: send a penstock key as `Authorization: Bearer pst_...` or `x-api-key`",
        "max_tokens: 4096 input_tokens=12",
        "id=01a1fc44-d4c8-7000-8ff7-ceff5188d961 http://127.0.0.1:4747/v1/messages",
        "meta-llama/Llama-3.3-70B-Instruct at https://api.groq.com/openai/v1",
        'File "gateway/attempts.py", line 120, in _send',
        "über 1 000 000 токенов, 東京",
    ],
)
def test_ordinary_text_is_left_as_it_is(text: str) -> None:
    """What is no key is not touched: a log that hides what happened helps nobody."""
    assert redact(text) == text


def test_long_text_is_read_in_time() -> None:
    """Text made to be slow to search is searched as fast as any other."""
    for piece in ("sk-", "a-", "key", "eyJ.", "bearer ", "password: ", "https://a:"):
        redact(piece * 50_000)


@pytest.mark.parametrize(
    "key", [one for one in SHAPES if " " not in one and not one.startswith(("hf_", "key-"))]
)
def test_a_key_is_no_id(key: str) -> None:
    """Where an id is expected, what was issued as a key is told from one."""
    assert looks_like_a_key(key.encode())


@pytest.mark.parametrize(
    "identity",
    [
        b"0197f0c2-7b1e-7c3a-9d55-0f6f3f1c9a11",
        b"req_011CSHoEeqs5C35K2UUqR7Fy",
        b"task-1",
        b"risk-assessment-9",
    ],
)
def test_an_id_is_no_key(identity: bytes) -> None:
    """However long it is, and whatever letters it ends in."""
    assert not looks_like_a_key(identity)
