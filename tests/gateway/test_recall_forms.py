"""Kept and shared replies in every way they can be told: each dialect, arrays, lines, and a WebSocket."""

import asyncio
import gc
import weakref
from typing import Any

import msgspec
import pytest

from gateway.house import House
from gateway.settings import CacheSettings, Caching, Settings
from gateway.sharing import SharedReply
from tests.gateway.indoors import Client, open_house, settings
from tests.gateway.loops import in_loop

COLD = {"generationConfig": {"temperature": 0}}
TURN = {"role": "user", "content": "hi"}
GEMINI: dict[str, Any] = {"contents": [{"role": "user", "parts": [{"text": "hi"}]}], **COLD}
OLLAMA: dict[str, Any] = {"model": "demo", "messages": [TURN], "options": {"temperature": 0}}
WHOLE, LINES = {**OLLAMA, "stream": False}, OLLAMA
AT = "/v1beta/models/demo"


def caching(**said: Any) -> Settings:
    """Settings with a cache."""
    usual = Caching(**{"responses": "on", "force": True, **said})
    return msgspec.structs.replace(settings(), cache=CacheSettings(usual=usual))


async def ask(house: House, path: str, document: object, query: bytes = b"") -> Client:
    """What comes of a request."""
    return await Client(path, msgspec.json.encode(document), query_string=query).ask(house)


FORMS = {
    "whole": (f"{AT}:generateContent", GEMINI, b""),
    "events": (f"{AT}:streamGenerateContent", GEMINI, b"alt=sse"),
    "array": (f"{AT}:streamGenerateContent", GEMINI, b""),
    "object": ("/api/chat", WHOLE, b""),
    "lines": ("/api/chat", LINES, b""),
}


@pytest.mark.parametrize("form", FORMS)
@in_loop
async def test_a_form_is_told_again(form: str) -> None:
    """Each form of Gemini's and Ollama's APIs hits, with the bytes it had."""
    async with open_house(caching()) as house:
        first, second = [await ask(house, *FORMS[form]) for _ in range(2)]
        assert (first.header(b"x-penstock-cache"), second.header(b"x-penstock-cache")) == (b"miss", b"hit")
        assert second.header(b"content-type") == first.header(b"content-type")
        assert second.body == first.body


@pytest.mark.parametrize(
    ("kept", "wanted"), [("whole", "array"), ("array", "whole"), ("events", "array"), ("lines", "object")]
)
@in_loop
async def test_one_form_serves_the_others(kept: str, wanted: str) -> None:
    """What was kept in one form is told in another as the provider would have told it."""
    async with open_house(caching()) as house:
        await ask(house, *FORMS[kept])
        found = await ask(house, *FORMS[wanted])
        assert found.header(b"x-penstock-cache") == b"hit"
        assert words_of(found) == words_of(await ask(house, *FORMS[kept]))


def words_of(client: Client) -> str:
    """The text of a reply in any of the forms."""
    body = client.body
    if body.startswith(b"data:"):
        documents = [msgspec.json.decode(line[5:]) for line in body.splitlines() if line]
    elif b"\n{" in body and not body.startswith(b"["):
        documents = [msgspec.json.decode(line) for line in body.splitlines() if line]
    else:
        found = msgspec.json.decode(body)
        documents = found if isinstance(found, list) else [found]
    return "".join(map(text_of, documents))


def text_of(document: Any) -> str:
    """The text of one piece."""
    if "message" in document:
        return str(document["message"]["content"])
    parts = (
        document["candidates"][0].get("content", {}).get("parts", []) if document.get("candidates") else []
    )
    return "".join(part.get("text", "") for part in parts)


@pytest.mark.parametrize("form", FORMS)
@in_loop
async def test_a_form_is_shared(form: str) -> None:
    """Three equal requests at once get the same bytes, and one of them paid."""
    async with open_house(caching(responses="off", coalesce=True)) as house:
        clients = await asyncio.gather(*(ask(house, *FORMS[form]) for _ in range(3)))
        said = sorted(client.header(b"x-penstock-cache") or b"" for client in clients)
        assert said == [b"coalesced", b"coalesced", b"miss"]
        assert len({client.body for client in clients}) == 1
        assert house.tallies.recalls == {"miss": 1, "coalesced": 2}


@in_loop
async def test_nothing_keeps_a_reply_that_is_over() -> None:
    """A shared reply is gone with its last listener: no ring of references holds it."""
    gc.collect()
    gc.disable()
    try:
        async with open_house(caching(responses="off", coalesce=True)) as house:
            assert house.replies is not None
            await ask(house, *FORMS["events"])
            assert house.replies.sharing.count == 0
        held = [weakref.ref(one) for one in gc.get_objects() if isinstance(one, House)]
        assert held
        assert [one for one in gc.get_objects() if isinstance(one, SharedReply)] == []
    finally:
        gc.enable()
