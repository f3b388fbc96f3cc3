"""Every numbered case of what clients need has a test of its number."""

import re
from pathlib import Path

NUMBERS = range(1, 63)
HERE = Path(__file__).parent


def test_every_case_has_a_test() -> None:
    """A test whose name begins with `test_case_NN_` stands for each."""
    sources = "".join(path.read_text(encoding="utf-8") for path in HERE.glob("test_*.py"))
    found = {int(number) for number in re.findall(r"^def test_case_(\d\d)_", sources, re.MULTILINE)}
    missing = sorted(set(NUMBERS) - found)
    assert not missing, f"cases without a test: {missing}"
