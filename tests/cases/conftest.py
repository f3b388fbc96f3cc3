"""The processes the cases share: those of the tests of the path, and a stage with strict providers on it."""

from collections.abc import Iterator

import pytest

from tests.cases.stage import Cast, Stage, staged
from tests.path.conftest import Start, gateway, house, replay, restless
from tests.path.house import House
from tests.upstream.server import Upstream

__all__ = ["gateway", "house", "replay", "restless"]


@pytest.fixture(scope="session")
def stage(gateway: Start) -> Iterator[Stage]:
    """The stage of all cases."""
    cast = Cast()
    upstream = Upstream(cast)
    upstream.start()
    yield Stage(House(gateway(staged(upstream)), upstream), cast)
    upstream.stop()
