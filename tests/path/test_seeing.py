"""What can be seen of an exchange afterwards: tokens, an outcome for every stream, one line in the log."""

import re
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.path.conftest import Start
from tests.path.dialects import CHAT, MESSAGES, RESPONSES, Dialect, each_dialect
from tests.path.house import House, configuration
from tests.upstream.codings import CODINGS, ENCODE, ENCODE_PIECES
from tests.upstream.replies import events
from tests.upstream.scripts import EVENT_STREAM, JSON, begun, close_delimited, cut, stream, whole
from tests.upstream.server import Upstream
from tests.upstream.steps import Close, Hang, Script

PROVIDERS = {MESSAGES: "ant", CHAT: "box", RESPONSES: "box"}
# What the fixtures report, in one form: cached input stands apart from uncached.
USAGE = {
    MESSAGES: {"input": 21, "cache_read": 5, "cache_write": 3, "output": 9, "reasoning": 0},
    CHAT: {"input": 16, "cache_read": 5, "cache_write": 0, "output": 9, "reasoning": 2},
    RESPONSES: {"input": 16, "cache_read": 5, "cache_write": 0, "output": 9, "reasoning": 2},
}


def samples(house: House, name: str, **labels: str) -> float:
    """The sum of a metric over all its samples that have these labels."""
    text = house.call("GET", "/metrics").body.decode()
    found = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
    return sum(each.value for each in found if each.name == name and labels.items() <= each.labels.items())


def tokens(house: House, provider: str) -> dict[str, float]:
    """The tokens counted for a provider, by kind."""
    kinds = ("input", "cache_read", "cache_write", "output", "reasoning")
    return {kind: samples(house, "penstock_tokens_total", provider=provider, kind=kind) for kind in kinds}


def _ways(dialect: Dialect) -> dict[str, Script]:
    """The ways in which a reply that tells its usage may come."""
    data = b"".join(dialect.events)
    ways = {
        "whole": whole(dialect.whole),
        "stream": stream(events(dialect.name)),
        "stream in bytes": stream(cut(data, 1)),
        "stream with CRLF": stream([data.replace(b"\n", b"\r\n")]),
        "stream at once": close_delimited(data, EVENT_STREAM),
    }
    for coding in CODINGS:
        header = ("content-encoding", coding)
        ways[f"whole {coding}"] = whole(ENCODE[coding](dialect.whole), headers=[*JSON.items(), header])
        pieces = ENCODE_PIECES[coding](dialect.events)
        ways[f"stream {coding}"] = stream(pieces, [*EVENT_STREAM.items(), header])
    return ways


@pytest.mark.parametrize("way", _ways(MESSAGES))
@each_dialect
def test_usage_is_counted(house: House, dialect: Dialect, way: str) -> None:
    """However a reply comes, its tokens are counted, once, each kind by itself."""
    before = tokens(house, PROVIDERS[dialect])
    body = dialect.body(stream=way.startswith("stream"))
    offered = [("accept-encoding", "gzip, br, zstd")]
    assert house.ask(dialect, _ways(dialect)[way], offered, body=body).reply.status == 200
    after = tokens(house, PROVIDERS[dialect])
    assert {kind: after[kind] - before[kind] for kind in after} == USAGE[dialect]


def _outcomes(house: House) -> dict[str, float]:
    names = ("complete", "error", "client_gone")
    return {name: samples(house, "penstock_stream_outcomes_total", outcome=name) for name in names}


ENDS: list[tuple[str, Script]] = [
    ("complete", stream(events("anthropic-messages"))),
    ("error", (*begun(events("anthropic-messages")[:4]), Close())),
    ("error", stream(events("anthropic-messages")[:4])),
    ("error", stream([*events("anthropic-messages")[:4], b'event: error\ndata: {"type":"error"}\n\n'])),
]


@pytest.mark.parametrize(("outcome", "script"), ENDS)
def test_every_stream_has_one_outcome(house: House, outcome: str, script: Script) -> None:
    """A stream is counted as complete or as an error, once, and as nothing else."""
    before = _outcomes(house)
    house.ask_stream(MESSAGES, script)
    after = _outcomes(house)
    assert {name: after[name] - before[name] for name in after if after[name] > before[name]} == {outcome: 1}


def test_departure_is_an_outcome(house: House) -> None:
    """A stream whose client left is counted as that, and is nobody's failure."""
    before = _outcomes(house)
    exchange = house.replay.plays((*begun(MESSAGES.events[:4]), Hang()))
    with house.open(MESSAGES, exchange, MESSAGES.body(stream=True)) as wire:
        wire.read_head()
    exchange.wait_until_left()
    after = _outcomes(house)
    assert {name: after[name] - before[name] for name in after} == {
        "complete": 0,
        "error": 0,
        "client_gone": 1,
    }


def test_nobody_stays_inside(house: House) -> None:
    """After all exchanges are over none is counted as under way, and no upstream connection as busy."""
    house.ask(MESSAGES, whole(MESSAGES.whole))
    assert samples(house, "penstock_requests_inside") == 0
    assert samples(house, "penstock_upstream_connections", state="busy") == 0


@pytest.fixture(scope="module")
def watched(gateway: Start, replay: Upstream) -> House:
    """A gateway of this module's own that logs in JSON."""
    return House(gateway(configuration(replay) + '\n[log]\nformat = "json"\n'), replay)


def lines_with(house: House, request_id: str) -> list[str]:
    """The lines of the log that hold a request id, once there is one."""
    return [line for line in house.gateway.wait_for_output(request_id).split("\n") if request_id in line]


@each_dialect
def test_one_line_a_request(watched: House, dialect: Dialect) -> None:
    """Every request, good or bad, leaves one line in the log, under its request id, without its body."""
    for number, body in enumerate((dialect.body(), dialect.body(stream=True), b"{", dialect.body("nobody"))):
        name = f"seen-{dialect.name}-{number}"
        watched.post(dialect, body, [("x-request-id", name)])
        (line,) = lines_with(watched, name)
        assert isinstance(msgspec.json.decode(line), dict)
        assert '"content"' not in line


@pytest.mark.parametrize("mark", ["\n", "\r\n", "\x1b[31m", "\u2028", "\x00"])
@pytest.mark.parametrize("log", ["house", "watched"], ids=["text", "json"])
def test_log_lines_cannot_be_forged(request: pytest.FixtureRequest, log: str, mark: str) -> None:
    """A model's name that holds a line break or a control character does not make lines of its own."""
    logged: House = request.getfixturevalue(log)
    name = f"forged-{ord(mark[0])}"
    logged.post(MESSAGES, MESSAGES.body(f"claude-{mark}FORGED {name}"), [("x-request-id", name)])
    (line,) = lines_with(logged, name)
    assert line.count(name) == 3  # the model asked for, the model sent, the request id
    assert not set(line) & {"\r", "\x1b", "\x00"}


def test_labels_are_bounded(watched: House) -> None:
    """A client that invents model names without end does not make metrics without end."""

    def ask(number: int) -> int:
        return watched.post(MESSAGES, MESSAGES.body(f"claude-invented-{number}")).status

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, range(1000))) == {200}
    text = watched.call("GET", "/metrics").body.decode()
    assert len(re.findall(r"claude-invented-\d+", text)) < 2500
    assert samples(watched, "penstock_tokens_total", kind="output", provider="ant") >= 9000
