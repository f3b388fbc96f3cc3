"""Organisations, teams, projects and users over the admin API: one tree, each under a higher kind."""

from tests.gateway.edge.administration import Admin, administered
from tests.gateway.loops import in_loop


async def made(admin: Admin, kind: str, parent: str | None = None, **fields: object) -> str:
    """The id of a new one."""
    body = {"kind": kind, "name": f"a {kind}", "parent": parent, **fields}
    return str((await admin.told("POST", "/principals", body, 201))["id"])


@in_loop
async def test_each_stands_under_a_higher_kind() -> None:
    """From the organisation down to the user; the other way is refused (409), and nothing is kept of it."""
    async with administered() as admin:
        above = None
        for kind in ("organisation", "team", "project", "user"):
            above = await made(admin, kind, above)
        before = admin.everything()
        for kind in ("organisation", "team", "project", "user"):
            body = {"kind": kind, "name": "x", "parent": above}
            assert await admin.refused("POST", "/principals", body) == (409, "conflict", None)
        assert admin.everything() == before


@in_loop
async def test_an_id_may_be_ones_own() -> None:
    """It is kept as it was said, once: a second one of the same id is refused by the name of the field."""
    async with administered() as admin:
        assert await made(admin, "team", id="red-team.1") == "red-team.1"
        body = {"kind": "user", "name": "x", "id": "red-team.1"}
        assert await admin.refused("POST", "/principals", body) == (409, "conflict", "id")
        assert await admin.refused("POST", "/principals", body | {"id": "../x"}) == (
            400,
            "invalid_request",
            "id",
        )


@in_loop
async def test_one_is_changed_and_shown() -> None:
    """Name, role, state and what it may do; what is left out stays as it is."""
    async with administered() as admin:
        team = await made(admin, "team", limits={"requests_per_minute": 5})
        place = f"/principals/{team}"
        told = await admin.told("PATCH", place, {"state": "blocked", "providers": ["ant"]})
        assert (told["state"], told["name"], told["providers"]) == ("blocked", "a team", ["ant"])
        assert told["limits"]["requests_per_minute"] == 5
        assert await admin.told("GET", place) == told


@in_loop
async def test_one_is_removed_when_nobody_stands_below() -> None:
    """While others or keys do it is refused (409), and then it is gone (404)."""
    async with administered() as admin:
        team = await made(admin, "team")
        user = await made(admin, "user", team)
        assert (await admin.refused("DELETE", f"/principals/{team}"))[:2] == (409, "conflict")
        assert (await admin.ask("DELETE", f"/principals/{user}")).status == 204
        assert (await admin.ask("DELETE", f"/principals/{team}")).status == 204
        assert (await admin.refused("GET", f"/principals/{team}"))[:2] == (404, "not_found")


@in_loop
async def test_they_are_listed_by_whom_they_stand_under() -> None:
    """Those right below one; all, page by page, by their ids."""
    async with administered() as admin:
        team = await made(admin, "team")
        users = sorted([await made(admin, "user", team) for _ in range(3)])
        below = await admin.told("GET", f"/principals?parent={team}")
        assert [row["id"] for row in below["rows"]] == users
        first = await admin.told("GET", "/principals?limit=3")
        rest = await admin.told("GET", f"/principals?limit=3&cursor={first['cursor']}")
        assert [row["id"] for row in first["rows"] + rest["rows"]] == sorted([team, *users])
