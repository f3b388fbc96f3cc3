"""Checks of the providers themselves, by their list of models, which costs nothing.

They are asked by the gateway's own upstream client, with the proxies and certificates of the configuration.
"""

import asyncio
import time
from typing import Final

from adapters.dialect import Dialect
from adapters.table import DIALECTS
from gateway.cli.doctor.asking import Answer
from gateway.cli.doctor.door_checks import clock_of, said
from gateway.cli.doctor.findings import Check, Finding, Seen, fail, ok, skipped, warn
from gateway.errors import UpstreamError
from gateway.fields import fields_of
from gateway.listing import ASKING
from gateway.provider import Door, Provider
from gateway.redaction import redact
from gateway.settings import ProviderSettings

_PATIENCE: Final = 10.0
_SLOW: Final = 3.0
_PLENTY: Final = 1 << 20


def look_at(settings: ProviderSettings) -> list[Finding]:
    """Ask one provider, with each of its keys."""
    return asyncio.run(_look_at(settings))


async def _look_at(settings: ProviderSettings) -> list[Finding]:
    provider = Provider(settings)
    place = f"upstream {settings.name}"
    name, door = next(iter(provider.doors.items()))
    findings = []
    try:
        for number, constant in enumerate(door.constants):
            answer = await _ask(door, DIALECTS[name], constant)
            several = f"{place}, key {number + 1}" if len(door.constants) > 1 else place
            findings += [check.at(several, (settings, answer)) for check in UPSTREAM]
            if not answer.status:
                break
    finally:
        await provider.close()
    return findings


async def _ask(door: Door, there: Dialect, constant: bytes) -> Answer:
    began = time.monotonic()
    try:
        async with asyncio.timeout(_PATIENCE):
            return await _exchange(door, there, constant, began)
    except UpstreamError as error:
        return Answer(broken=redact(str(error)))
    except TimeoutError:
        return Answer(broken=f"no answer within {_PATIENCE:g} s")


async def _exchange(door: Door, there: Dialect, constant: bytes, began: float) -> Answer:
    wire = await door.pool.open()
    try:
        fields = fields_of([*ASKING, *there.headers])
        wire.send(b"GET %b HTTP/1.1\r\n%b%b\r\n" % (door.models, constant, fields))
        while (head := wire.head()) is None:
            await wire.wait()
        body = bytearray()
        while (piece := wire.pull()) != b"" and len(body) < _PLENTY:
            if piece is None:
                await wire.wait()
            else:
                body += piece
    finally:
        wire.abort()
    took = time.monotonic() - began
    headers = tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in head.headers)
    return Answer(status=head.status, headers=headers, pieces=((took, bytes(body)),), took=took)


Asked = tuple[ProviderSettings, Answer]


def _reachable(asked: Asked) -> Seen:
    _, answer = asked
    if not answer.status:
        return fail(answer.broken)
    if answer.status >= 500:
        return warn(f"its list of models is {answer.status}: {redact(said(answer))}")
    if answer.took > _SLOW:
        return warn(f"it took {answer.took:.1f} s to answer")
    return ok(f"answers within {answer.took * 1000:.0f} ms")


def _redirect(asked: Asked) -> Seen:
    _, answer = asked
    if 300 <= answer.status < 400:
        return fail(f"it redirects to {answer.header('location') or 'nowhere'}")
    return ok("it does not redirect") if answer.status else skipped("it does not answer")


def _key(asked: Asked) -> Seen:
    settings, answer = asked
    source = settings.key_source or "the configuration"
    if not answer.status:
        return skipped("it does not answer")
    if answer.status in (401, 403):
        words = redact(said(answer))
        if settings.credential != "key":
            return (
                skipped("it is asked with the client's own login")
                if settings.credential == "passthrough"
                else fail(f"it wants a key and has none: {words}")
            )
        return fail(f"it refuses the key from {source} with a {answer.status}: {words}")
    if answer.status in (402, 429):
        return warn(f"it takes the key from {source}, and answers {answer.status}: {redact(said(answer))}")
    return ok(f"it takes the key from {source}" if settings.credential == "key" else "it asks for no key")


def _clock(asked: Asked) -> Seen:
    return clock_of(asked[1]) if asked[1].status else skipped("it does not answer")


UPSTREAM: Final = (
    Check(
        "upstream-reachable",
        "the provider answers",
        "every request to it fails, or waits for its failure before another provider is asked",
        "mend base_url, the network, `proxy` or `ca_file`, whichever the words name",
        _reachable,
    ),
    Check(
        "upstream-redirect",
        "the provider does not redirect",
        "redirects are not followed, because the key would go along: every request is a 502",
        "write the address it redirects to into base_url, if it is the provider's own",
        _redirect,
    ),
    Check(
        "upstream-key",
        "the provider takes the key",
        "every request to it fails with a 502, upstream_credentials_exhausted",
        "make a new key at the provider: this one has expired, was revoked or belongs elsewhere",
        _key,
    ),
    Check(
        "upstream-clock",
        "the provider's clock and this machine's agree",
        "where several providers disagree with this machine, its clock is off: signed logins and expiry fail",
        "set this machine's clock by NTP",
        _clock,
    ),
)
