"""Which glob of many a name matches, and how few of them are tried for it."""

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as some

from gateway.routing_globs import Globs, ends_of

WORDS = some.text("ab*?[]-", max_size=6)


@pytest.mark.parametrize(
    ("glob", "ends"),
    [
        ("*", ("", "")),
        ("gpt-*", ("gpt-", "")),
        ("*-mini", ("", "-mini")),
        ("a*b?c", ("a", "c")),
        ("a[bc]d", ("a", "")),
        ("a[*]d*e", ("a", "")),
    ],
)
def test_the_ends_of_a_glob(glob: str, ends: tuple[str, str]) -> None:
    """What stands before its first mark and behind its last; behind brackets nothing is sure."""
    assert ends_of(glob) == ends


def test_the_longest_is_the_most_particular() -> None:
    """The order they are written in decides only between equals."""
    globs = Globs(["*", "gpt-*", "*-mini", "gpt-*-mini", "gpt-?"])
    assert globs.longest("gpt-5-mini") == "gpt-*-mini"
    assert globs.longest("gpt-5") == "gpt-*"
    assert globs.longest("o3-mini") == "*-mini"
    assert globs.longest("x") == "*"
    assert Globs(["gpt-*"]).longest("GPT-5") is None


@given(some.lists(WORDS.filter(lambda word: any(mark in word for mark in "*?[")), max_size=5), WORDS)
def test_the_index_finds_what_trying_each_would(globs: list[str], name: str) -> None:
    """For any globs and any name: the longest of those that match, the first written of equal ones."""
    matching = [glob for glob in globs if fnmatchcase(name, glob)]
    expected = max(matching, key=len, default=None)
    assert Globs(globs).longest(name) == expected


@pytest.mark.parametrize("form", ["model-{}-*", "*-model-{}", "a-{}-*-b-{}", "a-*-{}"])
def test_of_ten_thousand_globs_few_are_tried(form: str) -> None:
    """Wherever the words stand by which they differ."""
    globs = Globs([form.format(number, number) for number in range(10_000)])
    name = form.format(777, 777).replace("*", "x")
    assert len(globs.candidates(name)) <= 4
    assert globs.longest(name) == form.format(777, 777)
