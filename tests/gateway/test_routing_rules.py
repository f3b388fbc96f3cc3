"""Rules and scenarios: for each condition a request it takes and one it leaves, and which rule is taken."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from adapters import survey
from adapters.table import DIALECTS
from gateway.caller import Caller
from gateway.errors import Refused
from gateway.house import House
from gateway.routing_facts import SCENARIOS
from gateway.routing_rules import MAKERS, within
from gateway.settings import Profile, Route, RoutingSettings, Rule, Scenarios, Settings, When
from gateway.state import Exchange
from tests.gateway.indoors import Client, exchange_of, provider, settings, tiers

MESSAGES, CHAT = "anthropic-messages", "openai-chat"
TAG = "<penstock-subagent>reviewer</penstock-subagent>"
HUB = provider("hub", "http://hub.test", CHAT)
NIGHT = datetime(2026, 3, 7, 23, 30, tzinfo=UTC)  # a Saturday
WHENS = msgspec.structs.fields(When)
IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}}
SEARCH = {"type": "web_search_20250305", "name": "web_search"}
TOOL = {"name": "f", "input_schema": {"type": "object"}}
THINKING = {"type": "enabled", "budget_tokens": 1024}


def body(model: str = "claude-opus", content: object = "hi", **members: Any) -> bytes:
    """A request of Anthropic's API."""
    turns = [{"role": "user", "content": content}]
    return msgspec.json.encode({"model": model, "max_tokens": 9, "messages": turns, **members})


def given(*rules: Rule, models: dict[str, str | Route] | None = None, **routing: Any) -> Settings:
    """Settings with these rules; every model leads to `hub/default`."""
    found = settings(HUB, models=models or {"*": "hub/default"})
    return msgspec.structs.replace(found, routing=RoutingSettings(rules=rules, **routing))


def rule(number: int, to: str | Route = "hub/ruled", **when: Any) -> Rule:
    """A rule of these conditions."""
    return Rule(When(**when), to, f"rules.{number}")


def routed(found: Settings, text: bytes, dialect: str = MESSAGES, **more: Any) -> Exchange:
    """A request that has been planned. More: `headers`, `caller`, `of`, `profile`, `moment`."""
    moment: datetime = more.get("moment", NIGHT)
    house = House(found, calendar=moment.timestamp)
    exchange = exchange_of(house, Client(headers=more.get("headers", [])), dialect)
    exchange.body = text
    exchange.caller = Caller(name=more.get("caller", ""), **more.get("of", {}))
    exchange.profile = more.get("profile", "")
    exchange.agent = dict(more.get("headers", [])).get(b"x-claude-code-agent-id", b"")
    exchange.peek = DIALECTS[dialect].peek(text, "")
    house.router.route(exchange)
    return exchange


def takes(when: dict[str, Any], text: bytes, dialect: str = MESSAGES, **more: Any) -> bool:
    """Whether a rule of these conditions takes a request."""
    exchange = routed(given(rule(0, **when)), text, dialect, **more)
    return exchange.targets[0].model == "ruled"


CHATTED = b'{"model":"gpt-5","messages":[{"role":"user","content":"hi"}]}'
CASES: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ({"model": ("gpt-*", "claude-*")}, {"text": body()}, {"text": body("llama")}),
    ({"dialect": CHAT}, {"text": CHATTED, "dialect": CHAT}, {"text": body()}),
    ({"stream": True}, {"text": body(stream=True)}, {"text": body()}),
    ({"stream": False}, {"text": body()}, {"text": body(stream=True)}),
    ({"thinking": True}, {"text": body(thinking=THINKING)}, {"text": body()}),
    ({"key": "ci-*"}, {"text": body(), "caller": "ci-main"}, {"text": body(), "caller": "ann"}),
    ({"team": "red*"}, {"text": body(), "of": {"team_id": "t1", "team": "reds"}}, {"text": body()}),
    (
        {"team": "t1"},
        {"text": body(), "of": {"team_id": "t1", "team": "reds"}},
        {"text": body(), "of": {"team_id": "t2", "team": "blues"}},
    ),
    ({"team": "*"}, {"text": body(), "of": {"team_id": "t2", "team": ""}}, {"text": body()}),
    (
        {"headers": {"x-team": "core-*"}},
        {"text": body(), "headers": [(b"x-team", b"core-1")]},
        {"text": body(), "headers": [(b"x-team", b"other")]},
    ),
    ({"headers": {"x-team": "*"}}, {"text": body(), "headers": [(b"x-team", b"")]}, {"text": body()}),
    ({"time": (1320, 360)}, {"text": body()}, {"text": body(), "moment": NIGHT.replace(hour=12)}),
    ({"days": (5, 6)}, {"text": body()}, {"text": body(), "moment": NIGHT.replace(day=9)}),
    ({"agent": "review*"}, {"text": body(system=TAG)}, {"text": body()}),
    (
        {"agent": "a-?"},
        {"text": body(), "headers": [(b"x-claude-code-agent-id", b"a-1")]},
        {"text": body(system=TAG), "headers": [(b"x-claude-code-agent-id", b"b")]},
    ),
    ({"tools": True}, {"text": body(tools=[TOOL])}, {"text": body()}),
    ({"tools": False}, {"text": body()}, {"text": body(tools=[TOOL])}),
    ({"web_search": True}, {"text": body(tools=[SEARCH])}, {"text": body(tools=[TOOL])}),
    ({"images": True}, {"text": body(content=[IMAGE])}, {"text": body()}),
    ({"tokens_over": 1000}, {"text": body(content="word " * 2000)}, {"text": body()}),
    ({"tokens_over": 1000}, {"text": body(content=[IMAGE])}, {"text": body(content="word " * 300)}),
    ({"tokens_under": 1000}, {"text": body()}, {"text": body(content="word " * 2000)}),
    ({"scenario": "background"}, {"text": body("claude-haiku-4-5")}, {"text": body()}),
    ({"scenario": "long_context"}, {"text": body(content="word " * 60_000)}, {"text": body()}),
    ({"scenario": "thinking"}, {"text": body(thinking=THINKING)}, {"text": body()}),
    ({"scenario": "web_search"}, {"text": body(tools=[SEARCH])}, {"text": body()}),
    ({"scenario": "image"}, {"text": body(content=[IMAGE])}, {"text": body()}),
    ({"scenario": "subagent"}, {"text": body(system=TAG)}, {"text": body(content=TAG)}),
]


@pytest.mark.parametrize(("when", "held", "not_held"), CASES, ids="-".join)
def test_each_condition(when: dict[str, Any], held: dict[str, Any], not_held: dict[str, Any]) -> None:
    """It takes the request it is about, and leaves one that is otherwise the same."""
    assert takes(when, **held)
    assert not takes(when, **not_held)


def test_every_condition_there_is_has_a_case() -> None:
    """None is read and then forgotten; every scenario is among them."""
    assert {name for when, _, _ in CASES for name in when} == {one.name for one in WHENS} == set(MAKERS)
    assert {when["scenario"] for when, _, _ in CASES if "scenario" in when} == set(SCENARIOS)


def test_all_conditions_of_a_rule_must_hold() -> None:
    """One that does not is enough to pass it over."""
    when = {"stream": True, "model": ("claude-*",)}
    assert takes(when, body(stream=True))
    assert not takes(when, body("llama", stream=True))
    assert not takes(when, body())


def test_the_first_rule_that_fits_is_taken() -> None:
    """The others are not asked; without one names lead as ever, and the log says which it was."""
    found = given(
        rule(0, "hub/a", stream=True), rule(1, "hub/b", scenario="background"), rule(2, "hub/c", tools=True)
    )
    small = routed(found, body("claude-haiku", tools=[TOOL]))
    assert (small.targets[0].model, small.route) == ("b", "rules.1 (background)")
    assert routed(found, body("claude-haiku", stream=True)).route == "rules.0"
    plain = routed(found, body())
    assert (plain.targets[0].model, plain.route) == ("default", 'models."*"')


SCENES = {
    "long_context": body("m", content="word " * 60_000),
    "background": body("claude-haiku"),
    "thinking": body(thinking=THINKING),
    "web_search": body(tools=[SEARCH]),
    "image": body(content=[IMAGE]),
    "subagent": body(system=TAG),
}


def test_a_request_has_the_first_scenario_in_the_written_order() -> None:
    """What fits all of them is the first; taking away what makes it so leaves the next."""
    members: dict[str, Any] = {
        "content": [IMAGE, {"type": "text", "text": "word " * 60_000}],
        "thinking": THINKING,
        "tools": [SEARCH],
        "system": TAG,
    }
    found = given(*(rule(number, f"hub/{name}", scenario=name) for number, name in enumerate(SCENARIOS)))
    seen = [routed(found, body("claude-haiku", **members)).targets[0].model]
    members["content"] = [IMAGE]
    seen.append(routed(found, body("claude-haiku", **members)).targets[0].model)
    for gone in ("", "thinking", "tools", "content", "system"):
        members.pop(gone, None)
        seen.append(routed(found, body(**members)).targets[0].model)
    assert seen == [*SCENARIOS, "default"]


@pytest.mark.parametrize("name", SCENES)
def test_a_threshold_and_globs_may_be_said_otherwise(name: str) -> None:
    """With the long turned off and no model small, only the other scenarios are left."""
    scenarios = Scenarios(long_context_tokens=0, background_models=())
    found = given(rule(0, scenario=name), scenarios=scenarios)
    off = name in ("long_context", "background")
    assert (routed(found, SCENES[name]).targets[0].model == "default") is off


def test_a_small_request_is_not_weighed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A body of fewer bytes than the threshold has tokens has nothing to be decoded for."""
    weighed = []
    dialect = DIALECTS[MESSAGES]

    def estimate(text: bytes) -> int:
        weighed.append(text)
        return dialect.estimate(text)

    counting = msgspec.structs.replace(dialect, estimate=estimate)
    monkeypatch.setitem(DIALECTS, MESSAGES, counting)
    assert not takes({"scenario": "long_context"}, body())
    assert weighed == []
    # Said twice, weighed once.
    assert takes({"tokens_over": 50_000, "scenario": "long_context"}, SCENES["long_context"])
    assert len(weighed) == 1


def test_only_the_facts_that_are_asked_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule about streams looks into no body."""
    for name in ("offers_tools", "asks_for_search", "shows_images", "subagent_of"):
        monkeypatch.setattr(f"gateway.routing_facts.{name}", None)
        assert callable(getattr(survey, name))
    assert takes({"stream": False, "model": ("claude-*",), "key": "*"}, body())


def test_a_tag_is_taken_out_where_rules_ask_for_it() -> None:
    """Whichever rule is taken; the agent's name goes into the log. Where none asks it stays."""
    text = body("claude-haiku", system=f"Be {TAG}brief.")
    found = given(rule(0, scenario="background"), rule(1, agent="x"))
    exchange = routed(found, text)
    assert exchange.body == text.replace(TAG.encode(), b"")
    assert (exchange.agent, exchange.untagged, exchange.route) == (b"reviewer", True, "rules.0 (background)")
    stays = routed(given(rule(0, scenario="background")), text)
    assert (stays.body, stays.agent, stays.untagged) == (text, b"", False)


def test_a_target_without_a_model_keeps_the_name_asked_for() -> None:
    """As in `[models]`; a list is tried in order."""
    found = given(rule(0, tiers("hub", "hub/other"), stream=True))
    exchange = routed(found, body(stream=True))
    assert [target.model for target in exchange.targets] == ["claude-opus", "other"]


def test_a_profile_has_names_and_rules_of_its_own() -> None:
    """Asked by the same name in the same dialect, each table has plans of its own."""
    work = Profile({"m": "hub/of-work"}, (Rule(When(stream=True), "hub/streams", "profiles.work.rules.0"),))
    found = given(rule(0, tools=True), models={"m": "hub/of-all"}, profiles={"work": work})
    led = [
        (exchange.targets[0].model, exchange.route)
        for exchange in (
            routed(found, body("m")),
            routed(found, body("m"), profile="work"),
            routed(found, body("m", stream=True), profile="work"),
            routed(found, body("m", tools=[TOOL]), profile="work"),
        )
    ]
    assert led == [
        ("of-all", "models.m"),
        ("of-work", "profiles.work.models.m"),
        ("streams", "profiles.work.rules.0"),
        ("of-work", "profiles.work.models.m"),
    ]


def test_a_profile_that_is_gone_is_a_404() -> None:
    """A socket that was opened in it outlives a change of the configuration."""
    with pytest.raises(Refused) as caught:
        routed(given(), body("m"), profile="gone")
    assert (caught.value.fault.status, caught.value.fault.code) == (404, "unknown_profile")


@pytest.mark.parametrize(
    ("window", "hour", "inside"),
    [
        ((540, 1020), 9, True),
        ((540, 1020), 17, False),
        ((540, 1020), 8, False),
        ((1320, 360), 22, True),
        ((1320, 360), 0, True),
        ((1320, 360), 6, False),
        ((1320, 360), 12, False),
    ],
)
def test_a_part_of_the_day_may_go_on_over_midnight(window: tuple[int, int], hour: int, inside: bool) -> None:
    """It begins with its first minute and ends before its last."""
    assert within(window, NIGHT.replace(hour=hour, minute=0)) is inside
