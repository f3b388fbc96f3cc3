"""How much memory the workers may have: how it is said, and what is refused."""

import pytest

from tests.gateway.reading import Load, problems


@pytest.mark.parametrize(
    ("said", "memory"),
    [
        ("", None),
        ("memory = 0", 0),
        ('memory = "0"', 0),
        ('memory = "2GB"', 2 * 10**9),
        ("memory = 67108864", 2**26),
    ],
)
def test_what_is_said_reaches_the_settings(read: Load, said: str, memory: int | None) -> None:
    """A size, or 0 for any; without one it is the container's."""
    assert read(f"[server]\n{said}").settings.server.memory == memory


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ('memory = "1MB"', "64MiB or more for each worker"),
        ('workers = 3\nmemory = "128MiB"', "too little"),
        ('memory = "much"', "a size such as"),
        ("memory = -1", "at least one byte"),
    ],
)
def test_mistakes_are_told_with_their_place(read: Load, said: str, words: str) -> None:
    """With what to say instead."""
    assert words in problems(read, f"[server]\n{said}")["server.memory"]
