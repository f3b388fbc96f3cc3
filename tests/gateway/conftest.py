"""Fixtures of the gateway's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.configuration.loading import Configuration, load
from tests.gateway.reading import Load
from tests.upstream.replies import ordinary
from tests.upstream.server import Upstream


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Load the text as the configuration of an otherwise empty machine."""
    monkeypatch.chdir(tmp_path)

    def load_text(
        text: str = "", flags: dict[str, object] | None = None, **environment: str
    ) -> Configuration:
        path = tmp_path / "given.toml"
        path.write_text(text)
        return load(path, environment={"HOME": str(tmp_path), **environment}, flags=flags)

    return load_text


@pytest.fixture(scope="session")
def replay() -> Iterator[Upstream]:
    """A replay upstream that many tests share."""
    upstream = Upstream(ordinary)
    upstream.start()
    yield upstream
    upstream.stop()


@pytest.fixture
def alone() -> Iterator[Upstream]:
    """A replay upstream of one test's own, whose connections can be counted."""
    upstream = Upstream(ordinary)
    upstream.start()
    yield upstream
    upstream.stop()
