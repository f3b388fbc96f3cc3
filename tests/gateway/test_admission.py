"""The door: a permit for each exchange, given back once, and none once the house is closing."""

import pytest

from gateway.admission import Admission
from gateway.errors import Refused
from gateway.house import House
from tests.gateway.indoors import Client, exchange_of, settings
from tests.gateway.loops import in_loop


@in_loop
async def test_a_permit_is_given_back_once() -> None:
    """However often an exchange leaves, it is counted out once; one that never entered is not."""
    admission, house = Admission(9), House(settings())
    exchanges = [exchange_of(house, Client()) for _ in range(3)]
    for exchange in exchanges[:2]:
        admission.enter(exchange)
    assert admission.inside == 2
    for exchange in exchanges:
        admission.leave(exchange)
        admission.leave(exchange)
    assert admission.inside == 0


@in_loop
async def test_a_closing_house_lets_nobody_in() -> None:
    """It is a 503 with a time to come back that closes the connection; who is inside may stay."""
    admission, house = Admission(9), House(settings())
    inside, late = exchange_of(house, Client()), exchange_of(house, Client())
    admission.enter(inside)
    admission.closing = True
    with pytest.raises(Refused) as caught:
        admission.enter(late)
    assert (caught.value.fault.status, caught.value.fault.retry_after) == (503, 1)
    assert (b"connection", b"close") in caught.value.headers
    admission.leave(late)
    assert admission.inside == 1


@in_loop
async def test_a_full_house_lets_nobody_in_until_one_has_left() -> None:
    """Beyond the most a request is told to come back, and takes nothing."""
    admission, house = Admission(1), House(settings())
    inside, late = exchange_of(house, Client()), exchange_of(house, Client())
    admission.enter(inside)
    with pytest.raises(Refused) as caught:
        admission.enter(late)
    assert (caught.value.fault.status, caught.value.fault.code) == (503, "too_many_inside")
    assert (caught.value.fault.retry_after, admission.turned_away) == (1, 1)
    admission.leave(late)
    admission.leave(inside)
    admission.enter(late)
    assert admission.inside == 1
