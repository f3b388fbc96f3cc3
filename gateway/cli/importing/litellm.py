"""The configuration of LiteLLM's proxy (config.yaml), as ours.

A name of its model list becomes a name of ours: one target, or a group of those that share it, then its
fallbacks. A name that the list does not have is refused, as it is there.
"""

from collections.abc import Iterable, Mapping
from math import gcd
from typing import Any, Final

from gateway.cli.importing.draft import Draft, Table, seconds
from gateway.cli.importing.litellm_deployments import Deployment, deployment, secret, timeouts_of
from gateway.cli.importing.reading import Misread, Section

_STRATEGIES: Final = {
    "": "weighted",
    "simple-shuffle": "weighted",
    "least-busy": "least_busy",
    "latency-based-routing": "fastest",
    "cost-based-routing": "cheapest",
}
_RETRIES: Final = 2
# Weights there may be fractions; ours are whole.
_FINE: Final = 1000
# What penstock does anyway, or what is nothing to it.
_WITHOUT_A_WORD: Final = ("drop_params", "modify_params", "set_verbose", "telemetry")


def convert(original: Section, draft: Draft) -> None:
    """Read the whole file into the draft. Raises Misread."""
    if not isinstance(original.table.get("model_list"), list):
        raise Misread("there is no model_list: is this the config.yaml of LiteLLM's proxy?")
    router, settings = original.section("router_settings"), original.section("litellm_settings")
    general = original.section("general_settings")
    draft.table("server")["discover"] = False
    # Made first, so that it stands above the providers in the file.
    draft.table("routing")["by_provider"] = False
    entries = list(original.sections("model_list"))
    draft.taken = {entry.text("model_name") for entry in entries}
    limits = _limits(router, settings)
    found = [one for entry in entries if (one := deployment(entry, limits, draft)) is not None]
    plans = _Plans(_strategy(router, draft), draft)
    plans.read(found)
    plans.lead(_Ways(router, settings, draft))
    _aliases(router, plans, draft)
    _failure(router, settings, draft)
    _cache(settings, draft)
    _general(general, draft)
    _environment(original.section("environment_variables"), draft)
    settings.skip(*_WITHOUT_A_WORD)
    for section in (router, settings, general, original):
        draft.rest(section)


def _limits(router: Section, settings: Section) -> Table:
    whole = router.number("timeout") or settings.number("request_timeout")
    return timeouts_of(whole, router.number("stream_timeout"))


def _strategy(router: Section, draft: Draft) -> str:
    said = router.text("routing_strategy")
    router.skip("routing_strategy_args", "enable_pre_call_checks")
    if said not in _STRATEGIES:
        words = f"`{said}` is not known here: the least busy begins"
        draft.note(router.at("routing_strategy"), "changed", words)
    return _STRATEGIES.get(said, "least_busy")


class _Ways:
    """Where a name's requests go when its targets fail, are too small, or refuse: names, by the name."""

    def __init__(self, router: Section, settings: Section, draft: Draft) -> None:
        self._draft = draft
        self.fallbacks = self._read(router, settings, "fallbacks")
        self.too_long = self._read(router, settings, "context_window_fallbacks")
        self.refused = self._read(router, settings, "content_policy_fallbacks")
        self.usual = router.texts("default_fallbacks") + settings.texts("default_fallbacks")

    def _read(self, router: Section, settings: Section, name: str) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for section in (settings, router):
            for entry in section.sections(name):
                found.update({asked: entry.texts(asked) for asked in list(entry.rest())})
        return found

    def known(self, names: Iterable[str], known: Mapping[str, Any], asked: str) -> list[str]:
        """Those that are names of the list, and not the one itself."""
        wanted = list(names)
        for name in wanted:
            if name not in known:
                words = f"`{name}` is no name of the model_list"
                self._draft.note(f"fallbacks of {asked}", "left out", words)
        return [name for name in dict.fromkeys(wanted) if name in known and name != asked]


class _Plans:
    """The names of the list, and the tiers each leads to."""

    def __init__(self, strategy: str, draft: Draft) -> None:
        self._strategy = strategy
        self._draft = draft
        self.tiers: dict[str, list[str | Table]] = {}

    def read(self, found: Iterable[Deployment]) -> None:
        """Group deployments by name."""
        groups: dict[str, list[Deployment]] = {}
        for one in found:
            groups.setdefault(one.name, []).append(one)
        for name, group in groups.items():
            if "*" not in name or self._glob(name, group[0]):
                orders = sorted({one.order for one in group})
                tiers = [self._tier([one for one in group if one.order == order]) for order in orders]
                self.tiers[name] = [tier for tier in tiers if tier]

    def _glob(self, name: str, one: Deployment) -> bool:
        """Whether an entry of ours can say it; what names its provider is understood without one."""
        if name == f"{one.provider}/*" and one.model == "*":
            self._draft.table("routing")["by_provider"] = True
            self._draft.note(one.place, "carried", f"`{name}`: a client may name any provider of the file")
            return False
        if one.model in ("*", name):
            one.model = "*"
            return True
        words = f"`{name}` would have to become `{one.model}`, letter for letter"
        self._draft.note(one.place, "left out", words)
        return False

    def _tier(self, group: list[Deployment]) -> str | Table:
        weights = (
            _weights(group) if self._strategy == "weighted" else dict.fromkeys((one.to for one in group), 1)
        )
        kept = {to: weight for to, weight in weights.items() if weight > 0}
        if len(kept) < 2:
            return next(iter(kept or weights))
        equal = len(set(kept.values())) == 1
        targets = [to if equal else {"to": to, "weight": weight} for to, weight in kept.items()]
        return {"strategy": self._strategy, "targets": targets}

    def lead(self, ways: _Ways) -> None:
        """Write the names into the file, each with its fallbacks."""
        models = self._draft.table("models")
        for name, own in self.tiers.items():
            usual = ways.fallbacks.get("*", ways.usual)
            later = ways.known(ways.fallbacks.get(name, usual), self.tiers, name)
            tiers = list(own)
            for other in later:
                # Written out, because two names may be each other's fallback.
                tiers += [tier for tier in self.tiers[other] if tier not in tiers]
            recourse = {
                case: found[0]
                for case, names in (("too_long", ways.too_long), ("refused", ways.refused))
                if (found := ways.known(names.get(name, ()), self.tiers, name))
            }
            models.update(_spelled(name, tiers, recourse))


def _spelled(name: str, tiers: list[str | Table], recourse: Table) -> Table:
    """The entry of a name; of two names where a group with a way out has fallbacks."""
    if not recourse:
        return {name: tiers[0] if len(tiers) == 1 else tiers}
    if all(isinstance(tier, str) for tier in tiers):
        return {name: {"strategy": "in_order", "targets": tiers, **recourse}}
    first, *rest = tiers
    group = first if isinstance(first, dict) else {"targets": [first]}
    if not rest:
        return {name: {**group, **recourse}}
    return {f"{name} (first)": {**group, **recourse}, name: [f"{name} (first)", *rest]}


def _weights(group: list[Deployment]) -> dict[str, int]:
    """How often each target is chosen, by what LiteLLM looks at first that is said; whole numbers."""
    measures = ("weight", "rpm", "tpm")
    by = next((name for name in measures if any(one.weights.get(name, 0) > 0 for one in group)), "")
    found: dict[str, int] = {}
    for one in group:
        weight = round(one.weights.get(by, 0.0) * _FINE) if by else 1
        found[one.to] = found.get(one.to, 0) + weight
    common = gcd(*found.values()) or 1
    return {to: weight // common for to, weight in found.items()}


def _aliases(router: Section, plans: _Plans, draft: Draft) -> None:
    aliases = router.section("model_group_alias")
    for alias in list(aliases.rest()):
        said = aliases.take(alias, str, dict)
        name = said.get("model") if isinstance(said, dict) else said
        if name in plans.tiers:
            draft.table("models")[alias] = name
        else:
            draft.note(aliases.at(alias), "left out", f"`{name}` is no name of the model_list")


def _failure(router: Section, settings: Section, draft: Draft) -> None:
    retries = router.number("num_retries")
    retries = settings.number("num_retries") if retries is None else retries
    rest = router.number("cooldown_time")
    if retries is not None and retries != _RETRIES:
        failure = draft.table("failure")
        failure["tries_per_target"] = int(retries) + 1
        failure["tries"] = max(int(retries) + 1, 4)
        words = "as tries of one target; there are four in all at least"
        draft.note(router.at("num_retries"), "carried", words)
    if rest:
        draft.table("failure")["rest"] = seconds(rest)
    if router.take("allowed_fails", int) is not None:
        words = "a target is left alone by the share of its failures, not by their number"
        draft.note(router.at("allowed_fails"), "left out", words)


def _cache(settings: Section, draft: Draft) -> None:
    parameters = settings.section("cache_params")
    kind, ttl = parameters.text("type"), parameters.number("ttl")
    if settings.take("cache", bool):
        cache = draft.table("cache")
        cache["responses"] = "on"
        if ttl:
            cache["ttl"] = seconds(ttl)
        if kind not in ("", "local"):
            draft.note(parameters.at("type"), "changed", f"replies are kept in memory, not in {kind}")
        parameters.skip("host", "port", "password", "namespace", "mode", "supported_call_types")
    draft.rest(parameters)


def _general(general: Section, draft: Draft) -> None:
    master, most = general.text("master_key"), general.number("global_max_parallel_requests")
    if master:
        value = secret(master, general.at("master_key"), "LITELLM_MASTER_KEY", draft)
        draft.table("keys")["master"] = {"secret": value}
        words = "as [keys.master]; it must have 16 characters at least, and makes no other keys here"
        draft.note(general.at("master_key"), "carried", words)
    if most:
        draft.table("limits")["concurrent"] = int(most)
    if general.text("database_url"):
        words = "keys, teams and what they spent stay in its database: set store.path and make keys anew"
        draft.note(general.at("database_url"), "left out", words)
    general.skip("salt_key", "store_model_in_db")


def _environment(variables: Section, draft: Draft) -> None:
    for name in list(variables.rest()):
        draft.reference(name, "set there in the file: set it where penstock starts")
        words = "a file sets no variables here: set it where penstock starts"
        draft.note(variables.at(name), "changed", words)
        variables.skip(name)
