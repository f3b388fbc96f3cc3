"""The configuration read again by a running gateway: as it was read at the start, and what of it can be had.

What a server is begun with stays as it is until it is begun again; everything else follows the file.
"""

import os
from pathlib import Path
from typing import Final

import msgspec

from gateway.configuration.addresses import is_loopback
from gateway.configuration.document import Routes
from gateway.configuration.loading import Configuration, load
from gateway.configuration.problems import ConfigurationError, Problem
from gateway.settings import ServerSettings, Settings

# What `[server]` says that only a start can change, and the settings that come of it.
AT_THE_START: Final[dict[str, tuple[str, ...]]] = {
    "listen": ("host", "port"),
    "workers": ("workers",),
    "drain": ("drain",),
    "websockets": ("websockets",),
}

Fingerprint = tuple[int, int, int]


class Origin(msgspec.Struct, frozen=True):
    """Where the configuration came from: the file that was named, the flags, and what came of it first.

    `first` is before a free port was found for it, `seen` the file as it was then.
    """

    config: str | None
    flags: dict[str, object]
    first: Configuration
    seen: Fingerprint | None

    def read(self, routes: Routes | None = None) -> Configuration:
        """Read it again, with routes that were set while running. Raises ConfigurationError."""
        path = self.first.path
        if path is not None and not path.exists():
            # Found in a usual place, it would be as if there had never been one.
            raise ConfigurationError([Problem(str(path), "is not there any more", "put it back, or restart")])
        return load(self.config or path, environment=os.environ, flags=self.flags, routes=routes)

    def fitted(self, found: Settings, running: ServerSettings) -> tuple[Settings, tuple[str, ...]]:
        """What can be had of settings without a start, and the names of what cannot.

        Raises ConfigurationError where they would open a gateway that other machines can reach (feature G1).
        """
        if not found.server.keys_required and not is_loopback(running.host):
            problem = f"other machines can reach {running.host}, where penstock listens until it is restarted"
            raise ConfigurationError([Problem("server.keys", problem, "leave keys required, or restart")])
        wanted, first = (
            msgspec.structs.asdict(found.server),
            msgspec.structs.asdict(self.first.settings.server),
        )
        late = tuple(
            f"server.{name}"
            for name, settings in AT_THE_START.items()
            if any(wanted[one] != first[one] for one in settings)
        )
        kept = {one: getattr(running, one) for settings in AT_THE_START.values() for one in settings}
        server = msgspec.structs.replace(found.server, **kept)
        store = self.first.settings.store
        late += ("store",) if found.store != store else ()
        return msgspec.structs.replace(found, server=server, store=store), late


def fingerprint(path: Path) -> Fingerprint | None:
    """What tells one state of a file from another; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
