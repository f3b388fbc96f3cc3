"""The configuration of claude-code-router (version 2: config.json), as ours.

Its order of decisions, which the rules keep: an image in the turn; a client that names provider and model
itself; a long context; the small Claude; a search of the web; thinking; else its default.
"""

import re
from collections.abc import Iterable
from typing import Any, Final

from adapters.provider import ProviderRow
from adapters.table import PROVIDERS
from gateway.cli.importing.draft import (
    Draft,
    Table,
    host_of,
    legal_name,
    merged,
    needs_no_key,
    plain,
    seconds,
    variable_of,
)
from gateway.cli.importing.reading import Misread, Section
from gateway.configuration.addresses import is_loopback

_REFERENCE: Final = re.compile(r"\$\{(\w+)\}|\$([A-Za-z_]\w*)")
_PORT: Final = 3456
_LONG: Final = 60_000
_LEVELS: Final = {
    "trace": "debug",
    "debug": "debug",
    "info": "info",
    **dict.fromkeys(("warn", "error", "fatal"), "error"),
}
_CHAT, _MESSAGES, _GEMINI = "openai-chat", "anthropic-messages", "gemini"
_DIALECTS: Final = {"anthropic": _MESSAGES, "gemini": _GEMINI, "openai-responses": "openai-responses"}
# What penstock does by itself, so that nothing has to be said.
_OWN: Final = frozenset(
    (
        *(
            "openrouter",
            "deepseek",
            "groq",
            "qwen",
            "siliconflow",
            "cerebras",
            "openai",
            "tooluse",
            "enhancetool",
        ),
        *("reasoning", "cleancache", "streamoptions", "forcereasoning"),
    )
)
_ROUTES: Final = ("background", "think", "longContext", "webSearch", "image")


class _Known:
    """Providers by the names the original gives them, and their models."""

    def __init__(self) -> None:
        self.providers: dict[str, str] = {}
        self.models: dict[str, list[str]] = {}


def convert(original: Section, draft: Draft) -> None:
    """Read the whole file into the draft. Raises Misread."""
    if "Providers" not in original.table and "providers" not in original.table:
        raise Misread("there are no Providers: is this a config.json of version 2?")
    known = _Known()
    _server(original, draft)
    shared = _shared(original, draft)
    for provider in original.sections("Providers" if "Providers" in original.table else "providers"):
        _provider(provider, shared, known, draft)
    _router(original.section("Router"), known, draft)
    original.skip("NON_INTERACTIVE_MODE", "version")
    if original.take("CUSTOM_ROUTER_PATH", str):
        words = "a router of your own in JavaScript: write it as [[rules]]"
        draft.note("CUSTOM_ROUTER_PATH", "left out", words)
    if original.take("transformers", list):
        draft.note("transformers", "left out", "plugins of your own in JavaScript do not run here")
    if original.take("StatusLine", dict):
        draft.note("StatusLine", "left out", "the status line belongs to Claude Code's own settings")
    draft.rest(original)


def _server(original: Section, draft: Draft) -> None:
    server, secret = draft.table("server"), original.text("APIKEY")
    host, port = original.text("HOST") or "127.0.0.1", original.number("PORT")
    host = "127.0.0.1" if host == "localhost" else host
    if not secret and not is_loopback(host):
        words = f"without an APIKEY it listens on this machine only, as there: not at {host}"
        draft.note("HOST", "changed", words)
        host = "127.0.0.1"
    spelled = f"[{host}]" if ":" in host else host
    server["listen"] = f"{spelled}:{int(port) if port is not None else _PORT}"
    server["discover"] = False
    if secret:
        draft.table("keys")["router"] = {"secret": _secret(secret, "APIKEY", "ROUTER_APIKEY", draft)}
        draft.note("APIKEY", "carried", "as [keys.router]; it must have 16 characters at least")
    level = original.text("LOG_LEVEL").lower()
    if original.take("LOG", bool) is False:
        draft.table("log")["level"] = "off"
    elif level in _LEVELS:
        draft.table("log")["level"] = _LEVELS[level]


def _shared(original: Section, draft: Draft) -> Table:
    """What every provider is given."""
    shared: Table = {}
    proxy, limit = (
        original.text("PROXY_URL") or original.text("https_proxy"),
        original.number("API_TIMEOUT_MS"),
    )
    if proxy:
        spell = _secret if "@" in proxy else _open
        shared["proxy"] = spell(proxy, "PROXY_URL", "PROXY_URL", draft)
    if limit:
        whole = seconds(limit / 1000)
        shared["timeouts"] = {"first_byte": whole, "first_byte_thinking": whole, "whole": whole}
        draft.note("API_TIMEOUT_MS", "carried", "as the time limits of every provider")
    return shared


def _secret(value: str, place: str, variable: str, draft: Draft) -> str:
    """A secret: by reference, as it was or as it is from now on."""
    return _text(value, place, draft) if _REFERENCE.search(value) else draft.secret(place, value, variable)


def _open(value: str, place: str, _variable: str, draft: Draft) -> str:
    return _text(value, place, draft)


def _text(value: str, place: str, draft: Draft) -> str:
    """A string with its references as ours are spelled."""
    parts, end = [], 0
    for match in _REFERENCE.finditer(value):
        reference = draft.reference(match[1] or match[2], f"named by {place}")
        parts += [plain(value[end : match.start()]), reference]
        end = match.end()
    return "".join([*parts, plain(value[end:])])


def _provider(provider: Section, shared: Table, known: _Known, draft: Draft) -> None:
    name, url = provider.text("name"), provider.text("api_base_url") or provider.text("baseUrl")
    models = provider.texts("models")
    if not name or not url:
        raise Misread(f"{provider.place}: a provider has a name and an api_base_url")
    dialect, outputs = _transformers(provider, draft)
    if not dialect:
        return
    key = provider.text("api_key") or provider.text("apiKey")
    table = merged(_place(url, dialect, provider, draft), shared)
    if key and not needs_no_key(key):
        table["api_key"] = _secret(key, provider.at("api_key"), variable_of(name), draft)
    elif "like" in table or legal_name(name) in PROVIDERS:
        table["auth"] = "none"
    # Only what is named leads there, as in the original.
    table["models"] = []
    ours = draft.provider(name, table)
    known.providers[name], known.models[name] = ours, models
    for model in models:
        output = outputs.get(model, outputs.get(""))
        if output:
            draft.table("capabilities")[f"{ours}/{model}"] = {"output": output}
    draft.rest(provider)


def _place(url: str, dialect: str, provider: Section, draft: Draft) -> Table:
    """Where a provider is: a known one, or its address."""
    row = _row_at(host_of(url), dialect)
    base = url.rstrip("/")
    if dialect == _GEMINI:
        base = base.removesuffix("/models")
    if row is not None and _same(base, row.base_urls[dialect]):
        # A row's other APIs would be spoken where a client speaks them; the original speaks one.
        only = {} if len(row.base_urls) == 1 else {"dialect": dialect}
        return {"like": row.name, **only}
    place = {"dialect": dialect, "base_url": _text(base, provider.at("api_base_url"), draft)}
    return {"like": row.name, **place} if row is not None else place


def _same(url: str, home: str) -> bool:
    endings = ("/chat/completions", "/responses", "/messages", "/v1", "")
    return any(url.removesuffix(ending).removesuffix("/v1") == home.removesuffix("/v1") for ending in endings)


def _row_at(host: str, dialect: str) -> ProviderRow | None:
    """The known provider at a host, where it speaks this API."""
    for row in PROVIDERS.values():
        if dialect in row.base_urls and not is_loopback(host) and host == host_of(row.base_urls[dialect]):
            return row
    return None


def _transformers(provider: Section, draft: Draft) -> tuple[str, dict[str, int]]:
    """The API that is spoken there, and how long answers may be, by model ("": any)."""
    transformer = provider.section("transformer")
    dialect, outputs = _CHAT, {}
    for model, used in [("", transformer.take("use", list)), *_by_model(transformer)]:
        for name, options in map(_named, used or ()):
            place = transformer.at(f"{model}.{name}" if model else name)
            lowered = name.lower()
            if lowered in _DIALECTS and not model:
                dialect = _DIALECTS[lowered]
            elif lowered == "maxtoken" and isinstance(options.get("max_tokens"), int):
                outputs[model] = options["max_tokens"]
            elif lowered.startswith("vertex"):
                draft.note(place, "left out", "Vertex is not spoken here: the provider is left out")
                dialect = ""
            elif lowered in _OWN or lowered in _DIALECTS:
                draft.note(place, "carried", "penstock does by itself what is needed there")
            else:
                draft.note(place, "left out", "a transformer that penstock does not have")
    return dialect, outputs


def _by_model(transformer: Section) -> Iterable[tuple[str, Any]]:
    for model in list(transformer.rest()):
        yield model, transformer.section(model).take("use", list)


def _named(used: Any) -> tuple[str, dict[str, Any]]:
    """A transformer is its name, or a list of its name and its options."""
    if isinstance(used, list) and used:
        return str(used[0]), used[1] if len(used) > 1 and isinstance(used[1], dict) else {}
    return str(used), {}


def _router(router: Section, known: _Known, draft: Draft) -> None:
    targets = {name: _target(router, name, known, draft) for name in ("default", *_ROUTES)}
    limit = router.number("longContextThreshold") or _LONG
    # The original looks for both words anywhere in the name.
    small = ["*claude*haiku*", "*haiku*claude*"]
    whens: dict[str, Table] = {
        "longContext": {"tokens_over": int(limit)},
        "background": {"model": small},
        "webSearch": {"web_search": True},
        "think": {"thinking": True},
    }
    rules = [{"when": when, "use": targets[name]} for name, when in whens.items() if targets[name]]
    image = [{"when": {"images": True}, "use": targets["image"]}] if targets["image"] else []
    explicit = {
        f"{there},{model}": f"{ours}/{model}"
        for there, ours in known.providers.items()
        for model in known.models[there]
    }
    # It knows names in small letters, too, whatever letters they are written in.
    explicit = {name.lower(): target for name, target in explicit.items()} | explicit
    if rules or image:
        named = [{"when": {"model": _literally(name)}, "use": target} for name, target in explicit.items()]
        draft.document["rules"] = image + named + rules
    draft.table("models").update(explicit)
    if targets["default"]:
        draft.table("models")["*"] = targets["default"]
    else:
        words = "says no provider and model that are there: other names are refused"
        draft.note("Router.default", "wrong", words)
    if targets["longContext"]:
        draft.note("Router.longContext", "carried", "by an estimate of the tokens of the request alone")
    draft.rest(router)


def _literally(name: str) -> str:
    """A glob that fits this name and no other."""
    return re.sub(r"([*?\[])", r"[\1]", name)


def _target(router: Section, name: str, known: _Known, draft: Draft) -> str:
    value = router.text(name)
    provider, _, model = value.partition(",")
    provider, model = provider.strip(), model.strip()
    if not value:
        return ""
    if provider not in known.providers or not model:
        draft.note(router.at(name), "left out", f"`{value}` names no provider and model that are there")
        return ""
    return f"{known.providers[provider]}/{model}"
