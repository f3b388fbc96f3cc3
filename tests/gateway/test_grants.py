"""What is granted: read strictly, and held against what is asked for and what would serve."""

import pytest

from gateway.grants import Allowed, Grants, Ungrantable, allowed_by, grants_of, settings_of
from gateway.settings import Budget, LimitSettings

FULL = Grants(
    models=("claude-*", "fast"),
    providers=("anthropic",),
    limits=LimitSettings(requests_per_minute=60, concurrent=4),
    budgets=(Budget(25_000_000, "month"), Budget(1_000_000, "day", rolling=True)),
    overrides=True,
)


@pytest.mark.parametrize("grants", [Grants(), FULL])
def test_what_is_spelled_is_read_again(grants: Grants) -> None:
    """Grants survive the store, and what says nothing is spelled as nothing."""
    assert grants_of(settings_of(grants)) == grants
    assert settings_of(Grants()) == "{}"


@pytest.mark.parametrize(
    ("settings", "where"),
    [
        ('{"modles":["x"]}', "`modles`"),
        ('{"models":"claude-*"}', "$.models"),
        ('{"models":[""]}', "$.models[0]"),
        ('{"limits":{"requests_per_hour":1}}', "$.limits"),
        ('{"limits":{"concurrent":-1}}', "$.limits.concurrent"),
        ('{"limits":{"concurrent":1e400}}', "$.limits.concurrent"),
        ('{"limits":{"tokens_per_minute":9007199254740993}}', "$.limits.tokens_per_minute"),
        ('{"budgets":[{"window":"day"}]}', "$.budgets[0]"),
        ('{"budgets":[{"dollars":1.5,"window":"day"}]}', "$.budgets[0].dollars"),
        ('{"budgets":[{"dollars":-1,"window":"day"}]}', "$.budgets[0].dollars"),
        ('{"budgets":[{"dollars":1,"window":"year"}]}', "$.budgets[0].window"),
        ('{"budgets":[{"dollars":1,"window":"day"},{"dollars":2,"window":"day"}]}', "$.budgets[1]"),
        ("[]", "`object`"),
        ("{", "truncated"),
    ],
)
def test_what_is_not_understood_is_refused(settings: str, where: str) -> None:
    """A limit that is spelled wrong would not hold: it is refused, and named by its path."""
    with pytest.raises(Ungrantable) as caught:
        grants_of(settings)
    assert where in str(caught.value)


@pytest.mark.parametrize(
    ("globs", "model", "bare", "expected"),
    [
        (("claude-*",), "claude-opus-5", "claude-opus-5", True),
        (("claude-*",), "gpt-5.1", "gpt-5.1", False),
        (("gpt-*",), "box/gpt-5.1", "gpt-5.1", True),
        (("box/*",), "box/gpt-5.1", "gpt-5.1", True),
        (("fast",), "fast", "fast", True),
        (("fast",), "FAST", "FAST", False),
    ],
)
def test_what_may_be_asked_for(globs: tuple[str, ...], model: str, bare: str, expected: bool) -> None:
    """A glob fits the name as it is asked for, or without the provider before it; asked twice, the same."""
    allowed = Allowed((Grants(models=globs),))
    assert [allowed.asks(model, bare) for _ in range(2)] == [expected] * 2


@pytest.mark.parametrize(
    ("grants", "asked", "expected"),
    [
        (Grants(models=("fast",)), "fast", True),
        (Grants(models=("fas*",)), "fast", False),
        (Grants(models=("fas*", "llama-*")), "fast", True),
        (Grants(models=("fas*", "groq/*")), "fast", True),
        (Grants(models=("fas*",)), "fas*", False),
        (Grants(providers=("gr*",)), "fast", True),
        (Grants(models=("fast",), providers=("openai",)), "fast", False),
    ],
)
def test_who_may_serve(grants: Grants, asked: str, expected: bool) -> None:
    """What would serve must fit as well, unless the very name was granted; its provider must always."""
    assert Allowed((grants,)).serves(asked, asked, "groq", "llama-3.3") is expected


def test_every_level_must_allow() -> None:
    """What a team may not use its keys may not, and the other way round."""
    allowed = Allowed((Grants(models=("claude-*",)), Grants(models=("*-opus-*",))))
    asked = ("claude-opus-5", "claude-haiku-4-5", "gpt-opus-1")
    assert [allowed.asks(name, name) for name in asked] == [True, False, False]


def test_who_is_not_bound_has_nothing_to_ask() -> None:
    """Nothing is looked at for callers without globs; one whose role only looks may use nothing."""
    assert allowed_by((Grants(), Grants(overrides=True)), calls=True) is None
    viewer = allowed_by((), calls=False)
    assert viewer is not None
    assert (viewer.calls, viewer.unnamed) == (False, True)


def test_what_is_remembered_is_bounded() -> None:
    """A client that asks for ever other names fills no memory."""
    allowed = Allowed((Grants(models=("claude-*",)),))
    for number in range(2000):
        assert not allowed.asks(f"name-{number}", "")
    assert len(allowed._models) <= 256  # noqa: SLF001  # the bound itself is the fact
