"""Several keys of one provider, and how many requests at once: how they are said, and what is refused."""

import pytest

from tests.gateway.reading import PLANTED, Load, problems, provider

BOX = '[providers.box]\ndialect = "openai-chat"\nbase_url = "http://127.0.0.1:1"\n'


def test_several_keys_reach_the_settings(read: Load) -> None:
    """All of them in order; the first stands where one alone would."""
    box = provider(read(BOX + 'api_keys = ["${A}", "${B:-two}"]', A="one"), "box")
    assert (box.credential, box.api_key, box.api_keys) == ("key", "one", ("one", "two"))
    assert box.key_source == "$A, $B"
    assert "one" not in repr(box)


def test_one_key_in_a_list_is_one_key(read: Load) -> None:
    """A list of one is no pool."""
    box = provider(read(BOX + 'api_keys = ["one"]'), "box")
    assert (box.api_key, box.api_keys) == ("one", ())


def test_the_environment_may_give_them(read: Load) -> None:
    """As every array, spelled as TOML."""
    box = provider(read(BOX, PENSTOCK_PROVIDERS__BOX__API_KEYS='["one", "two"]'), "box")
    assert box.api_keys == ("one", "two")


@pytest.mark.parametrize(
    ("text", "where", "said"),
    [
        ("api_keys = []", ".api_keys", "empty"),
        ('api_keys = ["a", ""]', ".api_keys.1", "empty"),
        (f'api_keys = ["{PLANTED}", "{PLANTED}"]', ".api_keys.1", "same key"),
        (f'api_keys = ["a", "{PLANTED} "]', ".api_keys.1", "no spaces"),
        (f'api_key = "a"\napi_keys = ["b", "{PLANTED}"]', ".api_keys", "leave one of the two out"),
        (f'api_keys = ["b", "{PLANTED}"]\nauth = "none"', ".api_keys", "never be used"),
        ('api_keys = ["${NOWHERE}", "a"]', ".api_keys.0", "NOWHERE"),
    ],
)
def test_mistakes_are_told_with_their_place(read: Load, text: str, where: str, said: str) -> None:
    """None of them shows a key."""
    assert said in problems(read, BOX + text)["providers.box" + where]


def test_how_long_a_refused_key_rests(read: Load) -> None:
    """A duration, five minutes by default."""
    assert read().settings.failure.credential_rest == 300.0
    assert read('[failure]\ncredential_rest = "10s"').settings.failure.credential_rest == 10.0
    assert "duration" in problems(read, '[failure]\ncredential_rest = "soon"')["failure.credential_rest"]


def test_how_many_at_once(read: Load) -> None:
    """Any number by default, else one or more; what is said reaches the settings."""
    assert provider(read(BOX), "box").concurrency == 0
    assert provider(read(BOX + "concurrency = 8"), "box").concurrency == 8
    assert "1 or more" in problems(read, BOX + "concurrency = 0")["providers.box.concurrency"]
    assert read('[failure]\nqueue = "2s"').settings.failure.queue == 2.0
    assert read("[server]\nmax_inside = 7").settings.server.max_inside == 7
    assert "1 or more" in problems(read, "[server]\nmax_inside = 0")["server.max_inside"]


def test_marks_of_prompt_caches_are_for_who_has_them(read: Load) -> None:
    """Off by default; a provider that speaks no such API cannot have them."""
    text = '[providers.anthropic]\napi_key = "k"\n'
    assert not provider(read(text), "anthropic").cache_breakpoints
    assert provider(read(text + "cache_breakpoints = true"), "anthropic").cache_breakpoints
    wrong = problems(read, BOX + "cache_breakpoints = true")
    assert "speaks no anthropic-messages" in wrong["providers.box.cache_breakpoints"]
