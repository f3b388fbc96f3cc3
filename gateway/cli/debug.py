"""Asking a gateway that runs on this machine, under its paths for this machine only."""

import http.client
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from gateway.cli import Failure
from gateway.cli.options import configured
from gateway.configuration.addresses import local_url

_PATIENCE_SECONDS: Final = 10.0


def place_of(config: str | None, url: str | None) -> str:
    """Where the gateway is: as the command says, else as the configuration does."""
    if url:
        return url
    server = configured(config).settings.server
    return local_url(server.host, server.port)


def ask(url: str, method: str, place: str) -> bytes:
    """What the gateway answers. Raises Failure where it does not, or refuses."""
    address = urlsplit(url if "://" in url else f"http://{url}")
    connection = http.client.HTTPConnection(address.netloc, timeout=_PATIENCE_SECONDS)
    try:
        connection.request(method, place)
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException) as failure:
        raise Failure(f"no gateway answers at {url}: {failure}") from None
    finally:
        connection.close()
    if answer.status != http.HTTPStatus.OK:
        raise Failure(f"{url} answered {answer.status}: {_words(body)}")
    return body


def _words(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body, type=dict[str, Any]).get("error")
    except msgspec.DecodeError:
        return body[:200].decode("utf-8", "replace")
