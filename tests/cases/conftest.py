"""The processes the cases share: one replay upstream, and one gateway before it."""

from collections.abc import Iterator

import pytest

from tests.cases.stage import Cast, Stage, staged
from tests.path.conftest import Start, gateway
from tests.path.house import House
from tests.upstream.server import Upstream

__all__ = ["gateway"]


@pytest.fixture(scope="session")
def stage(gateway: Start) -> Iterator[Stage]:
    """The stage of all cases."""
    cast = Cast()
    upstream = Upstream(cast)
    upstream.start()
    yield Stage(House(gateway(staged(upstream)), upstream), cast)
    upstream.stop()
