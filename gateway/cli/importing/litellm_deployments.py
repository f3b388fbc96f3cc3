"""A deployment of LiteLLM's model list, as a target of ours: at which provider it is, and what it can."""

from decimal import Decimal, InvalidOperation
from fnmatch import fnmatchcase
from typing import Any, Final

import msgspec

from adapters.provider import ProviderRow
from adapters.table import PROVIDERS
from gateway.cli.importing.draft import Draft, Table, host_of, needs_no_key, plain, seconds, variable_of
from gateway.cli.importing.reading import Misread, Section
from gateway.configuration.addresses import is_loopback

# Where the first part of a model's name leads there, and whose row that is here.
_ROWS: Final = {
    **{name: name for name in PROVIDERS},
    "together_ai": "together",
    "fireworks_ai": "fireworks",
    "dashscope": "qwen",
    "nvidia_nim": "nvidia",
    "ollama_chat": "ollama",
    "hosted_vllm": "vllm",
    "lm_studio": "lmstudio",
    "text-completion-openai": "openai",
}
# Any box that speaks Chat Completions at its api_base.
_BOXES: Final = frozenset(("openai_like", "custom_openai", "litellm_proxy", "llamafile", "xinference"))
# Whose API others speak, who are not like them in the rest.
_MANY: Final = ("openai", "anthropic")
_ENVIRONMENT: Final = "os.environ/"
_CHAT, _MESSAGES = "openai-chat", "anthropic-messages"
_MILLION: Final = 1_000_000
_PRICES: Final = {
    "input": "input_cost_per_token",
    "output": "output_cost_per_token",
    "cache_read": "cache_read_input_token_cost",
    "cache_write": "cache_creation_input_token_cost",
}
_CAN: Final = {
    "tools": "supports_function_calling",
    "vision": "supports_vision",
    "pdf": "supports_pdf_input",
    "thinking": "supports_reasoning",
    "structured": "supports_response_schema",
}
# What a model is for that cannot be asked here.
_MODES: Final = frozenset(("chat", "completion", "embedding", "responses", ""))


class Deployment(msgspec.Struct):
    """One entry of the list: the name asked for, the target it leads to, and its share.

    `provider` and `model` are ours; the model is "*" where the name asked for is kept. `weights`: what there
    is to weigh it by, in the order LiteLLM looks.
    """

    name: str
    provider: str
    model: str
    place: str
    weights: dict[str, float] = {}
    order: int = 0

    @property
    def to(self) -> str:
        """The target as it is written."""
        return self.provider if self.model == "*" else f"{self.provider}/{self.model}"


def deployment(entry: Section, defaults: Table, draft: Draft) -> Deployment | None:
    """Read one entry; None for one that is left out. Raises Misread."""
    name, parameters, info = (
        entry.text("model_name"),
        entry.section("litellm_params"),
        entry.section("model_info"),
    )
    spelled = parameters.text("model")
    if not name or not spelled:
        raise Misread(f"{entry.place}: an entry has a model_name, and a model in its litellm_params")
    mode = info.text("mode")
    if mode not in _MODES:
        draft.note(entry.place, "left out", f"`{name}` is for {mode}, which is not asked for here")
        return None
    prefix, model = _split(parameters, spelled)
    table = _provider(prefix, parameters, defaults, draft)
    if table is None:
        return None
    wanted = _wanted(name, model, prefix, table)
    provider = draft.provider(wanted, table)
    order = int(parameters.number("order") or 0)
    found = Deployment(name, provider, model, entry.place, _weights(parameters), order)
    if model != "*":
        _knowledge(found, parameters, info, draft)
    _told(parameters, info, draft)
    draft.rest(entry)
    return found


def _wanted(name: str, model: str, prefix: str, table: Table) -> str:
    """What to call a provider: as clients do who name it, as its row, or as its host."""
    if name.endswith("/*") and model == "*":
        return name.removesuffix("/*")
    if "like" in table:
        return _ROWS.get(prefix, prefix)
    host = host_of(table["base_url"])
    return "local" if not host or is_loopback(host) else host.removeprefix("api.").partition(".")[0]


def _split(parameters: Section, spelled: str) -> tuple[str, str]:
    """What the model's name says of its provider, and the name there."""
    said = parameters.text("custom_llm_provider")
    first, slash, rest = spelled.partition("/")
    if slash and said in ("", first):
        return first, rest.removeprefix("responses/")
    if said or spelled == "*":
        return said, spelled
    if parameters.table.get("api_base"):
        return "openai_like", spelled
    return _family(spelled), spelled


def _family(model: str) -> str:
    """The provider that a bare name can only mean."""
    found = (row.name for row in PROVIDERS.values() for glob in row.families if fnmatchcase(model, glob))
    return next(found, "")


def _provider(prefix: str, parameters: Section, defaults: Table, draft: Draft) -> Table | None:
    """The provider's table; None where it speaks what is not spoken here."""
    row = PROVIDERS.get(_ROWS.get(prefix, ""))
    base = parameters.text("api_base") or parameters.text("base_url")
    place = parameters.at("model")
    if row is None and (prefix not in _BOXES or not base):
        who = (
            f"`{prefix}` is no provider that is known here"
            if prefix
            else "its provider cannot be told from it"
        )
        draft.note(place, "left out", f"{who}{'' if base else ', and it says no api_base'}")
        return None
    table = _address(row, base, parameters, draft)
    table |= _credential(row, base, parameters, draft)
    headers = _headers(parameters, draft)
    if headers:
        table["headers"] = headers
    timeouts = defaults | _timeouts(parameters)
    if timeouts:
        table["timeouts"] = timeouts
    most = parameters.number("max_parallel_requests")
    if most:
        table["concurrency"] = int(most)
    # Only what the list names leads there, as in the original.
    table["models"] = []
    return table


def _address(row: ProviderRow | None, base: str, parameters: Section, draft: Draft) -> Table:
    if row is None:
        return {"dialect": _CHAT, "base_url": text(base, parameters.at("api_base"), draft)}
    if not base:
        return {"like": row.name}
    address = text(base, parameters.at("api_base"), draft)
    dialect = _MESSAGES if row.name == "anthropic" else next(iter(row.base_urls))
    if host_of(base) and host_of(base) == host_of(row.base_urls[dialect]):
        return {"like": row.name}
    # Somebody else's box that speaks as the firm does has none of its peculiarities.
    like = {} if row.name in _MANY else {"like": row.name}
    return {**like, "dialect": dialect, "base_url": address}


def _credential(row: ProviderRow | None, base: str, parameters: Section, draft: Draft) -> Table:
    key, place = parameters.text("api_key"), parameters.at("api_key")
    own = row.key_variable if row is not None else None
    if key and not needs_no_key(key):
        return {"api_key": secret(key, place, own or variable_of(host_of(base) or "box"), draft)}
    if own and not base:
        return {"api_key": draft.reference(own, f"the key of {row.title if row else ''}")}
    if own and not key:
        draft.note(place, "changed", f"${own} is sent to its own provider only, and not to {host_of(base)}")
    return {"auth": "none"} if own and row is not None and row.name not in _MANY else {}


def _headers(parameters: Section, draft: Draft) -> dict[str, str]:
    headers = {}
    organisation = parameters.text("organization")
    if organisation:
        headers["openai-organization"] = text(organisation, parameters.at("organization"), draft)
    extra = parameters.section("extra_headers")
    for name in list(extra.rest()):
        value, place = extra.text(name), extra.at(name)
        if any(word in name.lower() for word in ("key", "auth", "token", "secret")):
            headers[name.lower()] = secret(value, place, variable_of(name).removesuffix("_API_KEY"), draft)
        else:
            headers[name.lower()] = text(value, place, draft)
    return headers


def _timeouts(parameters: Section) -> Table:
    return timeouts_of(parameters.number("timeout"), parameters.number("stream_timeout"))


def timeouts_of(whole: float | None, stream: float | None) -> Table:
    """Our time limits for theirs; none where nothing is said."""
    found = {"first_byte": stream or whole, "whole": whole}
    return {name: seconds(limit) for name, limit in found.items() if limit}


def _weights(parameters: Section) -> dict[str, float]:
    found = {name: parameters.number(name) for name in ("weight", "rpm", "tpm")}
    return {name: weight for name, weight in found.items() if weight is not None}


def _knowledge(found: Deployment, parameters: Section, info: Section, draft: Draft) -> None:
    """Prices and capabilities, which are the operator's own."""
    prices = {
        ours: _dollars(parameters, theirs) or _dollars(info, theirs) for ours, theirs in _PRICES.items()
    }
    if prices["input"] or prices["output"]:
        said = {name: price for name, price in prices.items() if price}
        draft.table("prices")[found.to] = {"input": "0", "output": "0", **said}
    can: dict[str, Any] = {ours: info.take(theirs, bool) for ours, theirs in _CAN.items()}
    can["context"] = int(info.number("max_input_tokens") or 0) or None
    can["output"] = int(info.number("max_output_tokens") or 0) or None
    said = {name: value for name, value in can.items() if value is not None}
    if said:
        draft.table("capabilities")[found.to] = said


def _dollars(section: Section, name: str) -> str:
    """Dollars for a million tokens, of a price for one."""
    value = section.take(name, int, float, str)
    try:
        return "" if value is None else format((Decimal(str(value)) * _MILLION).normalize(), "f")
    except InvalidOperation:
        raise Misread(f"{section.at(name)}: expected a price") from None


def _told(parameters: Section, info: Section, draft: Draft) -> None:
    for name in ("rpm", "tpm"):
        if parameters.table.get(name) is not None:
            words = "counts as a weight; there is no limit of one target here"
            draft.note(parameters.at(name), "changed", words)
    info.skip("id", "base_model", "mode", "max_tokens", "description")
    parameters.skip("drop_params")
    draft.rest(parameters, "is not set for a model here: a client says it itself")
    draft.rest(info)


def text(value: str, place: str, draft: Draft) -> str:
    """A string, or the variable it stands for."""
    if value.startswith(_ENVIRONMENT):
        return draft.reference(value.removeprefix(_ENVIRONMENT), f"named by {place}")
    return plain(value)


def secret(value: str, place: str, variable: str, draft: Draft) -> str:
    """A secret: by reference, as it was or as it is from now on."""
    return (
        text(value, place, draft) if value.startswith(_ENVIRONMENT) else draft.secret(place, value, variable)
    )
