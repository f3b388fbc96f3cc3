"""Every rule by which a model leads to a target, by its name, and the order they are asked in."""

import gc
import sys
from collections.abc import Mapping

import msgspec
import pytest

from adapters.dialect import Peek
from adapters.table import DIALECTS
from gateway.errors import Refused
from gateway.house import House
from gateway.provider import Provider
from gateway.routing import PICKABLE, PLANS_KEPT, PLANS_LAST, Router
from gateway.settings import Route, RoutingSettings, Settings, Share, Tier
from gateway.state import Exchange
from tests.gateway.indoors import DEMO, Client, provider, settings, tiers

MESSAGES, CHAT = "anthropic-messages", "openai-chat"
ANT = Provider(provider("ant", "http://a.test", families=("claude-*",)))
BOX = Provider(provider("box", "http://b.test", CHAT, families=("gpt-*", "o3*")))
HUB = Provider(provider("hub", "http://c.test", CHAT))
DEMO_PROVIDER = Provider(DEMO)
ALL = {one.name: one for one in (ANT, BOX, HUB, DEMO_PROVIDER)}


def router_of(
    providers: Mapping[str, Provider], models: Mapping[str, str | Route], *, by_provider: bool = True
) -> Router:
    """The routes of these names."""
    routing = RoutingSettings(by_provider=by_provider)
    return Router(providers, Settings(models=dict(models), routing=routing))


def leads(router: Router, model: str, dialect: str = CHAT) -> tuple[str, str]:
    """Where a model leads: the provider and the model's name there."""
    (target,) = router.plan(dialect, model)
    return target.provider.name, target.model


def refusal(router: Router, model: str, dialect: str = CHAT) -> Refused:
    """Why a model leads nowhere."""
    with pytest.raises(Refused) as caught:
        router.plan(dialect, model)
    return caught.value


@pytest.mark.parametrize(
    ("models", "model", "expected"),
    [
        ({"fast": "hub/llama-3.3"}, "fast", ("hub", "llama-3.3")),
        ({"fast": "hub/meta/llama:free"}, "fast", ("hub", "meta/llama:free")),
        ({"gpt-5": "hub"}, "gpt-5", ("hub", "gpt-5")),
        ({"gpt-*": "hub"}, "gpt-5", ("hub", "gpt-5")),
        ({"gpt-*": "hub/one"}, "gpt-5", ("hub", "one")),
        ({"x?": "hub"}, "x1", ("hub", "x1")),
        ({"[xy]1": "hub"}, "y1", ("hub", "y1")),
        ({}, "hub/llama-3.3", ("hub", "llama-3.3")),
        ({}, "hub,llama-3.3", ("hub", "llama-3.3")),
        ({}, "hub:llama-3.3", ("hub", "llama-3.3")),
        ({}, "hub/meta/llama:free", ("hub", "meta/llama:free")),
        ({}, "gpt-5", ("box", "gpt-5")),
        ({}, "o3-mini", ("box", "o3-mini")),
        ({}, "demo", ("demo", "demo")),
        ({}, "demo-long", ("demo", "demo-long")),
    ],
)
def test_each_rule(models: dict[str, str], model: str, expected: tuple[str, str]) -> None:
    """Exact names, globs, `provider/model` in three spellings, and families."""
    assert leads(router_of(ALL, models), model) == expected


@pytest.mark.parametrize(
    ("models", "model", "expected"),
    [
        ({"gpt-*": "box", "gpt-5": "hub/exact"}, "gpt-5", "exact"),
        ({"*": "hub/any", "gpt-*": "hub/longer"}, "gpt-5", "longer"),
        ({"gpt-?": "hub/first", "gpt-*": "hub/second"}, "gpt-5", "first"),
        ({"hub/*": "box/glob"}, "hub/x", "glob"),
        ({"gpt-5": "hub/alias"}, "gpt-5", "alias"),
        ({"gpt-9*": "hub/alias"}, "gpt-5", "gpt-5"),
    ],
)
def test_the_order_of_the_rules(models: dict[str, str], model: str, expected: str) -> None:
    """An exact name before a glob, the longest glob first, `[models]` before what a provider says."""
    assert leads(router_of(ALL, models), model)[1] == expected


def test_names_keep_their_case() -> None:
    """A glob matches the case it is written in, on every system."""
    assert refusal(router_of(ALL, {"GPT-*": "hub"}), "Gpt-5").fault.status == 404


def test_a_picked_alias_is_found_without_its_prefix() -> None:
    """What Claude Code was shown as `anthropic/name` leads where `name` leads."""
    router = router_of({**ALL, "ant": ANT}, {"quick": "ant/claude-haiku", "same": "ant"})
    assert leads(router, PICKABLE + "quick", MESSAGES) == ("ant", "claude-haiku")
    assert leads(router, PICKABLE + "same", MESSAGES) == ("ant", "same")


def test_a_provider_called_anthropic_still_has_its_models() -> None:
    """The prefix of picked aliases takes nothing from the provider of that name."""
    named = Provider(provider("anthropic", "http://a.test"))
    router = router_of({"anthropic": named}, {"quick": "anthropic/claude-haiku"})
    assert leads(router, "anthropic/claude-opus", MESSAGES) == ("anthropic", "claude-opus")


def test_the_only_provider_takes_any_name() -> None:
    """With nothing said in `[models]`, the one provider of the dialect takes what nobody knows."""
    assert leads(router_of({"hub": HUB, "demo": DEMO_PROVIDER}, {}), "whatever") == ("hub", "whatever")
    assert refusal(router_of({"hub": HUB}, {"a": "hub"}), "whatever").fault.status == 404
    assert refusal(router_of({"hub": HUB, "box": BOX}, {}), "whatever").fault.status == 404
    assert leads(router_of({"hub": HUB}, {}), "whatever", MESSAGES) == ("hub", "whatever")
    assert leads(router_of({"hub": HUB, "ant": ANT}, {}), "whatever", MESSAGES) == ("ant", "whatever")
    assert refusal(router_of({"demo": DEMO_PROVIDER}, {}), "whatever").fault.status == 404


@pytest.mark.parametrize("model", ["hub/", "/x", "nobody/x", "", "/", "hub"])
def test_half_a_name_leads_nowhere(model: str) -> None:
    """A provider without a model, or a model without a provider, is unknown."""
    fault = refusal(router_of(ALL, {"a": "hub"}), model).fault
    assert (fault.status, fault.code, fault.param) == (404, "model_not_found", "model")


def test_the_nearest_names_are_named() -> None:
    """An unknown model is told the nearest known ones of its dialect."""
    router = router_of(ALL, {"quick-gpt": "box/gpt-5", "quick-claude": "ant/claude-haiku"})
    message = refusal(router, "quick-gtp").fault.message
    assert "did you mean: quick-gpt" in message


def test_without_a_near_name_some_known_ones_are_named() -> None:
    """A name like nothing here is told what is here, and not everything."""
    router = router_of(ALL, {f"alias-{number:03}": "hub" for number in range(100)})
    message = refusal(router, "zzzzzzzzzzzz").fault.message
    assert "known here: " in message
    assert message.count(",") < 8


def test_a_long_name_is_cut_in_the_answer() -> None:
    """What a client says is not repeated at any length."""
    assert len(refusal(router_of(ALL, {"a": "hub"}), "x" * 100_000).fault.message) < 1000


def test_a_provider_is_met_in_the_clients_own_dialect_where_it_can() -> None:
    """Passthrough before translation; a provider that speaks another dialect is spoken to in that one."""
    both = Provider(msgspec.structs.replace(HUB.settings, base_urls={CHAT: "http://c", MESSAGES: "http://c"}))
    router = router_of({"ant": ANT, "both": both}, {})
    spoken = [
        router.plan(client, model)[0].dialect.name
        for client, model in (
            (CHAT, "ant/x"),
            (MESSAGES, "ant/x"),
            (CHAT, "both/x"),
            (MESSAGES, "both/x"),
        )
    ]
    assert spoken == [MESSAGES, MESSAGES, CHAT, MESSAGES]


def test_a_model_listed_for_claude_code_leads_where_it_was_listed() -> None:
    """What stands before a foreign model's name for Claude Code to pick it is taken off again."""
    assert leads(router_of(ALL, {}), "anthropic/hub/gpt-5", MESSAGES) == ("hub", "gpt-5")


def test_a_provider_without_embeddings_says_so() -> None:
    """A model that leads to a provider none of whose APIs has embeddings is a 400 that names it."""
    router = router_of(ALL, {})
    with pytest.raises(Refused) as caught:
        router.plan(CHAT, "claude-opus", embed=True)
    fault = caught.value.fault
    assert (fault.status, fault.code) == (400, "no_embeddings")
    assert "`ant`" in fault.message
    (target,) = router.plan(CHAT, "gpt-5", embed=True)
    assert target.dialect.name == CHAT


def test_a_list_is_a_plan_in_order() -> None:
    """Each target in the dialect of its own, the client's where it is spoken there."""
    router = router_of(ALL, {"smart": tiers("ant/claude-opus", "hub")})
    plan = router.plan(MESSAGES, "smart")
    assert [(each.provider.name, each.model, each.dialect.name) for each in plan] == [
        ("ant", "claude-opus", MESSAGES),
        ("hub", "smart", CHAT),
    ]
    assert router.plan(MESSAGES, "smart") is plan
    assert router.resolve(MESSAGES, "smart") == (ANT, "claude-opus")


def test_a_plan_of_single_targets_is_a_tuple_as_ever() -> None:
    """A target has the same breaker in every plan it stands in."""
    router = router_of(ALL, {"smart": tiers("ant/x", "hub/y"), "other": tiers("hub/y")})
    assert router.plan(CHAT, "smart")[1].breaker is router.plan(MESSAGES, "other")[0].breaker
    assert router.plan(CHAT, "smart")[0].breaker is not router.plan(CHAT, "smart")[1].breaker


def test_where_none_of_several_has_embeddings_it_is_said() -> None:
    """Those without are passed over; when none is left, that is a 400 that names the first."""
    router = router_of(
        {**ALL, "bee": ANT}, {"some": tiers("ant/x", "hub/e"), "none": tiers("ant/x", "bee/y")}
    )
    (target,) = router.plan(CHAT, "some", embed=True)
    assert target.provider is HUB
    with pytest.raises(Refused) as caught:
        router.plan(CHAT, "none", embed=True)
    assert "`ant`" in caught.value.fault.message


def test_what_is_kept_is_bounded() -> None:
    """A client that invents names without end fills no memory, and old names still lead somewhere."""
    router = router_of(ALL, {})
    first = router.plan(CHAT, "gpt-0")
    for number in range(PLANS_KEPT * 2 + 10):
        router.plan(CHAT, f"gpt-{number}")
    assert len(router.plans) <= PLANS_KEPT
    assert router.plan(CHAT, "gpt-0") == first


def test_a_plan_is_made_once() -> None:
    """The same name in the same dialect gives the very same targets."""
    router = router_of(ALL, {})
    assert router.plan(CHAT, "gpt-5") is router.plan(CHAT, "gpt-5")


@pytest.mark.parametrize("model", ["gpt-\r\nx-evil: 1", "gpt-é", "gpt-\x00", "gpt-" + "x" * 500])
def test_a_header_holds_only_what_it_may(model: str) -> None:
    """What the reply says of its model fits into one header field, whatever the model is called."""
    (target,) = router_of(ALL, {}).plan(CHAT, model)
    (value,) = [value for name, value in target.headers if name == b"x-penstock-model"]
    assert all(0x20 <= byte < 0x7F for byte in value)
    assert len(value) <= 200


def test_a_regular_expression_is_asked_after_names_and_before_globs() -> None:
    """It matches the whole name; of several the first that is written."""
    models = {"*": "ant", "re:gpt-[0-9]+": "hub/one", "re:gpt-.*": "hub/two", "gpt-5": "hub/exact"}
    router = router_of(ALL, models)
    led = [leads(router, model)[1] for model in ("gpt-5", "gpt-4", "gpt-4o", "x-gpt-4")]
    assert led == ["exact", "one", "two", "x-gpt-4"]
    assert router.aliases() == ("gpt-5",)


def test_a_regular_expression_is_not_run_on_a_novel() -> None:
    """A name that no model has is not worth an expression's time."""
    router = router_of(ALL, {"re:(x+x+)+y": "hub"})
    assert refusal(router, "x" * 5000).fault.status == 404


def test_a_client_may_be_kept_from_naming_the_provider() -> None:
    """It is told so; names of the table and families lead on as ever."""
    router = router_of(ALL, {"fast": "hub/one"}, by_provider=False)
    for model in ("hub/x", "hub,x", "hub:x", "anthropic/hub/x"):
        fault = refusal(router, model, MESSAGES).fault
        assert (fault.status, fault.code) == (404, "model_not_found")
    assert "names its provider, which this gateway does not allow" in refusal(router, "hub/x").fault.message
    assert "known here: " in refusal(router, "hub/x").fault.message
    assert "<model>" not in refusal(router, "nobody").fault.message
    assert leads(router, "fast") == ("hub", "one")
    assert leads(router, "gpt-5") == ("box", "gpt-5")


def test_that_a_name_is_unknown_is_kept_too() -> None:
    """A client that asks for it again and again makes nobody compare it with every name again."""
    router = router_of(ALL, {})
    faults = [refusal(router, "nobody").fault for _ in range(2)]
    assert faults[0] is faults[1]


def test_a_wrong_name_among_many_is_compared_with_those_that_begin_alike() -> None:
    """Of thousands of names those worth a look are few."""
    router = router_of(ALL, {f"quick-{number}": "hub" for number in range(5000)} | {"slow": "hub"})
    assert "did you mean: quick-1" in refusal(router, "quick-1x").fault.message
    assert "did you mean: slow" in refusal(router, "slov").fault.message


def test_a_plan_that_is_looked_up_again_knows_whose_turn_it_is() -> None:
    """After its time a name is looked up anew; where it leads to the same, the turns go on."""
    even = Route((Tier((Share("hub/a"), Share("hub/b")), "round_robin", affinity=False),))
    clock = [0.0]
    house = House(settings(HUB.settings, models={"even": even}), lambda: clock[0])
    begun = []
    for moment in (0.0, 1.0, PLANS_LAST + 1, PLANS_LAST * 3):
        clock[0] = moment
        exchange = asked(house, "even")
        house.router.route(exchange)
        begun.append(exchange.targets[0].model)
    assert begun == ["a", "b", "a", "b"]
    assert (house.router.plans.hits, house.router.plans.misses) == (3, 1)


def asked(house: House, model: str) -> Exchange:
    """A request for a model, as far as planning goes."""
    client = Client()
    exchange = Exchange(
        house, DIALECTS[CHAT], "generate", "/", client.scope, client.receive, client.send, house.clock()
    )
    exchange.peek, exchange.body_at = Peek(model), house.clock()
    return exchange


def test_a_plan_from_the_cache_costs_next_to_nothing() -> None:
    """With ten thousand names and globs: no more allocations than for one."""
    many = {f"name-{number}": "hub" for number in range(5000)} | {
        f"glob-{number}-*": "hub" for number in range(5000)
    }
    house = House(settings(HUB.settings, models=many))
    exchange = asked(house, "glob-77-x")
    house.router.route(exchange)
    gc.collect()
    before = sys.getallocatedblocks()
    for _ in range(100):
        house.router.route(exchange)
    # What is left over: the hits that wait to be told, and their list.
    assert sys.getallocatedblocks() - before <= 100 + 10
