"""The configuration while running: when it is read again, what stays, what goes, and what is kept out."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.cli.options import origin_of
from gateway.credentials import NONE
from gateway.house import HOUSEKEEPING, House
from gateway.pins import Home
from gateway.reload import Reload
from tests.gateway.indoors import Client, settings
from tests.gateway.loops import Clock, in_loop
from tests.gateway.reloading import dribble, text, working
from tests.gateway.wires import seen
from tests.upstream.scripts import whole
from tests.upstream.server import Upstream
from tests.upstream.steps import Gate, Send

REPLY = b'{"type":"message","usage":{"input_tokens":1,"output_tokens":1}}'
BOX = '[providers.box]\ndialect = "openai-chat"\nbase_url = "http://127.0.0.1:9/v1"\napi_key = "k"\n'
DEMO = '[providers.demo]\npace = "0s"\n'
FAST = b'{"model":"fast","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}'
KEY = "pst_aaaaaaaaaaaa_" + "b" * 43
# What the house is made of. A part that is made of the settings belongs to `furnish`; one that lives as long
# as the worker and has a setting in it is told of a new one in `give_way`.
FURNITURE = {"settings", "providers", "router", "callers", "catalogue", "fitness", "health", "visitors"} | {
    "limits",
    "prices",
}
LASTING = {
    *(
        "clock",
        "chance",
        "calendar",
        "breakers",
        "loads",
        "affinity",
        "admission",
        "guesses",
        "tallies",
        "estimates",
        "by_hand",
        "drift",
        "retries",
    ),
    *(
        "lessons",
        "journal",
        "timekeeper",
        "reload",
        "_housekeeping",
        "_retired",
        "_parted",
        "_closing",
        "replies",
        "keeping",
        "spending",
        "registry",
        "sessions",
        "memory",
    ),
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the configuration is."""
    return tmp_path / "penstock.toml"


@in_loop
async def test_a_changed_file_is_moved_into(file: Path) -> None:
    """A name that was nobody's is served once the file says whose it is; the next request finds it."""
    async with working(file, text(more=DEMO), Clock()) as worker:
        assert (await worker.ask(FAST)).status == 404
        report = await worker.edit(text(more=DEMO, models='fast = "demo"'))
        assert (report.result, worker.reload.standing) == ("applied", "current")
        assert (await worker.ask(FAST)).status == 200


@in_loop
async def test_a_file_that_is_being_written_is_left_alone(file: Path) -> None:
    """It is read when it has not changed between two looks: half a file is never moved into."""
    async with working(file, text(more=DEMO), Clock()) as worker:
        for half in ("[mod", "[models]\nfast = ", text(more=DEMO, models='fast = "demo"')):
            worker.write(half)
            worker.reload.look()
        assert (await worker.ask(FAST)).status == 404
        assert sum(worker.reload.counts.values()) == 0
        worker.reload.look()
        await worker.reload.close()
        assert (await worker.ask(FAST)).status == 200


@in_loop
async def test_a_file_that_stays_is_read_once(file: Path) -> None:
    """Looking costs nothing but looking: unchanged, it is not read; changed, once."""
    async with working(file, text(), Clock()) as worker:
        for _ in range(3):
            worker.reload.look()
        assert worker.reload.counts == {"applied": 0, "unchanged": 0, "refused": 0}
        assert (await worker.edit(f"# a word\n{text()}")).result == "unchanged"
        worker.reload.look()
        worker.reload.look()
        await worker.reload.close()
        assert worker.reload.counts == {"applied": 0, "unchanged": 1, "refused": 0}


@in_loop
async def test_a_wrong_configuration_is_kept_out_whole(file: Path) -> None:
    """Every problem is told with its place, the old one goes on, and what says so says so."""
    wrong = text(models='fast = "demmo"\nslow = "and"', server='drain = "soon"')
    async with working(file, text(more=DEMO, models='fast = "demo"'), Clock()) as worker:
        report = await worker.edit(wrong)
        assert [problem.path for problem in report.problems] == ["server.drain", "models.fast", "models.slow"]
        assert (await worker.ask(FAST)).status == 200
        ready = await worker.ask(b"", "/readyz", method="GET")
        assert (ready.status, ready.json()["configuration"]) == (200, "refused")
        metrics = (await worker.ask(b"", "/metrics", method="GET")).body
        assert b'penstock_configuration{state="refused"} 1.0' in metrics
        assert b'penstock_configuration_reloads_total{result="refused"} 1.0' in metrics
        assert (await worker.edit(text(more=DEMO, models='fast = "demo"'))).result == "unchanged"
        ready = await worker.ask(b"", "/readyz", method="GET")
        assert ready.json()["configuration"] == "current"


@in_loop
async def test_a_file_that_is_gone_changes_nothing(file: Path) -> None:
    """The configuration that runs is kept, and the file is asked back."""
    async with working(file, text(more=DEMO), Clock()) as worker:
        worker.remove()
        report = await worker.reload.reload()
        assert (report.result, report.problems[0].problem) == ("refused", "is not there any more")
        assert (await worker.ask()).status == 200


@in_loop
async def test_reload_false_looks_no_longer(file: Path) -> None:
    """With `server.reload = false` a change waits until somebody asks for it."""
    async with working(file, text(more=DEMO, server="reload = false"), Clock()) as worker:
        worker.write(text(more=DEMO, models='fast = "demo"', server="reload = false"))
        worker.reload.look()
        worker.reload.look()
        await worker.reload.close()
        assert (await worker.ask(FAST)).status == 404
        assert (await worker.reload.reload()).result == "applied"
        assert (await worker.ask(FAST)).status == 200


@in_loop
async def test_what_needs_a_restart_is_named_and_the_rest_is_there(file: Path) -> None:
    """Address, workers, drain and WebSockets stay as they were at the start; all else follows at once."""
    late = 'listen = "127.0.0.1:1"\nworkers = 3\ndrain = "1s"\nwebsockets = false\nmax_body = 10'
    async with working(file, text(more=DEMO), Clock()) as worker:
        report = await worker.edit(text(more=DEMO, server=late))
        assert report.late == ("server.listen", "server.workers", "server.drain", "server.websockets")
        standing: list[str] = [worker.reload.standing]
        server = worker.house.settings.server
        assert (server.port, server.workers, server.drain, server.websockets) == (4747, 1, 30.0, True)
        assert (await worker.ask()).status == 413
        assert (await worker.edit(text(more=DEMO))).late == ()
        assert [*standing, worker.reload.standing] == ["needs_restart", "current"]


@in_loop
async def test_keys_come_and_go_at_once(file: Path) -> None:
    """A key that was added opens the door with the next request, and one that was removed no longer."""
    other = "pst_cccccccccccc_" + "d" * 43
    ours, theirs = (f'[keys.{name}]\nsecret = "{key}"\n' for name, key in (("me", KEY), ("you", other)))
    carried, alien = [(b"x-api-key", KEY.encode())], [(b"x-api-key", other.encode())]
    async with working(file, text(more=DEMO + ours), Clock()) as worker:
        assert [(await worker.ask(headers=one)).status for one in (carried, alien)] == [200, 401]
        await worker.edit(text(more=DEMO + ours + theirs))
        assert [(await worker.ask(headers=one)).status for one in (carried, alien)] == [200, 200]
        await worker.edit(text(more=DEMO + theirs))
        assert [(await worker.ask(headers=one)).status for one in (carried, alien)] == [401, 200]


@in_loop
async def test_a_gateway_that_others_reach_is_never_opened(file: Path) -> None:
    """Without keys and with another address in the file, it would listen where it listens, open to all."""
    ours = f'[keys.me]\nsecret = "{KEY}"\n'
    async with working(file, text(more=DEMO + ours, server='listen = "0.0.0.0:4747"'), Clock()) as worker:
        report = await worker.edit(text(more=DEMO, server='listen = "127.0.0.1:4747"'))
        assert [problem.path for problem in report.problems] == ["server.keys"]
        assert (await worker.ask()).status == 401


def test_every_part_of_the_house_stays_or_is_made_anew() -> None:
    """Whoever adds a part to the house says which: what is made of the settings is made of the new ones."""
    house = House(settings())
    other = house.refurnished(house.settings)
    assert vars(house).keys() == FURNITURE | LASTING
    assert {name for name in vars(house) if vars(other)[name] is vars(house)[name]} - LASTING <= {
        "settings",
        "limits",
    }
    assert {name for name in LASTING if vars(other)[name] is not vars(house)[name]} == set()


@in_loop
async def test_equal_providers_stay_and_others_do_not(file: Path, alone: Upstream) -> None:
    """The connection of a provider whose settings are equal serves on; a changed one gets a new one."""
    exchange = alone.plays(*[whole(REPLY)] * 3)
    ask = b'{"model":"ant/x","messages":[]}'
    headers = [(b"baggage", exchange.name.encode())]
    async with working(file, text(alone.address), Clock()) as worker:
        await worker.ask(ask, headers=headers)
        before = worker.house.providers["ant"]
        await worker.edit(text(alone.address, more=DEMO, models='a = "demo"'))
        assert worker.house.providers["ant"] is before
        assert (await worker.ask(ask, headers=headers)).status == 200
        await worker.edit(text(alone.address, more="timeouts = { idle = 7 }"))
        assert worker.house.providers["ant"] is not before
        assert (await worker.ask(ask, headers=headers)).status == 200
        assert [request.connection for request in exchange.requests] == [1, 1, 2]


@in_loop
async def test_a_provider_that_is_gone_serves_who_entered(file: Path, alone: Upstream) -> None:
    """A request under way ends well, those after it find nobody, and then no connection is left."""
    exchange = alone.plays((*dribble(), Gate(), Send(REPLY[9:])))
    clock, client = Clock(), Client(body=b'{"model":"ant/x","messages":[]}')
    client.scope["headers"] = [(b"baggage", exchange.name.encode())]
    async with working(file, text(alone.address, more=DEMO), clock) as worker:
        under_way = asyncio.ensure_future(worker.app(client.scope, client.receive, client.send))
        await asyncio.to_thread(exchange.wait_for_requests, 1)
        other = text(alone.address, more=DEMO).replace("providers.ant]", "providers.box]")
        await worker.edit(other.replace('"ant"', '"box"'))
        assert (await worker.ask(b'{"model":"ant/x","messages":[]}')).status == 404
        for _ in range(3):
            clock.move(HOUSEKEEPING)
            worker.house.open()
        assert worker.house.retired == 1
        await seen(alone, 1)
        exchange.release()
        await under_way
        assert (client.status, client.body) == (200, REPLY)
        clock.move(HOUSEKEEPING)
        worker.house.open()
        assert worker.house.retired == 0
        await seen(alone, 0)


@in_loop
async def test_idle_connections_of_what_is_gone_are_closed_at_once(file: Path, alone: Upstream) -> None:
    """Nobody will ask for them again."""
    exchange = alone.plays(whole(REPLY))
    async with working(file, text(alone.address), Clock()) as worker:
        headers = [(b"baggage", exchange.name.encode())]
        assert (await worker.ask(b'{"model":"ant/x","messages":[]}', headers=headers)).status == 200
        await seen(alone, 1)
        await worker.edit(
            text(alone.address).replace("providers.ant]", "providers.box]").replace('"ant"', '"box"')
        )
        await seen(alone, 0)


@in_loop
async def test_what_was_learned_stays_and_follows_the_settings(file: Path) -> None:
    """Breakers keep their state and rest as long as the new settings say; a changed provider begins anew."""
    clock = Clock()
    two = text(more=BOX)
    async with working(file, two, clock) as worker:
        house = worker.house
        lesson = house.lessons.learn(("ant", "x"), "no", ability="tools")
        for name in ("ant", "box"):
            for _ in range(10):
                house.breakers.of(name, "x").bad(clock(), 1.0)
            house.affinity.pins.of(name, clock()).homes.append(Home((name, "x"), NONE, clock()))
        changed = two.replace("sk-planted-ant-0001", "sk-planted-ant-0002", 1)
        await worker.edit(f'{changed}\n[failure]\nrest = "7s"\nremember = "1m"\ncredential_rest = "9s"')
        now = worker.house
        assert now.breakers.states(clock()) == {("box", "x"): "open"}
        assert [len(now.affinity.pins.of(name, clock()).homes) for name in ("ant", "box")] == [0, 1]
        assert now.lessons.of("ant", "x") == [lesson]
        now.breakers.of("box", "x").good(clock())
        for breaker in (now.breakers.of("box", "y"), now.breakers.of("ant", "x")):
            for _ in range(10):
                breaker.bad(clock(), 1.0)
            clock.move(7.0)
            assert breaker.state(clock()) == "half_open"
        clock.move(60.0)
        now.lessons.expire(clock())
        assert now.lessons.count == 0


@in_loop
async def test_what_a_provider_taught_goes_with_its_address(file: Path) -> None:
    """Who is asked elsewhere under the same name has taught nothing yet."""
    async with working(file, text(), Clock()) as worker:
        worker.house.lessons.learn(("ant", "x"), "no", ability="tools")
        await worker.edit(text("http://127.0.0.1:10"))
        assert worker.house.lessons.count == 0


@in_loop
async def test_a_level_that_was_set_by_hand_stays(file: Path) -> None:
    """Until the file says another: then that is meant."""
    async with working(file, text(), Clock()) as worker:
        worker.house.journal.set_level("error")
        await worker.edit(text(more=DEMO))
        assert worker.house.journal.level == "error"
        await worker.edit(text(more=DEMO, level="debug"))
        assert worker.house.journal.level == "debug"


@in_loop
async def test_the_cap_on_who_is_inside_follows(file: Path) -> None:
    """`max_inside` counts who came in under the old one, too."""
    async with working(file, text(more=DEMO), Clock()) as worker:
        worker.house.admission.inside = 2
        await worker.edit(text(more=DEMO, server="max_inside = 2"))
        assert (await worker.ask()).status == 503
        worker.house.admission.inside = 0


@in_loop
async def test_what_nobody_foresaw_keeps_the_old_one(file: Path) -> None:
    """A failure of our own in reading is a refusal like another, and its words are for the log."""
    async with working(file, text(more=DEMO), Clock()) as worker:
        broken: Any = object()
        origin = msgspec.structs.replace(origin_of(str(file)), flags=broken)
        report = await Reload(worker.house, origin, lambda _: None).reload()
        assert (report.result, report.problems[0].path) == ("refused", "configuration")
        assert (await worker.ask()).status == 200


@in_loop
async def test_kept_replies_stay_while_the_same_would_be_asked(file: Path) -> None:
    """A new key leaves the cache of responses as it is; where names lead elsewhere, it begins empty."""
    cache = '[cache]\nresponses = "on"\n'
    async with working(file, text(more=DEMO + cache), Clock()) as worker:
        replies = worker.house.replies
        assert replies is not None
        await worker.edit(text(more=f'{DEMO}{cache}[keys.me]\nsecret = "{KEY}"\n'))
        assert worker.house.replies is replies
        await worker.edit(text(more=DEMO + cache, models='fast = "demo"'))
        assert worker.house.replies not in (None, replies)
        await worker.edit(text(more=DEMO))
        assert worker.house.replies is None
