"""A certificate authority for tests: made when needed, trusted by nobody who was not told."""

import ssl
from pathlib import Path

import trustme


class Authority:
    """A test CA, its certificate in a file, and server contexts it vouches for."""

    def __init__(self, folder: Path) -> None:
        self._authority = trustme.CA()
        self.file = folder / "test-ca.pem"
        self._authority.cert_pem.write_to_path(str(self.file))

    def server_context(self, *names: str) -> ssl.SSLContext:
        """Make a server context for these host names."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert(*names).configure_cert(context)
        return context
