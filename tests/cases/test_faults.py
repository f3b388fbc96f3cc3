"""The table of faults, for clients of every dialect over upstreams of every dialect, streamed and whole."""

import msgspec
import pytest

from tests.cases.faults import (
    BREAKS,
    CLIENTS,
    SAID,
    SILENCE,
    TEXT,
    TROUBLES,
    Break,
    Client,
    Trouble,
    Wanted,
)
from tests.cases.stage import BY_NAME, UPSTREAMS, Led, Stage, There, over, until
from tests.path.client import Reply, Wire
from tests.upstream.exchange import Exchange
from tests.upstream.faults import Status
from tests.upstream.plan import Call, Turn
from tests.upstream.scripts import JSON, LAST_CHUNK, begun, chunk, head, raw
from tests.upstream.steps import Close, Gate, Hang, Script, Send

CALLS = (Call("Bash", {"command": "ls"}), Call("Bash", {"command": "pwd"}))
TURN = Turn(CALLS, "First a command, then a look at what there is.")
each_client = pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.dialect)
each_form = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])

TROUBLED = [(name, BY_NAME[there]) for name, trouble in TROUBLES.items() for there in trouble.told]


def ask(stage: Stage, client: Client, model: str, header: tuple[str, str], *, stream: bool) -> Reply:
    """Ask as a client of a dialect."""
    wanted = Wanted(model, stream)
    return stage.post(client.path(wanted), client.body(wanted), header)


@each_form
@each_client
@pytest.mark.parametrize(("name", "there"), TROUBLED, ids=lambda one: getattr(one, "dialect", one))
def test_a_trouble_is_told_as_the_client_recovers_from_it(
    stage: Stage, name: str, there: There, client: Client, *, stream: bool
) -> None:
    """Status, kind, words, the time to come back and whether to come back at all; asked once."""
    trouble = TROUBLES[name]
    told = trouble.told[there.dialect]
    fault = Status(told.status, told.words, trouble.headers, told.details)
    led = stage.lead(TURN, faults={0: fault})
    reply = ask(stage, client, there.asked, led.header, stream=stream)
    assert reply.status == trouble.seen(client.dialect, there.dialect)
    assert reply.header("content-type") == "application/json"
    assert reply.header("retry-after") == _retry_after(trouble, reply.status)
    assert reply.header("x-should-retry") == ("false" if trouble.final else None)
    assert len(led.provider.asked) == 1
    must_be_told(client, there, trouble, reply)


def _retry_after(trouble: Trouble, status: int) -> str | None:
    """Said with every 429 and 503, whoever says it."""
    return trouble.retry_after or ("5" if status == 503 else None)


def must_be_told(client: Client, there: There, trouble: Trouble, reply: Reply) -> None:
    """Hold kind and words of a refusal to the table."""
    told = trouble.told[there.dialect]
    kind, words = client.heard(reply)
    if trouble.final:
        assert f"provider `only-{there.provider}`" in words
        assert "key" in words
    elif client.dialect == there.dialect:
        assert words == told.words
        return
    else:
        instead = trouble.words.get(client.dialect, (told.words, told.words))
        assert words.startswith(instead) or instead[0] in words
    assert kind == SAID[client.dialect].get(trouble.kind, "")


def pieces(stage: Stage, client: Client, there: There) -> tuple[Led, list[bytes]]:
    """What a provider would stream to this client, cut as it cuts it."""
    led = stage.lead(TURN)
    assert ask(stage, client, there.asked, led.header, stream=True).status == 200
    return led, stage.pieces(there, led)


@each_client
@pytest.mark.parametrize("clean", [False, True], ids=["cut", "clean end"])
@over()
def test_a_break_before_the_first_event_is_a_status(
    stage: Stage, there: There, client: Client, *, clean: bool
) -> None:
    """Nothing was shown yet: one clear error instead of half a stream, and the provider's name in it."""
    media = {"content-type": there.voice.media}
    ending = Send(LAST_CHUNK) if clean else Close()
    exchange = stage.plays((*begun([], headers=media), ending))
    reply = ask(stage, client, there.asked, exchange.header, stream=True)
    assert reply.status == 502
    kind, words = client.heard(reply)
    assert kind == SAID[client.dialect].get("upstream", "")
    assert f"provider `only-{there.provider}`" in words or clean
    assert "provider" in words.lower()


@each_client
@over()
def test_a_break_before_the_head_is_a_status(stage: Stage, there: There, client: Client) -> None:
    """Streamed or whole, a closed connection is a 502."""
    for stream in (False, True):
        reply = ask(stage, client, there.asked, stage.plays((Close(),)).header, stream=stream)
        assert reply.status == 502
        client.heard(reply)


@each_client
@pytest.mark.parametrize("name", BREAKS)
@over()
def test_a_break_behind_content_is_told_in_band(
    stage: Stage, there: There, name: str, client: Client
) -> None:
    """What was shown stays, an error ends it in the client's dialect, and it never looks complete."""
    broken = BREAKS[name]
    led, spoken = pieces(stage, client, there)
    exchange = stage.plays(_script(there, broken, led, spoken))
    with opened(stage, client, there.asked, exchange) as wire:
        assert wire.read_head().status == 200
        seen = until(wire, TEXT.encode())
        exchange.release()
        rest, complete = wire.read_body()
    assert complete
    assert not [ending for ending in client.endings if ending in seen + rest]
    kind, words = client.failure(seen + rest)
    assert words
    assert kind in _kinds(client, broken)
    assert len(exchange.requests) == 1


def _script(there: There, broken: Break, led: Led, spoken: list[bytes]) -> Script:
    """The reply up to its break, which waits until the client saw something."""
    written = [msgspec.json.encode(broken.behind)[1:-1] in piece for piece in spoken]
    opening = begun(spoken[: written.index(True) + 1], headers={"content-type": there.voice.media})
    if broken.says:
        said = there.voice.failure("The provider is overloaded.", led.said(there))
        return (*opening, Gate(), Send(chunk(said)), Send(LAST_CHUNK))
    if broken.silent:
        return (*opening, Hang())
    return (*opening, Gate(), Send(LAST_CHUNK) if broken.clean else Close())


def _kinds(client: Client, broken: Break) -> set[str]:
    """What the error in band may be called: an upstream that is overloaded says so with more or less."""
    if client.dialect == "openai-responses":
        # Never `server_is_overloaded`: Codex gives up at that, and tries again at this.
        return {"server_error"}
    said = SAID[client.dialect]
    if broken.silent:
        return {said.get("timeout", "")}
    if broken.says:
        return {said.get("overloaded", ""), said.get("internal", "")}
    return {said.get("upstream", "")}


def opened(stage: Stage, client: Client, model: str, exchange: Exchange, *, stream: bool = True) -> Wire:
    """Ask, and leave the reply to be read."""
    wire, wanted = Wire(stage.house.address), Wanted(model, stream)
    body = msgspec.json.encode(client.body(wanted))
    wire.send("POST", client.path(wanted), [*JSON.items(), exchange.header], body)
    return wire


def silent(stage: Stage, client: Client, scripts: list[Script], *, stream: bool) -> list[Reply]:
    """The replies of all upstreams that fall silent, waited for at once."""
    exchanges = [stage.plays(script) for script in scripts]
    wires = [
        opened(stage, client, there.hasty, exchange, stream=stream)
        for there, exchange in zip(UPSTREAMS, exchanges, strict=True)
    ]
    replies = [wire.read() for wire in wires]
    for wire, exchange in zip(wires, exchanges, strict=True):
        wire.close()
        exchange.wait_until_left()
    return replies


@pytest.mark.parametrize("begins", [False, True], ids=["before the first event", "in a text"])
@each_client
def test_a_silent_stream_shows_life_and_then_its_failure(
    stage: Stage, client: Client, *, begins: bool
) -> None:
    """Nobody waits for ever: the stream ends in band, and the upstream is let go."""
    scripts = []
    for there in UPSTREAMS:
        led, spoken = pieces(stage, client, there)
        shown = _script(there, SILENCE, led, spoken)
        scripts.append(shown if begins else (shown[0], Hang()))
    for reply in silent(stage, client, scripts, stream=True):
        assert reply.status == 200
        assert reply.complete
        assert not [ending for ending in client.endings if ending in reply.body]
        assert (TEXT.encode() in reply.body) == begins
        kind, words = client.failure(reply.body)
        assert kind in _kinds(client, SILENCE)
        assert "said nothing for" in words


@each_client
def test_silence_of_a_whole_reply_is_a_status(stage: Stage, client: Client) -> None:
    """A client that waits for all of it hears that it took too long."""
    replies = silent(stage, client, [(Hang(),)] * len(UPSTREAMS), stream=False)
    for there, reply in zip(UPSTREAMS, replies, strict=True):
        assert reply.status == 504
        kind, words = client.heard(reply)
        assert kind == SAID[client.dialect].get("timeout", "")
        assert f"provider `hasty-{there.provider}`" in words


@each_client
@over()
def test_a_whole_reply_that_is_cut_is_a_status(stage: Stage, there: There, client: Client) -> None:
    """Half a body is never passed on as one."""
    opening = head(200, [*JSON.items(), ("content-length", "5000")])
    exchange = stage.plays((*raw(opening + b'{"id":"x",'), Close()))
    reply = ask(stage, client, there.asked, exchange.header, stream=False)
    assert reply.status == 502
    client.heard(reply)
