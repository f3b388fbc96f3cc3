"""The door of the admin API: who comes in, by which name, from which page, and how often one may guess."""

from hashlib import sha256

import pytest

from gateway.settings import AdminSettings
from gateway.state import Pair
from tests.gateway.edge.administration import CREDENTIAL, HERE, JSON, KEY, administered
from tests.gateway.indoors import Client, open_house, settings
from tests.gateway.loops import Clock, in_loop

WRONG: Pair = (b"authorization", b"Bearer adm-wrong")


@in_loop
async def test_it_is_off_without_a_key() -> None:
    """Without [admin] every path below says how to turn it on."""
    async with open_house(settings()) as house:
        for path in ("/admin/v1/keys", "/admin/v1/openapi.json", "/admin/anything"):
            client = await Client(path, b"", method="GET", headers=[HERE, CREDENTIAL]).ask(house)
            assert (client.status, client.json()["error"]["code"]) == (404, "admin_off")
            assert "[admin]" in client.json()["error"]["message"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ((), 401),
        ((WRONG,), 401),
        ((CREDENTIAL,), 200),
        (((b"x-api-key", KEY.encode()),), 200),
        ((WRONG, (b"x-api-key", KEY.encode())), 200),
        (((b"authorization", b"Basic " + KEY.encode()),), 401),
        (((b"x-api-key", KEY.encode()[:-1]),), 401),
        (((b"x-api-key", b"\xff\xfe"),), 401),
        ((CREDENTIAL, (b"origin", b"http://127.0.0.1:4747")), 200),
        ((CREDENTIAL, (b"origin", b"https://evil.example")), 403),
        ((CREDENTIAL, (b"origin", b"null")), 403),
    ],
)
@in_loop
async def test_the_right_credential_opens_and_no_foreign_page(headers: tuple[Pair, ...], status: int) -> None:
    """By either field; a page of another site is refused even with the right one."""
    async with administered() as admin:
        assert (await admin.ask("GET", "/keys", headers=headers)).status == status
        assert (await admin.ask("GET", "/openapi.json", headers=headers)).status == status


@pytest.mark.parametrize(
    ("host", "hosts", "status"),
    [
        (b"localhost:4747", (), 200),
        (b"[::1]:4747", (), 200),
        (b"evil.example", (), 403),
        (b"127.0.0.1.evil.example", (), 403),
        (b"gateway.example", ("gateway.example",), 200),
        (b"other.example", ("gateway.example",), 403),
    ],
)
@in_loop
async def test_it_answers_to_its_own_names(host: bytes, hosts: tuple[str, ...], status: int) -> None:
    """On loopback any name can be made to point here: only this machine's and configured ones do."""
    async with administered(settings(hosts=hosts)) as admin:
        client = Client("/admin/v1/keys", b"", method="GET", headers=[(b"host", host), CREDENTIAL])
        await admin.app(client.scope, client.receive, client.send)
        assert client.status == status


@in_loop
async def test_guesses_are_limited() -> None:
    """After so many wrong keys even the right one waits, and is told for how long; then it opens."""
    clock = Clock()
    async with administered(settings(guesses=3)) as admin:
        admin.house.clock = clock
        for _ in range(3):
            assert (await admin.ask("GET", "/keys", headers=(WRONG,))).status == 401
        refused = await admin.ask("GET", "/keys")
        assert (refused.status, refused.json()["error"]["type"]) == (429, "rate_limited")
        wait = refused.header(b"retry-after")
        assert wait is not None
        clock.move(float(wait))
        assert (await admin.ask("GET", "/keys")).status == 200


@in_loop
async def test_a_key_that_is_shut_out_is_told_why_and_is_no_guess() -> None:
    """Who holds the right secret of a blocked key turns nobody else at their address away."""
    async with administered(settings(guesses=3, keys_required=True)) as admin:
        made = (await admin.ask("POST", "/keys", {"name": "a"})).json()
        await admin.ask("POST", f"/keys/{made['id']}/block")
        for _ in range(5):
            own = (b"authorization", b"Bearer " + made["secret"].encode())
            refused = await admin.ask("GET", "/keys", headers=(own,))
            assert (refused.status, refused.header(b"www-authenticate")) == (401, b"Bearer")
            assert "blocked" in refused.json()["error"]["message"]
        assert (await admin.ask("GET", "/keys")).status == 200


@in_loop
async def test_the_right_credential_beside_a_wrong_one_is_no_guess() -> None:
    """As for callers: a client may send one of somebody else, too."""
    async with administered(settings(guesses=3)) as admin:
        for _ in range(5):
            both = (WRONG, (b"x-api-key", KEY.encode()))
            assert (await admin.ask("GET", "/keys", headers=both)).status == 200


@in_loop
async def test_every_answer_carries_the_fields_of_safety() -> None:
    """Good or bad: not kept by caches, framed by nobody, read as what it says it is."""
    async with administered() as admin:
        for method, path, headers in (
            ("GET", "/keys", (CREDENTIAL,)),
            ("GET", "/keys", ()),
            ("GET", "/nothing", (CREDENTIAL,)),
            ("DELETE", "/keys", (CREDENTIAL,)),
        ):
            answer = await admin.ask(method, path, headers=headers)
            assert answer.header(b"cache-control") == b"no-store"
            assert answer.header(b"x-content-type-options") == b"nosniff"
            assert answer.header(b"content-security-policy") == b"default-src 'none'; frame-ancestors 'none'"
            assert answer.header(b"content-type") == b"application/json"


@in_loop
async def test_what_is_not_there_and_what_is_not_done_are_told() -> None:
    """404 for a path that is none, 405 with the methods that are."""
    async with administered() as admin:
        assert await admin.refused("GET", "/nothing") == (404, "not_found", None)
        answer = await admin.ask("DELETE", "/keys")
        assert answer.status == 405
        assert set((answer.header(b"allow") or b"").decode().split(", ")) == {"GET", "HEAD", "POST"}


@in_loop
async def test_a_body_is_json_and_not_too_large() -> None:
    """Another type is 415, a megabyte and more 413, whether its length was said or not."""
    async with administered() as admin:
        for kind in (b"text/plain", b"application/x-www-form-urlencoded", b""):
            client = Client(
                "/admin/v1/keys", b"{}", headers=[HERE, CREDENTIAL, (b"content-type", kind)], query_string=b""
            )
            await admin.app(client.scope, client.receive, client.send)
            assert (client.status, client.json()["error"]["field"]) == (415, "content-type")
        huge = b'{"name":"' + b"x" * (1024 * 1024) + b'"}'
        assert (await admin.refused("POST", "/keys", huge))[:2] == (413, "too_large")
        said = (CREDENTIAL, (b"content-length", b"99999999999999999999999"))
        assert (await admin.ask("POST", "/keys", b"{}", headers=said)).status == 413


@in_loop
async def test_without_a_store_it_says_so() -> None:
    """What needs the database says that there is none, and how to have one."""
    given = settings()
    admin = AdminSettings(digest=sha256(KEY.encode()).digest())
    async with open_house(type(given)(providers=given.providers, admin=admin, log=given.log)) as house:
        client = await Client("/admin/v1/keys", b"", method="GET", headers=[HERE, CREDENTIAL, JSON]).ask(
            house
        )
        assert (client.status, client.json()["error"]["type"]) == (409, "conflict")
        assert "[store]" in client.json()["error"]["message"]
