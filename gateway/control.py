"""The client for what is said beside the path: small, rare, and with nobody waiting for it.

Requests to providers never come here (`upstream.py`): it costs more than all the rest of a small request.
"""

from typing import Final

from aiohttp import ClientError, ClientSession, ClientTimeout

from gateway.errors import UpstreamError

PATIENCE: Final = 10.0  # seconds for all of it
HEADERS: Final = {"content-type": "application/json"}


async def post_json(url: str, body: bytes) -> int:
    """Post JSON; the status of the answer, which is not followed elsewhere. Raises UpstreamError."""
    timeout = ClientTimeout(total=PATIENCE)
    try:
        async with (
            ClientSession(timeout=timeout, trust_env=True) as session,
            session.post(url, data=body, headers=HEADERS, allow_redirects=False) as reply,
        ):
            return reply.status
    except TimeoutError as error:
        raise UpstreamError("head", "timeout", f"no answer within {PATIENCE:g} seconds") from error
    except (ClientError, OSError, ValueError) as error:
        # Its words may hold the address, and that a secret.
        raise UpstreamError("connect", "refused", type(error).__name__) from error
