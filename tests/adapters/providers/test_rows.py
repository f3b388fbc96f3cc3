"""Every row of the table against its folder of fixtures: what is sent, what comes back, how it fails.

A row without a folder fails here, and a folder without a row. A case of `tests/fixtures/providers/NAME`
says which client asks (the requests stand beside the folders), which dialect the provider is spoken to in,
where, for which model, what it gets and answers, and what the client gets of that. The replies are as the
providers document them, with the fields that are theirs alone.
"""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from adapters.dialect import Dialect
from adapters.fault import client_status
from adapters.provider import ProviderRow, join
from adapters.quirks import quirks_for
from adapters.table import DIALECTS, PROVIDERS
from adapters.translation import Shown, translate_reply
from tests.sources import CHECKOUT

FOLDER = CHECKOUT / "tests" / "fixtures" / "providers"
ERRORS = "errors.json"
OUTSIDE = {name: row for name, row in PROVIDERS.items() if row.base_urls}
CASES = sorted(path for path in FOLDER.glob("*/*.json") if path.name != ERRORS)

Case = dict[str, Any]


def read(path: Path) -> Case:
    """A file of JSON."""
    case: Case = json.loads(path.read_text(encoding="utf-8"))
    return case


def name_of(path: Path) -> str:
    """A case as it is called in the report."""
    return f"{path.parent.name}/{path.stem}"


def sides(case: Case) -> tuple[Dialect, Dialect]:
    """The dialects of the client and of the provider."""
    return DIALECTS[case["client"]], DIALECTS[case["dialect"]]


def shown(tools: dict[str, Any], maker: str) -> Shown:
    """What the client is to see whatever comes."""
    return Shown("asked", "id7", 1_793_000_000, tools, maker)


def test_every_row_has_its_folder_and_every_folder_its_row() -> None:
    """To add a provider is to add a row and a folder."""
    assert {path.name for path in FOLDER.iterdir() if path.is_dir()} == set(OUTSIDE)


@pytest.mark.parametrize("row", OUTSIDE.values(), ids=OUTSIDE)
def test_every_address_of_a_row_is_called_by_a_case(row: ProviderRow) -> None:
    """Each dialect a provider speaks is shown at work, and its errors are; the rest passes untouched."""
    spoken = {read(path)["dialect"] for path in CASES if path.parent.name == row.name}
    passed = {"openai-responses"} | ({"openai-chat"} if row.name == "gemini" else set())
    assert spoken == set(row.base_urls) - passed
    assert (FOLDER / row.name / ERRORS).exists()


@pytest.mark.parametrize("path", CASES, ids=name_of)
def test_a_request_is_sent_as_the_provider_wants_it(path: Path) -> None:
    """The body is the one written down, and so are the settings that were dropped on the way."""
    case = read(path)
    here, there = sides(case)
    request = here.read_request((FOLDER / f"{here.name}.json").read_bytes(), "")
    quirks = quirks_for(path.parent.name, there.name, case["model"])
    written = there.write_request(msgspec.structs.replace(request, model=case["model"]), quirks)
    assert json.loads(written.body) == case["sent"]
    assert list(written.dropped) == case["dropped"]


@pytest.mark.parametrize("path", CASES, ids=name_of)
def test_a_reply_is_told_in_the_clients_dialect(path: Path) -> None:
    """What only this provider says is skipped; text, thoughts, calls and counts arrive."""
    case = read(path)
    here, there = sides(case)
    body = json.dumps(case["reply"]).encode()
    told, reply = translate_reply(body, there.read_reply, here.write_reply, shown({}, there.name))
    assert json.loads(told) == case["told"]
    counted = reply.usage.input + reply.usage.cache_read + reply.usage.cache_write_5m
    assert (counted, reply.usage.output) in {(120, 20), (184, 20), (220, 20)}


@pytest.mark.parametrize("path", CASES, ids=name_of)
def test_a_request_goes_to_the_documented_address(path: Path) -> None:
    """A row's address and a dialect's path make what the provider documents."""
    case, row = read(path), PROVIDERS[path.parent.name]
    there = DIALECTS[case["dialect"]]
    place = there.locate("generate", case["model"], True)  # noqa: FBT003 - streamed
    assert join(row.base_urls[there.name], place) == case["url"]


FAILURES = [
    pytest.param(name, number, id=f"{name}-{number}")
    for name in sorted(OUTSIDE)
    for number in range(len(read(FOLDER / name / ERRORS)["errors"]))
]


@pytest.mark.parametrize(("name", "number"), FAILURES)
def test_an_error_is_told_in_words_the_client_recovers_from(name: str, number: int) -> None:
    """A provider's own error becomes the client's: its kind, its status, its sentence."""
    case = read(FOLDER / name / ERRORS)
    here, there = sides(case)
    error = case["errors"][number]
    fault = there.read_error(error["status"], json.dumps(error["body"]).encode())
    assert fault is not None
    assert fault.kind == error["kind"]
    told = json.loads(here.write_error(fault, "req_7"))["error"]
    status = client_status(here.name, fault)
    assert {"status": status, "type": told["type"], "message": told["message"]} == error["told"]


@pytest.mark.parametrize("row", OUTSIDE.values(), ids=OUTSIDE)
def test_quirks_are_of_dialects_the_row_speaks(row: ProviderRow) -> None:
    """A quirk of an address that is not there would never be obeyed."""
    assert row.quirks.keys() <= row.base_urls.keys()


@pytest.mark.parametrize("row", OUTSIDE.values(), ids=OUTSIDE)
def test_no_family_stands_behind_one_that_takes_all(row: ProviderRow) -> None:
    """The first family that fits is taken: what stands behind `*` is dead."""
    for families in row.quirks.values():
        assert "*" not in [glob for glob, _ in families[:-1]]


@pytest.mark.parametrize("row", OUTSIDE.values(), ids=OUTSIDE)
def test_a_key_is_kept_under_a_name_of_its_own(row: ProviderRow) -> None:
    """A server on this machine needs no key; every other provider says where its key is looked for."""
    here = all("127.0.0.1" in url for url in row.base_urls.values())
    assert (row.key_variable is None) == here
    assert row.key_variable != "GITHUB_TOKEN"
