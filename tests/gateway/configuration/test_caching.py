"""`[cache]`: what is said for all, for models and for keys, and what is refused."""

import pytest

from gateway.configuration.problems import ConfigurationError
from gateway.replies_rules import caching_for
from gateway.settings import CacheSettings, Caching
from tests.gateway.reading import Load

KEYS = f'[keys.ci]\nsha256 = "{"ab" * 32}"\n'


def test_nothing_is_cached_by_default(read: Load) -> None:
    """Without a word about it nothing is cached, shared or waited for."""
    settings = read().settings
    assert settings.cache == CacheSettings()
    assert settings.cache.off
    assert settings.failure.reconnect == 0


@pytest.mark.parametrize(
    "text",
    [
        '[cache]\nresponses = "read"',
        "[cache]\ncoalesce = true",
        '[cache.models.smart]\nresponses = "on"',
        "[cache.keys.ci]\ncoalesce = true",
    ],
)
def test_a_word_for_one_is_enough(read: Load, text: str) -> None:
    """What is cached or shared for anybody makes the house keep replies."""
    assert not read(f"{KEYS}{text}\n").settings.cache.off


ALL = """
[cache]
responses = "on"
ttl = "1m"
max_entries = 5
max_bytes = "1MiB"
[cache.models]
"*" = { force = true }
"gpt-*" = { ttl = "1h" }
"gpt-5*" = { responses = "read" }
"gpt-5.1" = { coalesce = true }
[cache.keys.ci]
responses = "off"
ttl = 5
"""


@pytest.mark.parametrize(
    ("caller", "model", "expected"),
    [
        ("local", "claude", Caching(responses="on", ttl=60, force=True)),
        ("local", "gpt-4", Caching(responses="on", ttl=3600)),
        ("local", "gpt-5", Caching(responses="read", ttl=60)),
        ("local", "gpt-5.1", Caching(responses="on", ttl=60, coalesce=True)),
        ("ci", "gpt-5.1", Caching(responses="off", ttl=5, coalesce=True)),
    ],
)
def test_the_most_particular_word_counts(read: Load, caller: str, model: str, expected: Caching) -> None:
    """The key before the model, an exact name before the longest glob; what is not said is as for all."""
    settings = read(KEYS + ALL).settings.cache
    assert (settings.max_entries, settings.max_bytes) == (5, 1024 * 1024)
    assert caching_for(settings, caller, model) == expected


def test_how_long_a_call_waits_for_its_client(read: Load) -> None:
    """`failure.reconnect` is a duration."""
    assert read('[failure]\nreconnect = "20s"\n').settings.failure.reconnect == 20


@pytest.mark.parametrize(
    ("text", "path", "words"),
    [
        ('[cache]\nresponses = "yes"', "cache.responses", "off"),
        ("[cache]\nttl = 0", "cache.ttl", "kept for no time"),
        ('[cache]\nttl = "soon"', "cache.ttl", "a duration"),
        ("[cache]\nmax_entries = 0", "cache.max_entries", "1 or more"),
        ('[cache]\nmax_bytes = "much"', "cache.max_bytes", "a size"),
        ("[cache.models.smart]\nttl = 0", "cache.models.smart.ttl", "kept for no time"),
        ("[cache.keys.cj]\nforce = true", "cache.keys.cj", "there is no such key"),
        ('[failure]\nreconnect = "-1s"', "failure.reconnect", "duration"),
    ],
)
def test_what_cannot_be_is_refused(read: Load, text: str, path: str, words: str) -> None:
    """Each mistake is told with its place in the file, and in words that help."""
    with pytest.raises(ConfigurationError) as caught:
        read(f"{KEYS}{text}\n")
    (problem,) = caught.value.problems
    assert problem.path.endswith(path)
    assert words in f"{problem.problem} {problem.remedy}"


def test_a_key_that_is_nearly_right_is_named(read: Load) -> None:
    """A caller's key that is spelled wrong gets the nearest that exists."""
    with pytest.raises(ConfigurationError, match="ci"):
        read(f"{KEYS}[cache.keys.cii]\nforce = true\n")
