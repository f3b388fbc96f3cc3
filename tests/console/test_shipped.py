"""What pages load: as it was written down, from here only, and nothing that a strict policy forbids."""

import re
from hashlib import sha256

import pytest

from gateway.edge.console.desk import FOLDER

VENDORED = FOLDER / "static" / "vendored"
ROW = re.compile(r"\| `([\w.]+)` \| [\w.]+, `[\w./]+` \| ([\d.]+) \| .* \| `([0-9a-f]{64})` \|")
TEMPLATES = sorted((FOLDER / "templates").glob("*.html"))
SCRIPTS = sorted((FOLDER / "static").glob("*.js"))


def test_libraries_are_those_that_were_written_down() -> None:
    """Each file has the checksum that stands beside its version, and its licence lies with it."""
    told = {name: digest for name, _, digest in ROW.findall((VENDORED / "README.md").read_text("utf-8"))}
    shipped = {
        path.name: sha256(path.read_bytes()).hexdigest()
        for path in VENDORED.iterdir()
        if path.suffix in (".js", ".css")
    }
    assert told == shipped
    assert {path.name for path in VENDORED.glob("*.LICENSE")} == {"htmx.LICENSE", "uplot.LICENSE"}


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_pages_hold_no_script_and_no_style(path: object) -> None:
    """Behaviour and looks come from files: the policy forbids both inside of a page."""
    text = path.read_text("utf-8")  # type: ignore[attr-defined]  # a path, as the ids are made of it
    assert not re.search(r"<style|\sstyle=|\son\w+=|hx-on|javascript:", text)
    assert not re.search(r"<script(?![^>]* src=)", text)
    assert not re.search(r"(?:src|href|action)=\"(?:https?:)?//", text)
    assert "|safe" not in text


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_write_text_and_never_markup(path: object) -> None:
    """What a client says is shown as text: no script of ours makes markup of it."""
    text = path.read_text("utf-8")  # type: ignore[attr-defined]  # as above
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|new Function", text)
