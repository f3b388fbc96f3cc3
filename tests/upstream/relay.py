"""What stands between two ends and passes their bytes on: the plumbing of the proxy and of the tee."""

import asyncio
import threading
from collections.abc import Callable

PATIENCE = 20.0
READ_SIZE = 65536
Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Keep = Callable[[bytes], object]


class Relay:
    """Listens, and joins each connection to a far end that a subclass finds."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._served: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Listen on a port the system chooses."""
        self._thread.start()
        starting = asyncio.start_server(self._accept, "127.0.0.1", 0)
        self._server = asyncio.run_coroutine_threadsafe(starting, self._loop).result(PATIENCE)

    def stop(self) -> None:
        """End what is open, and the thread."""
        asyncio.run_coroutine_threadsafe(self._abandon(), self._loop).result(PATIENCE)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()

    @property
    def address(self) -> str:
        """The address it listens on."""
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def join(self, near: Ends) -> tuple[Ends, Keep]:
        """Find the far end of a new connection, and who keeps what the near end says."""
        raise NotImplementedError

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve((reader, writer)))
        self._served.add(task)
        task.add_done_callback(self._served.discard)

    async def _serve(self, near: Ends) -> None:
        try:
            far, keep = await self.join(near)
            await asyncio.gather(_copy(near[0], far[1], keep), _copy(far[0], near[1], len))
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            near[1].close()

    async def _abandon(self) -> None:
        self._server.close()
        for task in list(self._served):
            task.cancel()
        await asyncio.gather(*self._served, return_exceptions=True)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, keep: Keep) -> None:
    try:
        while data := await reader.read(READ_SIZE):
            keep(data)
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()
