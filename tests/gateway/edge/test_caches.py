"""The caches at the edge: listed, emptied, for this machine only."""

import pytest

from gateway.settings import CacheSettings, Caching
from gateway.state import Pair
from tests.gateway.indoors import Client, open_house, settings
from tests.gateway.loops import in_loop

JSON: Pair = (b"content-type", b"application/json")
HERE: Pair = (b"host", b"127.0.0.1:4747")
ASK = b'{"model":"demo","max_tokens":9,"temperature":0,"messages":[{"role":"user","content":"hi"}]}'


def ask(path: str, *headers: Pair, method: str = "GET", peer: str = "127.0.0.1") -> Client:
    """A request to the edge."""
    return Client(path, b"", method=method, headers=list(headers), client=(peer, 5))


@in_loop
async def test_every_cache_is_listed_and_can_be_emptied() -> None:
    """What each holds and how often that was of use, until it is emptied: then it is filled anew."""
    given = settings()
    cached = type(given)(providers=given.providers, cache=CacheSettings(usual=Caching(responses="on")))
    async with open_house(cached) as house:
        for _ in range(3):
            await Client(body=ASK).ask(house)
        await Client("/v1/models", b"", method="GET").ask(house)
        listed = (await ask("/debug/caches", HERE).ask(house)).json()["caches"]
        assert set(listed) == {"callers", "conversations", "plans", "model_lists", "responses"}
        assert listed["responses"]["bytes"] > 512
        assert {name: listed["responses"][name] for name in ("entries", "hits", "misses")} == {
            "entries": 1,
            "hits": 2,
            "misses": 1,
        }
        assert (listed["plans"]["entries"], listed["model_lists"]["entries"]) == (1, 1)
        for name in ("responses", "plans", "model_lists"):
            emptied = await ask(f"/debug/caches/{name}/clear", HERE, JSON, method="POST").ask(house)
            assert (emptied.status, emptied.json()) == (200, {"cleared": 1})
        again = await Client(body=ASK).ask(house)
        assert again.header(b"x-penstock-cache") == b"miss"


@pytest.mark.parametrize(
    ("path", "method", "peer", "headers", "status"),
    [
        ("/debug/caches", "GET", "10.0.0.1", (HERE,), 403),
        ("/debug/caches", "GET", "127.0.0.1", ((b"host", b"evil.example"),), 403),
        ("/debug/caches/plans/clear", "POST", "10.0.0.1", (HERE, JSON), 403),
        ("/debug/caches/plans/clear", "POST", "127.0.0.1", (HERE,), 415),
        ("/debug/caches/plans/clear", "GET", "127.0.0.1", (HERE, JSON), 405),
        ("/debug/caches/nothing/clear", "POST", "127.0.0.1", (HERE, JSON), 404),
    ],
)
@in_loop
async def test_it_is_for_this_machine_only(
    path: str, method: str, peer: str, headers: tuple[Pair, ...], status: int
) -> None:
    """From elsewhere, by another name, from a web page or for a cache that is none: refused."""
    async with open_house(settings()) as house:
        assert (await ask(path, *headers, method=method, peer=peer).ask(house)).status == status
