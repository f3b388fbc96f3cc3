"""Every agent over every upstream: `python -m tests.agents.table [CLIENT] [DIALECT]` prints the table.

Each cell is a run of the real agent through a gateway that leads its model to a provider of one dialect.
Below the table stands what is wrong with each cell that fails; `--keep FOLDER` keeps what was sent and what
was received.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from tests.agents.clients import CLIENTS
from tests.agents.crossing import UPSTREAMS, Crossed, cross
from tests.agents.installed import missing
from tests.path.process import Gateway

WIDTH = max(map(len, UPSTREAMS)) + 2


def crossed(client: str, dialect: str, keep: Path | None) -> Crossed:
    """Run one cell in a folder of its own."""
    if absent := missing(client):
        return Crossed(client, dialect, [absent])
    with tempfile.TemporaryDirectory(prefix="penstock-table-") as name:
        folder = Path(name)
        gateway = folder / "gateway"
        work = folder / "work"
        gateway.mkdir()
        work.mkdir()
        cell = cross(client, dialect, work, lambda text: Gateway(gateway, text, {}))
    if keep is not None:
        _keep(cell, keep / f"{client}-{dialect}")
    return cell


def table(cells: list[Crossed]) -> str:
    """Lay the cells out, one row a client."""
    found = {(cell.client, cell.dialect): "fail" if cell.problems else "pass" for cell in cells}
    rows = ["".ljust(10) + "".join(dialect.ljust(WIDTH) for dialect in UPSTREAMS)]
    for client in CLIENTS:
        marks = (found.get((client, dialect), "-").ljust(WIDTH) for dialect in UPSTREAMS)
        rows.append(client.ljust(10) + "".join(marks))
    wrong = [
        f"\n{cell.client} over {cell.dialect}:" + _listed(cell.problems) for cell in cells if cell.problems
    ]
    return "\n".join([*rows, *wrong])


def main(arguments: list[str]) -> int:
    """Run the cells asked for, all by default; the exit code says whether one failed."""
    parser = argparse.ArgumentParser(prog="tests.agents.table")
    parser.add_argument("client", nargs="?", choices=[*CLIENTS, "all"], default="all")
    parser.add_argument("dialect", nargs="?", choices=[*UPSTREAMS, "all"], default="all")
    parser.add_argument("--keep", type=Path)
    asked = parser.parse_args(arguments)
    cells = [
        crossed(client, dialect, asked.keep)
        for client in CLIENTS
        for dialect in UPSTREAMS
        if asked.client in (client, "all") and asked.dialect in (dialect, "all")
    ]
    sys.stdout.write(f"{table(cells)}\n")
    return 1 if any(cell.problems for cell in cells) else 0


def _listed(problems: list[str]) -> str:
    return "".join(f"\n  - {problem}" for problem in problems)


def _keep(cell: Crossed, folder: Path) -> None:
    """Write what the client sent and what the upstream got, one file a request."""
    folder.mkdir(parents=True, exist_ok=True)
    for side, requests in (("sent", cell.sent), ("received", cell.requests)):
        for number, request in enumerate(requests):
            text = json.dumps(json.loads(request.body), indent=1, ensure_ascii=False)
            (folder / f"{side}-{number}.json").write_text(text, encoding="utf-8")
    if cell.finished is not None:
        (folder / "output.txt").write_text(cell.finished.output + cell.finished.errors, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
