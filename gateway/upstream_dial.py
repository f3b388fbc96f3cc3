"""Opening connections: aiohttp's connector, one per address, which is all that can ever be dialled.

The address is fixed when the settings are loaded (feature N3): no request can name another. A
`ClientRequest` is made once to tell the connector where to go; it is never sent.
"""

import asyncio
import base64
import ssl
from urllib.request import getproxies_environment
from urllib.request import proxy_bypass_environment as bypasses  # type: ignore[attr-defined]  # typeshed lacks it

import aiohttp
from aiohttp.client_reqrep import ClientRequest
from yarl import URL

from gateway.errors import Cause, UpstreamError
from gateway.upstream import Wire

DNS_TTL = 300  # seconds a name's addresses are kept (feature B1)
# Seconds after which the next address of a name is tried beside the first, of the other family where there is
# one (RFC 8305, section 5); the first to answer is taken.
RACE_AFTER = 0.25

CAUSES: tuple[tuple[type[BaseException], Cause, str], ...] = (
    (aiohttp.ClientConnectorDNSError, "unresolved", "its name could not be resolved"),
    (aiohttp.ClientConnectorCertificateError, "tls", "its certificate was not accepted"),
    (aiohttp.ClientSSLError, "tls", "the TLS handshake failed"),
    (ssl.SSLError, "tls", "the TLS handshake failed"),
    (aiohttp.ClientProxyConnectionError, "proxy", "the HTTP proxy could not be reached"),
    (aiohttp.ClientHttpProxyError, "proxy", "the HTTP proxy refused the tunnel"),
    (TimeoutError, "timeout", "connecting took too long"),
    (OSError, "refused", "the connection was refused or the address is not reachable"),
    (aiohttp.ClientError, "refused", "the connection failed"),
)


def proxy_for(url: URL, configured: str | None) -> URL | None:
    """The HTTP proxy for an address: the configured one, else the environment's, `NO_PROXY` heeded."""
    if configured is not None:
        return URL(configured) if configured else None
    host = url.raw_host or ""
    if bypasses(host) or bypasses(f"{host}:{url.port}"):
        return None
    found = getproxies_environment().get(url.scheme)
    if not found:
        return None
    # Other programs take `proxy.example:3128` in these variables, so it is there.
    return URL(found if "://" in found else f"http://{found}")


class Dialler:
    """Opens connections to one address, through a proxy where one is set."""

    def __init__(self, url: URL, *, proxy: URL | None, ca_file: str | None, connect: float) -> None:
        self._url = url.origin()
        self._proxy = proxy
        self._ca_file = ca_file
        self._timeout = aiohttp.ClientTimeout(connect=connect, sock_connect=connect)
        self._connect = connect
        self._connector: aiohttp.TCPConnector | None = None
        self._request: ClientRequest | None = None

    def target_prefix(self) -> str:
        """What stands before the path: the origin where a plain proxy carries it (RFC 9112, 3.2.2)."""
        return str(self._url) if self._proxy is not None and self._url.scheme == "http" else ""

    def proxy_authorization(self) -> bytes | None:
        """A plain proxy's credential, which travels in each request; a tunnel's is sent with CONNECT."""
        return self._proxy_credential().encode() or None if self._url.scheme == "http" else None

    def _proxy_credential(self) -> str:
        if self._proxy is None or not self._proxy.user:
            return ""
        pair = f"{self._proxy.user}:{self._proxy.password or ''}"
        return "Basic " + base64.b64encode(pair.encode()).decode()

    async def dial(self, wire: Wire) -> None:
        """Connect and hand the connection to `wire`. Raises UpstreamError, phase connect."""
        try:
            async with asyncio.timeout(self._connect):
                connection = await self._open()
        except Exception as error:
            raise _connect_error(error) from error
        transport = connection.transport
        if transport is None or transport.is_closing():
            connection.close()
            raise UpstreamError("connect", "closed", "the connection was closed as soon as it was open")
        # The connector's own protocol has done its work with the handshake.
        transport.set_protocol(wire)
        wire.on_lost = connection.close
        wire.connection_made(transport)

    async def _open(self) -> aiohttp.connector.Connection:
        if self._connector is None:
            self._connector = aiohttp.TCPConnector(
                limit=0,
                ttl_dns_cache=DNS_TTL,
                happy_eyeballs_delay=RACE_AFTER,
                force_close=True,
            )
        if self._request is None:
            self._request = self._address()
        return await self._connector.connect(self._request, [], self._timeout)

    def _address(self) -> ClientRequest:
        credential = self._proxy_credential()
        return ClientRequest(
            "POST",
            self._url,
            loop=asyncio.get_running_loop(),
            proxy=self._proxy.with_user(None) if self._proxy is not None else None,
            proxy_headers={"Proxy-Authorization": credential} if credential else None,
            ssl=self._tls(),
        )

    def _tls(self) -> ssl.SSLContext | bool:
        """Always verified; `ca_file` adds an authority of the operator's own."""
        if self._url.scheme == "http":
            return True
        context = ssl.create_default_context()
        if self._ca_file is not None:
            context.load_verify_locations(self._ca_file)
        return context

    async def close(self) -> None:
        """Let the connector go."""
        if self._connector is not None:
            await self._connector.close()


def _connect_error(error: Exception) -> UpstreamError:
    for kind, cause, words in CAUSES:
        if isinstance(error, kind):
            return UpstreamError("connect", cause, words)
    return UpstreamError("connect", "refused", f"the connection failed ({type(error).__name__})")
