"""The models a client may ask for: aliases, then what the providers list, asked once and kept a while."""

import asyncio
from collections.abc import Iterator

import msgspec
import pytest

from gateway import catalogue
from gateway.settings import ProviderSettings
from tests.gateway.indoors import Client, open_house, provider, settings
from tests.gateway.loops import Clock, in_loop, until
from tests.upstream.scripts import cut, head, raw, stream, whole
from tests.upstream.server import Upstream
from tests.upstream.steps import Close, Hang, Pause, Script
from tests.upstream.wire import Request

MESSAGES, CHAT = "anthropic-messages", "openai-chat"


def listing(*names: str) -> bytes:
    """A list of models as providers of both dialects write one."""
    return msgspec.json.encode({"object": "list", "data": [{"id": name, "created": 7} for name in names]})


class Listers:
    """Providers at one address, told apart by their paths; `scripts` is what each answers."""

    def __init__(self) -> None:
        self.scripts: dict[str, Script] = {}
        self.upstream = Upstream(self._answer)
        self.upstream.start()

    def _answer(self, request: Request) -> Script:
        return self.scripts[request.path.split("/")[1]]

    def chat(self, name: str, script: Script) -> ProviderSettings:
        """One more provider of the chat dialect."""
        self.scripts[name] = script
        return provider(name, f"{self.upstream.address}/{name}/v1", CHAT)

    @property
    def asked(self) -> list[str]:
        """Who was asked, in order."""
        return [request.path.split("/")[1] for request in self.upstream.requests]


@pytest.fixture
def listers() -> Iterator[Listers]:
    """Providers that list."""
    found = Listers()
    yield found
    found.upstream.stop()


def names(client: Client) -> list[str]:
    """The models of an answer, in order."""
    assert client.status == 200
    return [entry["id"] for entry in client.json()["data"]]


def client(dialect: str = CHAT, path: str = "/v1/models") -> Client:
    """One that asks for the models."""
    headers = [(b"anthropic-version", b"2023-06-01")] if dialect == MESSAGES else []
    return Client(path, b"", method="GET", headers=headers)


@in_loop
async def test_all_lists_are_one(listers: Listers) -> None:
    """Aliases, the demo and what each provider lists, each name once and under a name that leads there."""
    given = settings(
        listers.chat("a", whole(listing("a1", "both"))),
        listers.chat("b", stream(cut(listing("b1", "both"), 3))),
        models={"fast": "a/a1", "glob-*": "b"},
    )
    async with open_house(given) as house:
        found = names(await client().ask(house))
        assert found[:2] == ["fast", "demo"]
        assert sorted(found) == sorted({"fast", "demo", "a/a1", "a/both", "b/b1", "b/both"})
        for name in found:
            assert house.router.resolve(CHAT, name) is not None
        assert listers.upstream.requests[0].header("authorization")


@in_loop
async def test_providers_are_asked_at_once(listers: Listers) -> None:
    """All of them are waiting before any of them has answered."""
    exchanges = [listers.chat(name, (Hang(),)) for name in "abcde"]
    async with open_house(settings(*exchanges), quiet=False) as house:
        asking = asyncio.ensure_future(client().ask(house))
        await until(lambda: len(listers.asked) == 5)
        for door in [door for one in house.providers.values() for door in one.doors.values()]:
            door.pool.close()
        assert names(await asking) == ["demo"]


BAD: dict[str, Script] = {
    "an error": whole(b'{"error":{}}', 500),
    "a refused key": whole(listing("hidden"), 401),
    "a page": whole(b"<html></html>"),
    "another shape": whole(b'{"models":[]}'),
    "a list of something else": whole(b'{"data":[{"title":"x"}]}'),
    "text that is none": whole(b'{"data":[{"id":"\xff"}]}'),
    "a cut": (*raw(head(200, {"content-length": "100"}) + b"{"), Close()),
    "nothing": (Close(),),
    "no HTTP": raw(b"what?\r\n\r\n"),
}


@pytest.mark.parametrize("kind", BAD)
@in_loop
async def test_one_that_fails_is_left_out(listers: Listers, kind: str) -> None:
    """The others are still listed, and no connection is left in a state nobody knows."""
    given = settings(listers.chat("bad", BAD[kind]), listers.chat("good", whole(listing("g"))))
    async with open_house(given) as house:
        assert [name for name in names(await client().ask(house)) if name != "demo"] == ["good/g"]


@in_loop
async def test_one_that_cannot_be_reached_is_left_out(listers: Listers) -> None:
    """A provider that is not there costs nobody the list."""
    nobody = provider("nobody", "http://127.0.0.1:1/v1", CHAT)
    async with open_house(settings(nobody, listers.chat("good", whole(listing("g"))))) as house:
        assert "good/g" in names(await client().ask(house))


@in_loop
async def test_one_that_is_late_is_left_out(listers: Listers, monkeypatch: pytest.MonkeyPatch) -> None:
    """All together have one deadline; the connection of the late one is closed."""
    monkeypatch.setattr(catalogue, "DEADLINE", 0.2)
    given = settings(listers.chat("late", (Hang(),)), listers.chat("good", whole(listing("g"))))
    async with open_house(given) as house:
        assert sorted(names(await client().ask(house))) == ["demo", "good/g"]
        assert house.providers["late"].doors[CHAT].pool.counts() == (0, 0)


@in_loop
async def test_a_list_is_kept_a_while(listers: Listers) -> None:
    """For a minute nobody is asked again; after it everybody is."""
    clock = Clock()
    async with open_house(settings(listers.chat("a", whole(listing("a1")))), clock) as house:
        await client().ask(house)
        listers.scripts["a"] = whole(listing("a2"))
        clock.move(59.0)
        assert "a1" in names(await client().ask(house))
        assert listers.asked == ["a"]
        clock.move(1.0)
        assert "a2" in names(await client().ask(house))


@in_loop
async def test_nobody_asks_twice_at_the_same_time(listers: Listers) -> None:
    """Twenty clients at once are one question; one that leaves does not take it from the others."""
    async with open_house(settings(listers.chat("a", (Pause(0.1), *whole(listing("a1")))))) as house:
        asking = [asyncio.ensure_future(client().ask(house)) for _ in range(20)]
        await until(lambda: listers.asked)
        asking[0].cancel()
        for answered in await asyncio.gather(*asking[1:]):
            assert "a1" in names(answered)
        assert listers.asked == ["a"]


@in_loop
async def test_each_dialect_sees_what_it_can_ask_for() -> None:
    """All aliases are shown; to clients of Anthropic's dialect they wear a name its agents pick."""
    given = settings(
        provider("ant", "http://127.0.0.1:1"),
        provider("box", "http://127.0.0.1:1", CHAT),
        models={"quick": "ant/x", "my-claude": "ant/x", "Anthropic-one": "ant/x", "fast": "box/y"},
    )
    async with open_house(given) as house:
        shown = names(await client(MESSAGES).ask(house))
        assert shown[:4] == ["anthropic/quick", "my-claude", "Anthropic-one", "anthropic/fast"]
        assert names(await client(CHAT).ask(house))[:4] == ["quick", "my-claude", "Anthropic-one", "fast"]
        for name in shown:
            assert house.router.resolve(MESSAGES, name) is not None


@in_loop
async def test_one_model_can_be_asked_for(listers: Listers) -> None:
    """By its name, slashes included; one that is not listed is a 404 in the dialect."""
    async with open_house(settings(listers.chat("a", whole(listing("org/m"))))) as house:
        found = await client(CHAT, "/v1/models/org/m").ask(house)
        assert (found.status, found.json()["id"]) == (200, "org/m")
        assert (await client(CHAT, "/v1/models/nobody").ask(house)).status == 404
