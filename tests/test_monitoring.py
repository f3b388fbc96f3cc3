"""The alert rules and the dashboard name only metrics and labels that exist; an alert says what to do."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.edge.metrics import Counts
from gateway.house import House
from gateway.settings import Settings
from tests.sources import CHECKOUT

FOLDER = CHECKOUT / "docs" / "monitoring"
RULE = re.compile(r"^      - alert: (\w+)\n(.*?)(?=^      - alert: |\Z)", re.MULTILINE | re.DOTALL)
EXPRESSION = re.compile(r"^        expr: (.+)$", re.MULTILINE)
METRIC = re.compile(r"\b(penstock_\w+)(?:\{([^}]*)\})?")
SELECTED = re.compile(r'(\w+)\s*(?:=~|!~|!=|=)\s*"')
GROUPED = re.compile(r"\bby \(([^)]*)\)")
PARTS = {"histogram": ("_bucket", "_sum", "_count"), "summary": ("_sum", "_count")}


def known() -> dict[str, set[str]]:
    """The labels of every metric, by its name as it is exposed."""
    found: dict[str, set[str]] = {}
    for family in Counts(House(Settings())).collect():
        labels = set(vars(family)["_labelnames"])
        if family.type in PARTS:
            told = PARTS[family.type]
            found |= {family.name + part: labels | ({"le"} if part == "_bucket" else set()) for part in told}
        else:
            found[f"{family.name}_total" if family.type == "counter" else family.name] = labels
    return found


def alerts() -> dict[str, str]:
    """The text of every alert rule, by its name."""
    text = (FOLDER / "alerts.yaml").read_text(encoding="utf-8")
    return {match[1]: match[2] for match in RULE.finditer(text)}


def dashboard() -> dict[str, Any]:
    """The dashboard."""
    document: dict[str, Any] = json.loads((FOLDER / "dashboard.json").read_text(encoding="utf-8"))
    return document


def expressions() -> Iterator[str]:
    """Every question that an alert or a panel asks."""
    for text in alerts().values():
        yield from EXPRESSION.findall(text)
    for panel in dashboard()["panels"]:
        yield from (target["expr"] for target in panel.get("targets", ()))
    yield from (one["query"]["query"] for one in dashboard()["templating"]["list"] if one["type"] == "query")


def test_there_is_something_to_hold() -> None:
    """The rules and the panels are found at all."""
    assert len(alerts()) == (FOLDER / "alerts.yaml").read_text(encoding="utf-8").count("- alert:") >= 10
    assert len(list(expressions())) > 40


@pytest.mark.parametrize("expression", list(expressions()))
def test_only_what_exists_is_asked_for(expression: str) -> None:
    """Each metric is exposed, and has the labels it is chosen and grouped by."""
    there = known()
    named = METRIC.findall(expression)
    assert named
    assert {name for name, _ in named} <= there.keys()
    for name, selector in named:
        assert set(SELECTED.findall(selector)) <= there[name], name
    grouped = {label.strip() for labels in GROUPED.findall(expression) for label in labels.split(",")}
    assert all(grouped <= there[name] for name, _ in named)


@pytest.mark.parametrize(("name", "text"), list(alerts().items()))
def test_an_alert_says_how_bad_it_is_and_what_to_do(name: str, text: str) -> None:
    """It has a severity, a summary and a description, and names only labels it is grouped by."""
    (expression,) = EXPRESSION.findall(text)
    assert re.search(r"labels: \{severity: (info|warning|critical)\}", text), name
    assert all(f"          {part}: " in text for part in ("summary", "description"))
    kept = {label.strip() for labels in GROUPED.findall(expression) for label in labels.split(",")}
    (first, _), *_ = METRIC.findall(expression)
    kept = kept or known()[first]
    assert set(re.findall(r"\$labels\.(\w+)", text)) <= kept


def test_panels_stand_apart() -> None:
    """No two panels have one number, and none lies over another."""
    panels = dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells
