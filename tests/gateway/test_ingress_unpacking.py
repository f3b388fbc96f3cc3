"""A compressed body becomes a plain one for whatever comes after: in place, at once or in a thread."""

import gzip
import threading
from typing import Any

import pytest

from adapters.fault import Fault
from gateway import codings
from gateway.errors import Refused
from gateway.ingress_unpacking import AT_ONCE, UNDERSTOOD, check, unpack
from gateway.state import Exchange
from tests.gateway.indoors import MESSAGE, Client, exchange_of, open_house, settings
from tests.gateway.loops import in_loop


async def unpacked(body: bytes, coding: bytes = b"gzip", **server: Any) -> Exchange:
    """An exchange whose body has been unpacked."""
    async with open_house(settings(**server)) as house:
        exchange = exchange_of(house, Client())
        exchange.body, exchange.coding = body, coding
        await unpack(exchange)
        return exchange


@in_loop
async def test_what_comes_after_sees_a_plain_body() -> None:
    """Body, size (estimates of tokens stand on it) and coding are those of a request that came as it is."""
    exchange = await unpacked(gzip.compress(MESSAGE))
    assert (exchange.body, exchange.bytes_in, exchange.coding) == (MESSAGE, len(MESSAGE), b"")


@in_loop
async def test_what_is_passed_unread_stays_packed() -> None:
    """A body for a path that nobody here reads goes on as it came, with its coding."""
    async with open_house(settings()) as house:
        exchange = exchange_of(house, Client())
        exchange.operation, exchange.body, exchange.coding = "forward", b"x", b"lzma"
        await unpack(exchange)
        assert (exchange.body, exchange.coding) == (b"x", b"lzma")


@pytest.mark.parametrize(
    ("size", "elsewhere"), [(AT_ONCE, False), (AT_ONCE + 1, True), (10_000_000, True)], ids=str
)
@in_loop
async def test_a_large_body_keeps_nobody_waiting(
    size: int, *, elsewhere: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is large when decoded, however small it came, is decoded beside the loop."""
    seen = []
    decode = codings.unpacked

    def watched(body: bytes, coding: bytes, most: int) -> bytes | None:
        found = decode(body, coding, most)
        if found is not None:
            seen.append(threading.current_thread() is not threading.main_thread())
        return found

    monkeypatch.setattr(codings, "unpacked", watched)
    assert (await unpacked(gzip.compress(b" " * size))).bytes_in == size
    assert seen == [elsewhere]


async def refusal(body: bytes, coding: bytes = b"gzip", **server: Any) -> Fault:
    """Why a body was refused."""
    with pytest.raises(Refused) as caught:
        await unpacked(body, coding, **server)
    return caught.value.fault


@in_loop
async def test_each_coding_of_two_is_held_to_the_limit() -> None:
    """What is between two codings may not be larger than a body either."""
    inside = gzip.compress(b"x" * 9)
    between = gzip.compress(inside + b"\0" * 200)
    assert (await refusal(between, b"gzip,gzip", max_body=100)).status == 413
    assert (await unpacked(gzip.compress(inside), b"gzip,gzip", max_body=100)).body == b"x" * 9


@in_loop
async def test_garbage_is_a_400_that_names_the_coding_at_fault() -> None:
    """Of two codings the one whose bytes are wrong is named."""
    fault = await refusal(gzip.compress(b"no brotli"), b"br,gzip")
    assert (fault.status, "content-encoding (br)" in fault.message) == (400, True)


def test_a_refused_coding_is_told_what_is_understood() -> None:
    """The 415 says which codings are (RFC 9110, 15.5.16)."""
    with pytest.raises(Refused) as caught:
        check(b"lzma")
    assert (caught.value.fault.status, caught.value.headers) == (415, UNDERSTOOD)
    assert {name.strip() for name in UNDERSTOOD[0][1].split(b",")} <= codings.KNOWN.keys()
