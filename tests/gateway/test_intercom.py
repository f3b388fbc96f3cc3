"""How workers ask each other: who answers is heard, who does not is left out, and nobody is held up."""

import asyncio
import socket
from pathlib import Path

from gateway.intercom import Intercom
from tests.gateway.loops import in_loop


def worker(folder: Path, name: str) -> Intercom:
    """One that says its name before what it was asked."""
    return Intercom(folder, lambda question: name.encode() + b" heard " + question, name)


def left(folder: Path) -> list[Path]:
    """What is in a folder."""
    return list(folder.iterdir())


@in_loop
async def test_all_others_are_heard(tmp_path: Path) -> None:
    """Each answers for itself, and none is asked by itself."""
    workers = [worker(tmp_path, name) for name in "abc"]
    for one in workers:
        await one.open()
    assert sorted(await workers[0].ask(b"what")) == [b"b heard what", b"c heard what"]
    for one in workers:
        await one.close()
    assert left(tmp_path) == []


@in_loop
async def test_who_does_not_answer_is_left_out(tmp_path: Path) -> None:
    """One that is held up costs the patience there is; what a dead one left behind is removed."""
    held, dead, well, asking = (
        tmp_path / "held",
        tmp_path / "dead",
        worker(tmp_path, "w"),
        worker(tmp_path, "a"),
    )
    with socket.socket(socket.AF_UNIX) as silent, socket.socket(socket.AF_UNIX) as gone:
        silent.bind(str(held))
        silent.listen()
        gone.bind(str(dead))
        await well.open()
        await asking.open()
        assert await asking.ask(b"what") == [b"w heard what"]
    assert (held.exists(), dead.exists()) == (True, False)
    await well.close()
    await asking.close()


@in_loop
async def test_who_asks_nothing_is_shown_the_door(tmp_path: Path) -> None:
    """A connection that ends, or says too much, is closed, and the next one is answered."""
    one, other = worker(tmp_path, "one"), worker(tmp_path, "other")
    await one.open()
    for said in (b"", b"x" * 100_000):
        reader, writer = await asyncio.open_unix_connection(tmp_path / "one")
        writer.write(said)
        writer.write_eof()
        assert await reader.read() == b""
        writer.close()
    assert await other.ask(b"what") == [b"one heard what"]
    await one.close()
