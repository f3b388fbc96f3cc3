"""Who listens at an address: nobody, a penstock, or something else."""

import http.client
import socket

import msgspec

from gateway.configuration.addresses import spell
from gateway.settings import ServerSettings

_PATIENCE_SECONDS = 2.0
_ENOUGH_BYTES = 4096


class AddressInUse(Exception):
    """Somebody else listens where we were told to, or we may not listen there."""

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(f"cannot listen at {address}: {reason}")


def settle_port(server: ServerSettings) -> ServerSettings:
    """The same settings with an address proved free, port 0 replaced by a real one.

    granian shares a port that another process of the same kind holds, instead of refusing: so the
    address is tried here, without that permission.
    """
    family = socket.AF_INET6 if ":" in server.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((server.host, server.port))
            probe.listen(1)
        except OSError as failure:
            reason = (failure.strerror or str(failure)).lower()
            raise AddressInUse(spell(server.host, server.port), reason) from None
        return msgspec.structs.replace(server, port=probe.getsockname()[1])


def answers_as_penstock(host: str, port: int) -> bool:
    """Whether a penstock answers there: it says its name on `/` (feature I13)."""
    connection = http.client.HTTPConnection(host, port, timeout=_PATIENCE_SECONDS)
    try:
        connection.request("GET", "/")
        answer = connection.getresponse()
        return answer.status == http.HTTPStatus.OK and b"penstock" in answer.read(_ENOUGH_BYTES)
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
