"""Providers of the file and of the environment, checked and turned into `ProviderSettings`.

What the file says wins over what the environment holds, and that over the table of known providers.
A key goes to the address it was given for and nowhere else (N4): a key that is merely lying in the
environment is never sent to an address that a differently named provider brings along.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from adapters.provider import ProviderRow
from gateway.configuration.addresses import belongs_to_anthropic, has_credentials, url_problem
from gateway.configuration.connecting import resolve_connections
from gateway.configuration.discovery import DEMO, DEMO_STANDS_IN_FOR, Found, find, moved_address
from gateway.configuration.document import Document, Provider
from gateway.configuration.document import Timeouts as RawTimeouts
from gateway.configuration.problems import Problem, dotted, nearest
from gateway.configuration.quantities import seconds
from gateway.settings import MARKING, CredentialMode, ProviderSettings, ServerSettings, Timeouts

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HEADER_VALUE = re.compile(r"[\t -~\xa0-\xff]*")
_SECRET = re.compile(r"[!-~]+")
# Providers are looked at by who keeps house, every so many seconds.
_SHORTEST_PROBE = 5.0
RESERVED_HEADERS = frozenset(
    {
        *("host", "content-type", "content-length", "content-encoding", "accept-encoding", "expect"),
        *("authorization", "x-api-key", "x-goog-api-key", "api-key", "cookie", "set-cookie"),
        *("connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"),
        *("proxy-authenticate", "proxy-authorization", "proxy-connection"),
    }
)


class Surroundings(msgspec.Struct, frozen=True):
    """What a provider is resolved against. `key_sources`: provider name -> where the file has its api_key."""

    rows: dict[str, ProviderRow]
    dialects: tuple[str, ...]
    environment: dict[str, str]
    server: ServerSettings
    folder: Path
    key_sources: dict[str, str]

    def __repr__(self) -> str:
        return "Surroundings(…)"


def resolve_providers(
    document: Document, around: Surroundings, problems: list[Problem]
) -> tuple[ProviderSettings, ...]:
    """Every provider, those of the file first, then those found, then demo."""
    found = find(around.environment, around.rows.values())
    wanted = dict(document.providers)
    if document.server.discover:
        for name in (*found, DEMO):
            wanted.setdefault(name, Provider())
    if not wanted:
        problems.append(
            Problem("providers", "there is none, and server.discover is off", "add [providers.anthropic]")
        )
    resolved = [
        _Resolver(name, raw, found.get(name), around, problems).resolve() for name, raw in wanted.items()
    ]
    providers = [provider for provider in resolved if provider is not None]
    explicit = {name for name, raw in wanted.items() if raw.models is not None}
    return _share_families(providers, explicit, document.providers.keys(), around.rows)


class _Resolver:
    """Turns one provider's raw table into settings; what is wrong goes to the list of problems."""

    def __init__(
        self, name: str, raw: Provider, found: Found | None, around: Surroundings, problems: list[Problem]
    ) -> None:
        self._name = name
        self._raw = raw
        self._found = found
        self._around = around
        self._problems = problems
        self._row_name = raw.like or (found.row if found else name)
        self._row = around.rows.get(self._row_name)
        self._moved_by: str | None = None

    def resolve(self) -> ProviderSettings | None:
        if not self._known():
            return None
        base_urls = self._addresses()
        api_keys, key_source = self._keys()
        api_key = api_keys[0] if api_keys else None
        credential = self._credential(base_urls, api_key)
        row = self._row
        return ProviderSettings(
            name=self._name,
            row=row.name if row else None,
            base_urls=base_urls,
            credential=credential,
            api_key=api_key if credential == "key" else None,
            api_keys=api_keys if credential == "key" and len(api_keys) > 1 else (),
            key_source=key_source if credential == "key" else "",
            headers=self._headers(),
            proxy=self._proxy(),
            ca_file=self._ca_file(),
            timeouts=self._timeouts(self._raw.timeouts),
            connections=resolve_connections(self._name, self._raw.connections, self._problems),
            concurrency=self._concurrency(),
            cache_breakpoints=self._cache_breakpoints(base_urls),
            families=tuple(self._raw.models or ()),
            probe=self._probe(),
            pace=self._pace(),
        )

    def _report(self, key: str, problem: str, remedy: str = "") -> None:
        path = dotted("providers", self._name, *key.split(".")) if key else dotted("providers", self._name)
        self._problems.append(Problem(path, problem, remedy))

    def _known(self) -> bool:
        if not _NAME.fullmatch(self._name):
            self._report("", "a provider's name is made of a-z, 0-9, '.', '_' and '-'")
            return False
        if self._row is not None:
            return True
        if self._raw.like:
            self._report("like", "no such provider is known", nearest(self._raw.like, self._around.rows))
            return False
        if self._raw.dialect and self._raw.base_url:
            return True
        hint = nearest(self._name, self._around.rows)
        self._report(
            "",
            "this provider is not known: it needs a dialect and a base_url, or like",
            f'dialect = "openai-chat" and base_url = "http://…", or {hint}'
            if "did you" in hint
            else 'say dialect = "openai-chat" and base_url = "http://…", or like = "openai"',
        )
        return False

    def _addresses(self) -> dict[str, str]:
        known = dict(self._row.base_urls) if self._row else {}
        dialect = self._dialect(known)
        if dialect:
            known = {dialect: known.get(dialect, "")}
        moved = self._moved()
        if moved is None:
            return known
        # One address cannot stand for several: only dialects that lived at the first one's move with it.
        first = next(iter(known.values()), None)
        return {name: moved for name, address in known.items() if address == first}

    def _dialect(self, known: dict[str, str]) -> str | None:
        dialect = self._raw.dialect
        if dialect is None:
            return None
        spoken = known.keys() or self._around.dialects
        if dialect not in spoken:
            who = f"{self._row_name} does not speak it" if known else "no such dialect"
            self._report("dialect", who, nearest(dialect, spoken))
        return dialect

    def _moved(self) -> str | None:
        """The address given for this provider, by the file or else by the environment."""
        if self._row_name == DEMO:
            if self._raw.base_url is not None:
                self._report("base_url", "demo lives inside penstock and has no address")
            return None
        path, address = dotted("providers", self._name, "base_url"), self._raw.base_url
        if address is None:
            moved = moved_address(self._name, self._row, self._around.environment, self._around.server)
            if moved is None:
                return None
            path, address = moved
            self._moved_by = path
        self._check_address(path, address)
        return address.rstrip("/")

    def _check_address(self, path: str, address: str) -> None:
        problem = url_problem(address)
        if has_credentials(address):
            self._problems.append(
                Problem(path, "an address holds no user name and no password", "give the key as api_key")
            )
        elif problem:
            self._problems.append(Problem(path, problem))

    def _keys(self) -> tuple[tuple[str, ...], str]:
        """Its keys, one or several, and where they came from."""
        several = self._raw.api_keys
        if several is None:
            key, source = self._key()
            return ((), "") if key is None else ((key,), source)
        if self._raw.api_key is not None:
            self._report("api_keys", "there is an api_key as well", "leave one of the two out")
        if not several:
            self._report("api_keys", "the list is empty", 'say api_keys = ["${VAR}", "${ANOTHER}"]')
        for place, key in enumerate(several):
            path = f"api_keys.{place}"
            if key in several[:place]:
                self._report(path, "is the same key as one before it", "leave it out")
            self._check_key(dotted("providers", self._name, *path.split(".")), key)
        return tuple(several), self._around.key_sources.get(self._name, "the configuration")

    def _key(self) -> tuple[str | None, str]:
        """The key and where it came from. The environment is asked only when the file leaves room."""
        path = dotted("providers", self._name, "api_key")
        key, source = self._raw.api_key, self._around.key_sources.get(self._name, "the configuration")
        if key is None and self._raw.auth in (None, "key"):
            path = self._variable() or path
            key, source = self._around.environment.get(path), f"${path}"
        if not key:
            if key is not None and self._raw.api_key is not None:
                self._check_key(path, key)
            return None, ""
        self._check_key(path, key)
        return key, source

    def _check_key(self, path: str, key: str) -> None:
        if not key:
            self._problems.append(Problem(path, "the key is empty", "is the variable set?"))
        elif not _SECRET.fullmatch(key):
            self._problems.append(
                Problem(
                    path,
                    "a key holds no spaces, line ends or letters beyond ASCII",
                    "is there one at its end?",
                )
            )

    def _variable(self) -> str | None:
        if self._found and self._found.row == self._row_name:
            return self._found.variable
        own_address = self._raw.base_url is None and self._moved_by is None
        wanted = self._row.key_variable if self._row and own_address else None
        return wanted if wanted and self._around.environment.get(wanted) else None

    def _credential(self, base_urls: dict[str, str], api_key: str | None) -> CredentialMode:
        auth = self._raw.auth
        if auth == "passthrough":
            self._check_passthrough(base_urls)
        given = "api_key" if self._raw.api_keys is None else "api_keys"
        if auth in ("passthrough", "none") and getattr(self._raw, given) is not None:
            self._report(given, f'would never be used: auth is "{auth}"', "leave one of the two out")
        if auth is not None and auth != "key":
            return auth
        if api_key is not None:
            return "key"
        if auth == "key" or (self._row and self._row.key_variable):
            self._report_no_key()
        return "key" if auth == "key" else "none"

    def _report_no_key(self) -> None:
        if self._raw.api_key is not None or self._raw.api_keys is not None:
            return
        variable = self._row.key_variable if self._row else None
        ways = [
            f"set {variable}" if variable and self._raw.base_url is None else "",
            'set api_key = "${VAR}"',
        ]
        if self._row and self._row.passthrough:
            ways.append('set auth = "passthrough" to use the client\'s own login')
        ways.append('set auth = "none" if it asks for none')
        self._report("api_key", "this provider needs a key and there is none", ", or ".join(ways))

    def _check_passthrough(self, base_urls: dict[str, str]) -> None:
        passing = [row.base_urls.keys() for row in self._around.rows.values() if row.passthrough]
        speaks_as_they_do = any(base_urls.keys() <= dialects for dialects in passing)
        if speaks_as_they_do and all(belongs_to_anthropic(url) for url in base_urls.values()):
            return
        at = f" ({self._moved_by} moves it elsewhere)" if self._moved_by else ""
        self._report(
            "auth",
            f"a client's own credential goes to Anthropic's own address only, and this is another{at}",
            "give this provider a key of its own: api_key",
        )

    def _headers(self) -> dict[str, str]:
        for name, value in self._raw.headers.items():
            if not _HEADER_NAME.fullmatch(name):
                self._report("headers", "the name of a header holds a character that no header may")
            elif name.lower() in RESERVED_HEADERS:
                self._problems.append(
                    Problem(
                        dotted("providers", self._name, "headers", name),
                        "this header is penstock's own to write",
                        "a key goes into api_key",
                    )
                )
            elif not _HEADER_VALUE.fullmatch(value):
                path = dotted("providers", self._name, "headers", name)
                self._problems.append(Problem(path, "the value holds a character that no header may"))
        return {name.lower(): value for name, value in self._raw.headers.items()}

    def _proxy(self) -> str | None:
        proxy = self._raw.proxy
        if not proxy:
            return proxy
        problem = url_problem(proxy)
        if problem:
            self._report("proxy", problem)
        return proxy

    def _ca_file(self) -> str | None:
        if self._raw.ca_file is None:
            return None
        path = self._around.folder / Path(self._raw.ca_file).expanduser()
        import ssl  # noqa: PLC0415 - heavy, and few have a certificate authority of their own

        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path)
        except ssl.SSLError:
            self._report("ca_file", "holds no certificates in PEM form")
        except OSError as failure:
            self._report("ca_file", f"cannot be read: {failure.strerror}")
        return str(path)

    def _timeouts(self, raw: RawTimeouts) -> Timeouts:
        limits = {}
        for name in raw.__struct_fields__:
            value = getattr(raw, name)
            limits[name] = self._duration(f"timeouts.{name}", value, getattr(Timeouts(), name))
        return Timeouts(**limits)

    def _cache_breakpoints(self, base_urls: dict[str, str]) -> bool:
        if self._raw.cache_breakpoints and MARKING not in base_urls:
            self._report(
                "cache_breakpoints", f"this provider speaks no {MARKING}, which alone has such marks"
            )
        return self._raw.cache_breakpoints

    def _concurrency(self) -> int:
        if self._raw.concurrency is not None and self._raw.concurrency < 1:
            self._report("concurrency", "must be 1 or more", "leave it out for any number")
        return self._raw.concurrency or 0

    def _probe(self) -> float:
        raw = self._raw.probe
        if raw is None:
            return 0.0
        pause = self._seconds("probe", raw, _SHORTEST_PROBE)
        if pause < _SHORTEST_PROBE:
            self._report("probe", f"must be {_SHORTEST_PROBE:g} seconds or more", "leave it out for none")
        if self._row_name == DEMO:
            self._report("probe", "demo is always there", "leave it out")
        return pause

    def _pace(self) -> float:
        if self._raw.pace is not None and self._row_name != DEMO:
            self._report("pace", "only demo has a pace", "leave it out")
        default = ProviderSettings(name="", row=None, base_urls={}).pace
        pace = self._raw.pace
        return default if pace is None else self._seconds("pace", pace, default)

    def _duration(self, key: str, value: float | str | None, default: float) -> float:
        if value is None:
            return default
        limit = self._seconds(key, value, default)
        if limit <= 0:
            self._report(key, "a time limit must be more than nothing")
        return limit

    def _seconds(self, key: str, value: float | str, default: float) -> float:
        try:
            return seconds(value)
        except ValueError as failure:
            self._report(key, str(failure))
            return default


def _share_families(
    providers: list[ProviderSettings],
    explicit: set[str],
    in_file: Iterable[str],
    rows: Mapping[str, ProviderRow],
) -> tuple[ProviderSettings, ...]:
    """Give each row's model families to one of its instances: a name must lead to one place.

    The file's before those found, the row's own name before other instances, else the first.
    """
    ours = set(in_file)
    ranked = sorted(
        providers, key=lambda provider: (provider.name not in ours, provider.name != provider.row)
    )
    takers: dict[str, str] = {}
    for provider in ranked:
        if provider.row and provider.name not in explicit:
            takers.setdefault(provider.row, provider.name)
    families = {row: rows[row].families for row in takers}
    if families.keys() == {DEMO} and all(each.row == DEMO for each in providers):
        families[DEMO] += tuple(glob for name in DEMO_STANDS_IN_FOR for glob in rows[name].families)
    return tuple(
        msgspec.structs.replace(each, families=families[each.row])
        if each.row and takers.get(each.row) == each.name
        else each
        for each in providers
    )
