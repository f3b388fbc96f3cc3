"""Usage, the ledger, budgets and the audit over the admin API."""

from store.rows import Attempt, Charge
from store.sums import DAY, HOUR
from tests.gateway.edge.administration import NOW, Admin, administered
from tests.gateway.loops import in_loop

DAWN = int(NOW * 1000) // DAY * DAY


def put(admin: Admin, *attempts: Attempt) -> None:
    """Bring rows into the ledger, and wait until they are there."""
    assert admin.house.keeping is not None
    for attempt in attempts:
        admin.house.keeping.ledger.put(attempt)
    admin.house.keeping.ledger.flush()


def attempt(number: int, **fields: object) -> Attempt:
    """One attempt, that cost some micro-dollars, at an hour of a day."""
    base: dict[str, object] = {
        "id": f"a{number}",
        "exchange": f"e{number // 2}",
        "began": DAWN + number * HOUR,
        "ended": DAWN + number * HOUR + 5,
        "key_id": "k1" if number % 2 else "k2",
        "model": "opus" if number < 3 else "haiku",
        "provider": "ant",
        "session": f"s{number % 3}",
        "input": 10,
        "output": 1,
        "cost": 1_500_000 + number,
        "price": "configuration",
    }
    return Attempt(**(base | fields))  # type: ignore[arg-type]


@in_loop
async def test_usage_is_summed_by_what_is_asked_for() -> None:
    """By model and key the dearest first, by day in order; dollars as decimal strings, to the last digit."""
    async with administered() as admin:
        put(admin, *(attempt(number) for number in range(6)))
        rows = (await admin.told("GET", "/usage"))["rows"]
        assert [(row["group"], row["attempts"], row["cost"]) for row in rows] == [
            ({"model": "haiku"}, 3, "4.500012"),
            ({"model": "opus"}, 3, "4.500003"),
        ]
        rows = (await admin.told("GET", "/usage?by=day,key_id"))["rows"]
        assert [row["group"]["key_id"] for row in rows] == ["k1", "k2"]
        assert rows[0]["group"]["day"].endswith("T00:00:00Z")
        (row,) = (await admin.told("GET", "/usage?by=session&session=s1&model=opus"))["rows"]
        assert (row["group"], row["input"], row["output"]) == ({"session": "s1"}, 10, 1)


@in_loop
async def test_usage_of_a_time_and_page_by_page() -> None:
    """The end is not in it; a cursor goes on where the page ended."""
    async with administered() as admin:
        put(admin, *(attempt(number) for number in range(6)))
        first = (await admin.told("GET", "/usage?by=hour"))["rows"][0]["group"]["hour"]
        later = (await admin.told("GET", "/usage?by=hour&limit=2"))["rows"][1]["group"]["hour"]
        (row,) = (await admin.told("GET", f"/usage?by=hour&since={first}&until={later}"))["rows"]
        assert row["group"] == {"hour": first}
        page = await admin.told("GET", "/usage?by=model&limit=1")
        rest = await admin.told("GET", f"/usage?by=model&limit=1&cursor={page['cursor']}")
        assert [one["group"]["model"] for one in page["rows"] + rest["rows"]] == ["haiku", "opus"]
        assert await admin.refused("GET", "/usage?by=session,provider") == (400, "invalid_request", None)


@in_loop
async def test_rows_are_found_by_exchange_session_and_key() -> None:
    """The latest first, with times and dollars as they are told."""
    async with administered() as admin:
        put(admin, *(attempt(number, decision="next after 503") for number in range(6)))
        for query, found in (
            ("", ["a5", "a4", "a3", "a2", "a1", "a0"]),
            ("?exchange=e1", ["a3", "a2"]),
            ("?session=s0", ["a3", "a0"]),
            ("?key_id=k1", ["a5", "a3", "a1"]),
        ):
            rows = (await admin.told("GET", f"/ledger{query}"))["rows"]
            assert [row["id"] for row in rows] == found
        assert (rows[-1]["cost"], rows[-1]["decision"]) == ("1.500001", "next after 503")
        assert (rows[-1]["began"].endswith("Z"), rows[-1]["first_byte"]) == (True, None)


@in_loop
async def test_what_budgets_have_spent_is_listed() -> None:
    """By scope and window, the latest period first; one scope where that is asked for."""
    async with administered() as admin:
        charges = tuple(
            Charge(scope, "day", DAWN + day * DAY, 250_000)
            for scope in ("key:a", "team:b")
            for day in range(3)
        )
        put(admin, attempt(1, charges=charges), attempt(2, charges=charges[:1]))
        rows = (await admin.told("GET", "/budgets"))["rows"]
        assert [row["scope"] for row in rows] == ["key:a"] * 3 + ["team:b"] * 3
        page = await admin.told("GET", "/budgets?scope=key:a&limit=2")
        rest = await admin.told("GET", f"/budgets?scope=key:a&limit=2&cursor={page['cursor']}")
        assert [row["spent"] for row in page["rows"] + rest["rows"]] == ["0.25", "0.25", "0.50"]


@in_loop
async def test_the_audit_says_who_changed_what() -> None:
    """Before and after, the latest first, by kind, subject and actor; and never a hash of a secret."""
    async with administered() as admin:
        budget = {"dollars": "5", "window": "day"}
        key = await admin.told("POST", "/keys", {"name": "ada", "budgets": [budget]}, 201)
        await admin.told("PATCH", f"/keys/{key['id']}", {"name": "grace"})
        await admin.told("POST", "/principals", {"kind": "team", "name": "red"}, 201)
        rows = (await admin.told("GET", "/audit"))["rows"]
        assert [(row["action"], row["actor"]) for row in rows] == [
            ("team.create", "admin"),
            ("key.update", "admin"),
            ("key.create", "admin"),
        ]
        assert (rows[1]["before"]["name"], rows[1]["after"]["name"]) == ("ada", "grace")
        assert "digest" not in rows[2]["after"]
        assert rows[2]["after"]["created"] == key["created"]
        assert rows[2]["after"]["settings"]["budgets"] == [{"dollars": "5.00", "window": "day"}]
        for query, count in (
            ("kind=key", 2),
            (f"subject={key['id']}", 2),
            ("actor=admin", 3),
            ("actor=x", 0),
        ):
            assert len((await admin.told("GET", f"/audit?{query}"))["rows"]) == count


@in_loop
async def test_those_of_a_part_see_what_that_used() -> None:
    """Sums and rows of others are not in what the admin of a team is told."""
    async with administered() as admin:
        ids = [
            (await admin.told("POST", "/principals", {"kind": "team", "name": name}, 201))["id"]
            for name in ("red", "blue")
        ]
        put(admin, attempt(0, team_id=ids[0]), attempt(1, team_id=ids[1]))
        made = await admin.told("POST", "/keys", {"name": "x", "role": "admin", "owner": ids[0]}, 201)
        head = (b"authorization", f"Bearer {made['secret']}".encode())
        (row,) = (await admin.ask("GET", "/usage", headers=(head,))).json()["rows"]
        assert row["attempts"] == 1
        (row,) = (await admin.ask("GET", "/ledger", headers=(head,))).json()["rows"]
        assert row["id"] == "a0"
        foreign = await admin.ask("GET", f"/usage?team_id={ids[1]}", headers=(head,))
        assert foreign.json()["rows"] == []
