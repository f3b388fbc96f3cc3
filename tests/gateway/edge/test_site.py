"""The paths beside the path: readiness, metrics behind keys, the log's level for this machine only."""

from hashlib import sha256

import pytest

from adapters.members import Change
from adapters.spare import Spared
from gateway.house import House
from gateway.settings import KeySettings, ServerSettings, Settings
from gateway.state import Pair
from tests.gateway.indoors import DEMO, SILENT, Client, open_house, settings
from tests.gateway.loops import in_loop

KEY = b"pst_0123456789ab_secret"
LOCKED = Settings(
    server=ServerSettings(keys_required=True),
    providers=(DEMO,),
    keys=(KeySettings("ann", sha256(KEY).digest()),),
    log=SILENT,
)
JSON: Pair = (b"content-type", b"application/json")
HERE: Pair = (b"host", b"127.0.0.1:4747")


async def get(
    house: House, path: str, *headers: Pair, method: str = "GET", peer: str = "127.0.0.1"
) -> Client:
    """What a path answers."""
    return await Client(path, b"", method=method, headers=list(headers), client=(peer, 5)).ask(house)


async def put(house: House, body: bytes, *headers: Pair, peer: str = "127.0.0.1") -> Client:
    """What comes of setting the level."""
    scope = {"method": "PUT", "headers": list(headers), "client": (peer, 5)}
    return await Client("/debug/log", body, **scope).ask(house)


@pytest.mark.parametrize("path", ["/readyz", "/readyz/", "//readyz"])
@in_loop
async def test_readiness(path: str) -> None:
    """Ready while it serves, not while it is closing; needs no key and no upstream."""
    async with open_house(LOCKED) as house:
        answer = await get(house, path)
        assert (answer.status, answer.json()["serves"]) == (200, True)
        house.admission.closing = True
        answer = await get(house, path)
        assert (answer.status, answer.json()["serves"]) == (503, False)


@in_loop
async def test_metrics_are_behind_keys_where_keys_are_required() -> None:
    """A key of ours opens them, nothing else does; an open house shows them to everybody."""
    async with open_house(LOCKED) as house:
        assert (await get(house, "/metrics")).status == 401
        assert (await get(house, "/metrics", (b"authorization", b"Bearer nobody"))).status == 401
        answer = await get(house, "/metrics", (b"authorization", b"Bearer " + KEY))
        assert answer.status == 200
        assert (answer.header(b"content-type") or b"").startswith(b"text/plain; version=0.0.4")
    async with open_house(settings()) as house:
        assert (await get(house, "/metrics")).status == 200


@in_loop
async def test_the_level_is_read_and_changed() -> None:
    """From this machine, by its own name, as JSON."""
    async with open_house(settings()) as house:
        assert (await get(house, "/debug/log", HERE)).json() == {"level": "off"}
        for level in ("debug", "info", "error", "off"):
            assert (await put(house, b'{"level":"%b"}' % level.encode(), HERE, JSON)).json() == {
                "level": level
            }
            assert house.journal.level == level


@pytest.mark.parametrize(
    ("peer", "host", "allowed"),
    [
        ("127.0.0.1", b"127.0.0.1:4747", True),
        ("127.0.0.1", b"127.0.0.1", True),
        ("127.0.0.1", b"localhost:4747", True),
        ("::1", b"[::1]:4747", True),
        ("::1", b"[::1]", True),
        ("127.9.9.9", b"localhost", True),
        ("127.0.0.1", b"evil.test:4747", False),
        ("127.0.0.1", b"localhost.evil.test", False),
        ("127.0.0.1", b"evil.test:localhost", False),
        ("127.0.0.1", b"", False),
        ("10.0.0.1", b"127.0.0.1:4747", False),
        ("192.168.1.2", b"localhost", False),
        ("", b"localhost", False),
        ("no address", b"localhost", False),
    ],
)
@in_loop
async def test_the_level_is_for_this_machine(peer: str, host: bytes, allowed: bool) -> None:
    """Neither another machine nor a web page that makes its name point here may see or change it."""
    async with open_house(settings()) as house:
        read = await get(house, "/debug/log", (b"host", host), peer=peer)
        written = await put(house, b'{"level":"debug"}', (b"host", host), JSON, peer=peer)
        assert (read.status, written.status) == ((200, 200) if allowed else (403, 403))
        assert house.journal.level == ("debug" if allowed else "off")


@pytest.mark.parametrize(
    "field", [b"x-forwarded-for", b"forwarded", b"via", b"x-real-ip", b"x-forwarded-host"]
)
@in_loop
async def test_who_comes_through_a_proxy_is_not_at_this_machine(field: bytes) -> None:
    """A proxy beside the gateway calls it by its local name, for everybody."""
    async with open_house(settings()) as house:
        for path in ("/debug/log", "/debug/sessions", "/debug/caches", "/debug/drift", "/debug/lessons"):
            answer = await get(house, path, HERE, (field, b"192.0.2.7"))
            assert answer.status == 403


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        (b"text/plain", b'{"level":"debug"}', 415),
        (b"application/x-www-form-urlencoded", b'{"level":"debug"}', 415),
        (b"", b'{"level":"debug"}', 415),
        (b"application/json", b"{", 400),
        (b"application/json", b"\xff", 400),
        (b"application/json", b"[" * 100_000, 400),
        (b"application/json", b"[]", 400),
        (b"application/json", b"{}", 400),
        (b"application/json", b'{"level":"loud"}', 400),
        (b"application/json", b'{"level":1}', 400),
        (b"application/json", b'{"level":[]}', 400),
        (b"application/json; charset=utf-8", b'{"level":"debug"}', 200),
    ],
)
@in_loop
async def test_a_wrong_level_changes_nothing(content_type: bytes, body: bytes, status: int) -> None:
    """What is not a level in JSON is refused; a form, which any web page can send, above all."""
    async with open_house(settings()) as house:
        assert (await put(house, body, HERE, (b"content-type", content_type))).status == status
        assert house.journal.level == ("debug" if status == 200 else "off")


@pytest.mark.parametrize(
    ("path", "method"), [("/readyz", "POST"), ("/metrics", "PUT"), ("/debug/log", "POST")]
)
@in_loop
async def test_other_methods_are_not_answered(path: str, method: str) -> None:
    """A method a path does not know is a 405."""
    async with open_house(settings()) as house:
        assert (await get(house, path, HERE, method=method)).status == 405


@pytest.mark.parametrize("path", ["/readyz", "/metrics", "/debug/metrics", "/debug/log", "/debug/lessons"])
@in_loop
async def test_asking_for_the_head_only(path: str) -> None:
    """HEAD is answered like GET."""
    async with open_house(settings()) as house:
        assert (await get(house, path, HERE, method="HEAD")).status == 200


@in_loop
async def test_lessons_are_listed_and_forgotten() -> None:
    """All of them with what they mean; one under its id, or all."""
    async with open_house(settings()) as house:
        lesson = house.lessons.learn(("box", "m"), "seed: no", spared=Spared(Change(("seed",))))
        house.lessons.learn(("box", "m"), "no tools", ability="tools")
        listed = (await get(house, "/debug/lessons", HERE)).json()["lessons"]
        assert (listed[0]["id"], listed[0]["what"]) == (lesson.id, "seed")
        assert [one["words"] for one in listed] == ["seed: no", "no tools"]
        one = f"/debug/lessons/{lesson.id}"
        assert (await get(house, one, HERE, method="DELETE")).json() == {"forgotten": 1}
        assert (await get(house, one, HERE, method="DELETE")).status == 404
        assert (await get(house, "/debug/lessons", HERE, method="DELETE")).json() == {"forgotten": 1}
        assert not house.lessons.any


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@in_loop
async def test_lessons_are_told_to_this_machine_only(method: str) -> None:
    """Neither another machine nor a page whose name points here hears of them, or has them forgotten."""
    async with open_house(settings()) as house:
        house.lessons.learn(("box", "m"), "no tools", ability="tools")
        path = "/debug/lessons"
        assert (await get(house, path, HERE, method=method, peer="10.0.0.1")).status == 403
        assert (await get(house, path, (b"host", b"evil.test"), method=method)).status == 403
        assert house.lessons.count == 1


@in_loop
async def test_no_page_of_another_site_may_read() -> None:
    """No answer carries a field that opens it to web pages."""
    async with open_house(settings()) as house:
        for path in ("/readyz", "/metrics", "/debug/metrics", "/debug/log", "/debug/lessons"):
            answer = await get(house, path, HERE, (b"origin", b"https://evil.test"))
            assert not [name for name, _ in answer.headers if name.startswith(b"access-control-")]
