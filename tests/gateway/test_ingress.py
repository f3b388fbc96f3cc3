"""The head and body of a request: what goes on, what is kept here, what is dropped, and what is too much."""

import re
from typing import Any

import pytest

from adapters.fault import Fault
from gateway.errors import Refused
from gateway.ingress import AGENT, FIELDS, KEEP, SESSION, new_request_id, read_head
from gateway.settings import ServerSettings
from gateway.state import Exchange, Pair
from tests.gateway.indoors import MESSAGE, Client, exchange_of, open_house, settings
from tests.gateway.loops import in_loop

UUID7 = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
SERVER = ServerSettings()


async def read(headers: list[Pair], server: ServerSettings = SERVER, query: bytes = b"") -> Exchange:
    """An exchange whose head has been read."""
    async with open_house(settings()) as house:
        exchange = exchange_of(house, Client(headers=headers, query_string=query))
        read_head(exchange, server)
        return exchange


async def refusal(headers: list[Pair], server: ServerSettings = SERVER, query: bytes = b"") -> Fault:
    """Why a head was refused."""
    with pytest.raises(Refused) as caught:
        await read(headers, server, query)
    return caught.value.fault


@pytest.mark.parametrize("name", sorted(FIELDS))
@in_loop
async def test_each_known_field_goes_on_or_does_not(name: bytes) -> None:
    """The table decides, field by field; what goes on is also in the joined lines, once."""
    value = b"identity" if name == b"content-encoding" else b"11"
    exchange = await read([(b"x-before", b"1"), (name, value), (b"x-after", b"2")])
    goes_on = FIELDS[name] in (KEEP, SESSION, AGENT)
    expected = [(b"x-before", b"1"), *([(name, value)] if goes_on else []), (b"x-after", b"2")]
    assert exchange.forward == expected
    assert exchange.fields == b"".join(b"%b: %b\r\n" % pair for pair in expected)


@pytest.mark.parametrize("name", [b"x-unknown", b"anthropic-dangerous-direct-browser-access", b"traceparent"])
@in_loop
async def test_an_unknown_field_goes_on(name: bytes) -> None:
    """What penstock does not know is none of its business, in order and as often as it came."""
    pairs = [(name, b"1"), (b"x-other", b"2"), (name, b"3")]
    assert (await read(pairs)).forward == pairs


@pytest.mark.parametrize("name", [b"x-penstock-provider", b"x-penstock-anything"])
@in_loop
async def test_a_client_does_not_speak_for_us(name: bytes) -> None:
    """Fields of our own prefix never go on."""
    assert (await read([(name, b"1")])).forward == []


@in_loop
async def test_nominated_fields_stay() -> None:
    """What `connection` names is the connection's own, however it is spelled and wherever it stands."""
    pairs = [
        (b"x-one", b"1"),
        (b"connection", b"keep-alive, X-One , x-two"),
        (b"x-two", b"2"),
        (b"x-3", b"3"),
    ]
    exchange = await read(pairs)
    assert exchange.forward == [(b"x-3", b"3")]
    assert exchange.fields == b"x-3: 3\r\n"


@pytest.mark.parametrize("name", [b"authorization", b"x-api-key", b"x-goog-api-key", b"api-key"])
@in_loop
async def test_credentials_are_set_apart(name: bytes) -> None:
    """A credential is known to whoever asks for it, and goes on to nobody by itself."""
    exchange = await read([(name, b"Bearer sk-1")])
    assert (exchange.credentials, exchange.forward, exchange.fields) == ([(name, b"Bearer sk-1")], [], b"")


@pytest.mark.parametrize(
    ("query", "kept", "keys"),
    [
        (b"", b"", []),
        (b"beta=true", b"beta=true", []),
        (b"key=sk-1", b"", [b"sk-1"]),
        (b"beta=true&key=sk-1", b"beta=true", [b"sk-1"]),
        (b"key=sk-1&beta=true&x=%20", b"beta=true&x=%20", [b"sk-1"]),
        (b"key=sk%2D1", b"", [b"sk-1"]),
        (b"key=a&key=b", b"", [b"a", b"b"]),
        (b"monkey=1&keys=2", b"monkey=1&keys=2", []),
        (b"key", b"", [b""]),
        (b"a&&b=", b"a&&b=", []),
    ],
)
@in_loop
async def test_a_key_in_the_query_is_taken_out(query: bytes, kept: bytes, keys: list[bytes]) -> None:
    """`key=` is a credential; everything else of the query goes on as it came."""
    exchange = await read([], query=query)
    assert exchange.query == kept
    assert exchange.credentials == [(b"key", key) for key in keys]


@pytest.mark.parametrize("given", [b"abc", b"A.b_c-1", b"x" * 128])
@in_loop
async def test_a_clients_request_id_is_taken(given: bytes) -> None:
    """A request id that is fit for a log is kept, so that both sides speak of the same."""
    assert (await read([(b"x-request-id", given)])).request_id == given


@pytest.mark.parametrize("given", [b"", b"a b", b"x" * 129, b"a\nb", b"\xff", b'"'])
@in_loop
async def test_an_unfit_request_id_is_replaced(given: bytes) -> None:
    """Anything else is answered under an id of our own."""
    assert UUID7.fullmatch((await read([(b"x-request-id", given)])).request_id)


def test_ids_are_of_version_7_and_in_order() -> None:
    """Ten thousand ids are well formed, different, and sort as they were made."""
    made = [new_request_id() for _ in range(10_000)]
    assert all(UUID7.fullmatch(one) for one in made)
    assert made == sorted(set(made))


@in_loop
async def test_the_head_is_capped() -> None:
    """Headers that go on, credentials and what is dropped all count."""
    small = ServerSettings(max_headers=1000)
    for name in (b"x-any", b"authorization", b"cookie"):
        assert (await refusal([(name, b"x" * 1001)], small)).status == 431
    assert (await read([(b"x-any", b"x" * 900)], small)).forward


@in_loop
async def test_the_target_is_capped() -> None:
    """A target longer than 8 KiB is a 414."""
    assert (await refusal([], query=b"x" * 8192)).status == 414
    assert (await read([], query=b"x" * 8000)).query


@pytest.mark.parametrize("coding", [b"lzma", b"gzip, lzma", b"gzip, gzip, gzip", b"\xff" * 1000])
@in_loop
async def test_a_coding_nobody_knows_is_refused(coding: bytes) -> None:
    """A request body in codings that cannot be read, or in too many, is a 415 at a bounded length."""
    fault = await refusal([(b"content-encoding", coding)])
    assert fault.status == 415
    assert len(fault.message) < 200


@pytest.mark.parametrize(
    ("values", "read_as"),
    [
        ([b"Identity"], b""),
        ([b"identity, identity"], b""),
        ([b"GZip"], b"gzip"),
        ([b"gzip, identity"], b"gzip"),
        ([b"gzip , zstd"], b"gzip,zstd"),
        ([b"gzip", b"br"], b"gzip,br"),
    ],
)
@in_loop
async def test_codings_are_one_list(values: list[bytes], read_as: bytes) -> None:
    """However they are spelled and in however many fields: the codings that are to be taken off."""
    assert (await read([(b"content-encoding", value) for value in values])).coding == read_as


@in_loop
async def test_offers_are_one_list() -> None:
    """What a client offers in several fields is offered together, in small letters."""
    pairs = [(b"accept-encoding", b"GZip;q=0.5"), (b"accept-encoding", b"br")]
    assert (await read(pairs)).offered_codings == b"gzip;q=0.5, br"


@pytest.mark.parametrize(
    "headers",
    [
        [(b"content-encoding", b"lzma")],
        [(b"content-length", b"999999999999")],
        [(b"x-large", b"x" * 100_000)],
    ],
    ids=["415", "413", "431"],
)
@in_loop
async def test_a_refused_head_still_has_an_id(headers: list[Pair]) -> None:
    """Whatever is wrong with a head, its refusal can be spoken of: it carries a request id."""
    async with open_house(settings()) as house:
        client = await Client(headers=headers).ask(house)
        assert 400 <= client.status < 500
        assert UUID7.fullmatch(client.header(b"x-request-id") or b"")


@pytest.mark.parametrize("value", [b"a\r\nx-evil: 1", b"a\nb", b"a\rb"])
@in_loop
async def test_a_line_break_in_a_field_is_refused(value: bytes) -> None:
    """A field value never becomes a field of its own."""
    assert (await refusal([(b"x-any", value)])).status == 400


@pytest.mark.parametrize("length", [b"abc", b"-1", b"1e3", b"\xb2", b""])
@in_loop
async def test_an_odd_length_is_no_length(length: bytes) -> None:
    """What is no number announces nothing; the body is counted while it is read all the same."""
    assert (await read([(b"content-length", length)])).content_length == -1


async def asked(pieces: tuple[bytes, ...], headers: list[Pair] | None = None, **server: Any) -> Client:
    """What comes of a request for the demo provider, its body in these pieces."""
    async with open_house(settings(**server)) as house:
        return await Client(body=pieces, headers=headers or []).ask(house)


HALF = len(MESSAGE) // 2
CUTS = {
    "whole": (MESSAGE,),
    "in two": (MESSAGE[:HALF], MESSAGE[HALF:]),
    "with an empty end": (MESSAGE, b""),
    "with an empty beginning": (b"", MESSAGE),
    "with an empty middle": (MESSAGE[:HALF], b"", MESSAGE[HALF:]),
    "byte by byte": tuple(bytes([byte]) for byte in MESSAGE),
}


@pytest.mark.parametrize("announced", [True, False], ids=["announced", "not announced"])
@pytest.mark.parametrize("cut", CUTS)
@in_loop
async def test_a_body_in_pieces_is_joined(cut: str, announced: bool) -> None:
    """However the server cuts it, and whether or not its length was announced, it is read whole."""
    length = [(b"content-length", b"%d" % len(MESSAGE))] if announced else []
    assert (await asked(CUTS[cut], length)).status == 200


@in_loop
async def test_an_empty_body_is_a_400() -> None:
    """No body at all is a request that cannot be read."""
    assert (await asked((b"",))).status == 400


@pytest.mark.parametrize("cut", CUTS)
@in_loop
async def test_a_body_is_counted_while_it_is_read(cut: str) -> None:
    """A body over the limit is a 413, however it is cut; the limit itself is allowed."""
    assert (await asked(CUTS[cut], max_body=len(MESSAGE))).status == 200
    assert (await asked(CUTS[cut], max_body=len(MESSAGE) - 1)).status == 413


@in_loop
async def test_an_announced_body_is_refused_unread() -> None:
    """A body announced over the limit is a 413 before any of it was asked for."""
    assert (await refusal([(b"content-length", b"11")], ServerSettings(max_body=10))).status == 413
    assert (await read([(b"content-length", b"10")], ServerSettings(max_body=10))).content_length == 10


@in_loop
async def test_a_departure_is_no_body() -> None:
    """A client that leaves before or in the middle of its body is gone, not a request with half a body."""
    for pieces in ((), (MESSAGE[:HALF],)):
        async with open_house(settings()) as house:
            client = Client(body=())
            for piece in pieces:
                client.arrive(piece, more=True)
            client.leave()
            assert (await client.ask(house)).messages == []


@in_loop
async def test_a_body_that_trickles_is_given_up() -> None:
    """A body that does not come is a 408."""
    async with open_house(settings(body_timeout=0.01)) as house:
        client = Client(body=())
        client.arrive(b"{", more=True)
        assert (await client.ask(house)).status == 408
