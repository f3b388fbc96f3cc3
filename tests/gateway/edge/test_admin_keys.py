"""Keys over the admin API: made, shown, changed, shut out, rotated."""

import re
from hashlib import sha256

from store import keys
from tests.gateway.edge.administration import NOW, Admin, administered
from tests.gateway.loops import in_loop

SECRET = re.compile(r"pst_([0-9a-f]{12})_[A-Za-z0-9_-]{43}")


async def made(admin: Admin, **fields: object) -> dict[str, object]:
    """A key, as the reply tells it."""
    told = await admin.told("POST", "/keys", {"name": "ada", **fields}, 201)
    assert isinstance(told, dict)
    return told


@in_loop
async def test_a_key_is_told_once_and_kept_as_a_hash() -> None:
    """The secret is in the reply that made it, and in no later one, nor in the database."""
    async with administered() as admin:
        told = await made(admin)
        secret = str(told.pop("secret"))
        match = SECRET.fullmatch(secret)
        assert match is not None
        assert match[1] == told["id"]
        assert await admin.told("GET", f"/keys/{told['id']}") == told
        listed = await admin.ask("GET", "/keys")
        assert listed.json() == {"rows": [told], "cursor": ""}
        kept = repr(admin.everything()) + repr(listed.body) + repr((await admin.ask("GET", "/audit")).body)
        assert secret.partition(f"{match[1]}_")[2] not in kept
        with admin.database.reading() as connection:
            assert keys.of(connection, match[1]).digest == sha256(secret.encode()).digest()


@in_loop
async def test_what_a_key_may_do_is_set_and_shown() -> None:
    """Globs, limits, budgets in dollars, an expiry: as they were sent, with the rest as it is by default."""
    async with administered() as admin:
        said = {
            "models": ["claude-*"],
            "limits": {"requests_per_minute": 60},
            "budgets": [{"dollars": "12.5", "window": "month"}],
            "expires": "2101-01-01T01:00:00+01:00",
        }
        told = await made(admin, **said)
        assert told["models"] == ["claude-*"]
        assert told["providers"] == []
        assert told["limits"]["requests_per_minute"] == 60  # type: ignore[index]
        assert told["budgets"] == [{"dollars": "12.50", "window": "month", "rolling": False}]
        assert told["expires"] == "2101-01-01T00:00:00Z"
        assert (told["role"], told["state"], told["owner"], told["overrides"]) == (
            "member",
            "active",
            None,
            False,
        )


@in_loop
async def test_a_change_leaves_the_rest_as_it_is() -> None:
    """What is not named stays; a change that changes nothing is not written down."""
    async with administered() as admin:
        told = await made(admin, models=["claude-*"], limits={"concurrent": 3})
        del told["secret"]
        place = f"/keys/{told['id']}"
        changed = await admin.told("PATCH", place, {"name": "grace", "models": []})
        assert changed == {**told, "name": "grace", "models": []}
        assert await admin.told("PATCH", place, {}) == changed
        assert await admin.told("PATCH", place, {"name": "grace"}) == changed
        assert len((await admin.told("GET", "/audit"))["rows"]) == 2


@in_loop
async def test_a_key_is_blocked_let_in_and_revoked_for_ever() -> None:
    """Each says the state it comes to; what was revoked is no more to be changed (409)."""
    async with administered() as admin:
        place = f"/keys/{(await made(admin))['id']}"
        states = [
            (await admin.told("POST", f"{place}/{verb}"))["state"] for verb in ("block", "unblock", "revoke")
        ]
        assert states == ["blocked", "active", "revoked"]
        for verb in ("block", "unblock", "revoke"):
            assert await admin.refused("POST", f"{place}/{verb}") == (409, "conflict", None)
        assert (await admin.refused("POST", f"{place}/rotate", {}))[0] == 409


@in_loop
async def test_a_rotation_lets_both_secrets_in_for_a_while() -> None:
    """The former secret opens until the overlap is over, the new one from now on; the key is the same."""
    async with administered() as admin:
        first = await made(admin)
        second = await admin.told("POST", f"/keys/{first['id']}/rotate", {"overlap": 60})
        assert (second["id"], second["name"]) == (first["id"], "ada")
        now = int(NOW * 1000)
        with admin.database.reading() as connection:
            for secret, at, opens in (
                (first["secret"], now + 59_999, True),
                (first["secret"], now + 60_000, False),
                (second["secret"], now, True),
            ):
                digest = sha256(str(secret).encode()).digest()
                assert (keys.by_digest(connection, digest, at) is not None) == opens


@in_loop
async def test_an_owner_must_be_there() -> None:
    """A key for somebody unknown is refused by the name of the field, and nothing is kept."""
    async with administered() as admin:
        before = admin.everything()
        assert await admin.refused("POST", "/keys", {"name": "x", "owner": "user_none"}) == (
            400,
            "invalid_request",
            "owner",
        )
        assert await admin.refused("POST", "/keys", {"name": "x", "expires": "2020-01-01T00:00:00Z"}) == (
            400,
            "invalid_request",
            "expires",
        )
        assert admin.everything() == before


@in_loop
async def test_a_list_comes_page_by_page() -> None:
    """Cursors lead through every key once; those of one owner can be asked for."""
    async with administered() as admin:
        user = await admin.told("POST", "/principals", {"kind": "user", "name": "ada"}, 201)
        names = [f"key {number}" for number in range(7)]
        for number, name in enumerate(names):
            await made(admin, name=name, owner=user["id"] if number % 2 else None)
        found: list[str] = []
        cursor = ""
        while True:
            page = await admin.told("GET", f"/keys?limit=3&cursor={cursor}")
            found += [row["name"] for row in page["rows"]]
            cursor = page["cursor"]
            if not cursor:
                break
        assert sorted(found) == names
        owned = await admin.told("GET", f"/keys?owner={user['id']}")
        assert {row["name"] for row in owned["rows"]} == {"key 1", "key 3", "key 5"}
