"""Who may do what over the admin API: by role, and never with what is somebody else's."""

from typing import Any

import pytest

from gateway.edge.admin.contract import Contract
from gateway.edge.admin.table import CONTRACTS
from gateway.state import Pair
from tests.gateway.edge.administration import Admin, administered
from tests.gateway.loops import in_loop


class Tree:
    """Two teams, each with a user; `red` and `ada` are who asks, `blue` and `bob` are foreign to them."""

    def __init__(self, admin: Admin, ids: dict[str, str]) -> None:
        self.admin = admin
        self.ids = ids

    async def key(self, name: str, role: str, owner: str | None) -> tuple[str, Pair]:
        """A key of a role, and the header field that carries it."""
        whose = None if owner is None else self.ids[owner]
        body = {"name": name, "role": role, "owner": whose}
        told = await self.admin.told("POST", "/keys", body, 201)
        return told["id"], (b"authorization", f"Bearer {told['secret']}".encode())

    async def status(self, key: Pair, method: str, path: str, body: object = None) -> int:
        """What somebody is answered."""
        return (await self.admin.ask(method, path, body, headers=(key,))).status

    async def names(self, key: Pair, path: str) -> set[str]:
        """The names that somebody is shown."""
        client = await self.admin.ask("GET", path, headers=(key,))
        assert client.status == 200, client.body
        rows: list[dict[str, Any]] = client.json()["rows"]
        return {row["name"] for row in rows}


async def planted(admin: Admin) -> Tree:
    """The tree."""
    ids: dict[str, str] = {}
    for name, kind, parent in (
        ("acme", "organisation", None),
        ("red", "team", "acme"),
        ("blue", "team", "acme"),
        ("ada", "user", "red"),
        ("bob", "user", "blue"),
    ):
        body = {"kind": kind, "name": name, "parent": None if parent is None else ids[parent]}
        ids[name] = (await admin.told("POST", "/principals", body, 201))["id"]
    return Tree(admin, ids)


@in_loop
async def test_an_admin_of_a_team_administers_the_team() -> None:
    """Those below are shown and changed, the rest is not there: 404, and no row of a list."""
    async with administered() as admin:
        tree = await planted(admin)
        mine, _ = await tree.key("mine", "member", "ada")
        foreign, _ = await tree.key("foreign", "member", "bob")
        _, red = await tree.key("head", "admin", "red")
        assert await tree.names(red, "/principals") == {"red", "ada"}
        assert await tree.names(red, "/keys") == {"mine", "head"}
        assert await tree.names(red, f"/keys?owner={tree.ids['bob']}") == set()
        assert await tree.status(red, "POST", f"/keys/{mine}/block") == 200
        for method, path, body in (
            ("GET", f"/keys/{foreign}", None),
            ("PATCH", f"/keys/{foreign}", {"name": "x"}),
            ("POST", f"/keys/{foreign}/rotate", {}),
            ("POST", f"/keys/{foreign}/revoke", None),
            ("GET", f"/principals/{tree.ids['bob']}", None),
            ("DELETE", f"/principals/{tree.ids['bob']}", None),
            ("GET", f"/principals/{tree.ids['acme']}", None),
        ):
            assert await tree.status(red, method, path, body) == 404, (method, path)


@in_loop
async def test_nobody_raises_what_holds_for_themselves() -> None:
    """The own team is changed by those above, and keys are made only for those below."""
    async with administered() as admin:
        tree = await planted(admin)
        _, red = await tree.key("head", "admin", "red")
        team, before = tree.ids["red"], admin.everything()
        assert await tree.status(red, "PATCH", f"/principals/{team}", {"limits": {"concurrent": 0}}) == 403
        assert await tree.status(red, "DELETE", f"/principals/{team}") == 403
        for owner in (None, tree.ids["blue"], tree.ids["acme"]):
            assert await tree.status(red, "POST", "/keys", {"name": "x", "owner": owner}) == 400
        assert await tree.status(red, "POST", "/principals", {"kind": "user", "name": "x"}) == 400
        assert admin.everything() == before
        assert await tree.status(red, "POST", "/keys", {"name": "x", "owner": tree.ids["ada"]}) == 201


@pytest.mark.parametrize("contract", [one for one in CONTRACTS if not one.operation.scoped])
@in_loop
async def test_what_is_the_whole_gateways_is_not_for_the_admin_of_a_part(contract: Contract) -> None:
    """Providers, routes, prices, the audit, the worker: 403."""
    async with administered() as admin:
        tree = await planted(admin)
        _, red = await tree.key("head", "admin", "red")
        path = contract.operation.path.replace("{name}", "demo").replace("{id}", "x")
        body: object = {} if contract.body else None
        assert await tree.status(red, contract.operation.method, path, body) == 403


@in_loop
async def test_an_admin_of_nobody_administers_everything() -> None:
    """A key of that role that belongs to nobody may do what the key of the configuration may."""
    async with administered() as admin:
        tree = await planted(admin)
        _, everyone = await tree.key("root", "admin", None)
        assert await tree.names(everyone, "/principals") == {"acme", "red", "blue", "ada", "bob"}
        assert await tree.status(everyone, "GET", "/settings") == 200
        assert await tree.status(everyone, "POST", "/keys", {"name": "x"}) == 201
        rows = (await admin.told("GET", "/audit"))["rows"]
        assert rows[0]["actor"].startswith("key:")


@in_loop
async def test_a_viewer_looks_and_changes_nothing() -> None:
    """Every GET is answered, everything else is 403."""
    async with administered() as admin:
        tree = await planted(admin)
        key, viewer = await tree.key("eye", "viewer", None)
        before = admin.everything()
        for contract in CONTRACTS:
            operation = contract.operation
            path = operation.path.replace("{name}", "demo")
            path = path.replace("{id}", key if path.startswith("/keys") else tree.ids["red"])
            status = await tree.status(viewer, operation.method, path, {} if contract.body else None)
            assert status == (200 if operation.method == "GET" else 403), operation.name
        assert admin.everything() == before


@in_loop
async def test_a_member_has_their_own_keys() -> None:
    """Those of their user are shown, blocked, rotated; not made, not changed; and nobody else's is there."""
    async with administered() as admin:
        tree = await planted(admin)
        _, member = await tree.key("mine", "member", "ada")
        other, _ = await tree.key("other", "member", "ada")
        foreign, _ = await tree.key("foreign", "member", "bob")
        assert await tree.names(member, "/keys") == {"mine", "other"}
        assert await tree.status(member, "POST", f"/keys/{other}/rotate", {}) == 200
        assert await tree.status(member, "POST", f"/keys/{other}/revoke") == 200
        assert await tree.status(member, "GET", f"/keys/{foreign}") == 404
        assert await tree.status(member, "POST", "/keys", {"name": "x", "owner": tree.ids["ada"]}) == 403
        assert await tree.status(member, "PATCH", f"/keys/{other}", {"name": "x"}) == 403
        assert await tree.status(member, "GET", "/usage") == 200
        assert await tree.status(member, "GET", "/principals") == 403


@in_loop
async def test_a_service_sees_what_it_used_itself() -> None:
    """Its own usage, and nothing else."""
    async with administered() as admin:
        tree = await planted(admin)
        _, service = await tree.key("bot", "service", None)
        assert await tree.status(service, "GET", "/usage") == 200
        assert await tree.status(service, "GET", "/ledger") == 200
        for path in ("/keys", "/principals", "/audit", "/status", "/settings"):
            assert await tree.status(service, "GET", path) == 403


@in_loop
async def test_a_key_that_is_blocked_opens_no_door() -> None:
    """From the moment on at which it is blocked it is 401."""
    async with administered() as admin:
        tree = await planted(admin)
        identity, key = await tree.key("head", "admin", None)
        assert await tree.status(key, "GET", "/keys") == 200
        await admin.told("POST", f"/keys/{identity}/block")
        assert await tree.status(key, "GET", "/keys") == 401


@in_loop
async def test_a_key_opens_the_path_of_requests_at_once() -> None:
    """Made, used, blocked, used: the caller's next request finds what was done, without a wait."""
    async with administered() as admin:
        tree = await planted(admin)
        identity, key = await tree.key("ada", "member", None)
        assert admin.house.callers.caller_of(key[1]) is not None
        await admin.told("POST", f"/keys/{identity}/revoke")
        assert admin.house.callers.caller_of(key[1]) is None
