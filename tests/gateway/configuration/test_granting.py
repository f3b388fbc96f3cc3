"""What a key of the configuration is for."""

import pytest

from gateway.caller import configured, scope_of_all
from gateway.roles import ROLES, Permission
from tests.gateway.reading import Load, problems

KEY = f'sha256 = "{"ab" * 32}"'


def test_what_a_key_is_for_is_read(read: Load) -> None:
    """Role, models and providers of a key come to whoever carries it."""
    text = f'[keys.ann]\n{KEY}\nrole = "service"\nmodels = ["demo", "claude-*"]\nproviders = ["de*"]\n'
    settings = read(text).settings
    caller = configured(settings.keys[0], scope_of_all(settings))
    assert (caller.role, caller.permissions) == ("service", ROLES["service"])
    assert caller.allowed is not None
    assert caller.allowed.serves("claude-5", "claude-5", "demo", "claude-5")
    assert not caller.allowed.serves("claude-5", "claude-5", "anthropic", "claude-5")


def test_a_key_without_a_role(read: Load) -> None:
    """It calls, and may look at the metrics; nothing is looked at for it on the path."""
    settings = read(f"[keys.ann]\n{KEY}\n").settings
    caller = configured(settings.keys[0], scope_of_all(settings))
    assert caller.permissions == ROLES["member"] | Permission.OBSERVE
    assert caller.allowed is None


@pytest.mark.parametrize(
    ("line", "path", "words"),
    [
        ("models = []", "keys.ann.models", "leave it out"),
        ('models = ["claude-*", ""]', "keys.ann.models", "empty"),
        ("providers = []", "keys.ann.providers", "leave it out"),
        ('providers = ["dmeo"]', "keys.ann.providers.0", "demo"),
        ('role = "amdin"', "keys.ann.role", "admin"),
    ],
)
def test_what_lets_nobody_in_is_refused(read: Load, line: str, path: str, words: str) -> None:
    """A name that is spelled wrong is told with the nearest there is, at its place."""
    found = problems(read, f"[keys.ann]\n{KEY}\n{line}\n[providers.demo]\n")
    assert list(found) == [path]
    assert words in found[path]
