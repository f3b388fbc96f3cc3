"""Routes over the admin API: laid over the file's, checked whole, live at once, kept in every version."""

from pathlib import Path

import pytest

from tests.gateway.edge.administration import Admin, following
from tests.gateway.indoors import Client
from tests.gateway.loops import in_loop

FAST = b'{"model":"fast","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the configuration is."""
    return tmp_path / "penstock.toml"


async def served(admin: Admin, body: bytes = FAST) -> int:
    """The status that a caller's request is answered with."""
    client = Client("/v1/messages", body)
    await admin.app(client.scope, client.receive, client.send)
    return client.status


@in_loop
async def test_what_is_set_holds_for_the_next_request(file: Path) -> None:
    """A name that leads nowhere leads to the demo once it is set, and nowhere again when it is taken back."""
    async with following(file) as admin:
        assert await admin.told("GET", "/routes") == {
            "version": 0,
            "set_at": None,
            "set_by": "",
            "models": {},
            "rules": [],
        }
        assert await served(admin) == 404
        told = await admin.told("PUT", "/routes", {"after": 0, "models": {"fast": "demo"}})
        assert (told["version"], told["set_by"], told["models"]) == (1, "admin", {"fast": "demo"})
        assert await served(admin) == 200
        assert (await admin.told("GET", "/status"))["routes"] == 1
        await admin.told("PUT", "/routes", {"after": 1})
        assert await served(admin) == 404


@in_loop
async def test_they_are_laid_over_those_of_the_file(file: Path) -> None:
    """A name of the file is overruled, the others stay; rules come before the file's."""
    rules = '[[rules]]\nuse = "ant"\nwhen = { model = "x" }'
    async with following(file, models='fast = "ant"', more=rules) as admin:
        body = {
            "after": 0,
            "models": {"fast": ["demo", "ant/other"]},
            "rules": [{"use": "demo", "when": {"scenario": "background"}}],
        }
        await admin.told("PUT", "/routes", body)
        assert await served(admin) == 200
        told = await admin.told("GET", "/routes/all")
        leads = {one["name"]: [tier["shares"][0]["to"] for tier in one["tiers"]] for one in told["models"]}
        assert leads == {"known": ["ant"], "fast": ["demo", "ant/other"]}
        assert [rule["tiers"][0]["shares"][0]["to"] for rule in told["rules"]] == ["demo", "ant"]


@pytest.mark.parametrize(
    ("routes", "field"),
    [
        ({"models": {"fast": "nobody"}}, "models.fast"),
        ({"models": {"fast": "fast2", "fast2": "fast"}}, "models.fast2"),
        ({"models": {"fast": []}}, "models.fast"),
        ({"models": {"a b": {"targets": ["demo"], "hedge": "soon"}}}, 'models."a b".hedge'),
        ({"rules": [{"use": "nobody"}]}, "rules.0.use"),
        ({"models": {"fast": "${ANT_KEY}"}}, "models.fast"),
    ],
)
@in_loop
async def test_what_does_not_hold_is_refused_whole(file: Path, routes: dict[str, object], field: str) -> None:
    """It is checked with the rest of the configuration: 400 that names the place, and nothing is kept."""
    async with following(file) as admin:
        await admin.told("PUT", "/routes", {"after": 0, "models": {"fast": "demo"}})
        before = admin.everything()
        status, _, named = await admin.refused("PUT", "/routes", {"after": 1, **routes})
        assert (status, named) == (400, field)
        assert admin.everything() == before
        assert await served(admin) == 200


@in_loop
async def test_a_change_made_from_an_old_version_is_refused(file: Path) -> None:
    """Who has not seen what another has set is told so (409), and nothing is kept."""
    async with following(file) as admin:
        await admin.told("PUT", "/routes", {"after": 0, "models": {"fast": "demo"}})
        assert await admin.refused("PUT", "/routes", {"after": 0}) == (409, "conflict", "after")
        assert await served(admin) == 200


@in_loop
async def test_one_goes_back_to_a_version(file: Path) -> None:
    """Every version is kept and listed; an old one is set anew, and 0 is as before the first."""
    async with following(file) as admin:
        await admin.told("PUT", "/routes", {"after": 0, "models": {"fast": "demo"}})
        await admin.told("PUT", "/routes", {"after": 1, "models": {"slow": "demo"}})
        assert await served(admin) == 404
        told = await admin.told("POST", "/routes/restore", {"after": 2, "version": 1})
        assert (told["version"], told["models"]) == (3, {"fast": "demo"})
        assert await served(admin) == 200
        first = await admin.told("GET", "/routes/versions?limit=2")
        rest = await admin.told("GET", f"/routes/versions?limit=2&cursor={first['cursor']}")
        assert [one["version"] for one in first["rows"] + rest["rows"]] == [3, 2, 1]
        await admin.told("POST", "/routes/restore", {"after": 3, "version": 0})
        assert await served(admin) == 404
        assert (await admin.refused("POST", "/routes/restore", {"after": 4, "version": 9}))[0] == 404


@in_loop
async def test_they_are_there_after_a_start(file: Path) -> None:
    """A worker that starts finds them in the store, before its first request."""
    async with following(file) as admin:
        await admin.told("PUT", "/routes", {"after": 0, "models": {"fast": "demo"}})
    async with following(file) as admin:
        assert await served(admin) == 200


@in_loop
async def test_another_worker_follows(file: Path) -> None:
    """What one worker is told the other finds in the store when it looks the next time."""
    async with following(file) as admin, following(file) as other:
        await admin.told("PUT", "/routes", {"after": 0, "models": {"fast": "demo"}})
        assert await served(other) == 404
        assert other.house.reload is not None
        await other.house.reload.follow()
        assert await served(other) == 200


def edit(file: Path, without: str) -> None:
    """Take something out of the configuration."""
    file.write_text(file.read_text().replace(without, ""))


@in_loop
async def test_a_file_that_does_not_hold_with_them_is_refused(file: Path) -> None:
    """The provider they lead to is taken out of the file: all stays as it is, and the reload says why."""
    async with following(file, more='[providers.gone]\nlike = "openai"\napi_key = "k"') as admin:
        await admin.told("PUT", "/routes", {"after": 0, "models": {"fast": "gone", "slow": "demo"}})
        edit(file, '[providers.gone]\nlike = "openai"\napi_key = "k"')
        told = await admin.told("POST", "/reload")
        assert told["result"] == "refused"
        assert told["problems"][0]["path"] == "models.fast"
        assert "gone" in admin.house.providers
