"""Members cut out of a body: they are gone, and no other byte has moved."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.fault import Malformed
from adapters.members import Change, array_items, changed, members_of

GONE = Change(("gone",))
# The body, and what is left of it.
CUTS: dict[str, tuple[bytes, bytes]] = {
    "alone": (b'{"gone":1}', b"{}"),
    "first": (b'{"gone":{"a":[1,"}"]},"b":2}', b'{"b":2}'),
    "last": (b'{"a":1,"gone":"x"}', b'{"a":1}'),
    "in the middle": (b'{"a":1, "gone" : [1 , 2] ,\n "b":2}', b'{"a":1 ,\n "b":2}'),
    "spaces everywhere": (b' \n{ "gone" : null , "b" : 2 } \n', b' \n{ "b" : 2 } \n'),
    "twice": (b'{"gone":1,"a":1,"gone":[2]}', b'{"a":1}'),
    "twice, and alone": (b'{"gone":1,"gone":2}', b"{}"),
    "an escaped key": (b'{"\\u0067one":1,"a":1}', b'{"a":1}'),
    "joined otherwise": (b'{"a":1,"Go_ne":2}', b'{"a":1}'),
    "a byte order mark": (b'\xef\xbb\xbf{"gone":1,"a":1}', b'\xef\xbb\xbf{"a":1}'),
    "nested elsewhere": (b'{"a":{"gone":1},"gone":1}', b'{"a":{"gone":1}}'),
    "another key twice": (b'{"a":1,"gone":2,"a":{"b":","}}', b'{"a":1,"a":{"b":","}}'),
}
DEEP = Change(("a", "gone"))
DEEP_CUTS: dict[str, tuple[bytes, bytes]] = {
    "one of two": (b'{"x":1,"a":{"b":1, "gone":2} ,"y":[]}', b'{"x":1,"a":{"b":1} ,"y":[]}'),
    "the only one": (b'{"a":{"gone":2}}', b'{"a":{}}'),
    "of an object given twice": (b'{"a":{"gone":2},"a":{"gone":3,"b":1}}', b'{"a":{},"a":{"b":1}}'),
}
KEPT: dict[str, tuple[bytes, Change]] = {
    "not there": (b'{"a":1}', GONE),
    "an empty object": (b"{}", GONE),
    "no such member inside": (b'{"a":{"b":1}}', DEEP),
    "no object inside": (b'{"a":[{"gone":1}]}', DEEP),
    "another value": (b'{"effort":"low"}', Change(("effort",), value="minimal")),
    "nothing beside it": (b'{"top_p":1}', Change(("top_p",), beside="temperature")),
    "more than settings": (b'{"o":{"effort":"low","format":{}}}', Change(("o",), only=("effort",))),
}


@pytest.mark.parametrize(("body", "left"), CUTS.values(), ids=CUTS)
def test_a_member_is_cut_out(body: bytes, left: bytes) -> None:
    """The member goes with one comma, wherever it stands; every other byte stays as it came."""
    assert changed(body, GONE) == left


@pytest.mark.parametrize(("body", "left"), DEEP_CUTS.values(), ids=DEEP_CUTS)
def test_a_member_of_a_member_is_cut_out(body: bytes, left: bytes) -> None:
    """The same further down."""
    assert changed(body, DEEP) == left


@pytest.mark.parametrize(("body", "change"), KEPT.values(), ids=KEPT)
def test_what_is_not_meant_stays(body: bytes, change: Change) -> None:
    """Where there is nothing to change, the very same bytes come back."""
    assert changed(body, change) is body


MEANT: dict[str, tuple[bytes, Change, bytes]] = {
    "this value": (b'{"effort":"minimal","a":1}', Change(("effort",), value="minimal"), b'{"a":1}'),
    "a number": (b'{"temperature":0.2}', Change(("temperature",), value="0.2"), b"{}"),
    "beside it": (
        b'{"top_p":1,"temperature":1}',
        Change(("top_p",), beside="temperature"),
        b'{"temperature":1}',
    ),
    "only settings": (b'{"o":{"effort":"low"},"a":1}', Change(("o",), only=("effort",)), b'{"a":1}'),
    "no object at all": (b'{"o":7}', Change(("o",), only=("effort",)), b"{}"),
    "by another name": (b'{"a":1, "old" : 7}', Change(("old",), instead="new"), b'{"a":1, "new" : 7}'),
    "that is there already": (b'{"old":7,"new":8}', Change(("old",), instead="new"), b'{"new":8}'),
}


@pytest.mark.parametrize(("body", "change", "left"), MEANT.values(), ids=MEANT)
def test_only_what_is_meant_is_changed(body: bytes, change: Change, left: bytes) -> None:
    """A change may ask for a value, for a neighbour, for nothing but settings, or give another name."""
    assert changed(body, change) == left


def test_a_change_says_what_it_does() -> None:
    """Its name tells all of its conditions."""
    assert Change(("a", "b"), value="x", beside="c", instead="d").name == "a.b=x beside c as d"


def test_what_is_no_object_is_refused() -> None:
    """As anywhere: in words about the body."""
    with pytest.raises(Malformed):
        changed(b"[1]", GONE)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(max_size=4), JSON, max_size=6), st.integers(0, 6), st.sampled_from([None, 2]))
def test_any_object_loses_only_that(members: dict[str, object], place: int, indent: int | None) -> None:
    """Whatever else is in a body, in whatever spacing, is the same with and without the member."""
    others = {name: value for name, value in members.items() if name.replace("_", "").lower() != "gone"}
    items = list(others.items())
    body = json.dumps(dict([*items[:place], ("gone", {"x": [1]}), *items[place:]]), indent=indent).encode()
    assert json.loads(changed(body, GONE)) == others


def test_members_and_items_are_found_where_they_stand() -> None:
    """Names, values and items, with whatever space there is between them and however often a name stands."""
    body = b'\xef\xbb\xbf { "a" : [ 1 , {"b": [2]},"x,y" ] ,"c":"d" , "c" : [] }'
    found = members_of(body)
    assert [(name, body[start:end]) for name, start, end in found] == [
        ("a", b'[ 1 , {"b": [2]},"x,y" ]'),
        ("c", b'"d"'),
        ("c", b"[]"),
    ]
    items = [body[slice(*span)] for span in array_items(body, *found[0][1:])]
    assert items == [b"1", b'{"b": [2]}', b'"x,y"']
    assert array_items(body, *found[2][1:]) == []


def test_members_of_what_is_no_object_are_refused() -> None:
    """As of any other body."""
    with pytest.raises(Malformed):
        members_of(b"[1]")


def test_members_beside_half_a_surrogate_pair_stand_where_they_stood() -> None:
    """What is no text in a name or in an item moves nothing."""
    body = rb'{"\ud83d":["a\ude00", {"b":"\ud83d"}],"gone":1}'
    (_, start, end), gone = members_of(body)
    assert [body[slice(*span)] for span in array_items(body, start, end)] == [
        rb'"a\ude00"',
        rb'{"b":"\ud83d"}',
    ]
    assert (gone[0], body[gone[1] : gone[2]]) == ("gone", b"1")
    assert changed(body, GONE) == body.replace(b',"gone":1', b"")
