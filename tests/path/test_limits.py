"""Limits and budgets over real sockets: exact on one worker, bounded, and not forgotten over a restart."""

import asyncio
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

from tests.path.conftest import Start
from tests.path.dialects import CHAT, MESSAGES
from tests.path.house import ENVIRONMENT, House, configuration
from tests.path.process import Gateway
from tests.upstream.scripts import JSON, whole
from tests.upstream.server import Upstream
from tests.upstream.steps import Gate

DEMO = """
[server]
discover = false
[providers.demo]
pace = "0s"
[log]
level = "off"
"""
BODY = b'{"model":"demo","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}'
ANN = "pst_of-ann-0123456789"
BOB = "pst_of-bob-0123456789"
# Each reply costs 30 cents: 20 000 tokens at 15 dollars the million.
PAID = whole(b'{"type":"message","content":[],"usage":{"input_tokens":0,"output_tokens":20000}}')
MONEY = f"""
[store]
path = "kept.db"
[prices."*/*"]
input = 0
output = 15
[keys.ann]
secret = "{ANN}"
limits = {{ budgets = [{{ dollars = 1, window = "month" }}] }}
[log]
level = "off"
"""
MINE = ("x-api-key", ANN)


async def _status(address: str, here: asyncio.Semaphore, start: asyncio.Event) -> int:
    """Open a connection, wait for the others, ask."""
    parts = urlsplit(address)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    here.release()
    await start.wait()
    fields = (f"host: {parts.netloc}", f"content-length: {len(BODY)}", "connection: close")
    head = "\r\n".join(("POST /v1/messages HTTP/1.1", *fields, "\r\n"))
    writer.write(head.encode() + BODY)
    said = await reader.read()
    writer.close()
    return int(said.split(b" ", 2)[1])


async def _at_once(address: str, count: int) -> Counter[int]:
    here, start = asyncio.Semaphore(0), asyncio.Event()
    tasks = [asyncio.ensure_future(_status(address, here, start)) for _ in range(count)]
    for _ in tasks:
        await here.acquire()
    start.set()
    return Counter(await asyncio.gather(*tasks))


def test_a_thousand_at_once_against_a_hundred(gateway: Start) -> None:
    """Exactly a hundred get in, and all the others are told so."""
    running = gateway(DEMO + "[limits]\nrequests_per_minute = 100\n")
    assert asyncio.run(_at_once(running.address, 1000)) == {200: 100, 429: 900}


def asking(house: House) -> int:
    """The status of one request of ann's that costs 30 cents."""
    return house.ask(MESSAGES, PAID, [MINE]).reply.status


def test_a_budget_is_overspent_by_what_was_under_way_and_a_restart_forgets_nothing(
    tmp_path: Path, replay: Upstream
) -> None:
    """A dollar lets four requests of 30 cents in, before and after the end of the gateway."""
    text = configuration(replay) + MONEY
    first = Gateway(tmp_path, text, ENVIRONMENT)
    try:
        house = House(first, replay)
        assert [asking(house) for _ in range(2)] == [200, 200]
        first.terminate()
        first.wait()
    finally:
        first.stop()
    second = Gateway(tmp_path, text, ENVIRONMENT)
    try:
        house = House(second, replay)
        assert [asking(house) for _ in range(4)] == [200, 200, 429, 429]
    finally:
        second.stop()


def test_what_is_under_way_is_held(tmp_path: Path, replay: Upstream) -> None:
    """A long answer of 8192 tokens for each, which is 12 cents: nine, until some of it is free again."""
    running = Gateway(tmp_path, configuration(replay) + MONEY, ENVIRONMENT)
    try:
        house = House(running, replay)
        exchanges = [replay.plays((Gate(), *PAID)) for _ in range(9)]
        body = MESSAGES.body(max_tokens=20_000)
        wires = [house.open(MESSAGES, exchange, body, (MINE,)) for exchange in exchanges]
        for exchange in exchanges:
            exchange.wait_for_requests(1)
        refused = [house.post(MESSAGES, body, [MINE]) for _ in range(3)]
        for exchange in exchanges:
            exchange.release()
        statuses = []
        for wire in wires:
            with wire:
                statuses.append(wire.read().status)
        assert statuses == [200] * 9
        assert [(reply.status, reply.header("retry-after")) for reply in refused] == [(429, "1")] * 3
    finally:
        running.stop()


def test_a_client_of_openai_is_told_of_its_quota(tmp_path: Path, replay: Upstream) -> None:
    """In the code it gives up at, with all it needs to know; another caller may go on."""
    text = configuration(replay) + MONEY + f'[keys.bob]\nsecret = "{BOB}"\n'
    running = Gateway(tmp_path, text, ENVIRONMENT)
    try:
        house = House(running, replay)
        for _ in range(4):
            assert asking(house) == 200
        refused = house.post(CHAT, CHAT.body(), [("authorization", f"Bearer {ANN}")])
        assert (refused.status, refused.json()["error"]["code"]) == (429, "insufficient_quota")
        assert refused.header("x-should-retry") == "false"
        assert refused.header("x-ratelimit-remaining-dollars") == "0.00"
        assert house.post(CHAT, CHAT.body(), [("authorization", f"Bearer {BOB}")]).status == 200
    finally:
        running.stop()


def test_what_is_left_is_explained_and_measured(tmp_path: Path, replay: Upstream) -> None:
    """To whom it concerns, in words; in the metrics what is close to its end, and who was refused."""
    limits = f'[keys.bob]\nsecret = "{BOB}"\n[limits]\nrequests_per_minute = 4\nconcurrent = 7\n'
    running = Gateway(tmp_path, configuration(replay) + MONEY + limits, ENVIRONMENT)
    try:
        house = House(running, replay)
        assert [asking(house) for _ in range(5)] == [200, 200, 200, 200, 429]
        explained = house.call("POST", "/v1/explain", [*JSON.items(), MINE], MESSAGES.body()).json()
        told = {one["of"]: (one["scope"], one["limit"], one["left"]) for one in explained["limits"]}
        assert told == {
            "requests a minute": ("everybody", 4, 0),
            "requests at once": ("everybody", 7, 7),
            "dollars in a month": ("key:ann", 1, 0),
        }
        assert "of 1 dollars in a month for this key 0 are left" in explained["words"]
        metrics = house.call("GET", "/metrics", [MINE]).body.decode()
        assert 'penstock_limit_refusals_total{kind="requests"} 1.0' in metrics
        assert 'penstock_limit_used_ratio{kind="requests",scope="everybody"} 1.0' in metrics
        assert 'penstock_budget_used_ratio{scope="key:ann",window="month"} 1.0' in metrics
        assert 'kind="concurrent"' not in metrics
    finally:
        running.stop()
