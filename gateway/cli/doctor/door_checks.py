"""Checks of the door: what a gateway answers by itself, asked as clients ask. None of them costs a token."""

import time
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from typing import Final

import msgspec

from gateway.cli.doctor.asking import Answer
from gateway.cli.doctor.findings import Check, Seen, fail, ok, skipped, warn
from gateway.cli.doctor.patient import Patient
from gateway.cli.doctor.voices import MESSAGES

_COUNTS: Final = 28  # what Claude Code asks for at once
_SLOW_LIST: Final = 3.0
_SLOW_COUNTS: Final = 5.0
_LARGE: Final = 4 * 1024 * 1024
_WRONG_CLOCK: Final = 300.0
_ODD_CLOCK: Final = 60.0
_REFUSING: Final = (401, 403)
_UPGRADE: Final = (
    ("connection", "Upgrade"),
    ("upgrade", "websocket"),
    ("sec-websocket-version", "13"),
    ("sec-websocket-key", "ZG9jdG9yLWRvY3Rvci0xMg=="),
    ("openai-beta", "responses_websockets=2026-02-06"),
)


def reached(patient: Patient) -> Seen:
    """Whether anybody answers."""
    answer = patient.get("/")
    if not answer.status:
        return fail(answer.broken)
    return ok(f"answers within {answer.took * 1000:.0f} ms")


def _version(patient: Patient) -> Seen:
    found = patient.listed.version
    spelled = f"HTTP/{found // 10}.{found % 10}"
    return ok(spelled) if found >= 11 else fail(f"it answers in {spelled}")


def _greeting(patient: Patient) -> Seen:
    found = {path: patient.get(path, method="HEAD") for path in ("/", "/api/hello")}
    told = ", ".join(f"HEAD {path} is {answer.status or answer.broken}" for path, answer in found.items())
    # Nobody minds what the second is answered with, as long as it is answered.
    late = [path for path, answer in found.items() if answer.took > _SLOW_LIST]
    return warn(told) if late or found["/"].status != 200 else ok(told)


def _redirects(patient: Patient) -> Seen:
    answers = {"GET /v1/models": patient.listed, "POST /v1/messages": patient.refusal}
    moved = [
        f"{asked} is {answer.status} to {answer.header('location') or 'nowhere'}"
        for asked, answer in answers.items()
        if 300 <= answer.status < 400
    ]
    return fail("; ".join(moved)) if moved else ok("nothing is redirected")


def _key(patient: Patient) -> Seen:
    answer = patient.listed
    if answer.status in _REFUSING:
        return fail(f"the key is refused with a {answer.status}: {said(answer)}")
    return ok("the key is taken")


def _models(patient: Patient) -> Seen:
    answer = patient.listed
    names = listed_names(answer)
    if answer.status in _REFUSING:
        return skipped("the key is refused")
    if answer.status != 200:
        return warn(f"GET /v1/models is {answer.status or answer.broken}")
    if answer.took > _SLOW_LIST:
        return warn(f"the list of models took {answer.took:.1f} s")
    if not names:
        return warn("nothing can be read from the list of models")
    if not any("claude" in name.lower() or "anthropic" in name.lower() for name in names):
        return ok(
            f"{len(names)} models; none has `claude` in its name, which alone Claude Code's picker shows"
        )
    return ok(f"{len(names)} models within {answer.took * 1000:.0f} ms")


def _counts(patient: Patient) -> Seen:
    names = listed_names(patient.listed)
    model = patient.model or next((name for name in names if "claude" in name), names[0] if names else "")
    if not model:
        return skipped("no model is known to count for; name one with --model")
    body = b'{"model":"%b","messages":[{"role":"user","content":"How long is this?"}]}' % model.encode()
    began = time.monotonic()
    with ThreadPoolExecutor(_COUNTS) as pool:
        answers = list(pool.map(lambda _: _counted(patient, body), range(_COUNTS)))
    took = time.monotonic() - began
    wrong = [answer for answer in answers if not _is_count(answer)]
    if wrong:
        told = f"count_tokens for `{model}`: {wrong[0].status or wrong[0].broken}: {said(wrong[0])}"
        return (
            fail(told) if len(wrong) == _COUNTS else warn(f"{len(wrong)} of {_COUNTS} at once fail: {told}")
        )
    if took > _SLOW_COUNTS:
        return warn(f"{_COUNTS} at once took {took:.1f} s")
    return ok(f"{_COUNTS} at once within {took * 1000:.0f} ms")


def _counted(patient: Patient, body: bytes) -> Answer:
    path = f"{MESSAGES.path}/count_tokens?beta=true"
    return patient.post(path, body, MESSAGES.headers(patient.key))


def _is_count(answer: Answer) -> bool:
    found = answer.json()
    return answer.status == 200 and isinstance(found, dict) and isinstance(found.get("input_tokens"), int)


def _socket(patient: Patient) -> Seen:
    answer = patient.get("/v1/responses", *_UPGRADE)
    if answer.status in (101, 426):
        return ok("a WebSocket is opened" if answer.status == 101 else "a WebSocket is refused with 426")
    told = f"the handshake is answered with {answer.status or answer.broken}"
    if answer.status in _REFUSING:
        return skipped(f"{told}: the key is refused")
    return fail(told) if answer.status == 400 else warn(told)


def _words(patient: Patient) -> Seen:
    answer = patient.refusal
    if answer.status in _REFUSING or 300 <= answer.status < 400:
        return skipped(f"it is answered with {answer.status}")
    found = answer.json()
    told = f"a body that is no JSON gets {answer.status or answer.broken}"
    if answer.status != 400:
        return warn(told)
    spelled = (
        isinstance(found, dict) and found.get("type") == "error" and isinstance(found.get("error"), dict)
    )
    return ok(told) if spelled else warn(f"{told}, not in the words of the API: {answer.body[:80]!r}")


def _ids(patient: Patient) -> Seen:
    answer = patient.refusal
    found = [name for name in ("request-id", "x-request-id") if answer.header(name)]
    return (
        ok(f"there is a {found[0]}") if found else warn("an answer has neither request-id nor x-request-id")
    )


def _large(patient: Patient) -> Seen:
    answer = patient.post(MESSAGES.path, b"[" + b" " * _LARGE, MESSAGES.headers(patient.key))
    told = f"a body of {_LARGE // 1024 // 1024} MiB is answered with {answer.status or answer.broken}"
    return fail(told) if answer.status == 413 else ok(told)


def _strangers(patient: Patient) -> Seen:
    stranger = Patient(patient.url, "pst_000000000000_nobody-has-this-key")
    answer = stranger.listed
    told = f"a key that nobody has is answered with {answer.status or answer.broken}"
    if answer.status == 200:
        here = any(name in patient.url for name in ("//127.", "//localhost", "//[::1]"))
        return ok(f"{told}: it is open, on this machine") if here else warn(f"{told}: anybody may use it")
    return ok(told) if answer.status == 401 else warn(told)


def _clock(patient: Patient) -> Seen:
    return clock_of(patient.listed)


def clock_of(answer: Answer) -> Seen:
    """How far the clock of who answered is from ours, by the date it writes."""
    try:
        there = parsedate_to_datetime(answer.header("date")).timestamp()
    except (TypeError, ValueError):
        return skipped("its answers have no date")
    off = there - time.time()
    told = f"its clock is {abs(off):.0f} s {'ahead of' if off > 0 else 'behind'} this machine's"
    if abs(off) >= _WRONG_CLOCK:
        return fail(told)
    return warn(told) if abs(off) >= _ODD_CLOCK else ok(f"its clock is this machine's, to {abs(off):.0f} s")


def listed_names(answer: Answer) -> list[str]:
    """The names of a list of models."""
    found = answer.json()
    rows = found.get("data") if isinstance(found, dict) else None
    return [str(row.get("id")) for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def said(answer: Answer) -> str:
    """The words of an error, whoever's shape it has."""
    found = answer.json()
    if isinstance(found, dict):
        error = found.get("error", found)
        words = error.get("message", error) if isinstance(error, dict) else error
        return (
            words[:200]
            if isinstance(words, str)
            else msgspec.json.encode(words)[:200].decode("utf-8", "replace")
        )
    return answer.body[:80].decode("utf-8", "replace")


ANSWERS: Final = Check(
    "answers",
    "anybody answers at the URL",
    "no client gets anywhere",
    "start the gateway, or mend the address: a base URL has no /v1 at its end for Claude Code, and one for "
    "OpenAI's clients",
    reached,
)
DOOR: Final = (
    Check(
        "http-version",
        "it answers in HTTP/1.1",
        "HTTP/1.0 ends the connection after each answer and has no chunks: streams arrive at their end, and "
        "every turn dials anew",
        "nginx: proxy_http_version 1.1; and keep-alive on both sides",
        _version,
    ),
    Check(
        "redirects",
        "no path that clients use is redirected",
        "Claude Code drops a list of models that redirects; a redirected POST loses its body or its key",
        "point clients at the final address: with https, and without a slash that the server adds or takes",
        _redirects,
    ),
    Check(
        "greeting",
        "HEAD / is 200, and HEAD /api/hello is answered",
        "Claude Code asks for one of them at its start, and waits for an answer it does not get",
        "pass HEAD requests on, to any path",
        _greeting,
    ),
    Check(
        "key",
        "the key given is taken",
        "Claude Code tries a 401 ten times over three minutes, Codex six times",
        "give the key in --key or PENSTOCK_KEY; if it has expired or was revoked, make a new one",
        _key,
    ),
    Check(
        "strangers",
        "a key that nobody has is refused with a 401",
        "another status than 401 does not tell a client that its key is wrong; no refusal at all spends "
        "your money",
        'set server.keys = "required", or listen on this machine only',
        _strangers,
    ),
    Check(
        "models-list",
        "GET /v1/models?limit=1000 is there within 3 s, with names Claude Code can pick",
        "Claude Code waits 3 s for it, keeps only names that hold `claude` or `anthropic`, and shows no "
        "models otherwise",
        "keep the list in a cache, with a deadline for each provider; offer other models as anthropic/NAME",
        _models,
    ),
    Check(
        "count-tokens",
        "28 POST /v1/messages/count_tokens at once are all answered",
        "Claude Code's /context asks so; without it, it guesses how full the context is and compacts too "
        "late or too early",
        "answer it, from the provider or with an estimate, and let 28 connections in at once",
        _counts,
    ),
    Check(
        "websocket",
        "GET /v1/responses with an upgrade is a WebSocket, or 426",
        "Codex falls back to HTTP at once only after a 426; 404, 405 and 501 cost it 6.5 s, a 400 ends it",
        "nginx: proxy_set_header Upgrade and Connection on this path; or answer 426",
        _socket,
    ),
    Check(
        "large-body",
        "a body of 4 MiB is read",
        "agents send 50 to 100 KB from the first turn, and megabytes with images; a 413 ends Claude Code's "
        "turn",
        "nginx: client_max_body_size 32m",
        _large,
    ),
    Check(
        "error-shape",
        "an error has the shape of the client's API",
        "clients show an HTML page or a foreign error as a broken gateway, and cannot recover from it",
        "let errors pass as they are: no error pages of a proxy (nginx: proxy_intercept_errors off)",
        _words,
    ),
    Check(
        "request-id",
        "answers have a request id",
        "without it no line of a log can be found for a complaint; Claude Code reports `request-id absent`",
        "let request-id and x-request-id pass through proxies, and give errors one as well",
        _ids,
    ),
    Check(
        "clock",
        "the clock there is right",
        "signed logins fail, keys seem to have expired, and dates in retry-after are waited for in vain",
        "set the clock by NTP on the machine that is off: here or there",
        _clock,
    ),
)
