"""Who may see the console, and who may change something there."""

import hashlib

import pytest

from gateway.edge.console import session
from gateway.edge.console.session import LASTS, holds, sealed
from gateway.settings import KeySettings, Settings
from tests.console.visits import ADMIN, EVERY_PAGE, NOW, visiting
from tests.gateway.indoors import settings
from tests.gateway.loops import in_loop

DIGEST = hashlib.sha256(ADMIN.encode()).digest()


def keyed() -> Settings:
    """Settings by which callers need a key."""
    return settings(keys_required=True)


@in_loop
async def test_without_keys_this_machine_comes_in() -> None:
    """Where nobody needs a key, the pages open to a browser on this machine."""
    async with visiting() as visitor:
        for place in EVERY_PAGE:
            assert (await visitor.get(place)).status == 200, place


@in_loop
async def test_without_keys_other_machines_stay_out() -> None:
    """Another machine, and a name that somebody made point here, are turned away."""
    async with visiting() as visitor:
        assert (await visitor.get("/console", client=("192.0.2.7", 50000))).status == 403
        foreign = [(b"host", b"evil.example:4747")]
        assert (await visitor.get("/console", headers=foreign)).status == 403


@in_loop
async def test_with_keys_and_no_admin_it_says_how_to_open_it() -> None:
    """Where callers need keys the console is closed until there is an admin key, and says so."""
    async with visiting(keyed()) as visitor:
        for place in EVERY_PAGE:
            text = await visitor.text(place, 403)
            assert "PENSTOCK_ADMIN_KEY" in text
        assert (await visitor.post("/console/sign-in", key=ADMIN)).status == 403


@in_loop
async def test_the_admin_key_signs_in() -> None:
    """The key gives a cookie that no script reads and no other site sends, and the cookie opens."""
    async with visiting(keyed(), admin=True) as visitor:
        assert "Sign in" in await visitor.text("/console/usage", 401)
        answer = await visitor.post("/console/sign-in", key=ADMIN)
        assert (answer.status, answer.header(b"location")) == (303, b"/console")
        cookie = (answer.header(b"set-cookie") or b"").lower()
        assert all(word in cookie for word in (b"httponly", b"samesite=strict", b"path=/console"))
        assert ADMIN.encode() not in cookie
        assert "Conversations" in await visitor.text("/console/usage")
        await visitor.post("/console/sign-out")
        assert (await visitor.get("/console/live")).status == 401


@in_loop
async def test_wrong_keys_are_counted_by_address() -> None:
    """A wrong key is refused, and after as many as are allowed so is the right one for a while."""
    async with visiting(settings(keys_required=True, guesses=3), admin=True) as visitor:
        for _ in range(3):
            assert (await visitor.post("/console/sign-in", key="guess")).status == 401
        assert (await visitor.post("/console/sign-in", key=ADMIN)).status == 429


@in_loop
@pytest.mark.parametrize("origin", [b"http://evil.example", b"null", b"", b"http://127.0.0.1:4748"])
async def test_no_other_page_changes_anything(origin: bytes) -> None:
    """A form that another page sends, or that says not where it comes from, is refused, signed in or not."""
    async with visiting(admin=True) as visitor:
        await visitor.post("/console/sign-in", key=ADMIN)
        assert (await visitor.post("/console/keys", origin=origin, name="a")).status == 403
        assert "There is no key" in await visitor.text("/console/keys")


@in_loop
async def test_forms_are_small() -> None:
    """More than a form holds is refused before it is read."""
    async with visiting() as visitor:
        assert (await visitor.post("/console/keys", name="x" * 70_000)).status == 413


@in_loop
async def test_every_answer_forbids_what_is_not_ours() -> None:
    """Pages and files say that nothing from elsewhere may be loaded, and that nobody may frame them."""
    async with visiting() as visitor:
        for place in (*EVERY_PAGE, "/console/static/console.css", "/console/static/nothing"):
            answer = await visitor.get(place)
            policy = answer.header(b"content-security-policy") or b""
            assert policy.startswith(b"default-src 'self';"), place
            assert b"frame-ancestors 'none'" in policy
            assert answer.header(b"x-content-type-options") == b"nosniff"


@in_loop
async def test_nothing_outside_the_folder_is_served() -> None:
    """A path that climbs out of the shipped files finds nothing."""
    async with visiting() as visitor:
        for name in ("../site.py", "%2e%2e/site.py", "vendored/../../site.py", "/etc/passwd"):
            assert (await visitor.get(f"/console/static/{name}")).status == 404


def test_a_cookie_is_good_for_its_time_and_its_key() -> None:
    """It opens until it expires; changed in any place, or for another admin key, it opens nothing."""
    cookie = sealed(DIGEST, NOW)
    assert holds(cookie, DIGEST, NOW + LASTS - 1)
    assert not holds(cookie, DIGEST, NOW + LASTS)
    assert not holds(cookie, b"x" * 32, NOW)
    until, _, seal = cookie.partition(".")
    for other in (
        f"{int(until) + 1}.{seal}",
        f"{until}.{seal[:-1]}0",
        until,
        "",
        "a.b",
        f"{'9' * 20}.{seal}",
    ):
        assert other == cookie or not holds(other, DIGEST, NOW)


def test_a_restart_ends_every_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one start has sealed opens nothing at the next."""
    cookie = sealed(DIGEST, NOW)
    monkeypatch.setattr(session, "SECRET", b"another start")
    assert not holds(cookie, DIGEST, NOW)


@in_loop
async def test_a_key_of_a_caller_is_no_admin_key() -> None:
    """A caller's key signs nobody in."""
    secret = "pst_aaaaaaaaaaaa_" + "b" * 43
    key = KeySettings("ann", hashlib.sha256(secret.encode()).digest())
    given = Settings(server=keyed().server, keys=(key,), log=keyed().log)
    async with visiting(given, admin=True) as visitor:
        assert (await visitor.post("/console/sign-in", key=secret)).status == 401
