"""Keys of a store, over sockets: made, shut and changed while a gateway serves, and the file taken away."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.minting import Minted, mint
from store import keys
from tests.gateway.registering import Desk
from tests.path.client import Reply
from tests.path.conftest import Start
from tests.path.dialects import CHAT, MESSAGES, Dialect, each_dialect
from tests.path.house import ENVIRONMENT, House, configuration
from tests.upstream.scripts import whole
from tests.upstream.server import Upstream

PATIENCE = 10.0
# Longer than any worker takes to hear of a change: when all have said so for so long, all know.
EVERYWHERE = 1.2


class Kept:
    """A gateway with a store, and the desk of whoever changes it."""

    def __init__(self, house: House, path: Path) -> None:
        self.house = house
        self.path = path
        self.desk = Desk.at(path)

    def ask(self, minted: Minted, dialect: Dialect = MESSAGES) -> Reply:
        """A request with a key."""
        return self.house.ask(dialect, whole(dialect.whole), [("x-api-key", minted.key)]).reply

    def code(self, minted: Minted, dialect: Dialect = MESSAGES) -> str:
        """What a request with a key comes to: "" where it is let in, else the words of the refusal."""
        reply = self.ask(minted, dialect)
        if reply.status == 200:
            return ""
        assert reply.status == 401
        return str(dialect.error(reply)["message"])

    def comes_to(self, minted: Minted, words: str, *, lasting: float = 0.0) -> None:
        """The gateway says so after a moment, and goes on saying so for that many seconds."""
        deadline, since = time.monotonic() + PATIENCE, float("inf")
        while True:
            said, now = self.code(minted), time.monotonic()
            since = min(since, now) if (words in said if words else not said) else float("inf")
            assert now < deadline, f"still {said!r}, and not {words!r}"
            if since + lasting <= now:
                return


def start(gateway: Start, replay: Upstream, path: Path, server: str) -> Kept:
    """A gateway that asks for keys of a store, and has none in its file."""
    text = (
        configuration(replay, f'keys = "required"\nguesses = 0\n{server}') + f'\n[store]\npath = "{path}"\n'
    )
    return Kept(House(gateway(text, ENVIRONMENT), replay), path)


@pytest.fixture(scope="module")
def kept(gateway: Start, replay: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """One worker."""
    one = start(gateway, replay, tmp_path_factory.mktemp("store") / "penstock.db", "")
    yield one
    one.desk.database.close()


def test_a_key_that_is_made_opens(kept: Kept) -> None:
    """Nobody restarts anything: a key that was unknown a moment ago is let in, and no secret is passed on."""
    unknown = mint()
    assert "not known" in kept.code(unknown)
    made = kept.desk.make("ann")
    kept.comes_to(made, "")
    exchange = kept.house.replay.plays(whole(MESSAGES.whole))
    headers = [exchange.header, ("authorization", f"Bearer {made.key}")]
    assert kept.house.post(MESSAGES, MESSAGES.body(), headers).status == 200
    assert made.key.encode() not in exchange.request.head
    assert "caller=ann" in kept.house.gateway.wait_for_output("caller=ann")
    assert made.key not in kept.house.gateway.output


@each_dialect
def test_a_key_that_is_shut(kept: Kept, dialect: Dialect) -> None:
    """Blocked and let in again, then revoked for ever: each told in its words and in the dialect."""
    made, desk = kept.desk.make("bob"), kept.desk
    kept.comes_to(made, "")
    desk.change(lambda one: keys.block(one, made.id))
    kept.comes_to(made, "is blocked")
    assert "is blocked" in kept.code(made, dialect)
    desk.change(lambda one: keys.unblock(one, made.id))
    kept.comes_to(made, "")
    desk.change(lambda one: keys.revoke(one, made.id))
    kept.comes_to(made, "was revoked")
    assert "caller=bob" in kept.house.gateway.wait_for_output("caller=bob")
    # Whoever has only the public part learns nothing of it.
    assert "not known" in kept.code(mint(made.id), dialect)


def test_a_key_that_is_rotated(kept: Kept) -> None:
    """Both secrets open while the change goes round; when that is over, the new one alone."""
    former = kept.desk.make("cay")
    kept.comes_to(former, "")
    new = kept.desk.rotate(former, until=2**42)
    kept.comes_to(new, "")
    kept.comes_to(former, "")
    newest = kept.desk.rotate(former, until=1)
    kept.comes_to(newest, "")
    kept.comes_to(new, "was replaced")
    kept.comes_to(former, "not known")


def test_a_key_whose_time_is_over(kept: Kept) -> None:
    """It is told that it has expired."""
    kept.comes_to(kept.desk.make("dan", expires=1), "has expired")


def test_whoever_is_blocked_above(kept: Kept) -> None:
    """A team that is blocked shuts out the keys of its users, and lets them in when it is let in."""
    kept.desk.place("team", "red")
    kept.desk.place("user", "eve", "red")
    made = kept.desk.make("eve", owner="eve")
    kept.comes_to(made, "")
    kept.desk.set("red", state="blocked")
    kept.comes_to(made, "the team `the red`")
    kept.desk.set("red", state="active")
    kept.comes_to(made, "")


def test_every_worker_hears_of_it(gateway: Start, replay: Upstream, tmp_path: Path) -> None:
    """Of two workers none lets a key in that was blocked, and none shuts one out that is let in again."""
    kept = start(gateway, replay, tmp_path / "penstock.db", "workers = 2")
    made = kept.desk.make("gil")
    kept.comes_to(made, "", lasting=EVERYWHERE)
    kept.desk.change(lambda one: keys.block(one, made.id))
    kept.comes_to(made, "is blocked", lasting=EVERYWHERE)
    kept.desk.change(lambda one: keys.unblock(one, made.id))
    kept.comes_to(made, "", lasting=EVERYWHERE)
    kept.desk.database.close()


def test_a_store_that_is_taken_away(gateway: Start, replay: Upstream, tmp_path: Path) -> None:
    """Keys that opened go on doing so, strangers stay out, and readiness says that nothing new is heard."""
    kept = start(gateway, replay, tmp_path / "penstock.db", "")
    seen, made = kept.desk.make("eye", role="viewer"), kept.desk.make("fay")
    kept.comes_to(made, "")
    metrics = kept.house.call("GET", "/metrics", [("x-api-key", seen.key)]).body
    assert b"penstock_keys_synchronised 1.0" in metrics
    kept.desk.database.close()
    for file in tmp_path.iterdir():
        if file.is_file():
            file.unlink()
    deadline = time.monotonic() + PATIENCE
    while kept.house.call("GET", "/readyz").json()["synchronised"]:
        assert time.monotonic() < deadline
    metrics = kept.house.call("GET", "/metrics", [("x-api-key", seen.key)]).body
    assert b"penstock_keys 2.0" in metrics
    assert b"penstock_keys_synchronised 0.0" in metrics
    other = kept.ask(made, CHAT)
    assert (other.status, kept.code(made)) == (200, "")
    assert "not known" in kept.code(mint())
