"""What the pages for people say is so: generated parts, links, paths, metrics, errors, configurations."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from docs.generate import PART, filled, metrics
from gateway import exchange
from gateway.app import EDGE, GREETING, VERSION
from gateway.configuration.loading import load
from gateway.errors import Cause
from gateway.paths import ENDPOINTS, EXPLAIN, LISTS, MODELS, NAMED, PROFILES, SHOWS
from tests.sources import CHECKOUT, parsed, python_files

PAGES = sorted([*CHECKOUT.glob("*.md"), *CHECKOUT.glob("docs/*.md"), *CHECKOUT.glob("profiles/*.md")])
HTTP = CHECKOUT / "docs" / "http.md"
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]\[]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.*?)\s*$", re.MULTILINE)
METRIC = re.compile(r"\bpenstock_[a-z_]+\b")
OWN_HEADER = re.compile(r"x-penstock-[a-z-]*[a-z]")
# Every secret and file that the examples of the pages refer to.
ENVIRONMENT = {
    "HOME": "/nowhere",
    "ANTHROPIC_API_KEY": "sk-ant-example",
    "OPENAI_API_KEY": "sk-example",
    "PENSTOCK_ADMIN_KEY": "an-example-of-thirty-two-characters-and-more",
}


def text_of(page: Path) -> str:
    """A page."""
    return page.read_text(encoding="utf-8")


def name_of(page: Path) -> str:
    """A page as a case is called."""
    return page.relative_to(CHECKOUT).as_posix()


def anchors(page: Path) -> set[str]:
    """What may stand behind a `#`: the headings, as GitHub spells them."""
    headings = HEADING.findall(FENCE.sub("", text_of(page)))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(page: Path) -> list[str]:
    """Links of a page that lead to no file of the checkout, or to no heading of a page."""
    links = [link for link in LINK.findall(FENCE.sub("", text_of(page))) if "://" not in link]
    return [link for link in links if not leads_somewhere(page, link)]


def leads_somewhere(page: Path, link: str) -> bool:
    """Whether a link of a page leads to something that is there."""
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    return target.exists() and (not anchor or anchor in anchors(target))


def rows(page: Path, heading: str) -> list[list[str]]:
    """The cells of the tables under a heading of the second level."""
    _, _, rest = text_of(page).partition(f"\n## {heading}\n")
    lines = [line for line in rest.partition("\n## ")[0].splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def faults() -> Iterator[tuple[int, str | None]]:
    """Status and code of every fault that the gateway makes with both written out."""
    for path in python_files(CHECKOUT, ("gateway",)):
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Fault":
                yield from written_out(node)


def written_out(call: ast.Call) -> Iterator[tuple[int, str | None]]:
    """Status and code of one call, if its status is a constant."""
    codes = [*call.args[3:4], *(word.value for word in call.keywords if word.arg == "code")]
    words = [part.value if isinstance(part, ast.Constant) else ... for part in (call.args[1], *codes)]
    match words:
        case [int(status)]:
            yield status, None
        case [int(status), str(code)]:
            yield status, code


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_generated_parts_are_up_to_date(page: Path) -> None:
    """What the code knows better stands on the page as the code says it (`just docs` writes it)."""
    assert filled(text_of(page)) == text_of(page)


def test_a_part_that_is_out_of_date_is_found() -> None:
    """A changed default is seen."""
    text = text_of(CHECKOUT / "docs" / "configuration.md")
    assert len(PART.findall(text)) == 3
    changed = text.replace('`"127.0.0.1:4747"`', '`"127.0.0.1:80"`')
    assert changed != text
    assert filled(changed) == text


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    """Every link between pages and into the sources leads to a file, and to a heading where it names one."""
    assert broken_links(page) == []


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    """A missing file, and a missing heading, are both told."""
    page = tmp_path / "page.md"
    page.write_text(
        "# Here\n[a](#here) [b](#there) [c](gone.md) [d](https://example.com/x)\n", encoding="utf-8"
    )
    assert broken_links(page) == ["#there", "gone.md"]


def test_every_path_is_told() -> None:
    """The paths of the page are those that answer."""
    told = {name for row in rows(HTTP, "Paths") for name in re.findall(r"`(/[^`]*)`", row[0])}
    endpoints = {endpoint.path for _, endpoint in ENDPOINTS}
    lists = {MODELS, f"{MODELS}/{{id}}", *LISTS, "/v1beta/models/{id}", *SHOWS}
    before = (f"{NAMED}{{provider}}/…", f"{PROFILES}{{profile}}/…")
    assert told == {*endpoints, *lists, *GREETING, VERSION, "/healthz", EXPLAIN, *EDGE, *before}


def test_every_metric_is_told_and_no_other() -> None:
    """The metrics named on any page are those that are exposed."""
    exposed = set(METRIC.findall(metrics()))
    assert set(METRIC.findall(text_of(HTTP))) == exposed
    assert {name for page in PAGES for name in METRIC.findall(text_of(page))} <= exposed


def test_every_header_of_ours_is_told() -> None:
    """The `x-penstock-…` headers of the page are those the gateway writes."""
    sources = "".join(path.read_text(encoding="utf-8") for path in python_files(CHECKOUT, ("gateway",)))
    assert set(OWN_HEADER.findall(sources)) == set(OWN_HEADER.findall(text_of(HTTP)))


def test_every_error_of_ours_is_told() -> None:
    """Each status that the gateway says on its own, with its code, has a row on the page."""
    told = {
        (int(row[0]), code)
        for row in rows(HTTP, "Errors")
        if row[0].isdigit()
        for code in re.findall(r"`(\w+)`", row[2]) or [None]
    }
    causes = [cause for cause in get_args(Cause) if cause != "busy"]  # which has the code of a turn
    of_upstreams = {(504 if cause == "timeout" else 502, f"upstream_{cause}") for cause in causes}
    made = {*faults(), *of_upstreams, (400, None)}
    assert made == told


def test_the_life_of_a_request_is_told_call_by_call() -> None:
    """The page's headings are the calls that `gateway/exchange.py` lists, in their order."""
    listed = re.findall(r"^    (\w[\w ]*?)  +", exchange.__doc__ or "", re.MULTILINE)
    headings = HEADING.findall(text_of(CHECKOUT / "docs" / "life-of-a-request.md"))
    assert headings[1 : len(listed) + 1] == listed


@pytest.mark.parametrize(
    ("page", "example"),
    [(page, match[2]) for page in PAGES for match in FENCE.finditer(text_of(page)) if match[1] == "toml"],
    ids=lambda value: name_of(value) if isinstance(value, Path) else "",
)
def test_examples_of_configurations_are_right(page: Path, example: str, tmp_path: Path) -> None:
    """Each penstock.toml that is shown can be used as it stands, once its secrets are there."""
    secrets = tmp_path / "secrets"
    secrets.write_text("sk-of-a-file\n", encoding="utf-8")
    shown = tmp_path / "penstock.toml"
    shown.write_text(re.sub(r"\$\{file:[^}]*\}", f"${{file:{secrets}}}", example), encoding="utf-8")
    assert load(shown, environment=ENVIRONMENT).settings.models, page
