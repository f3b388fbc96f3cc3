"""Checks of both ends: what reaches the upstream of a request, and what reaches the client of its errors.

They need the echo upstream behind the gateway.
"""

from itertools import pairwise
from typing import Final

import msgspec

from gateway.cli.doctor.asking import Answer
from gateway.cli.doctor.door_checks import said
from gateway.cli.doctor.echo import Heard
from gateway.cli.doctor.findings import Check, Seen, fail, ok, skipped, warn
from gateway.cli.doctor.patient import Patient, Said
from gateway.cli.doctor.voices import BETA, MESSAGES, TOO_LONG

_LONGEST_WAIT: Final = 60
_PAUSE: Final = 0.1
_LIVELY: Final = ("x-claude-code-session-id", "x-stainless-lang", "user-agent")


def arrived(patient: Patient) -> Seen:
    """Whether the request reached the echo at all."""
    said_ = patient.stream
    if said_.heard:
        return ok(f"{said_.heard[0].method} {said_.heard[0].target.partition('?')[0]} reaches the upstream")
    return fail(f"nothing reaches the upstream; the client gets {said_.answer.status or said_.answer.broken}")


def _betas(patient: Patient) -> Seen:
    if patient.voice is not MESSAGES:
        return skipped("only the Anthropic API has them")
    heard = patient.stream.heard[0]
    there = {name.strip() for name in heard.header("anthropic-beta").split(",")}
    lost = [beta for beta in BETA.split(",") if beta not in there]
    if lost:
        return fail(f"of anthropic-beta is lost on the way: {', '.join(lost)}")
    others = [
        name for name, value in MESSAGES.wants if name != "anthropic-beta" and heard.header(name) != value
    ]
    return fail(f"lost or changed: {', '.join(others)}") if others else ok("every anthropic-* header arrives")


def _others(patient: Patient) -> Seen:
    heard = patient.stream.heard[0]
    sent = dict(patient.voice.headers(""))
    lost = [name for name in _LIVELY if heard.header(name) != sent[name]]
    lost += [
        name for name, value in patient.voice.wants if heard.header(name) != value and "anthropic" not in name
    ]
    return warn(f"lost or changed: {', '.join(lost)}") if lost else ok("the client's own headers arrive")


def _bytes(patient: Patient) -> Seen:
    heard = patient.stream.heard[0]
    sent, there = _read(patient.voice.asked(patient.model)), _read(heard.body)
    model = there.get("model")
    if isinstance(model, str) and heard.body == patient.voice.asked(model):
        renamed = "" if model == patient.model else f", but for the model's name `{model}`"
        return ok(f"the body arrives byte for byte{renamed}")
    changed = sorted(name for name in {*sent, *there} - {"model"} if sent.get(name) != there.get(name))
    if changed:
        return fail(f"the body is written anew, and no longer says the same in: {', '.join(changed)}")
    return fail("the body is read and written anew: the same JSON, spelled otherwise")


def _read(body: bytes) -> dict[str, object]:
    try:
        return msgspec.json.decode(body, type=dict[str, object])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}


def _credential(patient: Patient) -> Seen:
    found = [where for heard in patient.stream.heard for where in _holding(heard, patient.key)]
    if patient.own_login:
        return (
            ok("the client's own login goes on, as it is meant to")
            if found
            else fail("the client's login is lost")
        )
    if found:
        return fail(
            f"the client's key for the gateway reaches the provider, in {', '.join(sorted(set(found)))}"
        )
    return ok("the client's key stays here")


def _holding(heard: Heard, key: str) -> list[str]:
    found = [name.lower() for name, value in heard.headers if key in value]
    found += ["the query"] if key in heard.target else []
    return found + (["the body"] if key.encode() in heard.body else [])


def _pings(patient: Patient) -> Seen:
    voice = patient.voice
    first, *rest = voice.words()
    pinged = (_PAUSE, voice.ping)
    steps: list[bytes | float] = [*voice.opening, first, *pinged, *pinged, _PAUSE, *rest, *voice.closing]
    answer = patient.hear(voice.streamed(steps)).answer
    if answer.status != 200:
        return fail(_unasked(answer))
    mark = voice.ping.split(b"\n")[0]
    sent = answer.body.count(mark)
    return ok("the upstream's pings reach the client") if sent else fail("the upstream's pings are swallowed")


def _silence(patient: Patient) -> Seen:
    voice = patient.voice
    first, *rest = voice.words()
    steps: list[bytes | float] = [*voice.opening, first, patient.silence, *rest, *voice.closing]
    answer = patient.hear(voice.streamed(steps)).answer
    if answer.status != 200:
        return fail(_unasked(answer))
    gaps = [0.0, *(moment for moment, _ in answer.pieces)]
    longest = max((after - before for before, after in pairwise(gaps)), default=0.0)
    if longest < patient.silence * 0.9:
        return ok(
            f"while the upstream is silent for {patient.silence:g} s, "
            f"at most {longest:.1f} s pass without a byte"
        )
    return warn(
        f"an upstream that thinks for {patient.silence:g} s is {longest:.1f} s of silence to the client"
    )


def _unasked(answer: Answer) -> str:
    return f"a stream is answered with {answer.status or answer.broken}: {said(answer)}"


def _cut(patient: Patient) -> Seen:
    voice = patient.voice
    steps = [*voice.opening, *voice.words()[:4]]
    answer = patient.hear(voice.streamed(steps, cut=True)).answer
    if voice.last in answer.body or b"[DONE]" in answer.body:
        return fail("a stream that broke off ends as if it were whole")
    if answer.broken:
        return ok("the client sees the break")
    if b"error" in answer.body or b"response.failed" in answer.body or answer.status >= 500:
        return ok("the client is told of the break")
    return fail("a stream that broke off ends cleanly, without a word")


def _rested(said_: Said) -> Seen:
    """An upstream that fails is left alone for a while: then the check has nothing to look at."""
    told = f"the gateway asked nobody, and answered {said_.answer.status or said_.answer.broken}"
    return skipped(f"{told}: it leaves the upstream alone after the failures before")


def _error_words(patient: Patient) -> Seen:
    said_ = patient.hear(patient.voice.refused(400, TOO_LONG))
    if not said_.heard:
        return _rested(said_)
    answer = said_.answer
    if answer.status != 400:
        return fail(f"an upstream's 400 `{TOO_LONG}` becomes a {answer.status or answer.broken}")
    if TOO_LONG not in said(answer):
        return fail(f"the upstream said `{TOO_LONG}` and the client hears `{said(answer)}`")
    return ok("an upstream's words reach the client unchanged")


def _retry_kept(patient: Patient) -> Seen:
    return _retry(patient.hear(patient.voice.refused(429, "slow down", ("retry-after", "7"))), 7)


def _retry_added(patient: Patient) -> Seen:
    return _retry(patient.hear(patient.voice.refused(429, "slow down")), None)


def _retry(said_: Said, wanted: int | None) -> Seen:
    if not said_.heard:
        return _rested(said_)
    answer = said_.answer
    if answer.status != 429:
        return warn(f"an upstream's 429 becomes a {answer.status or answer.broken}")
    found = answer.header("retry-after")
    if not found.isdigit():
        return fail(f"a 429 comes with retry-after `{found}`" if found else "a 429 comes without retry-after")
    if int(found) > _LONGEST_WAIT or (wanted is not None and int(found) < wanted):
        return warn(
            f"a 429 comes with retry-after {found}" + (f", the upstream said {wanted}" if wanted else "")
        )
    return ok(f"a 429 comes with retry-after {found}")


def _provider_key(patient: Patient) -> Seen:
    if patient.own_login:
        return skipped("the key is the client's own")
    said_ = patient.hear(patient.voice.refused(401, "invalid x-api-key"))
    if not said_.heard:
        return _rested(said_)
    answer = said_.answer
    told = f"a provider that refuses the gateway's key is a {answer.status or answer.broken} to the client"
    return fail(told) if answer.status == 401 else ok(told)


def _overloaded(patient: Patient) -> Seen:
    status = 529 if patient.voice is MESSAGES else 503
    said_ = patient.hear(patient.voice.refused(status, "Overloaded", ("retry-after", "1")))
    if not said_.heard:
        return _rested(said_)
    told = f"an upstream's {status} is a {said_.answer.status or said_.answer.broken}"
    told += f", tried {len(said_.heard)} x"
    if said_.answer.status not in (429, 500, 502, 503, 529):
        return fail(told)
    return warn(told) if len(said_.heard) > 5 else ok(told)


ARRIVES: Final = Check(
    "reaches-upstream",
    "a request reaches the upstream",
    "nothing that follows can be looked at",
    "let the model lead to the echo upstream; a firewall, or another route, may be between",
    arrived,
)
CROSSING: Final = (
    Check(
        "beta-headers",
        "anthropic-beta and every anthropic-* header arrive",
        "a field of the body whose beta is missing is a 400; Claude Code then sends without thinking and "
        "tools, step by step",
        "pass anthropic-* on as an open list; take header rules out of proxies, and anthropic-beta out of a "
        "provider's `headers`",
        _betas,
    ),
    Check(
        "client-headers",
        "the client's own headers arrive",
        "prompt caches are found by the session; providers know agents by their user-agent",
        "pass headers on as an open list, not by a list of those you know",
        _others,
    ),
    Check(
        "body-bytes",
        "the body arrives byte for byte",
        "thinking blocks and prompt caches are bound to the exact prefix: a body spelled anew is a 400 or "
        "is paid twice; fields nobody knew yet are lost",
        "replace the model's name and nothing else; no plugin, firewall or hook that reads the body and "
        "writes it again",
        _bytes,
    ),
    Check(
        "credential",
        "the client's key for the gateway does not go on",
        "whoever runs the provider, or reads its logs, can use your gateway",
        "take the client's authorization, x-api-key, api-key and key= away before the provider's own is set",
        _credential,
    ),
    Check(
        "pings",
        "the upstream's signs of life reach the client",
        "a model that thinks is silent: without pings Claude Code gives up after 300 s, and proxies sooner",
        "pass every event on as it comes, pings and comments too",
        _pings,
    ),
    Check(
        "silence",
        "the gateway gives a sign of life of its own",
        "providers that send no pings leave the client in silence; proxies close it after 60 s, Claude Code "
        "after 300 s",
        "set server.sign_of_life to 15s; elsewhere, ask for keep-alive events in streams",
        _silence,
    ),
    Check(
        "broken-stream",
        "a stream that breaks off is seen to",
        "a truncated answer taken for a whole one is sent back with every later turn; a tool call is lost",
        "end it with an error event, or cut the connection; never with message_stop or [DONE]",
        _cut,
    ),
    Check(
        "error-words",
        "an upstream's words reach the client",
        "Claude Code compacts when it reads `prompt is too long: A tokens > B maximum`; other words end the "
        "session",
        "pass error bodies on unchanged, with their status",
        _error_words,
    ),
    Check(
        "retry-after-kept",
        "a 429 keeps its retry-after",
        "agents come back too early, and are refused again",
        "pass retry-after on, in whole seconds, at most 60",
        _retry_kept,
    ),
    Check(
        "retry-after-added",
        "a 429 without retry-after gets one",
        "Codex ends at once at a 429 without it",
        "add a retry-after in whole seconds where the upstream says none",
        _retry_added,
    ),
    Check(
        "provider-key",
        "a provider's 401 is not the client's",
        "Claude Code tries ten times for three minutes, and tells the user to log in; nobody looks at the "
        "provider's key",
        "answer 502 where the gateway's own key is refused",
        _provider_key,
    ),
    Check(
        "overload",
        "an overloaded upstream is told as one, after few tries",
        "clients try again by themselves; a gateway that tries often as well multiplies that",
        "keep 529 and 503, and try at most a few times",
        _overloaded,
    ),
)
