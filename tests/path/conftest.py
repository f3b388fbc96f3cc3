"""The processes the tests of the path share: one replay upstream, and a gateway for each configuration."""

from collections.abc import Callable, Iterator, Mapping

import pytest

from tests.path.house import ENVIRONMENT, House, configuration
from tests.path.process import Gateway
from tests.upstream.replies import ordinary
from tests.upstream.server import Upstream

Start = Callable[..., Gateway]


@pytest.fixture(scope="session")
def replay() -> Iterator[Upstream]:
    """The replay upstream."""
    upstream = Upstream(ordinary)
    upstream.start()
    yield upstream
    upstream.stop()


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Starts a gateway with a configuration (TOML); all are ended with the session."""
    started: list[Gateway] = []

    def start(text: str, environment: Mapping[str, str] = ENVIRONMENT) -> Gateway:
        started.append(Gateway(tmp_path_factory.mktemp("gateway"), text, environment))
        return started[-1]

    yield start
    for running in started:
        running.stop()


@pytest.fixture(scope="session")
def house(gateway: Start, replay: Upstream) -> House:
    """The gateway most tests talk to: default limits, providers of both dialects."""
    return House(gateway(configuration(replay)), replay)


@pytest.fixture(scope="session")
def restless(gateway: Start, replay: Upstream) -> House:
    """A gateway that says it is alive after 200 ms of silence, and takes bodies of 64 KiB at most."""
    server = 'sign_of_life = "200ms"\nmax_body = "64KiB"'
    return House(gateway(configuration(replay, server)), replay)
