"""`[capabilities]`: what is understood, and what is refused."""

import pytest

from gateway.settings import Capabilities
from tests.gateway.reading import Load, problems

A = '[providers.a]\nlike = "openai"\nauth = "none"\n'


def test_what_a_model_can_do(read: Load) -> None:
    """All of it reaches the settings; what is not said is not known."""
    text = (
        f'{A}[capabilities."a/x-*"]\ncontext = 8192\noutput = 1024\ntools = true\nvision = false\n'
        'pdf = false\nthinking = false\nstructured = true\n[capabilities."*/y"]\ntools = false\n'
    )
    assert read(text).settings.capabilities == {
        "a/x-*": Capabilities(
            context=8192, output=1024, tools=True, vision=False, pdf=False, thinking=False, structured=True
        ),
        "*/y": Capabilities(tools=False),
    }


@pytest.mark.parametrize(
    ("text", "path", "said"),
    [
        ('"a" = { tools = true }', "capabilities.a", 'names no model; say "provider/model"'),
        ('"b/x" = { tools = true }', 'capabilities."b/x"', "no such provider is configured"),
        ('"a/x" = { context = 0 }', 'capabilities."a/x".context', "must be 1 or more"),
        ('"a/x" = { output = -5 }', 'capabilities."a/x".output', "must be 1 or more"),
        ('"a/x" = { visoin = true }', 'capabilities."a/x".visoin', "did you mean vision?"),
    ],
)
def test_what_cannot_be_meant_is_refused(read: Load, text: str, path: str, said: str) -> None:
    """With its place, and what mends it."""
    assert said in problems(read, f"{A}[capabilities]\n{text}")[path]
