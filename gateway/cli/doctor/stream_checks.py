"""Checks of a stream as the client sees it: whether it flows, in which framing, and how it ends."""

from typing import Final

from gateway.cli.doctor.asking import Answer
from gateway.cli.doctor.door_checks import said
from gateway.cli.doctor.findings import Check, Seen, fail, ok, skipped, warn
from gateway.cli.doctor.patient import PACE, Patient
from gateway.cli.doctor.voices import CHAT, WORDS

DONE: Final = b"data: [DONE]"
# A stream flows when it takes this part of the time in which it was sent.
_FLOWING: Final = 0.4
_SOME_PIECES: Final = 4


def begun(patient: Patient) -> Seen:
    """Whether there is a stream to look at."""
    answer = patient.stream.answer
    if answer.status == 200:
        return ok(f"`{patient.model}` answers with a stream of {len(answer.body)} bytes")
    return fail(f"`{patient.model}` is answered with {answer.status or answer.broken}: {said(answer)}")


def _flows(patient: Patient) -> Seen:
    first = _flow(patient, patient.stream.answer)
    if first.level == "ok" or patient.offered.answer.header("content-encoding"):
        return first
    # A gateway that has just started may need longer for its first request than the stream takes.
    again = _flow(patient, patient.offered.answer)
    return again if again.level == "ok" else first


def _flow(patient: Patient, answer: Answer) -> Seen:
    moments = [moment for moment, _ in answer.pieces]
    span = moments[-1] - moments[0] if moments else 0.0
    told = f"{len(moments)} pieces over {span:.1f} s"
    if patient.echo is None:
        # How long a model takes nobody knows: several pieces at several moments are a stream.
        return ok(told) if len(moments) >= _SOME_PIECES and span > 0 else fail(f"it came in {told}")
    sent = PACE * (len(WORDS) - 1)
    if span >= sent * _FLOWING:
        return ok(told)
    return fail(f"what was sent over {sent:.1f} s came in {told}: it is held back until the end")


def _type(patient: Patient) -> Seen:
    found = patient.stream.answer.header("content-type")
    right = found.lower().startswith("text/event-stream")
    return ok(found) if right else fail(f"a stream is said to be {found or 'nothing'}")


def _plain(patient: Patient) -> Seen:
    found = patient.stream.answer.header("content-encoding")
    if found not in ("", "identity"):
        return fail(f"a client that offered no coding gets {found}")
    return ok("no coding for a client that offered none")


def _offered(patient: Patient) -> Seen:
    answer = patient.offered.answer
    found = answer.header("content-encoding")
    if found in ("", "identity"):
        return ok("a stream stays plain where codings are offered")
    held = _flow(patient, answer).level == "fail"
    return (
        fail(f"it is compressed with {found} and held back")
        if held
        else warn(f"it is compressed with {found}")
    )


def _names(patient: Patient) -> Seen:
    if patient.voice is CHAT:
        return skipped("this API has no names of events")
    body = patient.stream.answer.body
    frames = [frame for frame in body.replace(b"\r\n", b"\n").split(b"\n\n") if b"data:" in frame]
    bare = [frame for frame in frames if b"event:" not in frame]
    return (
        fail(f"{len(bare)} of {len(frames)} events have no name") if bare else ok("every event has its name")
    )


def _ends(patient: Patient) -> Seen:
    answer, voice = patient.stream.answer, patient.voice
    last, dones = answer.body.count(voice.last), answer.body.count(DONE)
    if answer.broken:
        return fail(f"a whole stream breaks off: {answer.broken}")
    if not last:
        return fail(f"a whole stream ends without its `{voice.last.decode()}`")
    if last > 1 or (voice is not CHAT and dones):
        return fail(f"it ends with {last} x `{voice.last.decode()}` and {dones} x `[DONE]`")
    tail = answer.body[answer.body.rindex(voice.last) :].count(b"\n\n")
    return fail("something comes after its end") if tail > 1 else ok(f"it ends with `{voice.last.decode()}`")


def _text(patient: Patient) -> Seen:
    if patient.echo is None:
        return skipped("what the model said is not known")
    body = patient.stream.answer.body
    lost = [word for word in WORDS if f"{word} ".encode() not in body]
    return (
        fail(f"of the text is missing or damaged: {', '.join(lost)}") if lost else ok("every letter arrives")
    )


BEGINS: Final = Check(
    "stream",
    "a request for a stream is answered with one",
    "no agent works without it",
    "mend what the error says first: the model's name, its route, its provider's key",
    begun,
)
STREAM: Final = (
    Check(
        "stream-flow",
        "a stream arrives while it is made",
        "the person sees nothing until the end; Claude Code gives up after 300 s without a byte",
        "nginx: proxy_buffering off and gzip off for these paths; other proxies: no response buffering, "
        "flush at once",
        _flows,
    ),
    Check(
        "stream-type",
        "a stream is text/event-stream",
        "Claude Code asks again without a stream; SDKs read nothing",
        "let content-type pass as it is",
        _type,
    ),
    Check(
        "stream-not-offered",
        "nothing is compressed for a client that offers no coding",
        "Codex offers none and fails with a UTF-8 error, again and again",
        "no compression of text/event-stream (nginx: leave it out of gzip_types), and of nothing that was "
        "not asked for",
        _plain,
    ),
    Check(
        "stream-compressed",
        "a stream is not compressed although codings are offered",
        "a compressor waits for enough to compress: events come late, in heaps",
        "no compression of text/event-stream in any proxy on the way",
        _offered,
    ),
    Check(
        "event-names",
        "events keep their names",
        "Claude Code sees no event at all without `event:` lines, and silently asks again without a stream",
        "pass event streams byte for byte",
        _names,
    ),
    Check(
        "stream-end",
        "a stream ends once, as its API says",
        "SDKs wait for an end that does not come, or stumble over a `[DONE]` that belongs to Chat "
        "Completions only",
        "write the end of the client's own API: message_stop, [DONE] or response.completed, once",
        _ends,
    ),
    Check(
        "text",
        "letters beyond ASCII arrive whole",
        "code and words are damaged for good: they are sent back with every later turn",
        "cut streams between events and never inside of a letter",
        _text,
    ),
)
