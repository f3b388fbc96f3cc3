"""Whole replies that leave compressed: for clients that ask, as the configuration has it; streams never."""

import gzip
from typing import Any

import anthropic
import msgspec
import openai
import pytest

from tests.path.conftest import Start
from tests.path.dialects import CHAT, MESSAGES, Dialect, each_dialect
from tests.path.house import House, configuration
from tests.upstream.codings import CODINGS, DECODE
from tests.upstream.replies import events
from tests.upstream.scripts import JSON, stream, whole
from tests.upstream.server import Upstream

each_coding = pytest.mark.parametrize("coding", CODINGS)
# A client that also takes br and zstd, as agents do.
ALL = "gzip, deflate, br, zstd"


def longer(dialect: Dialect) -> bytes:
    """A whole reply of more than a kilobyte, with a field that nobody knows."""
    reply = msgspec.json.decode(dialect.whole)
    return msgspec.json.encode({**reply, "x_unknown": "é and again; " * 400})


@pytest.fixture(scope="module")
def packing(gateway: Start, replay: Upstream) -> House:
    """A gateway that compresses for clients of this machine, too."""
    return House(gateway(configuration(replay, 'compress = "always"')), replay)


@each_coding
@each_dialect
def test_reply_is_compressed(packing: House, dialect: Dialect, coding: str) -> None:
    """A reply that came plain leaves in the coding the client likes best, and is what it was."""
    offered = [("accept-encoding", f"identity;q=0.1, {coding}, *;q=0.5")]
    asked = packing.ask(dialect, whole(longer(dialect)), offered)
    reply = asked.reply
    assert (reply.status, reply.header("content-encoding"), reply.header("vary")) == (
        200,
        coding,
        "accept-encoding",
    )
    assert DECODE[coding](reply.body) == longer(dialect)
    assert reply.header("content-length") == str(len(reply.body))


@each_dialect
def test_translated_reply_is_compressed(packing: House, dialect: Dialect) -> None:
    """A reply that was written here leaves compressed as well."""
    words = "said and said again; " * 200
    body = {"id": "c1", "object": "chat.completion", "created": 1, "model": "m", "choices": [{}]}
    body["choices"] = [
        {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": words}}
    ]
    asked = packing.ask(
        dialect,
        whole(msgspec.json.encode(body)),
        [("accept-encoding", "gzip")],
        body=dialect.body("only-chat/some-model"),
    )
    assert asked.reply.header("content-encoding") == "gzip"
    assert words.encode() in DECODE["gzip"](asked.reply.body)


def test_reply_already_coded_stays(packing: House) -> None:
    """What the provider compressed is relayed byte for byte."""
    coded = gzip.compress(longer(MESSAGES))
    script = whole(coded, headers=[*JSON.items(), ("content-encoding", "gzip")])
    reply = packing.ask(MESSAGES, script, [("accept-encoding", ALL)]).reply
    assert (reply.header("content-encoding"), reply.body) == ("gzip", coded)


@each_dialect
def test_small_replies_stay(packing: House, dialect: Dialect) -> None:
    """Under a kilobyte nothing is compressed: neither a reply nor an error."""
    small = packing.post(dialect, b"{", [("accept-encoding", ALL)])
    assert (small.status, small.header("content-encoding")) == (400, None)
    dialect.error(small)


@pytest.mark.parametrize("offer", [None, "", "identity", "gzip;q=0", "lzma"])
@each_dialect
def test_client_that_offers_nothing(packing: House, dialect: Dialect, offer: str | None) -> None:
    """Who does not ask for a coding gets none, however long the reply."""
    headers = [] if offer is None else [("accept-encoding", offer)]
    reply = packing.ask(dialect, whole(longer(dialect)), headers).reply
    assert (reply.header("content-encoding"), reply.body) == (None, longer(dialect))


@each_dialect
def test_streams_stay(packing: House, dialect: Dialect) -> None:
    """A stream is never compressed, whoever asks."""
    reply = packing.ask_stream(dialect, stream(events(dialect.name)), [("accept-encoding", ALL)]).reply
    assert reply.header("content-encoding") is None
    assert reply.body == b"".join(dialect.events)


def test_what_is_forwarded_unread_stays(packing: House) -> None:
    """A reply to a path that nobody here knows passes as it came."""
    body = b'{"data":"%b"}' % (b"again; " * 1000)
    exchange = packing.replay.plays(whole(body))
    headers = [exchange.header, ("accept-encoding", "gzip")]
    reply = packing.call("GET", "/p/box/v1/files", headers)
    assert (reply.header("content-encoding"), reply.body) == (None, body)


def test_long_error_is_compressed(packing: House) -> None:
    """An error of the provider with much to say leaves compressed, with its status."""
    body = MESSAGES.upstream_error("trouble " * 500)
    reply = packing.ask(MESSAGES, whole(body, 400), [("accept-encoding", "br")]).reply
    assert (reply.status, DECODE["br"](reply.body)) == (400, body)


def test_large_reply_is_compressed(packing: House) -> None:
    """A reply of megabytes, compressed beside the loop, is whole."""
    body = msgspec.json.encode({**msgspec.json.decode(MESSAGES.whole), "x_unknown": "é " * 1_000_000})
    reply = packing.ask(MESSAGES, whole(body), [("accept-encoding", "zstd")]).reply
    assert DECODE["zstd"](reply.body) == body
    assert len(reply.body) < len(body) / 100


@pytest.mark.parametrize("path", ["/metrics", "/debug/metrics", "/console"])
def test_metrics_and_pages_are_compressed(packing: House, path: str) -> None:
    """What penstock tells of itself leaves compressed, and says the same as it does plain."""
    plain = packing.call("GET", path)
    found = packing.call("GET", path, [("accept-encoding", "gzip")])
    assert (plain.status, plain.header("content-encoding")) == (200, None)
    assert (found.status, found.header("content-encoding")) == (200, "gzip")
    assert found.header("content-length") == str(len(found.body))
    assert DECODE["gzip"](found.body)[:20] == plain.body[:20]


@pytest.mark.parametrize("setting", ["", 'compress = "remote"', 'compress = "never"'])
def test_client_on_this_machine(gateway: Start, replay: Upstream, setting: str) -> None:
    """By default nothing is compressed for a client on this machine, and with "never" for nobody."""
    house = House(gateway(configuration(replay, setting)), replay)
    reply = house.ask(MESSAGES, whole(longer(MESSAGES)), [("accept-encoding", ALL)]).reply
    assert (reply.header("content-encoding"), reply.body) == (None, longer(MESSAGES))


@each_coding
def test_the_sdks_read_it(packing: House, coding: str) -> None:
    """The clients of Anthropic and OpenAI, and httpx under them, read a compressed reply as any other."""
    exchange = packing.replay.plays(whole(longer(MESSAGES)), whole(longer(CHAT)))
    fields = dict([exchange.header, ("accept-encoding", coding)])
    messages: list[Any] = [{"role": "user", "content": "hi"}]
    with anthropic.Anthropic(api_key="any", base_url=packing.address, default_headers=fields) as claude:
        heard = claude.messages.with_raw_response.create(
            model=MESSAGES.model, max_tokens=64, messages=messages
        )
        assert heard.headers["content-encoding"] == coding
        assert heard.parse().content
    with openai.OpenAI(api_key="any", base_url=f"{packing.address}/v1", default_headers=fields) as client:
        said = client.chat.completions.with_raw_response.create(model=CHAT.model, messages=messages)
        assert said.headers["content-encoding"] == coding
        assert said.parse().choices
