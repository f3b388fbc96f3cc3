"""The admin API answers as its document says, whatever it is asked."""

from pathlib import Path

from tests.path.conformance import administered, held_to_its_document


def test_it_answers_as_its_document_says(tmp_path: Path) -> None:
    """Asked what the document allows and what it forbids: no 500, nothing undocumented, no failure logged."""
    with administered(tmp_path) as gateway:
        run = held_to_its_document(gateway, ["--phases", "coverage,fuzzing", "--max-examples", "2"])
        assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
        assert "admin API" not in gateway.output
