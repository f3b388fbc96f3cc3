"""`[models]` with several targets, and `[failure]`: what is understood, and what is refused."""

import pytest

from gateway.settings import FailureSettings, Recourse, Route, Share, Tier, leads_of
from tests.gateway.reading import Load, problems

TWO = '[providers.a]\nlike = "openai"\nauth = "none"\n[providers.b]\nlike = "openai"\nauth = "none"\n'


def test_a_list_is_tiers(read: Load) -> None:
    """Targets in order, each a tier of its own."""
    models = read(f'{TWO}[models]\nsmart = ["a/x", "b"]').settings.models
    assert models["smart"] == Route((Tier((Share("a/x"),)), Tier((Share("b"),))))
    assert leads_of(models["smart"]) == ("a/x", "b")


def test_a_group_has_weights(read: Load) -> None:
    """A weight where one is given, 1 where none is, and a bare name is enough."""
    text = f'{TWO}[models.cheap]\ntargets = [{{ to = "a/x", weight = 3 }}, {{ to = "b/y" }}, "b/z"]'
    models = read(text).settings.models
    assert models["cheap"] == Route((Tier((Share("a/x", 3), Share("b/y"), Share("b/z"))),))


def test_a_group_in_turn(read: Load) -> None:
    """The strategy reaches the settings."""
    text = f'{TWO}[models.even]\nstrategy = "round_robin"\ntargets = ["a/x", "b/y"]'
    assert read(text).settings.models["even"] == Route((Tier((Share("a/x"), Share("b/y")), "round_robin"),))


def test_a_list_may_hold_a_group(read: Load) -> None:
    """A tier of several, and one behind it."""
    text = f'{TWO}[models]\nmixed = [{{ targets = ["a/x", "a/y"] }}, "b"]'
    assert read(text).settings.models["mixed"] == Route(
        (Tier((Share("a/x"), Share("a/y"))), Tier((Share("b"),)))
    )


def test_a_group_in_order(read: Load) -> None:
    """Its targets are tiers, as those of a list; so are those of a group within a list."""
    text = f'{TWO}[models.m]\nstrategy = "in_order"\ntargets = ["a/x", "b/y"]\n'
    assert read(text).settings.models["m"] == Route((Tier((Share("a/x"),)), Tier((Share("b/y"),))))
    text = f'{TWO}[models]\nm = ["b", {{ strategy = "in_order", targets = ["a/x", "b/y"] }}]'
    assert leads_of(read(text).settings.models["m"]) == ("b", "a/x", "b/y")


def test_a_group_that_is_raced(read: Load) -> None:
    """The delay reaches every target of the name."""
    text = f'{TWO}[models.m]\nstrategy = "in_order"\ntargets = ["a/x", "b/y"]\nhedge = "1500ms"\n'
    models = read(text).settings.models
    hedged = Recourse(hedge=1.5)
    assert models["m"] == Route(
        (Tier((Share("a/x"),), recourse=hedged), Tier((Share("b/y"),), recourse=hedged))
    )


def test_where_a_request_goes_beyond_its_targets(read: Load) -> None:
    """To a name, or to a target; the one that is not said is none."""
    text = f'{TWO}[models.m]\ntargets = ["a/x"]\ntoo_long = "long"\n'
    text += '[models.long]\ntargets = ["b/y"]\nrefused = "a/z"\n'
    models = read(text).settings.models
    assert models["m"] == Route((Tier((Share("a/x"),), recourse=Recourse(too_long="long")),))
    assert models["long"] == Route((Tier((Share("b/y"),), recourse=Recourse(refused="a/z")),))


def test_the_environment_can_say_it(read: Load) -> None:
    """A list is written as in TOML; a single target needs no quotes."""
    settings = read(TWO, PENSTOCK_MODELS__SMART='["a/x", "b"]', PENSTOCK_MODELS__FAST="a/x").settings
    assert leads_of(settings.models["smart"]) == ("a/x", "b")
    assert settings.models["fast"] == "a/x"


@pytest.mark.parametrize(
    ("text", "path", "said"),
    [
        ("m = []", "models.m", 'the list is empty; say "provider/model"'),
        ("m = { targets = [] }", "models.m.targets", 'the list is empty; say "provider/model"'),
        ("m = {}", "models.m.targets", "must be said"),
        (
            'm = { targets = ["a"], strategy = "random" }',
            "models.m.strategy",
            '"round_robin" or "weighted"',
        ),
        ('m = { targets = ["a"], strategy = "weihgted" }', "models.m.strategy", "did you mean weighted?"),
        ('m = ["a/x", "aa/x"]', "models.m.1", 'leads to "aa", and no such provider is configured'),
        ('m = ["a/x", "b/"]', "models.m.1", "names no model behind the /"),
        ('m = ["a/x", "a/x"]', "models.m.1", "is the same target twice in a row; leave one of them out"),
        ('m = { targets = ["a/x", "b/y", "a/x"] }', "models.m.targets.2", "is in this group already"),
        ('m = { targets = [{ to = "c" }] }', "models.m.targets.0.to", "no such provider is configured"),
        ("m = { targets = [{ weight = 1 }] }", "models.m.targets.0.to", "must be said"),
        ('m = { targets = [{ to = "a", weight = 0 }] }', "models.m.targets.0.weight", "must be 1 or more"),
        ('m = { targets = [{ to = "a", weight = -3 }] }', "models.m.targets.0.weight", "must be 1 or more"),
        (
            'm = { targets = [{ to = "a", weight = 0.5 }] }',
            "models.m.targets.0.weight",
            "a whole number, got",
        ),
        ('m = { targets = [{ to = "a", wieght = 1 }] }', "models.m.targets.0.wieght", "did you mean weight?"),
        (
            'm = { strategy = "round_robin", targets = [{ to = "a", weight = 2 }] }',
            "models.m.targets.0.weight",
            "means nothing with round_robin",
        ),
        ('m = { targets = ["a"], too_long = "c/z" }', "models.m.too_long", "no such provider is configured"),
        ('m = { targets = ["a"], refused = "m" }', "models.m.refused", "leads back to itself"),
        ('m = ["b", { targets = ["a"], refused = "b" }]', "models.m.1.refused", "belongs to a name"),
        (
            'm = { strategy = "in_order", targets = ["a", "a"] }',
            "models.m.targets.1",
            "is in this group already",
        ),
        ('m = { targets = ["a"], hedge = "2s" }', "models.m.hedge", "means nothing with one target"),
        ('m = { targets = ["a", "b"], hedge = 0 }', "models.m.hedge", "would ask two targets every time"),
        ('m = { targets = ["a", "b"], hedge = "soon" }', "models.m.hedge", "expected a duration"),
        ("m = [1]", "models.m.0", "expected a string or a table, got a whole number"),
    ],
)
def test_what_cannot_be_meant_is_refused(read: Load, text: str, path: str, said: str) -> None:
    """With its place, what is wrong, and where there is one, what mends it."""
    assert said in problems(read, f"{TWO}[models]\n{text}")[path]


def test_a_target_may_come_again_later(read: Load) -> None:
    """Only twice in a row is senseless."""
    assert leads_of(read(f'{TWO}[models]\nm = ["a/x", "b/y", "a/x"]').settings.models["m"])[2] == "a/x"


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        ("tries = 7", "tries", 7),
        ("tries_per_target = 1", "tries_per_target", 1),
        ('pause = "1s"', "pause", 1.0),
        ("pause = 0", "pause", 0.0),
        ('deadline = "5m"', "deadline", 300.0),
        ('rest = "250ms"', "rest", 0.25),
    ],
)
def test_a_failure_option_reaches_the_settings(read: Load, line: str, field: str, value: object) -> None:
    """Every option of [failure] changes what is done when a try fails."""
    assert getattr(read(f"[failure]\n{line}").settings.failure, field) == value


def test_the_defaults_of_failure_are_the_settings_own(read: Load) -> None:
    """The file's defaults and those of the settings are the same."""
    assert read().settings.failure == FailureSettings()


@pytest.mark.parametrize(
    ("line", "path", "said"),
    [
        ("tries = 0", "failure.tries", "from 1 to 100"),
        ("tries_per_target = 101", "failure.tries_per_target", "from 1 to 100"),
        ('pause = "soon"', "failure.pause", "expected a duration"),
        ("rest = -1", "failure.rest", "negative"),
    ],
)
def test_a_wrong_failure_option_is_named(read: Load, line: str, path: str, said: str) -> None:
    """A number or a duration that cannot be meant is a problem with its place."""
    assert said in problems(read, f"[failure]\n{line}")[path]


def test_time_limits_of_a_model(read: Load) -> None:
    """What is said overrides the provider's, in seconds; a connection is no model's."""
    text = '[models.m]\ntargets = ["demo"]\ntimeouts = { idle = "5s", whole = 7 }'
    assert read(text).settings.models["m"] == Route(
        (Tier((Share("demo"),), timeouts={"idle": 5.0, "whole": 7.0}),)
    )
    for said, words in (
        ('connect = "1s"', "unknown key"),
        ('idle = "soon"', "duration"),
        ("idle = 0", "more than nothing"),
    ):
        wrong = problems(read, f'[models.m]\ntargets = ["demo"]\ntimeouts = {{ {said} }}')
        assert words in wrong[f"models.m.timeouts.{said.partition(' ')[0]}"]


@pytest.mark.parametrize("strategy", ["least_busy", "fastest", "cheapest"])
def test_strategies_without_weights(read: Load, strategy: str) -> None:
    """They reach the settings, and a weight means nothing with them."""
    text = f'[models.m]\nstrategy = "{strategy}"\ntargets = ["demo/a", "demo/b"]'
    assert read(text).settings.models["m"] == Route((Tier((Share("demo/a"), Share("demo/b")), strategy),))  # type: ignore[arg-type]
    wrong = problems(read, text.replace('"demo/b"', '{ to = "demo/b", weight = 2 }'))
    assert f"means nothing with {strategy}" in wrong["models.m.targets.1.weight"]


def test_affinity_may_be_turned_off(read: Load) -> None:
    """For a group, and for tiers that are one name; it is on where nothing is said."""
    text = '[models.m]\ntargets = ["demo/a", "demo/b"]\n'
    assert read(text).settings.models["m"] == Route(
        (Tier((Share("demo/a"), Share("demo/b")), affinity=True),)
    )
    off = read(text + 'strategy = "in_order"\naffinity = false').settings.models["m"]
    assert off == Route(tuple(Tier((Share(to),), affinity=False) for to in ("demo/a", "demo/b")))


def test_the_price_of_leaving_reaches_the_settings(read: Load) -> None:
    """Dollars become whole millionths, durations seconds."""
    text = 'leaving = "never"\nwait_at_most = "5s"\npatience = "0.02"\nworth_waiting_tokens = 9'
    found = read("[failure]\n" + text).settings.failure
    assert (found.leaving, found.wait_at_most, found.patience) == ("never", 5.0, 20_000)
    assert found.worth_waiting_tokens == 9
    for said, words in (("patience = -1", "dollars"), ("worth_waiting_tokens = 0", "1 or more")):
        name = said.partition(" ")[0]
        assert words in problems(read, f"[failure]\n{said}")[f"failure.{name}"]


def test_a_name_may_lead_to_another_name(read: Load) -> None:
    """Alone, in a list, in a group and through several; what is found at its end is what it leads to."""
    models = read(
        f"{TWO}[models]\n"
        'slow = "smart"\nsmart = ["fast", "b/z"]\nfast = "quick"\nquick = "a/x"\nsame = "fast"\n'
        '[models.group]\ntargets = [{ to = "fast", weight = 2 }, "b"]\n'
    ).settings.models
    assert models["same"] == models["fast"] == "a/x"
    assert leads_of(models["slow"]) == leads_of(models["smart"]) == ("a/x", "b/z")
    assert models["group"] == Route((Tier((Share("a/x", 2), Share("b"))),))


def test_a_provider_comes_before_a_name(read: Load) -> None:
    """A name that is a provider's, too, leads to the provider: `a = "a"` is no ring."""
    assert read(f'{TWO}[models]\na = "b/x"\nm = "a"\nb = "b"').settings.models == {
        "a": "b/x",
        "m": "a",
        "b": "b",
    }


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        ('smart = "fast"\nfast = "smart"', "leads in a ring: smart -> fast -> smart"),
        ('x = "x"', "leads in a ring: x -> x"),
        ('start = "one"\none = ["two", "a/x"]\ntwo = "three"\nthree = "one"', "one -> two -> three -> one"),
        ('g = { targets = ["h"] }\nh = "g"', "leads in a ring: g -> h -> g"),
        ('m = "fsat"\nfast = "a/x"', "did you mean fast?"),
        ('"re:gpt-(" = "a/x"', "is not a regular expression"),
        ('g = { targets = ["m", "a/x"] }\nm = ["a/y", "b/y"]', '"m" is several targets'),
    ],
)
def test_names_that_lead_nowhere_are_refused(read: Load, lines: str, complaint: str) -> None:
    """A ring is named whole; each mistake is told once, with its place and a remedy."""
    ((path, problem),) = problems(read, f"{TWO}[models]\n{lines}").items()
    assert complaint in problem
    assert path.startswith("models.")


def test_a_long_way_is_a_mistake(read: Load) -> None:
    """Names that name each other without end are told, and do not end the reading."""
    lines = "\n".join(f'n{number} = "n{number + 1}"' for number in range(3000))
    found = problems(read, f'{TWO}[models]\n{lines}\nn3000 = "a/x"')
    assert any("leads through more than 32 names" in problem for problem in found.values())


def test_whether_clients_may_name_providers(read: Load) -> None:
    """They may, unless it is said that they may not."""
    assert read(TWO).settings.routing.by_provider
    assert not read(f"{TWO}[routing]\nby_provider = false").settings.routing.by_provider
