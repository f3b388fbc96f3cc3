"""Checks of what a configuration says by itself: where keys go, and how long clients sit in silence."""

from typing import Final
from urllib.parse import urlsplit

from adapters.table import PROVIDERS
from gateway.cli.doctor.findings import Check, Seen, fail, ok, warn
from gateway.configuration.addresses import is_loopback
from gateway.settings import ProviderSettings, ServerSettings

# How the keys of some providers begin, which others' do not.
_BEGINNINGS: Final = {
    "sk-ant-": "anthropic",
    "sk-proj-": "openai",
    "sk-or-": "openrouter",
    "gsk_": "groq",
    "xai-": "xai",
    "AIza": "gemini",
    "hf_": "huggingface",
    "pplx-": "perplexity",
    "nvapi-": "nvidia",
    "github_pat_": "github",
}
_LONG_SILENCE: Final = 55.0
_ENDLESS_SILENCE: Final = 290.0


def _hosts(provider: ProviderSettings) -> list[str]:
    return sorted({urlsplit(url).hostname or "" for url in provider.base_urls.values()})


def _owner(key: str, source: str) -> str:
    """The row whose key this is, by how it begins or where it stands; empty where nobody can tell."""
    for beginning, row in _BEGINNINGS.items():
        if key.startswith(beginning):
            return row
    variables = {f"${row.key_variable}": row.name for row in PROVIDERS.values() if row.key_variable}
    return variables.get(source, "")


def _key_host(provider: ProviderSettings) -> Seen:
    """Whether each key of a provider goes to whom it belongs."""
    hosts = [host for host in _hosts(provider) if not is_loopback(host)]
    for key in provider.api_keys or ((provider.api_key,) if provider.api_key else ()):
        owner = _owner(key, provider.key_source)
        home = {urlsplit(url).hostname for url in PROVIDERS[owner].base_urls.values()} if owner else set()
        strange = [host for host in hosts if home and host not in home]
        if strange:
            others = {urlsplit(url).hostname for row in PROVIDERS.values() for url in row.base_urls.values()}
            told = (
                f"a key of {PROVIDERS[owner].title}, from {provider.key_source}, goes to {', '.join(strange)}"
            )
            return (
                fail(told)
                if others.intersection(strange)
                else warn(f"{told}, which is none of its own addresses")
            )
    return ok(f"its keys go to {', '.join(hosts) or 'this machine'}")


def _headers(subject: tuple[ProviderSettings, tuple[ProviderSettings, ...]]) -> Seen:
    provider, everybody = subject
    for other in everybody:
        keys = other.api_keys or ((other.api_key,) if other.api_key else ())
        for name, value in provider.headers.items():
            if other.name != provider.name and any(key in value for key in keys):
                return fail(f"its header {name} holds the key of {other.name}")
    return ok("its headers hold no other provider's key")


def _plain_http(provider: ProviderSettings) -> Seen:
    bare = [
        urlsplit(url).hostname or ""
        for url in provider.base_urls.values()
        if url.startswith("http://") and not is_loopback(urlsplit(url).hostname or "")
    ]
    if bare and (provider.api_key or provider.credential == "passthrough"):
        return warn(f"its key goes to {', '.join(sorted(set(bare)))} without TLS")
    return ok("its key travels under TLS, or stays here")


def _sign_of_life(server: ServerSettings) -> Seen:
    told = f"server.sign_of_life is {server.sign_of_life:g} s"
    if server.sign_of_life > _ENDLESS_SILENCE:
        return fail(told)
    return warn(told) if server.sign_of_life > _LONG_SILENCE else ok(told)


KEY_HOST: Final = Check(
    "key-host",
    "each key goes to the provider it belongs to",
    "whoever runs the other host can spend your money; it answers 401 as well",
    "give the key to the provider of its own, and this one a key of its own: api_key",
    _key_host,
)
HEADERS: Final = Check(
    "header-keys",
    "no provider's headers hold another one's key",
    "the other provider's key is in the hands, and the logs, of this one",
    "take the header out; a key goes into api_key",
    _headers,
)
PLAIN_HTTP: Final = Check(
    "plain-http",
    "keys travel under TLS beyond this machine",
    "everybody on the way can read the key and the conversation",
    "use https in base_url, or a tunnel",
    _plain_http,
)
SIGN_OF_LIFE: Final = Check(
    "sign-of-life",
    "server.sign_of_life is short enough",
    "proxies close a silent stream after 60 s, Claude Code after 300 s",
    'set server.sign_of_life = "15s"',
    _sign_of_life,
)
SETTINGS: Final = (KEY_HOST, HEADERS, PLAIN_HTTP, SIGN_OF_LIFE)
