"""References inside strings: what they are replaced by, and what is said when they lead nowhere."""

from pathlib import Path

import pytest

from tests.gateway.reading import PLANTED, Load, problems, provider


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("${NAME}", "value"),
        ("a-${NAME}-b", "a-value-b"),
        ("${EMPTY:-default}", "default"),
        ("${NOWHERE:-}", ""),
        ("${NAME:-default}", "value"),
        ("${file:secret.txt}", "from-a-file"),
        ("$${NAME}", "${NAME}"),
        ("$NAME", "$NAME"),
    ],
)
def test_references_are_followed(read: Load, tmp_path: Path, value: str, expected: str) -> None:
    """A variable, a default and a file can stand anywhere in a string."""
    (tmp_path / "secret.txt").write_text("from-a-file\n")
    text = f'[providers.demo]\nheaders = {{ x = "{value}" }}'
    assert provider(read(text, NAME="value", EMPTY=""), "demo").headers == {"x": expected}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("${NOWHERE}", "set NOWHERE"),
        ("${file:nowhere.txt}", "No such file"),
        ("${file:folder}", "cannot be read"),
        ("${file:binary}", "it is not text"),
        ("${file:large}", "too large"),
        ("${NAME", "never closed"),
        ("${NA ME}", "must be ${VAR}"),
        ("${NOWHERE:-${NAME}}", "cannot stand inside"),
    ],
)
def test_a_reference_that_leads_nowhere_names_who_wanted_it(
    read: Load, tmp_path: Path, value: str, said: str
) -> None:
    """A missing variable or file is a problem at the key that refers to it."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "large").write_text(PLANTED * 10_000)
    wrong = problems(read, f'[providers.openai]\napi_key = "{value}"', NAME=PLANTED)
    assert list(wrong) == ["providers.openai.api_key"]
    assert said in wrong["providers.openai.api_key"]
