"""Providers and the worker over the admin API: what is configured, without secrets, and what it does."""

from pathlib import Path

import msgspec
import pytest
from msgspec import inspect

from gateway.edge.admin.worker import SECRET, VEILED
from gateway.settings import CacheSettings, Caching, Settings
from store.connect import Database
from tests.gateway.edge.administration import KEY as ADMIN_KEY
from tests.gateway.edge.administration import administered, following
from tests.gateway.indoors import KEY, Client, provider, settings
from tests.gateway.loops import in_loop
from tests.upstream.scripts import whole
from tests.upstream.server import Upstream

# What is told of the settings as it stands, addresses without passwords.
TOLD = {
    *("agent", "background_models", "backups", "base_urls", "ca_file", "dialect", "families", "format"),
    *("host", "hosts", "key", "key_source", "lead", "level", "model", "models", "name", "origins", "path"),
    *("providers", "proxy", "refused", "row", "scenario", "source", "team", "to", "too_long", "where"),
}
ASK = b'{"model":"demo","max_tokens":9,"temperature":0,"messages":[{"role":"user","content":"hi"}]}'


@in_loop
async def test_providers_are_told_without_their_keys() -> None:
    """Address, dialects, where the key is from, breakers: but no key, no password, no value of a header."""
    secret = provider(
        "ant",
        "http://user:hunter22@127.0.0.1:9",
        key_source="$ANT",
        headers={"x-team": "planted-header-value"},
        proxy="http://me:planted-proxy@127.0.0.1:8",
        api_keys=(KEY, KEY + "b"),
    )
    async with administered(settings(secret)) as admin:
        admin.house.breakers.of("ant", "m").trip(admin.house.clock())
        listed = await admin.ask("GET", "/providers")
        assert [row["name"] for row in listed.json()["rows"]] == ["ant", "demo"]
        (ant, _) = listed.json()["rows"]
        assert ant["addresses"] == {"anthropic-messages": "http://127.0.0.1:9"}
        assert ant["breakers"] == [{"model": "m", "state": "open"}]
        assert (ant["key_source"], ant["keys"], ant["headers"]) == ("$ANT", ["well", "well"], ["x-team"])
        shown = await admin.ask("GET", "/settings")
        for word in (KEY, "hunter22", "planted-header-value", "planted-proxy", ADMIN_KEY):
            assert word.encode() not in listed.body + shown.body
        assert shown.json()["settings"]["providers"][0]["api_key"] == "[hidden]"
        assert shown.json()["settings"]["server"]["port"] == 4747
        assert shown.json()["settings"]["admin"]["digest"] == "[hidden]"


def test_every_text_of_the_settings_is_told_or_hidden_on_purpose() -> None:
    """Whoever adds a setting that holds text says here whether it may be told."""
    found: set[str] = set()
    gather(inspect.type_info(Settings), "", found)
    assert found - SECRET - VEILED == TOLD


def gather(kind: inspect.Type, name: str, found: set[str]) -> None:
    """The names of fields that hold text or bytes, below a type."""
    match kind:
        case inspect.StructType(fields=fields):
            for field in fields:
                # A price may hold one for longer requests, which holds no other fields.
                if field.name != "longer":
                    gather(field.type, field.name, found)
        case inspect.UnionType(types=types) | inspect.TupleType(item_types=types):
            for one in types:
                gather(one, name, found)
        case inspect.VarTupleType(item_type=inside) | inspect.DictType(value_type=inside):
            gather(inside, name, found)
        case inspect.StrType() | inspect.BytesType():
            found.add(name)
        case _:
            pass


@pytest.mark.parametrize(
    ("status", "verdict"), [(200, "good"), (401, "refused"), (500, "failed"), (404, "failed")]
)
@in_loop
async def test_a_provider_is_tried(alone: Upstream, status: int, verdict: str) -> None:
    """It is asked for its models, and what it answered is told, without its words."""
    alone.default = lambda _: whole(b'{"data":[]}', status)
    async with administered(settings(provider("ant", alone.address))) as admin:
        told = await admin.told("POST", "/providers/ant/test", {})
        assert (told["verdict"], told["status"]) == (verdict, status)


@in_loop
async def test_a_model_is_asked_for_one_token_only_when_told(alone: Upstream) -> None:
    """The request names the model and one token; it is in the ledger, and no key of a caller is wanted."""
    async with administered(settings(provider("ant", alone.address), guesses=0)) as admin:
        told = await admin.told("POST", "/providers/ant/test", {"model": "claude-x"})
        assert (told["verdict"], told["status"]) == ("good", 200)
        (asked,) = alone.requests
        assert msgspec.json.decode(asked.body)["model"] == "claude-x"
        assert msgspec.json.decode(asked.body)["max_tokens"] == 1
        assert admin.house.keeping is not None
        admin.house.keeping.ledger.flush()
        (row,) = (await admin.told("GET", "/ledger"))["rows"]
        assert (row["provider"], row["model"]) == ("ant", "claude-x")


@in_loop
async def test_a_model_that_is_refused_says_why(alone: Upstream) -> None:
    """That it is the provider that refuses our key is told, and never the key."""
    words = b'{"type":"error","error":{"type":"authentication_error","message":"bad key %b"}}' % KEY.encode()
    alone.default = lambda _: whole(words, 401)
    async with administered(settings(provider("ant", alone.address))) as admin:
        told = await admin.told("POST", "/providers/ant/test", {"model": "claude-x"})
        assert (told["verdict"], told["status"]) == ("refused", 502)
        assert "ant" in told["message"]
        assert KEY not in told["message"]


@in_loop
async def test_a_provider_that_is_away_is_told() -> None:
    """Nobody listens there: that is an answer, too; the demo needs nobody."""
    async with administered(settings(provider("ant", "http://127.0.0.1:9"))) as admin:
        told = await admin.told("POST", "/providers/ant/test", {})
        assert (told["verdict"], told["status"]) == ("unreachable", None)
        assert KEY not in told["message"]
        assert (await admin.told("POST", "/providers/demo/test", {}))["verdict"] == "good"


@in_loop
async def test_a_reload_says_what_came_of_it(tmp_path: Path) -> None:
    """Unchanged, applied, refused with every problem; what was done is written down."""
    file = tmp_path / "penstock.toml"
    async with following(file) as admin:
        assert (await admin.told("POST", "/reload"))["result"] == "unchanged"
        file.write_text(file.read_text() + 'fast = "demo"\n')
        assert (await admin.told("POST", "/reload"))["result"] == "applied"
        file.write_text(file.read_text() + 'slow = "nobody"\n')
        told = await admin.told("POST", "/reload")
        assert (told["result"], told["problems"][0]["path"]) == ("refused", "models.slow")
        assert (await admin.told("GET", "/status"))["configuration"] == "refused"
        rows = (await admin.told("GET", "/audit?kind=configuration"))["rows"]
        assert [(row["action"], row["subject"]) for row in rows] == [
            ("configuration.reload", "refused"),
            ("configuration.reload", "applied"),
            ("configuration.reload", "unchanged"),
        ]


@in_loop
async def test_a_backup_is_made_where_it_is_configured(tmp_path: Path) -> None:
    """It is a database of ours with what was there; without a folder there is none (409)."""
    async with following(tmp_path / "penstock.toml") as admin:
        key = await admin.told("POST", "/keys", {"name": "ada"}, 201)
        told = await admin.told("POST", "/backups", None, 201)
        copy = Database(tmp_path / told["file"])
        with copy.reading() as connection:
            assert connection.execute("SELECT id FROM keys").fetchall() == [(key["id"],)]
        copy.close()
        assert (await admin.told("GET", "/audit?kind=backup"))["rows"][0]["subject"] == told["file"]
    async with administered() as admin:
        assert (await admin.refused("POST", "/backups"))[:2] == (409, "conflict")


@in_loop
async def test_caches_are_listed_and_emptied() -> None:
    """What each holds, until it is emptied."""
    cached = msgspec.structs.replace(settings(), cache=CacheSettings(usual=Caching(responses="on")))
    async with administered(cached) as admin:
        client = Client(body=ASK)
        await admin.app(client.scope, client.receive, client.send)
        rows = {row["name"]: row for row in (await admin.told("GET", "/caches"))["rows"]}
        assert rows["responses"]["entries"] == 1
        assert await admin.told("POST", "/caches/responses/clear") == {"count": 1}
        assert (await admin.told("GET", "/audit"))["rows"][0]["action"] == "cache.clear"


@in_loop
async def test_lessons_are_listed_and_forgotten() -> None:
    """One by its id, or all."""
    async with administered() as admin:
        for model in ("a", "b", "c"):
            admin.house.lessons.learn(("ant", model), "no tools here", ability="tools")
        rows = (await admin.told("GET", "/lessons"))["rows"]
        assert [(row["provider"], row["model"], row["what"]) for row in rows] == [
            ("ant", "a", "no tools"),
            ("ant", "b", "no tools"),
            ("ant", "c", "no tools"),
        ]
        assert await admin.told("DELETE", f"/lessons/{rows[0]['id']}") == {"count": 1}
        assert await admin.told("DELETE", "/lessons") == {"count": 2}
        assert (await admin.told("GET", "/lessons"))["rows"] == []


@in_loop
async def test_what_is_done_does_not_hang_on_the_database(tmp_path: Path) -> None:
    """With the database away what needs it is 503, and what does not is done all the same."""
    async with following(tmp_path / "penstock.toml") as admin:
        await admin.told("GET", "/keys")
        (tmp_path / "kept.db").unlink()
        assert (await admin.refused("GET", "/keys"))[:2] == (503, "unavailable")
        assert (await admin.refused("POST", "/keys", {"name": "x"}))[:2] == (503, "unavailable")
        assert await admin.told("DELETE", "/lessons") == {"count": 0}
