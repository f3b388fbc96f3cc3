"""The latest sessions at the edge: what each has used, who answered, what limits leave its caller."""

import msgspec

from gateway.sessions import MOST
from gateway.settings import LimitSettings, Settings
from gateway.state import Pair
from tests.gateway.indoors import Client, open_house, settings
from tests.gateway.loops import in_loop

HERE: Pair = (b"host", b"127.0.0.1:4747")
ASK = b'{"model":"demo","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}'


def asked(session: bytes) -> Client:
    """A request of a session."""
    return Client(body=ASK, headers=[(b"x-claude-code-session-id", session)])


def shown(path: str, *headers: Pair, peer: str = "127.0.0.1") -> Client:
    """A look at the edge."""
    return Client(path, b"", method="GET", headers=list(headers), client=(peer, 5))


def limited(most: int) -> Settings:
    """Settings with a limit for everybody."""
    return msgspec.structs.replace(settings(), limits=LimitSettings(requests_per_minute=most))


@in_loop
async def test_a_session_is_summed_up() -> None:
    """Requests and tokens are added up, who answered last is named; without a session there is none."""
    async with open_house(settings()) as house:
        await Client(body=ASK).ask(house)
        await asked(b"one").ask(house)
        first = (await shown("/debug/sessions/one", HERE).ask(house)).json()
        await asked(b"one").ask(house)
        second = (await shown("/debug/sessions/one", HERE).ask(house)).json()
        assert (first["requests"], second["requests"], second["errors"]) == (1, 2, 0)
        assert (second["model"], second["provider"]) == ("demo", "demo")
        assert second["input"] == 2 * first["input"] > 0
        assert second["output"] == 2 * first["output"] > 0
        listed = (await shown("/debug/sessions", HERE).ask(house)).json()["sessions"]
        assert [each["session"] for each in listed] == ["one"]


@in_loop
async def test_a_failure_is_counted_and_names_nobody() -> None:
    """A session whose requests fail shows how many; who answered is who answered."""
    async with open_house(settings()) as house:
        body = b'{"model":"nobody-has-this","max_tokens":9,"messages":[]}'
        await Client(body=body, headers=[(b"x-claude-code-session-id", b"one")]).ask(house)
        found = (await shown("/debug/sessions/one", HERE).ask(house)).json()
        assert (found["requests"], found["errors"], found["provider"]) == (1, 1, "")


@in_loop
async def test_what_is_left_is_told() -> None:
    """With limits, what remains to who asked last in the session."""
    async with open_house(limited(10)) as house:
        await asked(b"one").ask(house)
        assert (await shown("/debug/sessions/one", HERE).ask(house)).json()["left"] == {"requests": "9"}


@in_loop
async def test_only_the_latest_are_kept() -> None:
    """Memory is bounded: the session that was quiet longest goes, and so does a name that is far too long."""
    async with open_house(settings()) as house:
        await asked(b"0").ask(house)
        await asked(b"x" * 1000).ask(house)
        for number in range(1, MOST):
            await asked(b"%d" % number).ask(house)
        await asked(b"0").ask(house)
        await asked(b"another").ask(house)
        kept = {name for name, _ in house.sessions.latest()}
        assert len(kept) == MOST
        assert {b"0", b"another"} <= kept
        assert b"1" not in kept


@in_loop
async def test_they_are_listed_to_this_machine_only() -> None:
    """From elsewhere there is no list, and of a session nobody has seen there is nothing to tell."""
    async with open_house(settings()) as house:
        assert (await shown("/debug/sessions", HERE, peer="10.0.0.1").ask(house)).status == 403
        assert (await shown("/debug/sessions/none", HERE).ask(house)).status == 404
