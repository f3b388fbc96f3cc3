"""Every kind of fault the chaos run knows, and what each must come to.

    left     nothing was shown yet: the next target is asked
    breaks   something was shown: the client hears an error in band
    serves   it is slow, and within its limits: the client gets all of it

A kind is either something that is said (`fault` makes a script of the reply it spoils) or something that is
wrong with the address itself (`ports.py`). Limits are scaled down in the configuration, and with them what
is too slow.
"""

from collections.abc import Callable
from typing import Literal

import msgspec

from tests.upstream.faults import CleanEnd, Cut, ErrorEvent, Fault, Silence, Spoken, Status
from tests.upstream.scripts import LAST_CHUNK, begun, chunk, head, paced, raw, whole
from tests.upstream.steps import Close, CloseOnNext, Hang, Reset, Script, Send

Meaning = Literal["left", "breaks", "serves"]
# The reply's text begins with it: no piece before it has anything to show.
OPENING_MARK = "«"
# A byte each so many seconds, so many bytes: in all longer than a whole reply may take.
DRIP = 0.02
DRIPPED = 100
GARBAGE = bytes(range(1, 10)) * 60
PAGE = b"<html><body><h1>503 Service Temporarily Unavailable</h1></body></html>"


class Kind(msgspec.Struct, frozen=True):
    """One kind: what it must come to for whole replies and for streams, and how it is done.

    `asked` says that the request arrives: the upstream's books know of each try. `keys` is how many keys its
    providers have.
    """

    name: str
    whole: Meaning = "left"
    stream: Meaning = "left"
    fault: Callable[[Spoken], Script] | None = None
    asked: bool = True
    keys: int = 1

    def meaning(self, *, streamed: bool) -> Meaning:
        """What it must come to."""
        return self.stream if streamed else self.whole


def streams(spoken: Spoken) -> bool:
    """Whether the reply is a stream; one without is a single piece."""
    return spoken.media != "application/json"


def opening(spoken: Spoken) -> int:
    """How many pieces come before there is anything to show."""
    mark = OPENING_MARK.encode()
    return next(number for number, piece in enumerate(spoken.pieces) if mark in piece)


def middle(spoken: Spoken) -> int:
    """How many pieces are half of the reply."""
    return max(len(spoken.pieces) // 2, opening(spoken) + 1)


def _in_pieces(spoken: Spoken) -> Spoken:
    """A whole reply in pieces that mean nothing, so that it can be broken like a stream."""
    if streams(spoken):
        return spoken
    body = spoken.pieces[0]
    half = len(body) // 2
    return msgspec.structs.replace(spoken, pieces=[body[:half], body[half:]])


def _cut(by: Close | Reset | Hang) -> Callable[[Spoken], Script]:
    def script(spoken: Spoken) -> Script:
        if not streams(spoken):
            length = {"content-type": spoken.media, "content-length": str(len(spoken.pieces[0]))}
            return (*raw(head(200, length) + spoken.pieces[0][:40]), by)
        half = middle(spoken)
        within = spoken.pieces[half][: len(spoken.pieces[half]) // 2]
        return (*spoken.begun(half), Send(chunk(within)), by)

    return script


def _at(place: Callable[[Spoken], int], fault: Callable[[int], Fault]) -> Callable[[Spoken], Script]:
    """A fault of a stream behind so many pieces; a whole reply is broken after one piece of two."""

    def script(spoken: Spoken) -> Script:
        split = _in_pieces(spoken)
        return fault(place(spoken) if streams(spoken) else 1).script(split)

    return script


def _error(place: Callable[[Spoken], int]) -> Callable[[Spoken], Script]:
    """An error under a good status: in the stream, or as the whole of the reply."""

    def script(spoken: Spoken) -> Script:
        if streams(spoken):
            return ErrorEvent(place(spoken)).script(spoken)
        return whole(spoken.error(529, "It is overloaded.", {}), 200)

    return script


def _status(
    status: int, headers: tuple[tuple[str, str], ...] = (), words: str = "No."
) -> Callable[[Spoken], Script]:
    return Status(status, words, headers).script


def _said(body: bytes) -> Callable[[Spoken], Script]:
    """A good head, and a body that is well framed and nothing of an API."""
    return lambda spoken: (*begun([body], headers={"content-type": spoken.media}), Send(LAST_CHUNK))


def _dripping_head(spoken: Spoken) -> Script:
    """A head that comes byte by byte."""
    data = head(200, {"content-type": spoken.media, "x-padding": "x" * DRIPPED})
    return paced(raw(*(bytes([byte]) for byte in data)), DRIP)


def _dripping(spoken: Spoken) -> Script:
    """A body that begins byte by byte."""
    data = b"".join(spoken.pieces)
    drops = raw(*(chunk(data[place : place + 1]) for place in range(DRIPPED)))
    rest = Send(chunk(data[DRIPPED:]))
    return (*begun([], headers={"content-type": spoken.media}), *paced(drops, DRIP), rest, Send(LAST_CHUNK))


def well(spoken: Spoken) -> Script:
    """All of it."""
    return spoken.whole() if streams(spoken) else whole(spoken.pieces[0])


def _stale(spoken: Spoken) -> Script:
    """All is well, but the connection, which looks alive, is closed under the next request."""
    return (*well(spoken), CloseOnNext())


def _lingering(spoken: Spoken) -> Script:
    """All is said, but the body never ends."""
    return (*spoken.begun(), Hang())


def _start(_: Spoken) -> int:
    return 0


def _closed(_: Spoken) -> Script:
    return (Close(),)


def _hung(_: Spoken) -> Script:
    return (Hang(),)


def _page(_: Spoken) -> Script:
    return whole(PAGE, 503, {"content-type": "text/html"})


def _redirect(_: Spoken) -> Script:
    return whole(b"", 302, {"location": "http://nowhere.invalid/"})


def _no_http(_: Spoken) -> Script:
    return (*raw(GARBAGE), Close())


def _bad_chunks(spoken: Spoken) -> Script:
    return (*begun([], headers={"content-type": spoken.media}), Send(b"zzz\r\nnothing\r\n"), Hang())


NETWORK = tuple(
    Kind(name, asked=False)
    for name in (
        "refused",
        "dns-gone",
        "connect-hang",
        "reset-at-once",
        "tls-garbage",
        "tls-silent",
        "tls-untrusted",
        "tls-other-name",
    )
)
SAID = (
    Kind("head-hang", fault=_hung),
    Kind("head-drip", fault=_dripping_head),
    Kind("head-garbage", fault=_no_http),
    Kind("closed-unread", fault=_closed),
    Kind("401", fault=_status(401, words="The key is wrong.")),
    Kind("401-two-keys", fault=_status(401, words="The key is wrong."), keys=2),
    Kind("429", fault=_status(429)),
    Kind("429-two-keys", fault=_status(429), keys=2),
    Kind("429-later", fault=_status(429, (("retry-after", "30"),))),
    Kind("500", fault=_status(500)),
    Kind("503-page", fault=_page),
    Kind("529", fault=_status(529)),
    Kind("redirect", fault=_redirect),
    Kind("error-in-200", fault=_error(_start)),
    Kind("error-in-opening", fault=_error(opening)),
    Kind("error-in-middle", stream="breaks", fault=_error(middle)),
    Kind("cut-before-first", fault=_at(_start, Cut)),
    Kind("cut-in-opening", fault=_at(opening, Cut)),
    Kind("cut-in-middle", stream="breaks", fault=_cut(Close())),
    Kind("reset-in-middle", stream="breaks", fault=_cut(Reset())),
    Kind("end-in-opening", fault=_at(opening, CleanEnd)),
    Kind("end-in-middle", stream="breaks", fault=_at(middle, CleanEnd)),
    Kind("silence-in-opening", fault=_at(opening, Silence)),
    Kind("silence-in-middle", stream="breaks", fault=_cut(Hang())),
    Kind("garbage-body", fault=_said(GARBAGE)),
    Kind("garbage-events", fault=_said(b"data: {no json\n\ndata: [1, 2\n\n")),
    Kind("garbage-chunks", fault=_bad_chunks),
    Kind("stale", whole="serves", stream="serves", fault=_stale),
    Kind("lingering", stream="serves", fault=_lingering),
    Kind("drip", stream="serves", fault=_dripping),
)
KINDS = {kind.name: kind for kind in (*NETWORK, *SAID)}
