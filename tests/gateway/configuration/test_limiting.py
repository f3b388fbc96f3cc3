"""Limits and budgets as they are written, and what is wrong with them."""

import pytest

from gateway.settings import Budget
from tests.gateway.reading import Load, problems

STORE = '[store]\npath = ":memory:"\n'
KEY = '[keys.ann]\nsecret = "0123456789abcdef"\n'


def test_budgets_are_whole_micro_dollars(read: Load) -> None:
    """Of all callers and of one; as many as there are kinds of windows."""
    text = (
        STORE
        + KEY
        + '[keys.ann.limits]\nbudgets = [{ dollars = 0.25, window = "hour", rolling = true }]\n'
        + '[limits]\nbudgets = [{ dollars = "10.50", window = "day" }, { dollars = 100, window = "month" }]\n'
    )
    found = read(text).settings
    assert found.budgets.everybody == (Budget(10_500_000, "day"), Budget(100_000_000, "month"))
    assert found.keys[0].budgets == (Budget(250_000, "hour", rolling=True),)


def test_the_webhook_is_shown_to_nobody(read: Load) -> None:
    """There may be a secret in it."""
    found = read('[budgets]\nwebhook = "https://chat.example/hooks/s3cret"').settings
    assert found.budgets.webhook == "https://chat.example/hooks/s3cret"
    assert "s3cret" not in repr(found)


@pytest.mark.parametrize(
    ("text", "path", "words"),
    [
        ('[limits]\nbudgets = [{ dollars = 1, window = "day" }]', "limits.budgets", "[store]"),
        (STORE + '[limits]\nbudgets = [{ dollars = 0, window = "day" }]', "limits.budgets.0.dollars", "key"),
        (
            STORE + '[limits]\nbudgets = [{ dollars = "x", window = "day" }]',
            "limits.budgets.0.dollars",
            "3.00",
        ),
        (
            STORE + '[limits]\nbudgets = [{ dollars = -1, window = "day" }]',
            "limits.budgets.0.dollars",
            "3.00",
        ),
        (
            STORE + '[limits]\nbudgets = [{ dollars = 1e12, window = "day" }]',
            "limits.budgets.0.dollars",
            "most",
        ),
        (
            STORE + '[limits]\nbudgets = [{ dollars = 1, window = "year" }]',
            "limits.budgets.0.window",
            '"week"',
        ),
        (STORE + "[limits]\nbudgets = [{ dollars = 1 }]", "limits.budgets.0.window", "must be said"),
        (
            STORE + '[limits]\nbudgets = [{ dollars = 1, window = "day" }, { dollars = 2, window = "day" }]',
            "limits.budgets.1.window",
            "before",
        ),
        (
            KEY + '[keys.ann.limits]\nbudgets = [{ dollars = 1, window = "day" }]',
            "keys.ann.limits.budgets",
            "[store]",
        ),
        ('[budgets]\nwebhook = "chat.example/s3cret"', "budgets.webhook", "scheme"),
        ('[budgets]\nwebhook = "ftp://chat.example/s3cret"', "budgets.webhook", "scheme"),
        ('[budgets]\nwebhook = "http://chat.example:x/s3cret"', "budgets.webhook", "scheme"),
        ('[budgets]\nwebhok = "https://chat.example"', "budgets.webhok", "webhook"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(read: Load, text: str, path: str, words: str) -> None:
    """And with what mends it; never with the secret in an address."""
    found = problems(read, text)
    assert path in found
    assert words in found[path]
    assert "s3cret" not in str(found)
