"""How the tests of the configuration read one, and look at what came of it."""

from collections.abc import Callable

import pytest

from gateway.configuration.loading import Configuration
from gateway.configuration.problems import ConfigurationError
from gateway.settings import ProviderSettings

Load = Callable[..., Configuration]
PLANTED = "sk-planted-0123456789abcdef"


def problems(read: Load, text: str, **environment: str) -> dict[str, str]:
    """What is wrong, by path; the planted secret is in none of it."""
    with pytest.raises(ConfigurationError) as caught:
        read(text, **environment)
    assert PLANTED not in str(caught.value)
    assert PLANTED not in repr(caught.value)
    return {each.path: f"{each.problem}; {each.remedy}" for each in caught.value.problems}


def provider(configuration: Configuration, name: str) -> ProviderSettings:
    """One provider of the settings, by name."""
    return next(each for each in configuration.settings.providers if each.name == name)
