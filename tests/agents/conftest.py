"""The processes the agents' tests share: a gateway and the replay upstream, as in the tests of the path."""

from tests.path.conftest import gateway, house, replay

__all__ = ["gateway", "house", "replay"]
