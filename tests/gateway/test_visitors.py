"""Web pages at the door: by which name they call, which of them may, and what a browser is told."""

import pytest

from adapters.table import DIALECTS
from gateway.house import House
from tests.gateway.indoors import Client, open_house, settings
from tests.gateway.loops import in_loop
from tests.gateway.reading import Load, problems

PAGE = b"https://chat.example"
ANYBODY = b"https://evil.example"


async def visit(
    house: House, path: str = "/v1/messages", *, host: bytes = b"", origin: bytes = b""
) -> Client:
    """A request with these header fields."""
    headers = [pair for pair in ((b"host", host), (b"origin", origin)) if pair[1]]
    return await Client(path, headers=headers).ask(house)


@pytest.mark.parametrize(
    "host",
    [b"127.0.0.1:4747", b"localhost", b"LOCALHOST:80", b"[::1]:4747", b"127.9.9.9", b"me.localhost:1", b""],
)
@in_loop
async def test_the_names_of_this_machine_are_good(host: bytes) -> None:
    """With any port, in any spelling; and without a name, as no browser asks."""
    async with open_house(settings()) as house:
        assert [(await visit(house, host=host)).status for _ in range(2)] == [200, 200]


@pytest.mark.parametrize(
    "host",
    [b"evil.example", b"evil.example:4747", b"localhost.evil.example", b"10.0.0.7", b"[::2]", b"\xff"],
)
@in_loop
async def test_any_other_name_is_a_403(host: bytes) -> None:
    """Anybody can make a name of theirs point here."""
    async with open_house(settings()) as house:
        client = await visit(house, host=host)
        assert (client.status, client.json()["error"]["type"]) == (403, "permission_error")
        assert b"`hosts`" in client.body


@in_loop
async def test_a_name_that_is_configured_is_good() -> None:
    """`hosts` adds to the names of this machine; where keys are asked for, it is all there are."""
    async with open_house(settings(hosts=("Gateway.example",))) as house:
        assert (await visit(house, host=b"gateway.EXAMPLE:4747")).status == 200
        assert (await visit(house, host=b"localhost")).status == 200
    async with open_house(settings(hosts=("gateway.example",), keys_required=True)) as house:
        assert (await visit(house, host=b"gateway.example")).status == 401
        assert (await visit(house, host=b"localhost")).status == 403


@pytest.mark.parametrize("path", [dialect.endpoints[0].path for dialect in DIALECTS.values()])
@pytest.mark.parametrize("origin", [ANYBODY, b"null", b"http://localhost:3000", b"http://127.0.0.1"])
@in_loop
async def test_a_foreign_page_is_a_403_in_every_dialect(path: str, origin: bytes) -> None:
    """Also one that is served by this machine at another port: it is not ours."""
    async with open_house(settings()) as house:
        client = await visit(house, path.replace("{model}", "demo"), host=b"127.0.0.1:4747", origin=origin)
        assert client.status == 403
        assert client.header(b"access-control-allow-origin") is None
        assert b"`origins`" in client.body


@in_loop
async def test_a_page_of_ours_is_good() -> None:
    """One that was served here has our own name for its origin."""
    async with open_house(settings()) as house:
        name = b"127.0.0.1:4747"
        assert (await visit(house, host=name, origin=b"http://" + name)).status == 200


@in_loop
async def test_a_configured_page_may_read_the_reply() -> None:
    """`origins`: it is told so by the fields browsers ask for; errors may be read, too; others may not."""
    async with open_house(settings(origins=(PAGE.decode(),))) as house:
        client = await visit(house, origin=PAGE)
        assert (client.status, client.header(b"access-control-allow-origin")) == (200, PAGE)
        assert client.header(b"vary") == b"origin"
        wrong = await Client(body=b"no", headers=[(b"origin", PAGE)]).ask(house)
        assert (wrong.status, wrong.header(b"access-control-allow-origin")) == (400, PAGE)
        assert (await visit(house, origin=ANYBODY)).status == 403
        plain = await visit(house)
        assert plain.header(b"access-control-allow-origin") is None


@in_loop
async def test_a_preflight_is_answered_to_configured_pages_only() -> None:
    """A browser asks before it lets a page send JSON or a key."""
    asking = [
        (b"access-control-request-method", b"POST"),
        (b"access-control-request-headers", b"content-type,x-api-key"),
    ]
    async with open_house(settings(origins=(PAGE.decode(),))) as house:
        good = await Client(body=b"", method="OPTIONS", headers=[(b"origin", PAGE), *asking]).ask(house)
        assert (good.status, good.header(b"access-control-allow-origin")) == (200, PAGE)
        assert good.header(b"access-control-allow-headers") == b"content-type,x-api-key"
        bad = await Client(body=b"", method="OPTIONS", headers=[(b"origin", ANYBODY), *asking]).ask(house)
        assert bad.status == 405
        assert bad.header(b"access-control-allow-origin") is None
    async with open_house(settings()) as house:
        nobody = await Client(body=b"", method="OPTIONS", headers=[(b"origin", PAGE), *asking]).ask(house)
        assert nobody.status == 405


@in_loop
async def test_a_key_is_enough() -> None:
    """Where keys are asked for, a page without one is a 401, and no page is told that it may read."""
    async with open_house(settings(keys_required=True)) as house:
        client = await visit(house, host=b"gateway.example", origin=ANYBODY)
        assert (client.status, client.header(b"access-control-allow-origin")) == (401, None)


@pytest.mark.parametrize("path", ["/metrics", "/readyz", "/debug/log", "/v1/models"])
@in_loop
async def test_what_is_shown_is_shown_to_no_page(path: str) -> None:
    """The edge and the lists are behind the same door."""
    async with open_house(settings()) as house:
        for field in ((b"host", b"evil.example"), (b"origin", ANYBODY)):
            assert (await Client(path, b"", method="GET", headers=[field]).ask(house)).status == 403


def test_wrong_names_and_pages_are_told(read: Load) -> None:
    """Each with its place and what it should look like."""
    text = '[server]\nhosts = ["ok", "http://no"]\norigins = ["a.example", "https://a/b"]\nguesses = -1'
    places = sorted(problems(read, text))
    assert places == ["server.guesses", "server.hosts[1]", "server.origins[0]", "server.origins[1]"]
