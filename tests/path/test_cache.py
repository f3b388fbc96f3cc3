"""The cache of responses over real sockets: what hits, in which form, and what never does."""

import gzip
from typing import Any

import anthropic
import msgspec
import openai
import pytest

from tests.path.caching import asking, cache_of, told
from tests.path.conftest import Start
from tests.path.dialects import CHAT, MESSAGES, RESPONSES, Dialect, each_dialect
from tests.path.house import ENVIRONMENT, House, configuration
from tests.path.sockets import Socket
from tests.upstream.scripts import JSON, begun, stream, whole
from tests.upstream.server import Upstream
from tests.upstream.steps import Close, Script

ALICE, BOB, CARL = ("pst_of-alice-0123456789", "pst_of-bob-0123456789", "pst_of-carl-0123456789")
KEYS = f"""
[keys.alice]
secret = "{ALICE}"
[keys.bob]
secret = "{BOB}"
[keys.carl]
secret = "{CARL}"
[cache]
responses = "on"
[cache.models."*-mini"]
force = true
[cache.models.quick-claude]
responses = "read"
[cache.models.closed-claude]
responses = "write"
[cache.keys.carl]
responses = "off"
[log]
format = "json"
"""
each_form = pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])


@pytest.fixture(scope="module")
def caching(gateway: Start, replay: Upstream) -> House:
    """A gateway that caches for two callers, and not for a third."""
    return House(gateway(configuration(replay) + KEYS, ENVIRONMENT), replay)


def by(key: str) -> tuple[str, str]:
    """The field a caller is known by."""
    return ("x-api-key", key)


def reply_of(dialect: Dialect, *, streamed: bool) -> Script:
    """A good reply."""
    return stream(dialect.events) if streamed else whole(dialect.whole)


def ask(house: House, dialect: Dialect, body: bytes, *more: tuple[str, str], script: Script = ()) -> Any:
    """Ask as Alice; the upstream answers by the script, or with the good reply of this form."""
    script = script or reply_of(dialect, streamed=b'"stream":true' in body)
    return house.ask(dialect, script, more or [by(ALICE)], body=body)


@each_form
@each_dialect
def test_the_same_request_is_answered_again(caching: House, dialect: Dialect, *, streamed: bool) -> None:
    """The second of two equal requests gets the same bytes, its age, and no call to the upstream."""
    body = asking(dialect, f"again {streamed}", stream=streamed)
    first, second = ask(caching, dialect, body), ask(caching, dialect, body)
    assert (cache_of(first.reply), cache_of(second.reply)) == ("miss", "hit")
    assert (second.reply.status, second.reply.body) == (200, first.reply.body)
    assert second.reply.header("content-type") == first.reply.header("content-type")
    assert (first.reply.header("age"), second.reply.header("age")) == (None, "0")
    assert second.reply.header("x-penstock-attempts") == "0"
    assert second.exchange.requests == []


@each_form
@each_dialect
def test_the_other_form_hits_as_well(caching: House, dialect: Dialect, *, streamed: bool) -> None:
    """A reply that came whole is told as a stream, and one that was streamed is told whole."""
    first = ask(caching, dialect, asking(dialect, "form", top_p=0.5 + streamed / 4, stream=streamed))
    second = ask(caching, dialect, asking(dialect, "form", top_p=0.5 + streamed / 4, stream=not streamed))
    assert cache_of(second.reply) == "hit"
    assert second.exchange.requests == []
    assert told(dialect, second.reply) == told(dialect, first.reply)


def test_a_stream_without_usage_is_told_in_its_own_form_only(caching: House) -> None:
    """What never told its usage is no reply for a client that is to be told it."""
    plain: dict[str, Any] = {"stream": True, "stream_options": {}}
    usage: dict[str, Any] = {"stream": True}
    for cache, fields in (("miss", plain), ("hit", plain), ("miss", usage), ("hit", plain), ("hit", usage)):
        found = ask(caching, CHAT, asking(CHAT, "usage", **fields))
        assert cache_of(found.reply) == cache


@each_dialect
def test_the_order_of_keys_does_not_matter(caching: House, dialect: Dialect) -> None:
    """Equal requests hit however they are spelled, and whoever they say is the user."""
    body = asking(dialect, "order")
    assert cache_of(ask(caching, dialect, body).reply) == "miss"
    document = dict(reversed(msgspec.json.decode(body).items()))
    user = {"metadata": {"user_id": "somebody"}} if dialect is MESSAGES else {"user": "somebody"}
    found = ask(caching, dialect, msgspec.json.encode({**user, **document}))
    assert cache_of(found.reply) == "hit"


@each_dialect
def test_another_caller_does_not_hit(caching: House, dialect: Dialect) -> None:
    """What one caller was told is told to no other; one for whom nothing is cached is not told of a cache."""
    body = asking(dialect, "callers")
    assert cache_of(ask(caching, dialect, body, by(ALICE)).reply) == "miss"
    assert cache_of(ask(caching, dialect, body, by(BOB)).reply) == "miss"
    assert cache_of(ask(caching, dialect, body, by(CARL)).reply) is None
    assert cache_of(ask(caching, dialect, body, by(ALICE)).reply) == "hit"


@pytest.mark.parametrize(
    "fields",
    [{"model": "claude-opus-4-5"}, {"max_tokens": 65}, {"temperature": 0.1}, {"messages": []}],
    ids=str,
)
def test_what_matters_makes_another_request(caching: House, fields: dict[str, Any]) -> None:
    """Model, settings and words are part of what makes requests the same."""
    assert cache_of(ask(caching, MESSAGES, asking(MESSAGES, "matters")).reply) in ("miss", "hit")
    found = ask(caching, MESSAGES, asking(MESSAGES, "matters", **fields))
    assert cache_of(found.reply) == "miss"


def test_a_beta_makes_another_request(caching: House) -> None:
    """Header fields that change the answer are part of what makes requests the same; others are not."""
    body, beta = asking(MESSAGES, "beta"), ("anthropic-beta", "context-1m-2025-08-07")
    assert cache_of(ask(caching, MESSAGES, body).reply) == "miss"
    assert cache_of(ask(caching, MESSAGES, body, by(ALICE), beta).reply) == "miss"
    assert cache_of(ask(caching, MESSAGES, body, by(ALICE), ("x-stainless-retry-count", "1")).reply) == "hit"


@pytest.mark.parametrize(
    ("fields", "cache"),
    [
        ({"temperature": 0.3}, "miss"),
        ({"temperature": 0.31}, "bypass"),
        ({"temperature": None}, "bypass"),
        ({"temperature": 1, "seed": 7}, "miss"),
        ({"model": "gpt-5.1-mini", "temperature": 1}, "miss"),
    ],
    ids=str,
)
def test_only_what_is_not_left_to_chance(caching: House, fields: dict[str, Any], cache: str) -> None:
    """A low temperature or a seed lets a reply be cached, or `force` for the model; nothing else does."""
    body = asking(CHAT, "chance", **fields)
    expected = (cache, "hit" if cache == "miss" else cache)
    found = (ask(caching, CHAT, body).reply, ask(caching, CHAT, body).reply)
    assert tuple(map(cache_of, found)) == expected


FAILED = MESSAGES.upstream_error("it is broken")
BROKEN: dict[str, Script] = {
    "an error": whole(FAILED, 400),
    "a stream cut in the middle": (*begun(MESSAGES.events[:4]), Close()),
    "an error in a stream": stream(
        [*MESSAGES.events[:4], b"event: error\ndata: " + FAILED.replace(b"\n", b"") + b"\n\n"]
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_not_complete_is_never_cached(caching: House, name: str) -> None:
    """After an error, before the reply or within it, the next equal request asks the upstream."""
    body = asking(MESSAGES, name, stream="stream" in name)
    assert cache_of(ask(caching, MESSAGES, body, script=BROKEN[name]).reply) == "miss"
    again = ask(caching, MESSAGES, body)
    assert (cache_of(again.reply), len(again.exchange.requests)) == ("miss", 1)
    assert cache_of(ask(caching, MESSAGES, body).reply) == "hit"


def test_a_large_reply_is_not_cached(caching: House) -> None:
    """A reply above a mebibyte passes, and is not kept."""
    large = MESSAGES.whole.rstrip().removesuffix(b"}") + b',"x":"' + b"x" * 1024 * 1024 + b'"}'
    body = asking(MESSAGES, "large")
    for _ in range(2):
        found = ask(caching, MESSAGES, body, script=whole(large))
        assert (cache_of(found.reply), found.reply.body) == ("miss", large)


def test_read_only_and_write_only(caching: House) -> None:
    """`read` keeps nothing; what is only written is not read."""
    body = asking(MESSAGES, "read", model="quick-claude")
    assert [cache_of(ask(caching, MESSAGES, body).reply) for _ in range(2)] == ["miss", "miss"]


@pytest.mark.parametrize(
    ("field", "found", "after"),
    [
        (("cache-control", "no-cache"), "miss", "hit"),
        (("cache-control", "no-store"), "bypass", "hit"),
        (("cache-control", "max-age=60"), "hit", "hit"),
        (("cache-control", "max-age=0, no-transform"), "miss", "hit"),
        (("cache-control", "only-if-cached"), "hit", "hit"),
        (("x-penstock-cache", "off"), "bypass", "hit"),
        (("x-penstock-cache", "refresh"), "miss", "hit"),
    ],
    ids=str,
)
def test_the_client_may_ask_for_less(caching: House, field: tuple[str, str], found: str, after: str) -> None:
    """`cache-control` and `x-penstock-cache` of a request that would hit."""
    body = asking(MESSAGES, f"less {field}")
    ask(caching, MESSAGES, body)
    assert cache_of(ask(caching, MESSAGES, body, by(ALICE), field).reply) == found
    assert cache_of(ask(caching, MESSAGES, body).reply) == after


@each_dialect
def test_only_if_cached(caching: House, dialect: Dialect) -> None:
    """A client that wants nothing but a cached reply is told 504 where there is none, in its own API."""
    body = asking(dialect, "only")
    found = ask(caching, dialect, body, by(ALICE), ("cache-control", "only-if-cached"))
    assert (found.reply.status, found.exchange.requests) == (504, [])
    assert "cached reply" in dialect.error(found.reply)["message"]


@each_dialect
def test_a_word_nobody_knows(caching: House, dialect: Dialect) -> None:
    """Another value of `x-penstock-cache` is a 400 that says which there are."""
    found = ask(caching, dialect, asking(dialect, "word"), by(ALICE), ("x-penstock-cache", "on"))
    assert found.reply.status == 400
    assert "off or refresh" in dialect.error(found.reply)["message"]


def test_a_compressed_reply_is_kept_plain(caching: House) -> None:
    """What is kept can be read by a client that takes no coding."""
    body = asking(MESSAGES, "codings")
    coded = whole(gzip.compress(MESSAGES.whole), headers=[*JSON.items(), ("content-encoding", "gzip")])
    first = ask(caching, MESSAGES, body, by(ALICE), ("accept-encoding", "gzip, br"), script=coded)
    assert first.reply.header("content-encoding") == "gzip"
    assert gzip.decompress(first.reply.body) == MESSAGES.whole
    again = ask(caching, MESSAGES, body)
    assert (cache_of(again.reply), again.reply.body) == ("hit", MESSAGES.whole)
    assert again.reply.header("content-encoding") is None


def test_a_damaged_compressed_reply_is_not_kept(caching: House) -> None:
    """What is relayed as it came, but breaks off, is nothing for another client."""
    body = asking(MESSAGES, "damaged")
    packed = gzip.compress(MESSAGES.whole)[:-4]
    coded = whole(packed, headers=[*JSON.items(), ("content-encoding", "gzip")])
    first = ask(caching, MESSAGES, body, by(ALICE), ("accept-encoding", "gzip"), script=coded)
    assert (first.reply.status, first.reply.body) == (200, packed)
    assert cache_of(ask(caching, MESSAGES, body).reply) == "miss"


def test_a_translated_reply_hits(caching: House) -> None:
    """A reply of a provider of another dialect is kept as the client got it."""
    body = asking(MESSAGES, "translated", model="only-chat/gpt-5.1", stream=True)
    first = ask(caching, MESSAGES, body, script=stream(CHAT.events))
    second = ask(caching, MESSAGES, body, script=stream(CHAT.events))
    assert (cache_of(second.reply), second.reply.body) == ("hit", first.reply.body)
    assert second.reply.header("x-penstock-provider") == "only-chat"


def test_the_client_of_anthropic_reads_a_hit(caching: House) -> None:
    """Its SDK streams a reply that was kept whole."""
    said: dict[str, Any] = {
        "model": MESSAGES.model,
        "max_tokens": 64,
        "messages": [{"role": "user", "content": "sdk"}],
        "extra_body": {"temperature": 0},
    }
    with anthropic.Anthropic(api_key=ALICE, base_url=caching.address) as claude:
        whole_one = claude.messages.create(**said)
        with claude.messages.stream(**said) as streamed:
            assert streamed.get_final_text() == whole_one.content[0].text
            assert streamed.response.headers["x-penstock-cache"] == "hit"


def test_the_client_of_openai_reads_a_hit(caching: House) -> None:
    """Its SDK reads whole a reply that was kept streamed."""
    said: dict[str, Any] = {
        "model": CHAT.model,
        "messages": [{"role": "user", "content": "sdk"}],
        "temperature": 0,
    }
    with openai.OpenAI(api_key=ALICE, base_url=caching.address + "/v1") as client:
        chat = client.chat.completions
        with chat.create(**said, stream=True, stream_options={"include_usage": True}) as chunks:
            words = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
        made = chat.with_raw_response.create(**said)
        assert made.headers["x-penstock-cache"] == "hit"
        assert made.parse().choices[0].message.content == words


def test_a_hit_is_counted_once(caching: House) -> None:
    """The log shows a hit with the tokens it had, and the metrics count them only where they were paid."""
    body = asking(MESSAGES, "counted")
    before = tokens(caching)
    ask(caching, MESSAGES, body)
    paid = tokens(caching)
    ask(caching, MESSAGES, body, by(ALICE), ("x-request-id", "the-hit"))
    assert before < paid == tokens(caching)
    lines = caching.gateway.wait_for_output('"id":"the-hit"').splitlines()
    (line,) = [msgspec.json.decode(line) for line in lines if '"id":"the-hit"' in line]
    assert (line["cache"], line["outcome"], line.get("attempts", 0)) == ("hit", "complete", 0)
    assert line["output"] > 0
    metrics = caching.call("GET", "/metrics", [by(ALICE)]).body.decode()
    assert 'penstock_recalls_total{result="hit"}' in metrics
    assert 'penstock_cache_bytes{cache="responses"}' in metrics


def tokens(house: House) -> float:
    """All tokens that were counted so far."""
    lines = house.call("GET", "/metrics", [by(ALICE)]).body.decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith("penstock_tokens_total"))


def test_a_turn_on_a_socket_hits(caching: House) -> None:
    """What was kept is told event by event over a WebSocket, whichever way it was asked for first."""
    exchange = caching.replay.plays(stream(RESPONSES.events))
    said = {"model": RESPONSES.model, "input": "socket", "temperature": 0}
    with Socket(caching.address, [exchange.header, by(ALICE)]) as client:
        first, second = client.ask(**said), client.ask(**said)
    assert second == first
    whole_one = ask(caching, RESPONSES, msgspec.json.encode(said))
    assert cache_of(whole_one.reply) == "hit"
    assert len(exchange.requests) == 1
