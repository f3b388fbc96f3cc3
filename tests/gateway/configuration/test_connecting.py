"""How many connections to a provider there may be: how it is said, and what is refused."""

import pytest

from gateway.settings import Connections
from tests.gateway.reading import Load, problems, provider

BOX = '[providers.box]\ndialect = "openai-chat"\nbase_url = "http://127.0.0.1:1"\n'


def test_what_is_said_reaches_the_settings(read: Load) -> None:
    """Any number, kept for 75 seconds, none ahead; or what the table says."""
    assert provider(read(BOX), "box").connections == Connections(most=0, keep_alive=75.0, ahead=0)
    said = read(BOX + 'connections = { most = 9, keep_alive = "20s", ahead = 2 }')
    assert provider(said, "box").connections == Connections(most=9, keep_alive=20.0, ahead=2)
    unkept = read(BOX + "connections = { keep_alive = 0 }")
    assert provider(unkept, "box").connections.keep_alive == 0


@pytest.mark.parametrize(
    ("said", "where", "words"),
    [
        ("most = 0", "most", "from 1 to 65535"),
        ("most = 65536", "most", "leave it out for any number"),
        ("ahead = -1", "ahead", "from 0 to 65535"),
        ("most = 2, ahead = 3", "ahead", "lower it, or raise most"),
        ('keep_alive = "soon"', "keep_alive", "a duration"),
        ("keep_alive = 0, ahead = 1", "ahead", "no idle connection is kept"),
        ("least = 1", "least", ""),
    ],
)
def test_mistakes_are_told_with_their_place(read: Load, said: str, where: str, words: str) -> None:
    """Each with what to do about it."""
    assert words in problems(read, f"{BOX}connections = {{ {said} }}")[f"providers.box.connections.{where}"]
