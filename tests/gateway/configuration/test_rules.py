"""`[[rules]]`, `[scenarios]` and `[profiles]`: what is understood, and what is refused at start."""

import pytest

from gateway.settings import Rule, Scenarios, When, leads_of
from tests.gateway.reading import Load, problems

TWO = '[providers.a]\nlike = "openai"\nauth = "none"\n[providers.b]\nlike = "openai"\nauth = "none"\n'
NAMES = '[models]\nfast = "a/x"\nsmart = ["a/x", "b/y"]\n'


def ruled(*rules: str) -> str:
    """A configuration with these rules: `when`, or `when -> use`."""
    parts = [rule.partition(" -> ") for rule in rules]
    return f"{TWO}{NAMES}" + "".join(
        f"[[rules]]\nwhen = {{ {when} }}\nuse = {use or chr(34) + 'fast' + chr(34)}\n"
        for when, _, use in parts
    )


def test_every_condition_reaches_the_settings(read: Load) -> None:
    """Names of fields in small letters, times in minutes, days by their number."""
    text = ruled(
        'scenario = "thinking", model = "claude-*", dialect = "openai-chat", tokens_over = 5, '
        "tokens_under = 9, tools = true, images = false, thinking = true, stream = false, "
        'web_search = true, headers = { X-Team = "core-*" }, key = "ci-*", agent = "review*", '
        'time = "22:00-06:30", days = ["sat", "sun"]',
        'model = ["gpt-*", "o3"] -> { targets = ["a/x", "b"] }',
        ' -> ["smart", "b/z"]',
    )
    first, second, last = read(text).settings.routing.rules
    assert first == Rule(
        When(
            scenario="thinking",
            model=("claude-*",),
            dialect="openai-chat",
            tokens_over=5,
            tokens_under=9,
            tools=True,
            images=False,
            thinking=True,
            stream=False,
            web_search=True,
            headers={"x-team": "core-*"},
            key="ci-*",
            agent="review*",
            time=(1320, 390),
            days=(5, 6),
        ),
        "a/x",
        "rules.0",
    )
    assert second.when == When(model=("gpt-*", "o3"))
    assert leads_of(second.lead) == ("a/x", "b")
    assert last.when == When()
    assert leads_of(last.lead) == ("a/x", "b/y", "b/z")


def test_scenarios_have_defaults(read: Load) -> None:
    """What is long and what is small can be said otherwise."""
    assert read(TWO).settings.routing.scenarios == Scenarios()
    text = '[scenarios]\nlong_context_tokens = 0\nbackground_models = ["tiny"]'
    assert read(text).settings.routing.scenarios == Scenarios(
        long_context_tokens=0, background_models=("tiny",)
    )


@pytest.mark.parametrize(
    ("rule", "path", "complaint"),
    [
        ('scenaro = "image"', "rules.0.when.scenaro", "did you mean scenario?"),
        ('scenario = "images"', "rules.0.when.scenario", "image"),
        ('dialect = "openai-chats"', "rules.0.when.dialect", "did you mean openai-chat?"),
        ('time = "22-6"', "rules.0.when.time", 'say it as "22:00-06:00"'),
        ('time = "24:00-06:00"', "rules.0.when.time", "is no part of a day"),
        ('days = ["saturday"]', "rules.0.when.days.0", "sat"),
        ('stream = true -> "fsat"', "rules.0.use", "did you mean fast"),
        ('stream = true -> "nobody/x"', "rules.0.use", "no such provider is configured"),
        ("stream = true -> []", "rules.0.use", "leads nowhere"),
        ("tokens_over = 10, tokens_under = 11", "rules.0", "no input has over 10 and under 11 tokens"),
        ("tokens_under = 0", "rules.0", "no input has under 0 tokens"),
        ('scenario = "image", images = false', "rules.0", 'the scenario "image" and images = false'),
        ('scenario = "thinking", thinking = false', "rules.0", "thinking = false"),
        ('scenario = "web_search", web_search = false', "rules.0", "web_search = false"),
        ('scenario = "long_context", tokens_under = 60001', "rules.0", "no context is long"),
        ('time = "09:00-09:00"', "rules.0", "the time ends as it begins"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(read: Load, rule: str, path: str, complaint: str) -> None:
    """With its place and what mends it, and once."""
    wrong = problems(read, ruled(rule))
    assert list(wrong) == [path]
    assert complaint in wrong[path]


def test_a_context_that_is_never_long_is_no_condition(read: Load) -> None:
    """With a threshold of 0 the scenario is off."""
    text = ruled('scenario = "long_context"') + "[scenarios]\nlong_context_tokens = 0"
    assert "no context is ever long" in problems(read, text)["rules.0"]
    wrong = problems(read, "[scenarios]\nlong_context_tokens = -1")
    assert "expected 0 or more" in wrong["scenarios.long_context_tokens"]


@pytest.mark.parametrize(
    ("first", "later"),
    [
        ("", 'scenario = "image"'),
        ("", ""),
        ("stream = true", "stream = true, tools = true"),
        ('model = "claude-*"', 'model = "claude-opus-*"'),
        ('model = ["a*", "b*"]', 'model = ["b1", "a2"]'),
        ("tokens_over = 10", "tokens_over = 20"),
        ("tokens_under = 20", "tokens_under = 10"),
        ('headers = { a = "*" }', 'headers = { A = "x", b = "y" }'),
        ('key = "ci-*"', 'key = "ci-main"'),
        ('agent = "*"', 'agent = "review*"'),
        ('days = ["sat", "sun"]', 'days = ["sun"]'),
        ('time = "22:00-06:00"', 'time = "23:00-01:00"'),
        ('scenario = "image"', 'scenario = "image", key = "x"'),
    ],
)
def test_a_rule_behind_one_that_takes_all_it_would_is_refused(read: Load, first: str, later: str) -> None:
    """The one before is named, and what to do."""
    wrong = problems(read, ruled(first, later))
    assert wrong["rules.1"].startswith("can never match: rules.0 takes all it would; put it before that one")


@pytest.mark.parametrize(
    ("first", "later"),
    [
        ("stream = true", "stream = false"),
        ("stream = true", "tools = true"),
        ('model = "claude-opus-*"', 'model = "claude-*"'),
        ('model = "claude-?"', 'model = "claude-*"'),
        ('model = ["a*"]', 'model = ["a1", "b1"]'),
        ("tokens_over = 20", "tokens_over = 10"),
        ('headers = { a = "x" }', 'headers = { b = "x" }'),
        ('days = ["sun"]', 'days = ["sat", "sun"]'),
        ('time = "23:00-01:00"', 'time = "22:00-06:00"'),
        ('scenario = "image"', ""),
    ],
)
def test_a_rule_that_still_has_something_to_take_stays(read: Load, first: str, later: str) -> None:
    """Only what is plain to see is refused."""
    assert len(read(ruled(first, later)).settings.routing.rules) == 2


PROFILES = f"""{TWO}{NAMES}best = "fast"
[[rules]]
when = {{ stream = true }}
use = "best"
[profiles.work]
models = {{ fast = "b/own" }}
[profiles.play]
rules = [{{ use = "smart" }}]
"""


def test_a_profile_has_what_it_does_not_say_from_the_main_tables(read: Load) -> None:
    """Names one by one, and rules as one list; a name of the main table leads along the profile's own."""
    routing = read(PROFILES).settings.routing
    work, play = routing.profiles["work"], routing.profiles["play"]
    assert work.models["fast"] == work.models["best"] == "b/own"
    assert leads_of(work.models["smart"]) == ("a/x", "b/y")
    assert [(rule.where, rule.lead) for rule in work.rules] == [("rules.0", "b/own")]
    assert [rule.where for rule in play.rules] == ["profiles.play.rules.0"]
    assert play.models["best"] == "a/x"


def test_what_is_wrong_in_a_profile_has_its_place(read: Load) -> None:
    """A name that no URL can have, a target that is not there; what the main table got wrong is told once."""
    text = (
        f'{TWO}[models]\nx = "nowhere/x"\n[profiles."a b"]\n[profiles.p]\nmodels = {{ y = "nowhere/y" }}\n'
        '[[profiles.p.rules]]\nuse = "z"\n'
    )
    wrong = problems(read, text)
    assert set(wrong) == {"models.x", 'profiles."a b"', "profiles.p.models.y", "profiles.p.rules.0.use"}
