"""Hostile and broken input over the admin API: refused by the name of the field, and nothing changes."""

import msgspec
import pytest

from gateway.edge.admin.contract import Contract
from gateway.edge.admin.table import CONTRACTS
from tests.gateway.edge.administration import Admin, administered
from tests.gateway.loops import in_loop

SQL = "x'; DROP TABLE keys; --"
DEEP = b"[" * 200_000
PRICE = {"input": "1", "output": "2"}
# What no field takes, whatever it is for.
MONSTERS: tuple[bytes, ...] = (
    b'"' + b"n" * 1_000_000 + b'"',
    b'"a\\u0000b"',
    b'"a\\nb"',
    b'"\\ud800"',
    b"-1",
    b"123456789012345678901234567890",
    b"1e999",
    b'{"a": 1}',
    b'[{"a": [1]}]',
    b'"../../../etc/passwd\\u0000"',
    DEEP,
)
POSTED = [one for one in CONTRACTS if one.body is not None]


async def seeded(admin: Admin) -> dict[str, str]:
    """What places of paths stand for: one key, one principal."""
    team = await admin.told("POST", "/principals", {"kind": "team", "name": "red"}, 201)
    key = await admin.told("POST", "/keys", {"name": "ada", "owner": team["id"]}, 201)
    return {"keys": key["id"], "principals": team["id"]}


@pytest.mark.parametrize("contract", POSTED, ids=lambda one: one.operation.name)
@in_loop
async def test_no_field_takes_a_monster(contract: Contract) -> None:
    """Every field of every body, with each of them: 400 that names it, and the database is as it was."""
    async with administered() as admin:
        known = await seeded(admin)
        before = admin.everything()
        path = contract.operation.path
        path = path.replace("{id}", known.get(path.split("/")[1], "none")).replace("{name}", "demo")
        good = {"name": "x", "kind": "user", "provider": "demo", "model": "x", "price": PRICE, "after": 0}
        good["version"] = 1
        body = {name: good[name] for name in contract.body.__struct_fields__ if name in good}
        for field in contract.body.__struct_fields__:
            for monster in MONSTERS:
                parts = {name: msgspec.json.encode(value) for name, value in body.items()}
                parts[field] = monster
                sent = b"{%b}" % b",".join(b'"%b":%b' % (name.encode(), raw) for name, raw in parts.items())
                status, kind, named = await admin.refused(contract.operation.method, path, sent)
                assert (status, kind) == (400, "invalid_request"), (field, monster[:40])
                assert named is not None
                assert named.startswith(field), (field, monster[:40], named)
        assert admin.everything() == before


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("POST", "/keys", {}, "name"),
        ("POST", "/keys", {"name": ""}, "name"),
        ("POST", "/keys", {"name": "x" * 201}, "name"),
        ("POST", "/keys", {"name": 5}, "name"),
        ("POST", "/keys", {"name": "x", "role": "root"}, "role"),
        ("POST", "/keys", {"name": "x", "owner": SQL}, "owner"),
        ("POST", "/keys", {"name": "x", "owner": "../../etc"}, "owner"),
        ("POST", "/keys", {"name": "x", "expires": "tomorrow"}, "expires"),
        ("POST", "/keys", {"name": "x", "expires": "2030-01-01T00:00:00"}, "expires"),
        ("POST", "/keys", {"name": "x", "expires": "0001-01-01T00:00:00+14:00"}, "expires"),
        ("POST", "/keys", {"name": "x", "expires": "9999-12-31T23:59:59-14:00"}, "expires"),
        ("POST", "/keys", {"name": "x", "limits": {"concurrent": -1}}, "limits.concurrent"),
        ("POST", "/keys", {"name": "x", "limits": {"concurrent": 2**64}}, "limits.concurrent"),
        ("POST", "/keys", {"name": "x", "limits": {"concurrency": 1}}, "limits.concurrency"),
        (
            "POST",
            "/keys",
            {"name": "x", "budgets": [{"dollars": "-1", "window": "day"}]},
            "budgets[0].dollars",
        ),
        ("POST", "/keys", {"name": "x", "budgets": [{"dollars": 5, "window": "day"}]}, "budgets[0].dollars"),
        (
            "POST",
            "/keys",
            {"name": "x", "budgets": [{"dollars": "1e9", "window": "day"}]},
            "budgets[0].dollars",
        ),
        (
            "POST",
            "/keys",
            {"name": "x", "budgets": [{"dollars": "1", "window": "year"}]},
            "budgets[0].window",
        ),
        ("POST", "/keys", {"name": "x", "budgets": [{"dollars": "1"}]}, "budgets[0].window"),
        ("POST", "/keys", {"name": "x", "models": ["a\n"]}, "models[0]"),
        ("POST", "/keys", {"name": "x", "models": ["a"] * 1001}, "models"),
        ("POST", "/keys", {"name": "x", "secret": "pst_mine"}, "secret"),
        ("POST", "/keys", {"name": "x", "id": "0123456789ab"}, "id"),
        ("POST", "/keys", b"", "body"),
        ("POST", "/keys", b"\xff\xfe", "body"),
        ("POST", "/keys", b"[]", "body"),
        ("POST", "/keys", b"null", "body"),
        ("POST", "/keys", b'{"name": "x"', "body"),
        ("POST", "/keys", DEEP, "body"),
        ("POST", "/principals", {"kind": "planet", "name": "x"}, "kind"),
        ("POST", "/principals", {"kind": "user", "name": "x", "parent": "team_none"}, "parent"),
        ("GET", "/keys?limit=0", None, "limit"),
        ("GET", "/keys?limit=-1", None, "limit"),
        ("GET", "/keys?limit=99999999999999999999", None, "limit"),
        ("GET", "/keys?limit=ten", None, "limit"),
        ("GET", "/keys?limit=1&limit=2", None, "limit"),
        ("GET", "/keys?order=1", None, "order"),
        ("GET", "/keys?cursor=WzFd", None, "cursor"),
        ("GET", "/keys?cursor=%00", None, "cursor"),
        ("GET", "/keys?owner=%27%20OR%201%3D1", None, "owner"),
        ("GET", "/keys?owner=%ff", None, "query"),
        ("GET", "/usage?by=model,password", None, "by[1]"),
        ("GET", "/usage?by=", None, "by[0]"),
        ("GET", "/usage?since=1960-01-01T00:00:00Z", None, "since"),
        ("GET", "/usage?since=now", None, "since"),
        ("GET", "/usage?until=0", None, "until"),
        ("GET", "/usage?until=", None, "until"),
        ("DELETE", "/prices?provider=demo", None, "model"),
        ("PUT", "/prices", {"provider": "none", "model": "x", "price": PRICE}, "provider"),
        ("PUT", "/prices", {"provider": "demo/x", "model": "x", "price": PRICE}, "provider"),
        ("PUT", "/prices", {"provider": "demo", "model": "x", "price": {"input": "1"}}, "price.output"),
        (
            "PUT",
            "/prices",
            {"provider": "demo", "model": "x", "price": PRICE | {"input": "-1"}},
            "price.input",
        ),
        (
            "PUT",
            "/prices",
            {"provider": "demo", "model": "x", "price": PRICE | {"longer": [{"over": 5}, {"over": 5}]}},
            "price.longer",
        ),
        ("PUT", "/routes", {"models": {}}, "after"),
        ("PUT", "/routes", {"after": 0, "models": {"x": 5}}, "models[...]"),
        ("PUT", "/routes", {"after": 0, "rules": [{"use": "x", "when": {"moon": 1}}]}, "rules[0].when.moon"),
        ("POST", "/providers/demo/test", {"patience": 0}, "patience"),
        ("GET", "/status?verbose=1", None, "query"),
        ("GET", "/ledger?session=a&exchange=b", None, "session"),
        ("GET", "/keys/%00", None, "id"),
        ("GET", "/keys/%20", None, "id"),
    ],
)
@in_loop
async def test_what_is_wrong_is_named(method: str, path: str, body: object, field: str) -> None:
    """Each kind of wrong value is 400 with the field it stands in, and nothing is changed by it."""
    async with administered() as admin:
        await seeded(admin)
        before = admin.everything()
        spelled = path.replace("%00", "\0").replace("%20", " ") if path.startswith("/keys/") else path
        assert await admin.refused(method, spelled, body) == (400, "invalid_request", field)
        assert admin.everything() == before


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/keys/000000000000", None),
        ("PATCH", "/keys/000000000000", {"name": "x"}),
        ("POST", "/keys/000000000000/block", None),
        ("POST", "/keys/000000000000/unblock", None),
        ("POST", "/keys/000000000000/revoke", None),
        ("POST", "/keys/000000000000/rotate", {}),
        ("GET", "/principals/team_none", None),
        ("PATCH", "/principals/team_none", {"name": "x"}),
        ("DELETE", "/principals/team_none", None),
        ("GET", "/keys/..", None),
        ("GET", "/providers/none", None),
        ("POST", "/providers/none/test", {}),
        ("DELETE", "/prices?provider=demo&model=none", None),
        ("POST", "/caches/none/clear", None),
        ("DELETE", "/lessons/none", None),
    ],
)
@in_loop
async def test_what_is_not_there_is_not_found(method: str, path: str, body: object) -> None:
    """An id of nobody is 404, and nothing is changed by asking for it."""
    async with administered() as admin:
        await seeded(admin)
        before = admin.everything()
        assert (await admin.refused(method, path, body))[:2] == (404, "not_found")
        assert admin.everything() == before


@in_loop
async def test_statements_in_names_are_names() -> None:
    """SQL in a field that takes any text is kept as that text, and found by it."""
    async with administered() as admin:
        key = await admin.told("POST", "/keys", {"name": SQL, "models": [SQL]}, 201)
        assert (key["name"], key["models"]) == (SQL, [SQL])
        assert (await admin.told("GET", "/keys"))["rows"][0]["name"] == SQL
        for path in ("/ledger?session=", "/usage?agent=", "/audit?actor=", "/budgets?scope="):
            found = await admin.told("GET", path + "x%27%3B%20DROP%20TABLE%20keys%3B%20--")
            assert found == {"rows": [], "cursor": ""}
        assert len((await admin.told("GET", "/keys"))["rows"]) == 1
